"""`/partner/series/{id}`: the days of a repeating activity, and what is done to several at once."""

import datetime as dt
import uuid
from collections.abc import Sequence

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from server.db.context import now
from server.errors import Invalid, NotFound
from server.http.forms import read_form
from server.http.i18n import gettext as _
from server.http.render import go, render, url_for
from server.http.uow import unit_of_work
from server.opportunities import queries, serieslife
from server.opportunities.queries import Detail
from server.opportunities.seriesforms import DropForm, FollowForm, day_of
from server.opportunities.serieslife import Following

DONE = {"follow": "series.changed", "drop": "series.dropped", "end": "series.ended",
        "publish": "series.published"}  # fmt: skip


async def page(request: Request) -> Response:
    """`/partner/series/{id}`: list; drop a day; change from a day on (``?start=``); end it."""
    sent = await read_form(request) if request.method == "POST" else None
    async with unit_of_work(request) as db:
        days = await queries.led_series(db, request.path_params["id"], request.state["actor"])
        moment = now(db)
    if not days:
        raise NotFound(_("このくり返しは見つかりません。"))
    if sent is None:
        follow = _opened(request, days, moment)
        return _show(request, days, moment, follow, DropForm())
    verb = str(sent.get("verb", ""))
    follow, drop = FollowForm(sent if verb == "follow" else None), DropForm(sent)
    if not (follow if verb == "follow" else drop).validate():
        return _show(request, days, moment, follow, drop, 422)
    try:
        await _do(request, verb, days, sent, follow, drop.reason.data or "")
    except Invalid as error:
        (follow if verb == "follow" else drop).fail(error)
        return _show(request, days, moment, follow, drop, 422)
    return go(request, url_for(request, "series", id=request.path_params["id"]), DONE[verb])


async def _do(
    request: Request, verb: str, days: Sequence[Detail], sent: FormData, follow: FollowForm,
    reason: str,
) -> None:  # fmt: skip
    actor, city = request.state["actor"], request.state["city"]
    async with unit_of_work(request) as db:
        if verb == "follow":
            start = day_of(follow.start.data or "")
            await serieslife.change_following(db, actor, days, start, _wish(follow), city.zone)
        elif verb == "drop":
            await serieslife.drop_day(db, actor, _chosen(days, str(sent.get("day"))), reason)
        elif verb == "end":
            await serieslife.end(db, actor, days, reason)
        elif verb == "publish":
            await serieslife.publish_all(db, actor, days, city.rules.import_margin_m)
        else:
            raise NotFound(_("この操作はありません。"))


def _wish(form: FollowForm) -> Following:
    assert form.starts.data and form.ends.data  # noqa: S101 - both are required fields
    return Following(
        title=form.title.data or "", starts=form.starts.data, ends=form.ends.data,
        meeting_place=form.meeting_place.data or "", bring=form.bring.data or "",
        description=form.description.data or "",
    )  # fmt: skip


def _chosen(days: Sequence[Detail], id: str) -> Detail:
    found = next((one for one in days if str(one.id) == id), None)
    if found is None:
        raise NotFound(_("この日は見つかりません。"))
    return found


def _opened(request: Request, days: Sequence[Detail], moment: dt.datetime) -> FollowForm:
    """The form as the first changeable day is, or as the day in the address is."""
    wished = request.query_params.get("start", "")
    left = serieslife.changeable(days, moment)
    day = next((one for one in left if str(one.occurrence_on) >= wished), None)
    if day is None:
        return FollowForm()
    zone = request.state["city"].zone
    return FollowForm(
        data={
            "start": str(day.occurrence_on), "title": day.title,
            "meeting_place": day.meeting_place, "bring": day.bring,
            "description": day.description, "starts": day.starts_at.astimezone(zone).time(),
            "ends": day.ends_at.astimezone(zone).time(),
        }
    )  # fmt: skip


def _show(
    request: Request, days: Sequence[Detail], moment: dt.datetime, follow: FollowForm,
    drop: DropForm, status: int = 200,
) -> Response:  # fmt: skip
    left = serieslife.changeable(days, moment)
    dropping = request.query_params.get("drop")
    context = {
        "days": days, "left": left, "follow": follow, "drop": drop,
        "dropping": next((one for one in left if str(one.id) == dropping), None),
        "start": next((one for one in left if str(one.occurrence_on) == follow.start.data), None),
        "drafts": [one for one in left if one.state == "draft"],
        "opened": "start" in request.query_params, "id": _id(request),
    }  # fmt: skip
    return render(request, "opportunities/series.html", context, status=status)


def _id(request: Request) -> uuid.UUID:
    found: uuid.UUID = request.path_params["id"]
    return found
