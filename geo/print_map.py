"""A map for paper: land, areas, numbers, scale and north as one SVG, without tiles or network.

Pure: shapes in, text out. Drawn in a plane system, so that one scale holds for the whole sheet.
Colours and dashes are those of ``geo/palette.py``; a number stands at each area, for no print may
rely on colour alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

import shapely
import shapely.ops
from shapely import LineString, MultiLineString, MultiPolygon, Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from geo import crs
from geo.palette import LIGHT_GROUND, ink, style_of
from geo.svg import lines_of, path, text

FONT: Final = "'Noto Sans CJK JP', 'Noto Sans JP', sans-serif"
NEAR_M: Final = 1_500.0  # areas closer than this share a detail map
SMALLEST_SPAN_M: Final = 400.0
MARGIN: Final = 0.14  # of the span, around the areas
FOOT: Final = 24.0  # height of the strip with legend and source, in units
BADGE: Final = 9.0  # radius of a number, in units
SHORT_PX: Final = 0.35  # finer than any printer shows at this size


@dataclass(frozen=True, slots=True)
class PrintArea:
    """An area to print: ``geometry`` in lon/lat, ``state`` a key of the palette, ``label`` what
    stands in its badge."""

    label: str
    name: str
    geometry: BaseGeometry
    state: str = "place"


@dataclass(frozen=True, slots=True)
class PrintPlace:
    """A named place to find one's way by. Degrees."""

    name: str
    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a map is drawn on: land in lon/lat, the plane system, and the words on it.

    ``legend`` says what the line of a state means; ``source`` names where the land comes from.
    """

    land: BaseGeometry
    srid: int
    source: str
    north: str = "N"
    places: tuple[PrintPlace, ...] = ()
    legend: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class PrintMap:
    """A finished map and the labels of the areas on it."""

    labels: tuple[str, ...]
    svg: str


@dataclass(frozen=True, slots=True)
class _Frame:
    """From metres to units of the drawing; y grows downwards."""

    left: float
    top: float
    scale: float  # units per metre
    width: float
    height: float

    def shape(self, geometry: BaseGeometry) -> BaseGeometry:
        return shapely.transform(
            geometry, lambda xy: (xy - (self.left, self.top)) * (self.scale, -self.scale)
        )

    def point(self, east: float, north: float) -> Point:
        return Point((east - self.left) * self.scale, (self.top - north) * self.scale)


def print_maps(
    areas: Sequence[PrintArea], sheet: Sheet, *, width: float = 640, height: float = 400
) -> tuple[PrintMap, ...]:
    """The maps an agreement needs: one, or an overview and one for each group of near areas.

    Raises ValueError without areas.
    """
    if not areas:
        raise ValueError("a map needs an area")
    whole = map_svg(areas, sheet, width=width, height=height)
    first = PrintMap(tuple(area.label for area in areas), whole)
    groups = near_groups(areas, sheet.srid)
    if len(groups) == 1:
        return (first,)
    # A detail map is half as wide: its numbers come out larger in proportion.
    details = (
        PrintMap(
            tuple(area.label for area in group),
            map_svg(group, sheet, width=width * 0.62, height=height * 0.62),
        )
        for group in groups
    )
    return (first, *details)


def near_groups(areas: Sequence[PrintArea], srid: int) -> list[list[PrintArea]]:
    """Areas that lie within ``NEAR_M`` of one another, in the order of their first one."""
    plane = [crs.project(area.geometry, crs.WGS84, srid) for area in areas]
    shapely.prepare(plane)  # with an index: two long drawings would take seconds without
    group_of = list(range(len(areas)))
    for one in range(len(areas)):
        for other in range(one):
            if shapely.dwithin(plane[one], plane[other], NEAR_M):
                old, new = group_of[one], group_of[other]
                group_of = [new if number == old else number for number in group_of]
    order = list(dict.fromkeys(group_of))
    return [[a for a, n in zip(areas, group_of, strict=True) if n == number] for number in order]


def map_svg(
    areas: Sequence[PrintArea], sheet: Sheet, *, width: float = 640, height: float = 400
) -> str:
    """One map as SVG text. All areas and labels lie inside the frame; the size is in units."""
    plane = [crs.project(area.geometry, crs.WGS84, sheet.srid) for area in areas]
    frame = _frame(plane, width, height - FOOT)
    shapes = [frame.shape(one) for one in plane]
    badges = _place_badges(areas, shapes, frame)
    parts = [
        *_ground(sheet, frame),
        *_places(sheet, frame, badges),
        *(_draw(area, shape) for area, shape in zip(areas, shapes, strict=True)),
        *(_badge(area, *spots) for area, spots in zip(areas, badges, strict=True)),
        _scale_bar(frame),
        _north(frame, sheet.north),
    ]
    body = "\n".join(part for part in parts if part)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'font-family="{FONT}" role="img">\n'
        f'<clipPath id="sheet"><rect width="{width:g}" height="{frame.height:g}"/></clipPath>\n'
        f'<g clip-path="url(#sheet)">\n{body}\n</g>\n'
        f'<rect x="0.5" y="0.5" width="{width - 1:g}" height="{frame.height - 1:g}" fill="none" '
        f'stroke="{LIGHT_GROUND.text}" stroke-width="0.8"/>\n'
        f"{_foot(areas, sheet, frame)}\n</svg>"
    )


def _frame(plane: Sequence[BaseGeometry], width: float, height: float) -> _Frame:
    """The part of the plane that holds all shapes with a margin, shaped like the paper."""
    min_x, min_y, max_x, max_y = shapely.total_bounds(plane).tolist()
    span_x = max(max_x - min_x, SMALLEST_SPAN_M) * (1 + 2 * MARGIN)
    span_y = max(max_y - min_y, SMALLEST_SPAN_M * height / width) * (1 + 2 * MARGIN)
    scale = min(width / span_x, height / span_y)
    left = (min_x + max_x) / 2 - width / scale / 2
    top = (min_y + max_y) / 2 + height / scale / 2
    return _Frame(left, top, scale, width, height)


# --- ground ---------------------------------------------------------------------------------------


def _ground(sheet: Sheet, frame: _Frame) -> list[str]:
    """Sea, land and shore. No shore is drawn along the straight edges where the land was cut."""
    cut = box(*sheet.land.bounds).exterior.buffer(1e-6)
    shore = sheet.land.boundary.difference(cut)
    window = box(-20, -20, frame.width + 20, frame.height + 20)
    land, line = (
        frame.shape(crs.project(one, crs.WGS84, sheet.srid)).intersection(window)
        for one in (sheet.land, shore)
    )
    colours = LIGHT_GROUND
    return [
        f'<rect width="{frame.width:g}" height="{frame.height:g}" fill="{colours.sea}"/>',
        f'<path d="{path(land)}" fill="{colours.land}" fill-rule="evenodd"/>',
        *_grid(frame),
        f'<path d="{path(line)}" fill="none" stroke="{colours.coast}" stroke-width="1.1"/>',
    ]


def _grid(frame: _Frame) -> list[str]:
    """Faint lines at round distances: without streets they carry the sense of scale."""
    step_m = _round_length(frame.width / frame.scale / 6)
    lines = []
    first_x = math.ceil(frame.left / step_m) * step_m
    bottom = frame.top - frame.height / frame.scale
    first_y = math.ceil(bottom / step_m) * step_m
    count_x = int((frame.width / frame.scale) // step_m) + 1
    for n in range(count_x):
        x = (first_x + n * step_m - frame.left) * frame.scale
        lines.append(f"M{x:.1f} 0V{frame.height:.1f}")
    for n in range(int((frame.height / frame.scale) // step_m) + 1):
        y = (frame.top - first_y - n * step_m) * frame.scale
        lines.append(f"M0 {y:.1f}H{frame.width:.1f}")
    d = "".join(lines)
    return [f'<path d="{d}" fill="none" stroke="{LIGHT_GROUND.coast}" stroke-opacity="0.3" '
            f'stroke-width="0.5" stroke-dasharray="1 3"/>']  # fmt: skip


def _places(sheet: Sheet, frame: _Frame, badges: Sequence[tuple[Point, Point]]) -> list[str]:
    """Names of places that fit in: not over a number, the edge or another name."""
    taken = [spot.buffer(BADGE + 2).envelope for spot, _anchor in badges]
    taken += [_corner(frame), _scale_box(frame)]
    drawn = []
    for place in sheet.places:
        at = frame.point(*crs.project_point(place.lon, place.lat, crs.WGS84, sheet.srid))
        words = box(at.x - 3, at.y - 7, at.x + 8 + 9.2 * len(place.name), at.y + 7)
        inside = box(2, 2, frame.width - 2, frame.height - 2).contains(words)
        if not inside or any(words.intersects(other) for other in taken):
            continue
        taken.append(words)
        drawn.append(
            f'<circle cx="{at.x:.1f}" cy="{at.y:.1f}" r="1.8" fill="#6b7a80"/>'
            + text(at.x + 5, at.y + 3.2, place.name, size=9, fill="#55646a", halo=LIGHT_GROUND.land)
        )
    return drawn


# --- areas ----------------------------------------------------------------------------------------


def _draw(area: PrintArea, shape: BaseGeometry) -> str:
    """One area: a cased line, or a tinted surface, in the colour and dash of its state."""
    style = style_of(area.state)
    d = path(shapely.simplify(shape, SHORT_PX))
    dash = f' stroke-dasharray="{style.dash}"' if style.dash else ""
    flat = shape.geom_type in ("Polygon", "MultiPolygon")
    fill = f'fill="{style.light}" fill-opacity="0.24"' if flat else 'fill="none"'
    join = 'stroke-linejoin="round" stroke-linecap="round"'
    weight = 2.2 if flat else 4.2
    return (
        f"<g><title>{escape(f'{area.label} {area.name}')}</title>"
        f'<path d="{d}" fill="none" stroke="#fff" stroke-width="{weight + 2.6:g}" {join}/>'
        f'<path d="{d}" {fill} fill-rule="evenodd" stroke="{style.light}" '
        f'stroke-width="{weight:g}" {join}{dash}/></g>'
    )


def _place_badges(
    areas: Sequence[PrintArea], shapes: Sequence[BaseGeometry], frame: _Frame
) -> list[tuple[Point, Point]]:
    """For each area where its number stands and which point of the area it means.

    Numbers keep clear of each other and of the corners; who finds no place at the area moves away
    from it in growing rings.
    """
    taken: list[BaseGeometry] = [_corner(frame), _scale_box(frame)]
    spots = []
    room = box(0, 0, frame.width, frame.height).buffer(-(BADGE + 3))
    for _area, shape in zip(areas, shapes, strict=True):
        anchor = _anchor(shape)
        spot = next(
            (p for p in _around(anchor) if room.contains(p)
             and not any(p.buffer(BADGE + 1.5).intersects(other) for other in taken)),
            shapely.ops.nearest_points(room, anchor)[0],
        )  # fmt: skip
        taken.append(spot.buffer(BADGE + 1.5))
        spots.append((spot, anchor))
    return spots


def _anchor(shape: BaseGeometry) -> Point:
    """A point of the shape that stands for it: half way along its longest line, or well inside."""
    if isinstance(shape, LineString | MultiLineString):
        longest = max(lines_of(shape), key=lambda line: float(line.length))
        return longest.interpolate(0.5, normalized=True)
    return shape.representative_point()


def _around(anchor: Point) -> Iterable[Point]:
    """The point itself, then rings around it."""
    yield anchor
    for ring in range(1, 16):
        for turn in range(12):
            angle = math.radians(30 * turn - 60)
            reach = ring * (BADGE + 3)
            yield Point(anchor.x + reach * math.cos(angle), anchor.y + reach * math.sin(angle))


def _badge(area: PrintArea, spot: Point, anchor: Point) -> str:
    """The number of an area, led to it by a thin line when it had to move away."""
    style = style_of(area.state)
    leader = ""
    if spot.distance(anchor) > BADGE:
        leader = (
            f'<path d="M{anchor.x:.1f} {anchor.y:.1f}L{spot.x:.1f} {spot.y:.1f}" '
            f'stroke="{style.light}" stroke-width="1"/>'
            f'<circle cx="{anchor.x:.1f}" cy="{anchor.y:.1f}" r="2" fill="{style.light}"/>'
        )
    size = 11 if len(area.label) < 3 else 8
    return (
        f'{leader}<circle class="badge" cx="{spot.x:.1f}" cy="{spot.y:.1f}" r="{BADGE:g}" '
        f'fill="{style.light}" stroke="#fff" stroke-width="1.6"/>'
        + text(
            spot.x, spot.y + size * 0.36, area.label, size=size, fill=ink(style.light),
            anchor="middle", bold=True,
        )
    )  # fmt: skip


# --- what belongs on every map --------------------------------------------------------------------


def _corner(frame: _Frame) -> Polygon:
    """Where the north arrow stands."""
    return box(frame.width - 32, 0, frame.width, 44)


def _scale_box(frame: _Frame) -> Polygon:
    bar = _round_length(frame.width / frame.scale / 4) * frame.scale
    return box(0, frame.height - 30, bar + 24, frame.height)


def _round_length(metres: float) -> float:
    """The largest of 1, 2, 5, 10, 20, 50 … that is not longer."""
    power: float = 10.0 ** math.floor(math.log10(metres))
    return max(power * n for n in (1, 2, 5) if power * n <= metres)


def _scale_bar(frame: _Frame) -> str:
    length_m = _round_length(frame.width / frame.scale / 4)
    bar = length_m * frame.scale
    words = f"{length_m / 1000:g} km" if length_m >= 1000 else f"{length_m:g} m"
    x, y = 12.0, frame.height - 11
    return (
        f'<g class="scale"><rect x="{x - 6:g}" y="{y - 16:.1f}" width="{bar + 12:.1f}" height="22" '
        f'rx="3" fill="#fff" fill-opacity="0.85"/>'
        f'<path d="M{x:g} {y - 4:.1f}V{y:.1f}H{x + bar:.1f}V{y - 4:.1f}" fill="none" '
        f'stroke="{LIGHT_GROUND.text}" stroke-width="1.2"/>'
        + text(x + bar / 2, y - 4, words, size=9, fill=LIGHT_GROUND.text, anchor="middle")
        + "</g>"
    )


def _north(frame: _Frame, word: str) -> str:
    x = frame.width - 17
    return (
        f'<g class="north"><path d="M{x:g} 8L{x + 7:g} 28L{x:g} 23L{x - 7:g} 28Z" '
        f'fill="{LIGHT_GROUND.text}" stroke="#fff" stroke-width="1"/>'
        + text(
            x, 40, word, size=10, fill=LIGHT_GROUND.text, halo="#ffffff", anchor="middle", bold=True
        )
        + "</g>"
    )  # fmt: skip


def _foot(areas: Sequence[PrintArea], sheet: Sheet, frame: _Frame) -> str:
    """Below the frame: what the lines mean, and the source of the land."""
    y = frame.height + 15
    x = 2.0
    parts = []
    words = sheet.legend or {}
    for state in dict.fromkeys(area.state for area in areas):
        if state not in words:
            continue
        style = style_of(state)
        dash = f' stroke-dasharray="{style.dash}"' if style.dash else ""
        parts.append(
            f'<path d="M{x:g} {y - 3:.1f}H{x + 28:g}" stroke="{style.light}" stroke-width="4"'
            f'{dash} stroke-linecap="round"/>'
            + text(x + 35, y, words[state], size=9, fill=LIGHT_GROUND.text)
        )
        x += 50 + 9.4 * len(words[state])
    end = frame.width - 1
    parts.append(text(end, y, sheet.source, size=8, fill=LIGHT_GROUND.text, anchor="end"))
    return "".join(parts)


def polygons_of(shapes: Iterable[BaseGeometry]) -> MultiPolygon:
    """Many polygons as one land shape."""
    flat = [part for shape in shapes for part in getattr(shape, "geoms", (shape,))]
    return MultiPolygon([part for part in flat if isinstance(part, Polygon)])
