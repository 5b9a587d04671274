"""KML and KMZ, read with the standard library's XML parser after a strict look.

Not through GDAL: its KML reader turns every Japanese heading of ExtendedData into "____", and
splits one file into a layer per folder. Nothing is fetched; NetworkLinks are ignored.
"""

import re
from collections.abc import Iterator
from io import BytesIO
from xml.etree import ElementTree
from xml.parsers import expat

import shapely
from pyproj import CRS
from shapely.geometry.base import BaseGeometry

from geo.crs import WGS84
from geo.files.model import FileError, Finding, Limits, RawFeature, Source, finding
from geo.files.text import asked_encoding, decode_text, known_encoding

_MAX_DEPTH = 60
_DECLARATION = re.compile(r"\s*<\?xml[^>]{0,200}\?>")
_DECLARED_ENCODING = re.compile(rb"""<\?xml[^>]{0,100}encoding\s*=\s*["']([\w.-]{1,30})["']""")
_SHAPES = frozenset({"Point", "LineString", "LinearRing", "Polygon", "MultiGeometry"})
_OTHER_SHAPES = frozenset({"Model", "Track", "MultiTrack"})


def open_kml(data: bytes, limits: Limits, encoding: str | None, *, kmz: bool = False) -> Source:
    """A KML document as a Source. Raises FileError (xml_entities for any DOCTYPE)."""
    # Decoded by us and handed on as UTF-8, so that what was checked is what is parsed.
    text, codec = _decode(data, encoding)
    document = _DECLARATION.sub("", text, count=1).encode("utf-8", "replace")
    if document.count(b",") > limits.max_vertices_total * 2:  # one or two in each position
        raise FileError("too_many_vertices", max_vertices=limits.max_vertices_total)
    count = _look_through(document, limits)
    fields = _fields(document)

    def read(wanted: frozenset[str]) -> Iterator[RawFeature]:
        for number, placemark in enumerate(_placemarks(document), start=1):
            values = {key: text for key, text in _values(placemark) if key in wanted}
            yield RawFeature(number, values, *_geometry(placemark))

    crs = CRS.from_epsg(WGS84)
    return Source("kmz" if kmz else "kml", (), None, fields, crs, codec, count, read)


def _decode(data: bytes, encoding: str | None) -> tuple[str, str]:
    """As the declaration says, if it is one of the usual encodings."""
    declared = _DECLARED_ENCODING.match(data.lstrip()[:200])
    if encoding or not declared or data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return decode_text(data, asked_encoding(encoding))
    codec = known_encoding(declared[1].decode())
    if codec is None:
        raise FileError("unreadable_encoding", asked=declared[1].decode())
    return decode_text(data, codec)


def _look_through(document: bytes, limits: Limits) -> int:
    """Number of placemarks. One pass that builds nothing and stops at the first danger."""
    state = {"depth": 0, "placemarks": 0}

    def start(name: str, _attributes: dict[str, str]) -> None:
        state["depth"] += 1
        if state["depth"] == 1 and _local(name) != "kml":
            raise FileError("unknown_format", looks_like="xml")
        if state["depth"] > _MAX_DEPTH:
            raise FileError("broken", reason="nesting")
        state["placemarks"] += _local(name) == "Placemark"
        if state["placemarks"] > limits.max_features:
            raise FileError("too_many_features", max_features=limits.max_features)

    def end(_name: str) -> None:
        state["depth"] -= 1

    def doctype(*_: object) -> None:
        raise FileError("xml_entities")

    parser = expat.ParserCreate(encoding="utf-8")
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.StartDoctypeDeclHandler = doctype
    parser.EntityDeclHandler = doctype
    try:
        parser.Parse(document, True)
    except expat.ExpatError as error:
        raise FileError("broken", reason="xml", line=error.lineno) from None
    return state["placemarks"]


def _local(name: str) -> str:
    return name.rsplit("}", 1)[-1].rsplit(":", 1)[-1]


def _placemarks(document: bytes) -> Iterator[ElementTree.Element]:
    # S314: _look_through has refused every DOCTYPE and deep nesting in these very bytes.
    for _, element in ElementTree.iterparse(BytesIO(document)):  # noqa: S314
        if _local(element.tag) == "Placemark":
            yield element
            element.clear()


def _fields(document: bytes) -> tuple[str, ...]:
    fields: dict[str, None] = {}
    for placemark in _placemarks(document):
        fields.update(dict.fromkeys(key for key, _ in _values(placemark)))
    return tuple(fields)[:200]


def _values(placemark: ElementTree.Element) -> Iterator[tuple[str, str]]:
    """Name and the ExtendedData of both kinds (Data/value and SchemaData/SimpleData)."""
    for child in placemark:
        if _local(child.tag) == "name":
            yield "name", child.text or ""
        if _local(child.tag) != "ExtendedData":
            continue
        for item in child.iter():
            key = item.get("name")
            if key and _local(item.tag) == "SimpleData":
                yield key, item.text or ""
            elif key and _local(item.tag) == "Data":
                yield key, next((v.text or "" for v in item if _local(v.tag) == "value"), "")


def _geometry(placemark: ElementTree.Element) -> tuple[BaseGeometry | None, tuple[Finding, ...]]:
    for child in placemark:
        kind = _local(child.tag)
        if kind in _OTHER_SHAPES:
            return None, (finding("unsupported_type", type=kind),)
        if kind in _SHAPES:
            try:
                return _shape(child), ()
            except (ValueError, IndexError, shapely.GEOSException):
                return None, (finding("broken_geometry"),)
    return None, (finding("empty_geometry"),)


def _shape(element: ElementTree.Element) -> BaseGeometry:
    kind = _local(element.tag)
    if kind == "MultiGeometry":
        parts = [_shape(child) for child in element if _local(child.tag) in _SHAPES]
        return shapely.GeometryCollection(parts)
    if kind == "Polygon":
        return _polygon(element)
    positions = _coordinates(element)
    if kind == "Point":
        return shapely.Point(positions[0]) if positions else shapely.Point()
    return shapely.LineString(positions)


def _polygon(element: ElementTree.Element) -> shapely.Polygon:
    outer: list[tuple[float, float]] = []
    holes = []
    for child in element:
        if _local(child.tag) == "outerBoundaryIs":
            outer = _coordinates(child)
        elif _local(child.tag) == "innerBoundaryIs":
            holes.append(_coordinates(child))
    return shapely.Polygon(outer, holes) if outer else shapely.Polygon()


def _coordinates(element: ElementTree.Element) -> list[tuple[float, float]]:
    texts = [e.text or "" for e in element.iter() if _local(e.tag) == "coordinates"]
    positions = []
    for triple in " ".join(texts).split():
        numbers = triple.split(",")
        positions.append((float(numbers[0]), float(numbers[1])))
    return positions
