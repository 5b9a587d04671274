"""The place names this city is searched by."""

from functools import lru_cache

from geo import gazetteer
from geo.gazetteer import Gazetteer
from server.settings import ROOT

FILE = ROOT / "static/basemap/muroran-places.csv"


@lru_cache
def place_names() -> Gazetteer:
    """All named places, read once per process."""
    return gazetteer.load(FILE)
