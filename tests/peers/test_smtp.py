"""A real SMTP server, the real mailer, the real job queue with its worker: one mail, once."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import cast

import httpx2
import psycopg
import pytest
from aiosmtpd.smtp import SMTP, Envelope
from procrastinate import App
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from server.accounts.models import OutboxMail
from server.app import create_app
from server.db.context import enqueue
from server.db.engine import libpq_url, make_engine, make_sessions
from server.jobcontext import Outside
from server.jobs import make_jobs
from server.services import Services, SmtpMailer
from server.settings import Settings
from tests import factories
from tests.conftest import FixedClock, make_client

pytestmark = pytest.mark.anyio
ADDRESS = "mi..hon.@docomo.ne.jp"  # as Japanese phone companies gave them out


class Postbox:
    """An SMTP server that keeps what it gets, and can be told to refuse."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []
        self.refuse = False

    async def handle_DATA(self, _server: SMTP, _session: object, envelope: Envelope) -> str:
        if self.refuse:
            return "451 try again later"
        self.envelopes.append(envelope)
        return "250 OK"

    def message(self, n: int) -> EmailMessage:
        raw = cast(bytes, self.envelopes[n].content)
        return cast(EmailMessage, message_from_bytes(raw, policy=policy.default))


@pytest.fixture
async def postbox() -> AsyncIterator[tuple[Postbox, int]]:
    box, loop = Postbox(), asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(box, loop=loop), "127.0.0.1", 0)
    async with server:
        yield box, server.sockets[0].getsockname()[1]


class Town:
    """The app, its database and its queue, with a mail server at the other end."""

    def __init__(self, url: str, port: int, clock: FixedClock, demo: bool) -> None:
        mailer = SmtpMailer(f"smtp://127.0.0.1:{port}", "machipika@city.example.jp")
        self.settings = Settings(
            demo=demo, base_url="http://t", map_tiles_url="", database_url=url, worker_in_app=False
        )
        self.services = Services(clock=clock, mailer=mailer)
        self.jobs: App = make_jobs(url)
        self.engine = make_engine(url, 4)
        self.sessions: async_sessionmaker[AsyncSession] = make_sessions(
            self.engine, clock=clock, jobs=self.jobs
        )
        self.url = url

    async def ask_for_code(self) -> httpx2.Cookies:
        app = create_app(self.settings, self.services, sessions=self.sessions)
        async with app.router.lifespan_context(app) as state, make_client(app, state) as client:
            answer = await client.post("/login", data={"email": ADDRESS})
            assert answer.status_code == 303
            return client.cookies

    async def work(self) -> None:
        """Run a worker until the queue is empty."""
        outside = Outside(self.sessions, self.services, self.settings)
        async with self.jobs.open_async():
            await self.jobs.run_worker_async(
                wait=False,
                install_signal_handlers=False,
                additional_context={"outside": outside},
                delete_jobs="successful",
            )

    async def mail(self) -> OutboxMail:
        async with self.sessions() as db:
            return (await db.execute(select(OutboxMail))).scalar_one()

    def states(self) -> list[tuple[str, int]]:
        with psycopg.connect(libpq_url(self.url)) as connection:
            query = (
                "SELECT status::text, attempts FROM procrastinate_jobs "
                "WHERE task_name = 'accounts:send_mail'"
            )
            return list(connection.execute(query).fetchall())


@contextlib.asynccontextmanager
async def town(url: str, port: int, clock: FixedClock, *, demo: bool) -> AsyncIterator[Town]:
    place = Town(url, port, clock, demo)
    async with place.sessions() as db, db.begin():
        await factories.municipality(db)
    try:
        yield place
    finally:
        await place.engine.dispose()


async def test_code_arrives_once_and_opens_the_door(
    database_url: str, postbox: tuple[Postbox, int], clock: FixedClock
) -> None:
    box, port = postbox
    async with town(database_url, port, clock, demo=False) as place:
        cookies = await place.ask_for_code()
        assert place.states() == [("todo", 0)]
        assert box.envelopes == [], "nothing is sent before the worker runs"
        await place.work()
        assert [e.rcpt_tos for e in box.envelopes] == [[ADDRESS]]
        letter = box.message(0)
        assert letter["Subject"] == "ログインのコード(まちピカ 室蘭市)"
        assert letter["From"] == "machipika@city.example.jp"
        text = letter.get_content()
        found = re.search(r"\b\d{6}\b", text)
        assert found, text
        app = create_app(place.settings, place.services, sessions=place.sessions)
        async with app.router.lifespan_context(app) as state, make_client(app, state) as client:
            client.cookies = cookies
            entered = await client.post("/login/code", data={"code": found[0]})
            assert entered.headers["location"] == "/welcome?next=/"


async def test_second_run_sends_nothing_and_the_body_is_gone(
    database_url: str, postbox: tuple[Postbox, int], clock: FixedClock
) -> None:
    box, port = postbox
    async with town(database_url, port, clock, demo=False) as place:
        await place.ask_for_code()
        await place.work()
        mail = await place.mail()
        assert mail.body == ""
        assert mail.sent_at == clock()
        async with place.sessions() as db, db.begin():
            await enqueue(db, "accounts:send_mail", mail_id=str(mail.id))
        await place.work()
        assert len(box.envelopes) == 1
        assert place.states() == []


async def test_demo_keeps_the_body(
    database_url: str, postbox: tuple[Postbox, int], clock: FixedClock
) -> None:
    box, port = postbox
    async with town(database_url, port, clock, demo=True) as place:
        await place.ask_for_code()
        await place.work()
        assert len(box.envelopes) == 1
        assert "6けた" in (await place.mail()).body


async def test_mail_waits_while_the_server_refuses(
    database_url: str, postbox: tuple[Postbox, int], clock: FixedClock
) -> None:
    box, port = postbox
    async with town(database_url, port, clock, demo=False) as place:
        await place.ask_for_code()
        box.refuse = True
        await place.work()
        assert box.envelopes == []
        assert (await place.mail()).sent_at is None
        assert place.states() == [("todo", 1)], "queued again, later"


async def test_rolled_back_act_writes_to_nobody(
    database_url: str, postbox: tuple[Postbox, int], clock: FixedClock
) -> None:
    from server.accounts import outbox

    box, port = postbox
    async with town(database_url, port, clock, demo=False) as place:
        async with place.sessions() as db:
            await outbox.post(db, ADDRESS, "login_code", code="000000", minutes=10, city_name="x")
            await db.rollback()
        await place.work()
        assert box.envelopes == []
        assert place.states() == []
