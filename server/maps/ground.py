"""The bundled land of this city, for maps that are drawn on the server."""

import json
from functools import lru_cache

from shapely import MultiPolygon
from shapely.geometry import shape

from geo.print_map import polygons_of
from server.maps.scripts import LAND_PATH
from server.settings import ROOT


@lru_cache
def land() -> MultiPolygon:
    """The land in lon/lat, read once per process."""
    data = json.loads((ROOT / "static" / LAND_PATH).read_text(encoding="utf-8"))
    return polygons_of(shape(feature["geometry"]) for feature in data["features"])
