"""A shape as staff hand it in (drawn, or pasted as GeoJSON or WKT), with words for each fault."""

import json
import re

import numpy as np
import shapely
from geoalchemy2 import WKBElement
from geoalchemy2.shape import from_shape
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from geo import shapes
from geo.crs import WGS84
from geo.shapes import ShapeError
from server.errors import Invalid
from server.http.i18n import gettext as _
from server.http.i18n import lazy as _l

# Faults that the computer can mend, if the person wants it: what is offered as a button.
REPAIRABLE = frozenset({"self_crossing", "hole_outside", "nested_parts"})

# Collections may be nested without end, which GEOS reads by recursion: they are not tried.
_WKT_START = re.compile(r"(MULTI)?(POINT|LINESTRING|POLYGON)\b", re.IGNORECASE)
_DEEPEST = 3  # lists around a position: those of a MultiPolygon

MESSAGES = {
    "not_json": _l("形を読み取れません。地図に描くか、GeoJSON か WKT を貼りつけてください。"),
    "too_large": _l("形のデータが大きすぎます。点を減らしてください。"),
    "not_geometry": _l("形が入っていません。GeoJSON の線か面を貼りつけてください。"),
    "type_not_allowed": _l("点は区域にできません。線を引くか、面を囲んでください。"),
    "empty": _l("形が空です。地図に線を引くか、面を囲んでください。"),
    "too_many_vertices": _l("点が多すぎます。%(max_vertices)s点までにしてください。"),
    "bad_coordinates": _l("座標に数字でないものがあります。"),
    "too_few_points": _l("点が足りません。線は2点、面は3点から作れます。"),
    "ring_not_closed": _l("面の線が閉じていません。はじめの点で終わるようにしてください。"),
    "out_of_range": _l("座標が地球の外です。経度・緯度(度)で書いてください。"),
    "swapped": _l("緯度と経度が逆のようです。経度、緯度の順に書いてください。"),
    "self_crossing": _l("面の線が交わっています。描き直すか、自動で直してください。"),
    "hole_outside": _l("穴が面の外にあります。描き直すか、自動で直してください。"),
    "nested_parts": _l("面と面が重なっています。描き直すか、自動で直してください。"),
    "not_repairable": _l("自動で直せませんでした。描き直してください。"),
}


def invalid(error: ShapeError) -> Invalid:
    """The fault in words, for the field of the shape; ``detail['code']`` names it."""
    words = str(MESSAGES.get(error.code, _("形を読み取れません。")))
    return Invalid(words % error.detail if "%(" in words else words, "geometry", code=error.code)


def read_shape(
    text: str, *, repair: bool = False, swap: bool = False,
    allowed: frozenset[str] = shapes.AREA_TYPES,
) -> BaseGeometry:  # fmt: skip
    """The line or area in ``text`` (lon, lat). Raises Invalid for the field ``geometry``.

    ``repair`` and ``swap`` mend what was offered to be mended; without them nothing is changed.
    """
    try:
        found = shapes.parse_geometry(_geometry_of(text, swap=swap), allowed=allowed)
        if swap and shapes.looks_swapped(found):
            found = shapes.swapped(found)
        elif shapes.looks_swapped(found):
            raise ShapeError("swapped")
        code = shapes.fault(found)
        if code and not (repair and code in REPAIRABLE):
            raise ShapeError(code)
        return shapes.clean(found)
    except ShapeError as error:
        raise invalid(error) from None


def for_database(shape: BaseGeometry) -> WKBElement:
    """The shape as a column value."""
    return from_shape(shape, srid=WGS84)


def _geometry_of(text: str, *, swap: bool) -> dict[str, object]:
    text = text.strip()
    if len(text) > shapes.MAX_BYTES:
        raise ShapeError("too_large")
    data = _from_json(text) if text.startswith("{") else _from_wkt(text)
    for _step in range(2):  # a collection of one feature, a feature
        if data.get("type") == "FeatureCollection":
            features = data.get("features")
            if not isinstance(features, list) or len(features) != 1:
                raise ShapeError("not_geometry")
            data = features[0] if isinstance(features[0], dict) else {}
        elif data.get("type") == "Feature":
            geometry = data.get("geometry")
            data = geometry if isinstance(geometry, dict) else {}
    return _turned(data) if swap else data


def _from_json(text: str) -> dict[str, object]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise ShapeError("not_json") from None
    return data if isinstance(data, dict) else {}


def _from_wkt(text: str) -> dict[str, object]:
    """WKT, also with the SRID=4326; of EWKT in front."""
    if text.upper().startswith("SRID=4326;"):
        text = text.split(";", 1)[1]
    if not _WKT_START.match(text):
        raise ShapeError("not_json")
    try:
        with np.errstate(all="ignore"):  # 1e999 is refused as no number, not warned about
            shape = shapely.from_wkt(text)
    except shapely.GEOSException:
        raise ShapeError("not_json") from None
    if shape is None or shape.is_empty:
        raise ShapeError("empty")
    return json.loads(json.dumps(mapping(shapely.force_2d(shape))))  # type: ignore[no-any-return]


def _turned(data: dict[str, object]) -> dict[str, object]:
    """The same geometry with each position turned round, if its first number is a latitude."""

    def turn(node: object, levels: int) -> object:
        if isinstance(node, list) and len(node) >= 2 and all(_is_number(n) for n in node[:2]):
            return [node[1], node[0], *node[2:]]
        if not isinstance(node, list) or levels == 0:
            return node
        return [turn(child, levels - 1) for child in node]

    return {**data, "coordinates": turn(data.get("coordinates"), _DEEPEST)}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
