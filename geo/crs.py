"""Coordinate systems: the only place where SRID numbers are written.

Inside machipika every coordinate is (x, y) = (lon, lat) or (east, north). The official
order of the Japanese plane system (平面直角座標系) is the other way round: its X axis
points north. :func:`plane_from_official` is the one door for such numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, TypeVar

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from shapely.geometry.base import BaseGeometry

WGS84: Final = 4326
WEB_MERCATOR: Final = 3857
JGD2011: Final = 6668  # also the horizontal part of JGD2024: same code, same values
JGD2000: Final = 4612

PLANE_ZONES: Final = range(1, 20)
JGD2011_PLANE: Final[dict[int, int]] = {zone: 6668 + zone for zone in PLANE_ZONES}
JGD2000_PLANE: Final[dict[int, int]] = {zone: 2442 + zone for zone in PLANE_ZONES}
MURORAN_ZONE: Final = 12
MURORAN_PLANE: Final = JGD2011_PLANE[MURORAN_ZONE]

GEOGRAPHIC_SRIDS: Final = frozenset({WGS84, JGD2011, JGD2000})
PLANE_SRIDS: Final = frozenset(JGD2011_PLANE.values()) | frozenset(JGD2000_PLANE.values())
KNOWN_SRIDS: Final = GEOGRAPHIC_SRIDS | PLANE_SRIDS | {WEB_MERCATOR}

G = TypeVar("G", bound=BaseGeometry)


def is_plane(srid: int) -> bool:
    """Whether the SRID is one of the Japanese plane zones, where units are metres."""
    return srid in PLANE_SRIDS


def official_order_is_north_first(srid: int) -> bool:
    """Whether survey tables in this system list the northing (official X) first.

    Geographic JGD files by the book are (lat, lon) too; Web Mercator is east first.
    """
    return srid in PLANE_SRIDS or srid in GEOGRAPHIC_SRIDS


@lru_cache(maxsize=64)
def transformer(source: int, target: int) -> Transformer:
    """A cached pyproj transformer; input and output are always (x east, y north).

    Raises ValueError for an SRID we have no business with.
    """
    for srid in (source, target):
        if srid not in KNOWN_SRIDS:
            raise ValueError(f"unknown SRID {srid}")
    return Transformer.from_crs(source, target, always_xy=True)


def project_point(x: float, y: float, source: int, target: int) -> tuple[float, float]:
    """Transform one (x, y); infinities come back where a point has no image."""
    east, north = transformer(source, target).transform(x, y)
    return float(east), float(north)


def project(geometry: G, source: int, target: int) -> G:
    """Transform a shape between two SRIDs (lon/lat or east/north order on both sides)."""
    if source == target:
        return geometry
    move = transformer(source, target)

    def _columns(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        x, y = move.transform(xy[:, 0], xy[:, 1])
        return np.column_stack([x, y])

    return shapely.transform(geometry, _columns)


def plane_from_official(northing: float, easting: float) -> tuple[float, float]:
    """Turn an official plane pair (X = north, Y = east) into our (east, north)."""
    return easting, northing


def plane_zone_from_srid(srid: int) -> int | None:
    """The zone number (系, 1–19) of a plane SRID, or None."""
    for table in (JGD2011_PLANE, JGD2000_PLANE):
        for zone, code in table.items():
            if code == srid:
                return zone
    return None


def swap_axes(pairs: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Exchange the two numbers of each pair (for tables in official order)."""
    return [(second, first) for first, second in pairs]
