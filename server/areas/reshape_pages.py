"""Staff split, merge and hand over areas: draw, look at a preview, confirm."""

import json
import uuid
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from geo import reshape, shapes
from server.areas.handover import hand_over_area
from server.areas.reshape import merge_areas, split_area
from server.areas.reshape_forms import HandoverForm, MergeForm, SplitForm
from server.areas.reshape_queries import (
    Ground,
    Neighbour,
    ground,
    grounds,
    holding,
    neighbours,
    offered_part,
)
from server.coverage.care import city_today
from server.db.base import uuid7
from server.errors import Conflict, Invalid
from server.http.forms import read_form
from server.http.i18n import gettext as _
from server.http.render import go, render, url_for
from server.http.uow import unit_of_work


def _previewed(parts: Any, plane_srid: int) -> list[dict[str, Any]]:
    """Each part as the page shows it: its stroke in the sketch and its size."""
    strokes = reshape.sketch(parts, plane_srid=plane_srid)
    return [
        {
            "stroke": stroke,
            "length_m": shapes.length_m(part, plane_srid),
            "area_m2": shapes.area_m2(part, plane_srid),
        }
        for part, stroke in zip(parts, strokes, strict=True)
    ]


# --- split ----------------------------------------------------------------------------------------


async def staff_area_split(request: Request) -> Response:
    """Cut an area: the drawing, then the parts with their names, then new numbers."""
    code = request.path_params["code"]
    if request.method == "GET":
        return await _split_start(request, code)
    sent = await read_form(request)
    form = SplitForm(sent)
    city, confirmed = request.state["city"], sent.get("step") == "confirm"
    async with unit_of_work(request) as db:
        area = await ground(db, code)
    try:
        parts = form.parts(area, city.plane_srid)
    except Invalid as error:
        form.fail(error)
        return _split_page(request, form, area, status=422)
    mark = reshape.fingerprint(parts)
    same = form.seen.data == mark and len(form.names.entries) == len(parts)
    if confirmed and same and form.validate():
        try:
            async with unit_of_work(request) as db:
                day, pieces = city_today(db, city), form.pieces(parts)
                actor = request.state["actor"]
                codes = await split_area(db, actor, area.id, area.version, pieces, day)
            return go(request, url_for(request, "staff_area_edit", code=codes[0]), "area.split")
        except Conflict as error:
            form.form_errors.append(error.message)
            return _split_page(request, form, area, parts, status=409)
    elif confirmed and not same:
        form.form_errors.append(_("分け方が変わりました。下の内容を確かめてください。"))
    if not form.errors:
        form.name_parts(area, len(parts))
    form.seen.data = mark
    return _split_page(request, form, area, parts, status=422 if form.errors else 200)


async def _split_start(request: Request, code: str) -> Response:
    """The empty form; coming from an offer of a part, with the cut that makes it."""
    form = SplitForm(data={"id": str(uuid7())})
    async with unit_of_work(request) as db:
        area = await ground(db, code)
        offer = _uuid(request.query_params.get("succession"))
        part = await offered_part(db, offer, code) if offer else None
    if part is not None:
        cut = reshape.cut_for_part(area.shape, part, request.state["city"].plane_srid)
        form.cut.data = json.dumps(shapes_json(cut))
    return _split_page(request, form, area)


def shapes_json(shape: Any) -> Any:
    """A shape as GeoJSON with the decimals we store."""
    return shapes.rounded(shape).__geo_interface__


def _uuid(text: str | None) -> uuid.UUID | None:
    try:
        return uuid.UUID(text or "")
    except ValueError:
        return None


def _split_page(
    request: Request, form: SplitForm, area: Ground, parts: Any = (), *, status: int = 200
) -> Response:
    plane_srid = request.state["city"].plane_srid
    context = {"form": form, "area": area, "parts": _previewed(parts, plane_srid) if parts else []}
    return render(request, "areas/split.html", context, block="form", status=status)


# --- merge ----------------------------------------------------------------------------------------


async def staff_area_merge(request: Request) -> Response:
    """Make one area of several: choose, look, describe, confirm."""
    code, city = request.path_params["code"], request.state["city"]
    sent = await read_form(request) if request.method == "POST" else None
    form = MergeForm(sent) if sent else MergeForm(data={"id": str(uuid7())})
    async with unit_of_work(request) as db:
        area = await ground(db, code)
        near = await neighbours(db, code, city_today(db, city))
        form.offer(near)
        others = await grounds(db, form.wanted(code)) if sent else ()
    if sent is None:
        return _merge_page(request, form, area, near)
    found = (area, *(one for one in others if one.code != area.code))
    try:
        merged = form.whole(found, city.plane_srid)
    except Invalid as error:
        form.fail(error)
        return _merge_page(request, form, area, near, status=422)
    mark = reshape.fingerprint([merged.shape])
    if sent.get("step") == "confirm" and form.seen.data == mark and form.validate():
        done = await _merge_now(request, form, found, merged)
        if done is not None:
            return done
    form.seen.data = mark
    form.describe_from(found)
    status = 422 if form.errors else 200
    return _merge_page(request, form, area, near, found, merged, status=status)


async def _merge_now(request: Request, form: MergeForm, found: Any, merged: Any) -> Response | None:
    """Do it; None when the form has to be shown again, with what stood in the way."""
    ids, versions = [area.id for area in found], {area.id: area.version for area in found}
    try:
        async with unit_of_work(request) as db:
            day, said = city_today(db, request.state["city"]), form.description(found)
            actor, piece = request.state["actor"], form.piece(merged.shape)
            code = await merge_areas(db, actor, ids, versions, piece, said, day)
    except Conflict as error:
        form.form_errors.append(error.message)
        return None
    except Invalid as error:
        form.fail(error)
        return None
    return go(request, url_for(request, "staff_area_edit", code=code), "area.merged")


def _merge_page(
    request: Request, form: MergeForm, area: Ground, near: tuple[Neighbour, ...],
    found: Any = (), merged: Any = None, *, status: int = 200,
) -> Response:  # fmt: skip
    plane_srid = request.state["city"].plane_srid
    context = {
        "form": form, "area": area, "near": near, "found": found, "merged": merged,
        "parts": _previewed([one.shape for one in found], plane_srid) if found else [],
        "whole": _previewed([merged.shape], plane_srid)[0] if merged else None,
    }  # fmt: skip
    return render(request, "areas/merge.html", context, block="form", status=status)


# --- hand over ------------------------------------------------------------------------------------


async def staff_area_handover(request: Request) -> Response:
    """Move an area from one partner to another from a day on."""
    code, city = request.path_params["code"], request.state["city"]
    sent = await read_form(request) if request.method == "POST" else None
    async with unit_of_work(request) as db:
        area, today = await ground(db, code), city_today(db, city)
        held = await holding(db, area.id, today)
    form = HandoverForm(sent) if sent is not None else HandoverForm(data={"on": today})
    form.offer(held)
    if sent is None:
        return _handover_page(request, form, area, held)
    try:
        if form.validate():
            day = form.day(today)
            async with unit_of_work(request) as db:
                who = form.giver.data, form.taker.data
                actor, note = request.state["actor"], form.note.data or ""
                await hand_over_area(db, actor, area.id, *who, day, note)
            return go(request, url_for(request, "staff_area_edit", code=code), "area.handed_over")
    except Conflict as error:
        form.form_errors.append(error.message)
        return _handover_page(request, form, area, held, status=409)
    except Invalid as error:
        form.fail(error)
    return _handover_page(request, form, area, held, status=422)


def _handover_page(
    request: Request, form: HandoverForm, area: Ground, held: Any, *, status: int = 200
) -> Response:
    context = {"form": form, "area": area, "held": held}
    return render(request, "areas/handover.html", context, block="form", status=status)
