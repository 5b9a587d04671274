"""Shapes from outside: what is taken, what is refused and why, what is mended."""

import json
from typing import Any

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, MultiPolygon, Point, Polygon
from shapely.geometry import mapping, shape

from geo import shapes
from geo.shapes import Bounds, ShapeError

LINE = {"type": "LineString", "coordinates": [[140.97, 42.31], [140.98, 42.32]]}
SQUARE = {
    "type": "Polygon",
    "coordinates": [[[140, 42], [140.01, 42], [140.01, 42.01], [140, 42.01], [140, 42]]],
}
BOW_TIE = Polygon([(0, 0), (1, 1), (1, 0), (0, 1), (0, 0)])
PAIRS = st.tuples(st.floats(-179, 179), st.floats(-89, 89))


def code_of(source: Any, **limits: Any) -> str:
    with pytest.raises(ShapeError) as caught:
        shapes.parse_geometry(source, **limits)
    assert caught.value.code in shapes.SHAPE_CODES
    return caught.value.code


@pytest.mark.parametrize("source", [LINE, json.dumps(LINE), json.dumps(LINE).encode()])
def test_a_line_is_read(source: Any) -> None:
    line = shapes.parse_geometry(source)
    assert list(line.coords) == [(140.97, 42.31), (140.98, 42.32)]


def test_heights_go_and_decimals_are_seven() -> None:
    high = {"type": "Point", "coordinates": [140.123456789, 42.987654321, 12]}
    point = shapes.parse_geometry(high, allowed=shapes.POINT_TYPES)
    assert not point.has_z
    assert point.coords[0] == (140.1234568, 42.9876543)


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("", "not_json"),
        ("[" * 100_000, "not_json"),
        ("[]", "not_geometry"),
        ('{"type": ["Point"]}', "not_geometry"),
        ('{"type": "Feature", "geometry": null}', "not_geometry"),
        ('{"type": "Point", "coordinates": [1, 2]}', "type_not_allowed"),
        ('{"type": "LineString"}', "bad_coordinates"),
        ('{"type": "LineString", "coordinates": []}', "empty"),
        ('{"type": "LineString", "coordinates": [[1, 2], [NaN, 2]]}', "bad_coordinates"),
        ('{"type": "LineString", "coordinates": [[1, 2], [Infinity, 2]]}', "bad_coordinates"),
        ('{"type": "LineString", "coordinates": [[1, 2], [true, 2]]}', "bad_coordinates"),
        ('{"type": "LineString", "coordinates": [[1, 2], ["3", 2]]}', "bad_coordinates"),
        ('{"type": "LineString", "coordinates": [[1, 2], [3]]}', "bad_coordinates"),
        ('{"type": "LineString", "coordinates": [[1, 2], [3, 4, 5, 6]]}', "bad_coordinates"),
        ('{"type": "LineString", "coordinates": [[1, 2], [1e400, 2]]}', "bad_coordinates"),
        (
            '{"type": "LineString", "coordinates": [[1, 2], [1' + "0" * 400 + ", 2]]}",
            "bad_coordinates",
        ),
        ('{"type": "LineString", "coordinates": [[1, 2], [1, 2]]}', "too_few_points"),
        ('{"type": "LineString", "coordinates": [[42, 140], [43, 141]]}', "swapped"),
        ('{"type": "LineString", "coordinates": [[1, 2], [200, 2]]}', "out_of_range"),
        ('{"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [0, 0]]]}', "too_few_points"),
        (
            '{"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1]]]}',
            "ring_not_closed",
        ),
        (
            '{"type": "MultiPolygon", "coordinates": [[], [[[0, 0], [1, 0], [1, 1], [0, 0]]]]}',
            "empty",
        ),
    ],
)
def test_what_is_refused(source: str, code: str) -> None:
    assert code_of(source) == code


def test_limits() -> None:
    many = {"type": "LineString", "coordinates": [[n / 1000, 1] for n in range(11)]}
    assert code_of(many, max_vertices=10) == "too_many_vertices"
    assert shapes.parse_geometry(many, max_vertices=11).geom_type == "LineString"
    assert code_of(json.dumps(LINE), max_bytes=20) == "too_large"


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists, max_leaves=20))
def test_any_coordinates_give_a_shape_or_a_shape_error(coordinates: Any) -> None:
    for kind in shapes.AREA_TYPES:
        try:
            found = shapes.parse_geometry({"type": kind, "coordinates": coordinates})
        except ShapeError:
            continue
        assert found.geom_type == kind


@given(st.lists(PAIRS, min_size=2, max_size=12, unique_by=lambda p: (round(p[0]), round(p[1]))))
def test_what_we_write_we_read(pairs: list[tuple[float, float]]) -> None:
    try:
        line = shapes.parse_geometry(mapping(LineString(pairs)))
    except ShapeError as error:
        assert error.code == "swapped"
        return
    again = shapes.parse_geometry(json.dumps(mapping(line)))
    assert again.equals_exact(line, 0)


def test_faults_have_codes() -> None:
    hole_outside = Polygon([(0, 0), (1, 0), (1, 1), (0, 1)], [[(5, 5), (6, 5), (6, 6), (5, 5)]])
    box = shapely.box(0, 0, 4, 4)
    assert shapes.fault(shape(SQUARE)) is None
    assert shapes.fault(BOW_TIE) == "self_crossing"
    assert shapes.fault(hole_outside) == "hole_outside"
    assert shapes.fault(MultiPolygon([box, shapely.box(1, 1, 2, 2)])) == "nested_parts"
    assert shapes.fault(Polygon()) == "empty"
    assert shapes.fault(LineString([(0, 0), (2, 2), (2, 0), (0, 2)])) is None


@given(st.lists(PAIRS, min_size=3, max_size=9, unique=True))
def test_repair_gives_a_valid_area_or_says_it_cannot(ring: list[tuple[float, float]]) -> None:
    polygon = Polygon(ring)
    try:
        mended = shapes.clean(polygon)
    except ShapeError as error:
        assert error.code == "not_repairable"
        return
    assert mended.geom_type in ("Polygon", "MultiPolygon")
    assert mended.is_valid


def test_a_bow_tie_becomes_two_triangles() -> None:
    mended = shapes.repair(BOW_TIE)
    assert mended.geom_type == "MultiPolygon"
    assert mended.area == pytest.approx(0.5)


def test_a_flat_polygon_is_not_an_area() -> None:
    with pytest.raises(ShapeError) as caught:
        shapes.repair(Polygon([(0, 0), (1, 0), (2, 0), (0, 0)]))
    assert caught.value.code == "not_repairable"


def test_swapped_axes_are_noticed() -> None:
    good = shape(LINE)
    assert not shapes.looks_swapped(good)
    assert shapes.looks_swapped(shapes.swapped(good))
    assert shapes.swapped(shapes.swapped(good)).equals_exact(good, 0)
    assert not shapes.looks_swapped(Point(0, 0))


def test_length_and_area_are_in_metres() -> None:
    line = LineString([(140.97, 42.31), (140.98, 42.31)])
    square = shape(SQUARE)
    assert shapes.length_m(line) == pytest.approx(824.5, abs=1)
    assert shapes.area_m2(line) == 0
    assert shapes.length_m(square) == 0
    assert shapes.area_m2(square) == pytest.approx(920_000, rel=0.01)


def test_bounds() -> None:
    assert shapes.bounds(shape(LINE)) == Bounds(140.97, 42.31, 140.98, 42.32)
    with pytest.raises(ShapeError):
        shapes.bounds(LineString())


@pytest.mark.parametrize(
    "text", ["", "1,2,3", "1,2,3,x", "1,2,3,nan", "3,2,1,4", "1,4,2,3", "-181,0,1,1", "0,0,1,91"]
)
def test_bad_boxes(text: str) -> None:
    with pytest.raises(ShapeError) as caught:
        shapes.parse_bbox(text)
    assert caught.value.code == "bad_bbox"


def test_a_good_box() -> None:
    assert shapes.parse_bbox("140.9,42.3, 141.0,42.4") == Bounds(140.9, 42.3, 141.0, 42.4)
