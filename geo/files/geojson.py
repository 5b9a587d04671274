"""GeoJSON, read with the standard library.

Not through GDAL: its readers of "{" files include some that follow addresses or run pipelines
named in the file, and a bad feature becomes a silent blank there. Here every row keeps its fault.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError
from shapely.geometry.base import BaseGeometry

from geo.crs import WGS84
from geo.files.model import FileError, Finding, Limits, RawFeature, Source, finding
from geo.files.text import as_text, decode_text

_GEOMETRY_TYPES = frozenset(
    {
        "Point",
        "MultiPoint",
        "LineString",
        "MultiLineString",
        "Polygon",
        "MultiPolygon",
        "GeometryCollection",
    }
)
_CRS_NAME = re.compile(r"(?:urn:ogc:def:crs:)?EPSG:(?:[\d.]*:)?(\d{4,5})$", re.IGNORECASE)
_CRS84 = re.compile(r"(?:urn:ogc:def:crs:)?OGC:(?:[\d.]*:)?CRS84$", re.IGNORECASE)
_MAX_FIELDS = 200
_BRACES_PER_FEATURE = 20


def open_geojson(path: Path, limits: Limits, encoding: str | None) -> Source:
    """A GeoJSON file as a Source. Raises FileError."""
    text, codec = decode_text(path.read_bytes(), encoding)
    # Counted before parsing, because a list of positions takes 20 times its text in memory.
    if text.count("[") > limits.max_vertices_total * 3 // 2:
        raise FileError("too_many_vertices", max_vertices=limits.max_vertices_total)
    if text.count("{") > limits.max_features * _BRACES_PER_FEATURE:
        raise FileError("too_many_features", max_features=limits.max_features)
    document = _parse(text)
    features = _features_of(document)
    if len(features) > limits.max_features:
        raise FileError("too_many_features", max_features=limits.max_features)

    def read(wanted: frozenset[str]) -> Iterator[RawFeature]:
        for number, item in enumerate(features, start=1):
            yield _feature(number, item, wanted)

    crs, is_default = _crs_of(document)
    return Source(
        "geojson", (), None, _fields(features), crs, codec, len(features), read, is_default
    )


def _parse(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except RecursionError:
        raise FileError("broken", reason="nesting") from None
    except ValueError as error:
        line = getattr(error, "lineno", None)
        raise FileError("broken", reason="json", line=line) from None
    if not isinstance(document, dict):
        raise FileError("unknown_format", looks_like="json")
    return document


def _features_of(document: dict[str, Any]) -> list[Any]:
    kind = document.get("type")
    if kind == "FeatureCollection":
        features = document.get("features")
        if not isinstance(features, list):
            raise FileError("broken", reason="features")
        return features
    if kind == "Feature":
        return [document]
    if isinstance(kind, str) and kind in _GEOMETRY_TYPES:
        return [{"type": "Feature", "properties": {}, "geometry": document}]
    looks_like = "esrijson" if "spatialReference" in document else "json"
    raise FileError("unknown_format", looks_like="topojson" if kind == "Topology" else looks_like)


def _crs_of(document: dict[str, Any]) -> tuple[CRS | None, bool]:
    """(CRS, default?). Only EPSG numbers by name: links and definitions are not followed."""
    member = document.get("crs")
    if member is None:
        return None, True
    properties = member.get("properties") if isinstance(member, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    if not isinstance(name, str):
        return None, False
    if _CRS84.match(name):
        return CRS.from_epsg(WGS84), False
    match = _CRS_NAME.match(name)
    try:
        return (CRS.from_epsg(int(match[1])), False) if match else (None, False)
    except CRSError:
        return None, False


def _fields(features: list[Any]) -> tuple[str, ...]:
    fields: dict[str, None] = {}
    for item in features:
        properties = item.get("properties") if isinstance(item, dict) else None
        if isinstance(properties, dict) and len(fields) < _MAX_FIELDS:
            fields.update(dict.fromkeys(properties))
        if isinstance(item, dict) and isinstance(item.get("id"), str | int):
            fields.setdefault("id")
    return tuple(fields)[:_MAX_FIELDS]


def _feature(number: int, item: Any, wanted: frozenset[str]) -> RawFeature:
    if not isinstance(item, dict):
        return RawFeature(number, {}, None, (finding("broken_geometry"),))
    properties = item.get("properties")
    cells = dict(properties) if isinstance(properties, dict) else {}
    cells.setdefault("id", item.get("id"))
    values = {key: as_text(cells[key]) for key in wanted if key in cells}
    geometry, problems = _geometry_or_problem(item.get("geometry"))
    return RawFeature(number, values, geometry, problems)


def _geometry_or_problem(item: Any) -> tuple[BaseGeometry | None, tuple[Finding, ...]]:
    if item is None:
        return None, (finding("empty_geometry"),)
    try:
        return build_geometry(item), ()
    except (ValueError, TypeError, KeyError, IndexError, OverflowError, shapely.GEOSException):
        return None, (finding("broken_geometry"),)


def build_geometry(item: Any, *, inside: bool = False) -> BaseGeometry:
    """A geometry object of GeoJSON in any CRS. Raises ValueError and its like for nonsense."""
    kind = item["type"]
    if kind == "GeometryCollection":
        if inside:
            raise ValueError("nested collection")
        parts = [build_geometry(part, inside=True) for part in item["geometries"]]
        return shapely.GeometryCollection(parts)
    coordinates = item["coordinates"]
    if kind == "Point":
        return shapely.Point(_position(coordinates)) if coordinates else shapely.Point()
    if kind == "MultiPoint":
        return shapely.MultiPoint(_positions(coordinates))
    if kind == "LineString":
        return shapely.LineString(_positions(coordinates))
    if kind == "MultiLineString":
        return shapely.MultiLineString([_positions(line) for line in coordinates])
    if kind == "Polygon":
        return _polygon(coordinates)
    if kind == "MultiPolygon":
        return shapely.MultiPolygon([_polygon(rings) for rings in coordinates])
    raise ValueError("unknown type")


def _polygon(rings: Any) -> shapely.Polygon:
    loops = [_positions(ring) for ring in rings]
    return shapely.Polygon(loops[0], loops[1:]) if loops else shapely.Polygon()


def _positions(items: Any) -> list[tuple[float, float]]:
    if not isinstance(items, list):
        raise ValueError("no list")
    return [_position(item) for item in items]


def _position(item: Any) -> tuple[float, float]:
    x, y = item[0], item[1]
    if isinstance(x, str | bool) or isinstance(y, str | bool):
        raise ValueError("no number")
    return float(x), float(y)
