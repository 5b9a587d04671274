"""Headers that keep the browser strict, and the check that a write comes from our own pages.

Both are plain ASGI: they see every response, errors and static files included.
"""

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.http.i18n import gettext as _
from server.settings import Settings

SAFE_METHODS = {"GET", "HEAD", "OPTIONS", "TRACE"}


def _origin(url: str) -> str:
    parts = urlsplit(url.replace("{s}", "a"))
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme else ""


def content_security_policy(settings: Settings, framed_by: str = "'none'") -> str:
    """The policy: only ourselves, plus images from the configured tile server.

    ``framed_by`` says who may show the page in a frame: nobody, but for the widget made for it.
    """
    tiles = _origin(settings.map_tiles_url)
    directives = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": f"'self' data: blob: {tiles}".strip(),
        "font-src": "'self'",
        "connect-src": "'self'",
        "manifest-src": "'self'",
        "worker-src": "'self'",
        "form-action": "'self'",
        "frame-ancestors": framed_by,
        "base-uri": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in directives.items())


class SecurityHeaders:
    """Adds the headers to every response."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.headers = {
            "Content-Security-Policy": content_security_policy(settings),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Permissions-Policy": "geolocation=(self), camera=(self), microphone=(), payment=()",
            "Cache-Control": "no-store",  # whoever may be cached says so
        }
        if settings.https:
            self.headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
            await send(message)

        return await self.app(scope, receive, send_with_headers)


def is_same_origin(headers: Headers, base_url: str) -> bool:
    """Whether a write was started by one of our own pages.

    Browsers say so in ``Sec-Fetch-Site``; older ones in ``Origin``. A request with neither is not a
    browser's, carries no ambient cookie of a victim, and may pass (scripts, tests).
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = headers.get("origin")
    if origin is None:
        return True
    return origin == _origin(base_url) or urlsplit(origin).netloc == headers.get("host")


class SameOriginWrites:
    """Refuses unsafe methods from other sites before anything is read."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.base_url = settings.base_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        writes = scope["type"] == "http" and scope["method"] not in SAFE_METHODS
        if writes and not is_same_origin(Headers(scope=scope), self.base_url):
            refusal = PlainTextResponse(_("ほかのサイトからの送信は受け付けません。"), 403)
            return await refusal(scope, receive, send)
        return await self.app(scope, receive, send)
