"""Small pieces of SVG: a shape as a path, a word with a halo. Units are those of the drawing."""

from __future__ import annotations

from xml.sax.saxutils import escape

from shapely import LineString, Polygon
from shapely.geometry.base import BaseGeometry


def lines_of(shape: BaseGeometry) -> list[LineString]:
    """The lines a line shape consists of."""
    if isinstance(shape, LineString):
        return [shape]
    return [one for one in getattr(shape, "geoms", ()) if isinstance(one, LineString)]


def path(shape: BaseGeometry) -> str:
    """The ``d`` of a path; points and empty shapes draw nothing."""
    if shape.is_empty:
        return ""
    if isinstance(shape, Polygon):
        return "".join(f"{_points(ring)}Z" for ring in (shape.exterior, *shape.interiors))
    if isinstance(shape, LineString):
        return _points(shape)
    return "".join(path(one) for one in getattr(shape, "geoms", ()))


def _points(line: LineString) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in line.coords)


def text(
    x: float, y: float, words: str, *, size: float, fill: str, halo: str = "",
    anchor: str = "start", bold: bool = False,
) -> str:  # fmt: skip
    """Words at a point. The halo is drawn as a second text below: not every renderer of PDF knows
    ``paint-order``."""
    weight = ' font-weight="700"' if bold else ""
    start = f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" text-anchor="{anchor}"{weight}'
    under = ""
    if halo:
        under = f'{start} stroke="{halo}" stroke-width="2.5" stroke-linejoin="round" fill="{halo}">'
        under += f"{escape(words)}</text>"
    return f'{under}{start} fill="{fill}">{escape(words)}</text>'
