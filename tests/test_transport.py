"""What the transport kit promises to every page: forms, methods, addresses, caches, connections."""

import asyncio
import datetime as dt
from typing import Any

import httpx2
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request

from server.app import create_app
from server.db.engine import make_engine, make_sessions
from server.http.forms import read_form, tidy
from server.http.ratelimit import client_address
from server.http.uow import unit_of_work
from server.notices.mails import WrittenMail
from server.opportunities.models import Signup
from server.services import NoMailer, Services, SmtpMailer
from server.settings import Settings
from tests import factories
from tests.cleanups.kit import NEW, sent
from tests.conftest import FixedClock, make_client
from tests.personas import World, create_world

pytestmark = pytest.mark.anyio
PARTS = "multipart/form-data; boundary=b"


def request_from(
    client: str, forwarded: list[str] | None = None, *, trusted: int = 0, **scope: Any
) -> Request:
    headers = [(b"x-forwarded-for", line.encode()) for line in forwarded or ()]
    state = {"settings": Settings(trusted_proxies=trusted)}
    return Request(
        {"type": "http", "client": (client, 1), "headers": headers, "state": state, **scope}
    )


# --- addresses ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("client", "forwarded", "trusted", "expected"),
    [
        ("192.0.2.1", ["198.51.100.9"], 0, "192.0.2.1"),
        ("10.0.0.1", ["198.51.100.9, 192.0.2.7"], 1, "192.0.2.7"),
        # HAProxy adds a line of its own below the one the caller invented.
        ("10.0.0.1", ["198.51.100.9", "192.0.2.7"], 1, "192.0.2.7"),
        ("10.0.0.1", ["198.51.100.9", "192.0.2.7, 10.0.0.2"], 2, "192.0.2.7"),
        ("10.0.0.1", [], 1, "10.0.0.1"),
        ("::ffff:192.0.2.1", [], 0, "192.0.2.1"),
        ("2001:db8:1:2:3::4", [], 0, "2001:db8:1:2::"),
        ("fe80::1%eth0", [], 0, "fe80::"),
        ("not-an-address", [], 0, "unknown"),
    ],
)
def test_the_address_that_is_counted(
    client: str, forwarded: list[str], trusted: int, expected: str
) -> None:
    assert client_address(request_from(client, forwarded, trusted=trusted)) == expected


# --- methods --------------------------------------------------------------------------------------


async def test_head_changes_nothing(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, clock: FixedClock
) -> None:
    """HEAD passes the check of where a write comes from, so it must never be one."""
    activity = await factories.opportunity(
        db, world.partner, starts=clock() + dt.timedelta(days=6), area_id=world.street.id
    )
    await factories.signup(db, activity, world.hanako)
    await db.commit()
    await world.login(client, world.hanako)
    answer = await client.head(
        f"/opportunities/{activity.id}/signup/cancel", headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert answer.status_code == 200
    assert await db.scalar(select(Signup.cancelled_at)) is None


async def test_head_of_a_guarded_page_leads_to_log_in_and_back(client: httpx2.AsyncClient) -> None:
    answer = await client.head("/me/signups?x=1")
    assert answer.headers["location"] == "/login?next=/me/signups%3Fx%3D1"


# --- forms ----------------------------------------------------------------------------------------


def body(name: str, value: bytes, *, filename: str = "") -> bytes:
    file = f'; filename="{filename}"' if filename else ""
    head = f'--b\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'
    return head.encode() + value + b"\r\n--b--"


@pytest.mark.parametrize("charset", ["utf-7", "unicode_escape", "idna", '"utf-16"'])
async def test_only_utf8_is_decoded(client: httpx2.AsyncClient, charset: str) -> None:
    """Python would let the sender choose the codec; some give half characters, some are slow."""
    kind = {"Content-Type": f"{PARTS}; charset={charset}"}
    answer = await client.post("/login", content=body("email", b"+2AA-"), headers=kind)
    assert answer.status_code == 400


@pytest.mark.parametrize("kind", [PARTS, f"{PARTS}; charset=UTF-8", f'{PARTS}; charset="utf-8"'])
async def test_multipart_is_a_form_too(client: httpx2.AsyncClient, kind: str) -> None:
    content = body("email", b"hanako@example.jp")
    answer = await client.post("/login", content=content, headers={"Content-Type": kind})
    assert answer.status_code == 303


async def test_a_file_in_place_of_words_is_as_if_not_sent(client: httpx2.AsyncClient) -> None:
    content = body("email", b"hanako@example.jp", filename="x.txt")
    answer = await client.post("/login", content=content, headers={"Content-Type": PARTS})
    assert answer.status_code == 422


async def test_what_no_form_sends_is_left_out() -> None:
    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"name=a%20b&litter-%C2%B2-unit=kg&%00=1&x=2"}

    kind = [(b"content-type", b"application/x-www-form-urlencoded")]
    form = await read_form(Request({"type": "http", "headers": kind}, receive))
    assert form.multi_items() == [("name", "a b"), ("x", "2")]


def test_tidy_leaves_nothing_that_a_mail_or_the_database_refuses() -> None:
    assert tidy("a\u2028b\x85c\r\nd\x00\ud800\x07e 髙﨑𠮷") == "a\nb\nc\nde 髙﨑𠮷"


async def test_a_title_with_an_odd_line_end_can_be_mailed(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """An e-mail header with U+2028 in it is refused when it is sent: nobody would be told."""
    delivered: list[str] = []

    async def deliver(message: Any, **_how: object) -> None:
        delivered.append(str(message["Subject"]))

    monkeypatch.setattr("server.services.aiosmtplib.send", deliver)
    activity = await factories.opportunity(
        db, world.partner, starts=clock() + dt.timedelta(days=6), area_id=world.street.id
    )
    await factories.signup(db, activity, world.hanako)
    await db.commit()
    await world.login(client, world.kenji)
    form = {
        "title": "浜の\u2028ごみ拾い", "works": "litter", "day": "2026-06-21", "starts": "9:00",
        "area": f"{world.street.id}.{world.partner.id}", "ends": "10:00", "meeting_place": "浜",
        "lon": "140.97", "lat": "42.311", "capacity": "10",
    }  # fmt: skip
    answer = await client.post(f"/opportunities/{activity.id}/edit", data=form)
    assert answer.status_code == 303, answer.text
    mail = (await db.execute(select(WrittenMail))).scalar_one()
    await SmtpMailer("smtp://localhost:1", "a@example.jp").send(
        mail.id, "b@example.jp", mail.subject, "x", {}
    )
    assert delivered == ["【変更】浜の ごみ拾い"]


# --- answers --------------------------------------------------------------------------------------


async def test_a_japanese_goal_fits_into_a_header(client: httpx2.AsyncClient, world: World) -> None:
    await world.login(client, world.hanako)
    form = {"display_name": "はなこ", "next": "/areas?q=母恋"}
    answer = await client.post("/welcome", data=form, headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["hx-redirect"]) == (
        204,
        "/areas?q=%E6%AF%8D%E6%81%8B",
    )


@pytest.mark.parametrize(
    ("path", "headers", "expected"),
    [
        ("/me", {"HX-Request": "true"}, "no-store"),  # a 204 that leads to log-in
        ("/me", {}, "no-store"),
        ("/no-such-page", {}, "no-cache"),
        ("/help", {}, "no-cache"),
        ("/layers/areas", {}, "no-cache"),
        ("/maps/areas.js", {}, "public, max-age=300"),
    ],
)
async def test_nothing_is_cached_that_does_not_say_so(
    client: httpx2.AsyncClient, path: str, headers: dict[str, str], expected: str
) -> None:
    assert (await client.get(path, headers=headers)).headers["cache-control"] == expected


# --- connections ----------------------------------------------------------------------------------


async def test_a_form_is_not_awaited_with_a_connection_in_hand(
    sessions: Any, settings: Settings
) -> None:
    request = Request(
        {"type": "http", "method": "POST", "headers": [], "state": {"sessions": sessions}}
    )
    async with unit_of_work(request):
        with pytest.raises(RuntimeError, match="before the unit of work"):
            await read_form(request)
    assert await read_form(request) is not None


async def test_slow_senders_hold_no_connection(database_url: str, clock: FixedClock) -> None:
    """More phones in the middle of sending a report than the pool has connections."""
    engine = make_engine(database_url, pool_size=1)
    sessions = make_sessions(engine, clock=clock, jobs=None)
    async with sessions() as db, db.begin():
        world = await create_world(db, clock())
    world.sessions = sessions
    settings = Settings(demo=True, base_url="http://t", map_tiles_url="")
    app = create_app(settings, Services(clock=clock, mailer=NoMailer()), sessions=sessions)
    waiting = asyncio.Event()
    began = asyncio.Semaphore(0)

    async def slowly() -> Any:
        began.release()
        yield b"people=8&"
        await waiting.wait()
        yield b"notes=x"

    try:
        async with app.router.lifespan_context(app) as state, make_client(app, state) as client:
            await world.login(client, world.kenji)
            kind = {"Content-Type": "application/x-www-form-urlencoded"}
            async with asyncio.TaskGroup() as group:
                slow = [
                    group.create_task(client.post(NEW, content=slowly(), headers=kind))
                    for _ in range(4)
                ]
                for _ in slow:
                    await began.acquire()
                quick = await client.post(NEW, data=sent(world))
                waiting.set()
            assert quick.status_code == 303
            assert {task.result().status_code for task in slow} == {422}
    finally:
        await engine.dispose()
