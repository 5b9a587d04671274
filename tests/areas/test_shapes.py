"""Shapes that staff paste: every fault has its sentence, two can be mended on request."""

import json

import pytest

from geo.shapes import MAX_VERTICES, SHAPE_CODES
from server.areas.forms import month_day
from server.areas.shapes import MESSAGES, read_shape
from server.errors import Invalid

LINE = [[140.98, 42.31], [140.99, 42.32]]
BOW_TIE = "POLYGON((140.97 42.31, 140.98 42.32, 140.98 42.31, 140.97 42.32, 140.97 42.31))"


def geojson(kind: str, coordinates: object) -> str:
    return json.dumps({"type": kind, "coordinates": coordinates})


@pytest.mark.parametrize(
    "text",
    [
        geojson("LineString", LINE),
        "LINESTRING(140.98 42.31, 140.99 42.32)",
        "  SRID=4326;linestring z(140.98 42.31 5, 140.99 42.32 6)",
        json.dumps({"type": "Feature", "geometry": {"type": "LineString", "coordinates": LINE}}),
        json.dumps(
            {
                "type": "FeatureCollection",
                "features": [
                    {"type": "Feature", "geometry": {"type": "LineString", "coordinates": LINE}}
                ],
            }
        ),
    ],
)
def test_geojson_and_wkt_are_understood(text: str) -> None:
    assert read_shape(text).wkt == "LINESTRING (140.98 42.31, 140.99 42.32)"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("これは形ではない", "not_json"),
        ("{", "not_json"),
        ("{}", "not_geometry"),
        ('{"type": "FeatureCollection", "features": []}', "not_geometry"),
        ('{"type": "Feature", "geometry": null}', "not_geometry"),
        ("POINT(140.98 42.31)", "type_not_allowed"),
        ("LINESTRING EMPTY", "empty"),
        (geojson("LineString", []), "empty"),
        (geojson("LineString", [[140.98, 42.31]]), "too_few_points"),
        (geojson("LineString", [["a", "b"], [1, 2]]), "bad_coordinates"),
        (geojson("LineString", [[140.98, 42.31]] * (MAX_VERTICES + 1)), "too_many_vertices"),
        (geojson("LineString", [[500, 1], [501, 1]]), "out_of_range"),
        (geojson("LineString", [p[::-1] for p in LINE]), "swapped"),
        (BOW_TIE, "self_crossing"),
        ("{" * 100_000, "not_json"),
        ("GEOMETRYCOLLECTION(" * 50_000, "not_json"),
        ("x" * 1_000_001, "too_large"),
    ],
)
def test_each_fault_has_its_sentence(text: str, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_shape(text)
    assert caught.value.field == "geometry"
    assert caught.value.detail["code"] == code
    assert "%(" not in caught.value.message


def test_every_code_has_words() -> None:
    assert set(MESSAGES) == set(SHAPE_CODES) - {"bad_bbox"}


def test_repair_and_swap_only_when_asked() -> None:
    mended = read_shape(BOW_TIE, repair=True)
    assert mended.is_valid
    assert mended.geom_type == "MultiPolygon"
    turned = read_shape(geojson("LineString", [p[::-1] for p in LINE]), swap=True)
    assert turned.wkt == "LINESTRING (140.98 42.31, 140.99 42.32)"
    assert (
        read_shape(geojson("LineString", LINE), repair=True).wkt
        == read_shape(geojson("LineString", LINE)).wkt
    )


@pytest.mark.parametrize(
    ("typed", "stored"),
    [("5/15", "05-15"), ("５月１５日", "05-15"), ("05-15", "05-15"), ("", ""), ("夏", "夏")],
)
def test_month_day(typed: str, stored: str) -> None:
    assert month_day(typed) == stored


@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize(
    "text",
    [
        '{"type":"Polygon","coordinates":' + "[" * 700 + "]" * 700 + "}",
        "LINESTRING(1e999 1, 2 2)",
        '{"type":"LineString","coordinates":[[1e999,0],[0,0]]}',
    ],
)
def test_bottomless_and_endless_shapes_are_refused(text: str, swap: bool) -> None:
    with pytest.raises(Invalid):
        read_shape(text, swap=swap)
