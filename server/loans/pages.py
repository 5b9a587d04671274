"""The partner's pages of mowers: reserve one, one loan, who may use a machine."""

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from server.coverage.care import city_today
from server.db.base import uuid7
from server.errors import Conflict, Invalid, NotFound
from server.http.forms import read_form
from server.http.i18n import gettext as _
from server.http.render import go, render, url_for
from server.http.uow import unit_of_work
from server.ledgers.partners import Named
from server.loans import actions, operators, queries, reserving
from server.loans.actions import HandOut
from server.loans.forms import (
    CancelForm,
    DamageForm,
    DaysForm,
    HandOutForm,
    OperatorForm,
    ReserveForm,
    TakeBackForm,
    course_needed,
    operator_choices,
    unit_choices,
)
from server.loans.machine import LOAN
from server.loans.queries import Loan
from server.policy import PartnerRef, own_partner
from server.supplies.forms import as_uuid
from server.workflow.actions import buttons
from server.workflow.queries import history


async def loan_new(request: Request) -> Response:
    """`/partner/loans/new`: choose the days, see the free machines, reserve one."""
    data = await read_form(request) if request.method == "POST" else None
    asked = (data if data is not None else request.query_params).get("partner")
    partner = own_partner(request.state["actor"], str(asked) if asked else None)
    form = None if data is None else ReserveForm(data)
    status = 200
    if form is not None:
        id, status = await reserving.send(request, partner.id, form)
        if status == 303:
            return go(request, url_for(request, "loan", id=id), "loan.reserved")
    days = DaysForm(request.query_params if data is None else data)
    around = await reserving.look_around(request, partner.id, days)
    form = reserving.with_choices(request, around, form, days, partner.code)
    context = {"partner": partner, "days": days, "around": around, "form": form}
    if days.errors:
        status = max(status, 422)
    return render(request, "loans/new.html", context, status=status)


async def loan(request: Request) -> Response:
    """`/partner/loans/{id}`: one loan; its partner and the staff take the next step here."""
    if request.method == "GET":
        return await _loan_page(request)
    data = await read_form(request)
    verb = str(data.get("verb") or "")
    form: Any = _form_of(verb, data)
    status = 422
    if form.validate():
        try:
            async with unit_of_work(request) as db:
                found = await _found(db, request)
                await _step(db, request, found, verb, form)
            return go(request, url_for(request, "loan", id=found.id), "saved")
        except actions.Taken as error:
            form.unit.errors = [error.message]
            status = 409
        except Invalid as error:
            if isinstance(form, DamageForm) and error.field == "returned_on":
                error = Invalid(error.message, "damaged_on")
            form.fail(error)
    return await _loan_page(request, form, verb, status)


def _form_of(verb: str, data: Any) -> Any:
    kinds = {"take_back": TakeBackForm, "report_damage": DamageForm, "hand_out": HandOutForm}
    if verb in kinds:
        return kinds[verb](data)
    if verb == "cancel":
        return CancelForm(data)
    raise Conflict(_("操作を選んでください。"))


async def _found(db: Any, request: Request) -> Loan:
    today = city_today(db, request.state["city"])
    found = await queries.loan_of(db, request.path_params["id"], request.state["actor"], today)
    if found is None:
        raise NotFound(_("この貸出は見つかりません。"))
    return found


async def _step(db: Any, request: Request, found: Loan, verb: str, form: Any) -> None:
    actor, rules = request.state["actor"], request.state["city"].rules
    if verb == "hand_out":
        unit_id = as_uuid(form.unit.data) or found.unit_id
        given = HandOut(unit_id, as_uuid(form.operator.data), form.litres())
        await actions.hand_out(db, actor, found, given, rules, found.today)
    elif verb == "take_back":
        await actions.take_back(db, actor, found, form.back(), found.today)
    elif verb == "report_damage":
        await actions.report_damage(db, actor, found, form.back(), found.today)
    else:
        await actions.cancel(db, actor, found)


async def _loan_page(
    request: Request, form: Any = None, verb: str = "", status: int = 200
) -> Response:
    actor, rules = request.state["actor"], request.state["city"].rules
    async with unit_of_work(request) as db:
        found = await _found(db, request)
        past = await history(db, LOAN, found.id)
        steps = {step.verb: step for step in buttons(LOAN, actor, found.stand)}
        hand_out = form if verb == "hand_out" and form else None
        if "hand_out" in steps:
            free, people = await queries.at_the_counter(db, found)
            hand_out = hand_out or HandOutForm(data=_first_guess(found))
            hand_out.unit.choices = unit_choices(free)
            offered = operator_choices(people, rules)
            hand_out.operator.choices = [("", _("選んでください")), *offered]
    context = {
        "found": found, "past": past, "steps": steps, "machine": LOAN, "hand_out": hand_out,
        "take_back": _posted(form, TakeBackForm) or TakeBackForm(data={"returned_on": found.today}),
        "damage": _posted(form, DamageForm) or DamageForm(data={"damaged_on": found.today}),
    }  # fmt: skip
    return render(request, "loans/detail.html", context, status=status)


def _first_guess(found: Loan) -> dict[str, Any]:
    operator = str(found.operator_id) if found.operator_id else ""
    return {"unit": str(found.unit_id), "operator": operator}


def _posted(form: Any, kind: type[Any]) -> Any:
    return form if isinstance(form, kind) else None


async def partner_operators(request: Request) -> Response:
    """`/partner/operators`: register who may use a machine, with the course."""
    here = url_for(request, "partner_operators")
    return await operators_page(request, request.state["actor"].partners, here)


async def operators_page(
    request: Request, partners: Sequence[PartnerRef | Named], here: str, *, by_proxy: bool = False
) -> Response:
    """The people of these partners who may use a machine; add one, take one off the list."""
    actor, city = request.state["actor"], request.state["city"]
    data = await read_form(request) if request.method == "POST" else None
    whose = {one.id: one.name for one in partners}
    if data is not None and data.get("leave"):
        async with unit_of_work(request) as db:
            id = as_uuid(str(data["leave"])) or uuid7()
            await operators.leave(db, actor, id, tuple(whose), city_today(db, city))
        return go(request, here, "saved")
    form = OperatorForm(data) if data is not None else OperatorForm(data={"id": str(uuid7())})
    form.offer({str(id): name for id, name in whose.items()})
    if data is not None and form.validate() and course_needed(form, city.rules):
        try:
            async with unit_of_work(request) as db:
                id, today = as_uuid(form.id.data) or uuid7(), city_today(db, city)
                await operators.register(db, actor, id, form.person(), today)
            return go(request, here, "saved")
        except Invalid as error:
            form.fail(error)
    async with unit_of_work(request) as db:
        people = await queries.own_operators(db, tuple(whose))
    context = {
        "people": people, "form": form, "several": len(whose) > 1, "by_proxy": by_proxy,
        "partner": partners[0],
    }  # fmt: skip
    return render(request, "loans/operators.html", context, status=200 if data is None else 422)
