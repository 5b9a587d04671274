"""The city's queue of pick-ups: see what waits, fix days for many at once, take down a request."""

import datetime as dt
import uuid
from typing import Any

from anyio import to_thread
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from server.coverage.care import city_today
from server.errors import DomainError, Full, Invalid
from server.http.forms import read_form, tidy
from server.http.i18n import gettext as _
from server.http.render import go, render, url_for
from server.http.uow import unit_of_work
from server.ledgers.proxy import for_whom
from server.maps.layers import bbox_of, geojson
from server.pickups import crew, queries
from server.pickups.calendar import suggest
from server.pickups.files import pickups_csv
from server.pickups.filters import PickupFilter, read_day, read_filter
from server.pickups.forms import PickupForm, read_id
from server.pickups.pages import Offer, blank_page, form_page, offer_for, take

PAGE_ROWS = 50
FILE_ROWS = 20_000
MOST_AT_ONCE = 100
SUGGESTED = "suggested"


async def staff_pickups(request: Request) -> Response:
    """`/staff/pickups`: the queue with its map; POST fixes days for the chosen requests."""
    if request.method == "POST":
        return await _schedule(request, await read_form(request, max_fields=300))
    asked = read_filter(request.query_params)
    if request.query_params.get("format") == "csv":
        async with unit_of_work(request) as db:
            rows = await queries.queue(db, asked, FILE_ROWS)
        return _file(await to_thread.run_sync(pickups_csv, rows))
    return await _queue_page(request, asked)


def _file(content: bytes) -> Response:
    headers = {
        "Content-Disposition": 'attachment; filename="pickups.csv"', "Cache-Control": "no-store",
    }  # fmt: skip
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)


async def _queue_page(
    request: Request, asked: PickupFilter, error: DomainError | None = None,
    chosen: frozenset[uuid.UUID] = frozenset(),
) -> Response:  # fmt: skip
    async with unit_of_work(request) as db:
        today = city_today(db, request.state["city"])
        rows = await queries.queue(db, asked, PAGE_ROWS + 1, (asked.page - 1) * PAGE_ROWS)
        counts = await queries.counts(db, asked)
        calendar = await queries.calendar(db, request.state["city"].rules, today)
    rows, more = rows[:PAGE_ROWS], len(rows) > PAGE_ROWS
    open_rows = [one for one in rows if one.state in ("requested", "accepted")]
    days = suggest(calendar, [one.wished_on for one in open_rows], today)
    context = {
        "asked": asked, "rows": rows, "more": more, "numbers": counts, "calendar": calendar,
        "suggested": {one.id: day for one, day in zip(open_rows, days, strict=True)},
        "next_days": calendar.offer(today, 5), "error": error, "chosen": chosen,
    }  # fmt: skip
    status = 409 if isinstance(error, Full) else 422 if error else 200
    return render(request, "pickups/queue.html", context, block="results", status=status)


def _wanted(sent: FormData) -> dict[uuid.UUID, dt.date]:
    """Which requests go on which day: the day of the form, or for each the suggested one."""
    ids = [id for value in sent.getlist("pickup") if (id := read_id(str(value)))][:MOST_AT_ONCE]
    if not ids:
        raise Invalid(_("日を決める依頼を選んでください。"))
    if sent.get("how") == SUGGESTED:
        days = {id: read_day(str(sent.get(f"suggested-{id}", ""))) for id in ids}
    else:
        days = dict.fromkeys(ids, read_day(str(sent.get("on_day", ""))))
    known = {id: day for id, day in days.items() if day}
    if len(known) != len(days):
        raise Invalid(_("回収する日を入れてください。"))
    return known


async def _schedule(request: Request, sent: FormData) -> Response:
    """All chosen requests get their day, or none does."""
    actor, city = request.state["actor"], request.state["city"]
    asked = read_filter(request.query_params)
    try:
        wanted = _wanted(sent)
        async with unit_of_work(request) as db:
            await crew.schedule(db, actor, city, wanted)
    except (Invalid, Full) as error:
        ids = frozenset(id for v in sent.getlist("pickup") if (id := read_id(str(v))))
        return await _queue_page(request, asked, error, ids)
    path = url_for(request, "staff_pickups")
    query = asked.query()
    return go(request, f"{path}?{query}" if query else path, "pickup.scheduled")


async def layer_pickups(request: Request) -> Response:
    """`/layers/pickups`: the same requests as GeoJSON; ``?route=1`` with a day numbers the stops
    as the list of that day does."""
    box = bbox_of(request)
    asked = read_filter(request.query_params)
    base = url_for(request, "pickup", id=uuid.UUID(int=0)).removesuffix(str(uuid.UUID(int=0)))
    async with unit_of_work(request) as db:
        stops: tuple[queries.Pickup, ...] = ()
        if asked.day and request.query_params.get("route"):
            start, rows = await queries.on_day(db, request.state["city"], asked.day)
            stops = crew.in_route_order(rows, start.point)
        labels = {one.id: n for n, one in enumerate(stops, 1)}
        body = await queries.layer(db, asked, box, base, labels)
    return geojson(request, body)


# --- 代理入力 ------------------------------------------------------------------------------------


async def staff_pickup_new(request: Request) -> Response:
    """`/staff/pickups/new?partner=MP-0001`: write down what a partner asks for by phone."""
    if request.method == "POST":
        sent = await read_form(request, files=("photo",))
        try:
            return await _take_down(request, sent)
        finally:
            await request.close()  # the photos
    code = request.query_params.get("partner", "")
    offer, partners = await _offer(request, code)
    if offer is None:
        return for_whom(
            request, partners, title=_("回収依頼の代理入力"),
            lead=_("電話や紙で受けた依頼を入れます。"),
            back=(url_for(request, "staff_pickups"), _("回収依頼の受付")),
        )  # fmt: skip
    return blank_page(request, offer, request.query_params.get("area"), by_proxy=code)


async def _offer(request: Request, code: str) -> tuple[Offer | None, list[tuple[str, str]]]:
    """What the form offers for that partner; without one, the partners to choose from."""
    async with unit_of_work(request) as db:
        partner_id = await queries.partner_id(db, tidy(code))
        if partner_id is not None:
            return await offer_for(db, request, (partner_id,), free=True), []
        today = city_today(db, request.state["city"])
        return None, await queries.partner_choices(db, today)


async def _take_down(request: Request, sent: FormData) -> Response:
    code = str(sent.get("partner", ""))
    offer, _partners = await _offer(request, code)
    if offer is None:
        return go(request, url_for(request, "staff_pickup_new"))
    form = PickupForm(sent)
    form.offer_areas(offer.areas)
    more: dict[str, Any] = {"by_proxy": code}
    if not form.validate():
        return form_page(request, form, offer, 422, **more)
    try:
        id = await take(request, form, form.chosen_area(offer.areas), by_proxy=True)
    except Invalid as error:
        form.fail(error)
        return form_page(request, form, offer, 422, **more)
    return go(request, url_for(request, "pickup", id=id), "pickup.requested")


def meter_words(taken: int, capacity: int) -> tuple[str, str]:
    """What stands over the meter of a day."""
    left = max(0, capacity - taken)
    head = _("あと%(n)s件") % {"n": left} if left else _("いっぱいです")
    return head, _("%(n)s件 / 上限%(m)s件") % {"n": taken, "m": capacity}
