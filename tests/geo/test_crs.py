"""Coordinate systems: codes, order of axes, and numbers that come back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS
from shapely import LineString, Point

from geo import crs

ROMAN = "I II III IV V VI VII VIII IX X XI XII XIII XIV XV XVI XVII XVIII XIX"
NEAR_MURORAN = st.tuples(st.floats(140.7, 141.3), st.floats(42.2, 42.6))


@pytest.mark.parametrize("zone", crs.PLANE_ZONES)
def test_zone_codes_are_what_they_say(zone: int) -> None:
    roman = ROMAN.split()[zone - 1]
    for table in (crs.JGD2011_PLANE, crs.JGD2000_PLANE):
        name = CRS.from_epsg(table[zone]).name
        assert name.endswith(f"CS {roman}"), name
        assert crs.plane_zone_from_srid(table[zone]) == zone


def test_muroran_is_zone_twelve() -> None:
    assert crs.MURORAN_PLANE == 6680
    assert crs.is_plane(6680)
    assert not crs.is_plane(crs.WGS84)
    assert crs.plane_zone_from_srid(crs.WGS84) is None


def test_the_zone_origin_is_zero_zero_and_east_comes_first() -> None:
    assert crs.project_point(142.25, 44.0, crs.WGS84, 6680) == pytest.approx((0, 0), abs=1e-3)
    east, north = crs.project_point(140.9736, 42.3176, crs.WGS84, 6680)
    assert -106_000 < east < -104_000
    assert -188_000 < north < -185_000


def test_official_pairs_are_north_first() -> None:
    assert crs.official_order_is_north_first(6680)
    assert not crs.official_order_is_north_first(crs.WEB_MERCATOR)
    east, north = crs.plane_from_official(northing=-186_000.0, easting=-105_000.0)
    assert (east, north) == (-105_000.0, -186_000.0)
    lon, lat = crs.project_point(east, north, 6680, crs.WGS84)
    assert (lon, lat) == pytest.approx((140.974, 42.32), abs=0.02)
    assert crs.swap_axes([(1.0, 2.0)]) == [(2.0, 1.0)]


@given(NEAR_MURORAN)
def test_there_and_back(point: tuple[float, float]) -> None:
    plane = crs.project_point(*point, crs.WGS84, crs.MURORAN_PLANE)
    back = crs.project_point(*plane, crs.MURORAN_PLANE, crs.WGS84)
    assert back == pytest.approx(point, abs=1e-8)


def test_shapes_keep_their_type_and_order() -> None:
    line = LineString([(140.97, 42.31), (140.98, 42.31)])
    plane = crs.project(line, crs.WGS84, crs.MURORAN_PLANE)
    assert plane.geom_type == "LineString"
    assert plane.length == pytest.approx(824.5, abs=1)
    assert plane.coords[0][0] < plane.coords[1][0]
    point = Point(1, 2)
    assert crs.project(point, crs.WGS84, crs.WGS84) is point


def test_unknown_srid_is_refused() -> None:
    with pytest.raises(ValueError, match="27700"):
        crs.transformer(27700, crs.WGS84)


def test_transformers_are_cached() -> None:
    assert crs.transformer(4326, 6680) is crs.transformer(4326, 6680)
