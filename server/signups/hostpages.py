"""Who comes and who waits, for the host and the city."""

from starlette.requests import Request
from starlette.responses import Response

from server.errors import NotFound
from server.http.i18n import gettext as _
from server.http.render import render
from server.http.uow import unit_of_work
from server.opportunities import queries as opportunities
from server.signups import queries


async def people(request: Request) -> Response:
    """`/opportunities/{id}/people`: names, numbers and the queue; printable, without addresses."""
    id, actor = request.path_params["id"], request.state["actor"]
    async with unit_of_work(request) as db:
        activity = await opportunities.hosted(db, id, actor)
        if activity is None:
            raise NotFound(_("この活動は見つかりません。"))
        rows = await queries.people(db, id)
    context = {
        "activity": activity,
        "people": [one for one in rows if not one.waits],
        "waiting": [one for one in rows if one.waits],
    }
    return render(request, "opportunities/people.html", context)
