"""Pages for the world outside: link pictures, a frame for other sites, easy words."""

from collections.abc import Iterable
from datetime import date
from typing import Any
from xml.sax.saxutils import escape

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from server.checkins.guard import count
from server.db.context import now
from server.errors import NotFound
from server.http.i18n import gettext as _
from server.http.ratelimit import Limit
from server.http.render import render, url_for
from server.http.security import content_security_policy
from server.http.uow import unit_of_work
from server.maps.places import place_names
from server.opportunities import nearby
from server.opportunities.search import Search
from server.publiclife import image, queries
from server.publiclife.furigana import ruby, without

MAX_AGE_S = 300
PICTURES = Limit("picture", 60, 60)
NEXT, NEXT_MOST = 5, 10
NEAR_M = 3_000
STATIC_PAGES = ("home", "opportunities", "areas", "programme", "easy", "calendars", "help",
                "privacy", "accessibility", "help_calls")  # fmt: skip
# What no search engine should walk into. Most of it asks for a log-in anyway.
CLOSED = (
    "/agreements/", "/announcements", "/applications/", "/board", "/calendars/", "/centre",
    "/certificates/", "/checkin/", "/cleanups/", "/demo/", "/embed/", "/faults/", "/files/",
    "/help-answers/", "/layers/", "/login", "/logout", "/maps/", "/me$", "/me/", "/meetings",
    "/offers/", "/opportunities/*/", "/partner$", "/partner/", "/places", "/staff", "/successions",
    "/unsubscribe/", "/verify", "/welcome",
)  # fmt: skip


async def opportunity_image(request: Request) -> Response:
    """`/opportunities/{id}/og.png`: what other sites show beside a link to the activity."""
    city = request.state["city"]
    async with unit_of_work(request) as db:
        found = await queries.picture(db, request.path_params["id"])
    if found is None:
        raise NotFound(_("この活動は見つかりません。"))
    etag = image.tag(found, city)
    headers = {"ETag": etag, "Cache-Control": f"public, max-age={MAX_AGE_S}"}
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    await count(request, PICTURES)  # each is drawn, one after the other
    return Response(await image.png(found, city), media_type="image/png", headers=headers)


async def easy(request: Request) -> Response:
    """`/easy`: how to join, in short sentences with readings, and three easy activities."""
    async with unit_of_work(request) as db:
        coming = await queries.easy_ones(db, now(db))
    context = {"coming": coming, "ruby": ruby, "without": without}
    return render(request, "publiclife/easy.html", context)


async def embed_next(request: Request) -> Response:
    """`/embed/next?place=&n=`: the next activities, for a frame on the sites the city allows."""
    city, asked = request.state["city"], request.query_params
    found = place_names().search(asked.get("place", ""), 1)
    search = Search().at(found[0], NEAR_M) if found else Search()
    async with unit_of_work(request) as db:
        coming = await nearby.find(
            db, search, now=now(db), zone=city.zone.key, size=_size(asked.get("n", ""))
        )
    framed_by = " ".join(("'self'", *city.rules.embed_origins))
    headers = {
        "Content-Security-Policy": content_security_policy(request.state["settings"], framed_by),
        "Cache-Control": f"public, max-age={MAX_AGE_S}", "Vary": "Accept-Encoding",
        "X-Robots-Tag": "noindex",
    }  # fmt: skip
    # The same for everybody: whoever is logged in here is nobody's business over there.
    context: dict[str, Any] = {"actor": None, "notices": []}
    context |= {"coming": coming, "place": found[0] if found else None}
    return render(request, "publiclife/next.html", context, headers=headers)


def _size(wanted: str) -> int:
    """How many to show: what was asked for within bounds, else five."""
    given = wanted.isascii() and wanted.isdigit() and len(wanted) < 4
    return min(max(int(wanted), 1), NEXT_MOST) if given else NEXT


async def sitemap(request: Request) -> Response:
    """`/sitemap.xml`: every page that is for everybody."""
    city = request.state["city"]
    async with unit_of_work(request) as db:
        found = await queries.public_pages(db, now(db), city.zone.key)
    names = {"opportunity": "opportunity", "area": "area", "partner": "partner_public"}
    pages: list[tuple[str, date | None]] = [(url_for(request, n), None) for n in STATIC_PAGES]
    for one in found:
        key = "id" if one.kind == "opportunity" else "code"
        pages.append((url_for(request, names[one.kind], **{key: one.key}), one.changed_on))
    body = _sitemap_xml(request.state["settings"].base_url, pages)
    headers = {"Cache-Control": f"public, max-age={MAX_AGE_S}"}
    return Response(body, media_type="application/xml; charset=utf-8", headers=headers)


def _sitemap_xml(base_url: str, pages: Iterable[tuple[str, date | None]]) -> str:
    lines = [
        f"<url><loc>{escape(base_url + path)}</loc>"
        + (f"<lastmod>{day.isoformat()}</lastmod>" if day else "")
        + "</url>"
        for path, day in pages
    ]
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    space = "http://www.sitemaps.org/schemas/sitemap/0.9"
    return head + f'<urlset xmlns="{space}">\n' + "\n".join(lines) + "\n</urlset>\n"


async def robots(request: Request) -> Response:
    """`/robots.txt`: what is not for search engines; in a demo nothing is, for all is invented."""
    settings = request.state["settings"]
    if settings.demo:
        lines = ["User-agent: *", "Disallow: /"]
    else:
        # The picture of a link is for those who show the link.
        lines = ["User-agent: *", "Allow: /opportunities/*/og.png"]
        lines += [f"Disallow: {one}" for one in CLOSED]
        lines.append(f"Sitemap: {settings.base_url}{url_for(request, 'sitemap')}")
    headers = {"Cache-Control": f"public, max-age={MAX_AGE_S}"}
    return PlainTextResponse("\n".join(lines) + "\n", headers=headers)
