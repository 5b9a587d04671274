"""`/staff/messages`: how the messages go, and those that were given up."""

from starlette.requests import Request
from starlette.responses import Response

from server.http.forms import read_form
from server.http.render import go, render, url_for
from server.http.uow import unit_of_work
from server.notices import queries, repair
from server.notices.models import DELIVERY_STATES, KINDS


async def messages(request: Request) -> Response:
    """Numbers of the last 30 days by kind and state; try again or drop what is stuck."""
    if request.method == "POST":
        sent = await read_form(request)
        verb = str(sent.get("act", ""))
        async with unit_of_work(request) as db:
            await repair.mend(db, request.state["actor"], verb, str(sent.get("key", "")))
        return go(request, url_for(request, "staff_messages"), f"messages.{verb}")
    async with unit_of_work(request) as db:
        seen = await queries.messages(db)
    context = {"seen": seen, "kinds": KINDS, "states": DELIVERY_STATES}
    return render(request, "notices/staff.html", context)
