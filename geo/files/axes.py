"""Where a file's coordinates lie: its CRS, which axis comes first, the way to (lon, lat).

Formats of GIS programs give x = east. Tables of a Japanese survey give X = north (平面直角座標),
and both look alike, so the order is judged by where the shapes would land.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError
from shapely.geometry.base import BaseGeometry

from geo.crs import WGS84
from geo.files.model import AxesSwapped, FileError, Finding, ReadOptions, Source, finding

Box = tuple[float, float, float, float]
Mover = Callable[[BaseGeometry], BaseGeometry]

_JAPAN: Box = (122.0, 20.0, 154.0, 46.0)
_NEAR_DEGREES = 0.3  # how far off the city or zone a shape may be and still speak for an order


@dataclass(frozen=True)
class Placement:
    """How this file's numbers become (lon, lat). `crs` None = nobody knows, ask."""

    crs: CRS | None
    swap: AxesSwapped
    notes: tuple[Finding, ...]


def srid_of(crs: CRS | None) -> int | None:
    """EPSG number of a CRS, if it has one."""
    return crs.to_epsg(min_confidence=60) if crs else None


def flat_crs(crs: CRS) -> CRS:
    """Without a height axis. Only if it has one: a copy may lose its EPSG number."""
    return crs if len(crs.axis_info) == 2 else crs.to_2d()


def asked_crs(srid: int) -> CRS:
    """The CRS the user chose. Raises FileError(unknown_crs)."""
    try:
        crs = flat_crs(CRS.from_epsg(srid))
    except CRSError:
        raise FileError("unknown_crs", srid=srid) from None
    if not (crs.is_geographic or crs.is_projected):
        raise FileError("unknown_crs", srid=srid)
    return crs


def place(source: Source, shapes: Sequence[BaseGeometry], options: ReadOptions) -> Placement:
    """CRS and axis order of a file, from what it says, what the user says, and where it lands."""
    crs, notes = _choose_crs(source, shapes, options)
    if crs is None:
        return Placement(None, "no", notes)
    datum = crs.datum.name if crs.datum else ""
    if "tokyo" in datum.lower():  # its shift of 400 m is computed, to a few metres only
        notes += (finding("old_datum", datum=datum[:80]),)
    swap = _choose_order(crs, source, shapes, options)
    if swap == "auto":
        notes += (finding("axes_swapped"),)
    return Placement(crs, swap, notes)


def _choose_crs(
    source: Source, shapes: Sequence[BaseGeometry], options: ReadOptions
) -> tuple[CRS | None, tuple[Finding, ...]]:
    if options.srid is not None:
        crs = asked_crs(options.srid)
        if source.crs is not None and srid_of(source.crs) != options.srid:
            return crs, (finding("crs_overridden", stated=source.crs.name[:80]),)
        return crs, ()
    if source.crs is not None:
        return source.crs, ()
    fitting = sum(_in_degrees(shape.bounds) for shape in shapes)
    if source.crs_default and fitting * 2 >= len(shapes):  # a stray row must not decide
        # The rule of GeoJSON needs no remark; in a table it is our guess.
        notes = () if source.format == "geojson" else (finding("crs_assumed", srid=WGS84),)
        return CRS.from_epsg(WGS84), notes
    return None, ()


def _in_degrees(box: Box) -> bool:
    """Degrees in either order: the swapped ones get their own finding row by row."""
    return all(abs(value) <= 180 for value in box) and min(abs(box[0]), abs(box[1])) <= 90


def _choose_order(
    crs: CRS, source: Source, shapes: Sequence[BaseGeometry], options: ReadOptions
) -> AxesSwapped:
    if options.swap_axes is not None:
        return "asked" if options.swap_axes else "no"
    if not crs.is_projected or not shapes:
        return "no"  # degrees are judged row by row
    target = _target(crs, options.boundary)
    straight = _landing(shapes, to_lonlat(crs, swap=False), target)
    crossed = _landing(shapes, to_lonlat(crs, swap=True), target)
    if straight == crossed:
        return "auto" if source.x_is_north else "no"
    return "auto" if crossed > straight else "no"


def _target(crs: CRS, boundary: BaseGeometry | None) -> Box:
    """Where shapes should land: the city, else the zone the CRS is made for, else Japan."""
    if boundary is not None and not boundary.is_empty:
        west, south, east, north = boundary.bounds
    else:
        srid = srid_of(crs)
        area = crs.area_of_use or (CRS.from_epsg(srid).area_of_use if srid else None)
        west, south, east, north = area.bounds if area else _JAPAN
    near = _NEAR_DEGREES
    return (west - near, south - near, east + near, north + near)


def _landing(shapes: Sequence[BaseGeometry], move: Mover, target: Box) -> int:
    """How many shapes have the middle of their extent inside the target."""
    hits = 0
    for shape in shapes:
        west, south, east, north = shape.bounds
        middle = move(shapely.Point((west + east) / 2, (south + north) / 2))
        hits += bool(shapely.intersects(shapely.box(*target), middle))
    return hits


def to_lonlat(crs: CRS, *, swap: bool) -> Mover:
    """A function that brings a geometry of this CRS to EPSG:4326 (lon, lat)."""
    transformer = Transformer.from_crs(crs, CRS.from_epsg(WGS84), always_xy=True)
    is_same = srid_of(crs) == WGS84

    def columns(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        if swap:
            xy = xy[:, ::-1]
        if is_same:
            return xy
        return np.column_stack(transformer.transform(xy[:, 0], xy[:, 1]))

    def move(geometry: BaseGeometry) -> BaseGeometry:
        return shapely.transform(geometry, columns)

    return move


def margin_around(boundary: BaseGeometry, margin_m: float) -> BaseGeometry:
    """A boundary (EPSG:4326) widened by metres, for quick tests (prepared)."""
    middle = boundary.centroid
    plane = CRS.from_proj4(f"+proj=aeqd +lat_0={middle.y} +lon_0={middle.x} +units=m")
    out = Transformer.from_crs(CRS.from_epsg(WGS84), plane, always_xy=True)

    def there(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(out.transform(xy[:, 0], xy[:, 1]))

    widened = shapely.transform(boundary, there).buffer(margin_m)
    back = to_lonlat(plane, swap=False)(widened)
    shapely.prepare(back)
    return back
