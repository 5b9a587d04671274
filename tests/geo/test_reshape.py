"""Splitting and merging shapes: nothing is lost, nothing overlaps, faults have codes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from geo import reshape, shapes
from geo.reshape import ReshapeError

STREET = LineString([(140.989, 42.317), (140.992, 42.3195), (140.999, 42.3245)])
PARK = Polygon([(140.971, 42.322), (140.973, 42.322), (140.973, 42.3236), (140.971, 42.3236)])
STROKE = LineString([(140.9915, 42.3198), (140.9925, 42.3192)])  # across the street's bend


def lengths(parts: tuple[BaseGeometry, ...]) -> list[float]:
    return [shapes.length_m(part) for part in parts]


def test_a_stroke_cuts_a_line_in_its_direction() -> None:
    first, second = reshape.split(STREET, STROKE)
    assert first.coords[0] == STREET.coords[0]
    assert second.coords[-1] == STREET.coords[-1]
    assert first.coords[-1] == second.coords[0]
    assert sum(lengths((first, second))) == pytest.approx(shapes.length_m(STREET), abs=0.05)


def test_a_stroke_that_ends_just_before_the_line_still_cuts() -> None:
    short = LineString([(140.9915, 42.3198), (140.99196, 42.31955)])
    assert len(reshape.split(STREET, short)) == 2


def test_points_cut_a_line_too() -> None:
    point = STREET.interpolate(0.4, normalized=True)
    assert len(reshape.split(STREET, Point(point.x + 0.0001, point.y))) == 2
    two = MultiPoint([STREET.interpolate(f, normalized=True) for f in (0.3, 0.6)])
    assert len(reshape.split(STREET, two)) == 3


def test_metres_from_the_beginning() -> None:
    parts = reshape.split_at(STREET, [300, 700])
    assert lengths(parts)[:2] == pytest.approx([300, 400], abs=0.1)
    for wrong in ([], [0], [-3], [100_000]):
        with pytest.raises(ReshapeError) as caught:
            reshape.split_at(STREET, wrong)
        assert caught.value.code == "off_the_line"


def test_metres_go_on_over_the_pieces_of_a_line() -> None:
    far = LineString([(141.0, 42.325), (141.01, 42.325)])
    two = MultiLineString([STREET, far])
    at = shapes.length_m(STREET) + 200
    first, second = reshape.split_at(two, [at])
    assert shapes.length_m(second) == pytest.approx(shapes.length_m(far) - 200, abs=0.2)
    assert shapes.length_m(first) == pytest.approx(at, abs=0.2)  # the street stays with its side


def test_a_line_cuts_a_park_and_no_surface_is_lost() -> None:
    cut = LineString([(140.972, 42.3219), (140.9722, 42.3237)])
    west, east = reshape.split(PARK, cut)
    assert west.centroid.x < east.centroid.x
    assert shapes.area_m2(west) + shapes.area_m2(east) == pytest.approx(
        shapes.area_m2(PARK), rel=1e-5
    )
    assert shapes.area_m2(west.intersection(east)) < 0.5


def test_a_cut_through_a_hole_makes_two() -> None:
    holed = Polygon(PARK.exterior, [box(140.9716, 42.3225, 140.9724, 42.3231).exterior])
    parts = reshape.split(holed, LineString([(140.970, 42.3228), (140.974, 42.3228)]))
    assert len(parts) == 2
    assert sum(map(shapes.area_m2, parts)) == pytest.approx(shapes.area_m2(holed), rel=1e-5)


def test_pieces_left_whole_stay_with_the_nearest_part() -> None:
    west, east = box(140.90, 42.32, 140.901, 42.321), box(140.98, 42.322, 140.981, 42.3226)
    many = MultiPolygon([PARK, west, east])
    parts = reshape.split(many, LineString([(140.972, 42.3219), (140.972, 42.3237)]))
    assert [part.geom_type for part in parts] == ["MultiPolygon", "MultiPolygon"]
    assert parts[0].contains(west.centroid) and parts[1].contains(east.centroid)


def test_a_loop_needs_two_cuts() -> None:
    loop = LineString(PARK.exterior.coords)
    with pytest.raises(ReshapeError, match="cut_misses"):
        reshape.split(loop, LineString([(140.9705, 42.3228), (140.9715, 42.3228)]))
    halves = reshape.split(loop, LineString([(140.9705, 42.3228), (140.9735, 42.3228)]))
    assert len(halves) == 2
    assert sum(lengths(halves)) == pytest.approx(shapes.length_m(loop), abs=0.1)


def test_a_road_that_crosses_itself_is_cut_once() -> None:
    eight = LineString([(140.98, 42.32), (140.99, 42.33), (140.99, 42.32), (140.98, 42.33)])
    parts = reshape.split(eight, LineString([(140.989, 42.322), (140.991, 42.322)]))
    assert len(parts) == 2


@pytest.mark.parametrize(
    ("shape", "cut", "code"),
    [
        (STREET, LineString([(140.9, 42.3), (140.91, 42.3)]), "cut_misses"),
        (STREET, Point(140.9, 42.3), "cut_misses"),
        (STREET, STREET, "cut_along"),
        (STREET, PARK, "not_a_cut"),
        (PARK, LineString([(140.9, 42.3), (140.91, 42.3)]), "cut_misses"),
        (PARK, LineString([(140.9715, 42.3225), (140.972, 42.323)]), "cut_misses"),
        (PARK, Point(140.972, 42.3225), "not_a_cut"),
        (PARK, LineString([(140.97101, 42.3219), (140.970995, 42.32215)]), "too_small"),
    ],
)
def test_what_is_no_split(shape: BaseGeometry, cut: BaseGeometry, code: str) -> None:
    with pytest.raises(ReshapeError) as caught:
        reshape.split(shape, cut)
    assert caught.value.code == code


def test_too_many_parts() -> None:
    comb = MultiLineString(
        [[(140.9712 + n * 0.00014, 42.3215), (140.9712 + n * 0.00014, 42.3240)] for n in range(12)]
    )
    with pytest.raises(ReshapeError, match="too_many"):
        reshape.split(PARK, comb)


@settings(max_examples=60)
@given(st.floats(0.02, 0.98), st.floats(0.02, 0.98))
def test_any_straight_cut_loses_nothing(south: float, north: float) -> None:
    cut = LineString([(140.971 + 0.002 * south, 42.3218), (140.971 + 0.002 * north, 42.3238)])
    parts = reshape.split(PARK, cut)
    assert len(parts) == 2
    assert sum(map(shapes.area_m2, parts)) == pytest.approx(shapes.area_m2(PARK), rel=1e-4)
    assert all(shapes.fault(part) is None for part in parts)


def test_the_cut_for_a_drawn_part() -> None:
    middle = LineString([(140.991, 42.3187), (140.992, 42.3195), (140.995, 42.3216)])
    parts = reshape.split(STREET, reshape.cut_for_part(STREET, middle))
    assert len(parts) == 3
    assert lengths(parts)[1] == pytest.approx(shapes.length_m(middle), rel=0.05)
    corner = box(140.9700, 42.3210, 140.9720, 42.3230)
    assert len(reshape.split(PARK, reshape.cut_for_part(PARK, corner))) == 2
    beginning = LineString([STREET.coords[0], STREET.coords[1]])
    assert len(reshape.split(STREET, reshape.cut_for_part(STREET, beginning))) == 2


def test_merging_what_was_split_gives_it_back() -> None:
    parts = reshape.split(STREET, STROKE)
    back = reshape.merge(parts[::-1])
    assert back.touching
    assert back.shape.geom_type == "LineString"
    assert shapes.length_m(back.shape) == pytest.approx(shapes.length_m(STREET), abs=0.05)
    halves = reshape.split(PARK, LineString([(140.972, 42.3219), (140.972, 42.3237)]))
    whole = reshape.merge(halves)
    assert whole.shape.geom_type == "Polygon"
    assert shapes.area_m2(whole.shape) == pytest.approx(shapes.area_m2(PARK), rel=1e-5)


def test_a_small_gap_is_told_and_a_wide_one_refused() -> None:
    beside = box(140.9733, 42.322, 140.975, 42.3236)  # about 25 m to the east
    merged = reshape.merge([PARK, beside])
    assert not merged.touching
    assert 20 < merged.gap_m < 30
    assert merged.shape.geom_type == "MultiPolygon"
    with pytest.raises(ReshapeError) as caught:
        reshape.merge([PARK, box(140.98, 42.322, 140.981, 42.323)])
    assert caught.value.code == "too_far"
    assert 500 < caught.value.detail["gap_m"] < 700


def test_a_chain_holds_together() -> None:
    row = [box(140.970 + n * 0.0012, 42.32, 140.971 + n * 0.0012, 42.321) for n in range(4)]
    assert reshape.merge([row[0], row[3], row[1], row[2]]).gap_m < 20


def test_a_shared_stretch_counts_once() -> None:
    longer = LineString([*STREET.coords, (141.003, 42.327)])
    merged = reshape.merge([STREET, longer])
    assert shapes.length_m(merged.shape) == pytest.approx(shapes.length_m(longer), abs=0.1)


@pytest.mark.parametrize(
    ("found", "code"), [([STREET], "too_few"), ([STREET, PARK], "mixed"), ([PARK] * 11, "too_many")]
)
def test_what_is_no_merge(found: list[BaseGeometry], code: str) -> None:
    with pytest.raises(ReshapeError) as caught:
        reshape.merge(found)
    assert caught.value.code == code


def test_the_sketch_keeps_inside_its_box() -> None:
    for stroke in reshape.sketch(reshape.split(STREET, STROKE), 640, 360):
        assert 0 < stroke.x < 640 and 0 < stroke.y < 360
        assert stroke.path.startswith("M") and not stroke.surface
    assert reshape.sketch([PARK])[0].path.endswith("Z")


def test_the_fingerprint_knows_the_shapes() -> None:
    parts = reshape.split(STREET, STROKE)
    assert reshape.fingerprint(parts) == reshape.fingerprint(list(parts))
    assert reshape.fingerprint(parts) != reshape.fingerprint(parts[::-1])
