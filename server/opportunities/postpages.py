"""Posting: partners for their areas, the city for any place. One form, one way of sending."""

import uuid
from collections.abc import Sequence
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from server.db.base import uuid7
from server.db.context import now
from server.errors import Invalid
from server.http.forms import read_form
from server.http.i18n import gettext as _
from server.http.render import go, render, url_for
from server.http.uow import unit_of_work
from server.opportunities import actions, ownareas, queries, series
from server.opportunities.ownareas import OwnArea
from server.opportunities.postform import CityPostForm, PostForm, as_values
from server.opportunities.queries import Detail
from server.opportunities.seriesforms import REPEATING, RepeatForm


async def areas_of(request: Request, partner_ids: Sequence[uuid.UUID]) -> list[OwnArea]:
    """The areas that these partners may post for today."""
    async with unit_of_work(request) as db:
        today = now(db).astimezone(request.state["city"].zone).date()
        return await ownareas.own_areas(db, partner_ids, today)


def form_page(
    request: Request, form: PostForm, areas: list[OwnArea], *, kept: Detail | None = None,
    repeat: RepeatForm | None = None, status: int = 200,
) -> Response:  # fmt: skip
    """The form, new or with what was typed; ``repeat`` is there for new activities."""
    context = {"form": form, "areas": areas, "kept": kept, "repeat": repeat,
               "by_city": isinstance(form, CityPostForm)}  # fmt: skip
    return render(request, "opportunities/form.html", context, block="meeting", status=status)


async def new(request: Request) -> Response:
    """`/partner/opportunities/new`: post an activity or save a draft; a double send makes one."""
    areas = await areas_of(request, request.state["actor"].partner_ids)
    if request.method == "GET":
        return await _new_form(request, areas)
    sent = await read_form(request)
    form, repeat = PostForm(sent), RepeatForm(sent)
    form.offer_areas(areas)
    area = form.chosen_area(areas)
    # both forms say what is wrong, so no shortcut here
    if not all([form.validate(), repeat.validate()]) or area is None:
        return form_page(request, form, areas, repeat=repeat, status=422)
    return await _send(request, form, repeat, areas, area, area.partner_id)


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
    return form_page(request, form, areas, repeat=RepeatForm())


async def city_new(request: Request) -> Response:
    """`/staff/opportunities/new`: the city itself calls for hands, with or without an area."""
    sent: FormData | None = await read_form(request) if request.method == "POST" else None
    form, repeat = CityPostForm(sent), RepeatForm(sent)
    if sent is None:
        form.id.data = str(uuid7())
        return form_page(request, form, [], repeat=repeat)
    if not all([form.validate(), repeat.validate()]):
        return form_page(request, form, [], repeat=repeat, status=422)
    async with unit_of_work(request) as db:
        area = await ownareas.area_by_code(db, form.area.data) if form.area.data else None
    if form.area.data and area is None:
        form.fail(Invalid(_("この番号の活動区域はありません。"), "area"))
        return form_page(request, form, [], repeat=repeat, status=422)
    return await _send(request, form, repeat, [], area, None)


async def _send(
    request: Request, form: PostForm, repeat: RepeatForm, areas: list[OwnArea],
    area: OwnArea | None, partner_id: uuid.UUID | None,
) -> Response:  # fmt: skip
    """Post what was filled in, once or for all days of its rule."""
    id, city, rule = id_of(form), request.state["city"], repeat.repeat()
    actor, margin_m, as_draft = request.state["actor"], city.rules.import_margin_m, form.as_draft
    try:
        draft = form.draft(city.zone, area)
        async with unit_of_work(request) as db:
            if rule is None:
                await actions.publish(db, actor, id, partner_id, draft, margin_m,
                                      as_draft=as_draft)  # fmt: skip
            else:
                await series.publish_series(db, actor, id, partner_id, draft, rule, city.zone,
                                            margin_m, as_draft=as_draft)  # fmt: skip
    except Invalid as error:
        (repeat if error.field in REPEATING else form).fail(error)
        return form_page(request, form, areas, repeat=repeat, status=422)
    notice = "opportunity.drafted" if as_draft else "opportunity.published"
    if rule is not None:
        return go(request, url_for(request, "series", id=uuid.uuid5(id, "series")), notice)
    return go(request, url_for(request, "opportunity", id=id), notice)


def id_of(form: PostForm) -> uuid.UUID:
    """The id made when the form was opened; a new one for a form that lost it."""
    try:
        return uuid.UUID(form.id.data or "")
    except ValueError:
        return uuid7()
