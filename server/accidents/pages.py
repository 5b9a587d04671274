"""Pages of partners: report an accident, read what became of it (staff read it here too)."""

from collections.abc import Sequence
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from server.accidents import actions, queries
from server.accidents.forms import AccidentForm, AccidentStepForm
from server.accidents.machine import ACCIDENT
from server.accidents.queries import Accident
from server.coverage.care import city_today
from server.db.base import uuid7
from server.errors import Invalid, NotFound
from server.http.forms import read_form
from server.http.i18n import gettext as _
from server.http.render import go, render, url_for
from server.http.uow import unit_of_work
from server.ledgers.partners import Named
from server.pickups.forms import read_id
from server.pickups.queries import areas_of
from server.policy import PartnerRef
from server.workflow.actions import buttons, move
from server.workflow.queries import history


async def new(request: Request) -> Response:
    """`/partner/accidents/new`: what happened; a double send makes one."""
    sent = await read_form(request) if request.method == "POST" else None
    return await report_page(request, request.state["actor"].partners, sent)


async def report_page(
    request: Request, partners: Sequence[PartnerRef | Named], sent: FormData | None, *,
    by_proxy: bool = False,
) -> Response:  # fmt: skip
    """The form about an accident of one of these partners, and taking it."""
    actor, city = request.state["actor"], request.state["city"]
    async with unit_of_work(request) as db:
        today = city_today(db, city)
        areas = await areas_of(db, [one.id for one in partners], today)
    cleanup = request.query_params.get("cleanup", "")
    first = {"id": str(uuid7()), "day": today, "cleanup": cleanup}
    form = AccidentForm(sent) if sent is not None else AccidentForm(data=first)
    form.offer(partners, areas)
    if sent is not None and form.validate():
        id = read_id(form.id.data) or uuid7()
        try:
            draft = form.draft(partners, city.zone)
            async with unit_of_work(request) as db:
                await actions.report(db, actor, city, id, draft, by_proxy=by_proxy)
            return go(request, url_for(request, "accident", id=id), "accident.sent")
        except Invalid as error:
            form.fail(error)
    context = {"form": form, "partners": partners, "by_proxy": by_proxy}
    status = 200 if sent is None else 422
    return render(request, "accidents/form.html", context, status=status)


async def _found(db: Any, request: Request) -> Accident:
    found = await queries.find(db, request.path_params["id"], request.state["actor"])
    if found is None:
        raise NotFound(_("報告が見つかりません。"))
    return found


async def accident(request: Request) -> Response:
    """`/partner/accidents/{id}`: the report, its steps for staff."""
    if request.method == "POST":
        return await _take_step(request, await read_form(request))
    async with unit_of_work(request) as db:
        return await _detail(db, request, await _found(db, request), AccidentStepForm())


async def _detail(
    db: Any, request: Request, found: Accident, form: AccidentStepForm, status: int = 200
) -> Response:
    actor = request.state["actor"]
    own = found.partner_id in actor.partner_ids
    context = {
        "accident": found,
        "form": form,
        "past": await history(db, ACCIDENT, found.id),
        "steps": buttons(ACCIDENT, actor, found.stand),
        "layout": "staff" if actor.is_staff and not own else "public",
    }
    return render(request, "accidents/show.html", context, status=status)


async def _take_step(request: Request, sent: FormData) -> Response:
    form = AccidentStepForm(sent)
    async with unit_of_work(request) as db:
        found = await _found(db, request)
        if form.verb.data not in ("acknowledge", "close", "reopen") or not form.validate():
            return await _detail(db, request, found, form, 422)
        try:
            comment = form.comment.data or ""
            await move(db, request.state["actor"], ACCIDENT, found.stand, form.verb.data,
                       comment=comment)  # fmt: skip
        except Invalid as error:  # raised before anything is written
            form.fail(error)
            return await _detail(db, request, found, form, 422)
    return go(request, url_for(request, "accident", id=found.id), "saved")
