"""Shapefile and GeoPackage, read through pyogrio (GDAL) from a folder of our own.

Everything here runs on a copy under a name of our own, in the child process.
"""

import sqlite3
import struct
import warnings
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pyogrio.raw
import shapely
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, FieldError
from pyproj import CRS
from pyproj.exceptions import CRSError
from shapely.geometry.base import BaseGeometry

from geo.files.axes import flat_crs
from geo.files.drivers import DRIVERS
from geo.files.model import FileError, Finding, Limits, RawFeature, Source, finding
from geo.files.text import as_text, asked_encoding, decode_fixed, known_encoding

_CHUNK_FEATURES = 500
_SHP_HEADER = struct.Struct(">i20xi")  # file code, length in 16-bit words
_SHP_CODE = 9994
_DBF_HEADER = struct.Struct("<xxxxIHH")  # records, header bytes, record bytes
_DBF_SAMPLE_RECORDS = 5_000
_BYTES_PER_VERTEX = 16
_MAX_PRJ_BYTES = 20_000
# UnboundLocalError: pyogrio 0.13 trips in its own code over a CRS it cannot write out.
_GDAL_ERRORS = (
    DataSourceError,
    DataLayerError,
    FeatureError,
    FieldError,
    RuntimeError,
    UnboundLocalError,
)


def check_drivers() -> None:
    """Fail closed if this process's GDAL would open anything else. Raises FileError(crashed)."""
    extra = set(pyogrio.list_drivers()) - DRIVERS
    if extra:
        raise FileError("crashed", reason="drivers", drivers=sorted(extra)[:10])


def _prj_text(shp: Path) -> str:
    """The .prj, taken away from GDAL: pyogrio stumbles over a damaged one, we then ask."""
    prj = shp.with_suffix(".prj")
    if not prj.exists():
        return ""
    with prj.open("rb") as stream:
        text = stream.read(_MAX_PRJ_BYTES).decode("utf-8", "replace")
    prj.unlink()
    return text.lstrip("\ufeff").strip()


def _crs_from(text: str | None) -> CRS | None:
    """The CRS of a .prj or GeoPackage; None for none, and for local or engineering systems."""
    if not text:
        return None
    try:
        is_number = text.upper().startswith("EPSG:")  # pyogrio's short form
        crs = flat_crs(CRS.from_user_input(text) if is_number else CRS.from_wkt(text))
    except CRSError:
        return None
    return crs if crs.is_geographic or crs.is_projected else None


def _read_chunks(
    path: Path, layer: str, columns: Sequence[str], **how: Any
) -> Iterator[tuple[Sequence[str], np.ndarray[Any, Any], Sequence[np.ndarray[Any, Any]]]]:
    """(field names, WKB, columns of cells) of up to _CHUNK_FEATURES features at a time."""
    start = 0
    while True:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # GDAL's remarks; the checks look for themselves
                meta, _, wkb, cells = pyogrio.raw.read(
                    path,
                    layer=layer,
                    columns=list(columns),
                    force_2d=True,
                    skip_features=start,
                    max_features=_CHUNK_FEATURES,
                    datetime_as_string=True,
                    **how,
                )
        except _GDAL_ERRORS:
            raise FileError("broken", reason="gdal") from None
        except (ValueError, UnicodeDecodeError):
            raise FileError("broken", reason="gdal_values") from None
        if wkb is None:
            raise FileError("no_geometry_column", fields=[])
        yield meta["fields"], wkb, cells
        start += len(wkb)
        if len(wkb) < _CHUNK_FEATURES:
            return


def _geometry(wkb: bytes | None) -> tuple[BaseGeometry | None, tuple[Finding, ...]]:
    if wkb is None:
        return None, (finding("empty_geometry"),)
    try:
        return shapely.from_wkb(wkb), ()
    except shapely.GEOSException:
        return None, (finding("broken_geometry"),)


def _info(path: Path, layer: str, **how: Any) -> dict[str, Any]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            info: dict[str, Any] = pyogrio.read_info(path, layer=layer, **how)
            return info
    except (*_GDAL_ERRORS, ValueError):
        raise FileError("broken", reason="gdal") from None


# ---- Shapefile ----


def open_shapefile(
    shp: Path, layers: tuple[str, ...], layer: str, limits: Limits, encoding: str | None
) -> Source:
    """A shapefile taken out of its zip, as a Source. Raises FileError."""
    _check_shp(shp, limits)
    codec, guessed = _dbf_encoding(shp, asked_encoding(encoding))
    pyogrio.set_gdal_config_options({"SHAPE_RESTORE_SHX": True})  # people forget the .shx
    prj = _prj_text(shp)
    info = _info(shp, "layer", encoding="ISO-8859-1")
    raw_fields = {_decode(name, codec)[0]: name for name in info["fields"]}
    count = int(info["features"])
    if count > limits.max_features:
        raise FileError("too_many_features", max_features=limits.max_features)
    notes = (finding("encoding_guessed", encoding=codec),) if guessed else ()
    return Source(
        "shapefile",
        layers,
        layer,
        tuple(raw_fields),
        _crs_from(prj),
        codec,
        count,
        partial(_shapefile_features, shp, raw_fields, codec),
        notes=notes,
    )


def _shapefile_features(
    shp: Path, raw_fields: dict[str, str], codec: str, wanted: frozenset[str]
) -> Iterator[RawFeature]:
    names = {raw: name for name, raw in raw_fields.items() if name in wanted}
    number = 0
    for fields, wkbs, columns in _read_chunks(shp, "layer", list(names), encoding="ISO-8859-1"):
        for row, wkb in enumerate(wkbs):
            number += 1
            geometry, problems = _geometry(wkb)
            values = {}
            for raw, column in zip(fields, columns, strict=True):
                values[names[raw]], cut = _decode(as_text(column[row]), codec)
                if cut:
                    problems += (finding("text_cut", column=names[raw]),)
            yield RawFeature(number, values, geometry, problems)


def _decode(text: str, codec: str) -> tuple[str, bool]:
    return decode_fixed(text.encode("latin-1", "replace"), codec)


def _check_shp(shp: Path, limits: Limits) -> None:
    """Refuse what the header already gives away: no shapefile, cut short, far too large."""
    size = shp.stat().st_size
    with shp.open("rb") as stream:
        head = stream.read(100)
    if len(head) < 100:
        raise FileError("broken", reason="shp")
    code, words = _SHP_HEADER.unpack_from(head)
    if code != _SHP_CODE or words * 2 > size:
        raise FileError("broken", reason="shp")
    if size > limits.max_vertices_total * _BYTES_PER_VERTEX + limits.max_features * 100:
        raise FileError("too_many_vertices", max_vertices=limits.max_vertices_total)


def _dbf_encoding(shp: Path, asked: str | None) -> tuple[str, bool]:
    """(encoding, guessed against the .cpg?). A .cpg is believed only if the bytes agree."""
    if asked:
        return asked, False
    cpg = shp.with_suffix(".cpg")
    stated = None
    if cpg.exists():
        with cpg.open("rb") as stream:
            stated = known_encoding(stream.read(40).decode("ascii", "replace"))
    samples = _dbf_samples(shp.with_suffix(".dbf"))
    for codec in [c for c in (stated, "utf-8", "cp932") if c]:
        if all(_fits(sample, codec) for sample in samples):
            return codec, stated is not None and codec != stated
    raise FileError("unreadable_encoding")


def _fits(raw: bytes, codec: str) -> bool:
    text, _ = decode_fixed(raw, codec)
    return "\ufffd" not in text


def _dbf_samples(dbf: Path) -> set[bytes]:
    """Names and texts of the attribute table as bytes. Empty if there is no table."""
    if not dbf.exists():
        return set()
    data = dbf.read_bytes() if dbf.stat().st_size < 8 * 1024**2 else _first_bytes(dbf)
    if len(data) < 32:
        raise FileError("broken", reason="dbf")
    records, header_bytes, record_bytes = _DBF_HEADER.unpack_from(data)
    spans, samples, offset = [], set(), 1
    for at in range(32, min(header_bytes, len(data)) - 31, 32):
        if data[at] == 0x0D:
            break
        width = data[at + 16]
        samples.add(data[at : at + 11].split(b"\0")[0])
        if data[at + 11 : at + 12] == b"C":
            spans.append((offset, offset + width))
        offset += width
    for number in range(min(records, _DBF_SAMPLE_RECORDS)):
        record = data[header_bytes + number * record_bytes :][:record_bytes]
        if not record:
            break
        samples.update(record[a:b].rstrip(b" \0") for a, b in spans)
    return samples


def _first_bytes(dbf: Path) -> bytes:
    with dbf.open("rb") as stream:
        return stream.read(8 * 1024**2)


# ---- GeoPackage ----


def gpkg_layers(path: Path) -> dict[str, int]:
    """Layer name → rows, for layers that are real tables: a view may run any SQL.

    Looked up with sqlite3, read-only and immutable, before GDAL sees the file.
    """
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as db:
            db.execute("PRAGMA trusted_schema = OFF")
            odd = db.execute(
                "SELECT count(*) FROM sqlite_master WHERE type = 'view' AND "
                "(name LIKE 'gpkg%' OR name LIKE 'rtree%' OR name LIKE 'layer_styles')"
            ).fetchone()
            if odd[0]:
                raise FileError("broken", reason="gpkg_views")
            tables = db.execute(
                "SELECT m.name FROM gpkg_contents c JOIN sqlite_master m"
                " ON m.name = c.table_name COLLATE NOCASE"
                " WHERE c.data_type = 'features' AND m.type = 'table'"
                " AND m.sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY c.rowid LIMIT 200"
            ).fetchall()
            names = [str(name) for (name,) in tables]
            return {name: _count(db, name) for name in names}
    except (sqlite3.Error, UnicodeDecodeError):  # the latter from damaged error messages
        raise FileError("broken", reason="gpkg") from None


def _count(db: sqlite3.Connection, table: str) -> int:
    quoted = table.replace('"', '""')
    return int(db.execute(f'SELECT count(*) FROM "{quoted}"').fetchone()[0])  # noqa: S608 - quoted


def open_gpkg(path: Path, layers: dict[str, int], layer: str, limits: Limits) -> Source:
    """One layer of a GeoPackage as a Source. Raises FileError."""
    if layers[layer] > limits.max_features:
        raise FileError("too_many_features", max_features=limits.max_features)
    info = _info(path, layer)
    return Source(
        "gpkg",
        tuple(layers),
        layer,
        tuple(str(name) for name in info["fields"]),
        _crs_from(info["crs"]),
        "utf-8",
        layers[layer],
        partial(_gpkg_features, path, layer),
    )


def _gpkg_features(path: Path, layer: str, wanted: frozenset[str]) -> Iterator[RawFeature]:
    number = 0
    for fields, wkbs, columns in _read_chunks(path, layer, sorted(wanted)):
        for row, wkb in enumerate(wkbs):
            number += 1
            values = {
                str(name): as_text(column[row])
                for name, column in zip(fields, columns, strict=True)
            }
            yield RawFeature(number, values, *_geometry(wkb))
