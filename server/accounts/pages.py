"""Log-in, log-out and one's own page."""

import datetime as dt
import hashlib
from typing import Protocol
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from server.accounts import actions, queries
from server.accounts.forms import CodeForm, LoginForm, NameForm, local_path
from server.http.forms import read_form
from server.http.i18n import gettext as _
from server.http.ratelimit import LOGIN_EMAIL, take
from server.http.render import go, render, url_for
from server.http.sessions import close_session, cookie_name, replace_session, set_cookie
from server.http.uow import unit_of_work

LOGIN_COOKIE = "machipika_login"


class Person(Protocol):
    """What decides where somebody goes after log-in: an ``Actor`` or a ``Known``."""

    @property
    def is_staff(self) -> bool: ...

    @property
    def is_partner(self) -> bool: ...


def home_of(request: Request, person: Person) -> str:
    """The page somebody works on most."""
    if person.is_staff:
        return url_for(request, "staff_home")
    return url_for(request, "partner_home" if person.is_partner else "home")


def _with_next(request: Request, name: str, back: str | None) -> str:
    path = url_for(request, name)
    return f"{path}?next={quote(back, safe='/')}" if back else path


def own_cookie(request: Request, name: str = "machipika") -> str | None:
    """One of our cookies, under whatever prefix it has here."""
    return request.cookies.get(cookie_name(request.state["settings"], name))


def _drop_cookie(request: Request, response: Response, name: str) -> None:
    settings = request.state["settings"]
    response.delete_cookie(
        cookie_name(settings, name), path="/", secure=settings.https, httponly=True, samesite="lax"
    )


def session_length(request: Request, account: queries.Known) -> dt.timedelta:
    """How long a log-in lasts, by the rules of the city: shorter for its own people."""
    rules = request.state["city"].rules
    if account.is_staff:
        return dt.timedelta(hours=rules.staff_session_hours)
    return dt.timedelta(days=rules.session_days)


def arrive(request: Request, account: queries.Known, token: str, back: str | None) -> Response:
    """The answer after a log-in: the cookie, and where to go; newcomers are asked their name."""
    goal = back or home_of(request, account)
    if account.display_name:
        response = go(request, goal, "welcome")
    else:
        response = go(request, _with_next(request, "welcome", goal))
    lasts = int(session_length(request, account).total_seconds())
    set_cookie(response, request.state["settings"], token, lasts)
    _drop_cookie(request, response, LOGIN_COOKIE)
    return response


async def login(request: Request) -> Response:
    """Ask for the address; send the code."""
    back = local_path(request.query_params.get("next"))
    if request.method == "GET":
        actor = request.state["actor"]
        if actor and not request.state["settings"].demo:
            return go(request, back or home_of(request, actor))
        return render(request, "accounts/login.html", {"form": LoginForm(), "back": back})
    sent = await read_form(request)
    back = local_path(str(sent.get("next", "")))
    form = LoginForm(sent)
    if not form.validate():
        return render(request, "accounts/login.html", {"form": form, "back": back}, status=422)
    email, previous = str(form.email.data), own_cookie(request, LOGIN_COOKIE)
    async with unit_of_work(request) as db:
        await take(db, LOGIN_EMAIL, _nameless(email))
        browser = await actions.ask_for_code(db, email, request.state["city"].name, previous)
    response = go(request, _with_next(request, "login_code", back))
    seconds = actions.CODE_MINUTES * 60
    set_cookie(response, request.state["settings"], browser, seconds, LOGIN_COOKIE)
    return response


def _nameless(email: str) -> str:
    """The key of an address in the rate table, where an address itself has no business."""
    return hashlib.sha256(email.lower().encode()).hexdigest()


async def login_code(request: Request) -> Response:
    """Take the code from the mail."""
    browser = own_cookie(request, LOGIN_COOKIE) or ""
    if request.method == "POST":
        return await _try_code(request, browser)
    return await _ask_again(
        request, browser, CodeForm(), local_path(request.query_params.get("next"))
    )


async def _try_code(request: Request, browser: str) -> Response:
    sent = await read_form(request)
    back = local_path(str(sent.get("next", "")))
    form = CodeForm(sent)
    if not form.validate():
        return await _ask_again(request, browser, form, back, 422)
    async with unit_of_work(request) as db:
        answer = await actions.prove_code(db, browser, str(form.code.data))
        if isinstance(answer, queries.Known):
            lasts = session_length(request, answer)
            token = await replace_session(db, own_cookie(request), answer.id, lasts)
    if isinstance(answer, queries.Known):
        return arrive(request, answer, token, back)
    if not answer.tries_left:
        return _start_over(request, back)
    message = _("コードが違います。メールをもう一度確かめてください(あと%(n)s回)。")
    form.code.errors = [message % {"n": answer.tries_left}]
    return await _ask_again(request, browser, form, back, 422)


async def _ask_again(
    request: Request, browser: str, form: CodeForm, back: str | None, status: int = 200
) -> Response:
    async with unit_of_work(request) as db:
        pending = await queries.pending_login(db, browser)
    if pending is None:
        return _start_over(request, back)
    context = {"form": form, "back": back, "pending": pending, "minutes": actions.CODE_MINUTES}
    return render(request, "accounts/code.html", context, status=status)


def _start_over(request: Request, back: str | None) -> Response:
    return go(request, _with_next(request, "login", back), "login.again")


async def logout(request: Request) -> Response:
    """End this log-in; with ``everywhere``, those on all other devices too."""
    sent = await read_form(request)
    actor = request.state["actor"]
    async with unit_of_work(request) as db:
        if actor and sent.get("everywhere"):
            await actions.end_all_sessions(db, actor)
        else:
            await close_session(db, own_cookie(request) or "")
    response = go(request, url_for(request, "home"), "goodbye")
    _drop_cookie(request, response, "machipika")
    return response


async def welcome(request: Request) -> Response:
    """Once, after the first log-in: how would you like to be called?"""
    actor = request.state["actor"]
    if request.method == "GET":
        back = local_path(request.query_params.get("next"))
        if actor.display_name:
            return go(request, back or home_of(request, actor))
        return render(request, "accounts/welcome.html", {"form": NameForm(), "back": back})
    sent = await read_form(request)
    back = local_path(str(sent.get("next", "")))
    form = NameForm(sent)
    if not form.validate():
        return render(request, "accounts/welcome.html", {"form": form, "back": back}, status=422)
    async with unit_of_work(request) as db:
        await actions.rename(db, actor, str(form.display_name.data))
    return go(request, back or home_of(request, actor), "welcome")


async def me(request: Request) -> Response:
    """My name, my roles, my devices."""
    actor = request.state["actor"]
    form = NameForm(display_name=actor.display_name)
    status = 200
    if request.method == "POST":
        form = NameForm(await read_form(request))
        if form.validate():
            async with unit_of_work(request) as db:
                await actions.rename(db, actor, str(form.display_name.data))
            return go(request, url_for(request, "me"), "saved")
        status = 422
    async with unit_of_work(request) as db:
        devices = await queries.live_sessions(db, actor.account_id)
    return render(request, "accounts/me.html", {"form": form, "devices": devices}, status=status)
