"""Distances: right in metres, rounded as people say them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from geo.distance import haversine_m, spoken

LON = st.floats(-180, 180)
LAT = st.floats(-89, 89)


@given(LON, LAT, LON, LAT)
def test_haversine_agrees_with_the_ellipsoid(
    lon1: float, lat1: float, lon2: float, lat2: float
) -> None:
    truth_m = Geod(ellps="WGS84").inv(lon1, lat1, lon2, lat2)[2]
    assert haversine_m(lon1, lat1, lon2, lat2) == pytest.approx(truth_m, rel=0.006, abs=0.01)


def test_muroran_station_to_bokoi_station() -> None:
    assert haversine_m(140.9736, 42.3176, 140.9890, 42.3169) == pytest.approx(1269, abs=5)


@pytest.mark.parametrize(
    ("metres", "value", "unit", "decimals"),
    [
        (0, 10, "m", 0),
        (14.9, 10, "m", 0),
        (15, 20, "m", 0),
        (94.9, 90, "m", 0),
        (95, 100, "m", 0),
        (612, 600, "m", 0),
        (974, 950, "m", 0),
        (975, 1.0, "km", 1),
        (1_880, 1.9, "km", 1),
        (9_949, 9.9, "km", 1),
        (9_950, 10, "km", 0),
        (12_499, 12, "km", 0),
    ],
)
def test_rounding(metres: float, value: float, unit: str, decimals: int) -> None:
    said = spoken(metres)
    assert (said.value, said.unit, said.decimals) == (value, unit, decimals)


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_nearer_is_never_said_to_be_farther(one: float, two: float) -> None:
    near, far = sorted((one, two))
    metres = [s.value * (1000 if s.unit == "km" else 1) for s in (spoken(near), spoken(far))]
    assert metres[0] <= metres[1]


@pytest.mark.parametrize("bad", [-1, float("nan"), float("inf")])
def test_nonsense_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        spoken(bad)
