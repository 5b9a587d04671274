"""Shapes from outside: read strictly, explained in codes, cleaned before they are stored.

Everything is EPSG:4326 in (lon, lat) order unless a name says otherwise. Faults are
:class:`ShapeError` with a code; the server owns the Japanese sentence for each code.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any, Final, Literal, NamedTuple, cast, get_args

import numpy as np
import shapely
from shapely import (
    GeometryCollection,
    LineString,
    MultiLineString,
    MultiPolygon,
    Point,
    Polygon,
)
from shapely.geometry.base import BaseGeometry
from shapely.geometry.base import BaseMultipartGeometry as Multipart

from geo import crs

ShapeCode = Literal[
    "not_json",
    "too_large",
    "not_geometry",
    "type_not_allowed",
    "empty",
    "too_many_vertices",
    "bad_coordinates",
    "too_few_points",
    "ring_not_closed",
    "out_of_range",
    "swapped",
    "self_crossing",
    "hole_outside",
    "nested_parts",
    "not_repairable",
    "bad_bbox",
]
SHAPE_CODES: Final[tuple[str, ...]] = get_args(ShapeCode)

AREA_TYPES: Final = frozenset({"LineString", "MultiLineString", "Polygon", "MultiPolygon"})
POINT_TYPES: Final = frozenset({"Point"})
MAX_BYTES: Final = 1_000_000
MAX_VERTICES: Final = 10_000
COORDINATE_DECIMALS: Final = 7  # about 1 cm

_DEPTH: Final = {
    "Point": 0,
    "LineString": 1,
    "MultiLineString": 2,
    "Polygon": 2,
    "MultiPolygon": 3,
}
_JAPAN_LON: Final = (122.0, 154.0)
_JAPAN_LAT: Final = (20.0, 46.0)


class ShapeError(ValueError):
    """A shape we cannot take. `code` names the reason, `detail` holds numbers to tell."""

    def __init__(self, code: ShapeCode, **detail: int | float | str) -> None:
        super().__init__(code)
        self.code: ShapeCode = code
        self.detail = detail


class Bounds(NamedTuple):
    """A box in degrees."""

    min_lon: float
    min_lat: float
    max_lon: float
    max_lat: float


def parse_geometry(
    source: str | bytes | Mapping[str, Any],
    *,
    allowed: frozenset[str] = AREA_TYPES,
    max_bytes: int = MAX_BYTES,
    max_vertices: int = MAX_VERTICES,
) -> BaseGeometry:
    """Read one GeoJSON geometry object (not a Feature) in lon/lat.

    Heights are dropped, coordinates rounded to 7 decimals. Nothing is repaired here, so
    that the caller can ask the person first. Raises ShapeError.
    """
    data = _load(source, max_bytes)
    kind = data.get("type")
    if not isinstance(kind, str) or kind not in _DEPTH:
        raise ShapeError("not_geometry")
    if kind not in allowed:
        raise ShapeError("type_not_allowed", type=kind)
    coordinates = data.get("coordinates")
    _check_positions(coordinates, _DEPTH[kind], max_vertices)
    geometry = rounded(_build(kind, cast("list[Any]", coordinates)))
    if geometry.is_empty:
        raise ShapeError("empty")
    return geometry


def _load(source: str | bytes | Mapping[str, Any], max_bytes: int) -> Mapping[str, Any]:
    if isinstance(source, Mapping):
        return source
    raw = source.encode() if isinstance(source, str) else source
    if len(raw) > max_bytes:
        raise ShapeError("too_large", max_bytes=max_bytes)
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError):
        raise ShapeError("not_json") from None
    if not isinstance(data, dict):
        raise ShapeError("not_geometry")
    return data


def _check_positions(coordinates: object, depth: int, max_vertices: int) -> None:
    """Check nesting, numbers and range before GEOS sees them: it accepts NaN silently."""
    count = 0
    for position in _positions(coordinates, depth):
        count += 1
        if count > max_vertices:
            raise ShapeError("too_many_vertices", max_vertices=max_vertices)
        _check_position(position)
    if count == 0:
        raise ShapeError("empty")


def _positions(node: object, depth: int) -> Iterator[object]:
    if depth == 0:
        yield node
        return
    if not isinstance(node, list | tuple):
        raise ShapeError("bad_coordinates")
    for child in node:
        yield from _positions(child, depth - 1)


def _check_position(position: object) -> None:
    if not isinstance(position, list | tuple) or len(position) not in (2, 3):
        raise ShapeError("bad_coordinates")
    for number in position:
        # bool is an int to Python, and JSON's true is no coordinate
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise ShapeError("bad_coordinates")
        if abs(number) > 1e9 or not isfinite(number):
            raise ShapeError("bad_coordinates")
    lon, lat = position[0], position[1]
    if abs(lat) > 90 and abs(lon) <= 90:
        raise ShapeError("swapped")
    if abs(lon) > 180 or abs(lat) > 90:
        raise ShapeError("out_of_range")


def _build(kind: str, coordinates: list[Any]) -> BaseGeometry:
    builders: dict[str, Any] = {
        "Point": lambda c: Point(c[:2]),
        "LineString": _line,
        "MultiLineString": lambda c: MultiLineString([_line(part) for part in c]),
        "Polygon": _polygon,
        "MultiPolygon": lambda c: MultiPolygon([_polygon(part) for part in c]),
    }
    return cast("BaseGeometry", builders[kind](coordinates))


def _line(positions: list[Any]) -> LineString:
    pairs = [tuple(p[:2]) for p in positions]
    if len(set(pairs)) < 2:
        raise ShapeError("too_few_points")
    return LineString(pairs)


def _polygon(rings: list[Any]) -> Polygon:
    if not rings:
        raise ShapeError("empty")
    loops = [[tuple(p[:2]) for p in ring] for ring in rings]
    for loop in loops:
        if len(loop) < 4 or len(set(loop)) < 3:
            raise ShapeError("too_few_points")
        if loop[0] != loop[-1]:
            raise ShapeError("ring_not_closed")
    return Polygon(loops[0], loops[1:])


def fault(geometry: BaseGeometry) -> ShapeCode | None:
    """Why a shape is not valid, as a code; None when it is.

    A line that crosses itself is fine (a road may), a polygon that does is not.
    """
    if geometry.is_empty:
        return "empty"
    if geometry.is_valid:
        return None
    reason = shapely.is_valid_reason(geometry).lower()
    if "few" in reason:
        return "too_few_points"
    if "hole" in reason:
        return "hole_outside"
    if "nested" in reason:
        return "nested_parts"
    return "self_crossing"


def repair(geometry: BaseGeometry) -> BaseGeometry:
    """A valid shape of the same dimension (area stays area, line stays line).

    `make_valid` may answer with a mixed collection; slivers of a lower dimension are
    dropped. Raises ShapeError("not_repairable") when nothing of the dimension is left.
    """
    if geometry.is_empty:
        raise ShapeError("empty")
    if geometry.is_valid:
        return geometry
    dimension = shapely.get_dimensions(geometry)
    fixed = shapely.make_valid(geometry, method="structure", keep_collapsed=False)
    parts = [part for part in _simple_parts(fixed) if shapely.get_dimensions(part) == dimension]
    if not parts:
        raise ShapeError("not_repairable")
    # GEOS may leave neighbours that share an edge; joined they are one valid area
    mended = _gather(_simple_parts(shapely.union_all(parts)) if dimension == 2 else parts)
    if not mended.is_valid:
        raise ShapeError("not_repairable")
    return mended


def _simple_parts(geometry: BaseGeometry) -> list[BaseGeometry]:
    if isinstance(geometry, Multipart | GeometryCollection):
        return [leaf for part in geometry.geoms for leaf in _simple_parts(part)]
    return [] if geometry.is_empty else [geometry]


def _gather(parts: list[BaseGeometry]) -> BaseGeometry:
    if len(parts) == 1:
        return parts[0]
    if isinstance(parts[0], Polygon):
        return MultiPolygon(cast("list[Polygon]", parts))
    return MultiLineString(cast("list[LineString]", parts))


def flat(geometry: BaseGeometry) -> BaseGeometry:
    """Without heights."""
    return shapely.force_2d(geometry)


def rounded(geometry: BaseGeometry, decimals: int = COORDINATE_DECIMALS) -> BaseGeometry:
    """Coordinates rounded, topology untouched (set_precision raises on invalid input)."""
    return shapely.transform(geometry, lambda xy: np.round(xy, decimals))


def clean(geometry: BaseGeometry) -> BaseGeometry:
    """What we store: flat, 7 decimals, valid. Raises ShapeError."""
    return repair(rounded(flat(geometry)))


def looks_swapped(geometry: BaseGeometry) -> bool:
    """Whether latitude and longitude seem exchanged, judged by the extent of Japan."""
    if geometry.is_empty:
        return False
    min_x, min_y, max_x, max_y = geometry.bounds
    x_is_lat = _JAPAN_LAT[0] <= min_x and max_x <= _JAPAN_LAT[1]
    y_is_lon = _JAPAN_LON[0] <= min_y and max_y <= _JAPAN_LON[1]
    return x_is_lat and y_is_lon


def swapped(geometry: BaseGeometry) -> BaseGeometry:
    """The same shape with its two axes exchanged."""
    return shapely.transform(geometry, lambda xy: xy[:, ::-1])


def length_m(geometry: BaseGeometry, plane_srid: int = crs.MURORAN_PLANE) -> float:
    """Length in metres of the line work in the city's plane; 0 for points and polygons.

    PostGIS' ST_Length ignores polygons, Shapely counts their outline: we side with PostGIS.
    """
    if shapely.get_dimensions(geometry) != 1:
        return 0.0
    return float(crs.project(geometry, crs.WGS84, plane_srid).length)


def area_m2(geometry: BaseGeometry, plane_srid: int = crs.MURORAN_PLANE) -> float:
    """Area in square metres in the city's plane; 0 for points and lines."""
    if shapely.get_dimensions(geometry) != 2:
        return 0.0
    return float(crs.project(geometry, crs.WGS84, plane_srid).area)


def bounds(geometry: BaseGeometry) -> Bounds:
    """The box around a shape. Raises ShapeError("empty")."""
    if geometry.is_empty:
        raise ShapeError("empty")
    return Bounds(*(float(value) for value in geometry.bounds))


def parse_bbox(text: str) -> Bounds:
    """Read `min_lon,min_lat,max_lon,max_lat` as maps send it. Raises ShapeError."""
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        raise ShapeError("bad_bbox") from None
    if len(numbers) != 4 or not all(isfinite(number) for number in numbers):
        raise ShapeError("bad_bbox")
    box = Bounds(*numbers)
    in_world = abs(box.min_lon) <= 180 and abs(box.max_lon) <= 180
    in_world = in_world and abs(box.min_lat) <= 90 and abs(box.max_lat) <= 90
    if not in_world or box.min_lon > box.max_lon or box.min_lat > box.max_lat:
        raise ShapeError("bad_bbox")
    return box
