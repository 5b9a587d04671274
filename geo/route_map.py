"""The crew's map for paper: numbered stops, the way between them, land and names; plain SVG.

Pure: points in, text out. The numbers are those of the list beside the map.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import cos, hypot, pi, radians, sin
from typing import Final
from xml.sax.saxutils import escape

from shapely import box
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from geo.gazetteer import Place
from geo.palette import LIGHT_GROUND
from geo.route import METRES_PER_DEGREE, Point

WIDTH: Final = 680.0
HEIGHT: Final = 420.0
MARGIN: Final = 46.0
SMALLEST_SPAN_M: Final = 600.0
PIN: Final = 11.0  # radius of a number
WAY: Final = "#5b2a9d"
FONT: Final = "'Noto Sans CJK JP', 'Noto Sans JP', sans-serif"


@dataclass(frozen=True, slots=True)
class _View:
    """From lon/lat to units of the drawing; y grows downwards."""

    lon0: float
    lat0: float
    per_lon: float
    per_lat: float

    def at(self, lon: float, lat: float) -> tuple[float, float]:
        x = WIDTH / 2 + (lon - self.lon0) * self.per_lon
        return x, HEIGHT / 2 - (lat - self.lat0) * self.per_lat

    @property
    def units_per_m(self) -> float:
        return self.per_lat / METRES_PER_DEGREE


def route_map(
    start: Point, stops: Sequence[Point], land: BaseGeometry, places: Iterable[Place],
    *, start_word: str, source: str,
) -> str:  # fmt: skip
    """The map of a tour as SVG text. Points are lon, lat; ``land`` is in degrees too."""
    view = _view([start, *stops])
    spots = [view.at(*one) for one in (start, *stops)]
    pins = list(_placed(spots))
    parts = [
        f'<rect width="{WIDTH:g}" height="{HEIGHT:g}" fill="{LIGHT_GROUND.sea}"/>',
        f'<path d="{_land_path(land, view)}" fill="{LIGHT_GROUND.land}" fill-rule="evenodd" '
        f'stroke="{LIGHT_GROUND.coast}"/>',
        *_names(places, view, pins),
        _way(spots),
        *_leaders(spots, pins),
        _start(*pins[0], start_word),
        *(_pin(x, y, str(n)) for n, (x, y) in enumerate(pins[1:], 1)),
        _scale_bar(view),
        _text(WIDTH - 6, HEIGHT - 6, source, 9, anchor="end"),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" '
        f'font-family="{FONT}" aria-hidden="true" focusable="false">'
        + "".join(parts)
        + f'<rect x=".5" y=".5" width="{WIDTH - 1:g}" height="{HEIGHT - 1:g}" fill="none" '
        f'stroke="{LIGHT_GROUND.text}"/></svg>'
    )


def _view(points: Sequence[Point]) -> _View:
    lons, lats = [p[0] for p in points], [p[1] for p in points]
    lon0, lat0 = (min(lons) + max(lons)) / 2, (min(lats) + max(lats)) / 2
    shrink = cos(radians(lat0))
    east_m = max((max(lons) - min(lons)) * METRES_PER_DEGREE * shrink, SMALLEST_SPAN_M)
    north_m = max((max(lats) - min(lats)) * METRES_PER_DEGREE, SMALLEST_SPAN_M)
    scale = min((WIDTH - 2 * MARGIN) / east_m, (HEIGHT - 2 * MARGIN) / north_m)
    return _View(lon0, lat0, scale * METRES_PER_DEGREE * shrink, scale * METRES_PER_DEGREE)


def _land_path(land: BaseGeometry, view: _View) -> str:
    half_lon, half_lat = WIDTH / view.per_lon * 0.55, HEIGHT / view.per_lat * 0.55
    window = box(view.lon0 - half_lon, view.lat0 - half_lat, view.lon0 + half_lon,
                 view.lat0 + half_lat)  # fmt: skip
    found = land.intersection(window)
    parts: list[BaseGeometry] = list(getattr(found, "geoms", [found]))
    polygons = [part for part in parts if isinstance(part, Polygon)]
    rings = [ring for p in polygons for ring in (p.exterior, *p.interiors)]
    return "".join(_ring(ring.coords, view) for ring in rings)


def _ring(coords: Iterable[tuple[float, ...]], view: _View) -> str:
    points = (view.at(lon, lat) for lon, lat, *_z in coords)
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + "Z"


def _placed(spots: Sequence[Point]) -> Iterator[Point]:
    """Where the numbers stand: at their stop, or beside it when another number is there."""
    taken: list[Point] = []
    for spot in spots:
        place = next(
            (p for p in _around(*spot)
             if PIN < p[0] < WIDTH - PIN and PIN < p[1] < HEIGHT - PIN
             and all(hypot(p[0] - x, p[1] - y) >= 2 * PIN + 1 for x, y in taken)),
            spot,
        )  # fmt: skip
        taken.append(place)
        yield place


def _around(x: float, y: float) -> Iterator[Point]:
    yield x, y
    for ring in range(1, 14):
        for turn in range(12):
            angle = turn * pi / 6 - pi / 3
            yield x + ring * 14 * cos(angle), y + ring * 14 * sin(angle)


def _way(spots: Sequence[Point]) -> str:
    points = "L".join(f"{x:.1f} {y:.1f}" for x, y in spots)
    return (
        f'<path d="M{points}" fill="none" stroke="{WAY}" stroke-width="2" stroke-dasharray="6 4"/>'
    )


def _leaders(spots: Sequence[Point], pins: Sequence[Point]) -> list[str]:
    return [
        f'<path d="M{x:.1f} {y:.1f}L{px:.1f} {py:.1f}" stroke="#000" stroke-width="1"/>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5"/>'
        for (x, y), (px, py) in zip(spots, pins, strict=True)
        if (x, y) != (px, py)
    ]


def _pin(x: float, y: float, label: str) -> str:
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{PIN:g}" fill="{WAY}" stroke="#fff" '
        'stroke-width="1.5"/>'
        + _text(x, y + 4, label, 12, anchor="middle", fill="#fff", bold=True, halo=False)
    )  # fmt: skip


def _start(x: float, y: float, word: str) -> str:
    return (
        f'<rect x="{x - 8:.1f}" y="{y - 8:.1f}" width="16" height="16" fill="#000" stroke="#fff" '
        'stroke-width="1.5"/>' + _text(x, y - 12, word, 11, anchor="middle", bold=True)
    )  # fmt: skip


def _names(places: Iterable[Place], view: _View, pins: Sequence[Point]) -> list[str]:
    """Names to find one's way by, where nothing else stands."""
    taken = [box(x - 16, y - 16, x + 16, y + 16) for x, y in pins]
    taken.append(box(0, HEIGHT - 34, WIDTH, HEIGHT))
    drawn = []
    for place in places:
        x, y = view.at(place.lon, place.lat)
        words = box(x - 3, y - 8, x + 8 + 10 * len(place.name), y + 8)
        inside = words.bounds[0] > 2 and words.bounds[1] > 2 and words.bounds[2] < WIDTH - 2
        if not inside or any(words.intersects(other) for other in taken):
            continue
        taken.append(words)
        drawn.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2" fill="#55646a"/>'
            + _text(x + 5, y + 3.5, place.name, 10, fill="#44535a")
        )
    return drawn


def _scale_bar(view: _View) -> str:
    room_m = WIDTH / 4 / view.units_per_m
    power = 10.0 ** (len(str(int(room_m))) - 1)
    length_m = max(n * power for n in (1, 2, 5) if n * power <= max(room_m, power))
    words = f"{length_m / 1000:g} km" if length_m >= 1000 else f"{length_m:g} m"
    bar, y = length_m * view.units_per_m, HEIGHT - 10
    return (
        f'<path d="M12 {y - 5:g}V{y:g}H{12 + bar:.1f}V{y - 5:g}" fill="none" stroke="#000"/>'
        + _text(12 + bar / 2, y - 5, words, 10, anchor="middle")
    )


def _text(
    x: float, y: float, words: str, size: float, *, anchor: str = "start", fill: str = "#000",
    bold: bool = False, halo: bool = True,
) -> str:  # fmt: skip
    """Words, with a light rim drawn first (not every printer knows ``paint-order``)."""
    weight = ' font-weight="700"' if bold else ""
    head = f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" text-anchor="{anchor}"{weight}'
    said = escape(words)
    rim = f'{head} stroke="#fff" stroke-width="3" stroke-linejoin="round" fill="#fff">{said}</text>'
    return (rim if halo else "") + f'{head} fill="{fill}">{said}</text>'
