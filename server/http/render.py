"""Pages from templates: the whole page for a browser, a block of it for HTMX."""

import datetime as dt
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2_fragments import render_block
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from server.http import i18n
from server.http.notices import NOTICES
from server.http.sessions import cookie_name, set_cookie
from server.settings import ROOT

TEMPLATES = ROOT / "templates"


@lru_cache
def environment() -> Environment:
    """The template environment: escaped, strict about typing errors, Japanese filters."""
    env = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
    )
    env.install_gettext_callables(i18n.gettext, i18n.ngettext, newstyle=True)  # type: ignore[attr-defined]
    env.filters.update(i18n.FILTERS)
    from geo import palette  # noqa: PLC0415 - only templates with a legend need it
    from server import labels  # noqa: PLC0415 - labels import every domain
    from server.publiclife import structured  # noqa: PLC0415 - it reads activities
    from server.workflow.registry import MACHINES  # noqa: PLC0415 - machines import every domain

    env.globals.update(
        palette=palette, labels=labels, machines=MACHINES, structured=structured
    )  # fmt: skip
    return env


def is_fragment(request: Request) -> bool:
    """Whether HTMX asks for a part of the page (and not for a whole one, as after history)."""
    return (
        request.headers.get("hx-request") == "true"
        and request.headers.get("hx-request-type", "partial") == "partial"
        and "hx-history-restore-request" not in request.headers
    )


def _context(request: Request) -> dict[str, Any]:
    state = request.state
    app = request.app

    def url(name: str, **params: object) -> str:
        return str(app.url_path_for(name, **params))

    def static(path: str) -> str:
        return f"/static/{state['static_version']}/{path}"

    now: dt.datetime = state["services"].clock()
    return {
        "request": request,
        "url": url,
        "static": static,
        "actor": getattr(state, "actor", None),
        "city": state["city"],
        "demo": state["settings"].demo,
        "base_url": state["settings"].base_url,
        "map_tiles": bool(state["settings"].map_tiles_url),
        "current_path": request.url.path,
        "now": now,
        "today": now.astimezone(state["city"].zone).date(),
        "notices": _take_notices(request),
    }


def _take_notices(request: Request) -> list[tuple[str, str]]:
    key = request.cookies.get(cookie_name(request.state["settings"], "notice"), "")
    return [NOTICES[key]] if key in NOTICES else []


def render(
    request: Request,
    template: str,
    context: Mapping[str, Any] | None = None,
    *,
    block: str | None = None,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """Answer with ``template``; for an HTMX request only with its ``block``, if one is named."""
    env = environment()
    values = {**_context(request), **(context or {})}
    if block and is_fragment(request):
        html = render_block(env, template, block, values)
    else:
        html = env.get_template(template).render(values)
    response = HTMLResponse(html, status, headers={"Vary": "HX-Request, Cookie"})
    response.headers.setdefault("Cache-Control", "no-store" if values["actor"] else "no-cache")
    response.headers.update(headers or {})
    if values["notices"]:
        name = cookie_name(request.state["settings"], "notice")
        response.delete_cookie(name, path="/", secure=request.state["settings"].https)
    return response


def go(request: Request, path: str, notice: str | None = None) -> Response:
    """After a write: send the browser to ``path`` (HTMX too), with a notice shown once there."""
    target = quote(path, safe="/?&=%#:,+")  # a header takes no 母恋
    if request.headers.get("hx-request") == "true":
        response = Response(status_code=204, headers={"HX-Redirect": target})
    else:
        response = RedirectResponse(target, 303)
    if notice:
        assert notice in NOTICES, notice  # noqa: S101 - a typing error of ours
        set_cookie(response, request.state["settings"], notice, 60, "notice")
    return response


def url_for(request: Request, name: str, **params: object) -> str:
    """The path of a named route."""
    return str(request.app.url_path_for(name, **params))
