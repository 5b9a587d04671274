"""「市との合意」: what a partner and the city agreed, and what can be done about it now."""

import datetime as dt
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from server.citysettings.registry import CityRules
from server.coverage.care import city_today
from server.enrolments import life
from server.enrolments.closing import open_matters
from server.enrolments.life_forms import EndForm, PauseForm, TapForm
from server.enrolments.life_queries import case_of_partner, lives
from server.enrolments.life_rows import CaseNow, Life
from server.enrolments.machine import ENROLMENT
from server.enrolments.notices import kinds_for
from server.enrolments.periods import next_period
from server.errors import Forbidden, Invalid
from server.http.forms import read_form
from server.http.i18n import fiscal_year
from server.http.i18n import gettext as _
from server.http.render import go, render, url_for
from server.http.uow import unit_of_work
from server.policy import Actor, own_partner
from server.workflow.actions import buttons

BINDING = frozenset({"renew", "withdraw"})  # only who signs for a partner may, as agreements are
Take = Callable[[Any, CaseNow, dt.date], Awaitable[bool]]


@dataclass(frozen=True)
class Side:
    """One partner on the page, with the verbs its people may use now and the notices they may
    file."""

    life: Life
    verbs: frozenset[str]
    notice_kinds: tuple[str, ...]


def side_of(one: Life, actor: Actor) -> Side:
    """What somebody may do about a partner's case now."""
    if one.case is None:
        return Side(one, frozenset(), ())
    verbs = frozenset(step.verb for step in buttons(ENROLMENT, actor, one.case.stand()))
    if not actor.is_staff and not _signs(actor, one.code):
        verbs -= BINDING
    waiting = {notice.kind for notice in one.open_notices}
    kinds = kinds_for(one.subject) if one.case.is_live else ()
    free = (k for k in kinds if k not in waiting and (k != "areas" or "ask_change" in verbs))
    return Side(one, verbs, tuple(free))


def _signs(actor: Actor, code: str) -> bool:
    """Whether somebody speaks for the partner of that code: its manager (代表・担当)."""
    return any(one.code == code and one.role == "manager" for one in actor.partners)


async def partner_agreement(request: Request) -> Response:
    """`/partner/agreement`: state, agreement, areas, contacts, notices of each own partner."""
    actor, city = request.state["actor"], request.state["city"]
    async with unit_of_work(request) as db:
        today = city_today(db, city)
        began = dt.date(fiscal_year(today), 4, 1)
        found = await lives(db, actor.partner_ids, today, began)
    context = {
        "sides": [side_of(one, actor) for one in found],
        "year": began.year,
        "one_tap": life.one_tap(city.rules),
    }
    return render(request, "programme/agreement.html", context)


async def _step(
    request: Request, template: str, form_class: type[TapForm], verb: str, take: Callable[..., Take]
) -> Response:
    """A page that asks before one step of the own case, and takes it."""
    actor, city = request.state["actor"], request.state["city"]
    sent = await read_form(request) if request.method == "POST" else None
    form = form_class(sent)
    asked = (sent if sent is not None else request.query_params).get("partner")
    partner = own_partner(actor, str(asked) if asked else None)
    form.partner.data = partner.code
    if verb in BINDING and not _signs(actor, partner.code):
        raise Forbidden(_("この手続きは、代表・担当の人だけができます。"))
    if sent is not None and form.validate():
        try:
            async with unit_of_work(request) as db:
                case = await case_of_partner(db, partner.id, lock=True)
                await take(actor, form, city.rules)(db, case, city_today(db, city))
            return go(request, url_for(request, "partner_agreement"), _NOTICES[verb](city.rules))
        except Invalid as error:
            form.fail(error)
    async with unit_of_work(request) as db:
        case = await case_of_partner(db, partner.id)
        matters = await open_matters(db, partner.id) if verb == "withdraw" else None
        if sent is None and isinstance(form, EndForm):
            form.day.data = city_today(db, city)
    context = {
        "case": case,
        "form": form,
        "verbs": {step.verb for step in buttons(ENROLMENT, actor, case.stand())},
        "matters": matters,
        "one_tap": life.one_tap(city.rules),
        "next": next_period(city.rules, case.last_day) if case.last_day else None,
    }
    return render(request, template, context, status=200 if sent is None else 422)


_NOTICES: dict[str, Callable[..., str]] = {
    "pause": lambda rules: "enrolment.paused",
    "resume": lambda rules: "enrolment.resumed",
    "renew": lambda rules: "enrolment.renewed" if life.one_tap(rules) else "enrolment.wished",
    "withdraw": lambda rules: "enrolment.left",
}


async def partner_pause(request: Request) -> Response:
    """`/partner/pause`: take a rest from today (休止)."""

    def take(actor: Actor, form: PauseForm, rules: object) -> Take:
        reason = form.comment.data or ""
        return lambda db, case, today: life.pause(db, actor, case, today, form.until.data, reason)

    return await _step(request, "programme/pause.html", PauseForm, "pause", take)


async def partner_resume(request: Request) -> Response:
    """`/partner/resume`: go on from today (再開)."""

    def take(actor: Actor, form: TapForm, rules: object) -> Take:
        return lambda db, case, today: life.resume(db, actor, case, today)

    return await _step(request, "programme/resume.html", TapForm, "resume", take)


async def partner_renew(request: Request) -> Response:
    """`/partner/renew`: go on for the next period: at once, or as a wish when the text is new."""

    def take(actor: Actor, form: TapForm, rules: CityRules) -> Take:
        if life.one_tap(rules):
            return lambda db, case, today: life.renew(db, actor, case, rules, today)
        return lambda db, case, today: life.wish_renewal(db, actor, case, today)

    return await _step(request, "programme/renew.html", TapForm, "renew", take)


async def partner_withdraw(request: Request) -> Response:
    """`/partner/withdraw`: leave the programme (辞退), today or on a coming day."""

    def take(actor: Actor, form: EndForm, rules: object) -> Take:
        day, reason = form.day.data, form.comment.data or ""
        assert day  # noqa: S101 - a required field
        return lambda db, case, today: life.withdraw(db, actor, case, today, day, reason)

    return await _step(request, "programme/withdraw.html", EndForm, "withdraw", take)
