"""The applicant's pages: what the programme is, a new application, its state, send, take back."""

import uuid
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from server.db.base import uuid7
from server.enrolments import actions, layers, lists
from server.enrolments.actions import may_edit, may_edit_areas
from server.enrolments.complete import gaps
from server.enrolments.forms import StepForm, SubjectForm, sent_uuid
from server.enrolments.machine import ENROLMENT
from server.enrolments.parts import PAPERS, parts_of, pledges
from server.enrolments.queries import Case, case_of
from server.errors import Conflict, Invalid
from server.http.forms import read_form
from server.http.i18n import gettext as _
from server.http.render import go, render, url_for
from server.http.uow import unit_of_work
from server.maps.layers import bbox_of, geojson
from server.policy import Actor
from server.workflow.actions import buttons
from server.workflow.queries import history


async def programme(request: Request) -> Response:
    """What a partner of the programme does, what the city gives, and how to begin."""
    return render(request, "enrolments/join.html")


async def application_new(request: Request) -> Response:
    """Who applies; below, what I have filed so far. POST begins a draft."""
    actor = request.state["actor"]
    form = SubjectForm(await read_form(request) if request.method == "POST" else None)
    if request.method == "GET":
        form.id.data = str(uuid7())
    elif form.validate():
        id = form.new_id()
        try:
            async with unit_of_work(request) as db:
                subject = await actions.start(
                    db, actor, id, form.subject.data, partner_code=form.partner.data or ""
                )
            return go(request, first_part(request, id, subject))
        except Invalid as error:
            form.fail(error)
    async with unit_of_work(request) as db:
        cases = await lists.own_cases(db, actor)
    status = 422 if form.errors else 200
    return render(request, "enrolments/new.html", {"form": form, "cases": cases}, status=status)


def first_part(request: Request, id: uuid.UUID, subject: str) -> str:
    """The address of the first part of the form."""
    return url_for(request, "application_edit", id=id, part=parts_of(subject)[0].slug)


def is_own(actor: Actor, case: Case) -> bool:
    """Whether somebody sees the case as its own people do, and not as the city."""
    return case.belongs_to(actor)


def home_of(request: Request, case: Case) -> str:
    """The page of a case for whoever asks: staff have their own for others' cases."""
    own = is_own(request.state["actor"], case)
    return url_for(request, "application" if own else "staff_application", id=case.id)


def about(request: Request, case: Case) -> dict[str, Any]:
    """What all pages of a case show it with."""
    actor, rules = request.state["actor"], request.state["city"].rules
    now = request.state["services"].clock()
    missing = gaps(case, rules, now.astimezone(request.state["city"].zone).date())
    return {
        "case": case, "parts": parts_of(case.subject), "gaps": missing, "paper_names": PAPERS,
        "pledges": pledges(case.subject), "home": home_of(request, case),
        "layout": "public" if is_own(actor, case) else "staff",
        "may_edit": may_edit(actor, case), "may_edit_areas": may_edit_areas(actor, case),
    }  # fmt: skip


async def application(request: Request) -> Response:
    """The applicant's page: where it stands, what comes next, what was written."""
    actor = request.state["actor"]
    async with unit_of_work(request) as db:
        case = await case_of(db, request.path_params["id"], actor)
        if not is_own(actor, case):
            return go(request, home_of(request, case))
        past = await history(db, ENROLMENT, case.id)
    verbs = {step.verb for step in buttons(ENROLMENT, actor, case.stand())}
    context = {**about(request, case), "past": past, "verbs": verbs}
    return render(request, "enrolments/show.html", context)


async def application_submit(request: Request) -> Response:
    """Everything once more, with what is missing; POST sends it to the city."""
    actor, id = request.state["actor"], request.path_params["id"]
    problem = ""
    if request.method == "POST":
        await read_form(request)
        try:
            async with unit_of_work(request) as db:
                case = await actions.submit(db, actor, request.state["city"], id)
            return go(request, home_of(request, case), "application.submitted")
        except Invalid as error:
            problem = error.message
    async with unit_of_work(request) as db:
        case = await case_of(db, id, actor)
    if not may_edit(actor, case):
        return go(request, home_of(request, case))
    context = {**about(request, case), "problem": problem}
    return render(request, "enrolments/submit.html", context, status=422 if problem else 200)


async def application_withdraw(request: Request) -> Response:
    """Ask why, then take the application back."""
    actor, id = request.state["actor"], request.path_params["id"]
    form = StepForm(await read_form(request) if request.method == "POST" else None)
    if request.method == "POST" and form.validate():
        try:
            async with unit_of_work(request) as db:
                city = request.state["city"]
                case = await actions.withdraw(db, actor, city, id, form.comment.data or "")
            return go(request, home_of(request, case), "application.withdrawn")
        except Invalid as error:
            form.fail(error)
    async with unit_of_work(request) as db:
        case = await case_of(db, id, actor)
    if case.state not in actions.BEFORE_AGREEMENT:
        raise Conflict(_("この届出は、ここでは取り下げられません。"))
    context = {**about(request, case), "form": form}
    return render(request, "enrolments/withdraw.html", context, status=422 if form.errors else 200)


async def layer_application(request: Request) -> Response:
    """GeoJSON of the places of one application."""
    async with unit_of_work(request) as db:
        actor, id = request.state["actor"], request.path_params["id"]
        body = await layers.application_layer(db, id, actor)
    return geojson(request, body)


async def layer_free_areas(request: Request) -> Response:
    """GeoJSON of areas that nobody cares for yet; ``?application=`` makes them choosable."""
    params, box = request.query_params, bbox_of(request)
    asked, id = layers.read_asked(params), sent_uuid(params.get("application"))
    async with unit_of_work(request) as db:
        day = actions.today(db, request.state["city"])
        body = await layers.free_areas(db, asked, day, box, id)
    return geojson(request, body)
