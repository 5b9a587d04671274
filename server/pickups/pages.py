"""Pages of partners: ask for a pick-up, see what became of it, change it, cancel it."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from server.cleanups.content import CleanupInput
from server.cleanups.queries import find_report
from server.db.base import uuid7
from server.db.context import now
from server.errors import Full, Invalid, NotFound
from server.files.actions import keep_photo
from server.files.queries import files_of
from server.http.forms import read_form
from server.http.i18n import gettext as _
from server.http.render import go, render, url_for
from server.http.uow import unit_of_work
from server.pickups import actions, crew, queries
from server.pickups.forms import PickupForm, StepForm, blank_form, form_of, read_id, sent_photos
from server.pickups.machine import PICKUP
from server.pickups.queries import AreaOffer, Pickup
from server.workflow.actions import buttons, move
from server.workflow.queries import history


async def partner_pickups(request: Request) -> Response:
    """`/partner/pickups`: what my partners have asked for."""
    actor = request.state["actor"]
    async with unit_of_work(request) as db:
        rows = await queries.own_list(db, actor.partner_ids)
        moment = now(db)
    city = request.state["city"]
    context = {
        "waiting": [one for one in rows if one.waits],
        "past": [one for one in rows if not one.waits],
        "may_change": {one.id for one in rows if actions.may_change(one, city, moment)},
        "several": len(actor.partners) > 1,
    }
    return render(request, "pickups/mine.html", context)


@dataclass(frozen=True)
class Offer:
    """What stands behind a form: areas on offer, the first day, days with room."""

    areas: list[AreaOffer]
    first_day: dt.date | None
    days: tuple[dt.date, ...]


async def offer_for(
    db: Any, request: Request, partner_ids: tuple[uuid.UUID, ...], *, free: bool = False
) -> Offer:
    """Areas and days for a request that would come in now; ``free``: without the lead time."""
    city = request.state["city"]
    asked_at = now(db).astimezone(city.zone)
    areas = await queries.areas_of(db, partner_ids, asked_at.date())
    calendar = await queries.calendar(db, city.rules, asked_at.date())
    first = asked_at.date() if free else calendar.earliest(asked_at)
    days = calendar.offer(first) if first else ()
    return Offer(areas, days[0] if days else None, days)


def form_page(
    request: Request, form: PickupForm, offer: Offer, status: int = 200, **more: Any
) -> Response:
    """The form with what it offers; the place part alone when the area changes."""
    area = form.chosen_area(offer.areas)
    rules = request.state["city"].rules
    context = {
        "form": form, "offer": offer, "kept": None, "by_proxy": None,
        "routed": actions.routed(rules, area) if area else None, **more,
    }  # fmt: skip
    return render(request, "pickups/form.html", context, block="place", status=status)


async def new(request: Request) -> Response:
    """`/partner/pickups/new`: ask for a pick-up; a double send makes one."""
    if request.method == "GET":
        return await _new_form(request)
    sent = await read_form(request, files=("photo",))
    try:
        return await _asked(request, sent)
    finally:
        await request.close()  # the photos


async def _asked(request: Request, sent: FormData) -> Response:
    actor = request.state["actor"]
    async with unit_of_work(request) as db:
        offer = await offer_for(db, request, actor.partner_ids)
    form = PickupForm(sent)
    form.offer_areas(offer.areas)
    if not form.validate():
        return form_page(request, form, offer, 422)
    try:
        id = await take(request, form, form.chosen_area(offer.areas))
    except Invalid as error:
        form.fail(error)
        return form_page(request, form, offer, 422)
    return go(request, url_for(request, "pickup", id=id), "pickup.requested")


async def take(
    request: Request, form: PickupForm, area: AreaOffer | None, *, by_proxy: bool = False
) -> uuid.UUID:
    """Keep a valid request with its photos, in one transaction. Raises Invalid."""
    actor, city = request.state["actor"], request.state["city"]
    id = read_id(form.id.data) or uuid7()
    draft = form.draft(area)
    async with unit_of_work(request) as db:
        fresh = await actions.request_pickup(db, actor, city, id, draft, by_proxy=by_proxy)
        for upload in sent_photos(form.photo.data) if fresh else ():
            files = request.state["services"].files
            await keep_photo(db, files, actor, owner="pickup", owner_id=id, upload=upload)
    return id


async def _new_form(request: Request) -> Response:
    """An empty form with good guesses; ``?cleanup=`` brings what a report collected, ``?area=``
    (a code, or the key of the select) the place."""
    actor, asked = request.state["actor"], request.query_params
    async with unit_of_work(request) as db:
        offer = await offer_for(db, request, actor.partner_ids)
        cleanup_id = read_id(asked.get("cleanup"))
        report = await find_report(db, cleanup_id, actor.partner_ids) if cleanup_id else None
    collected = (report.id, report.content) if report else None
    wished = asked.get("area") or (report.content.area_code if report else None)
    return blank_page(request, offer, wished, collected)


def blank_page(
    request: Request, offer: Offer, wished: str | None,
    collected: tuple[uuid.UUID, CleanupInput] | None = None, **more: Any,
) -> Response:  # fmt: skip
    """The form before anything is typed."""
    form = blank_form(offer.first_day, collected)
    form.offer_areas(offer.areas)
    first = offer.areas[0] if offer.areas else None
    form.begin_at(next((a for a in offer.areas if wished in (a.key, a.code)), first))
    return form_page(request, form, offer, **more)


# --- one request ---------------------------------------------------------------------------------


async def found(db: Any, request: Request) -> Pickup:
    """The request of the address, if it is the actor's to see. Raises NotFound."""
    pickup = await queries.find(db, request.path_params["id"], request.state["actor"])
    if pickup is None:
        raise NotFound(_("回収依頼が見つかりません。"))
    return pickup


async def pickup(request: Request) -> Response:
    """`/partner/pickups/{id}`: what was asked, where it stands, the next steps."""
    sent = await read_form(request) if request.method == "POST" else None
    if sent is not None:
        return await _take_step(request, sent)
    async with unit_of_work(request) as db:
        one = await found(db, request)
        return await _detail(db, request, one, StepForm(data={"day": one.wished_on}))


async def _detail(
    db: Any, request: Request, one: Pickup, form: StepForm, status: int = 200
) -> Response:
    actor, city = request.state["actor"], request.state["city"]
    open_steps = {step.verb for step in buttons(PICKUP, actor, one.stand)}
    if "cancel" in open_steps and not (actor.is_staff or actions.may_change(one, city, now(db))):
        open_steps.remove("cancel")
    own = one.partner_id in actor.partner_ids
    context = {
        "pickup": one,
        "form": form,
        "photos": (await files_of(db, "pickup", [one.id])).get(one.id, ()),
        "past": await history(db, PICKUP, one.id),
        "collected_words": queries.in_words(one.collected) if one.state == "partly" else "",
        "open_steps": open_steps,
        "may_change": own and actions.may_change(one, city, now(db)),
        "deadline": actions.cancel_deadline(one, city),
        "layout": "staff" if actor.is_staff and not own else "public",
    }
    return render(request, "pickups/show.html", context, status=status)


async def _take_step(request: Request, sent: FormData) -> Response:
    form = StepForm(sent)
    valid = form.validate()
    try:
        if not valid:
            raise Invalid("")
        async with unit_of_work(request) as db:
            await step(db, request, await found(db, request), form)
    except Invalid as error:
        if error.message:
            form.fail(error)
        return await _again(request, form, 422)
    except Full as error:
        form.form_errors.append(error.message)
        return await _again(request, form, 409)
    notice = "pickup.cancelled" if form.verb.data == "cancel" else "saved"
    return go(request, url_for(request, "pickup", id=request.path_params["id"]), notice)


async def _again(request: Request, form: StepForm, status: int) -> Response:
    async with unit_of_work(request) as db:
        return await _detail(db, request, await found(db, request), form, status)


async def step(db: Any, request: Request, one: Pickup, form: StepForm) -> None:
    """Take the step that a form names, as far as it is the actor's. Raises Invalid, Conflict."""
    actor, city, comment = request.state["actor"], request.state["city"], form.comment.data or ""
    match form.verb.data:
        case "cancel":
            await actions.cancel(db, actor, city, one, comment)
        case "schedule" if actor.is_staff:
            if form.day.data is None:
                raise Invalid(_("日付を入れてください。"), "day")
            await crew.schedule(db, actor, city, {one.id: form.day.data})
        case "put_back":
            await crew.put_back(db, actor, one, comment)
        case "accept" | "refuse" as verb:
            await move(db, actor, PICKUP, one.stand, verb, comment=comment)
        case _:
            raise Invalid(_("操作を選んでください。"))


async def edit(request: Request) -> Response:
    """`/partner/pickups/{id}/edit`: correct amount, place, note; the day while none is fixed."""
    actor = request.state["actor"]
    sent = await read_form(request) if request.method == "POST" else None
    async with unit_of_work(request) as db:
        before = await found(db, request)
        if before.partner_id not in actor.partner_ids:
            raise NotFound(_("回収依頼が見つかりません。"))
        offer = await offer_for(db, request, (before.partner_id,))
    form = PickupForm(sent) if sent is not None else form_of(before)
    form.offer_areas(offer.areas, before)
    if sent is None:
        wished = request.query_params.get("area")
        form.begin_at(next((a for a in offer.areas if a.key == wished), None))
        return form_page(request, form, offer, kept=before)
    if not form.validate():
        return form_page(request, form, offer, 422, kept=before)
    try:
        draft = form.draft(form.chosen_area(offer.areas), before)
        async with unit_of_work(request) as db:
            await actions.change(db, actor, request.state["city"], before, draft)
    except Invalid as error:
        form.fail(error)
        return form_page(request, form, offer, 422, kept=before)
    return go(request, url_for(request, "pickup", id=before.id), "saved")
