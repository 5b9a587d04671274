"""The crew's paper: its map as SVG. CPU-bound: call it in a thread."""

import json
from collections.abc import Sequence
from functools import lru_cache

import shapely
from shapely.geometry.base import BaseGeometry

from geo.route import Point
from geo.route_map import land_of, route_map
from server.http.i18n import gettext as _
from server.maps.places import place_names
from server.settings import ROOT

LAND = ROOT / "static/basemap/muroran-land.geojson"


@lru_cache
def _land() -> BaseGeometry:
    features = json.loads(LAND.read_text(encoding="utf-8"))["features"]
    shapes = [shapely.geometry.shape(feature["geometry"]) for feature in features]
    return land_of(shape for shape in shapes if shape.is_valid)


def route_svg(start: Point, stops: Sequence[Point]) -> str:
    """The map of a day; the numbers are the order of ``stops``. Safe to put into a page as it is:
    the words on it are escaped."""
    return route_map(
        start, stops, _land(), place_names().places, start_word=_("出発"), source=_("陸地: GSHHG")
    )
