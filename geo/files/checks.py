"""What is said about each row: the geometry first, then the words, then rows among each other."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import cast

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry, BaseMultipartGeometry

from geo import shapes
from geo.files.axes import Mover
from geo.files.model import AreaRow, Finding, Limits, RawFeature, ReadOptions, finding
from geo.files.text import clean_kana, clean_text
from geo.files.words import TARGETS, read_kind, read_manager


@dataclass(frozen=True)
class Rules:
    """What rows are checked against. `city` is the widened boundary (EPSG:4326, prepared)."""

    limits: Limits
    options: ReadOptions
    columns: Mapping[str, str]
    move: Mover
    city: BaseGeometry | None


def check_row(raw: RawFeature, rules: Rules) -> AreaRow:
    """One feature as an AreaRow with everything that is to be said about it alone."""
    words, word_findings = _read_words(raw.values, rules)
    geometry, offered, findings = _check_geometry(raw.geometry, rules)
    return AreaRow(
        raw.number,
        code=words["code"],
        name=words["name"],
        name_kana=clean_kana(words["name_kana"]),
        kind=words["kind"] or None,
        manager=words["manager"] or None,
        section=words["section"],
        geometry=geometry,
        offered=offered,
        findings=(*_only_shown(raw.problems, rules), *findings, *word_findings),
    )


def _only_shown(problems: Iterable[Finding], rules: Rules) -> Iterator[Finding]:
    """Drop remarks on columns nobody reads; name the rest by target."""
    targets = {column: target for target, column in rules.columns.items()}
    for problem in problems:
        column = problem.detail.get("column")
        if column is None:
            yield problem
        elif column in targets:
            yield replace(problem, detail={"column": targets[str(column)]})


# ---- words ----


def _read_words(values: Mapping[str, str], rules: Rules) -> tuple[dict[str, str], list[Finding]]:
    words: dict[str, str] = {}
    findings: list[Finding] = []
    for target in TARGETS:
        raw = values.get(rules.columns.get(target, ""), "")
        words[target], found = clean_text(raw, target)
        findings += found
        mapped = rules.options.value_map.get(target, {}).get(words[target])
        words[target] = mapped or words[target] or rules.options.defaults.get(target, "")
    if not words["name"]:
        findings.append(finding("missing_name"))
    for target, read in (("kind", read_kind), ("manager", read_manager)):
        code = read(words[target])
        if code is None:
            findings.append(finding(f"unknown_{target}", value=words[target][:40]))
        words[target] = code or ""
    return words, findings


# ---- geometry ----

_Checked = tuple[BaseGeometry | None, BaseGeometry | None, list[Finding]]


def _check_geometry(raw: BaseGeometry | None, rules: Rules) -> _Checked:
    """(as in the file, repaired offer, findings), both in (lon, lat)."""
    if raw is None:
        return None, None, []  # the reader has said why
    refusal = _unusable(raw, rules.limits)
    if refusal:
        return None, None, [refusal]
    geometry, findings = _gather_parts(shapes.flat(raw))
    if geometry is None:
        return None, None, findings
    geometry = rules.move(geometry)
    if not np.isfinite(shapely.get_coordinates(geometry)).all():
        return None, None, [finding("not_finite")]
    geometry = shapes.rounded(geometry)
    offered, more = _repairs(geometry)
    findings += more
    if not any(f.severity == "refuse" for f in more):
        findings += _place_findings(offered, rules.city)
    repaired = any(f.severity == "repairable" for f in findings)
    return geometry, offered if repaired else None, findings


def _unusable(raw: BaseGeometry, limits: Limits) -> Finding | None:
    if raw.is_empty:
        return finding("empty_geometry")
    count = int(shapely.get_num_coordinates(raw))
    if count > limits.max_vertices_per_feature:
        return finding(
            "too_many_vertices", count=count, max_vertices=limits.max_vertices_per_feature
        )
    if not np.isfinite(shapely.get_coordinates(raw)).all():
        return finding("not_finite")
    return None


def _gather_parts(geometry: BaseGeometry) -> tuple[BaseGeometry | None, list[Finding]]:
    """A line or area, single or multiple. Label points beside it are dropped, and said so."""
    if geometry.geom_type in shapes.AREA_TYPES:
        return geometry, []
    leaves = list(_leaves(geometry))
    dimensions = {int(shapely.get_dimensions(leaf)) for leaf in leaves}
    findings = []
    if geometry.geom_type == "GeometryCollection" and 0 in dimensions and len(dimensions) == 2:
        dimensions.discard(0)
        findings.append(finding("points_dropped"))
    if len(dimensions) != 1 or dimensions == {0}:
        return None, [finding("unsupported_type", type=geometry.geom_type)]
    dimension = dimensions.pop()
    kept = [leaf for leaf in leaves if shapely.get_dimensions(leaf) == dimension]
    if len(kept) == 1:
        return kept[0], findings
    if dimension == 1:
        return shapely.MultiLineString([leaf.coords for leaf in kept]), findings
    return shapely.MultiPolygon(cast("list[shapely.Polygon]", kept)), findings


def _leaves(geometry: BaseGeometry) -> Iterator[BaseGeometry]:
    """The single parts, however deep. A stack instead of recursion: depth is the file's."""
    waiting = [geometry]
    while waiting:
        part = waiting.pop()
        if isinstance(part, BaseMultipartGeometry):
            waiting.extend(reversed(list(part.geoms)))
        elif not part.is_empty:
            # LinearRing is a line to us
            yield shapely.LineString(part.coords) if part.geom_type == "LinearRing" else part


def _repairs(geometry: BaseGeometry) -> tuple[BaseGeometry, list[Finding]]:
    """The best form of a geometry, and what was wrong with it."""
    findings = []
    if shapes.looks_swapped(geometry):
        findings.append(finding("swapped_lonlat"))
        geometry = shapes.swapped(geometry)
    size = geometry.length if shapely.get_dimensions(geometry) == 1 else geometry.envelope.area
    if size == 0:
        return geometry, [*findings, finding("zero_length")]
    if shapes.fault(geometry):
        try:
            repaired = shapes.repair(geometry)
        except (shapes.ShapeError, shapely.GEOSException):
            return geometry, [*findings, finding("self_crossing", "refuse")]
        if not repaired.is_valid:
            return geometry, [*findings, finding("self_crossing", "refuse")]
        geometry = repaired
        findings.append(finding("self_crossing"))
    return geometry, findings


def _place_findings(geometry: BaseGeometry, city: BaseGeometry | None) -> list[Finding]:
    west, south, east, north = geometry.bounds
    if west < -180 or east > 180 or south < -90 or north > 90:
        return [finding("outside", reason="not_on_earth")]
    if city is None or shapely.covers(city, geometry):
        return []
    if shapely.intersects(city, geometry):
        return [finding("partly_outside")]
    middle = geometry.centroid
    return [finding("outside", lon=round(middle.x, 4), lat=round(middle.y, 4))]


# ---- rows among each other ----


def mark_duplicates(rows: Iterable[AreaRow]) -> Iterator[AreaRow]:
    """Rows whose code or shape an earlier row has; `first_row` says which."""
    codes: dict[str, int] = {}
    seen: dict[bytes, int] = {}
    for row in rows:
        found = []
        if row.code and codes.setdefault(row.code, row.number) != row.number:
            found.append(finding("duplicate_code", first_row=codes[row.code]))
        if row.geometry is not None:
            key = blake2b(shapely.to_wkb(shapely.normalize(row.geometry)), digest_size=16).digest()
            if seen.setdefault(key, row.number) != row.number:
                found.append(finding("duplicate_geometry", first_row=seen[key]))
        yield replace(row, findings=(*row.findings, *found)) if found else row
