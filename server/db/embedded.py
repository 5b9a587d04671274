"""A private PostGIS cluster for people who have no database server.

It lives in one folder, listens on a Unix socket only, runs as a non-root user even when root calls,
and leaves the system's own PostgreSQL alone. The first process that needs it starts it; processes
that share it hold a shared lock; the last one to leave stops it.
"""

import contextlib
import fcntl
import hashlib
import os
import pwd
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import quote

PORT = 5432  # only names the socket file; nothing listens on TCP
OWNER = "machipika"
START_TIMEOUT_S = 60
_SETTINGS = """
listen_addresses = ''
unix_socket_directories = '{socket}'
unix_socket_permissions = 0700
shared_buffers = 256MB
max_connections = 100
jit = off
password_encryption = scram-sha-256
log_timezone = UTC
timezone = UTC
"""


class EmbeddedError(RuntimeError):
    """The private cluster cannot be had; the message says what to do."""


def find_binaries() -> Path:
    """Newest PostgreSQL ≥ 15 on this machine that has PostGIS 3."""
    found = [
        path / "bin"
        for path in Path("/usr/lib/postgresql").glob("*")
        if path.name.isdigit()
        and int(path.name) >= 15
        and (path / "lib" / "postgis-3.so").exists()
        and (path / "bin" / "postgres").exists()
    ]
    if not found:
        raise EmbeddedError(
            "PostgreSQL 15+ with PostGIS 3 was not found. Install the Debian packages "
            "postgresql and postgresql-postgis-3, or set DATABASE_URL."
        )
    return max(found, key=lambda bin_dir: int(bin_dir.parent.name))


@dataclass(frozen=True)
class Cluster:
    """A private cluster: where it is and how to reach it."""

    directory: Path
    bin_dir: Path

    @property
    def data(self) -> Path:
        """The data directory, mode 0700, owned by the user that runs PostgreSQL."""
        return self.directory / "data"

    @property
    def socket(self) -> Path:
        """Where the Unix socket is. Socket paths are limited to 107 bytes, so deep folders get
        a short one under /tmp that is still private to the user."""
        here = self.directory / "socket"
        if len(str(here)) <= 80:
            return here
        tag = hashlib.sha256(str(self.directory).encode()).hexdigest()[:16]
        return Path("/tmp") / f"machipika-{os.getuid()}-{tag}"  # noqa: S108

    @property
    def password_file(self) -> Path:
        """The superuser's password, readable by the caller only."""
        return self.directory / "password"

    def url(self, database: str = "machipika") -> str:
        """A libpq/SQLAlchemy address for ``database`` through the socket."""
        password = self.password_file.read_text(encoding="utf-8").strip()
        return f"postgresql://{OWNER}:{password}@/{database}?host={quote(str(self.socket))}"


def _run_as() -> pwd.struct_passwd | None:
    """Whom to run PostgreSQL as: ourselves, or an unprivileged user when we are root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise EmbeddedError("Running as root, and there is no user 'postgres' or 'nobody' to run as.")


def _call(cluster: Cluster, program: str, *args: str) -> "subprocess.CompletedProcess[str]":
    user = _run_as()
    identity = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
    with open(os.devnull, "rb") as nothing:
        return subprocess.run(  # type: ignore[call-overload,no-any-return]  # noqa: S603
            [str(cluster.bin_dir / program), *args],
            stdin=nothing,
            capture_output=True,
            text=True,
            cwd="/",
            start_new_session=True,  # Ctrl-C goes to the app, which then stops us in order
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"},
            **identity,
        )


def _own(path: Path, mode: int) -> None:
    path.mkdir(parents=True, exist_ok=True)
    user = _run_as()
    if user:
        os.chown(path, user.pw_uid, user.pw_gid)
    path.chmod(mode)


def _place(directory: Path) -> Path:
    """``directory``, or a twin under /var/lib when root's own folder is closed to other users.

    A checkout in root's home cannot be entered by the user that PostgreSQL runs as.
    """
    directory = directory.resolve()
    user = _run_as()
    if not user or all(_may_enter(parent, user) for parent in directory.parents):
        return directory
    tag = hashlib.sha256(str(directory).encode()).hexdigest()[:12]
    return Path("/var/lib/machipika") / tag


def _may_enter(folder: Path, user: pwd.struct_passwd) -> bool:
    if not folder.exists():
        return True
    status = folder.stat()
    return bool(status.st_mode & 0o001) or status.st_uid == user.pw_uid


def _initialise(cluster: Cluster) -> None:
    password = secrets.token_urlsafe(24)
    pwfile = cluster.directory / ".initdb-password"
    pwfile.write_text(password, encoding="utf-8")
    user = _run_as()
    if user:
        os.chown(pwfile, user.pw_uid, user.pw_gid)
    pwfile.chmod(0o600)
    try:
        done = _call(
            cluster, "initdb", "-D", str(cluster.data), "-U", OWNER, "--auth=scram-sha-256",
            f"--pwfile={pwfile}", "--locale=C.UTF-8", "-E", "UTF8", "--no-instructions",
        )  # fmt: skip
    finally:
        pwfile.unlink(missing_ok=True)
    if done.returncode:
        shutil.rmtree(cluster.data, ignore_errors=True)
        raise EmbeddedError(f"initdb failed:\n{done.stderr}")
    with open(cluster.data / "postgresql.conf", "a", encoding="utf-8") as conf:
        conf.write(_SETTINGS.format(socket=cluster.socket))
    cluster.password_file.touch(mode=0o600)
    cluster.password_file.write_text(password, encoding="utf-8")


def _processes(cluster: Cluster) -> list[int]:
    """Live PostgreSQL processes of this cluster: they all stand in its data directory."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # gone meanwhile, a zombie, or somebody else's
            if os.readlink(entry / "cwd") == str(cluster.data):
                found.append(int(entry.name))
    return found


def _running(cluster: Cluster) -> bool:
    """Whether the server runs. ``pg_ctl status`` believes a killed server's unreaped process."""
    status = _call(cluster, "pg_ctl", "status", "-D", str(cluster.data))
    if status.returncode:
        return False
    pid = int((cluster.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0])
    return pid in _processes(cluster)


def _forget_dead_server(cluster: Cluster) -> None:
    """After kill -9: wait for orphaned backends to notice, then drop the dead server's lock files.

    PostgreSQL does this by itself unless the dead process is still listed (a container whose
    first process reaps nothing).
    """
    deadline = time.monotonic() + START_TIMEOUT_S
    while _processes(cluster):
        if time.monotonic() > deadline:
            raise EmbeddedError(f"Old PostgreSQL processes still use {cluster.data}.")
        time.sleep(0.1)
    (cluster.data / "postmaster.pid").unlink(missing_ok=True)
    for leftover in cluster.socket.glob(f".s.PGSQL.{PORT}*"):
        leftover.unlink(missing_ok=True)


def _start(cluster: Cluster) -> None:
    log = cluster.data / "server.log"
    done = _call(
        cluster, "pg_ctl", "start", "-w", "-t", str(START_TIMEOUT_S), "-s",
        "-D", str(cluster.data), "-l", str(log), "-o", f"-p {PORT}",
    )  # fmt: skip
    if done.returncode:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-8:]) if log.exists() else ""
        raise EmbeddedError(f"PostgreSQL did not start:\n{done.stderr}\n{tail}")


def ensure(directory: Path) -> Cluster:
    """Create and start the cluster in ``directory`` if need be; many processes may call at once."""
    directory = _place(directory)
    cluster = Cluster(directory, find_binaries())
    directory.mkdir(parents=True, exist_ok=True)
    with open(directory / "start.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _own(cluster.socket, 0o700)
        if not cluster.password_file.exists():  # written last: without it initdb did not finish
            shutil.rmtree(cluster.data, ignore_errors=True)
            _own(cluster.data, 0o700)
            _initialise(cluster)
        if not _running(cluster):
            _forget_dead_server(cluster)
            _start(cluster)
    return cluster


def stop(cluster: Cluster) -> None:
    """Stop the cluster and wait until it is down."""
    done = _call(cluster, "pg_ctl", "stop", "-w", "-m", "fast", "-s", "-D", str(cluster.data))
    if done.returncode and _running(cluster):
        raise EmbeddedError(f"PostgreSQL did not stop:\n{done.stderr}")


def stop_if_running(directory: Path) -> bool:
    """Stop the cluster in ``directory`` if there is one and it runs. True if it was stopped."""
    cluster = Cluster(_place(directory), find_binaries())
    if not cluster.data.exists() or not _running(cluster):
        return False
    stop(cluster)
    return True


def _try_lock(handle: IO[str]) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def running(directory: Path) -> Iterator[Cluster]:
    """Use the cluster for a while; whoever leaves last stops it.

    Locks are the kernel's, so a process killed with -9 lets go by itself.
    """
    directory = _place(directory)
    directory.mkdir(parents=True, exist_ok=True)
    with open(directory / "users.lock", "w", encoding="utf-8") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        cluster = ensure(directory)
        try:
            yield cluster
        finally:
            fcntl.flock(users, fcntl.LOCK_UN)
            if _try_lock(users):
                stop(cluster)
