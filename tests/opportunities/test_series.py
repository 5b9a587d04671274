"""Repeating activities: the days of a rule, and what is done to one, some or all of them."""

import datetime as dt
from zoneinfo import ZoneInfo

import httpx2
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from server.opportunities.models import Opportunity, OpportunitySeries, OpportunitySlot
from server.opportunities.series import Repeat, days_of, parse_days, rule_of
from tests import factories
from tests.conftest import FixedClock
from tests.opportunities.kit import NEW, NOBODY, acts, filled, rows, told
from tests.personas import World

pytestmark = pytest.mark.anyio
TOKYO = ZoneInfo("Asia/Tokyo")
SATURDAY = dt.date(2026, 6, 20)


def days(rhythm: str, first: dt.date = SATURDAY, **more: object) -> list[str]:
    repeat = Repeat(rhythm, **more)  # type: ignore[arg-type]
    return [f"{d:%m-%d}" for d in days_of(rule_of(repeat, first), first, repeat.exceptions)]


@pytest.mark.parametrize(
    ("rhythm", "more", "expected"),
    [
        ("weekly", {"times": 3}, ["06-20", "06-27", "07-04"]),
        ("weekly", {"until": dt.date(2026, 7, 4)}, ["06-20", "06-27", "07-04"]),
        ("biweekly", {"until": dt.date(2026, 7, 18)}, ["06-20", "07-04", "07-18"]),
        ("monthly", {"times": 3}, ["06-20", "07-18", "08-15"]),  # the third Saturday
        ("monthly", {"times": 3, "first": dt.date(2026, 5, 30)}, ["05-30", "06-27", "07-25"]),
        ("weekly", {"times": 3, "exceptions": (dt.date(2026, 6, 27),)}, ["06-20", "07-04"]),
    ],
)
def test_the_days_of_a_rule(rhythm: str, more: dict[str, object], expected: list[str]) -> None:
    assert days(rhythm, **more) == expected  # type: ignore[arg-type]


def test_days_as_people_write_them() -> None:
    assert parse_days("2026/8/15、2026-08-22\n2026.9.5") == (
        dt.date(2026, 8, 15), dt.date(2026, 8, 22), dt.date(2026, 9, 5),
    )  # fmt: skip
    with pytest.raises(ValueError, match="invalid literal"):
        parse_days("お盆")


async def post(client: httpx2.AsyncClient, world: World, **changes: object) -> str:
    more = {"rhythm": "weekly", "times": "4", "exceptions": "2026/6/27", **changes}
    data = filled(world, deadline_day="2026-06-19", **more)
    first, second = [await client.post(NEW, data=data) for _ in range(2)]
    assert first.status_code == second.status_code == 303
    assert first.headers["location"] == second.headers["location"]
    return first.headers["location"]


async def test_all_days_are_made_at_once(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    await world.login(client, world.kenji)
    path = await post(client, world)
    made = await rows(db)
    assert [f"{r.starts_at.astimezone(TOKYO):%m-%d %H:%M}" for r in made] == [
        "06-20 09:00", "07-04 09:00", "07-11 09:00",
    ]  # fmt: skip
    assert [r.occurrence_on for r in made] == [r.starts_at.astimezone(TOKYO).date() for r in made]
    assert {r.starts_at - r.deadline_at for r in made if r.deadline_at} == {dt.timedelta(hours=16)}
    assert len({r.series_id for r in made}) == 1
    [series] = await db.scalars(select(OpportunitySeries))
    assert series.exceptions == [dt.date(2026, 6, 27)] and "WEEKLY" in series.rrule
    assert path == f"/partner/series/{series.id}"
    page = (await client.get(path)).text
    assert "これからの日(3)" in page and "2026年7月4日(土)" in page
    assert await acts(db) == ["series.create"]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("times", "61", "2回から60回"), ("times", "1", "2回から60回"),
        ("exceptions", "お盆", "日付を読み取れません"), ("rhythm", "daily", "error-summary"),
    ],
)  # fmt: skip
async def test_a_bad_rule_is_explained(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, field: str, value: str, message: str
) -> None:
    await world.login(client, world.kenji)
    data = filled(world, **{"rhythm": "weekly", "times": "4", field: value})
    answer = await client.post(NEW, data=data)
    assert answer.status_code == 422 and message in answer.text
    assert '<details class="disclosure" open' in answer.text and not await rows(db)


@pytest.mark.parametrize(
    ("until", "message"),
    [("", "いつまでか、回数を"), ("2026-06-21", "2回以上になりません"), ("2028-01-01", "60回まで")],
)
async def test_a_rule_ends(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, until: str, message: str
) -> None:
    await world.login(client, world.kenji)
    answer = await client.post(NEW, data=filled(world, rhythm="weekly", until=until))
    assert answer.status_code == 422 and message in answer.text and not await rows(db)


@pytest.fixture
async def series(client: httpx2.AsyncClient, world: World, db: AsyncSession) -> str:
    """Three Saturdays; はなこ comes to the second. けんじ is logged in."""
    await world.login(client, world.kenji)
    path = await post(client, world)
    await factories.signup(db, (await rows(db))[1], world.hanako, people=2)
    await db.commit()
    return path


def follow(**changes: str) -> dict[str, str]:
    values = {"verb": "follow", "start": "2026-07-04", "title": "朝のごみ拾い", "starts": "9:00",
              "ends": "10:30", "meeting_place": "浜の入口", "bring": "",
              "description": ""}  # fmt: skip
    return {**values, **changes}


async def test_words_change_quietly_times_do_not(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, series: str
) -> None:
    assert (await client.post(series, data=follow())).headers["location"] == series
    made = await rows(db)
    assert [r.title for r in made] == ["浜のごみ拾い", "朝のごみ拾い", "朝のごみ拾い"]
    assert [r.sequence for r in made] == [0, 1, 1] and not await told(db)
    db.add(OpportunitySlot(opportunity_id=made[1].id, label="前半", capacity=3,
                           starts_at=made[1].starts_at, ends_at=made[1].ends_at))  # fmt: skip
    await db.commit()
    assert (await client.post(series, data=follow(starts="7:00", ends="8:00"))).status_code == 303
    made = await rows(db)
    local = [f"{r.starts_at.astimezone(TOKYO):%m-%d %H:%M}" for r in made]
    assert local == ["06-20 09:00", "07-04 07:00", "07-11 07:00"]
    assert made[1].deadline_at == made[1].starts_at - dt.timedelta(hours=16)
    slot = select(OpportunitySlot.starts_at)
    assert await db.scalar(slot) == made[1].starts_at
    [notice] = await told(db)
    assert notice.account_id == world.hanako.id and "7:00–8:00" in notice.body
    assert (await acts(db)).count("series.change") == 2


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [("title", "", "入力してください"), ("ends", "8:00", "始まりより後"),
     ("starts", "", "時刻を入れて"), ("start", "いつか", "日付を読み取れません")],
)  # fmt: skip
async def test_bad_changes_are_explained(
    client: httpx2.AsyncClient, db: AsyncSession, series: str, field: str, value: str, message: str
) -> None:
    answer = await client.post(series, data=follow(**{"bring": "のこる持ち物", field: value}))
    assert answer.status_code == 422 and message in answer.text and "のこる持ち物" in answer.text
    assert {r.sequence for r in await rows(db)} == {0}


async def test_a_day_falls_out(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, series: str
) -> None:
    first, second, _ = await rows(db)
    page = (await client.get(f"{series}?drop={second.id}")).text
    assert "2人が申し込んでいます" in page
    drop = {"verb": "drop", "day": str(second.id), "reason": ""}
    refused = await client.post(series, data=drop)
    assert refused.status_code == 422 and "理由を書いてください" in refused.text
    assert (await client.post(series, data={**drop, "reason": "お盆"})).status_code == 303
    assert (await client.post(series, data={**drop, "day": str(first.id)})).status_code == 303
    assert [r.state for r in await rows(db)] == ["cancelled", "cancelled", "published"]
    [notice] = await told(db)
    assert notice.account_id == world.hanako.id and "お盆" in notice.body
    exceptions = await db.scalar(select(OpportunitySeries.exceptions))
    assert sorted(exceptions or []) == [SATURDAY, dt.date(2026, 6, 27), dt.date(2026, 7, 4)]


async def test_the_end_of_a_series(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, series: str, clock: FixedClock
) -> None:
    clock.now += dt.timedelta(days=7)  # the first day is over
    await world.login(client, world.kenji)
    refused = await client.post(series, data={"verb": "end", "reason": ""})
    assert refused.status_code == 422
    for _ in range(2):
        done = await client.post(series, data={"verb": "end", "reason": "代表の引っこしのため"})
        assert done.status_code == 303
    assert [r.state for r in await rows(db)] == ["published", "cancelled", "cancelled"]
    assert (await acts(db)).count("series.end") == 1 and len(await told(db)) == 1


async def test_one_day_moves_alone_and_keeps_its_place_in_the_rule(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, series: str
) -> None:
    first = (await rows(db))[0]
    path = f"/opportunities/{first.id}/edit"
    assert "この日だけを直します" in (await client.get(path)).text
    assert (await client.post(path, data=filled(world, day="2026-06-21"))).status_code == 303
    moved = (await rows(db))[0]
    assert moved.starts_at.astimezone(TOKYO).day == 21 and moved.occurrence_on == SATURDAY


async def test_drafts_of_a_series_go_public_together(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    await world.login(client, world.kenji)
    path = await post(client, world, save="draft")
    assert {r.state for r in await rows(db)} == {"draft"}
    assert "下書きが3日あります" in (await client.get(path)).text
    for _ in range(2):
        assert (await client.post(path, data={"verb": "publish"})).status_code == 303
    assert {r.state for r in await rows(db)} == {"published"}


async def test_who_may(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, series: str
) -> None:
    client.cookies.clear()
    assert (await client.get(series)).headers["location"] == f"/login?next={series}"
    for person, status in ((world.hanako, 403), (world.yosomono, 404), (world.sato, 200)):
        await world.login(client, person)
        assert (await client.get(series)).status_code == status
        if status != 200:
            assert (await client.post(series, data={"verb": "end"})).status_code == status
    for data in ({"verb": "x"}, {"verb": "drop", "day": str(NOBODY), "reason": "x"}):
        assert (await client.post(series, data=data)).status_code == 404
    assert (await client.get(f"/partner/series/{NOBODY}")).status_code == 404
    assert {r.state for r in await rows(db)} == {"published"}


async def test_nine_o_clock_stays_nine_o_clock(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, clock: FixedClock
) -> None:
    """A city whose clocks change: the rule follows the clock on the wall."""
    world.city.timezone = "Europe/Berlin"
    await db.commit()
    clock.now = dt.datetime(2026, 10, 1, tzinfo=dt.UTC)
    await world.login(client, world.kenji)
    data = filled(world, day="2026-10-18", rhythm="weekly", times="2")
    assert (await client.post(NEW, data=data)).status_code == 303
    made: list[Opportunity] = await rows(db)
    assert [r.starts_at.hour for r in made] == [7, 8]  # UTC: summer time, then winter time
