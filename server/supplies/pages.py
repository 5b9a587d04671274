"""The partner's pages of supplies: all that one gets from the city, asking, one request."""

from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from server.coverage.care import city_today
from server.db.base import uuid7
from server.errors import Conflict, Invalid, NotFound
from server.http.forms import read_form
from server.http.i18n import gettext as _
from server.http.render import go, render, url_for
from server.http.uow import unit_of_work
from server.loans.machine import LOAN
from server.loans.queries import own_loans
from server.policy import PartnerRef, own_partner
from server.signs.machine import SIGN
from server.signs.queries import own_signs
from server.supplies import actions, requests
from server.supplies.forms import AskForm, StepForm, ask_form, first_day, step_form
from server.supplies.machine import SUPPLY
from server.supplies.requests import Offer
from server.workflow.actions import buttons
from server.workflow.queries import history

MACHINES = {"supply": SUPPLY, "loan": LOAN, "sign": SIGN}


async def partner_supplies(request: Request) -> Response:
    """`/partner/supplies`: requests, loans and signs of my partners, and three ways to begin."""
    partners = request.state["actor"].partner_ids
    async with unit_of_work(request) as db:
        context = {
            "requests": await requests.own_requests(db, partners),
            "loans": await own_loans(db, partners, city_today(db, request.state["city"])),
            "signs": await own_signs(db, partners),
        }
    return render(request, "supplies/partner.html", context)


async def supply_new(request: Request) -> Response:
    """`/partner/supplies/new`: ask for bags, fuel, armbands."""
    data = await read_form(request) if request.method == "POST" else None
    asked = (data if data is not None else request.query_params).get("partner")
    partner = own_partner(request.state["actor"], str(asked) if asked else None)
    if data is None:
        return await _new_form(request, partner)
    return await _ask(request, partner, data)


async def _new_form(request: Request, partner: PartnerRef) -> Response:
    rules = request.state["city"].rules
    async with unit_of_work(request) as db:
        day = first_day(city_today(db, request.state["city"]), rules.supply_lead_days)
        found = await requests.offer(db, partner.id, day)
    form = ask_form(AskForm, found, id=str(uuid7()), partner=partner.code, wanted_on=day)
    return _ask_page(request, partner, found, form)


async def _ask(request: Request, partner: PartnerRef, data: FormData) -> Response:
    """Take the request, or show what is wrong with it. Read before, checked again under a lock."""
    actor, city = request.state["actor"], request.state["city"]
    async with unit_of_work(request) as db:
        today = city_today(db, city)
        found = await requests.offer(db, partner.id, today)
    form = ask_form(AskForm, found, data)
    status = 422
    if form.validate():
        try:
            async with unit_of_work(request) as db:
                id = form.sent_id()
                await actions.ask(db, actor, id, form.ask(partner.id), city.rules, today)
            return go(request, url_for(request, "supply", id=id), "supply.asked")
        except (Invalid, Conflict) as error:
            status = _show(form, error)
    return _ask_page(request, partner, found, form, status)


def _show(form: AskForm, error: Invalid | Conflict) -> int:
    if isinstance(error, Invalid):
        form.fail(error)
        return 422
    form.form_errors.append(error.message)
    return 409


def _ask_page(
    request: Request, partner: PartnerRef, found: Offer, form: AskForm, status: int = 200
) -> Response:
    context = {"partner": partner, "found": found, "form": form}
    return render(request, "supplies/new.html", context, status=status)


async def supply(request: Request) -> Response:
    """`/partner/supplies/{id}`: one request; its partner and the staff take the next step here."""
    if request.method == "GET":
        return await _request_page(request)
    data = await read_form(request)
    verb = str(data.get("verb") or "")
    form: StepForm | None = None
    try:
        async with unit_of_work(request) as db:
            found = await requests.request_of(db, request.path_params["id"], request.state["actor"])
            if found is None:
                raise NotFound(_("この申請は見つかりません。"))
            form = step_form(found.lines, verb, data)
            if form.validate():
                today = city_today(db, request.state["city"])
                await _step(db, request, found, verb, form, today)
                return go(request, url_for(request, "supply", id=found.id), "saved")
    except Invalid as error:
        assert form is not None  # noqa: S101 - nothing before it raises Invalid
        form.fail(error)
    return await _request_page(request, form, verb, 422)


async def _step(
    db: Any, request: Request, found: requests.Request, verb: str, form: StepForm, today: Any
) -> None:
    actor, comment = request.state["actor"], form.comment.data or ""
    if verb == "approve":
        await actions.approve(db, actor, found, form.numbers(), comment)
    elif verb == "hand_over":
        await actions.hand_over(db, actor, found, form.numbers(), today)
    elif verb == "reject":
        await actions.reject(db, actor, found, comment)
    elif verb == "cancel":
        await actions.cancel(db, actor, found)
    else:
        raise Invalid(_("操作を選んでください。"))


async def _request_page(
    request: Request, form: StepForm | None = None, verb: str = "", status: int = 200
) -> Response:
    actor = request.state["actor"]
    async with unit_of_work(request) as db:
        found = await requests.request_of(db, request.path_params["id"], actor)
        if found is None:
            raise NotFound(_("この申請は見つかりません。"))
        past = await history(db, SUPPLY, found.id)
    steps = {step.verb: step for step in buttons(SUPPLY, actor, found.stand)}
    open_verb = "approve" if "approve" in steps else "hand_over"
    blank = step_form(found.lines, open_verb)
    context = {
        "found": found, "past": past, "steps": steps, "verb": verb, "form": form or blank,
        "blank": blank, "machine": SUPPLY,
    }  # fmt: skip
    return render(request, "supplies/detail.html", context, status=status)
