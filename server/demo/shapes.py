"""Shapes of the demo: the drawn areas, their copies elsewhere in the city, and parts of them."""

import json
import math
import random
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import shapely
from shapely import affinity
from shapely.geometry import LineString, MultiLineString, MultiPolygon, Point, Polygon, box, shape
from shapely.geometry.base import BaseGeometry
from shapely.ops import substring

from geo.crs import MURORAN_PLANE, WGS84, project

DATA: Final = Path(__file__).parent / "data"
DECIMALS: Final = 6
TRIES: Final = 30


@lru_cache(maxsize=1)
def drawn_areas() -> tuple[tuple[dict[str, str], BaseGeometry], ...]:
    """The hand-drawn areas: properties and lon/lat shape, in the order of their codes."""
    features = _read("areas.geojson")["features"]
    return tuple((f["properties"], shape(f["geometry"])) for f in features)


@lru_cache(maxsize=1)
def boundary() -> MultiPolygon:
    """The rough outline of the city with about 1 km of shore (lon/lat)."""
    outline = shape(_read("boundary.geojson")["geometry"])
    if not isinstance(outline, MultiPolygon):
        raise TypeError("the boundary must be a MultiPolygon")
    return outline


def _read(name: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((DATA / name).read_text(encoding="utf-8"))
    return data


@lru_cache(maxsize=1)
def _plane_boundary() -> BaseGeometry:
    outline = project(boundary(), WGS84, MURORAN_PLANE)
    shapely.prepare(outline)
    return outline


@lru_cache(maxsize=128)
def _plane_area(index: int) -> BaseGeometry:
    return project(drawn_areas()[index][1], WGS84, MURORAN_PLANE)


def rounded(geometry: BaseGeometry) -> BaseGeometry:
    """The shape with six decimals (about 0.1 m), as everything the project hands out."""
    moved: BaseGeometry = shapely.transform(geometry, lambda xy: np.round(xy, DECIMALS))
    return moved


def copied(index: int, rng: random.Random) -> BaseGeometry:
    """The drawn area ``index`` turned and moved to a random place inside the city (lon/lat)."""
    original = _plane_area(index)
    outline = _plane_boundary()
    west, south, east, north = outline.bounds
    centre = original.centroid
    for _ in range(TRIES):
        turned = affinity.rotate(original, rng.uniform(0, 360), origin=centre)
        dx = rng.uniform(west, east) - centre.x
        dy = rng.uniform(south, north) - centre.y
        moved = affinity.translate(turned, dx, dy)
        if outline.contains(moved):
            return rounded(project(moved, MURORAN_PLANE, WGS84))
    return drawn_areas()[index][1]


def shorter(geometry: BaseGeometry, share: float) -> BaseGeometry:
    """The first ``share`` (0–1) of a line; other shapes come back as they are."""
    if not isinstance(geometry, LineString):
        return geometry
    return rounded(substring(geometry, 0, share, normalized=True))


def piece(geometry: BaseGeometry, rng: random.Random) -> BaseGeometry | None:
    """A part of an area, as somebody would draw what was really cleaned; None if none is sound."""
    if isinstance(geometry, MultiLineString):
        part: BaseGeometry = rng.choice(list(geometry.geoms))
    elif isinstance(geometry, LineString):
        length = rng.uniform(0.35, 0.7)
        start = rng.uniform(0, 1 - length)
        part = substring(geometry, start, start + length, normalized=True)
    else:
        part = geometry.intersection(_half(geometry, rng))
    part = rounded(part)
    sound = isinstance(part, LineString | Polygon | MultiPolygon)
    return part if sound and part.is_valid and not part.is_empty else None


def _half(geometry: BaseGeometry, rng: random.Random) -> BaseGeometry:
    west, south, east, north = geometry.bounds
    cut = west + (east - west) * rng.uniform(0.35, 0.65)
    return box(west, south, cut, north) if rng.random() < 0.5 else box(cut, south, east, north)


def meeting_point(geometry: BaseGeometry) -> Point:
    """Where people meet: an end of a line, a point inside a park (lon/lat)."""
    if isinstance(geometry, LineString | MultiLineString):
        lon, lat = shapely.get_coordinates(geometry)[0][:2]
    else:
        inside = geometry.representative_point()
        lon, lat = inside.x, inside.y
    if not (math.isfinite(lon) and math.isfinite(lat)):
        raise ValueError("an area without coordinates")
    return Point(round(float(lon), DECIMALS), round(float(lat), DECIMALS))
