"""Hostile files end in a clear code, in a child process, and leave nothing behind."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import anyio
import anyio.to_thread
import pytest

from geo.files import FileError, Limits, ReadOptions, inspect_isolated, run_isolated, wire
from geo.files.drivers import DRIVERS, hardened_environment
from tests.geo import file_corpus as corpus
from tests.geo.file_hostile import HOSTILE

ROOT = Path(__file__).resolve().parents[2]
MAX_GROWTH_KB = 30_000

# Reads every file of a folder in a process that does nothing else, so that its memory is told.
PROBE = """
import json, resource, sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from geo.files import FileError, run_isolated

def code(path):
    try:
        run_isolated(path, path.name)
    except FileError as error:
        return error.code
    return "read"

def peak(who):
    return resource.getrusage(who).ru_maxrss

*files, good = [Path(name) for name in json.loads(sys.stdin.read())]
assert code(good) == "read"
before = peak(resource.RUSAGE_SELF)
with ThreadPoolExecutor(2) as pool:
    codes = dict(zip([f.name for f in files], pool.map(code, files)))
print(json.dumps([codes, peak(resource.RUSAGE_SELF) - before, peak(resource.RUSAGE_CHILDREN)]))
"""


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, str], int, int]:
    """(code by file, growth of the parent in kB, peak of the children in kB)."""
    folder = tmp_path_factory.mktemp("hostile")
    files = []
    for name, _, make in HOSTILE:
        make(folder / name)
        files.append(str(folder / name))
    files.append(str(corpus.geojson(folder / "good.geojson", corpus.areas())))
    done = subprocess.run(
        [sys.executable, "-c", PROBE],
        input=json.dumps(files),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    codes, growth_kb, children_kb = json.loads(done.stdout)
    for name in files:
        Path(name).unlink()
    return codes, growth_kb, children_kb


@pytest.mark.parametrize(("name", "code"), [(name, code) for name, code, _ in HOSTILE])
def test_hostile_file_gets_its_code(
    outcome: tuple[dict[str, str], int, int], name: str, code: str
) -> None:
    assert outcome[0][name] == code


def test_memory_stays_where_it_should(outcome: tuple[dict[str, str], int, int]) -> None:
    _, growth_kb, children_kb = outcome
    assert growth_kb < MAX_GROWTH_KB
    assert children_kb * 1024 < Limits().max_memory_bytes


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where children put their folders, so that a test can see it empty again."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def _slow_file(folder: Path) -> Path:
    rows = [
        (f"見本{n}", "市道", "市", f"LINESTRING({140 + n / 1e5} 42.3,141 {42 + n / 1e5})")
        for n in range(49_000)
    ]
    return corpus.table(folder / "slow.csv", ["名称", "区分", "管理者", "WKT"], rows)


def test_a_slow_file_is_stopped(tmp_path: Path, scratch: Path) -> None:
    path = _slow_file(tmp_path)
    with pytest.raises(FileError) as caught:
        run_isolated(path, path.name, limits=Limits(max_seconds=1))
    assert caught.value.code == "timeout"
    assert list(scratch.iterdir()) == []


def test_a_greedy_file_is_stopped(tmp_path: Path, scratch: Path) -> None:
    path = tmp_path / "greedy.csv"
    path.write_text("name,wkt\n" + "x" * 45_000_000)
    with pytest.raises(FileError) as caught:
        run_isolated(path, path.name, limits=Limits(max_memory_bytes=400 * 1024**2))
    assert caught.value.code == "memory"
    assert list(scratch.iterdir()) == []


def test_the_childs_environment_holds_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "fake"
    fake.write_text(f"#!/bin/sh\nenv > {tmp_path}/env\n")
    fake.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(fake))
    monkeypatch.setenv("MACHIPIKA_SECRET", "見本")
    with pytest.raises(FileError):
        run_isolated(tmp_path / "x", "x")
    names = {line.partition("=")[0] for line in (tmp_path / "env").read_text().splitlines()}
    assert {"OGR_SKIP", "TMPDIR"} <= names
    assert "MACHIPIKA_SECRET" not in names


def test_the_child_knows_two_formats_only() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import pyogrio; print(*pyogrio.list_drivers(), sep=',')"],
        env={**os.environ, **hardened_environment()},
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(done.stdout.strip().split(",")) == DRIVERS


def test_rows_come_back_whole(tmp_path: Path, scratch: Path) -> None:
    path = corpus.gpkg(tmp_path / "a.gpkg", corpus.areas())
    options = ReadOptions(
        boundary=corpus.boundary(), defaults={"section": "x"}, value_map={"kind": {"a": "park"}}
    )
    seen: list[tuple[int, int]] = []
    result = run_isolated(path, "a.gpkg", options, progress=lambda *counts: seen.append(counts))
    assert [row.name for row in result.rows] == list(corpus.NAMES)
    assert all(row.findings == () for row in result.rows)
    assert seen == [(3, 3)]
    info = inspect_isolated(path, "a.gpkg")
    assert (info.format, info.layers, info.srid) == ("gpkg", ("区域",), 4326)
    assert list(scratch.iterdir()) == []


def test_offers_and_findings_cross_the_process(tmp_path: Path) -> None:
    swapped = corpus.line([42.31, 140.97], [42.32, 140.98])
    path = corpus.write_json(tmp_path / "a.json", corpus.collection([corpus.named(swapped)]))
    (row,) = run_isolated(path, "a.json").rows
    assert row.repairable
    assert row.offered is not None
    assert row.offered.bounds == (140.97, 42.31, 140.98, 42.32)


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_from_an_async_server_through_a_thread(tmp_path: Path) -> None:
    path = corpus.geojson(tmp_path / "a.geojson", corpus.areas())
    beats = 0

    async def heart() -> None:
        nonlocal beats
        while True:
            beats += 1
            await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as group:
        group.start_soon(heart)
        result = await anyio.to_thread.run_sync(run_isolated, path, "a.geojson")
        group.cancel_scope.cancel()
    assert len(result.rows) == 3
    assert beats > 1


ANSWERS = {
    "noise": b"\xff\xfe\n",
    "no object": b"[1]\n",
    "no type": b"{}\n",
    "deep": b"[" * 100_000 + b"\n",
    "unknown error": b'{"t":"error","code":"os.system","detail":{}}\n',
    "odd row": b'{"t":"row","number":"1"}\n',
    "odd result": b'{"t":"result","needs":"x","swap":"no"}\n',
    "endless line": b"x" * 10_000_000,
}


@pytest.mark.parametrize("case", ANSWERS)
def test_a_child_that_was_taken_over_is_not_believed(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "answer").write_bytes(ANSWERS[case])
    fake = tmp_path / "fake"
    fake.write_text(f"#!/bin/sh\ncat {tmp_path}/answer\n")
    fake.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(fake))
    with pytest.raises(FileError) as caught:
        run_isolated(tmp_path / "x", "x")
    assert caught.value.code == "crashed"


def test_a_crash_of_the_child_is_a_file_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "fake"
    fake.write_text("#!/bin/sh\nkill -SEGV $$\n")
    fake.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(fake))
    threads = threading.active_count()
    with pytest.raises(FileError) as caught:
        run_isolated(tmp_path / "x", "x")
    assert caught.value.code == "crashed"
    assert threading.active_count() <= threads + 1


@pytest.mark.parametrize("what", ["missing", "folder", "fifo"])
def test_things_that_are_no_files(what: str, tmp_path: Path) -> None:
    path = tmp_path / "x.geojson"
    if what == "folder":
        path.mkdir()
    elif what == "fifo":
        os.mkfifo(path)
    with pytest.raises(FileError) as caught:
        run_isolated(path, "x.geojson")
    assert caught.value.code == "broken"


def test_names_are_never_paths(tmp_path: Path) -> None:
    path = corpus.geojson(tmp_path / "a", corpus.areas())
    for name in ("../../etc/passwd", "a\0.geojson", "\ud800.json", "x" * 10_000, ""):
        assert len(run_isolated(path, name).rows) == 3


def test_wire_refuses_wrong_types() -> None:
    for value in ("!!", "AAAA", 5):
        with pytest.raises(ValueError, match=r".*"):
            wire.unpack(value)
