"""`/me/reports`: what somebody, or their partner, has told the city, and what became of it."""

from starlette.requests import Request
from starlette.responses import Response

from server.faults.mine import told_by
from server.http.render import render
from server.http.uow import unit_of_work


async def my_reports(request: Request) -> Response:
    """`/me/reports`: faults and accidents I or my partners have told the city of."""
    async with unit_of_work(request) as db:
        rows = await told_by(db, request.state["actor"])
    return render(request, "faults/reports.html", {"rows": rows})
