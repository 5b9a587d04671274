"""The map for paper: everything inside the frame, readable, and nothing but drawing."""

import json
import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiLineString, MultiPolygon, Polygon, shape

from geo.crs import MURORAN_PLANE
from geo.palette import style_of
from geo.print_map import (
    FOOT,
    PrintArea,
    PrintPlace,
    Sheet,
    map_svg,
    near_groups,
    polygons_of,
    print_maps,
)
from server.settings import ROOT

LAND = polygons_of(
    shape(feature["geometry"])
    for feature in json.loads(
        (ROOT / "static/basemap/muroran-land.geojson").read_text(encoding="utf-8")
    )["features"]
)
SHEET = Sheet(
    LAND, MURORAN_PLANE, "陸地: GSHHG", "北", (PrintPlace("母恋駅", 140.989, 42.3169),),
    {"place": "活動区域", "joined": "新しい活動区域"},
)  # fmt: skip
STREET = LineString([(140.989, 42.317), (140.992, 42.3195), (140.999, 42.3245)])
PARK = Polygon([(140.971, 42.322), (140.973, 42.322), (140.973, 42.3236)])
FAR = LineString([(140.93, 42.40), (140.935, 42.402)])
SVG = "{http://www.w3.org/2000/svg}"


def parsed(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314


def points_of(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"(-?[\d.]+) (-?[\d.]+)", path)]


def badges(root: ET.Element) -> list[tuple[float, float]]:
    found = [one for one in root.iter(f"{SVG}circle") if one.get("class") == "badge"]
    return [(float(one.get("cx", "")), float(one.get("cy", ""))) for one in found]


def test_everything_lies_inside_the_frame():
    areas = [PrintArea("1", "通り", STREET), PrintArea("2", "公園", PARK, "joined")]
    root = parsed(map_svg(areas, SHEET, width=640, height=400))
    height = 400 - FOOT
    for group in root.iter(f"{SVG}g"):
        if group.find(f"{SVG}title") is None:
            continue
        for path in group.iter(f"{SVG}path"):
            for x, y in points_of(path.get("d", "")):
                assert 0 <= x <= 640 and 0 <= y <= height
    assert len(badges(root)) == 2
    assert all(9 <= x <= 631 and 9 <= y <= height - 9 for x, y in badges(root))
    words = [one.text for one in root.iter(f"{SVG}text")]
    assert {"1", "2", "活動区域", "新しい活動区域", "陸地: GSHHG", "北", "母恋駅"} <= set(words)


def test_states_differ_by_colour_and_by_dash():
    areas = [PrintArea("1", "a", STREET), PrintArea("2", "b", PARK, "joined")]
    svg = map_svg(areas, SHEET)
    assert style_of("place").light in svg and style_of("joined").light in svg
    assert f'stroke-dasharray="{style_of("joined").dash}"' in svg


def test_names_are_only_words():
    evil = "<script>&\"'</title></svg>"
    svg = map_svg([PrintArea("1", evil, STREET)], SHEET)
    titles = [one.text for one in parsed(svg).iter(f"{SVG}title")]
    assert titles == [f"1 {evil}"] and "<script>" not in svg


def test_one_scale_for_the_whole_sheet():
    root = parsed(map_svg([PrintArea("1", "通り", STREET)], SHEET, width=640, height=400))
    bar = next(one for one in root.iter(f"{SVG}g") if one.get("class") == "scale")
    words = next(one.text for one in bar.iter(f"{SVG}text"))
    line = next(one.get("d", "") for one in bar.iter(f"{SVG}path"))
    x0, x1 = (float(n) for n in re.findall(r"[MH](-?[\d.]+)", line))
    assert words == "200 m"
    group = next(one for one in root.iter(f"{SVG}g") if one.find(f"{SVG}title") is not None)
    points = points_of(next(group.iter(f"{SVG}path")).get("d", ""))
    metres_per_unit = 200 / (x1 - x0)
    length_m = LineString(points).length * metres_per_unit
    assert length_m == pytest.approx(1174, rel=0.02), "as PostGIS measures it"


def test_far_areas_get_maps_of_their_own():
    areas = [PrintArea("1", "a", STREET), PrintArea("2", "b", PARK), PrintArea("3", "c", FAR)]
    assert [[one.label for one in group] for group in near_groups(areas, MURORAN_PLANE)] == [
        ["1", "2"], ["3"],
    ]  # fmt: skip
    maps = print_maps(areas, SHEET)
    assert [one.labels for one in maps] == [("1", "2", "3"), ("1", "2"), ("3",)]
    assert len(print_maps(areas[:2], SHEET)) == 1
    with pytest.raises(ValueError, match="needs an area"):
        print_maps([], SHEET)


def test_many_numbers_keep_apart():
    areas = [
        PrintArea(str(n), f"区域{n}", LineString([(140.99 + n * 1e-4, 42.32), (140.992, 42.321)]))
        for n in range(1, 21)
    ]
    spots = badges(parsed(map_svg(areas, SHEET)))
    assert len(spots) == 20
    near = [
        (a, b)
        for n, a in enumerate(spots)
        for b in spots[:n]
        if (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 < 18**2
    ]
    assert near == []


def test_the_cut_edges_of_the_land_are_no_shore():
    """The data ends at 42.48 north: an area there shows no line across the country."""
    north = LineString([(141.0, 42.478), (141.01, 42.4795)])
    root = parsed(map_svg([PrintArea("1", "北", north)], SHEET))
    shores = [one for one in root.iter(f"{SVG}path") if one.get("stroke-width") == "1.1"]
    assert [one.get("d") for one in shores] == [""]


lon = st.floats(140.9, 141.05)
lat = st.floats(42.3, 42.42)
line = st.lists(st.tuples(lon, lat), min_size=2, max_size=6, unique=True).map(LineString)
spot = st.tuples(lon, lat).map(
    lambda p: Polygon([p, (p[0] + 0.001, p[1]), (p[0] + 0.001, p[1] + 0.001)])
)
several = st.lists(line, min_size=1, max_size=3).map(MultiLineString)


@settings(max_examples=40)
@given(st.lists(line | spot | several, min_size=1, max_size=8), st.integers(200, 900))
def test_any_areas_make_a_sound_picture(shapes: list, width: int):
    areas = [PrintArea(str(n), "名前", one) for n, one in enumerate(shapes, 1)]
    for one in print_maps(areas, SHEET, width=width, height=width * 0.66):
        root = parsed(one.svg)
        assert "nan" not in one.svg.lower().replace("名前", "") and "inf" not in one.svg
        _, _, wide, high = (float(n) for n in root.get("viewBox", "").split())
        assert len(badges(root)) == len(one.labels)
        for x, y in badges(root):
            assert 0 < x < wide and 0 < y < high - FOOT


def test_land_of_many_parts():
    parts = [Polygon([(0, 0), (1, 0), (0, 1)]), MultiPolygon([Polygon([(2, 2), (3, 2), (2, 3)])])]
    assert len(polygons_of(parts).geoms) == 2


def test_long_drawings_are_grouped_in_one_go():
    """Forty lines of 10,000 points beside each other: point by point it takes hours."""
    lines = [
        LineString([(140.95 + i * 1e-6, 42.3 + n * 8e-4 + i % 2 * 5e-4) for i in range(10_000)])
        for n in range(40)
    ]
    areas = [PrintArea(str(n), "通り", line) for n, line in enumerate(lines, 1)]
    assert len(near_groups(areas, MURORAN_PLANE)) == 1
