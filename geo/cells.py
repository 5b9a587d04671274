"""Square cells of the city's plane: as exactly as we may know where somebody lives.

A home is kept as the middle of its cell. Who lives within 250 m east or west, north or south of
it cannot be told apart, and the exact position is gone before anything is stored.
"""

from __future__ import annotations

from math import floor, isfinite
from typing import Final

from geo.crs import WGS84, is_plane, project_point

CELL_M: Final = 500
_DECIMALS: Final = 5  # about 1 m: the same cell always gives the very same numbers


def cell_middle(
    lon: float, lat: float, plane_srid: int, size_m: int = CELL_M
) -> tuple[float, float]:
    """The middle (lon, lat in degrees, WGS84) of the cell of ``size_m`` that a point lies in.

    Cells are counted in metres from the origin of the plane system ``plane_srid``. Raises
    ValueError for another kind of system, and for a point that has no image in it.
    """
    if not is_plane(plane_srid) or size_m < 1:
        raise ValueError("cells are squares of a plane system")
    east, north = project_point(lon, lat, WGS84, plane_srid)
    if not (isfinite(east) and isfinite(north)):
        raise ValueError("the point lies outside of the plane system")
    middle = (_middle(east, size_m), _middle(north, size_m))
    found_lon, found_lat = project_point(*middle, plane_srid, WGS84)
    return round(found_lon, _DECIMALS), round(found_lat, _DECIMALS)


def _middle(metres: float, size_m: int) -> float:
    return (floor(metres / size_m) + 0.5) * size_m
