"""Errors as pages in Japanese with a reference number; as fragments for HTMX."""

import traceback
from collections.abc import Awaitable, Callable
from urllib.parse import quote

import structlog
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.citysettings.queries import UNSET
from server.errors import DomainError, LoginRequired, TooMany, status_of
from server.http.i18n import gettext as _
from server.http.render import is_fragment, render, url_for
from server.http.requestlog import reference
from server.http.security import SAFE_METHODS

log = structlog.get_logger("machipika")

Handler = Callable[[Request, Exception], Awaitable[Response]]


def _words(status: int) -> tuple[str, str]:
    """Title and advice for a status without words of its own."""
    again = _("前のページに戻って、もう一度お試しください。")
    known = {
        400: (_("送信の内容を読み取れませんでした"), again),
        403: (_("この操作はできません"), _("ログインした人や役割を確かめてください。")),
        404: (_("ページが見つかりません"), _("なくなったか、アドレスが変わりました。")),
        405: (_("この操作はできません"), again),
        413: (_("送られたものが大きすぎます"), _("小さくして、もう一度お試しください。")),
        409: (_("ほかの人の操作と重なりました"), _("新しい内容を確かめてください。")),
        422: (_("入力に直すところがあります"), _("前のページに戻って直してください。")),
        429: (_("回数が多すぎます"), _("しばらく待ってから、もう一度お試しください。")),
        503: (_("ただいま混み合っています"), _("少し待ってから、もう一度お試しください。")),
    }
    unknown = (_("うまくいきませんでした"), _("時間をおいて、もう一度お試しください。"))
    return known.get(status, unknown)


def error_page(
    request: Request, status: int, message: str | None = None, headers: dict[str, str] | None = None
) -> Response:
    """The error page (or fragment), which must not need the database."""
    title, advice = _words(status)
    for name, value in (("city", UNSET), ("actor", None)):
        if not hasattr(request.state, name):
            setattr(request.state, name, value)
    template = "errors/fragment.html" if is_fragment(request) else "errors/page.html"
    context = {
        "status": status,
        "title": title,
        "message": message or advice,
        "reference": reference(),
    }
    return render(request, template, context, status=status, headers=headers)


async def on_domain_error(request: Request, error: Exception) -> Response:
    """Domain errors carry their own words; a missing log-in leads to the log-in page."""
    assert isinstance(error, DomainError)  # noqa: S101 - registered for this class only
    if isinstance(error, LoginRequired):
        if request.method in SAFE_METHODS:
            back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        else:
            back = request.headers.get("x-machipika-page", "/")
        target = url_for(request, "login") + "?next=" + quote(back, safe="/")
        if request.headers.get("hx-request") == "true":
            return Response(status_code=204, headers={"HX-Redirect": target})
        return RedirectResponse(target, 303)
    headers = {"Retry-After": str(error.retry_after_s)} if isinstance(error, TooMany) else None
    return error_page(request, status_of(error), error.message, headers)


async def on_http_error(request: Request, error: Exception) -> Response:
    """404, 405, 413 and the like raised by the framework."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class only
    return error_page(request, error.status_code, headers=dict(error.headers or {}))


async def on_database_error(request: Request, error: Exception) -> Response:
    """Database away, pool empty, statement too slow: 503. Anything else is our fault: 500."""
    away = isinstance(error, OperationalError | InterfaceError | PoolTimeout)
    if not away:
        return await on_crash(request, error)
    log.error("database unavailable", reference=reference(), error=type(error).__name__)
    return error_page(request, 503, headers={"Retry-After": "10"})


async def on_crash(request: Request, error: Exception) -> Response:
    """A bug. The person gets a number to tell us; the log gets the trace under that number."""
    log.error("crash", reference=reference(), **_told(error))
    return error_page(request, 500)


def _told(error: Exception) -> dict[str, object]:
    """What the log may hold of an error: a database error without its text.

    PostgreSQL and SQLAlchemy put values into it ("Key (lower(email))=(…) already exists"); the
    class, the constraint and the place in the code are enough to find the bug.
    """
    if not isinstance(error, DBAPIError):
        return {"error": type(error).__name__, "exc_info": True}
    diagnosis = getattr(error.orig, "diag", None)
    return {
        "error": type(error.orig).__name__,
        "sqlstate": getattr(diagnosis, "sqlstate", None),
        "constraint": getattr(diagnosis, "constraint_name", None),
        "trace": "".join(traceback.format_tb(error.__traceback__)),
    }


HANDLERS: dict[type[Exception] | int, Handler] = {
    DomainError: on_domain_error,
    HTTPException: on_http_error,
}


class CatchErrors:
    """Middleware: whatever the pages and the middleware inside did not handle becomes a page.

    Starlette's own last resort stands outside our headers and the reference number, this one
    inside.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        started = too_large = False

        async def send_noting(message: Message) -> None:
            nonlocal started, too_large
            if message["type"] == "http.response.start" and message["status"] == 413:
                # Starlette's body limit answers two English words, past all handlers.
                kind = Headers(raw=message["headers"]).get("content-type", "")
                too_large = kind.startswith("text/plain")
            if not too_large:
                started = True
                await send(message)

        try:
            await self.app(scope, receive, send_noting)
        except Exception as error:
            if started:
                raise
            request = Request(scope)
            database = isinstance(error, DBAPIError | PoolTimeout)
            answer = await (on_database_error if database else on_crash)(request, error)
            await answer(scope, receive, send)
        if too_large:
            await error_page(Request(scope), 413)(scope, receive, send)
