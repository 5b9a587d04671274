"""The register as a file for GIS and office programs; a file from here imports without a change."""

import csv
import io
import json
import re
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from geo.crs import JGD2011, MURORAN_PLANE, WGS84, is_plane, project
from geo.files.words import EXPORT_HEADINGS as HEADINGS
from server.areas.models import Area
from server.coverage.files import BOM, plain_cell
from server.errors import Invalid
from server.http.i18n import gettext as _
from server.http.i18n import lazy as _l
from server.labels import KINDS, MANAGERS

SRIDS = {
    WGS84: _l("緯度経度 WGS84 (EPSG:4326)"),
    JGD2011: _l("緯度経度 JGD2011 (EPSG:6668)"),
    MURORAN_PLANE: _l("平面直角座標 12系 (EPSG:6680)"),
}
ENCODINGS = ("auto", "cp932", "utf-8")
# A shapefile has ten bytes for a heading.
SHAPEFILE_HEADINGS = (
    "code", "name", "name_kana", "kind", "manager", "section", "length_m", "area_m2"
)  # fmt: skip
_XML_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


@dataclass(frozen=True)
class Row:
    """An area as exported. ``shape`` is in the CRS asked for, x = east."""

    code: str
    name: str
    name_kana: str
    kind: str
    manager: str
    section: str
    length_m: float
    area_m2: float
    shape: BaseGeometry

    def texts(self) -> tuple[str, ...]:
        """The words, as people read them."""
        kind, manager = str(KINDS[self.kind]), str(MANAGERS[self.manager])
        return (self.code, self.name, self.name_kana, kind, manager, self.section)

    def cells(self) -> tuple[str | float, ...]:
        """All but the shape, in the order of ``HEADINGS``."""
        return (*self.texts(), round(self.length_m, 1), round(self.area_m2, 1))


@dataclass(frozen=True)
class Format:
    """A kind of file. ``suffix`` of the file's name, ``media`` type for browsers."""

    suffix: str
    media: str
    label: str
    write: Callable[[Sequence[Row], int, str], bytes]


async def load_rows(db: AsyncSession) -> list[Row]:
    """All areas in force, by code; shapes in EPSG:4326."""
    statement = (
        select(
            Area.code, Area.name, Area.name_kana, Area.kind, Area.manager, Area.section,
            Area.length_m, Area.area_m2, func.ST_AsBinary(Area.geom).label("wkb"),
        )
        .where(Area.retired_on.is_(None))
        .order_by(func.char_length(Area.code), Area.code)
    )  # fmt: skip
    found = (await db.execute(statement)).all()
    shapes = shapely.from_wkb([bytes(row.wkb) for row in found])
    names = [name for name in Row.__dataclass_fields__ if name != "shape"]
    return [
        Row(**{name: getattr(row, name) for name in names}, shape=shape)
        for row, shape in zip(found, shapes, strict=True)
    ]


def export(rows: Sequence[Row], name: str, srid: int = WGS84, encoding: str = "auto") -> bytes:
    """The file's bytes; blocking. Raises Invalid for a format, CRS or encoding not offered."""
    if name not in FORMATS:
        raise Invalid(_("この形式では書き出せません。"), "format")
    if srid not in SRIDS or (name == "kml" and srid != WGS84):
        raise Invalid(_("この座標系では書き出せません。KMLは緯度経度(WGS84)だけです。"), "srid")
    if encoding not in ENCODINGS:
        raise Invalid(_("この文字コードでは書き出せません。"), "encoding")
    moved = [replace(row, shape=project(row.shape, WGS84, srid)) for row in rows]
    return FORMATS[name].write(moved, srid, encoding)


def _decimals(srid: int) -> int:
    """About a centimetre in degrees, a tenth of a millimetre in metres."""
    return 4 if is_plane(srid) else 7


# ---- by hand: what GDAL does not write as people here need it ----


def _csv(rows: Sequence[Row], srid: int, encoding: str) -> bytes:
    """CSV with WKT. Without BOM Excel would read UTF-8 as CP932. The CRS stands in the WKT."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([*HEADINGS, "WKT"])
    before = "" if srid == WGS84 else f"SRID={srid};"
    for row in rows:
        wkt = shapely.to_wkt(row.shape, rounding_precision=_decimals(srid))
        cells = [plain_cell(cell) if isinstance(cell, str) else cell for cell in row.cells()]
        writer.writerow([*cells, before + wkt])
    if encoding == "cp932":
        return _encodable(out.getvalue(), rows).encode("cp932")
    return (BOM + out.getvalue()).encode()


def _geojson(rows: Sequence[Row], srid: int, _encoding: str) -> bytes:
    """RFC 7946 in degrees; another CRS is named in the older ``crs`` member."""
    features = [
        {
            "type": "Feature",
            "properties": dict(zip(HEADINGS, row.cells(), strict=True)),
            "geometry": json.loads(shapely.to_geojson(_rounded(row.shape, srid))),
        }
        for row in rows
    ]
    document: dict[str, Any] = {"type": "FeatureCollection", "features": features}
    if srid != WGS84:
        name = f"urn:ogc:def:crs:EPSG::{srid}"
        document["crs"] = {"type": "name", "properties": {"name": name}}
    return json.dumps(document, ensure_ascii=False).encode()


def _rounded(shape: BaseGeometry, srid: int) -> BaseGeometry:
    return shapely.transform(shape, lambda xy: np.round(xy, _decimals(srid)))


def _kml(rows: Sequence[Row], _srid: int, _encoding: str) -> bytes:
    """GDAL's KML turns Japanese headings into underscores."""
    marks = "".join(map(_placemark, rows))
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2">'
        f"<Document>{marks}</Document></kml>"
    )
    return text.encode()


def _placemark(row: Row) -> str:
    data = "".join(
        f'<Data name="{escape(heading)}"><value>{_xml(str(cell))}</value></Data>'
        for heading, cell in zip(HEADINGS, row.cells(), strict=True)
        if heading != HEADINGS[1]  # the name has an element of its own
    )
    shape = _rounded(row.shape, WGS84)
    return (
        f"<Placemark><name>{_xml(row.name)}</name><ExtendedData>{data}</ExtendedData>"
        f"{_kml_shape(shape)}</Placemark>\n"
    )


def _xml(text: str) -> str:
    return escape(_XML_UNFIT.sub("", text))


def _kml_shape(shape: Any) -> str:
    if shape.geom_type.startswith("Multi"):
        return f"<MultiGeometry>{''.join(map(_kml_shape, shape.geoms))}</MultiGeometry>"
    if shape.geom_type == "LineString":
        return f"<LineString>{_kml_positions(shape)}</LineString>"
    rings = [("outerBoundaryIs", shape.exterior)]
    rings += [("innerBoundaryIs", hole) for hole in shape.interiors]
    inside = "".join(
        f"<{tag}><LinearRing>{_kml_positions(ring)}</LinearRing></{tag}>" for tag, ring in rings
    )
    return f"<Polygon>{inside}</Polygon>"


def _kml_positions(line: Any) -> str:
    pairs = " ".join(f"{x!r},{y!r}" for x, y in line.coords)
    return f"<coordinates>{pairs}</coordinates>"


# ---- through GDAL ----


def _gpkg(rows: Sequence[Row], srid: int, _encoding: str) -> bytes:
    with tempfile.TemporaryDirectory(prefix="area-export-") as folder:
        path = Path(folder) / "areas.gpkg"
        _write_gdal(path, rows, HEADINGS, srid, driver="GPKG", layer="areas", kind="Unknown")
        return path.read_bytes()


def _shapefile(rows: Sequence[Row], srid: int, encoding: str) -> bytes:
    """A zip with lines and polygons apart, because a shapefile holds one kind of shape only."""
    if encoding == "auto":
        encoding = "cp932" if all(_comes_back(c) for c in _characters(rows)) else "utf-8"
    if encoding == "cp932":
        _encodable("", rows)
    out = io.BytesIO()
    with (
        tempfile.TemporaryDirectory(prefix="area-export-") as folder,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as zipped,
    ):
        for name, dimension, kind in (
            ("areas_lines", 1, "LineString"),
            ("areas_polygons", 2, "Polygon"),
        ):
            part = [row for row in rows if shapely.get_dimensions(row.shape) == dimension]
            if part or (dimension == 1 and not rows):
                _write_gdal(
                    Path(folder) / f"{name}.shp", part, SHAPEFILE_HEADINGS, srid,
                    driver="ESRI Shapefile", kind=kind, encoding=encoding.upper(),
                )  # fmt: skip
        for path in sorted(Path(folder).iterdir()):
            zipped.write(path, path.name)
    return out.getvalue()


def _write_gdal(
    path: Path, rows: Sequence[Row], headings: Sequence[str], srid: int, *, kind: str, **how: Any
) -> None:
    import pyogrio.raw  # noqa: PLC0415 - GDAL is loaded by those who export, not by every process

    shapes = np.array([shapely.to_wkb(row.shape) for row in rows], dtype=object)
    columns = list(zip(*(row.cells() for row in rows), strict=True)) or [()] * len(headings)
    data = [
        np.array(column, dtype=float if heading in headings[6:] else object)
        for heading, column in zip(headings, columns, strict=True)
    ]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Value .* truncated")  # a field has 254 bytes
        pyogrio.raw.write(
            path, shapes, data, list(headings), geometry_type=kind, crs=f"EPSG:{srid}", **how
        )


# ---- CP932 ----


def _characters(rows: Sequence[Row]) -> list[str]:
    return sorted({c for row in rows for text in row.texts() for c in text})


def _comes_back(character: str) -> bool:
    """Not only 𠮷 is missing: 〜 is written as the code of ～ and is another one when read."""
    return character.encode("cp932", "ignore").decode("cp932") == character


def _encodable(text: str, rows: Sequence[Row]) -> str:
    unfit = [c for c in _characters(rows) if not c.encode("cp932", "ignore")]
    if unfit:
        message = _("CP932 にない文字があります: {characters}。UTF-8 で書き出してください。")
        raise Invalid(message.format(characters=" ".join(unfit[:10])), "encoding")
    return text


FORMATS = {
    "geojson": Format(".geojson", "application/geo+json", "GeoJSON", _geojson),
    "gpkg": Format(".gpkg", "application/geopackage+sqlite3", "GeoPackage", _gpkg),
    "shapefile": Format(".zip", "application/zip", "Shapefile (zip)", _shapefile),
    "csv": Format(".csv", "text/csv; charset=utf-8", "CSV (WKT)", _csv),
    "kml": Format(".kml", "application/vnd.google-earth.kml+xml", "KML", _kml),
}
SUFFIXES = {form.suffix: name for name, form in FORMATS.items()} | {".json": "geojson"}
