"""Good and odd area files, made at test time; the hostile ones are in file_hostile.py.

Nothing here is a real place's data.
"""

import csv
import io
import json
import sqlite3
import warnings
import zipfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio.raw
import shapely
from pyproj import CRS, Transformer
from shapely.geometry.base import BaseGeometry

NAMES = ("見本 髙﨑通り", "見本 海岸①", "見本 ポプラ公園")  # CP932 carries these
RARE_NAME = "見本 𠮷野橋"  # and this one it cannot
FIELDS = ("区域番号", "名称", "フリガナ", "区分", "管理者", "担当課")
KANA = ("ミホン タカサキドオリ", "ミホン カイガン", "ミホン ポプラコウエン")
ESRI_ZONE_12 = CRS.from_epsg(6680).to_wkt("WKT1_ESRI")


@dataclass(frozen=True)
class Area:
    """One area as a city's table has it; geometry in (lon, lat)."""

    code: str
    name: str
    kana: str
    kind: str
    manager: str
    section: str
    geometry: BaseGeometry

    def cells(self) -> tuple[str, ...]:
        return (self.code, self.name, self.kana, self.kind, self.manager, self.section)


def areas() -> list[Area]:
    """A road, a shore in two parts, a park with a hole: in and around Muroran."""
    road = shapely.LineString([(140.9701234, 42.3156789), (140.9805, 42.3201), (140.99, 42.3222)])
    shore = shapely.MultiLineString(
        [[(140.94, 42.31), (140.9455, 42.3111)], [(140.95, 42.312), (140.956, 42.3135)]]
    )
    park = shapely.Polygon(
        [(141.0, 42.33), (141.004, 42.33), (141.004, 42.333), (141.0, 42.333)],
        [[(141.001, 42.331), (141.002, 42.331), (141.002, 42.332)]],
    )
    return [
        Area("A-0001", NAMES[0], KANA[0], "市道", "市", "土木課", road),
        Area("A-0002", NAMES[1], KANA[1], "海浜", "港湾", "港湾部", shore),
        Area("A-0003", NAMES[2], KANA[2], "公園・緑地", "市", "都市政策課", park),
    ]


def boundary() -> BaseGeometry:
    return shapely.box(140.85, 42.27, 141.08, 42.44)


# ---- writers of good files ----


def collection(features: Sequence[Any], **more: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features), **more}


def feature(geometry: Any, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def line(*positions: Any) -> dict[str, Any]:
    return {"type": "LineString", "coordinates": list(positions)}


def named(geometry: Any, name: str = "見本", **more: Any) -> dict[str, Any]:
    return feature(geometry, **{"name": name, "kind": "city_road", "manager": "city", **more})


def write_json(path: Path, document: Any, encoding: str = "utf-8") -> Path:
    path.write_bytes(json.dumps(document, ensure_ascii=False).encode(encoding))
    return path


def geojson(path: Path, items: Sequence[Area]) -> Path:
    features = [
        feature(
            json.loads(shapely.to_geojson(item.geometry)),
            **dict(zip(FIELDS, item.cells(), strict=True)),
        )
        for item in items
    ]
    return write_json(path, collection(features))


def _write_gdal(path: Path, items: Sequence[Area], **how: Any) -> None:
    how = {"geometry_type": "Unknown", "crs": "EPSG:4326", **how}
    wkb = np.array([shapely.to_wkb(item.geometry) for item in items], dtype=object)
    table = [
        np.array(column, dtype=object)
        for column in zip(*(item.cells() for item in items), strict=True)
    ]
    fields = how.pop("fields", list(FIELDS))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "field name laundered": a shapefile has 10 bytes for it
        pyogrio.raw.write(path, wkb, table, fields, **how)


def gpkg(path: Path, items: Sequence[Area], layer: str = "区域", **how: Any) -> Path:
    _write_gdal(path, items, layer=layer, driver="GPKG", **how)
    return path


def moved(items: Sequence[Area], srid: int) -> list[Area]:
    """The same areas in another CRS, x = east."""
    move = Transformer.from_crs(4326, srid, always_xy=True)

    def columns(xy: Any) -> Any:
        return np.column_stack(move.transform(xy[:, 0], xy[:, 1]))

    return [replace(item, geometry=shapely.transform(item.geometry, columns)) for item in items]


def shapefile_parts(
    folder: Path, items: Sequence[Area], encoding: str = "CP932", **how: Any
) -> dict[str, bytes]:
    """Suffix → bytes, as written by GDAL with attributes in `encoding`."""
    folder.mkdir(parents=True, exist_ok=True)
    _write_gdal(folder / "made.shp", items, driver="ESRI Shapefile", encoding=encoding, **how)
    return {p.suffix: p.read_bytes() for p in folder.iterdir() if p.stem == "made"}


def zip_of(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in members.items():
            out.writestr(name, data)
    return path


def shapefile(
    path: Path,
    items: Sequence[Area],
    encoding: str = "CP932",
    without: Sequence[str] = (),
    **how: Any,
) -> Path:
    parts = shapefile_parts(path.with_suffix(".parts"), items, encoding, **how)
    kept = {f"区域/areas{s}": data for s, data in parts.items() if s not in without}
    return zip_of(path, kept)


def table(
    path: Path, header: Sequence[str], rows: Sequence[Sequence[object]], encoding: str = "utf-8"
) -> Path:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([header, *rows])
    path.write_bytes(text.getvalue().encode(encoding))
    return path


def wkt_table(path: Path, items: Sequence[Area], encoding: str = "utf-8-sig") -> Path:
    rows = [(*item.cells(), shapely.to_wkt(item.geometry, rounding_precision=9)) for item in items]
    return table(path, [*FIELDS, "WKT"], rows, encoding)


def _kml_coordinates(points: Any) -> str:
    return " ".join(f"{x!r},{y!r},0" for x, y in points)


def _kml_shape(geometry: Any) -> str:
    if geometry.geom_type == "LineString":
        text = _kml_coordinates(geometry.coords)
        return f"<LineString><coordinates>{text}</coordinates></LineString>"
    if geometry.geom_type == "Polygon":
        rings = "".join(
            f"<{tag}><LinearRing><coordinates>{_kml_coordinates(ring.coords)}</coordinates>"
            f"</LinearRing></{tag}>"
            for tag, ring in [
                ("outerBoundaryIs", geometry.exterior),
                *[("innerBoundaryIs", hole) for hole in geometry.interiors],
            ]
        )
        return f"<Polygon>{rings}</Polygon>"
    return f"<MultiGeometry>{''.join(map(_kml_shape, geometry.geoms))}</MultiGeometry>"


def kml_text(items: Sequence[Area], head: str = '<?xml version="1.0" encoding="UTF-8"?>') -> str:
    marks = "".join(
        f"<Folder><Placemark><name>{item.name}</name><ExtendedData>"
        + "".join(
            f'<Data name="{key}"><value>{value}</value></Data>'
            for key, value in zip(FIELDS, item.cells(), strict=True)
            if key != "名称"
        )
        + f"</ExtendedData>{_kml_shape(item.geometry)}</Placemark></Folder>"
        for item in items
    )
    return f'{head}<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{marks}</Document></kml>'


def kml(path: Path, items: Sequence[Area]) -> Path:
    path.write_text(kml_text(items), encoding="utf-8")
    return path


def kmz(path: Path, items: Sequence[Area]) -> Path:
    return zip_of(path, {"doc.kml": kml_text(items).encode(), "icon.png": b"x"})


def gpkg_with(path: Path, *statements: str) -> Path:
    """A good GeoPackage that somebody has been at with SQL."""
    gpkg(path, areas(), layer="areas")
    with closing(sqlite3.connect(path)) as db:
        for statement in statements:
            db.execute(statement)
        db.commit()
    return path


ENDLESS = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
    "SELECT i AS fid, NULL AS geom FROM n"
)
