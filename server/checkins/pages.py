"""The public side of the check-in: what opens when somebody scans a code."""

import secrets
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from server.checkins import actions, codes, queries
from server.checkins.codes import Scan
from server.checkins.forms import ArriveForm
from server.checkins.guard import FORGED, count
from server.db.context import now
from server.errors import Conflict, Full, Invalid, NotFound
from server.http.forms import read_form
from server.http.render import go, render, url_for
from server.http.sessions import cookie_name, set_cookie
from server.http.uow import unit_of_work
from server.opportunities.queries import detail
from server.policy import Actor
from server.signing import Expired

COOKIE = "machipika_checkin"  # ties the ticket of somebody not logged in to the browser


async def checkin(request: Request) -> Response:
    """`/checkin/{token}`: a code is exchanged for a ticket at once; a ticket shows the one button.

    The ticket becomes the address, so a reload, a slow log-in and a slow network all find it.
    """
    token = request.path_params["token"]
    try:
        scan = codes.read(_signer(request), token, _clock(request))
    except Expired:
        return _stale(request, 410)
    except NotFound:
        await count(request, FORGED)
        return _stale(request, 404)
    actor: Actor | None = request.state["actor"]
    if not scan.holder:
        return _exchange(request, scan, actor)
    if actor is None:
        return await _ask_to_log_in(request, scan, token)
    if scan.holder != codes.holder_of(_signer(request), actor.account_id):
        if _is_this_browser(request, scan):  # scanned first, then logged in
            return _exchange(request, scan, actor)
        return _stale(request, 404)
    return await _arrive(request, scan, actor)


def _signer(request: Request) -> Any:
    return request.state["services"].signer


def _clock(request: Request) -> Any:
    return request.state["services"].clock()


def _stale(request: Request, status: int) -> Response:
    """A code that is over, forged or somebody else's: kind words, and what to do."""
    headers = {"X-Robots-Tag": "noindex"}
    return render(request, "checkins/stale.html", status=status, headers=headers)


def _exchange(request: Request, scan: Scan, actor: Actor | None) -> Response:
    """Send the browser on to a ticket of its own."""
    signer = _signer(request)
    secret = ""
    if actor:
        holder = codes.holder_of(signer, actor.account_id)
    else:
        secret = _own_secret(request) or secrets.token_urlsafe(16)
        holder = codes.holder_of(signer, secret)
    own = codes.ticket(signer, scan, holder, _clock(request))
    response = go(request, url_for(request, "checkin", token=own))
    if secret:
        lasts_s = codes.TICKET_MINUTES * 60
        set_cookie(response, request.state["settings"], secret, lasts_s, COOKIE)
    return response


def _own_secret(request: Request) -> str:
    return request.cookies.get(cookie_name(request.state["settings"], COOKIE), "")


def _is_this_browser(request: Request, scan: Scan) -> bool:
    secret = _own_secret(request)
    return bool(secret) and scan.holder == codes.holder_of(_signer(request), secret)


async def _ask_to_log_in(request: Request, scan: Scan, token: str) -> Response:
    back = url_for(request, "login") + "?next=" + url_for(request, "checkin", token=token)
    if request.method == "POST":
        return go(request, back)
    async with unit_of_work(request) as db:
        activity = await detail(db, scan.activity_id, None)
    if activity is None:
        return _stale(request, 404)
    return render(request, "checkins/login.html", {"activity": activity, "back": back})


async def _arrive(request: Request, scan: Scan, actor: Actor) -> Response:
    """The page with the one button; POST checks in. What stands there already is only shown."""
    sent = await read_form(request) if request.method == "POST" else None
    async with unit_of_work(request) as db:
        activity = await detail(db, scan.activity_id, actor)
        mine = await queries.standing(db, scan.activity_id, actor.account_id)
        moment = now(db)
    if activity is None:
        return _stale(request, 404)
    form = ArriveForm(sent)
    left = activity.capacity - activity.taken - mine.walk_ins
    context: dict[str, Any] = {
        "activity": activity, "mine": mine, "form": form, "closed": "", "full": False, "left": left,
    }  # fmt: skip
    if sent is not None and not mine.here:
        return await _check_in(request, scan, context)
    form.people.data = mine.people or mine.expected or 1
    try:
        actions.must_be_open(activity, request.state["city"], moment, scan.how)
    except Conflict as closed:
        context["closed"] = closed.message
    context["full"] = not mine.signed_up and left < 1
    return render(request, "checkins/arrive.html", context)


async def _check_in(request: Request, scan: Scan, context: dict[str, Any]) -> Response:
    form, status = context["form"], 422
    if form.validate():
        try:
            async with unit_of_work(request) as db:
                await actions.arrive(
                    db, request.state["actor"], context["activity"], request.state["city"],
                    how=scan.how, people=form.people.data, place=form.place(),
                )  # fmt: skip
            return go(request, request.url.path)
        except Invalid as error:
            form.fail(error)
        except Full as error:
            status = 409
            form.form_errors.append(error.message)
            context["full"] = context["left"] < 1
        except Conflict as closed:
            context["closed"], status = closed.message, 409
    return render(request, "checkins/arrive.html", context, status=status)
