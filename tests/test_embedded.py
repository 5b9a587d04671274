"""The private cluster: starts, is shared, survives kill -9, and is never root."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from server.db import embedded
from server.db.embedded import Cluster


@pytest.fixture
def directory() -> Iterator[Path]:
    """A folder other users can enter, unlike pytest's own (PostgreSQL refuses to run as root)."""
    path = Path(f"/tmp/machipika-test-{os.getpid()}")  # noqa: S108
    path.mkdir(mode=0o755)
    yield path
    embedded.stop_if_running(path)
    shutil.rmtree(path)


def postmaster(cluster: Cluster) -> int:
    return int((cluster.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0])


def answer(cluster: Cluster) -> object:
    with psycopg.connect(cluster.url("postgres")) as connection:
        row = connection.execute("SELECT 42").fetchone()
    return row[0] if row else None


def test_life_of_a_cluster(directory: Path) -> None:
    with embedded.running(directory) as first:
        pid = postmaster(first)
        assert answer(first) == 42
        assert os.stat(f"/proc/{pid}").st_uid != 0, "PostgreSQL must not run as root"
        assert first.password_file.stat().st_mode & 0o077 == 0
        with embedded.running(directory) as second:
            assert postmaster(second) == pid, "a second user shares the running server"
        assert answer(first) == 42, "the second user leaving must not stop it"
    assert not embedded.stop_if_running(directory), "the last one to leave has stopped it"


def test_recovers_from_kill_9(directory: Path) -> None:
    with embedded.running(directory) as cluster:
        with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
        os.kill(postmaster(cluster), signal.SIGKILL)
        again = embedded.ensure(directory)
        with psycopg.connect(again.url("postgres")) as connection:
            assert connection.execute("SELECT n FROM kept").fetchone() == (7,)


def test_an_interrupted_first_start_is_begun_anew(directory: Path) -> None:
    cluster = embedded.ensure(directory)
    embedded.stop(cluster)
    cluster.password_file.unlink()  # as if initdb had been killed before it finished
    assert answer(embedded.ensure(directory)) == 42
