"""Handing an area on: what is offered, one's own offer, and one case with all its steps."""

import datetime as dt
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from server.coverage.care import city_today, season_of
from server.db.base import uuid7
from server.db.context import now
from server.errors import Conflict, Invalid
from server.http.forms import BaseForm, read_form
from server.http.i18n import gettext as _
from server.http.render import go, render, url_for
from server.http.uow import unit_of_work
from server.maps.layers import bbox_of, geojson
from server.successions import actions, layers, queries
from server.successions.forms import (
    FinalForm,
    HandForm,
    OfferForm,
    StopForm,
    TrialForm,
    WithdrawForm,
    trial_days,
)
from server.successions.machine import SUCCESSION
from server.successions.queries import Offer, scope_of
from server.workflow.actions import buttons
from server.workflow.queries import history

NOTICES = {
    "raise_hand": "succession.hand",
    "lower_hand": "succession.hand_down",
    "start_trial": "succession.trial",
    "stop_trial": "succession.stopped",
    "hand_over": "succession.handed_over",
    "withdraw": "succession.withdrawn",
}
FORMS: dict[str, type[BaseForm]] = {
    "raise_hand": HandForm,
    "lower_hand": HandForm,
    "start_trial": TrialForm,
    "stop_trial": StopForm,
    "hand_over": FinalForm,
    "withdraw": WithdrawForm,
}


async def successions(request: Request) -> Response:
    """All areas that look for somebody, and one's own cases."""
    actor, city = request.state["actor"], request.state["city"]
    async with unit_of_work(request) as db:
        rows = await queries.offers(db, scope_of(actor), city_today(db, city), now(db))
    context = {
        "mine": [row for row in rows if row.mine or row.ours],
        "others": [row for row in rows if not (row.mine or row.ours)],
    }
    return render(request, "successions/list.html", context)


async def succession_new(request: Request) -> Response:
    """Offer an area; ``?area=A-0001`` comes with it chosen."""
    actor, city = request.state["actor"], request.state["city"]
    sent = await read_form(request) if request.method == "POST" else None
    async with unit_of_work(request) as db:
        today = city_today(db, city)
        places = await queries.own_places(db, actor.partner_ids, today)
    form = OfferForm(sent) if sent is not None else OfferForm(data=_first(request, places))
    form.offer(places, len(actor.partners) > 1)
    context = {"form": form, "places": places}
    if sent is None:
        return render(request, "successions/new.html", context)
    status = 422
    try:
        if form.validate():
            new, partner = form.new(), form.partner(actor)
            async with unit_of_work(request) as db:
                await actions.make_offer(db, actor, partner, new, city, today)
            return go(request, url_for(request, "succession", id=new.id), "succession.offered")
    except Invalid as error:
        form.fail(error)
    except Conflict as error:
        form.form_errors.append(error.message)
        status = 409
    return render(request, "successions/new.html", context, block="form", status=status)


def _first(request: Request, places: tuple[queries.OwnPlace, ...]) -> dict[str, str]:
    wanted = request.query_params.get("area")
    chosen = next((f"{p.partner_code}/{p.code}" for p in places if p.code == wanted), "")
    return {"id": str(uuid7()), "share": "whole", "area": chosen}


async def succession(request: Request) -> Response:
    """One case: what is offered, who raised a hand, and the next steps; and the step sent."""
    actor, city = request.state["actor"], request.state["city"]
    id, scope = request.path_params["id"], scope_of(actor)
    if request.method == "GET":
        async with unit_of_work(request) as db:
            today = city_today(db, city)
            offer = await queries.offer(db, id, scope, today)
            past = await history(db, SUCCESSION, id)
        return _page(request, offer, past, today)
    sent = await read_form(request)
    verb = str(sent.get("verb", ""))
    form: Any = FORMS.get(verb, WithdrawForm)(sent)
    status = 422
    async with unit_of_work(request) as db:
        today = city_today(db, city)
        offer = await queries.offer(db, id, scope, today)
    _offer_choices(form, offer, request)
    try:
        if verb not in FORMS:
            raise Invalid(_("その操作はありません。画面を新しくしてください。"))
        if form.validate():
            async with unit_of_work(request) as db:
                offer = await queries.offer(db, id, scope, today)
                await _take(db, request, offer, verb, form, today)
            return go(request, url_for(request, "succession", id=id), NOTICES[verb])
    except Invalid as error:
        form.fail(error)
    except Conflict as error:
        form.form_errors.append(error.message)
        status = 409
    async with unit_of_work(request) as db:
        offer = await queries.offer(db, id, scope, today)
        past = await history(db, SUCCESSION, id)
    return _page(request, offer, past, today, {verb: form}, status)


async def _take(
    db: Any, request: Request, offer: Offer, verb: str, form: Any, today: dt.date
) -> None:
    """Take the step that was sent. Raises what the action raises."""
    actor = request.state["actor"]
    if verb in ("raise_hand", "lower_hand"):
        partner = actions.acting_partner(actor, form.partner.data)
        if verb == "raise_hand":
            words, rules = form.message.data or "", request.state["city"].rules
            await actions.raise_hand(db, actor, offer, partner, words, today, rules)
        else:
            await actions.lower_hand(db, actor, offer, partner)
    elif verb == "start_trial":
        first, last = form.not_before(today), form.until_on.data
        await actions.start_trial(db, actor, offer, form.other.data, first, last, form.codes)
    elif verb == "stop_trial":
        await actions.stop_trial(db, actor, offer, form.comment.data or "", today)
    elif verb == "hand_over":
        comment = form.comment.data or ""
        await actions.hand_over(db, actor, offer, form.day(today), form.codes, comment)
    else:
        await actions.withdraw(db, actor, offer, form.comment.data or "")


def _offer_choices(form: BaseForm, offer: Offer, request: Request) -> None:
    if isinstance(form, HandForm):
        form.offer(request.state["actor"], offer)
    elif isinstance(form, TrialForm | FinalForm):
        form.offer(offer)


def _page(
    request: Request, offer: Offer, past: Any, today: dt.date,
    sent: dict[str, BaseForm] | None = None, status: int = 200,
) -> Response:  # fmt: skip
    actor, rules = request.state["actor"], request.state["city"].rules
    open_steps = {step.verb: step for step in buttons(SUCCESSION, actor, offer.stand)}
    first, last = trial_days(season_of(rules), today)
    codes = [heir.code for heir in offer.heirs]
    forms: dict[str, BaseForm] = {
        "raise_hand": HandForm(data={"message": _own_message(offer, actor)}),
        "start_trial": TrialForm(data={"first": first, "until_on": last, "areas": codes}),
        "stop_trial": StopForm(),
        "hand_over": FinalForm(data={"on": today, "areas": [] if offer.part else codes}),
        "withdraw": WithdrawForm(),
        **(sent or {}),
    }
    for form in forms.values():
        _offer_choices(form, offer, request)
    takers = [one for one in actor.partners if one.id != offer.partner_id]
    context = {
        "offer": offer, "past": past, "forms_of": forms, "steps": open_steps, "takers": takers,
        "raised": _raised(offer, actor),
        "failed": next(iter(sent or {}), ""),
        "involved": actor.is_coordinator
        or bool({offer.partner_id, offer.other_partner_id} & set(actor.partner_ids)),
    }  # fmt: skip
    return render(request, "successions/detail.html", context, block="case", status=status)


def _raised(offer: Offer, actor: Any) -> list[queries.Hand]:
    return [hand for hand in offer.hands if hand.partner_id in actor.partner_ids]


def _own_message(offer: Offer, actor: Any) -> str:
    return next((hand.message for hand in _raised(offer, actor)), "")


async def layer_successions(request: Request) -> Response:
    """GeoJSON of the open offers and of one's own areas."""
    actor, city, box = request.state["actor"], request.state["city"], bbox_of(request)
    async with unit_of_work(request) as db:
        body = await layers.offers_layer(db, scope_of(actor), city_today(db, city), box)
    return geojson(request, body)


async def layer_succession(request: Request) -> Response:
    """GeoJSON of one offer and its drawn part, always whole."""
    actor, city = request.state["actor"], request.state["city"]
    bbox_of(request)  # refused when it is nonsense
    async with unit_of_work(request) as db:
        today, scope = city_today(db, city), scope_of(actor)
        await queries.offer(db, request.path_params["id"], scope, today)  # 404 for strangers
        body = await layers.offer_layer(db, request.path_params["id"], scope, today)
    return geojson(request, body)
