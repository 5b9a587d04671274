"""How a row of ``routes.py`` becomes a route, and the guard that stands before its page."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.errors import NotFound
from server.http.i18n import gettext as _
from server.http.ratelimit import WRITES, Limit, client_address, take
from server.http.security import SAFE_METHODS
from server.policy import Policy

Page = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class PageRoute:
    """One row of the URL table."""

    path: str
    page: Page
    name: str
    policy: Policy
    methods: tuple[str, ...] = ("GET",)
    limit: Limit = WRITES  # counted on unsafe methods
    max_body_size: int = 1024 * 1024
    demo_only: bool = False


def guarded(row: PageRoute) -> Page:
    """The page behind its policy and, for writes, the rate limit."""

    async def page(request: Request) -> Response:
        actor = getattr(request.state, "actor", None)
        row.policy.require(actor)
        if "\x00" in request.scope["path"]:  # the database has no such text
            raise NotFound(_("ページが見つかりません。"))
        request.scope["machipika.public"] = row.policy.public
        if request.method == "HEAD":
            # Pages ask "GET?" and otherwise write; HEAD passes the checks that writes do not.
            request = Request({**request.scope, "method": "GET"}, request.receive)
        if request.method not in SAFE_METHODS:
            who = str(actor.account_id) if actor else client_address(request)
            async with request.state["sessions"]() as db, db.begin():
                await take(db, row.limit, who)
        response = await row.page(request)
        if "{token}" in row.path:  # an address that is a secret belongs in no index
            response.headers.setdefault("X-Robots-Tag", "noindex")
        return response

    page.__name__ = row.page.__name__
    return page


def to_route(row: PageRoute) -> Route:
    """The Starlette route of a row. A row without a policy is a mistake that must not start."""
    if not isinstance(row.policy, Policy):
        raise TypeError(f"{row.path} names no policy")
    return Route(
        row.path, guarded(row), methods=list(row.methods), name=row.name,
        max_body_size=row.max_body_size,
    )  # fmt: skip
