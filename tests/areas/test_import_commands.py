"""``machipika areas import`` and ``export``: the same road from a shell; round trips."""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import shapely
from typer.testing import CliRunner, Result

from server.cli import app
from tests.areas.importkit import Site
from tests.geo import file_corpus as corpus

pytestmark = pytest.mark.anyio
Run = Callable[..., Result]
NEW = [replace(item, code=f"A-01{n:02}") for n, item in enumerate(corpus.areas())]
EXPORTS = ("a.geojson", "a.gpkg", "a.csv", "a.kml", "a.zip")


@pytest.fixture
def run(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command on the test's database, as it would be typed."""
    monkeypatch.setenv("MACHIPIKA_DATABASE_URL", database_url)

    def typed(*words: object, answer: str = "") -> Result:
        return CliRunner().invoke(app, ["areas", *map(str, words)], input=answer)

    return typed


@pytest.fixture
async def in_thread(site: Site, run: Run) -> Callable[..., object]:
    """The command starts an event loop of its own, so it runs beside the test's."""
    from anyio import to_thread

    return lambda *words, **more: to_thread.run_sync(lambda: run(*words, **more))


WRITERS = {
    "a.geojson": corpus.geojson,
    "a.gpkg": corpus.gpkg,
    "a.csv": corpus.wkt_table,
    "a.kml": corpus.kml,
    "lines.zip": lambda path, items: corpus.shapefile(path, items[:2]),
    "parks.zip": lambda path, items: corpus.shapefile(path, items[2:]),
}


@pytest.mark.parametrize("name", WRITERS)
async def test_import_of_every_format_and_again(
    site: Site, in_thread: Callable, tmp_path: Path, name: str
) -> None:
    path = WRITERS[name](tmp_path / name, NEW)
    done = await in_thread("import", path, "--yes")
    assert done.exit_code == 0, done.output
    n = {"lines.zip": 2, "parks.zip": 1}.get(name, 3)
    assert f"新しく作る\t{n}行" in done.output
    assert "取りこみました" in done.output
    assert await site.one("SELECT count(*) FROM areas") == 3 + n
    before = await site.checksum()
    again = await in_thread("import", path, "--yes")
    assert (again.exit_code, "変更はありません" in again.output) == (0, True)
    assert await site.checksum() == before
    events = await site.sql("SELECT actor_role, detail FROM audit_events")
    assert [(e.actor_role, e.detail["counts"]["create"]) for e in events] == [("nobody", n)]


async def test_a_refused_row_ends_in_1_with_the_reason(
    site: Site, in_thread: Callable, tmp_path: Path
) -> None:
    bad = [replace(NEW[0], kind="高速道路"), NEW[1]]
    before = await site.checksum()
    done = await in_thread("import", corpus.geojson(tmp_path / "a.geojson", bad), "--yes")
    assert done.exit_code == 1
    assert "1行目 A-0100" in done.output
    assert "区分「高速道路」がわかりません" in done.output
    assert "何も変えていません" in done.output
    assert await site.checksum() == before


async def test_no_is_no(site: Site, in_thread: Callable, tmp_path: Path) -> None:
    path = corpus.geojson(tmp_path / "a.geojson", NEW)
    before = await site.checksum()
    for answer in ("n\n", ""):
        done = await in_thread("import", path, answer=answer)
        assert done.exit_code == 1
        assert await site.checksum() == before
    done = await in_thread("import", path, answer="y\n")
    assert done.exit_code == 0, done.output
    assert await site.checksum() != before


async def test_crs_layer_and_order_are_asked_for_by_option(
    site: Site, in_thread: Callable, tmp_path: Path
) -> None:
    plane = corpus.moved(NEW[:2], 6680)
    path = corpus.shapefile(tmp_path / "a.zip", plane, without=(".prj",), crs=corpus.ESRI_ZONE_12)
    done = await in_thread("import", path, "--yes")
    assert (done.exit_code, "--crs" in done.output) == (1, True)
    flipped = [
        replace(a, geometry=shapely.transform(a.geometry, lambda xy: xy[:, ::-1])) for a in plane
    ]
    path = corpus.wkt_table(tmp_path / "b.csv", flipped)
    done = await in_thread("import", path, "--yes", "--crs", 6680, "--no-swap-axes")
    assert (done.exit_code, "市の外にあります" in done.output) == (1, True)
    done = await in_thread("import", path, "--yes", "--crs", 6680, "--swap-axes")
    assert done.exit_code == 0, done.output
    layers = corpus.gpkg(tmp_path / "c.gpkg", NEW[:2], layer="道路")
    corpus.gpkg(layers, NEW[2:], layer="公園", append=True)
    done = await in_thread("import", layers, "--yes")
    assert (done.exit_code, "道路 / 公園" in done.output) == (1, True)
    done = await in_thread("import", layers, "--yes", "--layer", "公園")
    assert done.exit_code == 0, done.output


async def test_unreadable_files_say_why(site: Site, in_thread: Callable, tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    path.write_text("hello", encoding="utf-8")
    done = await in_thread("import", path)
    assert (done.exit_code, "読み取れる形式のファイルではありません" in done.output) == (1, True)
    assert (await in_thread("import", tmp_path / "none.csv")).exit_code == 2
    assert (await in_thread("export", tmp_path / "a.docx")).exit_code == 1


ODD_NAMES = ("見本 髙﨑・①", "見本 <b>&\"'", "=1+1", "見本　全角 空白", "-見本")


async def _fill(site: Site, *, rare: bool) -> None:
    """Shapes and names that are hard to carry through a file."""
    shapes = [
        "MULTILINESTRING((140.97 42.31,140.98 42.32),(140.99 42.33,140.995 42.331))",
        "MULTIPOLYGON(((140.97 42.31,140.98 42.31,140.98 42.32,140.97 42.32,140.97 42.31),"
        "(140.973 42.313,140.973 42.316,140.976 42.316,140.976 42.313,140.973 42.313)),"
        "((141 42.33,141.001 42.33,141.001 42.331,141 42.33)))",
        "MULTILINESTRING((140.9712345678 42.3112345678,140.98 42.32))",
        "POLYGON((141 42.33,141 42.34,141.01 42.34,141.01 42.33,141 42.33))",
        "LINESTRING(140.97 42.31,140.98 42.32,140.97 42.32,140.98 42.31)",
    ]
    names = (*ODD_NAMES[:-1], "見本 𠮷野" if rare else ODD_NAMES[-1])
    for name, shape in zip(names, shapes, strict=True):
        await site.sql(
            "INSERT INTO areas (id, name, name_kana, kind, manager, section, safety_notes, geom) "
            "VALUES (gen_random_uuid(), :name, 'ミホン', 'river', 'prefecture', '港湾部', '', "
            "ST_GeomFromText(:shape, 4326))",
            name=name,
            shape=shape,
        )


@pytest.mark.parametrize("srid", [4326, 6668, 6680])
@pytest.mark.parametrize("name", EXPORTS)
async def test_an_export_comes_back_without_a_change(
    site: Site, in_thread: Callable, tmp_path: Path, name: str, srid: int
) -> None:
    if name == "a.kml" and srid != 4326:
        return
    await _fill(site, rare=srid == 4326)
    path = tmp_path / name
    done = await in_thread("export", path, "--crs", srid)
    assert done.exit_code == 0, done.output
    assert "8件" in done.output
    before = await site.checksum()
    for layer in ("areas_lines", "areas_polygons") if name == "a.zip" else ("",):
        words = ("--layer", layer) if layer else ()
        back = await in_thread("import", path, "--yes", *words)
        assert (back.exit_code, "変更はありません" in back.output) == (0, True), back.output
    assert await site.checksum() == before


@pytest.mark.parametrize("form", ["geojson", "gpkg", "shapefile", "csv", "kml"])
async def test_export_from_the_screen_is_a_file_to_save(site: Site, form: str) -> None:
    answer = await site.client.get(f"/staff/areas/export?format={form}")
    assert answer.status_code == 200
    day = f"{site.clock() + dt.timedelta(hours=9):%Y%m%d}"
    assert f'attachment; filename="areas-{day}.' in answer.headers["content-disposition"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    start = {"gpkg": b"SQLite format 3", "shapefile": b"PK", "csv": b"\xef\xbb\xbf"}.get(form, b"")
    assert answer.content.startswith(start)


async def test_cp932_is_written_where_it_can_be(
    site: Site, in_thread: Callable, tmp_path: Path
) -> None:
    await _fill(site, rare=False)
    path = tmp_path / "a.csv"
    assert (await in_thread("export", path, "--encoding", "cp932")).exit_code == 0
    assert "見本 髙﨑・①" in path.read_bytes().decode("cp932")
    await site.sql("UPDATE areas SET name = '見本 𠮷野' WHERE code = 'A-0001'")
    done = await in_thread("export", tmp_path / "b.csv", "--encoding", "cp932")
    assert done.exit_code == 1
    assert "𠮷" in done.output
    assert not (tmp_path / "b.csv").exists()
