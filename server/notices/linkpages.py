"""What works without a log-in: stopping a kind of notice, LINE's calls, the service worker."""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

from server.errors import Forbidden, Invalid, NotFound
from server.http.forms import nfkc, read_form
from server.http.i18n import gettext as _
from server.http.render import render
from server.http.static import STATIC
from server.http.uow import unit_of_work
from server.notices import choosing
from server.notices.links import Unwanted, read_unsubscribe

MOST_EVENTS = 100


async def unsubscribe(request: Request) -> Response:
    """`/unsubscribe/{token}`: a page that asks (mail programs open links on their own), and the
    tap that does it, also from the mail program itself (RFC 8058)."""
    signer, token = request.state["services"].signer, request.path_params["token"]
    link = read_unsubscribe(signer, token, request.state["services"].clock())
    if request.method == "GET":
        return _unsubscribe_page(request, link, "ask")
    sent = await read_form(request)
    again = sent.get("again") == "1"
    async with unit_of_work(request) as db:
        await choosing.set_wanted(db, link, again)
    return _unsubscribe_page(request, link, "on" if again else "off")


def _unsubscribe_page(request: Request, link: Unwanted, step: str) -> Response:
    context = {"link": link, "step": step, "token": request.path_params["token"]}
    return render(
        request, "notices/unsubscribe.html", context, headers={"Referrer-Policy": "no-referrer"}
    )


async def line_webhook(request: Request) -> Response:
    """`/line/webhook`: somebody typed a code to the official account, or blocked it."""
    channel = request.state["services"].line
    if channel is None:
        raise NotFound(_("ページが見つかりません。"))
    raw = await request.body()
    if not channel.is_genuine(raw, request.headers.get("x-line-signature", "")):
        raise Forbidden(_("署名がちがいます。"))
    for kind, user, typed in read_events(raw):
        async with unit_of_work(request) as db:
            if kind == "message":
                await choosing.link_line(db, user, nfkc(typed).upper().replace(" ", ""))
            elif kind == "unfollow":
                await choosing.unlink_line_user(db, user)
    return PlainTextResponse("OK")


def read_events(raw: bytes) -> list[tuple[str, str, str]]:
    """Kind, user and text of each event that has a user; LINE sends kinds we do not know too.

    Raises Invalid when it is no such document.
    """
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        raise Invalid(_("読み取れない内容です。")) from None
    events = document.get("events") if isinstance(document, dict) else None
    if not isinstance(events, list):
        raise Invalid(_("読み取れない内容です。"))
    found = [_event(one) for one in events[:MOST_EVENTS] if isinstance(one, dict)]
    return [one for one in found if one is not None]


def _event(one: dict[str, Any]) -> tuple[str, str, str] | None:
    source, message = one.get("source"), one.get("message")
    user = source.get("userId") if isinstance(source, dict) else None
    text = message.get("text", "") if isinstance(message, dict) else ""
    if not isinstance(user, str) or not isinstance(text, str) or not 0 < len(user) <= 64:
        return None
    if any(c == "\x00" or "\ud800" <= c <= "\udfff" for c in user + text):
        return None  # no column takes them
    return str(one.get("type")), user, text[:20]


async def service_worker(request: Request) -> Response:
    """`/sw.js`: at the root, so that it may stand before the whole site; never kept by caches."""
    return FileResponse(
        STATIC / "js/sw.js", media_type="text/javascript",
        headers={"Cache-Control": "no-cache", "Service-Worker-Allowed": "/"},
    )  # fmt: skip
