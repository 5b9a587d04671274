"""Feeds that calendars subscribe to, and the two pages that explain them."""

import datetime as dt
import hashlib
import uuid
from collections.abc import Callable
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from geo.gazetteer import Place
from server.calendars import actions, ics, queries
from server.calendars.ics import Item
from server.calendars.queries import Entry, Feed
from server.db.context import now
from server.errors import NotFound
from server.exchange import meeting_queries
from server.exchange.circle import must_belong
from server.http.forms import read_form
from server.http.i18n import gettext as _
from server.http.render import go, render, url_for
from server.http.uow import unit_of_work
from server.maps.places import place_names

PURPOSE = "calendar"
MAX_AGE_S = 300
ICS = "text/calendar; charset=utf-8"


# --- feeds ---------------------------------------------------------------------------------------


async def calendar_city(request: Request) -> Response:
    """`/calendar.ics`: every activity of the city that is or was public."""
    city = request.state["city"]
    async with unit_of_work(request) as db:
        found = await queries.city_feed(db, now(db))
    return _public(request, found, _("清掃活動(%(where)s)") % {"where": city.name})


async def calendar_partner(request: Request) -> Response:
    """`/partners/{code}/calendar.ics`: the activities of a partner that may be named."""
    async with unit_of_work(request) as db:
        found = await queries.partner_feed(db, request.path_params["code"], now(db))
    if found is None:
        raise NotFound(_("このカレンダーは見つかりません。"))
    return _public(request, found, _("清掃活動(%(where)s)") % {"where": found.name})


async def calendar_district(request: Request) -> Response:
    """`/districts/{name}/calendar.ics`: activities near a named place."""
    place = place_of(request.path_params["name"])
    if place is None:
        raise NotFound(_("このカレンダーは見つかりません。"))
    async with unit_of_work(request) as db:
        found = await queries.district_feed(db, place.lon, place.lat, now(db))
    return _public(request, found, _("清掃活動(%(where)sの近く)") % {"where": place.name})


async def calendar_mine(request: Request) -> Response:
    """`/calendars/{token}.ics`: somebody's own plans, for whoever has the address."""
    services, city = request.state["services"], request.state["city"]
    value = services.signer.read(PURPOSE, request.path_params["token"], services.clock())
    account, _dot, version = value.partition(".")
    async with unit_of_work(request) as db:
        found = await queries.own_feed(db, uuid.UUID(account), int(version), now(db))
    if found is None:
        raise NotFound(_("このカレンダーのアドレスは、もう使えません。"))
    items = [_item(request, one, own=_own_lines(one), busy=True) for one in found.entries]
    about = _("申し込んだ活動と、パートナーとして開く活動です。")
    name = _("わたしの清掃活動(%(city)s)") % {"city": city.short or city.name}
    body = ics.feed(items, city.zone, name, about)
    # No Last-Modified: a sign-up that was taken back leaves nothing with a later date.
    return _answer(request, body, None, "private, no-cache")


def place_of(name: str) -> Place | None:
    """The named place of exactly that name."""
    return next((one for one in place_names().places if one.name == name), None)


def _public(request: Request, found: Feed, name: str) -> Response:
    about = _("活動が動いたり中止になったりすると、このカレンダーも変わります。")
    items = [_item(request, one, busy=False) for one in found.entries]
    body = ics.feed(items, request.state["city"].zone, name, about)
    return _answer(request, body, found.changed_at, f"public, max-age={MAX_AGE_S}")


def _item(request: Request, entry: Entry, *, own: tuple[str, ...] = (), busy: bool) -> Item:
    host = entry.host or (_("個人パートナー") if entry.host is None else request.state["city"].name)
    link = full(request, url_for(request, "opportunity", id=entry.id))
    return Item(entry, link, host, own, busy)


def _own_lines(entry: Entry) -> tuple[str, ...]:
    if entry.people is None:
        return (_("主催する活動です。"),)
    said = _("申込み: %(n)s人") % {"n": entry.people}
    return (f"{said} {entry.slot}".strip(),)


def _answer(
    request: Request, body: bytes, changed_at: dt.datetime | None, caching: str
) -> Response:
    """A feed, or 304 when the calendar has it already. The ETag is of the bytes themselves."""
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": caching, "X-Robots-Tag": "noindex",
               "Content-Disposition": 'inline; filename="machipika.ics"'}  # fmt: skip
    if changed_at is not None:
        headers["Last-Modified"] = format_datetime(changed_at.astimezone(dt.UTC), usegmt=True)
    if _is_known(request, etag, changed_at):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=ICS, headers=headers)


def _is_known(request: Request, etag: str, changed_at: dt.datetime | None) -> bool:
    """RFC 9110: the date counts only where no tag was sent."""
    known = request.headers.get("if-none-match")
    if known is not None:
        return etag in known or known.strip() == "*"
    try:
        since = parsedate_to_datetime(request.headers.get("if-modified-since", ""))
    except (ValueError, OverflowError):  # no date, or one outside of any calendar
        return False
    if since.tzinfo is None:
        since = since.replace(tzinfo=dt.UTC)
    return changed_at is not None and changed_at <= since


async def meeting_ics(request: Request) -> Response:
    """`/meetings/{id}.ics`: the exchange meeting for the calendars of those who are invited."""
    actor, city = request.state["actor"], request.state["city"]
    must_belong(actor)
    async with unit_of_work(request) as db:
        seen = await meeting_queries.meeting(db, actor, request.path_params["id"])
        sequence, changed_at = await queries.meeting_changes(db, seen.id)
    entry = Entry(
        id=seen.id, sequence=sequence, updated_at=changed_at or seen.starts_at,
        starts_at=seen.starts_at, ends_at=seen.ends_at, is_cancelled=seen.state == "cancelled",
        cancel_reason=seen.reason, title=seen.title, description=seen.agenda, bring="",
        meeting_place=seen.place, lon=None, lat=None, host="", people=None, slot="",
        changed_at=changed_at or seen.starts_at,
    )  # fmt: skip
    link = full(request, url_for(request, "meeting", id=seen.id))
    body = ics.calendar(entry, city.zone, link, city.name)
    name = f'attachment; filename="machipika-{seen.id}.ics"'
    headers = {"Content-Disposition": name, "Cache-Control": "private, no-cache"}
    return Response(body, media_type=ICS, headers=headers)


# --- pages ---------------------------------------------------------------------------------------


async def calendars(request: Request) -> Response:
    """`/calendars`: what a subscribed calendar is, and the addresses to choose from."""
    async with unit_of_work(request) as db:
        partners = await queries.named_partners(db)
    place = place_of(request.query_params.get("place", ""))
    code = request.query_params.get("partner", "")
    context = {
        "places": place_names().places, "partners": partners, "place": place,
        "partner": next((one for one in partners if one.code == code), None),
        "district_m": queries.DISTRICT_M, **_addresses(request),
        "embed": full(request, url_for(request, "embed_next")),
    }  # fmt: skip
    return render(request, "calendars/index.html", context)


async def my_calendar(request: Request) -> Response:
    """`/me/calendar`: somebody's private address; POST makes a new one and ends the old."""
    actor = request.state["actor"]
    sent = await read_form(request) if request.method == "POST" else None
    async with unit_of_work(request) as db:
        version = await queries.address_version(db, actor.account_id)
        if sent is not None and sent.get("version") == str(version):
            await actions.renew(db, actor, version)
    if sent is not None:
        return go(request, request.url.path, "calendar.renewed")
    token = request.state["services"].signer.sign(PURPOSE, f"{actor.account_id}.{version}")
    address = full(request, url_for(request, "calendar_mine", token=token))
    context = {"address": address, "version": version, **_addresses(request)}
    return render(request, "calendars/mine.html", context)


def full(request: Request, path: str) -> str:
    """The full address of a path of ours; names in it are written as addresses are."""
    return str(request.state["settings"].base_url) + quote(path, safe="/%")


def _addresses(request: Request) -> dict[str, Callable[..., Any]]:
    """For templates: ``feed("calendar_city")`` is an address, ``webcal(…)`` opens a calendar."""

    def feed(route: str, /, **params: str) -> str:  # a district's own parameter is called "name"
        return full(request, str(request.app.url_path_for(route, **params)))

    return {
        "feed": feed,
        "webcal": lambda address: "webcal:" + address.partition(":")[2],
    }
