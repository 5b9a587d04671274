"""`/staff/opportunities`: all activities of the city, also drafts and called-off ones."""

from starlette.requests import Request
from starlette.responses import Response

from server.db.context import now
from server.http.render import render
from server.http.uow import unit_of_work
from server.labels import OPPORTUNITY_KINDS
from server.opportunities import stafflist


async def staff_opportunities(request: Request) -> Response:
    """`/staff/opportunities`: the list with its filters."""
    asked = stafflist.read_filter(request.query_params)
    async with unit_of_work(request) as db:
        moment = now(db)
        rows = await stafflist.listed(db, asked, moment)
    context = {
        "asked": asked,
        "rows": rows[: stafflist.PAGE_ROWS],
        "has_more": len(rows) > stafflist.PAGE_ROWS,
        "states": stafflist.STATES,
        "hosts": stafflist.HOSTS,
        "kinds": OPPORTUNITY_KINDS,
    }
    return render(request, "opportunities/staff.html", context, block="results")
