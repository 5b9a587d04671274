"""The city's side of an application: the list, filing for somebody who came with paper, a case."""

from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from server.audit.actions import record
from server.db.base import uuid7
from server.enrolments import actions, lists
from server.enrolments.forms import StepForm, SubjectForm
from server.enrolments.machine import ENROLMENT
from server.enrolments.pages import about, first_part
from server.enrolments.queries import Case, case_of
from server.errors import Conflict, Invalid
from server.http.forms import read_form
from server.http.render import go, render, url_for
from server.http.uow import unit_of_work
from server.workflow.actions import buttons
from server.workflow.queries import history

_DONE = {
    "take_up": "application.taken_up", "send_back": "application.sent_back",
    "reject": "application.rejected", "withdraw": "application.withdrawn",
}  # fmt: skip


async def staff_applications(request: Request) -> Response:
    """All applications with counts per tab; the longest waiting first."""
    actor, rules = request.state["actor"], request.state["city"].rules
    asked = lists.read_asked(request.query_params, rules.sections)
    async with unit_of_work(request) as db:
        counts = await lists.staff_counts(db, asked, actor)
        lines = await lists.staff_page(db, asked, actor)
    context = {
        "asked": asked, "found": counts, "lines": lines, "tabs": lists.TABS,
        "more": counts[asked.tab or "all"] > asked.page * lists.PAGE_ROWS,
        "but": _Address(asked).but,
    }  # fmt: skip
    return render(request, "enrolments/staff_list.html", context, block="results")


class _Address:
    """Addresses of the list that keep the other filters."""

    def __init__(self, asked: lists.Asked) -> None:
        tab = asked.tab or "all"
        self.asked = {"tab": tab, "section": asked.section, "q": asked.q, "sort": asked.sort}

    def but(self, **changed: object) -> str:
        """The same list with some filters changed; None takes one away."""
        merged = {**self.asked, **changed}
        return "?" + urlencode({key: value for key, value in merged.items() if value})


async def staff_application_new(request: Request) -> Response:
    """代理入力: a draft that staff fill in for somebody who came with paper or phoned."""
    form = SubjectForm(await read_form(request) if request.method == "POST" else None)
    if request.method == "GET":
        form.id.data = str(uuid7())
    elif form.validate():
        id = form.new_id()
        try:
            async with unit_of_work(request) as db:
                subject = await actions.start(
                    db, request.state["actor"], id, form.subject.data,
                    partner_code=form.partner.data or "", by_proxy=True,
                )  # fmt: skip
            return go(request, first_part(request, id, subject))
        except Invalid as error:
            form.fail(error)
    status = 422 if form.errors else 200
    return render(request, "enrolments/staff_new.html", {"form": form}, status=status)


async def staff_application(request: Request) -> Response:
    """A case with everything in it; POST takes a step. Opening it is noted: it shows contacts."""
    actor, id = request.state["actor"], request.path_params["id"]
    form = StepForm(await read_form(request) if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.validate():
            try:
                return await _step(request, form)
            except Invalid as error:
                form.fail(error)
            except Conflict as error:
                form.form_errors.append(error.message)
                status = 409
    async with unit_of_work(request) as db:
        case = await case_of(db, id, actor)
        past = await history(db, ENROLMENT, case.id)
        if request.method == "GET":
            record(db, actor, "enrolment.view", "enrolment", case.id, state=case.state)
    return _case_page(request, case, form, past, status)


async def _step(request: Request, form: StepForm) -> Response:
    actor, id, verb = request.state["actor"], request.path_params["id"], form.verb.data or ""
    async with unit_of_work(request) as db:
        city = request.state["city"]
        await actions.answer(db, actor, city, id, verb, form.comment.data or "")
    return go(request, url_for(request, "staff_application", id=id), _DONE[verb])


def _case_page(
    request: Request, case: Case, form: StepForm, past: Any, status: int
) -> Response:  # fmt: skip
    open_steps = buttons(ENROLMENT, request.state["actor"], case.stand())
    before = case.state in actions.BEFORE_AGREEMENT
    context = {
        **about(request, case), "form": form, "past": past, "layout": "staff",
        "verbs": {step.verb: step.label for step in open_steps}, "before": before,
    }  # fmt: skip
    return render(request, "enrolments/staff_case.html", context, status=status)
