"""Pages of hosts: my activities, post, change, call off, who comes. Staff may use them for any."""

import uuid
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from server.db.base import uuid7
from server.db.context import now
from server.errors import Invalid, NotFound
from server.http.forms import read_form
from server.http.i18n import gettext as _
from server.http.render import go, render, url_for
from server.http.uow import unit_of_work
from server.opportunities import actions, queries
from server.opportunities.forms import KEPT, CancelForm, PostForm, as_values
from server.opportunities.pages import link_to
from server.opportunities.queries import Detail, OwnArea


async def posted(request: Request) -> Response:
    """`/partner/opportunities`: what my partners have posted."""
    async with unit_of_work(request) as db:
        moment = now(db)
        rows = await queries.hosted_list(db, request.state["actor"], moment)
    context = {
        "coming": [one for one in rows if not one.has_begun(moment)],
        "past": [one for one in rows if one.has_begun(moment)],
    }
    return render(request, "opportunities/hosted.html", context)


async def _areas(request: Request, partner_ids: tuple[uuid.UUID, ...]) -> list[OwnArea]:
    async with unit_of_work(request) as db:
        today = now(db).astimezone(request.state["city"].zone).date()
        return await queries.own_areas(db, partner_ids, today)


def _form_page(
    request: Request, form: PostForm, areas: list[OwnArea], kept: Detail | None = None,
    status: int = 200,
) -> Response:  # fmt: skip
    context = {"form": form, "areas": areas, "kept": kept}
    return render(request, "opportunities/form.html", context, block="meeting", status=status)


async def new(request: Request) -> Response:
    """`/partner/opportunities/new`: post an activity; a double send makes one."""
    actor = request.state["actor"]
    areas = await _areas(request, actor.partner_ids)
    if request.method == "GET":
        return await _new_form(request, areas)
    form = PostForm(await read_form(request))
    form.offer_areas(areas)
    area = form.chosen_area(areas)
    if not form.validate() or area is None:
        return _form_page(request, form, areas, status=422)
    id, margin_m = _id_of(form), request.state["city"].rules.import_margin_m
    try:
        draft = form.draft(request.state["city"].zone, area)
        async with unit_of_work(request) as db:
            await actions.publish(db, actor, id, area.partner_id, draft, margin_m)
    except Invalid as error:
        form.fail(error)
        return _form_page(request, form, areas, status=422)
    return go(request, url_for(request, "opportunity", id=id), "opportunity.published")


async def _new_form(request: Request, areas: list[OwnArea]) -> Response:
    """An empty form with good guesses; with ``?area=`` the place of that area."""
    async with unit_of_work(request) as db:
        last = await queries.last_posted(db, request.state["actor"])
    values: dict[str, Any] = {"id": str(uuid7())}
    if last:
        values |= as_values(last, request.state["city"].zone, again=True)
    wished = request.query_params.get("area") or values.get("area")
    area = next((a for a in areas if wished in (a.key, a.code)), areas[0] if areas else None)
    form = PostForm()
    form.offer_areas(areas)
    form.suggest(values, area)
    return _form_page(request, form, areas)


def _id_of(form: PostForm) -> uuid.UUID:
    """The id made when the form was opened; a new one for a form that lost it."""
    try:
        return uuid.UUID(form.id.data or "")
    except ValueError:
        return uuid7()


async def _hosted(request: Request) -> Detail:
    async with unit_of_work(request) as db:
        found = await queries.hosted(db, request.path_params["id"], request.state["actor"])
    if found is None:
        raise NotFound(_("この活動は見つかりません。"))
    return found


async def edit(request: Request) -> Response:
    """`/opportunities/{id}/edit`: change a coming activity."""
    before = await _hosted(request)
    areas = await _areas(request, (before.partner_id,) if before.partner_id else ())
    if request.method == "GET":
        return _edit_form(request, before, areas)
    form = PostForm(await read_form(request))
    form.offer_areas(areas, kept=before)
    if not form.validate():
        return _form_page(request, form, areas, before, 422)
    if form.sequence.data not in ("", None, str(before.sequence)):
        return _overtaken(request, form, areas, before)
    city, link = request.state["city"], link_to(request, before.id)
    try:
        draft = form.draft(city.zone, form.chosen_area(areas), before)
        async with unit_of_work(request) as db:
            margin_m = city.rules.import_margin_m
            await actions.change(db, request.state["actor"], before, draft, margin_m, link)
    except Invalid as error:
        form.fail(error)
        return _form_page(request, form, areas, before, 422)
    return go(request, url_for(request, "opportunity", id=before.id), "opportunity.saved")


def _overtaken(request: Request, form: PostForm, areas: list[OwnArea], before: Detail) -> Response:
    """Somebody else changed it meanwhile: nothing typed is lost, sending again overwrites it."""
    form.sequence.data = str(before.sequence)
    form.form_errors.append(
        _("ほかの人が先に直しました。下の内容でよければ、もう一度押してください。")
    )
    return _form_page(request, form, areas, before, 409)


def _edit_form(request: Request, before: Detail, areas: list[OwnArea]) -> Response:
    values = as_values(before, request.state["city"].zone)
    area = next((a for a in areas if a.key == values["area"]), None)
    wished = request.query_params.get("area")
    area = next((a for a in areas if wished == a.key), area)
    form = PostForm()
    form.offer_areas(areas, kept=before)
    form.suggest({**values, "id": str(before.id), "sequence": str(before.sequence)}, area)
    if area is None:
        form.area.data = KEPT
    return _form_page(request, form, areas, before)


async def cancel(request: Request) -> Response:
    """`/opportunities/{id}/cancel`: call it off, with the reason people get to read."""
    before = await _hosted(request)
    form = CancelForm(await read_form(request) if request.method == "POST" else None)
    if request.method == "GET" or not form.validate():
        status = 200 if request.method == "GET" else 422
        context = {"activity": before, "form": form}
        return render(request, "opportunities/cancel.html", context, status=status)
    async with unit_of_work(request) as db:
        actor, link = request.state["actor"], link_to(request, before.id)
        await actions.cancel(db, actor, before, form.reason.data or "", link)
    return go(request, url_for(request, "opportunity", id=before.id), "opportunity.cancelled")


async def people(request: Request) -> Response:
    """`/opportunities/{id}/people`: who comes; names and numbers only."""
    activity = await _hosted(request)
    async with unit_of_work(request) as db:
        rows = await queries.participants(db, activity.id)
    return render(request, "opportunities/people.html", {"activity": activity, "people": rows})
