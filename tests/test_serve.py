"""``machipika serve`` as an operator meets it: Ctrl-C, kill -9 of either part, starting again."""

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.db import embedded
from tests.browser.conftest import free_port, wait_until_ready
from tests.conftest import ROOT


class Operator:
    """Starts and ends the server in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.running: list[subprocess.Popen[bytes]] = []

    def serve(self) -> "subprocess.Popen[bytes]":
        environment = {k: v for k, v in os.environ.items() if not k.endswith("DATABASE_URL")}
        process = subprocess.Popen(
            [sys.executable, "-m", "server.cli", "serve", "--demo"],
            cwd=ROOT,
            env={**environment, "MACHIPIKA_VAR_DIR": str(self.folder), "PORT": str(self.port)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.running.append(process)
        wait_until_ready(self.base, process)
        return process

    @property
    def cluster(self) -> embedded.Cluster:
        return embedded.Cluster(self.folder / "db", embedded.find_binaries())

    def postmaster(self) -> int:
        pid_file = self.cluster.data / "postmaster.pid"
        return int(pid_file.read_text(encoding="utf-8").splitlines()[0])


@pytest.fixture
def operator() -> Iterator[Operator]:
    folder = Path(f"/tmp/machipika-serve-{os.getpid()}")  # noqa: S108
    folder.mkdir(mode=0o755)
    person = Operator(folder)
    yield person
    for process in person.running:
        if process.poll() is None:
            process.kill()
            process.wait(10)
    embedded.stop_if_running(folder / "db")
    shutil.rmtree(folder)


def status(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_stop_and_recover(operator: Operator) -> None:
    first = operator.serve()
    assert "まちピカ" in status(operator.base + "/")[1]

    first.kill()  # -9: the database is left running behind
    first.wait(10)
    second = operator.serve()
    assert status(operator.base + "/opportunities")[0] == 200

    os.kill(operator.postmaster(), signal.SIGKILL)
    deadline = time.monotonic() + 30
    while (answer := status(operator.base + "/opportunities"))[0] != 503:
        assert time.monotonic() < deadline, answer[0]
    assert "混み合っています" in answer[1]
    second.send_signal(signal.SIGINT)
    second.wait(20)

    third = operator.serve()
    assert status(operator.base + "/opportunities")[0] == 200
    third.send_signal(signal.SIGINT)
    assert third.wait(20) == 0
    assert not embedded.stop_if_running(operator.folder / "db"), "Ctrl-C stops the database too"
