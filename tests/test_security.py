"""Safety from the first day, held over the whole URL table and not page by page."""

import io
import json
import sys
from collections.abc import AsyncIterator, Iterator

import httpx2
import pytest
from markupsafe import escape
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from starlette.requests import Request
from starlette.responses import Response

from server.accounts.models import Account
from server.app import create_app
from server.db.base import uuid7
from server.http.ratelimit import LOGIN_ADDRESS
from server.http.render import environment
from server.http.requestlog import configure_logging
from server.http.routing import PageRoute, to_route
from server.http.security import content_security_policy
from server.http.static import STATIC
from server.http.uow import unit_of_work
from server.policy import PUBLIC, Actor, PartnerRef, Policy
from server.routes import ROWS
from server.services import NoMailer, Services
from server.settings import Settings
from tests.accounts.login import ask, log_in
from tests.conftest import FixedClock, make_client
from tests.personas import World
from tests.routes import GUARDED, READING, WRITING, address, label

pytestmark = pytest.mark.anyio
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
WRITTEN_BY_MANAGERS = {"partner_review"}  # members read it
ROLES = ("hanako", "kenji", "toyo", "kanae", "sato", "kanri", "yosomono")


@pytest.fixture
async def https_client(
    sessions: async_sessionmaker[AsyncSession], clock: FixedClock, world: World
) -> AsyncIterator[httpx2.AsyncClient]:
    """The same app as a city runs it: behind HTTPS."""
    settings = Settings(base_url="https://city.example.jp", map_tiles_url="")
    app = create_app(settings, Services(clock=clock, mailer=NoMailer()), sessions=sessions)
    async with app.router.lifespan_context(app) as state, make_client(app, state) as client:
        client.base_url = "https://city.example.jp"
        yield client


# --- headers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/login", {}, 200),
        ("GET", "/help", {}, 200),
        ("GET", "/me", {}, 303),
        ("GET", "/no-such-page", {}, 404),
        ("GET", "/no-such-page", {"HX-Request": "true"}, 404),
        ("POST", "/help", {}, 405),
        ("POST", "/login", {}, 422),
        ("POST", "/login", {"HX-Request": "true"}, 422),
        ("POST", "/login", {"Sec-Fetch-Site": "cross-site"}, 403),
        ("GET", "/healthz", {}, 200),
        ("GET", "/static/x/css/tokens.css", {}, 200),
        ("GET", "/static/x/nothing.css", {}, 404),
    ],
)
async def test_every_answer_carries_the_strict_headers(
    client: httpx2.AsyncClient, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    answer = await client.request(method, path, headers=headers)
    assert answer.status_code == status
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS


def test_policy_allows_the_tile_server_for_images_and_nothing_else() -> None:
    tiles = Settings(map_tiles_url="https://tiles.example.jp/{z}/{x}/{y}.png")
    expected = CSP.replace("blob:", "blob: https://tiles.example.jp")
    assert content_security_policy(tiles) == expected
    assert "unsafe" not in expected


async def test_crash_has_the_headers_too(
    client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("hanako@example.jp")

    monkeypatch.setattr("server.info.pages.render", broken)
    answer = await client.get("/help")
    assert answer.status_code == 500
    assert answer.headers["content-security-policy"] == CSP
    assert answer.headers["x-request-id"] in answer.text
    for secret in ("Traceback", "RuntimeError", "hanako@example.jp", "/server/"):
        assert secret not in answer.text


async def test_cookies_over_http(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    asked = await ask(client, "hanako@example.jp")
    entered = await log_in(client, db, "hanako@example.jp")
    cookies = asked.headers.get_list("set-cookie") + entered.headers.get_list("set-cookie")
    assert {c.partition("=")[0] for c in cookies} >= {"machipika", "machipika_login", "notice"}
    for cookie in cookies:
        assert "HttpOnly" in cookie or "Max-Age=0" in cookie, cookie
        assert "samesite=lax" in cookie.lower(), cookie


async def test_cookies_over_https_are_secure_and_bound_to_the_host(
    https_client: httpx2.AsyncClient, db: AsyncSession
) -> None:
    asked = await ask(https_client, "hanako@example.jp")
    entered = await log_in(https_client, db, "hanako@example.jp")
    cookies = asked.headers.get_list("set-cookie") + entered.headers.get_list("set-cookie")
    assert len(cookies) >= 3
    for cookie in cookies:
        assert cookie.startswith("__Host-machipika") or cookie.startswith("__Host-notice"), cookie
        parts = {part.strip().lower() for part in cookie.split(";")[1:]}
        assert {"secure", "httponly", "samesite=lax", "path=/"} <= parts, cookie
        assert not any(part.startswith("domain") for part in parts), cookie
    assert "max-age=31536000" in entered.headers["strict-transport-security"]
    assert (await https_client.get("/me")).status_code == 200


# --- writes from elsewhere ------------------------------------------------------------------------


@pytest.mark.parametrize("row", WRITING, ids=label)
async def test_writes_from_another_site_are_refused_everywhere(
    client: httpx2.AsyncClient, world: World, row: PageRoute
) -> None:
    await world.login(client, world.kanri)
    for headers in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://t"},
    ):
        answer = await client.post(address(row), headers=headers)
        assert answer.status_code == 403, (row.path, headers)
        assert "ほかのサイト" in answer.text


@pytest.mark.parametrize("row", [r for r in ROWS if r not in WRITING], ids=label)
async def test_reading_pages_take_no_writes(client: httpx2.AsyncClient, row: PageRoute) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert (await client.request(method, address(row))).status_code == 405, method


# --- who may --------------------------------------------------------------------------------------


def test_every_route_has_a_policy() -> None:
    assert all(isinstance(row.policy, Policy) for row in ROWS)
    bare = PageRoute("/x", ROWS[0].page, "x", None)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="/x names no policy"):
        to_route(bare)


def test_staff_and_partner_pages_are_guarded() -> None:
    for row in ROWS:
        if row.path.startswith(("/staff", "/partner/", "/me", "/cleanups")):
            assert not row.policy.public, row.path


@pytest.mark.parametrize("row", [r for r in GUARDED if r in READING], ids=label)
async def test_anonymous_is_led_to_log_in_and_back(
    client: httpx2.AsyncClient, row: PageRoute
) -> None:
    answer = await client.get(address(row) + "?x=1&y=2")
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/login?next={address(row)}%3Fx%3D1%26y%3D2"
    fragment = await client.get(address(row), headers={"HX-Request": "true"})
    assert fragment.status_code == 204
    assert fragment.headers["hx-redirect"].startswith("/login?next=")


@pytest.mark.parametrize("row", [r for r in GUARDED if r in WRITING], ids=label)
async def test_anonymous_writes_nothing(client: httpx2.AsyncClient, row: PageRoute) -> None:
    answer = await client.post(address(row))
    assert (answer.status_code, answer.headers["location"][:6]) == (303, "/login")


def _actor(world: World, who: str) -> Actor:
    """What each person may do, written down here once more and not read from the program."""
    own = {"kenji": world.partner, "toyo": world.partner, "yosomono": world.other_partner}
    roles = {"kanae": {"coordinator"}, "sato": {"staff"}, "kanri": {"admin"}}
    partner = own.get(who)
    role = "member" if who == "toyo" else "manager"
    refs = (PartnerRef(partner.id, partner.code, partner.name, role),) if partner else ()
    return Actor(uuid7(), who, roles=frozenset(roles.get(who, ())), partners=refs)


@pytest.mark.parametrize("who", ROLES)
async def test_wrong_role_is_refused_on_every_route(
    client: httpx2.AsyncClient, world: World, who: str
) -> None:
    await world.login(client, getattr(world, who))
    actor = _actor(world, who)
    wrong = []
    for row in GUARDED:
        for method in row.methods:
            answer = await client.request(method, address(row))
            allowed = row.policy.check is None or row.policy.check(actor)
            if row.name in WRITTEN_BY_MANAGERS and method == "POST":
                allowed = allowed and actor.is_manager
            if allowed == (answer.status_code == 403) or answer.status_code == 500:
                wrong.append((method, row.path, answer.status_code))
    assert wrong == []


# --- what must not be told ------------------------------------------------------------------------


@pytest.fixture
def log_lines() -> Iterator[io.StringIO]:
    """What the production log would say."""
    kept, buffer = sys.stderr, io.StringIO()
    sys.stderr = buffer
    try:
        configure_logging(as_json=True)
        yield buffer
    finally:
        sys.stderr = kept
        configure_logging(as_json=False)


async def test_no_personal_data_in_logs(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, log_lines: io.StringIO
) -> None:
    await log_in(client, db, "hanako@example.jp", "/me?lat=42.3154&lon=140.9743")
    await client.get("/help?lat=42.3154&lon=140.9743&q=母恋")
    await client.get("/opportunities?lat=42.3154&lon=140.9743")
    await client.post("/opportunities", data={"lat": "42.3154", "lon": "140.9743"})
    await client.post("/me", data={"display_name": "見本はなこ"})
    await client.get("/hanako@example.jp")
    text = log_lines.getvalue()
    lines = [json.loads(line) for line in text.splitlines()]
    assert len([line for line in lines if line["event"] == "request"]) >= 7
    assert {"method", "route", "status", "ms", "reference"} <= set(lines[0])
    for secret in ("hanako", "見本はなこ", "42.3154", "140.97", "母恋", "127.0.0.1"):
        assert secret not in text, secret


async def test_no_personal_data_in_the_log_of_a_database_error(
    sessions: async_sessionmaker[AsyncSession],
    settings: Settings,
    clock: FixedClock,
    world: World,
    log_lines: io.StringIO,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """PostgreSQL tells the offending value ("Key (lower(email))=(hanako@…) already exists")."""
    taken = world.hanako.email

    async def boom(request: Request) -> Response:
        async with unit_of_work(request) as db:
            await db.execute(insert(Account).values(id=uuid7(), email=taken))
        raise AssertionError("the database took a second hanako")

    monkeypatch.setattr(
        "server.app.rows", lambda _: (PageRoute("/boom", boom, "boom", PUBLIC), *ROWS)
    )
    app = create_app(settings, Services(clock=clock, mailer=NoMailer()), sessions=sessions)
    async with app.router.lifespan_context(app) as state, make_client(app, state) as client:
        answer = await client.get("/boom")
    assert answer.status_code == 500
    assert answer.headers["x-request-id"] in log_lines.getvalue()
    assert "UniqueViolation" in log_lines.getvalue()
    for secret in ("hanako", "INSERT INTO"):
        assert secret not in log_lines.getvalue() + answer.text, secret


# --- limits ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", WRITING, ids=label)
async def test_too_large_a_body_is_refused(
    client: httpx2.AsyncClient, world: World, row: PageRoute
) -> None:
    await world.login(client, world.kanri if "staff" in row.policy.name else world.kenji)
    claimed = {"Content-Length": str(row.max_body_size + 1)}
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await client.post(address(row), headers={**claimed, **form}, content=b"")
    assert answer.status_code == 413
    assert "大きすぎます" in answer.text
    assert answer.headers["content-security-policy"] == CSP


async def test_a_body_that_hides_its_length_is_cut_off(client: httpx2.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b"email="
        for _ in range(40):
            yield b"x" * 50_000

    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await client.post("/login", headers=form, content=endless())
    assert answer.status_code == 413


async def test_too_many_fields_are_refused(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/login", data={f"f{n}": "x" for n in range(500)})
    assert answer.status_code == 400


async def test_rate_limit_is_a_page_that_says_when(client: httpx2.AsyncClient) -> None:
    for n in range(LOGIN_ADDRESS.size):
        assert (await ask(client, f"person{n}@example.jp")).status_code == 303
    answer = await ask(client, "one-more@example.jp")
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert "回数が多すぎます" in answer.text
    assert answer.headers["x-request-id"] in answer.text
    assert (await client.get("/login")).status_code == 200, "reading is not limited"


# --- what people write ----------------------------------------------------------------------------

PROBES = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    "{{ 7*7 }}{% raw %}",
    "%(name)s %s &lt;b&gt;",
)


@pytest.mark.parametrize("probe", PROBES)
async def test_names_are_shown_as_text(
    client: httpx2.AsyncClient, world: World, probe: str
) -> None:
    await world.login(client, world.hanako)
    assert (await client.post("/me", data={"display_name": probe})).status_code == 303
    for path in ("/me", "/login", "/help", "/no-such-page"):
        page = (await client.get(path)).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "<svg/onload" not in page
    assert str(escape(probe)) in (await client.get("/me")).text


@pytest.mark.parametrize("probe", PROBES[:3])
async def test_refused_input_comes_back_as_text(client: httpx2.AsyncClient, probe: str) -> None:
    for answer in (
        await ask(client, probe, "/" + probe.replace(" ", "")),
        await client.get("/login", params={"next": "/" + probe.replace(" ", "")}),
        await client.get("/" + probe),
    ):
        assert "<script>alert" not in answer.text
        assert "<img" not in answer.text.replace('<img src="/static', "")
        assert "<svg/onload" not in answer.text


async def test_templates_escape_by_default() -> None:
    assert environment().autoescape is True
    assert environment().from_string("{{ x }}").render(x="<b>") == "&lt;b&gt;"


def test_static_serves_only_what_belongs_to_it() -> None:
    assert not [p for p in STATIC.rglob("*") if p.name.startswith(".env") or p.suffix == ".py"]


@pytest.mark.parametrize(
    "path",
    ["../pyproject.toml", "%2e%2e/pyproject.toml", "..%2fserver/app.py", "basemap/README.md"],
)
async def test_static_leads_nowhere_else(client: httpx2.AsyncClient, path: str) -> None:
    assert (await client.get(f"/static/x/{path}")).status_code == 404
