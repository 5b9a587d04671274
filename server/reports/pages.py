"""The city's reports: made from the ledgers when asked for, never typed."""

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from server.errors import NotFound
from server.http.i18n import fiscal_year
from server.http.i18n import gettext as _
from server.http.render import render
from server.http.uow import unit_of_work
from server.reports.files import MEDIA_TYPES, WRITERS
from server.reports.queries import ExchangeTable, exchange_table

OLDEST = 1990  # no scheme of this kind is older


async def staff_reports(request: Request) -> Response:
    """Which reports there are."""
    return render(request, "reports/index.html")


async def staff_report_exchange(request: Request) -> Response:
    """The exchange meeting's table of a 年度 and the five before it."""
    table = await _table(request)
    newest = fiscal_year(request.state["services"].clock().astimezone(request.state["city"].zone))
    context = {
        "table": table,
        "year": table.years[0].year,
        "choices": range(newest, min(table.first_year, table.years[0].year) - 1, -1),
        "newest": newest,
    }
    return render(request, "reports/exchange.html", context)


async def staff_report_exchange_file(request: Request) -> Response:
    """The same table as a file: ``.csv`` or ``.xlsx``."""
    form = request.path_params["format"]
    if form not in WRITERS:
        raise NotFound(_("この形のファイルはありません。"))
    table = await _table(request)
    content = await to_thread.run_sync(WRITERS[form], table)
    headers = {
        "Content-Disposition": f'attachment; filename="exchange-{table.years[0].year}.{form}"',
        "Cache-Control": "no-store",
    }
    return Response(content, media_type=MEDIA_TYPES[form], headers=headers)


async def _table(request: Request) -> ExchangeTable:
    asked = request.query_params.get("year", "")
    known = asked.isascii() and asked.isdigit() and OLDEST <= int(asked[:6]) < 10_000
    async with unit_of_work(request) as db:
        return await exchange_table(db, request.state["city"], int(asked[:6]) if known else None)
