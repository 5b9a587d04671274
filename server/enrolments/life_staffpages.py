"""`/staff/partners/{code}`: everything the city knows of one partner, and what it may do."""

import datetime as dt
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from server.audit.actions import record
from server.citysettings.registry import CityRules
from server.coverage.care import city_today
from server.enrolments import life, members, notices
from server.enrolments.closing import open_matters
from server.enrolments.forms import sent_uuid
from server.enrolments.life_forms import EndForm, MemberForm, PauseForm, PeopleForm, TapForm
from server.enrolments.life_pages import side_of
from server.enrolments.life_queries import case_of_code, life_for_staff
from server.enrolments.life_rows import CaseNow
from server.enrolments.machine import ENROLMENT
from server.errors import Invalid
from server.http.forms import BaseForm, read_form
from server.http.i18n import fiscal_year
from server.http.i18n import gettext as _
from server.http.render import go, render, url_for
from server.http.uow import unit_of_work
from server.policy import Actor
from server.workflow.queries import history

# Forms of the page by what they do; the prefix keeps their fields apart.
FORMS: dict[str, type[BaseForm]] = {
    "people": PeopleForm,
    "member_add": MemberForm,
    "member_remove": BaseForm,
    "pause": PauseForm,
    "resume": TapForm,
    "await_renewal": TapForm,
    "renew": TapForm,
    "begin": TapForm,
    "finish_change": TapForm,
    "expire": TapForm,
    "withdraw": EndForm,
    "dissolve": EndForm,
}
_DONE = {
    "people": "partner.people",
    "member_add": "partner.member",
    "member_remove": "partner.member_removed",
}


async def staff_partner(request: Request) -> Response:
    """One partner: state, agreements, areas, notices, people, history; and the city's steps."""
    if request.method == "GET":
        return await _page(request, {})
    sent = await read_form(request)
    verb = str(sent.get("verb") or "")
    if verb not in FORMS:
        raise Invalid(_("この操作はありません。"))
    form = FORMS[verb](sent, prefix=f"{verb}-")
    if form.validate():
        try:
            async with unit_of_work(request) as db:
                await _act(db, request, verb, form, sent)
            path = url_for(request, "staff_partner", code=request.path_params["code"])
            return go(request, path, _DONE.get(verb, "enrolment.moved"))
        except Invalid as error:
            form.fail(error)
    return await _page(request, {verb: form})


async def _page(request: Request, failed: dict[str, BaseForm]) -> Response:
    actor, city = request.state["actor"], request.state["city"]
    code, with_contacts = request.path_params["code"], "contacts" in request.query_params
    async with unit_of_work(request) as db:
        today = city_today(db, city)
        began = dt.date(fiscal_year(today), 4, 1)
        found = await life_for_staff(db, code, today, began, contacts=with_contacts)
        steps = await history(db, ENROLMENT, found.case.id) if found.case else ()
        live = found.case is not None and found.case.is_live
        matters = await open_matters(db, found.partner_id) if live else None
        if with_contacts:
            record(db, actor, "partner.view_contacts", "partner", found.partner_id)
    forms = {verb: failed.get(verb) or _blank(verb, today) for verb in FORMS}
    context = {
        "side": side_of(found, actor), "life": found, "history": steps, "step_forms": forms,
        "failed": set(failed), "contacts_shown": with_contacts, "year": began.year,
        "one_tap": life.one_tap(city.rules), "matters": matters,
    }  # fmt: skip
    status = 422 if failed else 200
    return render(request, "programme/staff_partner.html", context, status=status)


def _blank(verb: str, today: dt.date) -> BaseForm:
    form = FORMS[verb](prefix=f"{verb}-")
    for name in ("day", "counted_on"):
        if name in form:
            form[name].data = today
    return form


async def _act(db: Any, request: Request, verb: str, form: BaseForm, sent: FormData) -> None:
    actor, city = request.state["actor"], request.state["city"]
    today = city_today(db, city)
    case = await case_of_code(db, request.path_params["code"], lock=True)
    partner = (case.partner_id, case.partner_name)
    if isinstance(form, PeopleForm):
        values = (form.counted_on.data, today, form.people.data, form.minors.data)
        await members.count_people(db, actor, case.partner_id, *values)  # type: ignore[arg-type]
    elif isinstance(form, MemberForm):
        values_of = (form.email.data or "", form.name.data or "", form.role.data)
        await members.add_member(db, actor, partner, *values_of)
    elif verb == "member_remove":
        account = sent_uuid(sent.get("account")) or uuid.UUID(int=0)
        await members.remove_member(db, actor, case.partner_id, account)
    else:
        await _move(db, actor, case, verb, form, (city.rules, today))


async def _move(
    db: Any, actor: Actor, case: CaseNow, verb: str, form: Any,
    day: tuple[CityRules, dt.date],
) -> None:  # fmt: skip
    """A step of the case by the city."""
    rules, today = day
    steps: dict[str, Callable[[], Awaitable[object]]] = {
        "pause": lambda: life.pause(
            db, actor, case, today, form.until.data, form.comment.data or ""
        ),
        "resume": lambda: life.resume(db, actor, case, today),
        "await_renewal": lambda: life.await_renewal(db, actor, case),
        "renew": lambda: life.renew(db, actor, case, rules, today),
        "begin": lambda: life.begin(db, actor, case, today),
        "finish_change": lambda: notices.finish_change(db, actor, case),
        "expire": lambda: life.expire(db, actor, case, today),
        "withdraw": lambda: life.withdraw(
            db, actor, case, today, form.day.data, form.comment.data or ""
        ),
        "dissolve": lambda: life.dissolve(
            db, actor, case, today, form.day.data, form.comment.data or ""
        ),
    }
    await steps[verb]()
