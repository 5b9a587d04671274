"""The pages of the citizens' activity centre (市民活動センター). Staff may use them too."""

from starlette.requests import Request
from starlette.responses import Response

from server.centre import actions, queries
from server.centre.forms import SupportForm
from server.coverage.care import city_today
from server.db.base import uuid7
from server.db.context import now
from server.enrolments.forms import sent_uuid
from server.enrolments.machine import ENROLMENT
from server.errors import Invalid
from server.exchange.announce_queries import announcements
from server.exchange.board_queries import queue
from server.exchange.machine import POST
from server.exchange.meeting_queries import meetings
from server.http.forms import read_form
from server.http.i18n import fiscal_year, jfiscal_year
from server.http.i18n import gettext as _
from server.http.render import go, render, url_for
from server.http.uow import unit_of_work
from server.labels import CENTRE_SUPPORTS
from server.ledgers.files import csv_answer, csv_text
from server.ledgers.lists import year_of


async def centre_home(request: Request) -> Response:
    """`/centre`: what waits, who is short of hands, the next meeting, the centre's own log."""
    actor, city = request.state["actor"], request.state["city"]
    async with unit_of_work(request) as db:
        today, moment = city_today(db, city), now(db)
        found = await queries.overview(db, today, moment, fiscal_year(today))
        news = await announcements(db, actor, rows=3)
        coming = [one for one in await meetings(db) if one.state in ("draft", "published")]
    context = {
        "found": found, "news": news[:3], "year": fiscal_year(today),
        "meeting": coming[-1] if coming else None, "nav_counts": {"centre_board": found.pending},
    }  # fmt: skip
    return render(request, "centre/home.html", context)


async def centre_partners(request: Request) -> Response:
    """`/centre/partners`: who they are and how they fare; nothing to reach them by."""
    asked = queries.read_partner_filter(request.query_params)
    async with unit_of_work(request) as db:
        page = await queries.partners(db, asked, city_today(db, request.state["city"]))
    context = {
        "asked": asked, "page": page, "page_rows": queries.PAGE_ROWS,
        "states": {key: ENROLMENT.states[key] for key in queries.STATES},
    }  # fmt: skip
    return render(request, "centre/partners.html", context, block="results")


async def centre_board(request: Request) -> Response:
    """`/centre/board`: posts to look at, the longest waiting first; the other states on request."""
    state = request.query_params.get("state", "pending")
    state = state if state in POST.states else "pending"
    async with unit_of_work(request) as db:
        found = await queue(db, request.state["actor"], state)
    context = {"found": found, "state": state, "states": POST.states}
    return render(request, "centre/board.html", context)


async def centre_supports(request: Request) -> Response:
    """`/centre/supports`: the log of a 年度, one more line; ``?format=csv`` as a file."""
    city, params = request.state["city"], request.query_params
    sent = await read_form(request) if request.method == "POST" else None
    if sent is not None and sent.get("verb") == "remove":
        return await _remove(request, sent.get("id"))
    form = SupportForm(sent)
    async with unit_of_work(request) as db:
        today = city_today(db, city)
        year = year_of(params, today) or fiscal_year(today)
        found = await queries.supports(db, year)
        form.offer(await queries.partner_choices(db))
    if params.get("format") == "csv":
        return csv_answer(f"centre-supports-{year}", today, _csv(year, found))
    if sent is None:
        form.id.data, form.on_day.data = str(uuid7()), today
    elif form.validate():
        try:
            async with unit_of_work(request) as db:
                await actions.log(db, request.state["actor"], form.new_id, form.done(), today)
            year = fiscal_year(form.done().on_day)
            path = f"{url_for(request, 'centre_supports')}?year={year}"
            return go(request, path, "support.logged")
        except Invalid as error:
            form.fail(error)
    years = range(fiscal_year(today), fiscal_year(actions.EARLIEST) - 1, -1)
    context = {"found": found, "form": form, "year": year, "years": years}
    return render(request, "centre/supports.html", context, status=200 if sent is None else 422)


async def _remove(request: Request, raw: object) -> Response:
    id = sent_uuid(raw)
    if id is None:
        raise Invalid(_("この操作はありません。"))
    async with unit_of_work(request) as db:
        await actions.remove(db, request.state["actor"], id)
    year = request.query_params.get("year", "")
    path = url_for(request, "centre_supports")
    return go(request, f"{path}?year={year}" if year.isdigit() else path, "support.removed")


def _csv(year: int, found: queries.SupportLog) -> bytes:
    head = [_("年度"), _("日"), _("種類"), _("パートナー番号"), _("パートナー"), _("内容")]
    rows = (
        (
            jfiscal_year(year), one.on_day, str(CENTRE_SUPPORTS[one.kind]), one.partner_code,
            one.partner, one.description,
        )
        for one in found.rows
    )  # fmt: skip
    return csv_text(head, rows)
