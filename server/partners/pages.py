"""The partner's own pages: the first one, and the areas."""

from starlette.requests import Request
from starlette.responses import Response

from server.coverage.care import city_today
from server.db.context import now
from server.http.render import render
from server.http.uow import unit_of_work
from server.maps.layers import bbox_of, geojson
from server.partners import queries


async def partner_home(request: Request) -> Response:
    """What to do next: log, areas, coming activities, last reports."""
    partners, city = request.state["actor"].partner_ids, request.state["city"]
    async with unit_of_work(request) as db:
        today = city_today(db, city)
        context = {
            "areas": await queries.own_areas(db, partners, today, city.rules),
            "overview": await queries.overview(db, partners, today, now(db)),
        }
    return render(request, "partners/home.html", context)


async def partner_areas(request: Request) -> Response:
    """My areas as map and table."""
    partners, city = request.state["actor"].partner_ids, request.state["city"]
    async with unit_of_work(request) as db:
        areas = await queries.own_areas(db, partners, city_today(db, city), city.rules)
    return render(request, "partners/areas.html", {"areas": areas})


async def layer_partner_areas(request: Request) -> Response:
    """GeoJSON of my areas with the state of their care."""
    partners, city = request.state["actor"].partner_ids, request.state["city"]
    box = bbox_of(request)
    async with unit_of_work(request) as db:
        today = city_today(db, city)
        body = await queries.own_areas_layer(db, partners, today, city.rules, box)
    return geojson(request, body)
