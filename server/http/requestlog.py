"""A reference number per request, and one log line that holds no personal data.

The line has method, route *pattern*, status and time. No query string, no address, no e-mail: where
somebody looked for a cleanup is nobody's business.
"""

import contextvars
import secrets
import sys
import time

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_reference: contextvars.ContextVar[str] = contextvars.ContextVar("reference", default="")
log = structlog.get_logger("machipika")


def reference() -> str:
    """The current request's reference number, as shown on error pages."""
    return _reference.get()


def configure_logging(*, as_json: bool) -> None:
    """Readable lines for people, JSON for machines; always to stderr."""
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if as_json
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info if as_json else _keep,
            renderer,
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def _keep(
    _logger: object, _name: str, event: structlog.types.EventDict
) -> structlog.types.EventDict:
    return event


class RequestLog:
    """Outermost middleware: makes the reference, times the request, writes the line."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        number = secrets.token_hex(4).upper()
        token = _reference.set(number)
        started = time.perf_counter()
        status = 500

        async def send_counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = number
            await send(message)

        try:
            await self.app(scope, receive, send_counted)
        finally:
            route = scope.get("route")
            log.info(
                "request",
                reference=number,
                method=scope["method"],
                route=getattr(route, "path", "-"),
                status=status,
                ms=round((time.perf_counter() - started) * 1000, 1),
            )
            _reference.reset(token)
