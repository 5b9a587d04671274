"""Public pages: what is known, telling something new, and what became of it."""

import secrets
import uuid
from typing import Any

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import Response

from server.db.context import now
from server.errors import Forbidden, Invalid, LoginRequired, NotFound
from server.faults import actions, queries
from server.faults.filters import read_filter
from server.faults.forms import FaultForm, new_key
from server.faults.machine import FAULT
from server.faults.queries import Fault, Near
from server.faults.staffpages import staff_step, staff_view
from server.files.actions import keep_photo
from server.files.queries import files_of
from server.http.forms import nfkc, read_form, tidy
from server.http.i18n import gettext as _
from server.http.render import go, render, url_for
from server.http.sessions import set_cookie, token_hash
from server.http.uow import unit_of_work
from server.maps.layers import bbox_of, geojson
from server.pickups.forms import MAX_PHOTOS, read_id, sent_photos
from server.workflow.queries import history

PAGE_ROWS = 50
KEY_DAYS = 180
SEEN = "machipika-seen"  # tells one browser from another, and nothing more
KEY = "machipika-fault"


async def faults(request: Request) -> Response:
    """`/faults`: open reports and those finished lately, on a map and as a list."""
    asked = read_filter(request.query_params, exact=False)
    async with unit_of_work(request) as db:
        skip = (asked.page - 1) * PAGE_ROWS
        rows = await queries.public_list(db, asked, now(db), PAGE_ROWS + 1, skip)
    context = {"asked": asked, "rows": rows[:PAGE_ROWS], "more": len(rows) > PAGE_ROWS}
    return render(request, "faults/index.html", context, block="results")


async def layer_faults(request: Request) -> Response:
    """`/layers/faults`: the same as GeoJSON; ``?exact=1`` is the staff's view."""
    actor, box = request.state["actor"], bbox_of(request)
    exact = bool(actor and actor.is_staff and request.query_params.get("exact"))
    asked = read_filter(request.query_params, exact=exact)
    base = url_for(request, "fault", id=uuid.UUID(int=0)).removesuffix(str(uuid.UUID(int=0)))
    async with unit_of_work(request) as db:
        body = await queries.layer(db, asked, now(db), box, base)
    return geojson(request, body)


# --- telling -------------------------------------------------------------------------------------


async def new(request: Request) -> Response:
    """`/faults/new`: tell the city; what may be known already is shown before it is sent."""
    if request.method == "GET":
        return await _blank(request)
    sent = await read_form(request, files=("photo",))
    try:
        same = read_id(str(sent.get("same", "")))
        return await (_same(request, same) if same else _tell(request, sent))
    finally:
        await request.close()  # the photos


async def _blank(request: Request) -> Response:
    """An empty form; ``?area=`` gives the place, ``?cleanup=`` the report of work it belongs to."""
    actor, asked = request.state["actor"], request.query_params
    partner = actor.partners[0].code if actor and actor.partners else ""
    data = {"key": new_key(), "partner": partner, "cleanup": asked.get("cleanup", "")}
    if area := tidy(nfkc(asked.get("area"))).upper()[:20]:
        async with unit_of_work(request) as db:
            point = await queries.point_of_area(db, area)
        if point:
            data |= {"lon": f"{point[0]:.5f}", "lat": f"{point[1]:.5f}"}
    form = FaultForm(data=data)
    form.offer(actor)
    form.id.data = str(form.report_id)  # made now, so that a double send is one
    return _form_page(request, form)


def _form_page(
    request: Request, form: FaultForm, near: list[Near] | None = None, kept: int = 0,
    status: int = 200,
) -> Response:  # fmt: skip
    context = {"form": form, "near": near or [], "kept_photos": kept}
    headers = {"Cache-Control": "no-store"}  # the form holds the secret of a link
    return render(request, "faults/form.html", context, status=status, headers=headers)


async def _tell(request: Request, sent: FormData) -> Response:
    actor = request.state["actor"]
    form = FaultForm(sent)
    form.offer(actor)
    id, kept = form.report_id, 0
    valid = form.validate()
    try:
        kept = await _keep_photos(request, id, sent_photos(form.photo.data))
        draft = form.draft(actor) if valid else None
        if draft is None:
            return _form_page(request, form, kept=kept, status=422)
        async with unit_of_work(request) as db:
            city = request.state["city"]
            await actions.check_place(db, city, draft.lon, draft.lat)
            point = draft.category, draft.lon, draft.lat
            near = [] if sent.get("new") else await actions.duplicates(db, city, id, *point)
            if not near:
                await actions.report(db, actor, city, id, draft)
    except Invalid as error:
        form.fail(error)
        return _form_page(request, form, kept=kept, status=422)
    if near:
        return _form_page(request, form, near, kept)
    answer = go(request, url_for(request, "fault", id=id), "fault.sent")
    if not actor:
        _hand_key(request, answer, id, form.secret)
    return answer


async def _keep_photos(request: Request, id: uuid.UUID, photos: list[UploadFile]) -> int:
    """Keep the photos of a report that is being written, so that a second look at the form loses
    none; how many there are. A report that was sent takes no more."""
    async with unit_of_work(request) as db:
        kept = await actions.may_add_photos(db, id)
        if kept < 0:
            return 0
        for upload in photos[: MAX_PHOTOS - kept]:
            await keep_photo(db, request.state["services"].files, request.state["actor"],
                             owner="fault", owner_id=id, upload=upload)  # fmt: skip
            kept += 1
    return kept


def _hand_key(request: Request, answer: Response, id: uuid.UUID, key: str) -> None:
    """Give the browser the key of this one report: sent to its page only, never in an address."""
    answer.set_cookie(
        KEY, key, max_age=KEY_DAYS * 86_400, path=url_for(request, "fault", id=id),
        secure=request.state["settings"].https, httponly=True, samesite="lax",
    )  # fmt: skip


async def _same(request: Request, id: uuid.UUID) -> Response:
    """「同じものです」: no new report, one more who has seen it."""
    actor = request.state["actor"]
    browser = request.cookies.get(SEEN) or secrets.token_urlsafe(24)
    async with unit_of_work(request) as db:
        fault = await queries.find(db, id, now(db))
        if fault is None or not fault.is_public:
            raise NotFound(_("お知らせが見つかりません。"))
        await actions.sight(db, actor, fault, str(actor.account_id) if actor else browser)
    answer = go(request, url_for(request, "fault", id=id), "fault.same")
    if not actor:
        set_cookie(answer, request.state["settings"], browser, KEY_DAYS * 86_400, SEEN)
    return answer


# --- what became of it ---------------------------------------------------------------------------


async def fault(request: Request) -> Response:
    """`/faults/{id}`: everything for the reporter and the staff, the outline for anybody."""
    if request.method == "POST":
        return await _act(request, await read_form(request))
    key = request.query_params.get("key")
    if key:
        return await _take_key(request, key)
    actor = request.state["actor"]
    hashed = token_hash(request.cookies[KEY]) if KEY in request.cookies else None
    async with unit_of_work(request) as db:
        found = await _found(db, request)
        if actor and actor.is_staff:
            return await staff_view(db, request, found)
        if not found.told_by(actor, hashed):
            return _outline(request, found)
        context = {
            "fault": found,
            "photos": (await files_of(db, "fault", [found.id])).get(found.id, ()),
            "past": await history(db, FAULT, found.id),
            "secret_link": _link(request, found) if hashed and hashed == found.track_hash else None,
        }
    return render(request, "faults/mine.html", context, headers={"Cache-Control": "no-store"})


async def _found(db: Any, request: Request) -> Fault:
    found = await queries.find(db, request.path_params["id"], now(db))
    if found is None:
        raise NotFound(_("お知らせが見つかりません。"))
    return found


def _link(request: Request, found: Fault) -> str:
    """The address with which the reporter finds this page again, on another device too."""
    base = request.state["settings"].base_url
    return f"{base}{url_for(request, 'fault', id=found.id)}?key={request.cookies[KEY]}"


async def _take_key(request: Request, key: str) -> Response:
    """Turn the key of an address into a cookie at once: an address is copied, printed, shown."""
    id = request.path_params["id"]
    async with unit_of_work(request) as db:
        found = await _found(db, request)
    answer = go(request, url_for(request, "fault", id=id))
    if found.track_hash is not None and found.track_hash == token_hash(key):
        _hand_key(request, answer, id, key)
    return answer


def _outline(request: Request, found: Fault) -> Response:
    if not found.is_public:
        raise NotFound(_("お知らせが見つかりません。"))
    return render(request, "faults/outline.html", {"fault": found})


async def _act(request: Request, sent: FormData) -> Response:
    actor, id = request.state["actor"], request.path_params["id"]
    if sent.get("verb") == "same":
        return await _same(request, id)
    if actor is None:
        raise LoginRequired(_("この先はログインが必要です。"))
    if not actor.is_staff:
        async with unit_of_work(request) as db:
            found = await _found(db, request)
        if not (found.is_public or found.told_by(actor, None)):
            raise NotFound(_("お知らせが見つかりません。"))
        raise Forbidden(_("この操作をする権限がありません。"))
    return await staff_step(request, sent)
