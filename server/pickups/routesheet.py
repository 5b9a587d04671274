"""The crew's paper: its map as SVG. CPU-bound: call it in a thread."""

from collections.abc import Sequence

from geo.route import Point
from geo.route_map import route_map
from server.http.i18n import gettext as _
from server.maps.ground import land
from server.maps.places import place_names


def route_svg(start: Point, stops: Sequence[Point]) -> str:
    """The map of a day; the numbers are the order of ``stops``. Safe to put into a page as it is:
    the words on it are escaped."""
    return route_map(
        start, stops, land(), place_names().places, start_word=_("出発"), source=_("陸地: GSHHG")
    )
