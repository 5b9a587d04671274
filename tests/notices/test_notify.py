"""Who is told by which way and when; how many statements it takes."""

import datetime as dt

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts.models import Account
from server.notices.models import Notice, NoticeChoice, NoticeSettings
from tests.conftest import JST, FixedClock
from tests.notices.kit import link_line, rows, subscribe, tell
from tests.personas import World

pytestmark = pytest.mark.anyio


def at(text: str) -> dt.datetime:
    """A moment of the week of the fixed clock (2026-06-14 is a Sunday), city time."""
    return dt.datetime.fromisoformat(f"2026-06-{text}").replace(tzinfo=JST)


async def queued(db: AsyncSession) -> int:
    jobs = "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'notices:send_due'"
    return int((await db.execute(text(jobs))).scalar_one())


async def test_told_once_by_every_way_there_is(db: AsyncSession, world: World) -> None:
    browser = await subscribe(db, world.hanako)
    await subscribe(db, world.hanako, 2)
    await link_line(db, world.toyo)
    for _ in range(2):
        await tell(db, "signup", world.hanako, world.toyo)
    found = {(row.account_id, row.channel, row.target) for row in await rows(db)}
    assert len(found) == len(await rows(db)) == 4
    assert (world.hanako.id, "mail", "") in found
    assert (world.hanako.id, "push", str(browser.id)) in found
    assert (world.toyo.id, "line", "") in found, "no address, but LINE"
    assert await db.scalar(select(func.count()).select_from(Notice)) == 2
    assert await queued(db) == 1, "the second call told nobody"


async def test_disabled_accounts_are_told_nothing(db: AsyncSession, world: World) -> None:
    world.hanako.disabled_at = at("01 10:00")
    await db.flush()
    await tell(db, "signup", world.hanako)
    assert await db.scalar(select(func.count()).select_from(Notice)) == 0


async def test_what_somebody_does_not_want_stays_in_the_inbox(
    db: AsyncSession, world: World
) -> None:
    db.add(NoticeChoice(account_id=world.hanako.id, kind="nearby", channel="mail", wanted=False))
    await db.flush()
    await tell(db, "nearby", world.hanako)
    await tell(db, "signup", world.hanako, key="2")
    assert [row.kind for row in await rows(db)] == ["signup"], "the bad news still come"
    assert await db.scalar(select(func.count()).select_from(Notice)) == 2


async def test_announcements_do_not_buzz_unless_asked(db: AsyncSession, world: World) -> None:
    await subscribe(db, world.hanako)
    await tell(db, "announcement", world.hanako)
    assert [row.channel for row in await rows(db)] == ["mail"]
    db.add(
        NoticeChoice(account_id=world.hanako.id, kind="announcement", channel="push", wanted=True)
    )
    await db.flush()
    await tell(db, "announcement", world.hanako, key="2")
    assert sorted(row.channel for row in await rows(db)) == ["mail", "mail", "push"]


@pytest.mark.parametrize(
    ("kind", "clock_at", "settings", "pressing", "due"),
    [
        ("signup", "14 10:00", {}, False, "14 10:00"),
        ("signup", "14 22:30", {}, False, "15 07:00"),
        ("signup", "15 03:00", {}, False, "15 07:00"),
        ("signup", "15 06:59", {}, True, "15 06:59"),
        ("offer", "15 03:00", {}, False, "15 03:00"),
        ("signup", "14 21:00", {}, False, "15 07:00"),
        ("signup", "15 07:00", {}, False, "15 07:00"),
        ("help", "14 13:00", {"quiet_from": dt.time(12), "quiet_to": dt.time(14)}, False,
         "14 14:00"),
        ("help", "14 23:00", {"quiet_from": dt.time(12), "quiet_to": dt.time(14)}, False,
         "14 23:00"),
        ("help", "14 23:00", {"quiet_from": dt.time(0), "quiet_to": dt.time(0)}, False,
         "14 23:00"),
        ("nearby", "14 07:00", {}, False, "14 07:30"),
        ("nearby", "14 07:30", {}, False, "15 07:30"),
        ("nearby", "14 10:00", {"rhythm": "now"}, False, "14 10:00"),
        ("nearby", "14 23:00", {"rhythm": "now"}, False, "15 07:00"),
        ("announcement", "14 10:00", {"rhythm": "weekly"}, False, "15 07:30"),
        ("announcement", "15 07:31", {"rhythm": "weekly"}, False, "22 07:30"),
        ("announcement", "16 10:00", {"rhythm": "weekly"}, False, "22 07:30"),
        ("announcement", "16 10:00", {"rhythm": "weekly"}, True, "16 10:00"),
        ("nearby", "14 10:00", {"quiet_from": dt.time(7), "quiet_to": dt.time(9)}, False,
         "15 09:00"),
    ],
)  # fmt: skip
async def test_when(
    db: AsyncSession, world: World, clock: FixedClock, kind: str, clock_at: str,
    settings: dict[str, object], pressing: bool, due: str,
) -> None:  # fmt: skip
    clock.now = at(clock_at)
    if settings:
        db.add(NoticeSettings(account_id=world.hanako.id, **settings))
        await db.flush()
    await tell(db, kind, world.hanako, pressing=pressing)
    assert [row.due_at for row in await rows(db)] == [at(due)]
    assert await queued(db) == (due == clock_at), "a job only for what is due now"


async def test_three_hundred_people_take_two_statements(
    db: AsyncSession, world: World, count_queries
) -> None:
    crowd = [Account(display_name=f"見本{n}", email=f"n{n}@example.jp") for n in range(300)]
    db.add_all(crowd)
    await db.flush()
    numbers = []
    for key, people in (("few", crowd[:3]), ("all", crowd)):
        with count_queries() as seen:
            await tell(db, "signup", *people, key=key)
        numbers.append(len(seen))
    assert numbers[0] == numbers[1] <= 2, numbers
    assert len(await rows(db)) == 303
    assert await queued(db) == 2
