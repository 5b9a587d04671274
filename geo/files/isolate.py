"""Reading a file in a child process, so that a hostile one can hurt nothing but itself.

Blocking; from an async server call through a thread: `await anyio.to_thread.run_sync(...)`.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, TypeVar

from geo.files import wire
from geo.files.drivers import hardened_environment
from geo.files.model import (
    FILE_ERROR_CODES,
    AreaRow,
    FileError,
    FileInfo,
    Limits,
    Progress,
    ReadOptions,
    ReadResult,
)

T = TypeVar("T")
_ROOT = Path(__file__).resolve().parents[2]
# A row holds two geometries at most, 22 characters a vertex, and short texts.
_LINE_BYTES_PER_VERTEX = 4 * 22
_LINE_BYTES_FREE = 256 * 1024
_KEPT_ENVIRONMENT = ("LD_LIBRARY_PATH", "PROJ_DATA", "GDAL_DATA", "VIRTUAL_ENV")


def run_isolated(
    path: Path,
    filename: str,
    options: ReadOptions | None = None,
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> ReadResult:
    """`read_areas` in a child process with limits. Raises FileError, whatever the file does.

    `progress(done, total)` is called in the calling thread.
    """
    limits = limits or Limits()
    rows: list[AreaRow] = []

    def take(message: Mapping[str, Any]) -> ReadResult | None:
        if message["t"] == "row":
            if len(rows) >= limits.max_features:
                raise FileError("crashed", reason="answer")
            with _distrust():
                rows.append(wire.parse_row(message))
        elif message["t"] == "progress" and progress:
            with _distrust():
                counts = wire.parse_progress(message)
            progress(*counts)
        elif message["t"] == "result":
            with _distrust():
                return wire.parse_result(message, tuple(rows))
        return None

    line = wire.request("read", path.absolute(), filename, options or ReadOptions(), limits)
    return _ask(line, limits, take)


def inspect_isolated(
    path: Path, filename: str, limits: Limits | None = None, options: ReadOptions | None = None
) -> FileInfo:
    """`inspect_file` in a child process with limits. Raises FileError."""
    limits = limits or Limits()

    def take(message: Mapping[str, Any]) -> FileInfo | None:
        with _distrust():
            return wire.parse_info(message) if message["t"] == "info" else None

    line = wire.request("inspect", path.absolute(), filename, options or ReadOptions(), limits)
    return _ask(line, limits, take)


@contextmanager
def _distrust() -> Iterator[None]:
    """Parsing of what a child says: nonsense there is a failure of the child."""
    try:
        yield
    except (ValueError, KeyError, TypeError):
        raise FileError("crashed", reason="answer") from None


def _ask(line: bytes, limits: Limits, take: Callable[[Mapping[str, Any]], T | None]) -> T:
    """Send a request to a fresh child and feed its answers to `take` until it returns one."""
    with (
        tempfile.TemporaryDirectory(prefix="area-file-") as folder,
        _child(folder) as child,
        _deadline(child, limits.max_seconds) as expired,
    ):
        assert child.stdin is not None and child.stdout is not None  # noqa: S101 - told to mypy
        with suppress(BrokenPipeError):
            child.stdin.write(line)
            child.stdin.close()
        for message in _messages(child.stdout, limits):
            if message["t"] == "error":
                raise _stated_error(message)
            answer = take(message)
            if answer is not None:
                return answer
        raise _silent_end(child.wait(), timed_out=expired.is_set())


@contextmanager
def _child(folder: str) -> Iterator[subprocess.Popen[bytes]]:
    """The worker with an environment that holds no secret; dead when the block ends."""
    environment = {key: os.environ[key] for key in _KEPT_ENVIRONMENT if key in os.environ}
    environment |= hardened_environment()
    environment |= {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "TMPDIR": folder,
        "HOME": folder,
        "OPENBLAS_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    # A fixed command: the file's name and path go over standard input.
    child = subprocess.Popen(
        [sys.executable, "-s", "-m", "geo.files.worker"],
        cwd=_ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield child
    finally:
        _kill(child)
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()


def _kill(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)


@contextmanager
def _deadline(child: subprocess.Popen[bytes], seconds: float) -> Iterator[threading.Event]:
    """Kill the child after `seconds` of wall time; the event tells that it happened."""
    expired = threading.Event()

    def end() -> None:
        expired.set()
        _kill(child)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield expired
    finally:
        timer.cancel()


def _messages(stream: IO[bytes], limits: Limits) -> Iterator[Mapping[str, Any]]:
    """Messages of the child, bounded in length and in sum. Raises FileError(crashed)."""
    max_line = limits.max_vertices_per_feature * _LINE_BYTES_PER_VERTEX + _LINE_BYTES_FREE
    room = limits.max_unzipped_bytes * 2
    while line := stream.readline(max_line):
        room -= len(line)
        if room < 0 or not line.endswith(b"\n"):
            # a line cut short by a killed child ends the same way as no line at all
            if len(line) < max_line and room >= 0:
                return
            raise FileError("crashed", reason="answer")
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            raise FileError("crashed", reason="answer") from None
        if not isinstance(message, dict) or not isinstance(message.get("t"), str):
            raise FileError("crashed", reason="answer")
        yield message


def _stated_error(message: Mapping[str, Any]) -> FileError:
    code, detail = message.get("code"), message.get("detail")
    if code not in FILE_ERROR_CODES or not isinstance(detail, dict):
        return FileError("crashed", reason="answer")
    return FileError(str(code), **{str(key): value for key, value in detail.items()})


def _silent_end(status: int, *, timed_out: bool) -> FileError:
    """Why a child ended without an answer."""
    if timed_out or -status in (signal.SIGXCPU, signal.SIGALRM):
        return FileError("timeout")
    if -status == signal.SIGKILL:
        return FileError("memory")  # not us, so the kernel: out of memory
    return FileError("crashed", status=status)
