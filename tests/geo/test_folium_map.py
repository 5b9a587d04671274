"""Folium as a compiler: small, off-line, deterministic, and safe with names from outside."""

import json
import re

from folium import Map
from hypothesis import given
from hypothesis import strategies as st

from geo.folium_map import (
    BaseLand,
    CityMap,
    CompiledMap,
    DrawTools,
    LocateButton,
    PointPicker,
    Tiles,
    UrlLayer,
    compile_map,
)
from geo.gazetteer import Place
from geo.palette import PALETTE

STATION = Place("室蘭駅", "むろらんえき", "駅", 140.9736, 42.3176)


def full_map(name: str = "areas", places: tuple[Place, ...] = (STATION,)) -> CityMap:
    city_map = CityMap(name)
    BaseLand("basemap/muroran-land.geojson", places).add_to(city_map)
    Tiles("/tiles/{z}/{x}/{y}.png", "地理院タイル", "/about").add_to(city_map)
    UrlLayer("areas", "/layers/areas", faint=True, fit=False).add_to(city_map)
    for part in (LocateButton(), PointPicker(), DrawTools()):
        part.add_to(city_map)
    return city_map


def arguments(script: str, call: str) -> list[dict[str, object]]:
    """The JSON each call was given."""
    found = re.findall(rf"^(?:const map = )?maps\.{call}\((?:map|frame), (.*)\);$", script, re.M)
    return [json.loads(text) for text in found]


def test_a_city_map_is_a_folium_map_without_its_luggage() -> None:
    city_map = full_map()
    compile_map(city_map)
    assert isinstance(city_map, Map)
    page = city_map.get_root().render()
    for luggage in ("http:", "https:", "<link", "<style", "jquery", "bootstrap", "style="):
        assert luggage not in page.lower()


def test_the_script_calls_each_part_once_and_in_order() -> None:
    script = compile_map(full_map()).script
    assert re.findall(r"maps\.(\w+)\(", script) == [
        "create",
        "addLand",
        "addTiles",
        "addLayer",
        "addLocateButton",
        "addPointPicker",
        "addDrawTools",
    ]
    assert script.startswith('(globalThis.machipikaMaps ??= []).push(["areas", (maps, frame) => {')
    assert len(script) < 10_000


def test_settings_reach_the_script() -> None:
    script = compile_map(full_map()).script
    (created,) = arguments(script, "create")
    assert created["center"] == [42.345, 140.985]
    assert set(PALETTE) == set(created["palette"])  # type: ignore[call-overload]
    (land,) = arguments(script, "addLand")
    assert land["places"] == [["室蘭駅", 140.9736, 42.3176, 11, 0]]
    assert land["attribution"] == "陸地: GSHHG"
    (layer,) = arguments(script, "addLayer")
    assert layer == {"id": "areas", "url": "/layers/areas", "faint": True, "fit": False}


def test_same_input_same_bytes() -> None:
    first, second = compile_map(full_map()), compile_map(full_map())
    assert first == second
    again = full_map()
    assert compile_map(again) == compile_map(again), "rendering twice must not draw twice"
    assert compile_map(full_map("coverage")).etag != first.etag
    assert re.fullmatch(r'"[0-9a-f]{32}"', first.etag)


@given(st.text(max_size=40))
def test_a_name_stays_a_name(name: str) -> None:
    """No name can leave its JSON string: not by tags, quotes, line ends or template marks."""
    place = Place(name, "", "駅", 141.0, 42.3)
    script = compile_map(full_map(places=(place,))).script
    (land,) = arguments(script, "addLand")
    assert land["places"] == [[name, 141.0, 42.3, 11, 0]]
    assert "<" not in script


def test_template_marks_in_a_name_do_not_run() -> None:
    place = Place("{{ 7 * 7 }}{% raw %}</script>", "", "駅", 141.0, 42.3)
    compiled: CompiledMap = compile_map(full_map(places=(place,)))
    assert "{{ 7 * 7 }}{% raw %}" in compiled.script
    assert "49" not in compiled.script
