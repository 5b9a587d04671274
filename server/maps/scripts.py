"""The maps of the product by name, and the script each is compiled to.

A map is a recipe: which layers, which tools. Its script holds no data and knows no user, so it
is compiled once per process, carries an ETag and may be cached by everybody.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Final, Literal

from anyio.to_thread import run_sync
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from server.maps.places import place_names
from server.settings import Settings

if TYPE_CHECKING:
    from branca.element import MacroElement

    from geo.folium_map import CompiledMap

Tool = Literal["locate", "point", "draw"]

LAND_PATH: Final = "basemap/muroran-land.geojson"  # below the static folder
CACHE_CONTROL: Final = "public, max-age=300"


@dataclass(frozen=True, slots=True)
class LayerUse:
    """One layer on one map. `faint` = context only; `fit` = the map moves to its data."""

    layer_id: str
    url: str
    faint: bool = False
    fit: bool = True


@dataclass(frozen=True, slots=True)
class MapSpec:
    """A map: its name (in `/maps/<name>.js` and `data-map`), layers and tools."""

    name: str
    layers: tuple[LayerUse, ...] = ()
    tools: tuple[Tool, ...] = ("locate",)


@dataclass(frozen=True, slots=True)
class Ground:
    """The tiles of the settings; an empty URL leaves the bundled land alone."""

    tiles_url: str
    attribution: str
    attribution_url: str


_AREAS_AROUND: Final = LayerUse("around", "/layers/areas", faint=True, fit=False)

MAPS: Final[Mapping[str, MapSpec]] = {
    spec.name: spec
    for spec in (
        MapSpec("opportunities", (LayerUse("opportunities", "/layers/opportunities"),)),
        MapSpec("areas", (LayerUse("areas", "/layers/areas"),)),
        MapSpec("coverage", (LayerUse("coverage", "/layers/coverage"),)),
        MapSpec("partner", (LayerUse("partner", "/layers/partner-areas"),)),
        MapSpec("pickups", (LayerUse("pickups", "/layers/pickups"),)),
        MapSpec("faults", (LayerUse("faults", "/layers/faults"),)),
        # one area: the page gives the address with data-features-url
        MapSpec("area", (LayerUse("area", "/layers/areas"),), tools=()),
        MapSpec("point", tools=("locate", "point")),
        MapSpec("draw", (_AREAS_AROUND,), tools=("locate", "draw")),
        # a line drawn on one area, which the page gives with data-features-url
        MapSpec("cut", (LayerUse("area", "/layers/areas"),), tools=("draw",)),
    )
}

_compiling = Lock()


async def map_script(request: Request) -> Response:
    """`/maps/{name}.js`: the compiled script, or 304 when the browser has it, or 404."""
    spec = MAPS.get(request.path_params["name"])
    if spec is None:
        raise HTTPException(404)
    ground = _ground(request.state["settings"])
    # Folium is slow to import and to compile: never in the event loop
    compiled = await run_sync(compiled_map, spec, ground)
    headers = {"ETag": compiled.etag, "Cache-Control": CACHE_CONTROL}
    if _holds(request.headers.get("if-none-match", ""), compiled.etag):
        return Response(status_code=304, headers=headers)
    return Response(compiled.script, media_type="text/javascript", headers=headers)


def compiled_map(spec: MapSpec, ground: Ground) -> "CompiledMap":
    """The script of a map over a ground; compiled once, safe to call from several threads."""
    with _compiling:
        return _compile(spec, ground)


def _ground(settings: Settings) -> Ground:
    return Ground(
        settings.map_tiles_url,
        settings.map_tiles_attribution,
        settings.map_tiles_attribution_url,
    )


@lru_cache(maxsize=64)
def _compile(spec: MapSpec, ground: Ground) -> "CompiledMap":
    from geo import folium_map  # noqa: PLC0415 - a second to import

    city_map = folium_map.CityMap(spec.name)
    places = place_names().places
    folium_map.BaseLand(LAND_PATH, places).add_to(city_map)
    if ground.tiles_url:
        tiles = folium_map.Tiles(ground.tiles_url, ground.attribution, ground.attribution_url)
        tiles.add_to(city_map)
    for use in spec.layers:
        layer = folium_map.UrlLayer(use.layer_id, use.url, faint=use.faint, fit=use.fit)
        layer.add_to(city_map)
    makers: dict[Tool, Callable[[], MacroElement]] = {
        "locate": folium_map.LocateButton,
        "point": folium_map.PointPicker,
        "draw": folium_map.DrawTools,
    }
    for tool in spec.tools:
        makers[tool]().add_to(city_map)
    return folium_map.compile_map(city_map)


def _holds(if_none_match: str, etag: str) -> bool:
    """Whether the browser's list of tags has ours; weak tags compare equal (RFC 9110)."""
    tags = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return "*" in tags or etag in tags
