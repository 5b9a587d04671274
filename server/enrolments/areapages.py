"""The part of the places: choose from the register, draw, or say about where."""

import uuid
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from server.db.base import uuid7
from server.enrolments import actions, layers, wishes
from server.enrolments.forms import WishForm, sent_uuid
from server.enrolments.pages import about
from server.enrolments.queries import Case, case_of
from server.enrolments.wishes import Wish
from server.errors import Conflict, Invalid, NotFound
from server.http.forms import nfkc, read_form, tidy
from server.http.i18n import gettext as _
from server.http.render import go, is_fragment, render, url_for
from server.http.uow import unit_of_work
from server.maps.places import place_names

WAYS = ("pick", "draw", "place")


async def areas(request: Request, sent: FormData | None) -> Response:
    """The places chosen so far, and one of three ways to add another."""
    actor, id = request.state["actor"], request.path_params["id"]
    if sent is None:
        return await _show(request)
    async with unit_of_work(request) as db:
        case = await case_of(db, id, actor, lock=True)
        if "pick" in sent:
            code = nfkc(str(sent["pick"]))
            await wishes.pick(db, actor, request.state["city"], case, code)
            return go(request, _here(request), "application.area_added")
        actions.require(actions.may_edit_areas(actor, case))
        form = WishForm(sent)
        form.id.data = str(form.new_id())
        if not form.validate():
            return _page(request, case, _way_of(sent), form, status=422)
        try:
            await wishes.propose(db, actor, request.state["city"], case, _wish(form, sent))
        except (Invalid, Conflict) as error:  # raised before anything is written
            fault = str(error.detail.get("code", ""))
            form.fail(error if isinstance(error, Invalid) else Invalid(error.message))
            return _page(request, case, _way_of(sent), form, status=422, fault=fault)
    return go(request, _here(request), "application.area_added")


def _here(request: Request) -> str:
    path = url_for(request, "application_edit", id=request.path_params["id"], part="areas")
    return path + "#chosen"


def _way_of(values: Any) -> str:
    way = values.get("way", "")
    return way if way in WAYS else "pick"


def _wish(form: WishForm, sent: FormData) -> Wish:
    return Wish(
        id=form.new_id(), name=form.name.data or "", kind=form.kind.data or None,
        note=form.note.data or "", shape=form.geometry.data or "", lon=form.lon.data or "",
        lat=form.lat.data or "", repair="repair" in sent, swap="swap" in sent,
    )  # fmt: skip


async def _show(request: Request) -> Response:
    """GET: ``?way=`` chooses how; ``?area=`` opens a proposed place again; ``?card=`` is the sheet
    of the map."""
    actor, params = request.state["actor"], request.query_params
    way, found, form = _way_of(params), None, WishForm(data={"id": str(uuid7())})
    async with unit_of_work(request) as db:
        case = await case_of(db, request.path_params["id"], actor)
        actions.require(actions.may_edit_areas(actor, case))
        day = actions.today(db, request.state["city"])
        if "card" in params:
            return await _card(request, db, case, day)
        again = sent_uuid(params.get("area"))
        if again is not None:
            way, form = "draw", await _again(db, case, again)
        elif way == "pick":
            found = await layers.offered(db, layers.read_asked(params), day)
    if way == "place":
        _at_place(form, tidy(nfkc(params.get("at"))))
    return _page(request, case, way, form, found=found)


async def _again(db: Any, case: Case, id: uuid.UUID) -> WishForm:
    """The form with a place that was proposed before."""
    area = next((one for one in case.areas if one.id == id and one.proposed), None)
    if area is None:
        raise NotFound(_("活動区域が見つかりません。"))
    shape = "" if area.approximate else await wishes.shape_text(db, case, id)
    values = {"id": str(id), "name": area.name, "kind": area.kind or "", "note": area.note}
    return WishForm(data={**values, "geometry": shape})


async def _card(request: Request, db: Any, case: Case, day: Any) -> Response:
    area = await layers.one_offered(db, request.query_params["card"], day)
    if area is None:
        raise NotFound(_("活動区域が見つかりません。"))
    chosen = area.id in [one.area_id for one in case.areas]
    context = {**about(request, case), "area": area, "chosen": chosen}
    return render(request, "enrolments/area_card.html", context, block="card")


def _at_place(form: WishForm, name: str) -> None:
    """Begin at a named place."""
    place = next((one for one in place_names().places if one.name == name), None)
    if place is not None:
        form.name.data = place.name
        form.lon.data, form.lat.data = f"{place.lon:.5f}", f"{place.lat:.5f}"


def _page(
    request: Request, case: Case, way: str, form: WishForm, *, status: int = 200,
    found: layers.OfferedPage | None = None, fault: str = "",
) -> Response:  # fmt: skip
    q = tidy(nfkc(request.query_params.get("q")))[:60]
    context = {
        **about(request, case), "way": way, "form": form, "found": found, "fault": fault,
        "asked": layers.read_asked(request.query_params), "page_rows": layers.PAGE_ROWS,
        "q": q, "places": place_names().search(q) if way == "place" and q else [],
        "around_m": wishes.AROUND_M, "check": request.query_params.get("check") == "1",
    }  # fmt: skip
    part = found is not None and is_fragment(request)  # the list of the search, by HTMX
    template = "enrolments/_offered.html" if part else "enrolments/areas.html"
    return render(request, template, context, status=status)


async def application_area_remove(request: Request) -> Response:
    """Take a place off the application."""
    actor = request.state["actor"]
    sent = await read_form(request)
    async with unit_of_work(request) as db:
        case = await case_of(db, request.path_params["id"], actor, lock=True)
        await wishes.remove(db, actor, case, sent_uuid(sent.get("area")))
    return go(request, _here(request), "application.area_removed")
