"""The host's desk: the code on the screen, the printed one, the list, and the list as CSV."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from server.checkins import actions, codes, queries
from server.checkins.files import attendance_csv as csv_of
from server.checkins.forms import DeskForm
from server.checkins.queries import DeskRow
from server.db.base import uuid7
from server.db.context import now
from server.errors import Conflict, NotFound
from server.http.forms import read_form
from server.http.i18n import gettext as _
from server.http.render import go, is_fragment, render, url_for
from server.http.uow import unit_of_work
from server.ledgers.files import csv_answer
from server.opportunities.queries import Detail, hosted


async def _hosted(db: Any, request: Request) -> Detail:
    activity = await hosted(db, request.path_params["id"], request.state["actor"])
    if activity is None:
        raise NotFound(_("この活動は見つかりません。"))
    return activity


async def desk(request: Request) -> Response:
    """`/opportunities/{id}/checkin`: the code and the list; POST is one tap on the list."""
    form = DeskForm(await read_form(request) if request.method == "POST" else None)
    changed = None
    async with unit_of_work(request) as db:
        activity = await _hosted(db, request)
        if request.method == "POST" and form.validate():
            await _act(db, request, activity, form)
            changed = form.row_id
        if changed and not is_fragment(request):
            back = url_for(request, "checkin_desk", id=activity.id)
        else:
            back, rows, moment = "", await queries.desk(db, activity.id), now(db)
    if back:
        return go(request, f"{back}#row-{changed}")
    status = 422 if form.errors else 200
    context = {**_shown(request, activity, rows, moment), "form": form, "changed": changed}
    return render(request, "checkins/desk.html", context, block="desk", status=status)


async def _act(db: Any, request: Request, activity: Detail, form: DeskForm) -> None:
    actor, city, row = request.state["actor"], request.state["city"], form.row_id
    if form.verb.data == "tick":
        await actions.tick(db, actor, activity, city, row, form.people.data)
    elif form.verb.data == "remove":
        await actions.remove(db, actor, activity, city, row)
    elif form.verb.data == "adjust":
        await actions.adjust(
            db, actor, activity, city, row, people=form.people.data or 1, minutes=form.minutes.data
        )
    else:
        await actions.walk_in(db, actor, activity, city, row, form.people.data or 1)


def _shown(request: Request, activity: Detail, rows: list[DeskRow], moment: Any) -> dict[str, Any]:
    """What the desk shows; ``closed`` says why nobody can be checked in now."""
    closed = ""
    try:
        actions.must_be_open(activity, request.state["city"], moment)
    except Conflict as why:
        closed = why.message
    return {
        "activity": activity,
        "listed": [row for row in rows if not row.nameless],
        "counted": [row for row in rows if row.nameless],
        "present": sum(row.people for row in rows if row.here),
        "expected": sum(row.expected for row in rows),
        "closed": closed,
        "ended": activity.ends_at <= moment,
        "qr": "" if closed else _qr(request, activity, moment),
        "new_row": uuid7(),
    }


def _qr(request: Request, activity: Detail, moment: Any) -> str:
    token = codes.screen_code(request.state["services"].signer, activity.id, moment)
    return codes.qr_svg(_full(request, token), _("受付のQRコード"))


def _full(request: Request, token: str) -> str:
    base: str = request.state["settings"].base_url
    return base + url_for(request, "checkin", token=token)


async def qr(request: Request) -> Response:
    """`/opportunities/{id}/checkin/qr`: the code of this half minute, and who has come by now."""
    async with unit_of_work(request) as db:
        activity = await _hosted(db, request)
        rows = await queries.desk(db, activity.id)
        moment = now(db)
    context = _shown(request, activity, rows, moment)
    return render(request, "checkins/qr.html", context, headers={"Cache-Control": "no-store"})


async def poster(request: Request) -> Response:
    """`/opportunities/{id}/checkin/poster`: a page to print and hang up at the meeting place."""
    async with unit_of_work(request) as db:
        activity = await _hosted(db, request)
    if activity.state != "published":
        raise Conflict(_("公開中の活動だけ、受付のコードを印刷できます。"))
    token = codes.poster_code(request.state["services"].signer, activity.id)
    city = request.state["city"]
    context = {
        "activity": activity,
        "qr": codes.qr_svg(_full(request, token), _("受付のQRコード"), error="q"),
        "times": codes.opening(activity, city.rules.checkin_early_minutes, city.zone),
    }
    return render(request, "checkins/poster.html", context)


async def attendance_csv(request: Request) -> Response:
    """`/opportunities/{id}/attendance.csv`: who came, as the host may know them."""
    async with unit_of_work(request) as db:
        activity = await _hosted(db, request)
        rows = await queries.desk(db, activity.id)
    day = activity.starts_at.astimezone(request.state["city"].zone).date()
    return csv_answer("attendance", day, csv_of(rows, request.state["city"].zone))
