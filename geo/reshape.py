"""Areas split and merged: a line or polygon cut by a drawn line, and pieces joined to one.

Shapes go in and come out in EPSG:4326 (lon, lat); cutting and measuring happen in the city's
plane, in metres. Faults are :class:`ReshapeError` with a code; the server owns the sentences.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from math import hypot
from typing import Any, Final, Literal

import numpy as np
import shapely
from shapely import LineString, MultiLineString, MultiPolygon, Point, Polygon
from shapely.geometry.base import BaseGeometry
from shapely.ops import polygonize, substring

from geo import crs, shapes

ReshapeCode = Literal[
    "cut_misses", "cut_along", "not_a_cut", "too_small", "too_many", "off_the_line",
    "mixed", "too_few", "too_far",
]  # fmt: skip
REACH_M: Final = 10.0  # a hand stops a little before the edge: cuts are made so much longer
MIN_LENGTH_M: Final = 5.0
MIN_AREA_M2: Final = 25.0
MAX_PARTS: Final = 10
TOUCHING_M: Final = 1.0
NEAR_M: Final = 50.0  # pieces further apart than this are no one area


class ReshapeError(ValueError):
    """A split or merge we cannot make. ``code`` names the reason, ``detail`` holds numbers."""

    def __init__(self, code: ReshapeCode, **detail: int | float) -> None:
        super().__init__(code)
        self.code: ReshapeCode = code
        self.detail = detail


# --- splitting ------------------------------------------------------------------------------------


def split(
    shape: BaseGeometry, cut: BaseGeometry, plane_srid: int = crs.MURORAN_PLANE
) -> tuple[BaseGeometry, ...]:
    """The parts of ``shape`` on the sides of ``cut`` (a line; for a line also points near it).

    Parts of a line come in its direction, parts of an area from west to east. Pieces of a shape
    of many pieces that the cut leaves whole stay with the nearest part. Raises ReshapeError.
    """
    plane = _plane(shape, plane_srid)
    knife = _plane(cut, plane_srid)
    if shapely.get_dimensions(plane) == 1:
        cuts = _crossings(plane, knife)
    elif shapely.get_dimensions(knife) == 1:
        cuts = [_cut_polygon(piece, _longer(knife)) for piece in _pieces(plane)]
    else:
        raise ReshapeError("not_a_cut")
    return _finished(cuts, plane_srid)


def split_at(
    shape: BaseGeometry, at_m: Sequence[float], plane_srid: int = crs.MURORAN_PLANE
) -> tuple[BaseGeometry, ...]:
    """The parts of a line cut so many metres after its beginning. Raises ReshapeError."""
    plane = _plane(shape, plane_srid)
    if shapely.get_dimensions(plane) != 1:
        raise ReshapeError("not_a_cut")
    if not at_m or min(at_m) <= 0 or max(at_m) >= plane.length:
        raise ReshapeError("off_the_line", length_m=round(plane.length))
    cuts: list[list[BaseGeometry]] = []
    done = 0.0
    for piece in _pieces(plane):
        inside = [at - done for at in at_m if done < at < done + piece.length]
        cuts.append(_cut_line(piece, inside))
        done += piece.length
    return _finished(cuts, plane_srid)


def cut_for_part(
    shape: BaseGeometry, part: BaseGeometry, plane_srid: int = crs.MURORAN_PLANE
) -> BaseGeometry:
    """A cut that parts ``part`` (drawn roughly on ``shape``) from the rest.

    For a line the two ends of the part become short strokes across it; for an area it is the
    part's own outline, or the part itself where somebody drew a line.
    """
    plane, drawn = _plane(shape, plane_srid), _plane(part, plane_srid)
    if shapely.get_dimensions(plane) == 2 or shapely.get_dimensions(drawn) == 2:
        edge = drawn.boundary if shapely.get_dimensions(drawn) == 2 else drawn
        return _lonlat(edge, plane_srid)
    strokes = [
        stroke
        for piece in _pieces(drawn)
        for end in (piece.coords[0], piece.coords[-1])
        if (stroke := _across(plane, Point(end))) is not None
    ]
    return _lonlat(MultiLineString(strokes) if strokes else drawn, plane_srid)


def _across(line: BaseGeometry, end: Point) -> LineString | None:
    """A short stroke across the line beside ``end``; None at an end of the line itself."""
    near = min(_pieces(line), key=end.distance)
    at = near.project(end)
    if at < MIN_LENGTH_M or at > near.length - MIN_LENGTH_M:
        return None
    here, ahead = near.interpolate(at), near.interpolate(min(at + 1, near.length))
    dx, dy = ahead.x - here.x, ahead.y - here.y
    size = hypot(dx, dy) or 1.0
    east, north = -dy / size * REACH_M, dx / size * REACH_M
    return LineString([(here.x - east, here.y - north), (here.x + east, here.y + north)])


def _crossings(line: BaseGeometry, knife: BaseGeometry) -> list[list[BaseGeometry]]:
    """Each piece of a line, cut where the knife crosses it (or where a point lies beside it)."""
    pieces = _pieces(line)
    if shapely.get_dimensions(knife) == 0:
        where: list[list[float]] = [[] for _ in pieces]
        for point in _pieces(knife):
            nearest = min(range(len(pieces)), key=lambda n: pieces[n].distance(point))
            if pieces[nearest].distance(point) > NEAR_M:
                raise ReshapeError("cut_misses")
            where[nearest].append(pieces[nearest].project(point))
    elif shapely.get_dimensions(knife) == 1:
        blade = _longer(knife)
        where = [_crossed_at(piece, blade) for piece in pieces]
    else:
        raise ReshapeError("not_a_cut")
    return [_cut_line(piece, at) for piece, at in zip(pieces, where, strict=True)]


def _crossed_at(line: Any, blade: BaseGeometry) -> list[float]:
    """How far along the line the blade crosses it: by segments, for a road may cross itself."""
    found: list[float] = []
    done = 0.0
    for start, end in pairwise(line.coords):
        segment = LineString([start, end])
        met = segment.intersection(blade)
        if not met.is_empty:
            if shapely.get_dimensions(met) == 1 and met.length > TOUCHING_M:
                raise ReshapeError("cut_along")
            found += [done + Point(start).distance(p.centroid) for p in _pieces(met)]
        done += segment.length
    return found


def _cut_line(line: Any, at_m: Sequence[float]) -> list[BaseGeometry]:
    """The stretches of one line between the cuts; a loop is not cut where it closes."""
    inner = sorted({round(at, 3) for at in at_m if 0.001 < at < line.length - 0.001})
    stops = [0.0, *inner, line.length]
    parts: list[Any] = [substring(line, a, b) for a, b in pairwise(stops)]
    if line.is_closed and len(parts) > 1:
        last, first = parts.pop(), parts.pop(0)
        parts.insert(0, LineString([*last.coords, *first.coords[1:]]))
    return parts


def _cut_polygon(polygon: Any, blade: BaseGeometry) -> list[BaseGeometry]:
    faces = polygonize(shapely.union_all([polygon.boundary, blade]))
    inside = [face for face in faces if polygon.contains(face.representative_point())]
    return sorted(inside, key=lambda f: (f.centroid.x, f.centroid.y)) or [polygon]


def _longer(knife: BaseGeometry) -> BaseGeometry:
    """Each stroke made longer at both ends, in its own direction."""
    strokes = []
    for stroke in _pieces(knife):
        points = [tuple(p) for p in stroke.coords]
        if points[0] != points[-1]:
            points = [_beyond(points[1], points[0]), *points, _beyond(points[-2], points[-1])]
        strokes.append(LineString(points))
    return shapely.union_all(strokes)


def _beyond(before: tuple[float, ...], end: tuple[float, ...]) -> tuple[float, float]:
    dx, dy = end[0] - before[0], end[1] - before[1]
    size = hypot(dx, dy) or 1.0
    return end[0] + dx / size * REACH_M, end[1] + dy / size * REACH_M


def _finished(cuts: list[list[BaseGeometry]], plane_srid: int) -> tuple[BaseGeometry, ...]:
    """Whole pieces join the nearest part; small and too many parts are refused."""
    parts = [[part] for cut in cuts if len(cut) > 1 for part in cut]
    if not parts:
        raise ReshapeError("cut_misses")
    if len(parts) > MAX_PARTS:
        raise ReshapeError("too_many", most=MAX_PARTS)
    seeds = [part[0] for part in parts]
    for whole in (cut[0] for cut in cuts if len(cut) == 1):
        nearest = min(range(len(seeds)), key=lambda n: seeds[n].distance(whole))
        parts[nearest].append(whole)
    made = [_gathered(part) for part in parts]
    for part in made:
        line = shapely.get_dimensions(part) == 1
        if (part.length if line else part.area) < (MIN_LENGTH_M if line else MIN_AREA_M2):
            raise ReshapeError("too_small")
    return tuple(shapes.clean(_lonlat(part, plane_srid)) for part in made)


# --- merging --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Merged:
    """One area made of several. ``gap_m`` is the widest gap that had to be bridged in thought."""

    shape: BaseGeometry
    gap_m: float

    @property
    def touching(self) -> bool:
        """Whether the pieces lie against each other."""
        return self.gap_m <= TOUCHING_M


def merge(
    found: Sequence[BaseGeometry], plane_srid: int = crs.MURORAN_PLANE, near_m: float = NEAR_M
) -> Merged:
    """All shapes as one. They must be of one family (lines or areas) and hang together with gaps
    of at most ``near_m``. Raises ReshapeError."""
    if len(found) < 2:
        raise ReshapeError("too_few")
    if len(found) > MAX_PARTS:
        raise ReshapeError("too_many", most=MAX_PARTS)
    if len({int(shapely.get_dimensions(shape)) for shape in found}) > 1:
        raise ReshapeError("mixed")
    plane = [_plane(shape, plane_srid) for shape in found]
    gap_m = _widest_gap(plane)
    if gap_m > near_m:
        raise ReshapeError("too_far", gap_m=round(gap_m), near_m=round(near_m))
    whole = shapely.union_all(plane) if shapely.get_dimensions(plane[0]) == 2 else _joined(plane)
    return Merged(shapes.clean(_lonlat(whole, plane_srid)), gap_m)


def _widest_gap(found: Sequence[BaseGeometry]) -> float:
    """The longest leap that a walk over all shapes needs (of a smallest spanning tree)."""
    gaps = sorted((a.distance(b), n, m) for (n, a), (m, b) in combinations(enumerate(found), 2))
    island = list(range(len(found)))
    widest = 0.0
    for gap, n, m in gaps:
        if island[n] != island[m]:
            old, new = island[m], island[n]
            island = [new if one == old else one for one in island]
            widest = max(widest, float(gap))
    return widest


def _joined(lines: Sequence[BaseGeometry]) -> BaseGeometry:
    """Lines end to end, a stretch that two of them share only once."""
    pieces: list[Any] = []
    for line in lines:
        rest = line
        for other in pieces:
            if rest.intersection(other).length > TOUCHING_M:
                rest = rest.difference(other)
        pieces += [] if rest.is_empty else _pieces(rest)
    return shapely.line_merge(MultiLineString(pieces))


# --- for pages ------------------------------------------------------------------------------------


def fingerprint(parts: Sequence[BaseGeometry]) -> str:
    """What a person has seen in a preview, to be sure that the same is confirmed."""
    return hashlib.sha256(b"".join(shapely.to_wkb(part) for part in parts)).hexdigest()[:32]


@dataclass(frozen=True)
class Stroke:
    """One part in a sketch: SVG path data, whether it is a surface, and where its number stands."""

    path: str
    surface: bool
    x: float
    y: float


def sketch(
    parts: Sequence[BaseGeometry], width: int = 640, height: int = 360,
    plane_srid: int = crs.MURORAN_PLANE,
) -> tuple[Stroke, ...]:  # fmt: skip
    """The parts drawn to scale, north up, in a box of ``width`` x ``height`` px with a margin."""
    plane = [_plane(part, plane_srid) for part in parts]
    box = shapely.total_bounds(plane)
    margin = 28
    wide, high = max(box[2] - box[0], 1.0), max(box[3] - box[1], 1.0)
    scale = min((width - 2 * margin) / wide, (height - 2 * margin) / high)
    left = (width - wide * scale) / 2
    top = (height - high * scale) / 2

    def move(xy: Any) -> Any:
        return np.column_stack(
            [left + (xy[:, 0] - box[0]) * scale, top + (box[3] - xy[:, 1]) * scale]
        )

    return tuple(_stroke(shapely.transform(part, move)) for part in plane)


def _stroke(part: BaseGeometry) -> Stroke:
    surface = shapely.get_dimensions(part) == 2
    pieces = _pieces(part)
    rings = [r for p in pieces for r in (p.exterior, *p.interiors)] if surface else pieces
    path = " ".join(
        "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in ring.coords) + ("Z" if surface else "")
        for ring in rings
    )
    largest = max(pieces, key=lambda p: p.area if surface else p.length)
    at = largest.representative_point() if surface else largest.interpolate(0.5, normalized=True)
    return Stroke(path, surface, round(at.x, 1), round(at.y, 1))


# --- small ----------------------------------------------------------------------------------------


def _plane(shape: BaseGeometry, plane_srid: int) -> BaseGeometry:
    return crs.project(shape, crs.WGS84, plane_srid)


def _lonlat(shape: BaseGeometry, plane_srid: int) -> BaseGeometry:
    return crs.project(shape, plane_srid, crs.WGS84)


def _pieces(shape: BaseGeometry) -> list[Any]:
    return [piece for piece in shapely.get_parts(shape) if not piece.is_empty]


def _gathered(pieces: Sequence[BaseGeometry]) -> BaseGeometry:
    flat = [leaf for piece in pieces for leaf in _pieces(piece)]
    if len(flat) == 1:
        return flat[0]  # type: ignore[no-any-return]
    return MultiPolygon(flat) if isinstance(flat[0], Polygon) else MultiLineString(flat)
