"""`/opportunities/{id}/weather`: three big buttons for six o'clock in the morning."""

import datetime as dt

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from wtforms import HiddenField

from server.errors import Invalid
from server.http.forms import BaseForm, ClockTime, Day, Words, read_form, required
from server.http.i18n import lazy as _l
from server.http.render import go, render, url_for
from server.http.uow import unit_of_work
from server.opportunities import weather
from server.opportunities.forms import CancelForm
from server.opportunities.hostpages import load_led
from server.opportunities.postform import moment_of
from server.opportunities.queries import Detail

USUAL_DELAY = dt.timedelta(days=7)


class GoAheadForm(BaseForm):
    """It takes place; perhaps with a word more."""

    note = Words(
        _l("ひとこと"), max_length=200, description=_l("例: 足もとがぬれています。長ぐつでどうぞ。")
    )


class PostponeForm(BaseForm):
    """The new day."""

    sequence = HiddenField()  # a page left open overnight must not move it twice
    day = Day(_l("新しい日"), [required(_l("日付を入れてください。"))])
    starts = ClockTime(_l("新しい始まり"), [required(_l("時刻を入れてください。"))])
    why = Words(_l("ひとこと"), max_length=200, description=_l("例: 大雨の予報のため"))


async def page(request: Request) -> Response:
    """`/opportunities/{id}/weather`: goes ahead, postponed, called off; everybody is told."""
    sent = await read_form(request) if request.method == "POST" else None
    activity = await load_led(request)
    if sent is None:
        return _show(request, activity, GoAheadForm(), _guess(request, activity))
    if sent.get("call") == "postpone":
        return await _postpone(request, activity, sent)
    form = GoAheadForm(sent)
    if not form.validate():
        return _show(request, activity, form, _guess(request, activity), 422)
    async with unit_of_work(request) as db:
        await weather.go_ahead(db, request.state["actor"], activity, form.note.data or "")
    return go(request, url_for(request, "opportunity", id=activity.id), "opportunity.goes_ahead")


async def _postpone(request: Request, activity: Detail, sent: FormData) -> Response:
    form, city = PostponeForm(sent), request.state["city"]
    home = url_for(request, "opportunity", id=activity.id)
    if form.sequence.data not in ("", None, str(activity.sequence)):
        return go(request, home)  # sent twice, or somebody else was quicker: see how it is now
    if not form.validate():
        return _show(request, activity, GoAheadForm(), form, 422)
    try:
        starts_at = moment_of(form.day.data, form.starts.data, city.zone)
        async with unit_of_work(request) as db:
            await weather.postpone(db, request.state["actor"], activity, starts_at,
                                   city.rules.import_margin_m, form.why.data or "")  # fmt: skip
    except Invalid as error:
        form.fail(error)
        return _show(request, activity, GoAheadForm(), form, 422)
    return go(request, home, "opportunity.postponed")


def _guess(request: Request, activity: Detail) -> PostponeForm:
    """The same time a week later."""
    local = (activity.starts_at.astimezone(request.state["city"].zone)) + USUAL_DELAY
    values = {"sequence": str(activity.sequence), "day": local.date(), "starts": local.time()}
    return PostponeForm(data=values)


def _show(
    request: Request, activity: Detail, ahead: GoAheadForm, later: PostponeForm, status: int = 200
) -> Response:
    context = {"activity": activity, "ahead": ahead, "later": later, "off": CancelForm()}
    return render(request, "opportunities/weather.html", context, status=status)
