"""What is said about rows: geometry, words, and rows among each other."""

from pathlib import Path
from typing import Any

import pytest
import shapely

from geo.files import FILE_ERROR_CODES, FINDING_SEVERITY, FileError, Limits, ReadOptions, ReadResult
from geo.files.reading import read_areas
from geo.files.words import KIND_LABELS, MANAGER_LABELS, read_kind, read_manager
from tests.geo import file_corpus as corpus
from tests.geo.file_corpus import collection, line, named

ROAD = line([140.97, 42.31], [140.98, 42.32])
BOW_TIE = [[140.97, 42.31], [140.98, 42.32], [140.98, 42.31], [140.97, 42.32], [140.97, 42.31]]


@pytest.fixture
def read(tmp_path: Path) -> Any:
    def _read(*features: Any, **how: Any) -> ReadResult:
        limits = how.pop("limits", Limits())
        path = corpus.write_json(tmp_path / "a.geojson", collection(features))
        return read_areas(path, path.name, ReadOptions(**how), limits)

    return _read


GEOMETRIES: dict[str, tuple[Any, str]] = {
    "none": (None, "empty_geometry"),
    "no positions": (line(), "empty_geometry"),
    "empty polygon": ({"type": "Polygon", "coordinates": []}, "empty_geometry"),
    "one position": (line([140.97, 42.31]), "broken_geometry"),
    "words": (line(["a", "b"], ["c", "d"]), "broken_geometry"),
    "ragged": (line([140.97], [140.98, 42.32]), "broken_geometry"),
    "no list": ({"type": "LineString", "coordinates": 7}, "broken_geometry"),
    "no coordinates": ({"type": "LineString"}, "broken_geometry"),
    "unknown type": ({"type": "Circle", "coordinates": [1, 2]}, "broken_geometry"),
    "not an object": ("LINESTRING", "broken_geometry"),
    "point": ({"type": "Point", "coordinates": [140.97, 42.31]}, "unsupported_type"),
    "points": ({"type": "MultiPoint", "coordinates": [[140.97, 42.31]]}, "unsupported_type"),
    "mixed": (
        {
            "type": "GeometryCollection",
            "geometries": [ROAD, {"type": "Polygon", "coordinates": [BOW_TIE]}],
        },
        "unsupported_type",
    ),
    "collections in a collection": (
        {
            "type": "GeometryCollection",
            "geometries": [{"type": "GeometryCollection", "geometries": []}],
        },
        "broken_geometry",
    ),
    "not a number": (line([float("nan"), 42.31], [140.98, 42.32]), "not_finite"),
    "infinite": (line([float("inf"), 42.31], [140.98, 42.32]), "not_finite"),
    "no length": (line([140.97, 42.31], [140.97, 42.31]), "zero_length"),
    "flat polygon": (
        {"type": "Polygon", "coordinates": [[[141, 42], [141, 43], [141, 42], [141, 42]]]},
        "zero_length",
    ),
    "off the earth": (line([500, 42.31], [140.98, 42.32]), "outside"),
    "far away": (line([139.7, 35.6], [139.8, 35.7]), "outside"),
}


@pytest.mark.parametrize("case", GEOMETRIES)
def test_a_useless_geometry_refuses_the_row(read: Any, case: str) -> None:
    geometry, code = GEOMETRIES[case]
    good, bad = read(named(ROAD), named(geometry), boundary=corpus.boundary()).rows
    assert good.findings == ()
    assert [f.code for f in bad.findings] == [code]
    assert bad.refused
    assert bad.offered is None


def test_huge_numbers_of_json_are_not_finite(tmp_path: Path) -> None:
    text = '{"type":"LineString","coordinates":[[1e999,1],[2,3]]}'
    path = tmp_path / "a.geojson"
    path.write_text(text)
    (row,) = read_areas(path, "a.geojson").rows
    assert "not_finite" in {f.code for f in row.findings}


def test_a_self_crossing_polygon_is_offered_repaired(read: Any) -> None:
    (row,) = read(named({"type": "Polygon", "coordinates": [BOW_TIE]})).rows
    assert row.repairable
    assert [f.code for f in row.findings] == ["self_crossing"]
    assert row.geometry is not None
    assert not row.geometry.is_valid
    assert row.offered is not None
    assert row.offered.is_valid
    assert row.offered.geom_type in ("Polygon", "MultiPolygon")
    assert row.offered.area > 0


def test_a_line_may_cross_itself(read: Any) -> None:
    (row,) = read(
        named(line([140.97, 42.31], [140.98, 42.32], [140.98, 42.31], [140.97, 42.32]))
    ).rows
    assert row.findings == ()


def test_swapped_degrees_are_offered_the_right_way(read: Any) -> None:
    swapped = line([42.31, 140.97], [42.32, 140.98])
    good, bad = read(named(ROAD), named(swapped), boundary=corpus.boundary()).rows
    assert [f.code for f in bad.findings] == ["swapped_lonlat", "duplicate_geometry"][:1]
    assert bad.repairable
    assert bad.offered is not None
    assert bad.offered.equals(good.geometry)


def test_swap_axes_forces_the_order(read: Any) -> None:
    result = read(named(line([42.31, 140.97], [42.32, 140.98])), swap_axes=True)
    assert result.axes_swapped == "asked"
    assert result.rows[0].findings == ()
    assert result.rows[0].geometry.coords[0] == (140.97, 42.31)


def test_label_points_beside_a_shape_are_dropped_on_request(read: Any) -> None:
    both = {
        "type": "GeometryCollection",
        "geometries": [{"type": "Point", "coordinates": [140.97, 42.31]}, ROAD],
    }
    (row,) = read(named(both)).rows
    assert [f.code for f in row.findings] == ["points_dropped"]
    assert row.offered.geom_type == "LineString"


def test_heights_are_dropped(read: Any) -> None:
    (row,) = read(named(line([140.97, 42.31, 12.5], [140.98, 42.32, 13]))).rows
    assert not row.geometry.has_z


def test_margin_around_the_city_is_in_metres(read: Any) -> None:
    edge = corpus.boundary().bounds[2]
    near = line([edge + 0.001, 42.31], [edge + 0.002, 42.31])  # 80 to 165 m off
    across = line([edge - 0.01, 42.31], [edge + 0.01, 42.31])
    found = [
        [
            f.code
            for row in read(named(shape), boundary=corpus.boundary(), margin_m=m).rows
            for f in row.findings
        ]
        for shape, m in ((near, 200), (near, 20), (across, 200), (across, 900))
    ]
    assert found == [[], ["outside"], ["partly_outside"], []]


def test_words_are_read_in_any_width_and_language(read: Any) -> None:
    rows = [
        named(ROAD, "a", kind="ＣＩＴＹ＿ＲＯＡＤ", manager="ＣＩＴＹ"),
        named(ROAD, "b", kind="公園･緑地", manager="室蘭市"),
        named(ROAD, "c", kind=" 緑地 ", manager="北海道"),
        named(ROAD, "d", kind="海岸", manager="港湾"),
    ]
    result = read(*rows)
    assert [r.kind for r in result.rows] == ["city_road", "park", "park", "beach"]
    assert [r.manager for r in result.rows] == ["city", "city", "prefecture", "port"]


def test_labels_read_back_to_their_codes() -> None:
    assert {label: read_kind(label) for label in KIND_LABELS.values()} == {
        label: code for code, label in KIND_LABELS.items()
    }
    assert {label: read_manager(label) for label in MANAGER_LABELS.values()} == {
        label: code for code, label in MANAGER_LABELS.items()
    }


def test_unknown_words_are_told_and_can_be_mapped(read: Any) -> None:
    feature = named(ROAD, kind="遊歩道", manager="")
    (row,) = read(feature).rows
    assert {f.code: f.detail["value"] for f in row.findings} == {
        "unknown_kind": "遊歩道",
        "unknown_manager": "",
    }
    (row,) = read(
        feature, value_map={"kind": {"遊歩道": "park"}}, defaults={"manager": "city"}
    ).rows
    assert (row.kind, row.manager, row.findings) == ("park", "city", ())


def test_columns_can_be_chosen_by_hand(read: Any) -> None:
    feature = named(ROAD, "wrong", memo="右")
    assert read(feature, field_map={"name": "memo"}).rows[0].name == "右"
    (row,) = read(feature, field_map={"name": ""}).rows
    assert "missing_name" in {f.code for f in row.findings}


def test_numbers_as_codes_and_feature_ids(read: Any) -> None:
    first = named(ROAD, code=12.0)
    second = named(line([141, 42.3], [141, 42.4])) | {"id": 7}
    rows = read(first, second).rows
    assert rows[0].code == "12"
    ids = read(second).rows
    assert ids[0].code == "7"


@pytest.mark.parametrize(
    ("name", "kept", "codes"),
    [
        ("見本\u0000\u0007橋", "見本 橋", ["control_characters"]),
        ("見本\u202e橋", "見本 橋", ["control_characters"]),
        ("見本\r\n橋", "見本 橋", []),
        ("=HYPERLINK(1)", "=HYPERLINK(1)", ["formula_text"]),
        ("@x", "@x", ["formula_text"]),
        ("\ud800", "?", ["unreadable_text"]),
        ("か\u3099っこう公園", "がっこう公園", []),
        ("神\ufa19髙﨑𠮷", "神\ufa19髙﨑𠮷", []),
        ("   ", "", ["missing_name"]),
    ],
)
def test_odd_names(tmp_path: Path, name: str, kept: str, codes: list[str]) -> None:
    import json

    path = tmp_path / "a.geojson"
    path.write_text(json.dumps(collection([named(ROAD, name)])))  # escapes lone surrogates
    (row,) = read_areas(path, "a.geojson").rows
    assert row.name == kept
    assert [f.code for f in row.findings] == codes


def test_a_gigantic_text_refuses_its_row_and_is_not_carried_along(read: Any) -> None:
    (row,) = read(named(ROAD, "見" * 1_000_000)).rows
    assert row.refused
    assert len(row.name) == 200


def test_kana_become_full_width_katakana(read: Any) -> None:
    rows = read(named(ROAD, "a", kana="ﾐﾎﾝ ﾎﾟﾌﾟﾗ"), named(ROAD, "b", kana="みほん")).rows
    assert [r.name_kana for r in rows] == ["ミホン ポプラ", "ミホン"]


def test_duplicates_point_at_the_first_row(read: Any) -> None:
    back = line(*reversed(ROAD["coordinates"]))
    rows = read(named(ROAD, code="A"), named(back, code="A"), named(ROAD, code="B")).rows
    assert rows[0].findings == ()
    assert [(f.code, f.detail["first_row"]) for f in rows[1].findings] == [
        ("duplicate_code", 1),
        ("duplicate_geometry", 1),
    ]
    assert rows[1].refused
    assert not rows[2].refused


def test_vertex_limits(read: Any) -> None:
    long = line(*[[140 + n / 1000, 42] for n in range(50)])
    (row,) = read(named(long), limits=Limits(max_vertices_per_feature=49)).rows
    assert [f.code for f in row.findings] == ["too_many_vertices"]
    with pytest.raises(FileError) as caught:
        read(named(long), named(long), limits=Limits(max_vertices_total=99))
    assert caught.value.code == "too_many_vertices"


def test_every_finding_and_error_has_a_known_code() -> None:
    import re

    sources = "".join(p.read_text() for p in Path("geo/files").glob("*.py"))
    used = set(re.findall(r'\bfinding\(\s*"(\w+)"', sources))
    assert used <= set(FINDING_SEVERITY)
    assert set(FINDING_SEVERITY) - used == {"unknown_kind", "unknown_manager"}
    assert set(re.findall(r'FileError\(\s*"(\w+)"', sources)) <= FILE_ERROR_CODES


def test_unknown_srid_is_refused(read: Any) -> None:
    for srid in (999999, 5773):  # no such number; a height
        with pytest.raises(FileError) as caught:
            read(named(ROAD), srid=srid)
        assert caught.value.code == "unknown_crs"


def test_shapely_rounding_keeps_seven_decimals(read: Any) -> None:
    (row,) = read(named(line([140.97123456789, 42.31], [140.98, 42.32]))).rows
    assert shapely.get_coordinates(row.geometry)[0].tolist() == [140.9712346, 42.31]
