"""Pages for everybody: near me and soon, one activity, its calendar file, its map data."""

import re
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from server.calendars import ics
from server.citysettings.queries import City
from server.db.base import uuid7
from server.db.context import now
from server.errors import NotFound
from server.http.forms import nfkc, read_form, tidy
from server.http.i18n import gettext as _
from server.http.render import go, is_fragment, render, url_for
from server.http.uow import unit_of_work
from server.maps.features import collect
from server.maps.layers import bbox_of, geojson
from server.maps.places import place_names
from server.matching import ranking
from server.opportunities import nearby, queries, search
from server.opportunities.nearby import Found, LayerWish
from server.opportunities.queries import Detail
from server.opportunities.search import Parsed, Search
from server.opportunities.slots import slots_of

HOME_CARDS = 3
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def account_of(request: Request) -> uuid.UUID | None:
    """Who is asking, for queries that show somebody their own places."""
    actor = request.state["actor"]
    return actor.account_id if actor else None


def link_to(request: Request, id: uuid.UUID) -> str:
    """The full address of an activity, for mails, calendars and sharing."""
    return str(request.state["settings"].base_url) + url_for(request, "opportunity", id=id)


async def _values(request: Request) -> Mapping[str, Any]:
    """What was asked for: the address of a GET; a position only ever comes in a body."""
    if request.method == "POST":
        return await read_form(request)
    return {k: v for k, v in request.query_params.items() if k not in ("lon", "lat")}


def _parse(request: Request, values: Mapping[str, Any]) -> Parsed:
    actor, rules = request.state["actor"], request.state["city"].rules
    suited = bool(actor and actor.has_wishes)
    return search.parse(values, place_names(), rules.default_radius_m, suited=suited)


async def _find(request: Request, wanted: Search, size: int = search.PAGE_SIZE) -> Found:
    async with unit_of_work(request) as db:
        return await _found(request, db, wanted, size)


async def _found(request: Request, db: Any, wanted: Search, size: int) -> Found:
    """One page of the list, in one statement: what suits first, or by distance or day."""
    city, account_id = request.state["city"], account_of(request)
    if wanted.sort == "fit":
        return await ranking.recommend(db, city, wanted, account_id, size)
    return await nearby.find(
        db, wanted, now=now(db), zone=city.zone.key, account_id=account_id, size=size
    )


async def home(request: Request) -> Response:
    """`/`: what this is, where to start, what comes next."""
    actor, wanted = request.state["actor"], _parse(request, {}).search
    async with unit_of_work(request) as db:
        mine = await queries.next_signup(db, actor.account_id, now(db)) if actor else None
        found = await _found(request, db, wanted, HOME_CARDS)
    context = {"found": found, "mine": mine, "search": wanted, "resting": is_resting(request)}
    return render(request, "home/index.html", context)


async def opportunities(request: Request) -> Response:
    """`/opportunities`: list and map of the same results. POST keeps positions out of addresses."""
    parsed = _parse(request, await _values(request))
    if parsed.unknown_place and not is_fragment(request):
        query = urlencode([("q", parsed.unknown_place), *parsed.search.filters()])
        return go(request, f"{url_for(request, 'places')}?{query}")
    wanted = parsed.search
    found = await _find(request, wanted)
    headers = {"HX-Replace-Url": f"{request.url.path}?{wanted.query()}".rstrip("?")}
    if wanted.is_private:
        headers["Cache-Control"] = "no-store"
    context = {"found": found, "problem": parsed.problem, "is_part": is_fragment(request),
               "resting": is_resting(request), **_choices(request, wanted)}  # fmt: skip
    status = 422 if parsed.problem else 200
    return render(request, "opportunities/list.html", context, block="results",
                  status=status, headers=headers)  # fmt: skip


def _choices(request: Request, wanted: Search) -> dict[str, Any]:
    radii_m = search.radii(request.state["city"].rules.default_radius_m)
    return {"search": wanted, "radii_m": radii_m, "wider_m": wanted.wider(radii_m),
            "choices": search, "new_id": uuid7()}  # fmt: skip


def is_resting(request: Request) -> bool:
    """Whether the city's activities pause today (the winter, as its rules say)."""
    city: City = request.state["city"]
    today = request.state["services"].clock().astimezone(city.zone).strftime("%m-%d")
    start, end = city.rules.season_from, city.rules.season_to
    inside = start <= today <= end if start <= end else not end < today < start
    return not inside


async def places(request: Request) -> Response:
    """`/places`: choose where, by name (kana works), from a list, by position, on the map."""
    values = await _values(request)
    typed = values.get("q", "")
    q = tidy(nfkc(typed))[:60] if isinstance(typed, str) else ""
    wanted = _parse(request, {k: v for k, v in values.items() if k != "place"}).search
    radius_m = request.state["city"].rules.default_radius_m
    found = place_names().search(q) if q else []
    if q and not is_fragment(request) and (sure := search.exact(place_names(), q)):
        query = wanted.at(sure, radius_m).query()
        return go(request, f"{url_for(request, 'opportunities')}?{query}")
    context = {"q": q, "found": found, "search": wanted, "radius_m": radius_m,
               "all_places": place_names().places}  # fmt: skip
    return render(request, "opportunities/places.html", context, block="suggestions")


async def _detail(request: Request) -> Detail:
    async with unit_of_work(request) as db:
        found = await queries.detail(db, request.path_params["id"], request.state["actor"])
    if found is None:
        raise NotFound(_("この活動は見つかりません。"))
    return found


async def opportunity(request: Request) -> Response:
    """`/opportunities/{id}`: everything about one activity."""
    activity = await _detail(request)
    async with unit_of_work(request) as db:
        slots = await slots_of(db, activity.id)
    context = {"activity": activity, "link": link_to(request, activity.id), "slots": slots}
    return render(request, "opportunities/detail.html", context)


async def opportunity_card(request: Request) -> Response:
    """`/opportunities/{id}/card`: what the map shows in its sheet; the page itself without HTMX."""
    activity = await _detail(request)
    if not is_fragment(request):
        return go(request, url_for(request, "opportunity", id=activity.id))
    return render(request, "opportunities/sheet.html", {"activity": activity})


async def opportunity_ics(request: Request) -> Response:
    """`/opportunities/{id}.ics`: for the calendar of a phone."""
    activity = await _detail(request)
    city: City = request.state["city"]
    host = activity.host or (_("個人パートナー") if activity.host is None else city.name)
    body = ics.calendar(activity, city.zone, link_to(request, activity.id), host)
    name = f"machipika-{activity.id}.ics"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-cache"}
    return Response(body, media_type="text/calendar; charset=utf-8", headers=headers)


async def layer_opportunities(request: Request) -> Response:
    """`/layers/opportunities`: the list's results for the map, or one activity with its area."""
    asked, account_id = request.query_params, account_of(request)
    zone = request.state["city"].zone.key
    wish = _wish(request)
    async with unit_of_work(request) as db:
        if "id" in asked:
            ids = _ids(asked["id"]) or (uuid.UUID(int=0),)
            rows = nearby.point_and_area_rows(ids[0], account_id)
        else:
            wanted = _parse(request, await _values(request)).search
            rows = nearby.layer_rows(wanted, wish, now=now(db), zone=zone, account_id=account_id)
        body = await collect(db, rows)
    return geojson(request, body)


def _wish(request: Request) -> LayerWish:
    asked = request.query_params
    first = asked.get("first", "")
    return LayerWish(
        bbox=bbox_of(request),
        pins=_ids(asked.get("pins", "")),
        first=int(first) if re.fullmatch(r"[0-9]{1,6}", first) else 1,
        only=asked.get("only") == "1",
    )


def _ids(text: str) -> tuple[uuid.UUID, ...]:
    """The ids in a list, at most one page of them; anything else in it is left out."""
    found = _UUID.findall(text.lower()[:2000])
    return tuple(uuid.UUID(one) for one in found[: search.PAGE_SIZE])
