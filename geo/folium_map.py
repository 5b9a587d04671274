"""Folium as a compiler: a map becomes one script that any page can load.

Stock Folium writes a whole page with off-site links, inline styles and the data inside.
`CityMap` keeps Folium's tree of elements and leaves the rest out: the page links the
vendored Leaflet and our own scripts, layers fetch their data by URL, and `compile_map`
returns a script that is the same, byte for byte, for the same input, so it can carry an
ETag and be kept offline. Values reach the script through `|tojson` and nothing else: names
of places are text from outside.

Import this module late (inside the function that needs it): Folium takes a second to load.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, cast

import folium
from branca.element import Element, Figure, MacroElement
from folium.template import Template

from geo import palette
from geo.gazetteer import KINDS_BY_WEIGHT, Place
from geo.shapes import Bounds

MURORAN_CENTRE: Final = (140.985, 42.345)
MURORAN_BOUNDS: Final = Bounds(140.8247, 42.25, 141.2, 42.48)
LAND_ATTRIBUTION: Final = "陸地: GSHHG"

# The zoom from which a kind of place is named on the map
_LABEL_ZOOM: Final[Mapping[str, int]] = {"駅": 11, "地区": 13, "海浜": 13, "自然": 12, "道路": 12}
_LABEL_ZOOM_OTHERS: Final = 14


@dataclass(frozen=True, slots=True)
class CompiledMap:
    """A map ready to be served: its name, its script and the script's strong ETag."""

    name: str
    script: str
    etag: str


def _template(source: str) -> Template:
    """Folium's template class, whose constructor has no types."""
    return cast("Template", Template(source))


class _Verbatim(Element):
    """Text that is final. Branca would read a plain Element as a template once more, so a
    place called `{{ … }}` would run in the server."""

    _template = Template("{{ this.text }}")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class _Scripted:
    """Renders `call` with the element's settings into the script of the figure."""

    _call: ClassVar[Template]
    settings: dict[str, Any]

    def _write_script(self, figure: Figure, key: str) -> None:
        text = self._call.render(settings=self.settings)
        figure.script.add_child(_Verbatim(text), name=key)


class CityMap(_Scripted, folium.Map):
    """A Folium map without links, tiles, styles or random ids of its own."""

    default_js: list[tuple[str, str]] = []  # noqa: RUF012  # Folium declares them so
    default_css: list[tuple[str, str]] = []  # noqa: RUF012
    _call = _template("const map = maps.create(frame, {{ settings|tojson }});")

    def __init__(
        self,
        name: str,
        *,
        centre: tuple[float, float] = MURORAN_CENTRE,
        bounds: Bounds = MURORAN_BOUNDS,
        zoom: int = 13,
    ) -> None:
        """`centre` is (lon, lat); `bounds` limits panning; `name` is [a-z][a-z0-9-]*."""
        super().__init__(location=(centre[1], centre[0]), zoom_start=zoom, tiles=None)
        self._id = name
        self.name = name
        self.settings = {
            "center": [centre[1], centre[0]],
            "zoom": zoom,
            "minZoom": 10,
            "maxZoom": 18,
            "bounds": [[bounds.min_lat, bounds.min_lon], [bounds.max_lat, bounds.max_lon]],
            "palette": palette.for_script(),
        }

    def render(self, **kwargs: Any) -> str:
        """Write the map and its parts into the script of the figure, in order."""
        self._write_script(cast("Figure", self.get_root()), self.get_name())
        for child in self._children.values():
            child.render(**kwargs)
        return ""


class _Part(_Scripted, MacroElement):
    """An element of a CityMap: one call on `map` with JSON settings and a fixed id."""

    def __init__(self, part_id: str, settings: dict[str, Any]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = type(self).__name__
        self._id = part_id
        self.settings = settings

    def render(self, **kwargs: Any) -> str:
        """Write the call into the script of the figure."""
        self._write_script(cast("Figure", self.get_root()), self.get_name())
        return ""


def _call_on_map(function: str) -> Template:
    return _template(f"maps.{function}(map, {{{{ settings|tojson }}}});")


class BaseLand(_Part):
    """The bundled land, fetched by URL, and place names: the ground that never fails."""

    _call = _call_on_map("addLand")

    def __init__(
        self, url: str, places: Sequence[Place] = (), attribution: str = LAND_ATTRIBUTION
    ) -> None:
        super().__init__(
            "land",
            {"url": url, "attribution": attribution, "places": [_label(p) for p in places]},
        )


class Tiles(_Part):
    """Map tiles over the land; a missing tile lets the land show through."""

    _call = _call_on_map("addTiles")

    def __init__(self, url: str, attribution: str, attribution_url: str = "") -> None:
        super().__init__(
            "tiles",
            {"url": url, "attribution": attribution, "attributionUrl": attribution_url},
        )


class UrlLayer(_Part):
    """Features from a GeoJSON URL, asked for by the viewport (`?bbox=`).

    `faint` draws them as context that cannot be opened, `fit` moves the map to them on load.
    """

    _call = _call_on_map("addLayer")

    def __init__(self, layer_id: str, url: str, *, faint: bool = False, fit: bool = True) -> None:
        super().__init__(layer_id, {"id": layer_id, "url": url, "faint": faint, "fit": fit})


class PointPicker(_Part):
    """Choose one place by tap, by crosshair or by keyboard; fills two inputs."""

    _call = _call_on_map("addPointPicker")

    def __init__(self) -> None:
        super().__init__("picker", {})


class DrawTools(_Part):
    """Draw lines or areas into a textarea as GeoJSON."""

    _call = _call_on_map("addDrawTools")

    def __init__(self) -> None:
        super().__init__("draw", {})


class LocateButton(_Part):
    """Show where the phone is; the position stays in the browser."""

    _call = _call_on_map("addLocateButton")

    def __init__(self) -> None:
        super().__init__("locate", {})


def compile_map(city_map: CityMap) -> CompiledMap:
    """Render a map to its script.

    The script only registers a recipe; the page's own element (`data-map="<name>"`) decides
    when and where it runs, so one script serves every page.
    """
    figure = cast("Figure", city_map.get_root())
    figure.script._children.clear()  # rendering twice must not draw twice
    city_map.render()
    body = figure.script.render()
    lines = [line.strip() for line in body.splitlines() if line.strip()]
    name = json.dumps(city_map.name)
    head = f"(globalThis.machipikaMaps ??= []).push([{name}, (maps, frame) => {{"
    script = "\n".join([head, *lines, "}]);", ""])
    digest = hashlib.sha256(script.encode()).hexdigest()
    return CompiledMap(city_map.name, script, f'"{digest[:32]}"')


def _label(place: Place) -> list[Any]:
    """A place as the script takes it: name, lon, lat, smallest zoom, weight (0 first)."""
    order = KINDS_BY_WEIGHT
    weight = order.index(place.kind) if place.kind in order else len(order)
    zoom = _LABEL_ZOOM.get(place.kind, _LABEL_ZOOM_OTHERS)
    return [place.name, place.lon, place.lat, zoom, weight]
