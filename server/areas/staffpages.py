"""The register of areas for staff: list, new area, edit by drawing or by pasting a shape."""

from starlette.requests import Request
from starlette.responses import Response

from server.areas.actions import create_area, edit_area
from server.areas.forms import AreaForm
from server.areas.queries import read_area_filter
from server.areas.register import (
    PAGE_ROWS,
    EditableArea,
    editable_area,
    read_sort,
    register,
)
from server.coverage.care import city_today
from server.db.base import uuid7
from server.errors import Conflict, Invalid
from server.http.forms import read_form
from server.http.render import go, render, url_for
from server.http.uow import unit_of_work
from server.signs.machine import SIGN


async def staff_areas(request: Request) -> Response:
    """The register (区域台帳). ``?retired=1`` shows what is no longer used, ``?retired=reshaped``
    what ended by a split or merge; ``?sort=-name`` sorts by a column, downwards."""
    city, asked = request.state["city"], read_area_filter(request.query_params)
    use, sort = request.query_params.get("retired", ""), read_sort(request.query_params.get("sort"))
    async with unit_of_work(request) as db:
        page = await register(db, asked, city_today(db, city), use=use, sort=sort)
    sections = dict.fromkeys([*city.rules.sections, *filter(None, [asked.section])])
    context = {
        "asked": asked, "page": page, "use": use, "sort": sort, "page_rows": PAGE_ROWS,
        "sections": list(sections), "sign_states": SIGN.states,
    }  # fmt: skip
    return render(request, "areas/register.html", context, block="results")


async def staff_area_new(request: Request) -> Response:
    """An empty form, or a new area from the form sent."""
    if request.method == "GET":
        return _form_page(request, AreaForm(data={"id": str(uuid7()), "manager": "city"}))
    sent = await read_form(request)
    form = AreaForm(sent)
    rules = request.state["city"].rules
    if form.validate():
        try:
            values = form.values(repair="repair" in sent, swap="swap" in sent)
            async with unit_of_work(request) as db:
                actor = request.state["actor"]
                code = await create_area(db, actor, form.new_id(), values, rules)
            return go(request, url_for(request, "staff_area_edit", code=code), "area.created")
        except Invalid as error:
            return _refused(request, form, error)
    return _form_page(request, form, status=422)


async def staff_area_edit(request: Request) -> Response:
    """An area in the form, or the change sent."""
    code = request.path_params["code"]
    if request.method == "GET":
        async with unit_of_work(request) as db:
            area = await editable_area(db, code)
        return _form_page(request, AreaForm(obj=area), area)
    sent = await read_form(request)
    form = AreaForm(sent)
    async with unit_of_work(request) as db:
        area = await editable_area(db, code)
    if not form.validate():
        return _form_page(request, form, area, status=422)
    try:
        values = form.values(repair="repair" in sent, swap="swap" in sent)
        async with unit_of_work(request) as db:
            token, rules = form.token.data or "", request.state["city"].rules
            await edit_area(db, request.state["actor"], code, token, values, rules)
    except (Invalid, Conflict) as error:
        return _refused(request, form, error, area)
    return go(request, url_for(request, "staff_area_edit", code=code), "area.saved")


def _refused(
    request: Request, form: AreaForm, error: Invalid | Conflict, area: EditableArea | None = None
) -> Response:
    if isinstance(error, Conflict):
        form.form_errors.append(error.message)
        return _form_page(request, form, area, status=409)
    form.fail(error)
    return _form_page(request, form, area, status=422, fault=str(error.detail.get("code", "")))


def _form_page(
    request: Request,
    form: AreaForm,
    area: EditableArea | None = None,
    *,
    status: int = 200,
    fault: str = "",
) -> Response:
    context = {"form": form, "area": area, "fault": fault}
    return render(request, "areas/edit.html", context, block="form", status=status)
