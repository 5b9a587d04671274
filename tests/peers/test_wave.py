"""A worker process is killed (SIGKILL) in the middle of a wave: nothing is lost, nothing doubled.

Real mail server, real push service with real encryption, LINE with its retry keys. The only repeats
that may arrive carry the id of the first one, and there is at most one for each message that was
under way when the worker died.
"""

import asyncio
import contextlib
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from server.accounts.models import Account
from server.db.context import enqueue
from server.db.engine import make_engine, make_sessions
from server.jobs import make_jobs
from server.notices.actions import notify
from server.notices.models import LineLink, PushSubscription
from server.notices.push import WebPush
from server.services import system_clock
from server.settings import ROOT
from server.signing import Signer
from tests import factories
from tests.peers.standins import (
    LINE_SECRET,
    LINE_TOKEN,
    Browser,
    Got,
    MailServer,
    b64,
    mail_server,
    web,
    web_server,
)

pytestmark = pytest.mark.anyio
SECRET = "s" * 40
PEOPLE, ON_LINE = 60, 20
AT_WORK = 2  # jobs that one worker runs side by side, each with one message under way
EVERY = {("mail", n) for n in range(PEOPLE)} | {("push", n) for n in range(PEOPLE)} | {
    ("line", n) for n in range(ON_LINE)
}  # fmt: skip


@dataclass
class Stage:
    """The database, the other sides, and the worker process that comes and goes."""

    got: Got
    mail: MailServer
    sessions: async_sessionmaker[AsyncSession]
    environment: dict[str, str]
    web_port: int
    worker: asyncio.subprocess.Process | None = None
    kills: int = 0
    people: list[Account] = field(default_factory=list)

    async def start_worker(self) -> None:
        """A new worker. What the last one held is found by the next job; any notice queues one."""
        self.worker = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "server.cli", "worker", cwd=ROOT, env=self.environment
        )
        async with self.sessions() as db, db.begin():
            await enqueue(db, "notices:send_due", timestamp=0)

    def kill(self) -> None:
        """kill -9, from wherever we are."""
        if self.worker is not None and self.worker.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.worker.pid, signal.SIGKILL)
            self.kills += 1

    async def dead(self) -> None:
        assert self.worker is not None
        await self.worker.wait()
        self.worker = None

    async def waiting(self) -> int:
        query = "SELECT count(*) FROM deliveries WHERE state = 'waiting'"
        async with self.sessions() as db:
            return int((await db.execute(text(query))).scalar_one())

    async def until_sent(self) -> None:
        """Wait for the last message to be marked: another process does that, so we look."""
        async with asyncio.timeout(50):
            while await self.waiting():  # noqa: ASYNC110
                await asyncio.sleep(0.1)


@pytest.fixture
async def stage(database_url: str, tmp_path: object) -> AsyncIterator[Stage]:
    got = Got(vapid_key=WebPush(Signer(SECRET), "mailto:x").public_key)
    engine = make_engine(database_url, 4)
    sessions = make_sessions(
        engine, clock=system_clock, jobs=make_jobs(database_url), signer=Signer(SECRET)
    )
    async with mail_server(got) as (mail, mail_port), web_server(web(got)) as web_port:
        environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("MACHIPIKA_")},
            "MACHIPIKA_DATABASE_URL": database_url,
            "MACHIPIKA_SMTP_URL": f"smtp://127.0.0.1:{mail_port}",
            "MACHIPIKA_MAIL_FROM": "machipika@city.example.jp",
            "MACHIPIKA_SECRET_KEY": SECRET,
            "MACHIPIKA_PUSH_ALLOW_LOCAL": "true",
            "MACHIPIKA_LINE_CHANNEL_TOKEN": LINE_TOKEN,
            "MACHIPIKA_LINE_CHANNEL_SECRET": LINE_SECRET,
            "MACHIPIKA_LINE_API_URL": f"http://127.0.0.1:{web_port}",
            "MACHIPIKA_VAR_DIR": str(tmp_path),
        }
        stage = Stage(got, mail, sessions, environment, web_port)
        try:
            yield stage
        finally:
            if stage.worker is not None:
                stage.kill()
                await stage.dead()
    await engine.dispose()


async def settle(stage: Stage, people: int, on_line: int) -> None:
    """The people, each with an address and a browser, some with LINE."""
    async with stage.sessions() as db, db.begin():
        await factories.municipality(db)
        stage.people = [
            Account(display_name=f"見本{n}", email=f"p{n}@example.jp") for n in range(people)
        ]
        db.add_all(stage.people)
        await db.flush()
        for n, person in enumerate(stage.people):
            browser = stage.got.browsers[f"p{n}"] = Browser(f"p{n}")
            db.add(
                PushSubscription(
                    account_id=person.id, endpoint=f"http://127.0.0.1:{stage.web_port}/push/p{n}",
                    p256dh=browser.p256dh,
                    auth=b64(browser.auth),
                )
            )  # fmt: skip
        for n in range(on_line):
            db.add(LineLink(account_id=stage.people[n].id, line_user=f"U{n}"))


async def send_wave(stage: Stage) -> None:
    async with stage.sessions() as db, db.begin():
        await notify(
            db, "signup", [one.id for one in stage.people], subject="【中止】合同清掃",
            body="大雨のため、中止になりました。", path="/opportunities", key="wave",
            pressing=True,
        )  # fmt: skip


def number(way: str, who: str) -> tuple[str, int]:
    """Whom a message reached."""
    return way, int(who.partition("@")[0].lstrip("pU"))


def check(stage: Stage, repeats: int) -> None:
    """Everybody's message arrived once by its id, nothing was damaged."""
    got = stage.got
    assert not got.problems, got.problems
    ids: dict[tuple[str, int], set[str]] = {}
    for way, who, id, subject in got.arrived:
        assert subject == "【中止】合同清掃"
        ids.setdefault(number(way, who), set()).add(id)
    once = Counter({key: len(found) for key, found in ids.items()})
    assert set(once.values()) == {1}, f"doubled: {[k for k, n in once.items() if n > 1]}"
    assert len({id for found in ids.values() for id in found}) == len(ids), "an id of two messages"
    assert sum(got.repeats().values()) <= repeats, got.repeats()
    assert not any(way == "line" for way, _who, _id in got.repeats()), "LINE drops repeats itself"


async def test_killed_at_any_moment_nothing_is_lost_or_doubled(stage: Stage) -> None:
    seed = int(os.environ.get("MACHIPIKA_WAVE_SEED", random.randrange(10_000)))  # noqa: S311
    print(f"MACHIPIKA_WAVE_SEED={seed}")
    chance = random.Random(seed)  # noqa: S311 - not a secret
    await settle(stage, PEOPLE, ON_LINE)
    await send_wave(stage)
    marks = sorted(chance.sample(range(3, len(EVERY) - 5), 5))
    for mark in marks:
        mid_message = chance.random() < 0.5  # the message is there, our side has no answer yet

        def strike(_way: str, mark: int = mark) -> None:
            if len(stage.got.arrived) >= mark:
                stage.kill()

        stage.got.before = strike if mid_message else (lambda _way: None)
        await stage.start_worker()
        async with asyncio.timeout(40):
            while len(stage.got.arrived) < mark:
                stage.got.changed.clear()
                await stage.got.changed.wait()
        if not mid_message:
            await asyncio.sleep(chance.random() / 100)  # anywhere between two messages
            stage.kill()
        stage.got.before = lambda _way: None
        await stage.dead()
    assert stage.kills >= 4, "killed too late to be in the middle"
    await stage.start_worker()
    await stage.until_sent()
    check(stage, repeats=stage.kills * AT_WORK)
    assert {number(way, who) for way, who, _id, _subject in stage.got.arrived} == EVERY
    async with stage.sessions() as db:
        states = (await db.execute(text("SELECT DISTINCT state FROM deliveries"))).scalars().all()
    assert states == ["sent"]


async def test_killed_before_the_mail_is_handed_over_it_arrives_once(stage: Stage) -> None:
    await settle(stage, 1, 0)
    await send_wave(stage)

    def strike(_way: str) -> None:
        if not stage.kills:
            stage.kill()

    stage.got.early = strike
    await stage.start_worker()
    await stage.dead()
    assert not any(way == "mail" for way, *_rest in stage.got.arrived)
    await stage.start_worker()
    await stage.until_sent()
    check(stage, repeats=AT_WORK - 1)  # the other job may have been at the push
    assert [way for way, *_rest in stage.got.arrived].count("mail") == 1


async def test_killed_between_the_servers_ok_and_our_commit_the_same_id_comes_again(
    stage: Stage,
) -> None:
    """The one window there is. The receiver has it, we do not know: the same Message-ID again."""
    await settle(stage, 1, 0)
    await send_wave(stage)

    def strike(way: str) -> None:
        if way == "mail" and not stage.kills:
            stage.kill()

    stage.got.before = strike
    await stage.start_worker()
    await stage.dead()
    assert await stage.waiting() >= 1
    await stage.start_worker()
    await stage.until_sent()
    check(stage, repeats=AT_WORK)
    mails = [id for way, _who, id, _subject in stage.got.arrived if way == "mail"]
    assert len(mails) == 2
    assert len(set(mails)) == 1
    first, second = stage.got.mails
    assert first["To"] == second["To"]
    assert first["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert first["List-Unsubscribe"] == second["List-Unsubscribe"]
