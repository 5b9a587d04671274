"""`/staff/matching`: why an activity is, or is not, recommended to somebody."""

import uuid
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from geo.matching import WEIGHTS
from server.audit.actions import record
from server.errors import NotFound
from server.http.forms import read_form
from server.http.i18n import gettext as _
from server.http.render import render
from server.http.uow import unit_of_work
from server.matching import queries, ranking, reasons
from server.matching.forms import words_of
from server.opportunities.search import Search

TEMPLATE = "matching/staff.html"
HOME = Search(sort="fit", suited=True)
LISTED = 30


async def explain(request: Request) -> Response:
    """`/staff/matching`: find a person, see their list, and each score in its parts.

    Names and addresses are searched for by POST, so that they stay out of addresses and logs.
    """
    if request.method == "POST":
        words = words_of(await read_form(request), "q")
        async with unit_of_work(request) as db:
            people = await queries.people(db, words) if words else []
            if words:  # how many were found, not the words: these are names and addresses
                me = request.state["actor"]
                record(db, me, "matching.search", "account", me.account_id, found=len(people))
        return render(request, TEMPLATE, {"q": words, "people": people})
    account_id = _id(request, "account")
    if account_id is None:
        return render(request, TEMPLATE, {"q": "", "people": None})
    return render(request, TEMPLATE, await _explained(request, account_id))


async def _explained(request: Request, account_id: uuid.UUID) -> dict[str, Any]:
    """The person's list, or the parts of one score. Whoever looks is noted in the audit trail."""
    only, city = _id(request, "opportunity"), request.state["city"]
    async with unit_of_work(request) as db:
        who = await queries.person(db, account_id)
        if who is None:
            raise NotFound(_("この人は見つかりません。"))
        listed = await ranking.explain(db, city, account_id, only)
        if only and not listed:
            raise NotFound(_("この活動は見つかりません。"))
        record(
            db, request.state["actor"], "matching.explain", "account", account_id,
            opportunity=str(only or ""),
        )  # fmt: skip
    context = {"who": who, "reasons": reasons, "home": reasons.origin(HOME), "q": "",
               "people": None, "version": WEIGHTS.version}  # fmt: skip
    return {**context, "one": listed[0]} if only else {**context, "listed": listed[:LISTED]}


def _id(request: Request, name: str) -> uuid.UUID | None:
    value = request.query_params.get(name, "")
    if not value:
        return None
    try:
        return uuid.UUID(value)
    except ValueError:
        raise NotFound(_("ページが見つかりません。")) from None
