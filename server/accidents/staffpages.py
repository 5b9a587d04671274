"""The city's list of accidents and near misses."""

from urllib.parse import urlencode

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from server.accidents import queries
from server.accidents.files import accidents_csv
from server.accidents.machine import ACCIDENT
from server.accidents.models import KINDS
from server.accidents.pages import report_page
from server.areas.search import search_text
from server.coverage.care import city_today
from server.http.forms import read_form
from server.http.i18n import gettext as _
from server.http.render import render, url_for
from server.http.uow import unit_of_work
from server.ledgers.partners import named
from server.ledgers.proxy import for_whom
from server.pickups.filters import read_page
from server.pickups.queries import partner_choices

PAGE_ROWS = 50
FILE_ROWS = 20_000


async def staff_accidents(request: Request) -> Response:
    """`/staff/accidents`: all reports by state; ``?format=csv`` gives the same rows as a file."""
    params = request.query_params
    state = params.get("state", "")
    state = state if state in ACCIDENT.states else ""
    kind = params.get("kind", "") if params.get("kind", "") in KINDS else ""
    q, page = search_text(params.get("q")), read_page(params.get("page"))
    states = (state,) if state else tuple(ACCIDENT.states)
    as_file = params.get("format") == "csv"
    limit, skip = (FILE_ROWS, 0) if as_file else (PAGE_ROWS + 1, (page - 1) * PAGE_ROWS)
    async with unit_of_work(request) as db:
        rows = await queries.listed(db, states, kind, q, limit, skip)
        counts = {} if as_file else await queries.counts(db, kind, q)
    if as_file:
        return _file(await to_thread.run_sync(accidents_csv, rows))
    context = {
        "state": state, "kind": kind, "q": q, "page": page, "rows": rows[:PAGE_ROWS],
        "more": len(rows) > PAGE_ROWS, "numbers": counts,
        "rest": urlencode({k: v for k, v in (("kind", kind), ("q", q)) if v}),
    }  # fmt: skip
    return render(request, "accidents/staff_list.html", context, block="results")


async def staff_accident_new(request: Request) -> Response:
    """`/staff/accidents/new?partner=MP-0001`: what a partner tells by phone (代理入力)."""
    sent = await read_form(request) if request.method == "POST" else None
    code = str((request.query_params if sent is None else sent).get("partner") or "")
    async with unit_of_work(request) as db:
        partner = await named(db, code)
        today = city_today(db, request.state["city"])
        choices = await partner_choices(db, today) if partner is None else []
    if partner is not None:
        return await report_page(request, [partner], sent, by_proxy=True)
    return for_whom(
        request, choices, title=_("事故・ヒヤリハットの代理入力"),
        lead=_("電話や紙で受けた報告を入れます。"),
        back=(url_for(request, "staff_accidents"), _("事故・ヒヤリハット")),
    )  # fmt: skip


def _file(content: bytes) -> Response:
    headers = {
        "Content-Disposition": 'attachment; filename="accidents.csv"', "Cache-Control": "no-store",
    }  # fmt: skip
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)
