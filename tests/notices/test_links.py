"""Without a log-in: stopping in one tap, LINE's calls; and what the staff sees."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator

import httpx2
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from server.app import create_app
from server.audit.models import AuditEvent
from server.notices.line import LineMessaging
from server.notices.links import unsubscribe_path
from server.notices.models import LineLink, NoticeChoice
from server.services import NoMailer, Services
from server.settings import Settings
from server.signing import Signer
from tests.conftest import FixedClock, make_client
from tests.notices.kit import rows, tell
from tests.personas import World

pytestmark = pytest.mark.anyio
SECRET = "line secret"


async def test_stopped_in_one_tap_and_resumed(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    path = unsubscribe_path(Signer("tests"), world.hanako.id, "nearby", "mail")
    page = await client.get(path)
    assert "近くの新しい活動" in page.text
    assert "hanako" not in page.text
    chosen = select(NoticeChoice.wanted)
    assert (await db.scalars(chosen)).all() == [], "opening the link stops nothing"
    for _n in range(2):  # as a mail program sends it
        answer = await client.post(path, data={"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200
    assert (await db.scalars(chosen)).all() == [False]
    await tell(db, "nearby", world.hanako)
    await tell(db, "signup", world.hanako, key="2")
    assert [row.kind for row in await rows(db)] == ["signup"]
    assert (await client.post(path, data={"again": "1"})).status_code == 200
    db.expire_all()
    assert (await db.scalars(chosen)).all() == [True]
    stops = select(func.count()).where(AuditEvent.action == "notices.stop")
    assert await db.scalar(stops) == 2


async def test_forged_and_foreign_tokens_do_nothing(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    good = unsubscribe_path(Signer("tests"), world.hanako.id, "nearby", "mail")
    other = Signer("tests").sign("offer", f"{world.hanako.id}:nearby:mail")
    unknown = unsubscribe_path(Signer("tests"), world.hanako.id, "everything", "mail")
    for path in (good[:-2], f"/unsubscribe/{other}", "/unsubscribe/x", unknown):
        assert (await client.get(path)).status_code == 404, path
        assert (await client.post(path)).status_code == 404, path
    assert await db.scalar(select(func.count()).select_from(NoticeChoice)) == 0


@pytest.fixture
async def line_client(
    sessions: async_sessionmaker[AsyncSession], settings: Settings, clock: FixedClock, world: World
) -> AsyncIterator[httpx2.AsyncClient]:
    """A city with an official account."""
    services = Services(
        clock=clock, mailer=NoMailer(), signer=Signer("tests"),
        line=LineMessaging("token", SECRET, "http://line.invalid"),
    )  # fmt: skip
    app = create_app(settings, services, sessions=sessions)
    async with app.router.lifespan_context(app) as state, make_client(app, state) as client:
        world.sessions = sessions
        yield client


async def call(
    client: httpx2.AsyncClient, *events: object, secret: str = SECRET, raw: bytes | None = None
) -> int:
    body = raw if raw is not None else json.dumps({"events": events}).encode()
    mark = base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)).decode()
    answer = await client.post("/line/webhook", content=body, headers={"X-Line-Signature": mark})
    return answer.status_code


def typed(text: str, user: str = "U1") -> dict[str, object]:
    message = {"type": "text", "text": text}
    return {"type": "message", "source": {"userId": user}, "message": message}


async def test_a_code_typed_to_the_account_links_it(
    line_client: httpx2.AsyncClient, world: World, db: AsyncSession, clock: FixedClock
) -> None:
    await world.login(line_client, world.toyo)
    assert (await line_client.post("/me/line")).headers["location"] == "/me/line"
    link = (await db.scalars(select(LineLink))).one()
    assert link.code and len(link.code) == 6
    assert link.code in (await line_client.get("/me/line")).text
    assert await call(line_client, typed("こんにちは")) == 200
    assert await call(line_client, typed(f" {link.code.lower()} ")) == 200
    assert await call(line_client, typed(link.code)) == 200, "LINE may say it twice"
    await db.refresh(link)
    assert (link.line_user, link.code) == ("U1", None)
    assert "つながっています" in (await line_client.get("/me/alerts")).text
    await tell(db, "signup", world.toyo)
    assert [row.channel for row in await rows(db)] == ["line"]
    for _n in range(2):
        gone = {"type": "unfollow", "source": {"userId": "U1"}}
        assert await call(line_client, gone) == 200
    await db.refresh(link)
    assert link.line_user is None


async def test_an_old_code_links_nobody(
    line_client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    await world.login(line_client, world.toyo)
    await line_client.post("/me/line")
    link = (await db.scalars(select(LineLink))).one()
    await db.execute(
        text("UPDATE line_links SET code_expires_at = code_expires_at - interval '1h'")
    )
    await db.commit()
    assert await call(line_client, typed(str(link.code))) == 200
    await db.refresh(link)
    assert link.line_user is None


async def test_only_line_may_call(line_client: httpx2.AsyncClient) -> None:
    assert await call(line_client, typed("A"), secret="another") == 403
    answer = await line_client.post("/line/webhook", content=b"{}")
    assert answer.status_code == 403
    odd = {"X-Line-Signature": b"\xe9"}
    assert (await line_client.post("/line/webhook", content=b"{}", headers=odd)).status_code == 403
    assert (await line_client.get("/line/webhook")).status_code == 405


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"", 422), (b"[]", 422), (b"null", 422), (b'{"events": 1}', 422), (b"\xff", 422),
        (b"[" * 100_000, 422), (b'{"events": [1, null, {}]}', 200),
        (b'{"events": [{"type": "message", "source": {"userId": 5}}]}', 200),
        (b'{"events": [{"type":"message","source":{"userId":"U"},"message":{"text":{}}}]}', 200),
        (b'{"events": [{"type":"message","source":{"userId":"U\\u0000"},"message":{}}]}', 200),
        (b'{"events": [{"type":"unfollow","source":{"userId":"U\\ud800"}}]}', 200),
        (b'{"events": [{"type": ["x"], "source": {"userId": "U"}, "message": "x"}]}', 200),
    ],
)  # fmt: skip
async def test_signed_nonsense_is_survived(
    line_client: httpx2.AsyncClient, raw: bytes, status: int
) -> None:
    assert await call(line_client, raw=raw) == status


async def test_staff_sees_numbers_and_mends_what_is_stuck(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, count_queries
) -> None:
    await tell(db, "signup", world.hanako, body="本文はひみつ")
    await tell(db, "help", world.hanako, key="2")
    dead = "UPDATE deliveries SET state = 'dead', digest_id = id, problem = 'smtp 451'"
    await db.execute(text(dead))
    await db.execute(
        text("INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, attempts)"
             " VALUES ('default', 'accounts:send_mail', '{}', 'failed', 8)")
    )  # fmt: skip
    await db.commit()
    assert (await client.get("/staff/messages")).status_code == 303
    await world.login(client, world.kenji)
    assert (await client.get("/staff/messages")).status_code == 403
    await world.login(client, world.sato)
    with count_queries() as seen:
        page = (await client.get("/staff/messages")).text
    assert len(seen) <= 4, seen.statements
    assert "smtp 451" in page and "accounts:send_mail" in page
    assert "hanako@" not in page and "本文はひみつ" not in page
    first, second = await rows(db)
    retry = {"act": "retry", "key": f"message:{first.id}"}
    drop = {"act": "drop", "key": f"message:{second.id}"}
    codes = [
        (await client.post("/staff/messages", data=d)).status_code for d in (retry, drop, drop)
    ]
    assert codes == [303, 303, 409]
    assert [row.state for row in await rows(db)] == ["waiting", "dropped"]
    assert (await rows(db))[0].digest_id == first.id, "under the id it had"
    job = await db.scalar(text("SELECT id FROM procrastinate_jobs WHERE status = 'failed'"))
    mended = await client.post("/staff/messages", data={"act": "retry", "key": f"job:{job}"})
    assert mended.status_code == 303
    state = "SELECT status::text FROM procrastinate_jobs WHERE id = :id"
    assert await db.scalar(text(state), {"id": job}) == "todo"
    for key in ("job:x", "job:9" * 30, "message:1", "", "house:1"):
        bad = await client.post("/staff/messages", data={"act": "drop", "key": key})
        assert bad.status_code == 422, key
    audited = select(func.count()).where(AuditEvent.action.in_(["message.retry", "message.drop",
                                                                "job.retry"]))  # fmt: skip
    assert await db.scalar(audited) == 3


async def test_the_privacy_page_names_what_the_matching_keeps(client: httpx2.AsyncClient) -> None:
    page = (await client.get("/privacy")).text
    for words in (
        "約500m",
        "LINEの利用者の番号",
        "参加証明書",
        "お手伝いのお願い",
        "machipika_checkin",
    ):
        assert words in page, words
