"""Hostile area files: name, the code it must end in, and how to make it."""

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from tests.geo.file_corpus import (
    ENDLESS,
    areas,
    gpkg,
    gpkg_with,
    kml_text,
    line,
    named,
    shapefile,
    shapefile_parts,
    zip_of,
)

Maker = Callable[[Path], object]


def _bomb(path: Path) -> None:
    parts = {"a.shp": b"\0" * 60_000_000, "a.dbf": b"\0" * 10_000_000}
    zip_of(path, parts)


def _huge_claim(path: Path) -> None:
    """Ten entries of 30 MB each: over the sum allowed."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        block = b"\0" * 30_000_000
        for number in range(10):
            out.writestr(f"{number}.shp", block)


def _raw_entry(name: bytes, data: bytes, *, claimed: int, offset: int) -> tuple[bytes, bytes]:
    """(local part, central part) of a deflated zip entry with sizes of our choice."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(data) + packer.flush()
    common = struct.pack(
        "<HHHHHIIIHH", 20, 0, 8, 0, 33, zlib.crc32(data), len(packed), claimed, len(name), 0
    )
    local = b"PK\3\4" + common + name + packed
    central = b"PK\1\2" + struct.pack("<H", 20) + common
    return local, central + struct.pack("<HHHII", 0, 0, 0, 0, offset) + name


def raw_zip(locals_: bytes, centrals: Sequence[bytes]) -> bytes:
    directory = b"".join(centrals)
    count = len(centrals)
    end = struct.pack("<HHHHIIH", 0, 0, count, count, len(directory), len(locals_), 0)
    return locals_ + directory + b"PK\5\6" + end


def _lying_sizes(path: Path) -> None:
    """Says 1 kB, holds 300 MB."""
    local, central = _raw_entry(b"a.shp", b"\0" * 300_000_000, claimed=1024, offset=0)
    path.write_bytes(raw_zip(local, [central]))


def _overlapping(path: Path) -> None:
    """A hundred entries that are all the same bytes."""
    local, central = _raw_entry(b"a.shp", b"\0" * 1_000_000, claimed=1_000_000, offset=0)
    path.write_bytes(raw_zip(local, [central] * 100))


def _named(name: str) -> Maker:
    return lambda path: zip_of(path, {name: b"x"})


def _nul_name(path: Path) -> None:
    local, central = _raw_entry(b"a.shp\0.txt", b"x", claimed=1, offset=0)
    path.write_bytes(raw_zip(local, [central]))


def _symlink(path: Path) -> None:
    info = zipfile.ZipInfo("a.shp")
    info.create_system = 3
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(path, "w") as out:
        out.writestr(info, "/etc/passwd")


def _encrypted(path: Path) -> None:
    local, central = _raw_entry(b"a.shp", b"x" * 100, claimed=100, offset=0)
    data = bytearray(raw_zip(local, [central]))
    data[6] |= 1
    data[len(local) + 8] |= 1
    path.write_bytes(bytes(data))


def _nested(path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("a.shp", b"\0" * 50_000_000)
    zip_of(path, {"inner.zip": inner.getvalue()})


def _many_entries(path: Path) -> None:
    zip_of(path, {f"{number}.shp": b"" for number in range(300)})


def _text(text: str, encoding: str = "utf-8") -> Maker:
    return lambda path: path.write_bytes(text.encode(encoding))


def _big_ring_shapefile(path: Path) -> None:
    """One polygon with ten million vertices, whose zip is small."""
    count = 10_000_000
    words = 22 + 8 * count + 50
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as out:
        out.writestr("a.dbf", _dbf(1))
        with out.open("a.shp", "w", force_zip64=False) as shp:
            shp.write(struct.pack(">i20xi", 9994, words + 4))
            shp.write(struct.pack("<ii4d32x", 1000, 5, 140.0, 42.0, 141.0, 43.0))
            shp.write(struct.pack(">ii", 1, words - 50))
            shp.write(struct.pack("<i4dii", 5, 140.0, 42.0, 141.0, 43.0, 1, count))
            shp.write(struct.pack("<i", 0))
            random = np.random.default_rng(7)
            for _ in range(10):  # half random, half constant: compresses about four times
                block = np.full((count // 10, 2), 42.0)
                block[:, 0] = random.integers(0, 250, count // 10) / 250 + 140
                shp.write(block.tobytes())


def _dbf(records: int) -> bytes:
    field = struct.pack("<11sc4xBB14x", b"NAME", b"C", 10, 0)
    head = struct.pack("<BBBBIHH20x", 3, 126, 1, 1, records, 65, 11)
    return head + field + b"\r" + b" " * 11 * min(records, 10) + b"\x1a"


def _big_ring_geojson(path: Path) -> None:
    with path.open("w") as out:
        out.write('{"type":"Polygon","coordinates":[[[0,0]')
        block = ",[1,2]" * 100_000
        for _ in range(60):
            out.write(block)
        out.write("]]}")


def _big_ring_csv(path: Path) -> None:
    with path.open("w") as out:
        out.write('name,wkt\nx,"LINESTRING(0 0')
        block = ",1 2" * 100_000
        for _ in range(100):
            out.write(block)
        out.write(')"\n')


def _big_ring_kml(path: Path) -> None:
    with path.open("w") as out:
        out.write("<kml><Placemark><LineString><coordinates>0,0")
        block = " 1,2" * 100_000
        for _ in range(100):
            out.write(block)
        out.write("</coordinates></LineString></Placemark></kml>")


def _many_features(path: Path) -> None:
    one = json.dumps(named(line([141.0, 42.0], [141.1, 42.0])))
    path.write_text('{"type":"FeatureCollection","features":[' + ",".join([one] * 50_001) + "]}")


def _sparse(path: Path) -> None:
    with path.open("wb") as out:
        out.write(b"{")
        out.truncate(60 * 1024**2)


def _gpkg_system_view(path: Path) -> None:
    gpkg_with(path, "DROP TABLE gpkg_ogr_contents", f"CREATE VIEW gpkg_ogr_contents AS {ENDLESS}")


def _gpkg_only_view(path: Path) -> None:
    gpkg_with(
        path,
        f"CREATE VIEW trap AS {ENDLESS}",
        "UPDATE gpkg_contents SET table_name = 'trap'",
    )


def _cut_gpkg(path: Path) -> None:
    gpkg(path, areas())
    path.write_bytes(path.read_bytes()[:20_000])


def _damaged_schema(path: Path) -> None:
    """SQLite quotes the damaged bytes in its message, which is then no UTF-8."""
    gpkg(path, areas())
    whole = path.read_bytes()
    path.write_bytes(
        whole.replace(b"CREATE TABLE gpkg_contents", b"CREATE \xc8\xc8BLE gpkg_contents")
    )


def _cut_zip(path: Path) -> None:
    shapefile(path, areas()[:1])
    path.write_bytes(path.read_bytes()[:-200])


def _cut_shp(path: Path) -> None:
    parts = shapefile_parts(path.with_suffix(".parts"), areas()[:1])
    parts[".shp"] = parts[".shp"][:-8]
    zip_of(path, {f"a{suffix}": data for suffix, data in parts.items()})


_LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE k [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 20}">' for i in range(9))
    + "]><kml><Document><name>&j;</name></Document></kml>"
)
_EXTERNAL = (
    '<?xml version="1.0"?><!DOCTYPE k [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    "<kml><Placemark><name>&x;</name></Placemark></kml>"
)
_VRT = (
    '<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>/vsicurl/http://127.0.0.1:9/x.csv'
    "</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"
)
_PIPELINE = '{"type":"gdal_streamed_alg","command_line":"gdal vector pipeline ! read /etc/x"}'
_DEEP = '{"type":"FeatureCollection","features":' + "[" * 100_000 + "]" * 100_000 + "}"

HOSTILE: tuple[tuple[str, str, Maker], ...] = (
    ("bomb.zip", "zip_bomb", _bomb),
    ("claim.zip", "zip_bomb", _huge_claim),
    ("lying.zip", "broken", _lying_sizes),
    ("overlap.zip", "zip_bomb", _overlapping),
    ("nested.zip", "no_shapefile_in_zip", _nested),
    ("dots.zip", "zip_path", _named("../../etc/a.shp")),
    ("backslash.zip", "zip_path", _named("..\\..\\a.shp")),
    ("absolute.zip", "zip_path", _named("/etc/a.shp")),
    ("drive.zip", "zip_path", _named("C:/a.shp")),
    ("nul.zip", "zip_path", _nul_name),
    ("symlink.zip", "zip_path", _symlink),
    ("secret.zip", "zip_encrypted", _encrypted),
    ("entries.zip", "zip_entries", _many_entries),
    ("nothing.zip", "no_shapefile_in_zip", _named("readme.txt")),
    ("cut.zip", "broken", _cut_zip),
    ("cutshp.zip", "broken", _cut_shp),
    ("notshp.zip", "broken", _named("a.shp")),
    ("ring.zip", "too_many_vertices", _big_ring_shapefile),
    ("ring.geojson", "too_many_vertices", _big_ring_geojson),
    ("ring.csv", "too_many_vertices", _big_ring_csv),
    ("ring.kml", "too_many_vertices", _big_ring_kml),
    ("many.geojson", "too_many_features", _many_features),
    ("deep.geojson", "broken", _text(_DEEP)),
    ("digits.geojson", "broken", _text('{"type":"Point","coordinates":[' + "9" * 9999 + ",1]}")),
    ("cut.geojson", "broken", _text('{"type":"FeatureCollection","features":[{"ty')),
    ("pipeline.geojson", "unknown_format", _text(_PIPELINE)),
    ("sparse.geojson", "too_large", _sparse),
    ("empty.geojson", "empty_file", _text("")),
    ("laughs.kml", "xml_entities", _text(_LAUGHS)),
    ("laughs16.kml", "xml_entities", _text(_LAUGHS, "utf-16")),
    ("external.kml", "xml_entities", _text(_EXTERNAL)),
    ("deep.kml", "broken", _text("<kml>" + "<Folder>" * 50_000 + "</Folder>" * 50_000 + "</kml>")),
    ("utf7.kml", "unreadable_encoding", _text('<?xml version="1.0" encoding="UTF-7"?><kml/>')),
    ("cut.kml", "broken", _text(kml_text(areas())[:300])),
    ("vrt.kml", "unknown_format", _text(_VRT)),
    ("vrt.csv", "unknown_format", _text(_VRT)),
    ("vsicurl.csv", "no_geometry_column", _text("/vsicurl/http://127.0.0.1:9/x.csv\n1\n")),
    ("noise.csv", "unreadable_encoding", lambda path: path.write_bytes(bytes(range(128, 256)) * 9)),
    ("nul.csv", "unknown_format", _text("name,wkt\n\0\0,\0\n")),
    ("noise.geojson", "unknown_format", _text("hello")),
    ("old.xls", "unknown_format", lambda path: path.write_bytes(b"\xd0\xcf\x11\xe0" + b"\0" * 600)),
    ("new.xlsx", "unknown_format", _named("xl/workbook.xml")),
    ("cut.gpkg", "broken", _cut_gpkg),
    ("schema.gpkg", "broken", _damaged_schema),
    ("bytes.geojson", "unreadable_encoding", lambda path: path.write_bytes(b'{"a":"\x85 \xff"}')),
    ("system_view.gpkg", "broken", _gpkg_system_view),
    ("view.gpkg", "no_layer", _gpkg_only_view),
)
