"""The map in a picture: land, sea, areas and the meeting point. No tiles, no network.

Drawn twice as large in the city's plane system and made smaller, so that lines come out smooth.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import shapely
from PIL import Image, ImageDraw
from shapely import LineString, Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from geo import crs
from geo.palette import LIGHT_GROUND, style_of
from geo.print_map import polygons_of
from geo.svg import lines_of
from server.maps.ground import land
from server.maps.places import place_names
from server.publiclife.fonts import font

FINER = 2
SMALLEST_SPAN_M = 2_600.0
LARGEST_SPAN_M = 12_000.0
MARGIN = 1.35
PIN_PX = 17
Px = tuple[float, float]


@dataclass(frozen=True)
class Frame:
    """From metres of the plane to pixels; y grows downwards."""

    left: float
    top: float
    scale: float  # pixels per metre
    width: int
    height: int

    def px(self, x: float, y: float) -> Px:
        return (x - self.left) * self.scale, (self.top - y) * self.scale

    @property
    def window(self) -> Polygon:
        """What is seen, in metres, with some room around."""
        right, bottom = self.left + self.width / self.scale, self.top - self.height / self.scale
        return box(self.left, bottom, right, self.top).buffer(30 / self.scale)


def draw_map(
    lon: float, lat: float, areas: Sequence[BaseGeometry], srid: int, size: tuple[int, int],
    *, state: str = "open",
) -> Image.Image:  # fmt: skip
    """A map of ``size`` pixels around a meeting point (degrees) and its areas (lon/lat)."""
    at = crs.project_point(lon, lat, crs.WGS84, srid)
    plane = [crs.project(one, crs.WGS84, srid) for one in areas]
    frame = _frame(at, plane, size[0] * FINER, size[1] * FINER)
    picture = Image.new("RGB", (frame.width, frame.height), LIGHT_GROUND.sea)
    pen = ImageDraw.Draw(picture)
    _ground(pen, frame, srid)
    _names(pen, frame, srid, frame.px(*at))
    for one in plane:
        _area(pen, frame, one, style_of("place").light)
    _pin(pen, frame.px(*at), style_of(state).light)
    _source(pen, frame)
    return picture.resize(size, Image.Resampling.LANCZOS)


def _frame(at: Px, plane: Sequence[BaseGeometry], width: int, height: int) -> Frame:
    """The meeting point in the middle when the areas are far away, else everything."""
    min_x, min_y, max_x, max_y = shapely.total_bounds([Point(at), *plane]).tolist()
    if max(max_x - min_x, max_y - min_y) > LARGEST_SPAN_M:
        min_x, min_y, max_x, max_y = Point(at).buffer(LARGEST_SPAN_M / 4).bounds
    span_x = max((max_x - min_x) * MARGIN, SMALLEST_SPAN_M)
    span_y = max((max_y - min_y) * MARGIN, SMALLEST_SPAN_M)
    scale = min(width / span_x, height / span_y)
    left = (min_x + max_x) / 2 - width / scale / 2
    return Frame(left, (min_y + max_y) / 2 + height / scale / 2, scale, width, height)


def _ground(pen: ImageDraw.ImageDraw, frame: Frame, srid: int) -> None:
    # The land is cut in degrees first: only what is near is brought into the plane.
    around = crs.project(frame.window.buffer(2_000), srid, crs.WGS84)
    near = crs.project(land().intersection(around), crs.WGS84, srid)
    for one in polygons_of([near.intersection(frame.window)]).geoms:
        pen.polygon([frame.px(x, y) for x, y in one.exterior.coords], fill=LIGHT_GROUND.land)
        for hole in one.interiors:
            pen.polygon([frame.px(x, y) for x, y in hole.coords], fill=LIGHT_GROUND.sea)
    for line in lines_of(near.boundary.intersection(frame.window)):
        _line(pen, frame, line, LIGHT_GROUND.coast, 2 * FINER)


def _line(
    pen: ImageDraw.ImageDraw, frame: Frame, line: LineString, colour: str, width_px: int
) -> None:
    points = [frame.px(x, y) for x, y, *_z in line.coords]
    if not points:
        return
    pen.line(points, fill=colour, width=width_px, joint="curve")
    for x, y in (points[0], points[-1]):  # round ends
        pen.ellipse(_disc(x, y, width_px / 2), fill=colour)


def _area(pen: ImageDraw.ImageDraw, frame: Frame, area: BaseGeometry, colour: str) -> None:
    """A surface as its border, a line as it is; both with a light rim."""
    parts = [part for part in getattr(area, "geoms", (area,)) if not part.is_empty]
    for part in parts:
        rings = [part.exterior] if isinstance(part, Polygon) else lines_of(part)
        for ring in rings:
            _line(pen, frame, ring, LIGHT_GROUND.casing, 11 * FINER)
            _line(pen, frame, ring, colour, 7 * FINER)


def _names(pen: ImageDraw.ImageDraw, frame: Frame, srid: int, pin: Px) -> None:
    """Places to find one's way by, where they neither touch the pin nor one another."""
    letters = font(22 * FINER)
    x, y = pin
    taken = [box(x - 34 * FINER, y - 60 * FINER, x + 34 * FINER, y + 30 * FINER)]
    inside = box(6, 6, frame.width - 6, frame.height - 30 * FINER)
    for place in place_names().places:
        px, py = frame.px(*crs.project_point(place.lon, place.lat, crs.WGS84, srid))
        words = pen.textbbox((px + 8 * FINER, py), place.name, font=letters, anchor="lm")
        room = box(px - 6, words[1], words[2], words[3]).buffer(4 * FINER)
        if not inside.contains(room) or any(room.intersects(other) for other in taken):
            continue
        taken.append(room)
        pen.ellipse(_disc(px, py, 4 * FINER), fill="#6b7a80")
        pen.text((px + 8 * FINER, py), place.name, font=letters, anchor="lm", fill="#44535a",
                 stroke_width=3 * FINER, stroke_fill=LIGHT_GROUND.land)  # fmt: skip


def _pin(pen: ImageDraw.ImageDraw, at: Px, colour: str) -> None:
    """A drop whose point stands on the place."""
    x, y = at
    r = PIN_PX * FINER
    middle = y - 2.1 * r
    for more, fill in ((3 * FINER, "#ffffff"), (0, colour)):
        size = r + more
        pen.polygon([(x - size * 0.86, middle + size * 0.5), (x + size * 0.86, middle + size * 0.5),
                     (x, y + more * 1.6)], fill=fill)  # fmt: skip
        pen.ellipse(_disc(x, middle, size), fill=fill)
    pen.ellipse(_disc(x, middle, r * 0.4), fill="#ffffff")


def _source(pen: ImageDraw.ImageDraw, frame: Frame) -> None:
    # The source of the land asks to be named; a Latin word needs no translation.
    pen.text((frame.width - 8 * FINER, frame.height - 8 * FINER), "GSHHG", font=font(13 * FINER),
             anchor="rs", fill="#55646a", stroke_width=2 * FINER,
             stroke_fill=LIGHT_GROUND.land)  # fmt: skip


def _disc(x: float, y: float, r: float) -> tuple[float, float, float, float]:
    return x - r, y - r, x + r, y + r
