"""The audit trail for administrators."""

from starlette.requests import Request
from starlette.responses import Response

from server.audit.queries import events, read_audit_filter
from server.audit.words import ACTIONS
from server.http.render import render
from server.http.uow import unit_of_work


async def staff_audit(request: Request) -> Response:
    """Who did what to which thing, newest first."""
    asked = read_audit_filter(request.query_params)
    async with unit_of_work(request) as db:
        page = await events(db, asked, request.state["city"].zone)
    context = {"asked": asked, "page": page, "actions": ACTIONS}
    return render(request, "audit/index.html", context, block="results")
