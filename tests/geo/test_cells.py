"""Homes are kept as the middle of a cell of 500 m."""

from itertools import product
from math import hypot

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.cells import CELL_M, cell_middle
from geo.crs import MURORAN_PLANE, WGS84, project_point
from geo.distance import haversine_m

BOKOI = (140.9890, 42.3169)
LONS, LATS = st.floats(140.8, 141.1), st.floats(42.2, 42.5)


def plane(lon: float, lat: float) -> tuple[float, float]:
    return project_point(lon, lat, WGS84, MURORAN_PLANE)


@given(LONS, LATS)
def test_the_middle_is_near_and_in_the_middle(lon: float, lat: float) -> None:
    middle = cell_middle(lon, lat, MURORAN_PLANE)
    assert haversine_m(lon, lat, *middle) <= CELL_M / 2 * 2**0.5 * 1.01
    for metres in plane(*middle):
        assert metres % CELL_M == pytest.approx(CELL_M / 2, abs=1.5)


@given(LONS, LATS)
def test_snapping_twice_changes_nothing(lon: float, lat: float) -> None:
    middle = cell_middle(lon, lat, MURORAN_PLANE)
    assert cell_middle(*middle, MURORAN_PLANE) == middle


def test_all_of_a_cell_is_one_point_and_the_next_cell_another() -> None:
    east, north = plane(*cell_middle(*BOKOI, MURORAN_PLANE))
    steps = (-240, -1, 0, 3, 240)
    inside = {
        cell_middle(*project_point(east + dx, north + dy, MURORAN_PLANE, WGS84), MURORAN_PLANE)
        for dx, dy in product(steps, steps)
    }
    assert len(inside) == 1
    beside = project_point(east + 260, north, MURORAN_PLANE, WGS84)
    moved = plane(*cell_middle(*beside, MURORAN_PLANE))
    assert hypot(moved[0] - east, moved[1] - north) == pytest.approx(CELL_M, abs=3)


@pytest.mark.parametrize("srid", [4326, 3857, 1])
def test_only_planes_have_cells(srid: int) -> None:
    with pytest.raises(ValueError):
        cell_middle(*BOKOI, srid)


@pytest.mark.parametrize(
    "point", [(float("nan"), 42.3), (float("inf"), 42.3), (140.9, float("-inf"))]
)
def test_a_point_that_is_nowhere_is_refused(point: tuple[float, float]) -> None:
    with pytest.raises(ValueError):
        cell_middle(*point, MURORAN_PLANE)
