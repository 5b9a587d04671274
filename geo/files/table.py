"""CSV with a WKT column, or with one point per row as surveys and spreadsheets have them.

Rows with points that share the area's code (or name) are the vertices of one line, in file
order; a line that ends where it began is an area.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError
from shapely.geometry.base import BaseGeometry

from geo.files.model import FileError, Finding, Limits, RawFeature, Source, finding
from geo.files.text import decode_text
from geo.files.words import (
    GEOMETRY_HEADINGS,
    SURVEY_HEADINGS,
    fold,
    match_columns,
    pick_heading,
)

_MAX_FIELDS = 200
# Checked before GEOS parses it: deep nesting of collections would end the process.
_WKT = re.compile(
    r"\s*(?:SRID\s*=\s*(\d{4,5})\s*;)?\s*(MULTI)?(POINT|LINESTRING|POLYGON)\b", re.IGNORECASE
)
_COLLECTION = re.compile(r"\s*(?:SRID=\d+;)?\s*GEOMETRYCOLLECTION\b", re.IGNORECASE)


@dataclass(frozen=True)
class _Columns:
    """Where the geometry is: a WKT column, or x and y."""

    wkt: int | None
    x: int | None
    y: int | None
    degrees: bool
    survey: bool


def open_table(path: Path, limits: Limits, encoding: str | None) -> Source:
    """A CSV (comma, tab or semicolon) as a Source. Raises FileError."""
    text, codec = decode_text(path.read_bytes(), encoding)
    if "\x00" in text:
        raise FileError("unknown_format", looks_like="binary")
    rows = _rows(text, limits)
    if not rows:
        raise FileError("no_geometry_column", fields=[])
    header = tuple(cell.strip() for cell in rows[0][1])[:_MAX_FIELDS]
    where = _find_columns(header)
    body = rows[1:]
    if where.wkt is not None:
        features = _wkt_features(body, header, where.wkt, limits)
        count, crs = len(body), _stated_crs(body, where.wkt)
    else:
        features = list(_point_features(body, header, where))
        count, crs = len(features), None

    def read(wanted: frozenset[str]) -> Iterator[RawFeature]:
        for item in features:
            yield replace(item, values={k: v for k, v in item.values.items() if k in wanted})

    degrees = where.wkt is not None or where.degrees
    return Source(
        "csv", (), None, header, crs, codec, count, read, degrees, x_is_north=where.survey
    )


def _rows(text: str, limits: Limits) -> list[tuple[int, list[str]]]:
    """(row number as a spreadsheet shows it, cells); blank rows are left out."""
    first_line = text.lstrip("\r\n").partition("\n")[0]
    delimiter = max(",\t;", key=first_line.count)
    csv.field_size_limit(limits.max_file_bytes)  # a WKT cell may be long; the file is bounded
    rows = []
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        for number, cells in enumerate(reader, start=1):
            if any(cell.strip() for cell in cells):
                rows.append((number, cells))
            # points: several rows make one feature, so only the vertex limit can count here
            if len(rows) > limits.max_vertices_total:
                raise FileError("too_many_features", max_features=limits.max_features)
    except csv.Error:
        raise FileError("broken", reason="csv") from None
    return rows


def _find_columns(header: Sequence[str]) -> _Columns:
    def index(key: str) -> int | None:
        heading = pick_heading(header, GEOMETRY_HEADINGS[key])
        return None if heading is None else header.index(heading)

    wkt, lon, lat, x, y = (index(key) for key in ("wkt", "lon", "lat", "x", "y"))
    if wkt is not None:
        return _Columns(wkt, None, None, degrees=True, survey=False)
    if lon is not None and lat is not None:
        return _Columns(None, lon, lat, degrees=True, survey=False)
    if x is not None and y is not None:
        survey = fold(header[x]) in SURVEY_HEADINGS and fold(header[y]) in SURVEY_HEADINGS
        return _Columns(None, x, y, degrees=False, survey=survey)
    raise FileError("no_geometry_column", fields=[cell[:40] for cell in header[:20]])


def _cell(cells: Sequence[str], index: int) -> str:
    return cells[index].strip() if index < len(cells) else ""


def _values(header: Sequence[str], cells: Sequence[str], skip: frozenset[int]) -> dict[str, str]:
    return {h: c for i, (h, c) in enumerate(zip(header, cells, strict=False)) if i not in skip}


def _stated_crs(body: list[tuple[int, list[str]]], wkt: int) -> CRS | None:
    """The CRS of "SRID=6680;LINESTRING(…)" cells, if they agree."""
    matches = (_WKT.match(_cell(cells, wkt)) for _, cells in body)
    srids = {match[1] for match in matches if match}
    if srids <= {None}:
        return None
    if len(srids) > 1:
        raise FileError("mixed_crs", srids=sorted(str(s) for s in srids)[:5])
    try:
        return CRS.from_epsg(int(srids.pop()))
    except CRSError:
        return None


def _wkt_features(
    body: list[tuple[int, list[str]]], header: Sequence[str], wkt: int, limits: Limits
) -> list[RawFeature]:
    if len(body) > limits.max_features:
        raise FileError("too_many_features", max_features=limits.max_features)
    vertices = sum(_cell(cells, wkt).count(",") for _, cells in body)
    if vertices > limits.max_vertices_total:
        raise FileError("too_many_vertices", max_vertices=limits.max_vertices_total)
    return [
        RawFeature(number, _values(header, cells, frozenset({wkt})), *_read_wkt(_cell(cells, wkt)))
        for number, cells in body
    ]


def _read_wkt(text: str) -> tuple[BaseGeometry | None, tuple[Finding, ...]]:
    if not text:
        return None, (finding("empty_geometry"),)
    if _COLLECTION.match(text):
        return None, (finding("unsupported_type", type="GeometryCollection"),)
    if not _WKT.match(text):
        return None, (finding("broken_geometry"),)
    try:
        return shapely.from_wkt(text.rpartition(";")[2]), ()
    except shapely.GEOSException:
        return None, (finding("broken_geometry"),)


def _point_features(
    body: list[tuple[int, list[str]]], header: Sequence[str], where: _Columns
) -> Iterator[RawFeature]:
    assert where.x is not None and where.y is not None  # noqa: S101 - told to mypy
    skip = frozenset({where.x, where.y})
    columns = match_columns(header, {})
    keys = [header.index(columns[target]) for target in ("code", "name") if target in columns]

    def area_of(row: tuple[int, list[str]]) -> str | int:
        """Code or name; without either a row stands alone (and its point is refused)."""
        return next((text for at in keys if (text := _cell(row[1], at))), row[0])

    for _, group in groupby(body, key=area_of):
        rows = list(group)
        number, cells = rows[0]
        xs = [(_cell(c, where.x), _cell(c, where.y)) for _, c in rows]
        yield RawFeature(number, _values(header, cells, skip), *_join_points(xs))


def _join_points(
    pairs: Sequence[tuple[str, str]],
) -> tuple[BaseGeometry | None, tuple[Finding, ...]]:
    try:
        points = [(_number(x), _number(y)) for x, y in pairs]
        if len(points) == 1:
            return shapely.Point(points[0]), ()
        if len(points) > 3 and points[0] == points[-1]:
            return shapely.Polygon(points), ()
        return shapely.LineString(points), ()
    except (ValueError, shapely.GEOSException):
        empty = all(not x and not y for x, y in pairs)
        return None, (finding("empty_geometry" if empty else "broken_geometry"),)


def _number(text: str) -> float:
    """A number as people type it: full width, thousands apart."""
    return float(unicodedata.normalize("NFKC", text).replace(",", ""))
