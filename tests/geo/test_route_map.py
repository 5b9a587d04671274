"""The crew's map: every stop numbered once, inside the frame, numbers apart, words escaped."""

import math
import re
import xml.etree.ElementTree as ET

from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import box

from geo.gazetteer import Place
from geo.print_map import polygons_of
from geo.route_map import HEIGHT, PIN, WIDTH, route_map

LAND = polygons_of([box(140.9, 42.3, 141.02, 42.4)])
HALL = (140.9743, 42.3154)
SVG = "{http://www.w3.org/2000/svg}"
lonlat = st.tuples(st.floats(140.92, 141.0), st.floats(42.30, 42.38))


def drawn(stops, places=()) -> ET.Element:
    text = route_map(HALL, stops, LAND, places, start_word="出発", source="陸地")
    return ET.fromstring(text)  # noqa: S314 - our own text


def pins(svg: ET.Element) -> list[tuple[float, float]]:
    found = [c for c in svg.iter(f"{SVG}circle") if c.get("r") == f"{PIN:g}"]
    return [(float(c.get("cx") or 0), float(c.get("cy") or 0)) for c in found]


@settings(max_examples=40)
@given(st.lists(lonlat, max_size=15))
def test_every_stop_has_its_number_inside_the_frame(stops) -> None:
    svg = drawn(stops)
    assert len(pins(svg)) == len(stops)
    assert all(0 < x < WIDTH and 0 < y < HEIGHT for x, y in pins(svg))
    words = [t.text for t in svg.iter(f"{SVG}text")]
    assert all(words.count(str(n)) == 1 for n in range(1, len(stops) + 1))


def test_stops_at_one_place_stand_apart() -> None:
    spots = pins(drawn([(140.98, 42.32)] * 8))
    gaps = [math.dist(a, b) for n, a in enumerate(spots) for b in spots[:n]]
    assert min(gaps) >= 2 * PIN


def test_names_are_escaped_and_nothing_is_fetched() -> None:
    place = Place("<b>&駅", "", "駅", 140.976, 42.319)
    text = route_map(HALL, [(140.98, 42.32)], LAND, [place], start_word="<i>", source="&")
    assert "&lt;b&gt;&amp;駅" in text and "<b>" not in text and "<i>" not in text
    assert not re.search(r"href|url\(|style=|<script", text)
