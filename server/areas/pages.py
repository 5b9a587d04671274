"""Areas for everybody: the list, one area, its sheet on the map, and the layers."""

from starlette.requests import Request
from starlette.responses import Response

from server.areas.detail import area_detail, area_layer
from server.areas.queries import PAGE_ROWS, AreaFilter, areas_layer, list_areas, read_area_filter
from server.coverage.care import city_today
from server.http.render import render
from server.http.uow import unit_of_work
from server.maps.layers import bbox_of, geojson

PUBLIC_STATES = ("open", "unassigned", "context")


async def areas(request: Request) -> Response:
    """All areas, as list and map of the same filter."""
    city, asked = request.state["city"], read_area_filter(request.query_params)
    asked = AreaFilter(asked.q, asked.kind, page=asked.page)
    async with unit_of_work(request) as db:
        page = await list_areas(db, asked, city_today(db, city), city.rules)
    context = {"asked": asked, "page": page, "page_rows": PAGE_ROWS, "states": PUBLIC_STATES}
    return render(request, "areas/index.html", context, block="results")


async def area(request: Request) -> Response:
    """One area: where it is, who cares for it, what was done and what is coming."""
    return await _detail(request, "areas/show.html")


async def area_card(request: Request) -> Response:
    """The same in short, for the sheet on a map."""
    return await _detail(request, "areas/card.html")


async def _detail(request: Request, template: str) -> Response:
    city = request.state["city"]
    async with unit_of_work(request) as db:
        today = city_today(db, city)
        found = await area_detail(db, request.path_params["code"], today, city.rules)
    block = "card" if template == "areas/card.html" else None
    return render(request, template, {"area": found}, block=block)


async def layer_areas(request: Request) -> Response:
    """GeoJSON of the areas of a filter, by viewport."""
    city, box = request.state["city"], bbox_of(request)
    asked = read_area_filter(request.query_params)
    async with unit_of_work(request) as db:
        body = await areas_layer(db, asked, city_today(db, city), city.rules, box)
    return geojson(request, body)


async def layer_area(request: Request) -> Response:
    """GeoJSON of one area and of what was really cleaned lately."""
    city, code = request.state["city"], request.path_params["code"]
    bbox_of(request)  # refused when it is nonsense, although one area is always sent whole
    async with unit_of_work(request) as db:
        body = await area_layer(db, code, city_today(db, city), city.rules)
    return geojson(request, body)
