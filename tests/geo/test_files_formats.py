"""Good and odd files in each format: the same areas come out of all of them."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.files import FileError, ReadOptions, ReadResult
from geo.files.reading import inspect_file, read_areas
from tests.geo import file_corpus as corpus

KINDS = ["city_road", "beach", "park"]
MANAGERS = ["city", "port", "city"]


def codes(result: ReadResult) -> list[set[str]]:
    return [{f.code for f in row.findings} for row in result.rows]


def notes(result: ReadResult) -> set[str]:
    return {f.code for f in result.notes}


def assert_same(result: ReadResult, items: list[corpus.Area], tolerance: float = 1e-7) -> None:
    assert result.needs is None
    assert [(r.code, r.name, r.name_kana, r.section) for r in result.rows] == [
        (a.code, a.name, a.kana, a.section) for a in items
    ]
    for row, area in zip(result.rows, items, strict=True):
        assert row.geometry is not None
        assert row.geometry.normalize().equals_exact(area.geometry.normalize(), tolerance)
        assert row.findings == ()


Writer = Callable[[Path, list[corpus.Area]], Path]
WRITERS: dict[str, Writer] = {
    "a.geojson": corpus.geojson,
    "a.gpkg": corpus.gpkg,
    "a.csv": corpus.wkt_table,
    "a.kml": corpus.kml,
    "a.kmz": corpus.kmz,
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_gives_the_same_areas(name: str, tmp_path: Path) -> None:
    items = corpus.areas()
    items[1] = replace(items[1], name=corpus.RARE_NAME)
    path = WRITERS[name](tmp_path / name, items)
    result = read_areas(path, name, ReadOptions(boundary=corpus.boundary()))
    assert_same(result, items)
    assert [row.kind for row in result.rows] == KINDS
    assert [row.manager for row in result.rows] == MANAGERS
    info = inspect_file(path, name)
    assert (info.format, info.srid, info.feature_count) == (name.split(".")[1], 4326, 3)
    assert info.columns["kind"] == "区分"


@pytest.mark.parametrize("encoding", ["CP932", "UTF-8"])
@pytest.mark.parametrize("without", [(), (".cpg",), (".shx",)])
def test_shapefile_with_and_without_its_side_files(
    encoding: str, without: tuple[str, ...], tmp_path: Path
) -> None:
    for kind, items in (("lines", corpus.areas()[:2]), ("parks", corpus.areas()[2:])):
        path = corpus.shapefile(tmp_path / f"{kind}.zip", items, encoding, without)
        result = read_areas(path, path.name)
        assert_same(result, items)
        assert result.encoding == {"CP932": "cp932", "UTF-8": "utf-8"}[encoding]
        assert result.layer == "areas"


def test_utf8_shapefile_headings_cut_at_ten_bytes_are_recognised(tmp_path: Path) -> None:
    path = corpus.shapefile(tmp_path / "a.zip", corpus.areas()[2:], "UTF-8")
    columns = read_areas(path, "a.zip").columns
    assert columns["code"] == "区域番"  # 区域番号 needs 12 bytes
    assert columns["name_kana"] == "フリガ"


def test_rare_kanji_survive_in_a_utf8_shapefile(tmp_path: Path) -> None:
    items = [replace(corpus.areas()[0], name=corpus.RARE_NAME)]
    path = corpus.shapefile(tmp_path / "a.zip", items, "UTF-8")
    assert read_areas(path, "a.zip").rows[0].name == corpus.RARE_NAME


def test_a_cpg_that_lies_is_found_out(tmp_path: Path) -> None:
    parts = corpus.shapefile_parts(tmp_path / "p", corpus.areas()[:2], "CP932")
    parts[".cpg"] = b"UTF-8"
    path = corpus.zip_of(tmp_path / "a.zip", {f"a{s}": d for s, d in parts.items()})
    result = read_areas(path, "a.zip")
    assert_same(result, corpus.areas()[:2])
    assert "encoding_guessed" in notes(result)


def test_a_name_cut_inside_a_character_is_remarked(tmp_path: Path) -> None:
    long_name = "見" * 90  # 270 bytes in UTF-8, the field holds 254
    items = [replace(corpus.areas()[0], name=long_name)]
    path = corpus.shapefile(tmp_path / "a.zip", items, "UTF-8")
    row = read_areas(path, "a.zip").rows[0]
    assert row.name == "見" * 84
    assert "\ufffd" not in row.name


def test_shapefile_without_prj_asks_for_the_crs(tmp_path: Path) -> None:
    items = corpus.moved(corpus.areas()[:2], 6680)
    path = corpus.shapefile(tmp_path / "a.zip", items, without=(".prj",), crs=corpus.ESRI_ZONE_12)
    asked = read_areas(path, "a.zip")
    assert (asked.needs, asked.rows, asked.srid) == ("crs", (), None)
    assert inspect_file(path, "a.zip").srid is None
    answered = read_areas(path, "a.zip", ReadOptions(srid=6680))
    assert_same(answered, corpus.areas()[:2])


@pytest.mark.parametrize("prj", [b"", b"?", b'PROJCS["x",GEOGCS["y"]]', b"EPSG:99999", b"\xff"])
def test_a_damaged_prj_asks_for_the_crs(prj: bytes, tmp_path: Path) -> None:
    parts = corpus.shapefile_parts(tmp_path / "p", corpus.areas()[:2])
    parts[".prj"] = prj
    path = corpus.zip_of(tmp_path / "a.zip", {f"a{s}": d for s, d in parts.items()})
    assert read_areas(path, "a.zip").needs == "crs"


@pytest.mark.parametrize("srid", [6680, 2454, 6679])
def test_plane_coordinates_of_gis_files(srid: int, tmp_path: Path) -> None:
    items = corpus.moved(corpus.areas(), srid)
    path = corpus.gpkg(tmp_path / "a.gpkg", items, crs=f"EPSG:{srid}")
    result = read_areas(path, "a.gpkg", ReadOptions(boundary=corpus.boundary()))
    assert_same(result, corpus.areas())
    assert (result.srid, result.axes_swapped) == (srid, "no")


def test_esri_prj_without_epsg_number_is_understood(tmp_path: Path) -> None:
    items = corpus.moved(corpus.areas()[:2], 6680)
    path = corpus.shapefile(tmp_path / "a.zip", items, crs=corpus.ESRI_ZONE_12)
    result = read_areas(path, "a.zip")
    assert result.srid == 6680
    assert_same(result, corpus.areas()[:2])


def test_tokyo_datum_is_shifted_and_remarked(tmp_path: Path) -> None:
    items = corpus.moved(corpus.areas()[:1], 30172)
    path = corpus.gpkg(tmp_path / "a.gpkg", items, crs="EPSG:30172")
    result = read_areas(path, "a.gpkg")
    assert_same(result, corpus.areas()[:1], tolerance=1e-6)
    assert "old_datum" in notes(result)


def test_gis_file_with_north_first_is_swapped_back(tmp_path: Path) -> None:
    flip = [
        replace(a, geometry=shapely.transform(a.geometry, lambda xy: xy[:, ::-1]))
        for a in corpus.moved(corpus.areas(), 6680)
    ]
    path = corpus.gpkg(tmp_path / "a.gpkg", flip, crs="EPSG:6680")
    for options in (ReadOptions(), ReadOptions(boundary=corpus.boundary())):
        result = read_areas(path, "a.gpkg", options)
        assert result.axes_swapped == "auto"
        assert "axes_swapped" in notes(result)
        assert_same(result, corpus.areas())
    kept = read_areas(path, "a.gpkg", ReadOptions(swap_axes=False, boundary=corpus.boundary()))
    assert all("outside" in found for found in codes(kept))


SURVEY = [
    ("P-1", "見本線", "市道", "市", -186975.66, -104014.56),
    ("P-1", "見本線", "市道", "市", -186490.12, -103150.20),
    ("P-1", "見本線", "市道", "市", "-186,260.5", "－102360.1"),
]
SURVEY_HEADER = ["番号", "名称", "区分", "管理者", "X座標", "Y座標"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16-le", "utf-16"])
def test_survey_table_has_x_to_the_north(encoding: str, tmp_path: Path) -> None:
    path = corpus.table(tmp_path / "a.csv", SURVEY_HEADER, SURVEY, encoding)
    assert read_areas(path, "a.csv").needs == "crs"
    result = read_areas(path, "a.csv", ReadOptions(srid=6680, boundary=corpus.boundary()))
    (row,) = result.rows
    assert (row.number, row.code, row.name, row.findings) == (2, "P-1", "見本線", ())
    assert row.geometry is not None
    assert row.geometry.geom_type == "LineString"
    assert shapely.get_num_coordinates(row.geometry) == 3
    assert row.geometry.coords[0] == pytest.approx((140.98831, 42.30988), abs=1e-4)
    assert result.axes_swapped == "auto"


def test_lonlat_points_make_a_line_or_a_closed_area(tmp_path: Path) -> None:
    ring = [(140.97, 42.31), (140.98, 42.31), (140.98, 42.32), (140.97, 42.31)]
    rows: list[tuple[object, ...]] = [("環", "公園", "市", x, y) for x, y in ring]
    rows += [("点", "公園", "市", 140.97, 42.31)]
    path = corpus.table(tmp_path / "a.csv", ["名称", "区分", "管理者", "経度", "緯度"], rows)
    result = read_areas(path, "a.csv")
    area, point = result.rows
    assert area.geometry is not None
    assert area.geometry.geom_type == "Polygon"
    assert area.findings == ()
    assert point.number == 6
    assert codes(result)[1] == {"unsupported_type"}


def test_ewkt_states_its_crs_and_must_agree(tmp_path: Path) -> None:
    (item, *_) = corpus.moved(corpus.areas()[:1], 6680)
    cell = f"SRID=6680;{item.geometry.wkt}"
    path = corpus.table(tmp_path / "a.csv", ["name", "wkt"], [("見本", cell)])
    assert read_areas(path, "a.csv").srid == 6680
    rows = [("a", cell), ("b", cell.replace("6680", "6679"))]
    path = corpus.table(tmp_path / "b.csv", ["name", "wkt"], rows)
    with pytest.raises(FileError) as caught:
        read_areas(path, "b.csv")
    assert caught.value.code == "mixed_crs"


def test_plane_wkt_without_srid_asks(tmp_path: Path) -> None:
    path = corpus.wkt_table(tmp_path / "a.csv", corpus.moved(corpus.areas(), 6680))
    assert read_areas(path, "a.csv").needs == "crs"
    assert_same(read_areas(path, "a.csv", ReadOptions(srid=6680)), corpus.areas())


def test_tab_separated_text_of_a_spreadsheet(tmp_path: Path) -> None:
    text = "名称\t区分\t管理者\tWKT\n見本\t市道\t市\tLINESTRING(140.97 42.31,140.98 42.32)\n"
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xff\xfe" + text.encode("utf-16-le"))
    assert read_areas(path, "a.txt").rows[0].name == "見本"


def test_geojson_crs_member(tmp_path: Path) -> None:
    items = corpus.moved(corpus.areas(), 6680)
    document = json.loads(corpus.geojson(tmp_path / "a.geojson", items).read_bytes())
    assert read_areas(tmp_path / "a.geojson", "a.geojson").needs == "crs"  # not degrees
    names = {
        "urn:ogc:def:crs:EPSG::6680": None,
        "EPSG:6680": None,
        "urn:ogc:def:crs:EPSG:9.9.1:6680": None,
        "http://127.0.0.1:9/crs": "crs",
        "+proj=tmerc": "crs",
    }
    for name, needs in names.items():
        document["crs"] = {"type": "name", "properties": {"name": name}}
        path = corpus.write_json(tmp_path / "b.geojson", document)
        assert read_areas(path, "b.geojson").needs == needs, name
    result = read_areas(path, "b.geojson", ReadOptions(srid=6680))
    assert_same(result, corpus.areas())


def test_several_layers_ask_which(tmp_path: Path) -> None:
    path = corpus.gpkg(tmp_path / "a.gpkg", corpus.areas()[:1], layer="道路")
    corpus.gpkg(path, corpus.areas()[2:], layer='公"園', append=True)
    asked = read_areas(path, "a.gpkg")
    assert (asked.needs, asked.layers) == ("layer", ("道路", '公"園'))
    assert_same(read_areas(path, "a.gpkg", ReadOptions(layer='公"園')), corpus.areas()[2:])
    with pytest.raises(FileError) as caught:
        read_areas(path, "a.gpkg", ReadOptions(layer="x"))
    assert caught.value.code == "no_layer"


def test_several_shapefiles_in_one_zip_ask_which(tmp_path: Path) -> None:
    roads = corpus.shapefile_parts(tmp_path / "r", corpus.areas()[:2])
    parks = corpus.shapefile_parts(tmp_path / "p", corpus.areas()[2:])
    members = {f"道路{s}".encode("cp932").decode("cp437"): d for s, d in roads.items()}
    members |= {f"公園{s}": d for s, d in parks.items()}
    members |= {"__MACOSX/._公園.shp": b"x", "readme.pdf": b"x"}
    path = corpus.zip_of(tmp_path / "a.zip", members)
    asked = inspect_file(path, "a.zip")
    assert asked.layer is None
    assert "公園" in asked.layers
    assert len(asked.layers) == 2
    assert_same(read_areas(path, "a.zip", ReadOptions(layer="公園")), corpus.areas()[2:])


def test_gpkg_with_triggers_and_views_reads_only_the_table(tmp_path: Path) -> None:
    path = corpus.gpkg_with(
        tmp_path / "a.gpkg",
        f"CREATE VIEW trap AS {corpus.ENDLESS}",
        "INSERT INTO gpkg_contents (table_name, data_type) VALUES ('trap', 'features')",
        "CREATE TABLE seen (x)",
        "CREATE TRIGGER t AFTER UPDATE ON areas BEGIN INSERT INTO seen VALUES (1); END",
    )
    before = path.read_bytes()
    result = read_areas(path, "a.gpkg")
    assert_same(result, corpus.areas())
    assert result.layers == ("areas",)
    assert path.read_bytes() == before
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT count(*) FROM seen").fetchone() == (0,)


def test_a_wrong_name_is_remarked_and_the_content_wins(tmp_path: Path) -> None:
    path = corpus.gpkg(tmp_path / "a.gpkg", corpus.areas()).rename(tmp_path / "a.bin")
    result = read_areas(path, "areas.geojson")
    assert result.format == "gpkg"
    assert "extension_mismatch" in notes(result)


def test_progress_counts_to_the_end(tmp_path: Path) -> None:
    items = [replace(corpus.areas()[0], code=f"A-{n}") for n in range(1201)]
    path = corpus.gpkg(tmp_path / "a.gpkg", items)
    seen: list[tuple[int, int]] = []
    result = read_areas(path, "a.gpkg", progress=lambda done, total: seen.append((done, total)))
    assert [row.number for row in result.rows] == list(range(1, 1202))
    assert seen[0] == (200, 1201)
    assert seen[-1] == (1201, 1201)


TEXT = st.text(st.sampled_from("髙﨑①本町ポプラが通り～ー・A1 "), min_size=1, max_size=20)


@settings(max_examples=15, deadline=None)
@given(
    names=st.lists(TEXT.filter(str.strip), min_size=1, max_size=4),
    lon=st.floats(140.9, 141.05),
    lat=st.floats(42.28, 42.4),
)
def test_round_trip_through_all_formats(
    names: list[str], lon: float, lat: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """GeoJSON → GeoPackage → Shapefile (CP932) → CSV: names and places stay."""
    folder = tmp_path_factory.mktemp("trip")
    items = []
    for number, name in enumerate(names):
        shape = shapely.LineString([(lon, lat), (lon + 0.001 * (number + 1), lat + 0.002)])
        tidy = " ".join(name.split())
        items.append(replace(corpus.areas()[0], code=f"A-{number}", name=tidy, geometry=shape))
    expected = items
    steps: list[tuple[str, Writer]] = [
        ("a.geojson", corpus.geojson),
        ("a.gpkg", corpus.gpkg),
        ("a.zip", corpus.shapefile),
        ("a.csv", lambda path, rows: corpus.wkt_table(path, rows, "utf-8")),
    ]
    for name, write in steps:
        result = read_areas(write(folder / name, items), name)
        assert_same(result, expected, tolerance=2e-7)
        items = [
            replace(item, geometry=row.geometry)
            for item, row in zip(items, result.rows, strict=True)
            if row.geometry is not None
        ]
    drift = max(
        shapely.hausdorff_distance(a.geometry, b.geometry)
        for a, b in zip(items, expected, strict=True)
    )
    assert drift <= 1e-7
