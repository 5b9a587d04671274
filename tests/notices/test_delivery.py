"""Digests, another try, giving up, and ways that are gone — with ways out that do as told."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from server.jobcontext import Outside
from server.notices.channels import Gone, Message, NotNow, PushTarget, Refused
from server.notices.delivery import MOST_ATTEMPTS
from server.notices.jobs import housekeeping, send_all
from server.notices.models import LineLink, Notice, NoticeChoice, PushSubscription
from server.services import Services
from server.settings import Settings
from server.signing import Signer
from tests.conftest import FixedClock
from tests.notices.kit import link_line, rows, subscribe, tell
from tests.personas import World

pytestmark = pytest.mark.anyio


@dataclass
class Ways:
    """All three ways in one; ``trouble`` is raised by the way of that name."""

    sent: list[tuple[str, str, uuid.UUID, str, str]] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    trouble: dict[str, Exception] = field(default_factory=dict)
    public_key: str = "key"

    def _send(self, way: str, to: str, id: uuid.UUID, subject: str, body: str) -> None:
        if way in self.trouble:
            raise self.trouble[way]
        self.sent.append((way, to, id, subject, body))


class Mail(Ways):
    async def send(
        self, id: uuid.UUID, to: str, subject: str, body: str, headers: Mapping[str, str]
    ) -> None:
        self.headers.append(headers)
        self._send("mail", to, id, subject, body)


class Push(Ways):
    async def send(self, target: PushTarget, message: Message) -> None:
        self._send("push", target.endpoint, message.id, message.subject, message.body)


class Line(Ways):
    async def send(self, user: str, message: Message) -> None:
        self._send("line", user, message.id, message.subject, message.body)

    def is_genuine(self, body: bytes, signature: str) -> bool:
        return False


class Office:
    """A worker's world with our ways out."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession], clock: FixedClock) -> None:
        self.mail, self.push, self.line = Mail(), Push(), Line()
        services = Services(
            clock=clock, mailer=self.mail, signer=Signer("tests"), push=self.push, line=self.line
        )
        self.world = Outside(sessions, services, Settings(demo=True, base_url="http://t"))

    async def work(self) -> int:
        return await send_all(self.world)


@pytest.fixture
def office(sessions: async_sessionmaker[AsyncSession], clock: FixedClock) -> Office:
    return Office(sessions, clock)


async def test_several_notices_of_one_moment_are_one_message_with_the_worst_news_first(
    db: AsyncSession, world: World, office: Office, clock: FixedClock
) -> None:
    await tell(db, "nearby", world.hanako, key="n", subject="近くに新しい活動")
    clock.now += dt.timedelta(days=1)
    await tell(db, "partner", world.hanako, key="p", subject="届出")
    await tell(db, "signup", world.hanako, key="s")
    await tell(db, "signup", world.kenji, key="s")
    assert await office.work() == 2
    hers = next(one for one in office.mail.sent if one[1] == "hanako@example.jp")
    assert hers[3] == "【中止】春のごみ拾い ほか2件"
    for told in ("■ 近くに新しい活動", "■ 届出", "http://t/me/notices", "http://t/unsubscribe/"):
        assert told in hers[4], told
    found = await rows(db)
    assert {row.state for row in found} == {"sent"}
    assert len({row.digest_id for row in found if row.account_id == world.hanako.id}) == 1
    assert await office.work() == 0, "nothing goes twice"


async def test_nothing_is_sent_before_its_time(
    db: AsyncSession, world: World, office: Office, clock: FixedClock
) -> None:
    await tell(db, "nearby", world.hanako)
    assert await office.work() == 0
    clock.now += dt.timedelta(hours=24)
    assert await office.work() == 1


async def test_a_sealed_message_keeps_its_id_and_content_while_it_is_tried(
    db: AsyncSession, world: World, office: Office, clock: FixedClock
) -> None:
    await tell(db, "signup", world.hanako)
    office.mail.trouble["mail"] = NotNow("smtp 451")
    assert await office.work() == 1
    before = (await rows(db))[0]
    assert (before.state, before.attempts, before.problem) == ("waiting", 1, "smtp 451")
    assert before.due_at == clock() + dt.timedelta(minutes=1)
    assert await office.work() == 0, "not before a minute has passed"
    await tell(db, "signup", world.hanako, key="2", subject="また別")
    office.mail.trouble.clear()
    clock.now += dt.timedelta(minutes=1)
    assert await office.work() == 2
    assert {one[2] for one in office.mail.sent} == {row.digest_id for row in await rows(db)}
    assert office.mail.sent[0][3] != office.mail.sent[1][3]
    assert before.digest_id in {one[2] for one in office.mail.sent}


async def test_after_a_day_of_trying_it_is_dead_and_waits_for_the_staff(
    db: AsyncSession, world: World, office: Office, clock: FixedClock
) -> None:
    await tell(db, "signup", world.hanako)
    office.mail.trouble["mail"] = NotNow("smtp timeout")
    begin = clock.now
    tries = 0
    while (await rows(db))[0].state == "waiting":
        tries += await office.work()
        clock.now = max(clock.now, (await rows(db))[0].due_at)
        assert tries <= MOST_ATTEMPTS
    assert tries == MOST_ATTEMPTS
    assert dt.timedelta(hours=12) < clock.now - begin < dt.timedelta(hours=36)
    assert (await rows(db))[0].state == "dead"


async def test_a_mistake_of_ours_stops_nobody_else(
    db: AsyncSession, world: World, office: Office
) -> None:
    await subscribe(db, world.hanako)
    await tell(db, "signup", world.hanako)
    office.mail.trouble["mail"] = RuntimeError("a bug")
    await office.work()
    assert [one[0] for one in office.push.sent] == ["push"]
    problems = {row.channel: row.problem for row in await rows(db)}
    assert problems == {"mail": "RuntimeError", "push": ""}


async def test_refused_addresses_are_not_tried_again(
    db: AsyncSession, world: World, office: Office
) -> None:
    await tell(db, "signup", world.hanako)
    office.mail.trouble["mail"] = Refused("smtp 550")
    await office.work()
    assert (await rows(db))[0].state == "failed"
    assert await office.work() == 0


async def test_a_browser_or_line_user_that_is_gone_is_not_asked_again(
    db: AsyncSession, world: World, office: Office
) -> None:
    await subscribe(db, world.toyo)
    await link_line(db, world.toyo)
    await tell(db, "signup", world.toyo)
    office.push.trouble["push"] = Gone("push 410")
    office.line.trouble["line"] = Gone("line 404")
    await office.work()
    assert {row.state for row in await rows(db)} == {"failed"}
    db.expire_all()
    assert (await db.scalars(select(PushSubscription))).one().gone_at is not None
    assert (await db.scalars(select(LineLink))).one().line_user is None
    await db.refresh(world.toyo)
    await tell(db, "signup", world.toyo, key="2")
    assert len(await rows(db)) == 2, "no way is left but the inbox"


async def test_what_was_stopped_meanwhile_is_not_sent(
    db: AsyncSession, world: World, office: Office
) -> None:
    await tell(db, "signup", world.hanako)
    db.add(NoticeChoice(account_id=world.hanako.id, kind="signup", channel="mail", wanted=False))
    await db.commit()
    await office.work()
    assert office.mail.sent == []
    assert (await rows(db))[0].state == "dropped"


async def test_a_mail_carries_the_way_out_in_its_head(
    db: AsyncSession, world: World, office: Office
) -> None:
    await tell(db, "signup", world.hanako, subject="二行の\n件名")
    await office.work()
    head: Any = office.mail.headers[0]
    assert head["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert head["List-Unsubscribe"].startswith("<http://t/unsubscribe/")
    assert office.mail.sent[0][3] == "二行の 件名"


async def test_each_message_takes_the_same_few_statements(
    db: AsyncSession, world: World, office: Office, count_queries
) -> None:
    await tell(db, "signup", world.hanako, world.kenji, world.sato, world.kanri)
    with count_queries() as seen:
        assert await office.work() == 4
    assert len(seen) <= 1 + 4 * 3 + 4, "claim, load and mark for each; city, seals"


async def test_old_notices_are_forgotten_and_waiting_ones_kept(
    db: AsyncSession, world: World, office: Office, clock: FixedClock
) -> None:
    from types import SimpleNamespace

    await tell(db, "signup", world.hanako, key="read")
    await office.work()
    (await db.scalars(select(Notice))).one().read_at = clock()
    await db.commit()
    await tell(db, "signup", world.hanako, key="unsent")
    clock.now += dt.timedelta(days=100)
    await tell(db, "signup", world.hanako, key="new")
    context = SimpleNamespace(additional_context={"outside": office.world})
    for _n in range(2):
        await housekeeping.func(context, 0)  # type: ignore[arg-type]
    kept = sorted(await db.scalars(select(Notice.key)))
    assert kept == ["new", "unsent"]
