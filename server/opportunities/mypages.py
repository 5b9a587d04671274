"""Pages of somebody who takes part: sign up, cancel, my activities."""

from starlette.requests import Request
from starlette.responses import Response

from server.db.context import now
from server.errors import Full, NotFound
from server.http.forms import read_form
from server.http.i18n import gettext as _
from server.http.render import go, render, url_for
from server.http.uow import retry_on_collision, unit_of_work
from server.opportunities import actions, queries
from server.opportunities.forms import SignupForm
from server.opportunities.queries import Detail


async def _load(request: Request) -> Detail:
    async with unit_of_work(request) as db:
        found = await queries.detail(db, request.path_params["id"], request.state["actor"])
    if found is None:
        raise NotFound(_("この活動は見つかりません。"))
    return found


def _home_of(request: Request) -> str:
    return url_for(request, "opportunity", id=request.path_params["id"])


async def join(request: Request) -> Response:
    """`/opportunities/{id}/signup`: how many come, and done."""
    if request.method == "GET":
        return await _signup_page(request, SignupForm())
    form = SignupForm(await read_form(request))
    if not form.validate():
        return await _signup_page(request, form, 422)
    people = form.people.data or 1
    try:
        is_new = await retry_on_collision(lambda: _take_places(request, people))
    except Full:
        return await _full_page(request)
    return go(request, _home_of(request), "signup.done" if is_new else "signup.already")


async def _take_places(request: Request, people: int) -> bool:
    async with unit_of_work(request) as db:
        activity = await queries.detail(db, request.path_params["id"], request.state["actor"])
        if activity is None:
            raise NotFound(_("この活動は見つかりません。"))
        return await actions.sign_up(db, request.state["actor"], activity, people)


async def _signup_page(request: Request, form: SignupForm, status: int = 200) -> Response:
    activity = await _load(request)
    if activity.my_people is not None:
        return go(request, _home_of(request), "signup.already")
    context = {"activity": activity, "form": form}
    return render(request, "opportunities/signup.html", context, block="sheet_body", status=status)


async def _full_page(request: Request) -> Response:
    """Not enough places. Two taps of one person for the last place are not a refusal."""
    activity = await _load(request)
    if activity.my_people is not None:
        return go(request, _home_of(request), "signup.already")
    context = {"activity": activity}
    return render(request, "opportunities/full.html", context, block="sheet_body", status=409)


async def leave(request: Request) -> Response:
    """`/opportunities/{id}/signup/cancel`: give the places back, until the beginning."""
    if request.method == "GET":
        activity = await _load(request)
        if activity.my_people is None:
            return go(request, _home_of(request))
        return render(request, "opportunities/signup_cancel.html", {"activity": activity},
                      block="sheet_body")  # fmt: skip
    async with unit_of_work(request) as db:
        found = await queries.detail(db, request.path_params["id"], request.state["actor"])
        if found is None:
            raise NotFound(_("この活動は見つかりません。"))
        await actions.cancel_signup(db, request.state["actor"], found)
    return go(request, _home_of(request), "signup.cancelled")


async def my_signups(request: Request) -> Response:
    """`/me/signups`: what I take part in."""
    async with unit_of_work(request) as db:
        moment = now(db)
        mine = await queries.my_signups(db, request.state["actor"].account_id, moment)
    context = {
        "coming": [one for one in mine if not one.has_begun(moment)],
        "past": [one for one in mine if one.has_begun(moment)],
    }
    return render(request, "opportunities/mine.html", context)
