"""The drawn areas lie on land, look like streets, shore and parks, and stay inside the city."""

import datetime as dt
import json
from collections import Counter
from functools import lru_cache
from pathlib import Path

import pytest
import shapely
from shapely.geometry import Point, shape
from shapely.geometry.base import BaseGeometry

from geo.crs import MURORAN_PLANE, WGS84, project
from server.areas.models import KINDS, MANAGERS
from server.demo.build import build, municipality
from server.demo.ids import dice
from server.demo.shapes import boundary, drawn_areas, piece, shorter

ROOT = Path(__file__).resolve().parents[2]
SHORE_M = 60
LINE_KINDS = {"national_road", "prefectural_road", "city_road", "river", "beach"}


@lru_cache(maxsize=1)
def land() -> BaseGeometry:
    text = (ROOT / "static/basemap/muroran-land.geojson").read_text(encoding="utf-8")
    shapes = [shape(f["geometry"]) for f in json.loads(text)["features"]]
    return project(shapely.union_all(shapes), WGS84, MURORAN_PLANE)


def plane(geometry: BaseGeometry) -> BaseGeometry:
    return project(geometry, WGS84, MURORAN_PLANE)


@pytest.mark.parametrize(("facts", "geometry"), drawn_areas(), ids=lambda v: "")
def test_an_area_is_sound_and_on_land(facts: dict[str, str], geometry: BaseGeometry) -> None:
    assert geometry.is_valid and geometry.is_simple
    assert facts["kind"] in KINDS and facts["manager"] in MANAGERS
    assert facts["section"] and facts["name_kana"]
    assert ("Line" in geometry.geom_type) == (facts["kind"] in LINE_KINDS)
    flat = plane(geometry)
    assert flat.within(land()), facts["name"]
    assert boundary().contains(geometry)
    if facts["kind"] == "beach":
        coast = land().boundary
        far = max(coast.distance(Point(xy)) for xy in shapely.get_coordinates(flat))
        assert far <= SHORE_M
    else:
        assert flat.distance(land().boundary) > 10


@pytest.mark.parametrize(("facts", "geometry"), drawn_areas(), ids=lambda v: "")
def test_streets_bend(facts: dict[str, str], geometry: BaseGeometry) -> None:
    if facts["kind"] in LINE_KINDS:
        assert 250 < plane(geometry).length < 2500
        for part in shapely.get_parts(geometry):
            assert len(part.coords) >= 5
    else:
        assert 3_000 < plane(geometry).area < 60_000


def test_kinds_are_shared_out_as_in_the_city() -> None:
    kinds = Counter(facts["kind"] for facts, _ in drawn_areas())
    total = kinds.total()
    assert 58 <= total <= 65
    assert 0.55 <= kinds["city_road"] / total <= 0.63
    assert kinds["park"] == 12
    assert sum(kinds[kind] for kind in LINE_KINDS) >= 45
    assert sum("Multi" in g.geom_type for _, g in drawn_areas()) >= 4


def test_codes_count_from_one() -> None:
    codes = [facts["code"] for facts, _ in drawn_areas()]
    assert codes == [f"A-{n:04}" for n in range(1, len(codes) + 1)]
    assert len({facts["name"] for facts, _ in drawn_areas()}) == len(codes)


def test_copies_stay_inside_the_city_and_keep_their_size() -> None:
    part = build(dt.date(2026, 6, 14), 3).part(2)
    for area, (_, original) in zip(part.areas, drawn_areas(), strict=True):
        assert area.geom.is_valid
        assert boundary().buffer(1e-6).contains(area.geom)
        assert plane(area.geom).length == pytest.approx(plane(original).length, rel=0.01)
    assert part.areas[0].code == "A-0125" and part.partners[0].code == "MP-0051"


def test_extents_are_parts_of_their_area() -> None:
    part = build(dt.date(2026, 10, 15)).part(0)
    areas = {a.id: a for a in part.areas}
    drawn = [c for c in part.cleanups if c.extent is not None]
    assert len(drawn) >= 40
    for c in drawn:
        assert c.extent is not None and c.extent.is_valid and not c.extent.is_empty
        whole = plane(areas[c.area_id].shape_on(c.done_on)).buffer(1)
        assert plane(c.extent).within(whole)
        assert plane(c.extent).length < whole.length


def test_piece_and_shorter() -> None:
    line = shapely.from_wkt("LINESTRING (141 42.35, 141.01 42.35)")
    assert shorter(line, 0.5).length == pytest.approx(0.005)
    square = shapely.from_wkt("POLYGON ((141 42.35, 141.01 42.35, 141.01 42.36, 141 42.35))")
    assert shorter(square, 0.5) == square
    cut = piece(square, dice("a test"))
    assert cut is not None and 0 < cut.area < square.area


def test_the_municipality_is_muroran() -> None:
    city = municipality()
    assert (city.code, city.name, city.plane_srid) == ("012050", "室蘭市", MURORAN_PLANE)
    assert city.boundary.is_valid and city.boundary.contains(city.centre)
    assert land().contains(plane(city.centre))
