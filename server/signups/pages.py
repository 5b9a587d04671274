"""Pages of somebody who takes part: sign up, change, cancel, wait, my activities."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from server.db.context import now
from server.errors import Full, Invalid
from server.http.forms import read_form
from server.http.render import go, render, url_for
from server.http.uow import retry_on_collision, unit_of_work
from server.signups import actions, queries
from server.signups.answers import Answers, Asked, check
from server.signups.forms import SignupForm, key_of
from server.signups.queries import Clash
from server.signups.waitlist import token_of

Verb = Callable[..., Awaitable[bool]]  # of actions: db, actor, id of the activity, answers


@dataclass(frozen=True)
class Way:
    """One use of the form: which verb, which template, what is said afterwards."""

    verb: Verb
    template: str
    goes_to: str
    done: str
    again: str


JOIN = Way(
    actions.sign_up, "opportunities/signup.html", "opportunity", "signup.done", "signup.already"
)
WAIT = Way(
    actions.join_queue, "opportunities/signup.html", "waitlist", "waitlist.joined", "signup.already"
)
CHANGE = Way(
    actions.change_signup, "signups/change.html", "opportunity", "signup.changed", "signup.changed"
)


async def _asked(request: Request) -> Asked:
    rules = request.state["city"].rules
    async with unit_of_work(request) as db:
        return await queries.asked(db, request.path_params["id"], request.state["actor"], rules)


def _home_of(request: Request, name: str = "opportunity") -> str:
    return url_for(request, name, id=request.path_params["id"])


def _page(
    request: Request, way: Way, asked: Asked, form: SignupForm, *, status: int = 200,
    clashes: list[Clash] | None = None,
) -> Response:  # fmt: skip
    context = {"activity": asked.activity, "asked": asked, "form": form, "waits": way is WAIT,
               "clashes": clashes or [], "seen": key_of(clashes or [])}  # fmt: skip
    return render(request, way.template, context, block="sheet_body", status=status)


async def join(request: Request) -> Response:
    """`/opportunities/{id}/signup`: how many come, and done."""
    if request.method == "POST":
        return await _send(request, JOIN)
    asked = await _asked(request)
    if asked.activity.my_people is not None:
        return go(request, _home_of(request), "signup.already")
    if asked.activity.my_number is not None or asked.activity.my_offer_until is not None:
        return go(request, _home_of(request, "waitlist"))
    return _page(request, WAIT if asked.is_full else JOIN, asked, SignupForm().fit(asked))


async def waitlist(request: Request) -> Response:
    """`/opportunities/{id}/waitlist`: wait for a place; who waits sees as which in the queue."""
    if request.method == "POST":
        return await _send(request, WAIT)
    actor, id = request.state["actor"], request.path_params["id"]
    asked = await _asked(request)
    if asked.activity.my_people is not None:
        return go(request, _home_of(request), "signup.already")
    async with unit_of_work(request) as db:
        entry, moment = await queries.my_entry(db, id, actor.account_id), now(db)
        if entry and entry.offer_expires_at and entry.is_offered(moment):
            token = token_of(db, entry.id, entry.offer_expires_at)
            return go(request, url_for(request, "offer_answer", token=token))
    if entry is None:
        return _page(request, WAIT, asked, SignupForm().fit(asked))
    context = {"activity": asked.activity, "entry": entry}
    return render(request, "signups/waiting.html", context, block="sheet_body")


async def change(request: Request) -> Response:
    """`/opportunities/{id}/signup/change`: another number or slot; the place is kept."""
    if request.method == "POST":
        return await _send(request, CHANGE)
    asked = await _asked(request)
    async with unit_of_work(request) as db:
        mine = await queries.my_signup(
            db, request.path_params["id"], request.state["actor"].account_id
        )
    if mine is None:
        return go(request, _home_of(request))
    return _page(request, CHANGE, asked, SignupForm.of(asked, mine.answers))


async def _send(request: Request, way: Way) -> Response:
    """The form as it was sent, for whichever of its uses."""
    sent = await read_form(request)
    asked = await _asked(request)
    form = SignupForm(sent).fit(asked)
    if not form.validate():
        return _page(request, way, asked, form, status=422)
    answers = form.answers(asked, request.state["services"].clock())
    try:
        check(asked, answers)
        clashes = await _unseen(request, asked, answers, sent)
        if clashes:
            return _page(request, way, asked, form, status=422, clashes=clashes)
        if way is JOIN and asked.activity.my_people is None:
            asked.refuse_early(answers, request.state["services"].clock())
        changed = await retry_on_collision(lambda: _do(request, way, answers))
    except Invalid as error:
        form.fail(error)
        return _page(request, way, asked, form, status=422)
    except Full:
        return await _full_page(request, way, sent)
    return go(request, _home_of(request, way.goes_to), way.done if changed else way.again)


async def _do(request: Request, way: Way, answers: Answers) -> bool:
    async with unit_of_work(request) as db:
        return await way.verb(db, request.state["actor"], request.path_params["id"], answers)


async def _unseen(request: Request, asked: Asked, answers: Answers, sent: FormData) -> list[Clash]:
    """Overlaps with my other activities, unless they have been shown and taken for granted."""
    times = asked.times(answers.slot_id)
    async with unit_of_work(request) as db:
        account_id = request.state["actor"].account_id
        found = await queries.clashes(db, account_id, asked.activity.id, times)
    return [] if sent.get("seen") == key_of(found) else found


async def _full_page(request: Request, way: Way, sent: FormData) -> Response:
    """Not enough places. Two taps of one person for the last place are not a refusal."""
    asked = await _asked(request)
    if way is JOIN and asked.activity.my_people is not None:
        return go(request, _home_of(request), "signup.already")
    form = SignupForm(sent).fit(asked)
    form.validate()
    left = asked.left(form.answers(asked, request.state["services"].clock()).slot_id)
    context = {"activity": asked.activity, "form": form, "left": left, "changes": way is CHANGE}
    return render(request, "opportunities/full.html", context, block="sheet_body", status=409)


async def leave(request: Request) -> Response:
    """`/opportunities/{id}/signup/cancel`: give the places back, until the beginning."""
    if request.method == "GET":
        asked = await _asked(request)
        if asked.activity.my_people is None:
            return go(request, _home_of(request))
        context = {"activity": asked.activity}
        return render(request, "opportunities/signup_cancel.html", context, block="sheet_body")
    async with unit_of_work(request) as db:
        await actions.cancel_signup(db, request.state["actor"], request.path_params["id"])
    return go(request, _home_of(request), "signup.cancelled")


async def leave_queue(request: Request) -> Response:
    """`/opportunities/{id}/waitlist/leave`: wait no longer."""
    async with unit_of_work(request) as db:
        await actions.leave_queue(db, request.state["actor"], request.path_params["id"])
    return go(request, _home_of(request), "waitlist.left")


async def my_signups(request: Request) -> Response:
    """`/me/signups`: what I take part in, and what I wait for."""
    async with unit_of_work(request) as db:
        moment = now(db)
        mine = await queries.mine(db, request.state["actor"].account_id)
    context = {
        "coming": sorted(
            (one for one in mine if not one.waits and not one.is_over(moment)),
            key=lambda one: one.starts_at,
        ),
        "waiting": sorted(  # who has to answer sees that first
            (one for one in mine if one.waits), key=lambda one: not one.is_offered(moment)
        ),
        "past": [one for one in mine if not one.waits and one.is_over(moment)],
    }
    return render(request, "opportunities/mine.html", context)
