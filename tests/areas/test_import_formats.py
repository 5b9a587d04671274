"""Every format through the staff screens: read, previewed, applied, and again without a change."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import shapely

from tests.areas.importkit import Site, can_apply, counts, words
from tests.geo import file_corpus as corpus

pytestmark = pytest.mark.anyio
Writer = Callable[[Path, list[corpus.Area]], Path]
# The small city has A-0001 to A-0003 already.
NEW = [replace(item, code=f"A-01{n:02}") for n, item in enumerate(corpus.areas())]
WRITERS: dict[str, Writer] = {
    "a.geojson": corpus.geojson,
    "a.gpkg": corpus.gpkg,
    "a.csv": corpus.wkt_table,
    "a.kml": corpus.kml,
    "a.kmz": corpus.kmz,
    "cp932.csv": lambda path, items: corpus.wkt_table(path, items, "cp932"),
    "lines.zip": lambda path, items: corpus.shapefile(path, items[:2]),
    "utf8.zip": lambda path, items: corpus.shapefile(path, items[:2], "UTF-8"),
    "parks.zip": lambda path, items: corpus.shapefile(path, items[2:]),
}


def expected(name: str) -> list[corpus.Area]:
    if name.endswith(".zip"):
        return NEW[2:] if name == "parks.zip" else NEW[:2]
    return NEW


@pytest.mark.parametrize("name", WRITERS)
async def test_a_good_file_comes_in_and_again_changes_nothing(
    site: Site, tmp_path: Path, name: str
) -> None:
    path, items = WRITERS[name](tmp_path / name, NEW), expected(name)
    before = await site.checksum()
    where, page = await site.preview(path)
    assert counts(page) == {
        "取りこめない": 0, "新しく作る": len(items), "変える": 0, "変わらない": 0
    }  # fmt: skip
    assert await site.checksum() == before, "a preview writes nothing"
    for item in items:
        assert item.name in page

    page = await site.apply(where)
    assert "取りこみました" in page
    rows = await site.sql(
        "SELECT code, name, name_kana, kind, section, ST_AsText(geom) AS wkt, version, updated_at "
        "FROM areas WHERE code >= 'A-0100' ORDER BY code"
    )
    assert [(r.code, r.name, r.name_kana, r.section) for r in rows] == [
        (i.code, i.name, i.kana, i.section) for i in items
    ]
    for row, item in zip(rows, items, strict=True):
        shape = shapely.from_wkt(row.wkt)
        assert shape.normalize().equals_exact(item.geometry.normalize(), 1e-7)
        assert (row.version, row.updated_at) == (1, site.clock())
    assert await site.one("SELECT content IS NULL FROM area_imports") is True
    action, detail = (await site.sql("SELECT action, detail FROM audit_events ORDER BY id"))[-1]
    assert action == "areas.import"
    assert detail["counts"]["create"] == len(items)
    assert len(detail["sha256"]) == 64

    after = await site.checksum()
    _, page = await site.preview(path)
    assert "台帳と同じ内容です" in page
    assert not can_apply(page)
    assert counts(page)["変わらない"] == len(items)
    assert await site.checksum() == after


async def test_numbers_go_on_after_the_highest_of_the_file(site: Site, tmp_path: Path) -> None:
    await site.bring_in(corpus.geojson(tmp_path / "a.geojson", NEW))
    without = [replace(corpus.areas()[0], code="", name="見本 番号なし")]
    await site.bring_in(corpus.geojson(tmp_path / "b.geojson", without))
    assert await site.one("SELECT code FROM areas WHERE name = '見本 番号なし'") == "A-0103"


async def test_plane_coordinates_without_prj_are_asked_for(site: Site, tmp_path: Path) -> None:
    items = corpus.moved(NEW[:2], 6680)
    path = corpus.shapefile(tmp_path / "a.zip", items, without=(".prj",), crs=corpus.ESRI_ZONE_12)
    where, page = await site.preview(path)
    assert "座標系がわかりません" in page
    choices = [line for line in page.split("<option") if "平面直角座標" in line]
    assert 'value="6680"' in choices[0], "the city's own zone comes first"
    assert not can_apply(page)
    empty = await site.client.post(where, data={"act": "answer", "srid": "99"})
    assert empty.status_code == 422
    assert 'id="error-summary"' in empty.text
    page = await site.answer(where, srid="6680")
    assert counts(page)["新しく作る"] == 2
    await site.apply(where)
    wkt = await site.one("SELECT ST_AsText(geom) FROM areas WHERE code = 'A-0100'")
    assert shapely.from_wkt(wkt).equals_exact(NEW[0].geometry, 1e-7)


async def test_survey_table_with_x_to_the_north(site: Site, tmp_path: Path) -> None:
    rows = [
        ("P-1", "見本線", "市道", "市", -186975.66, -104014.56),
        ("P-1", "見本線", "市道", "市", -186490.12, -103150.20),
    ]
    header = ["番号", "名称", "区分", "管理者", "X座標", "Y座標"]
    path = corpus.table(tmp_path / "a.csv", header, rows, "cp932")
    where, page = await site.preview(path)
    page = await site.answer(where, srid="6680")
    assert "入れかえて読みました" in page
    await site.apply(where)
    ((lon, lat, ref),) = await site.sql(
        "SELECT ST_X(ST_StartPoint(geom)), ST_Y(ST_StartPoint(geom)), source_ref FROM areas "
        "WHERE name = '見本線'"
    )
    assert (lon, lat) == pytest.approx((140.98831, 42.30988), abs=1e-4)
    assert ref == "P-1", "the file's own number is kept, so that the next file finds the area"
    where, page = await site.preview(path)
    page = await site.answer(where, srid="6680", swap="no")
    assert "市の外にあります" in page
    page = await site.answer(where, srid="6680", swap="yes")
    assert "台帳と同じ内容です" in page


async def test_one_of_several_layers_is_asked_for(site: Site, tmp_path: Path) -> None:
    path = corpus.gpkg(tmp_path / "a.gpkg", NEW[:2], layer="道路")
    corpus.gpkg(path, NEW[2:], layer="公<園>", append=True)
    where, page = await site.preview(path)
    assert "レイヤー" in words(page)
    assert "公&lt;園&gt;" in page
    bad = await site.client.post(where, data={"act": "answer", "layer": "なし"})
    assert bad.status_code == 422
    page = await site.answer(where, layer="公<園>")
    assert counts(page)["新しく作る"] == 1
    assert "見本 ポプラ公園" in page


async def test_garbled_names_are_read_again_with_another_encoding(
    site: Site, tmp_path: Path
) -> None:
    path = corpus.wkt_table(tmp_path / "a.csv", NEW[2:], "euc-jp")
    where, page = await site.preview(path)
    assert "文字コードがわかりません" in page
    page = await site.answer(where, encoding="utf-16")
    assert "文字コードがわかりません" in page
    page = await site.answer(where, encoding="euc-jp")
    assert counts(page)["新しく作る"] == 1
    assert NEW[2].name in page
