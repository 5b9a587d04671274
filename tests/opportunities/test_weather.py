"""The call on the morning, reminders, and the warning of too few people."""

import datetime as dt

import httpx2
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts.models import Account
from server.opportunities import jobs
from server.opportunities.models import Opportunity, Signup, WaitlistEntry
from tests import factories
from tests.conftest import FixedClock
from tests.opportunities.kit import NOBODY, acts, one, told
from tests.personas import World

pytestmark = pytest.mark.anyio
HOURS = 24


@pytest.fixture
async def posted(db: AsyncSession, world: World, clock: FixedClock) -> Opportunity:
    """Tomorrow at ten, nearly full; はなこ comes with two, かなえ waits for a place."""
    row = await factories.opportunity(
        db, world.partner, starts=clock() + dt.timedelta(days=1), area_id=world.street.id,
        capacity=3, min_people=3, deadline_at=clock() + dt.timedelta(hours=20),
    )  # fmt: skip
    db.add(Signup(opportunity_id=row.id, account_id=world.hanako.id, people=2,
                  created_at=clock() - dt.timedelta(days=3)))  # fmt: skip
    db.add(WaitlistEntry(opportunity_id=row.id, account_id=world.kanae.id, people=2))
    await db.commit()
    return row


def later(posted: Opportunity, **changes: str) -> dict[str, str]:
    values = {"call": "postpone", "day": "2026-06-21", "starts": "13:00", "why": "大雨の予報",
              "sequence": str(posted.sequence)}  # fmt: skip
    return {**values, **changes}


async def test_it_goes_ahead_and_everybody_knows(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, posted: Opportunity,
    clock: FixedClock,
) -> None:  # fmt: skip
    await world.login(client, world.kenji)
    path = f"/opportunities/{posted.id}/weather"
    assert "予定どおり行う" in (await client.get(path)).text
    for _ in range(2):
        answer = await client.post(path, data={"call": "go", "note": "長ぐつでどうぞ"})
        assert answer.headers["location"] == f"/opportunities/{posted.id}"
    row = await one(db)
    assert (row.go_ahead_at, row.sequence) == (clock(), 0)
    notices = await told(db)
    assert {n.account_id for n in notices} == {world.hanako.id, world.kanae.id}
    assert len(notices) == 2 and all("長ぐつでどうぞ" in n.body for n in notices)
    assert "予定どおり行います" in (await client.get(f"/opportunities/{posted.id}")).text
    assert await acts(db) == ["opportunity.go_ahead"]


async def test_postponing_moves_everything_and_keeps_the_sign_ups(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, posted: Opportunity
) -> None:
    first, deadline = posted.starts_at, posted.deadline_at
    assert deadline
    await world.login(client, world.kenji)
    path, data = f"/opportunities/{posted.id}/weather", later(posted)
    for _ in range(2):  # the second is about a version that is no more
        assert (await client.post(path, data=data)).status_code == 303
    row = await one(db)
    new = dt.datetime(2026, 6, 21, 4, tzinfo=dt.UTC)
    assert (row.starts_at, row.ends_at) == (new, new + dt.timedelta(hours=1))
    assert (row.postponed_from, row.sequence, row.state) == (first, 1, "published")
    assert row.deadline_at == deadline + (new - first)
    assert await db.scalar(select(Signup.cancelled_at)) is None
    notices = await told(db)
    assert {n.account_id for n in notices} == {world.hanako.id, world.kanae.id}
    assert len(notices) == 2
    assert "【延期】" in notices[0].subject and "13:00–14:00" in notices[0].body
    again = later(row, day="2026-06-28")
    assert (await client.post(path, data=again)).status_code == 303
    row = await one(db)
    assert (row.postponed_from, row.sequence) == (first, 2)  # what the calendar said at first
    page = (await client.get(f"/opportunities/{posted.id}")).text
    assert "延期になりました" in page and "6月15日(月) 10:00" in page
    assert await acts(db) == ["opportunity.postpone"] * 2


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [("day", "", "日付を入れて"), ("day", "2026-06-13", "これからの日時"),
     ("starts", "x", "error-summary"), ("day", "9999-12-31", "2年より先")],
)  # fmt: skip
async def test_a_bad_day_is_explained(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, posted: Opportunity,
    field: str, value: str, message: str,
) -> None:  # fmt: skip
    await world.login(client, world.kenji)
    answer = await client.post(
        f"/opportunities/{posted.id}/weather", data=later(posted, **{field: value})
    )
    assert answer.status_code == 422 and message in answer.text and "大雨の予報" in answer.text
    assert (await one(db)).sequence == 0 and not await told(db)


async def test_the_same_moment_is_no_new_one(
    client: httpx2.AsyncClient, world: World, posted: Opportunity
) -> None:
    await world.login(client, world.kenji)
    same = later(posted, day="2026-06-15", starts="10:00")
    answer = await client.post(f"/opportunities/{posted.id}/weather", data=same)
    assert answer.status_code == 422 and "新しい日時" in answer.text


async def test_calling_off_tells_those_who_wait_too(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, posted: Opportunity
) -> None:
    await world.login(client, world.kenji)
    await client.post(f"/opportunities/{posted.id}/cancel", data={"reason": "大雨"})
    assert {n.account_id for n in await told(db)} == {world.hanako.id, world.kanae.id}
    assert await db.scalar(select(WaitlistEntry.ended_how)) == "closed"
    page = (await client.get(f"/opportunities/{posted.id}/weather")).text
    assert "もう中止" in page
    over = await client.post(f"/opportunities/{posted.id}/weather", data={"call": "go"})
    assert over.status_code == 409


async def test_who_may(client: httpx2.AsyncClient, world: World, posted: Opportunity) -> None:
    path = f"/opportunities/{posted.id}/weather"
    assert (await client.get(path)).headers["location"] == f"/login?next={path}"
    for person, status in ((world.hanako, 403), (world.kanae, 403), (world.yosomono, 404),
                           (world.toyo, 200), (world.sato, 200)):  # fmt: skip
        await world.login(client, person)
        assert (await client.get(path)).status_code == status
        if status != 200:
            assert (await client.post(path, data={"call": "go"})).status_code == status
    assert (await client.get(f"/opportunities/{NOBODY}/weather")).status_code == 404


async def _people(db: AsyncSession, kind: str) -> set[str]:
    ids = [n.account_id for n in await told(db) if n.kind == kind]
    return set(await db.scalars(select(Account.display_name).where(Account.id.in_(ids))))


async def test_a_reminder_goes_out_once_and_again_after_a_move(
    db: AsyncSession, world: World, posted: Opportunity, clock: FixedClock
) -> None:
    db.add(Signup(opportunity_id=posted.id, account_id=world.toyo.id, created_at=clock()))
    await db.commit()
    clock.now += dt.timedelta(minutes=10)  # とよさん signs up later than the reminder is due
    assert [await jobs.remind(db, HOURS) for _ in range(2)] == [2, 0]
    clock.now -= dt.timedelta(hours=1)
    assert await _people(db, "reminder") == {"見本はなこ", "見本とよ"}
    posted.sequence += 1
    await db.flush()
    clock.now += dt.timedelta(hours=1)
    assert await jobs.remind(db, HOURS) == 2


async def test_nobody_is_reminded_too_early_or_of_what_is_off(
    db: AsyncSession, world: World, posted: Opportunity, clock: FixedClock
) -> None:
    clock.now -= dt.timedelta(hours=1)
    assert await jobs.remind(db, HOURS) == 0
    clock.now += dt.timedelta(hours=30)
    assert await jobs.remind(db, HOURS) == 0  # it has begun


async def test_hosts_hear_once_that_too_few_come(
    db: AsyncSession, world: World, posted: Opportunity, clock: FixedClock
) -> None:
    clock.now -= dt.timedelta(hours=5)
    assert await jobs.warn_of_few(db) == 0  # the deadline is more than a day away
    clock.now += dt.timedelta(hours=5)
    assert [await jobs.warn_of_few(db) for _ in range(2)] == [1, 0]
    assert await _people(db, "partner") == {"見本けんじ", "見本とよ"}
    assert "2人で、最少人数の3人" in (await told(db))[0].body


async def test_enough_people_are_no_news(
    db: AsyncSession, world: World, posted: Opportunity
) -> None:
    db.add(Signup(opportunity_id=posted.id, account_id=world.toyo.id))
    await db.flush()
    assert await jobs.warn_of_few(db) == 0
