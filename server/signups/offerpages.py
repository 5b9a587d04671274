"""The page behind the link in an offer. Whoever holds the link may answer; no log-in is needed."""

import datetime as dt
import uuid

from starlette.requests import Request
from starlette.responses import Response

from server.db.context import now, signer
from server.errors import Full, Invalid, NotFound
from server.http.forms import read_form
from server.http.i18n import gettext as _
from server.http.render import go, render
from server.http.uow import retry_on_collision, unit_of_work
from server.signups import actions, queries
from server.signups.queries import Entry

# A link whose time is over still says for which activity it was; what may be done with it is
# decided by the entry alone.
_ANY_TIME = dt.datetime.fromtimestamp(0, dt.UTC)


async def _entry(request: Request) -> tuple[Entry, bool]:
    """The entry of the link, and whether its offer can be answered now."""
    async with unit_of_work(request) as db:
        value = signer(db).read("offer", request.path_params["token"], _ANY_TIME)
        found = await queries.entry(db, uuid.UUID(value))
        if found is None:
            raise NotFound(_("このリンクは使えません。"))
        return found, found.state == "published" and found.is_offered(now(db))


async def offer(request: Request) -> Response:
    """`/offers/{token}`: look at the place that got free (GET); take it or leave it (POST)."""
    if request.method == "GET":
        entry, is_open = await _entry(request)
        return render(request, "signups/offer.html", {"entry": entry, "is_open": is_open})
    answer = (await read_form(request)).get("answer")
    if answer not in ("accept", "decline"):
        raise Invalid(_("「参加する」か「今回はやめる」を選んでください。"))
    accept = answer == "accept"
    entry, _open = await _entry(request)
    try:
        how = await retry_on_collision(lambda: _answer(request, entry, accept))
    except Full:  # cut down in the very moment; the queue is settled soon
        how = "waiting"
    notices = {"taken": "offer.taken", "declined": "offer.declined"}
    return go(request, request.url.path, notices.get(how))


async def _answer(request: Request, entry: Entry, accept: bool) -> str:
    async with unit_of_work(request) as db:
        return await actions.answer_offer(db, request.state["actor"], entry, accept=accept)
