"""「近くに新しい活動」: who is told of what, in one statement."""

import datetime as dt

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts.models import Account
from server.matching.models import SavedSearch
from server.notices import nearby, ways
from server.notices.models import Notice
from tests import factories
from tests.conftest import FixedClock
from tests.notices.kit import rows
from tests.personas import World

pytestmark = pytest.mark.anyio
FAR = (141.02, 42.35)


async def search(
    db: AsyncSession, who: Account, clock: FixedClock, *, whole_city: bool = False, **fields: object
) -> SavedSearch:
    lon, lat = factories.BOKOI
    row = SavedSearch(
        account_id=who.id, label="母恋駅", radius_m=0 if whole_city else 2000,
        point=None if whole_city else f"SRID=4326;POINT({lon} {lat})", created_at=clock(),
        told_until=clock(), **fields,
    )  # fmt: skip
    db.add(row)
    await db.flush()
    return row


async def published(db: AsyncSession, clock: FixedClock, **fields: object) -> None:
    """A new activity, next Sunday morning unless said otherwise."""
    clock.now += dt.timedelta(minutes=1)
    starts = fields.pop("starts", clock.now.replace(hour=9, minute=0) + dt.timedelta(days=7))
    await factories.opportunity(db, None, starts=starts, published_at=clock(), **fields)  # type: ignore[arg-type]
    clock.now += dt.timedelta(minutes=1)


async def told(db: AsyncSession) -> list[str]:
    count = await nearby.tell_nearby(db)
    await db.commit()
    names = sorted(await db.scalars(select(Notice.subject)))
    assert count <= len(names)
    return names


async def test_told_once_of_what_is_new_and_near(
    db: AsyncSession, world: World, clock: FixedClock
) -> None:
    await published(db, clock, title="前からある")
    await search(db, world.hanako, clock)
    await search(db, world.hanako, clock, whole_city=True, works=["flowerbed"])
    await published(db, clock, title="近い")
    await published(db, clock, title="遠い", at=FAR)
    await published(db, clock, title="下書き", state="draft")
    assert await told(db) == ["近くに新しい活動: 近い"]
    notice = (await db.scalars(select(Notice))).one()
    assert "2026年6月21日(日) 9:00" in notice.body
    assert "さがしている条件: 母恋駅" in notice.body
    assert notice.path.startswith("/opportunities/")
    assert [row.channel for row in await rows(db)] == ["mail"]
    assert len(await told(db)) == 1, "nothing is told twice"
    await published(db, clock, title="また近い")
    assert len(await told(db)) == 2


@pytest.mark.parametrize(
    ("fields", "wishes", "fits"),
    [
        ({}, {"works": ["litter"]}, True),
        ({}, {"works": ["flowerbed"]}, False),
        ({}, {"weekdays": ["7"], "bands": ["morning"]}, True),
        ({}, {"weekdays": ["6"]}, False),
        ({}, {"bands": ["evening"]}, False),
        ({}, {"children_ok": True}, False),
        ({"children_ok": True}, {"children_ok": True}, True),
        ({}, {"step_free": True}, False),
        ({}, {"empty_handed_ok": True}, False),
        ({"empty_handed_ok": True, "step_free": True},
         {"empty_handed_ok": True, "step_free": True}, True),
        ({"at": FAR}, {"whole_city": True}, True),
    ],
)  # fmt: skip
async def test_wishes(
    db: AsyncSession, world: World, clock: FixedClock, fields: dict[str, object],
    wishes: dict[str, object], fits: bool,
) -> None:  # fmt: skip
    await search(db, world.hanako, clock, **wishes)  # type: ignore[arg-type]
    await published(db, clock, **fields)
    assert bool(await told(db)) == fits


async def test_nobody_is_told_of_the_own_activity(
    db: AsyncSession, world: World, clock: FixedClock
) -> None:
    await search(db, world.kenji, clock)
    await search(db, world.hanako, clock)
    clock.now += dt.timedelta(minutes=1)
    await factories.opportunity(
        db, world.partner, starts=clock.now + dt.timedelta(days=3), published_at=clock(),
        created_by=world.hanako.id,
    )  # fmt: skip
    assert await told(db) == []


MANY = """
WITH people AS (
  INSERT INTO accounts (id, email, display_name, created_at)
  SELECT gen_random_uuid(), 'm' || n || '@example.jp', '見本', now() FROM generate_series(1, 2000) n
  RETURNING id)
INSERT INTO saved_searches (id, account_id, label, point, radius_m, works, weekdays, bands,
  children_ok, empty_handed_ok, step_free, created_at, told_until)
SELECT gen_random_uuid(), id, '', ST_SetSRID(ST_MakePoint(140.9 + random() * 0.15,
       42.29 + random() * 0.12), 4326), 1000, '{}', '{}', '{}', false, false, false, :now, :now
  FROM people"""
ACTIVITIES = """
INSERT INTO opportunities (id, title, description, works, starts_at, ends_at, meeting_place,
  meeting_point, capacity, children_ok, empty_handed_ok, step_free, bring, safety_notes, state,
  cancel_reason, sequence, created_at, updated_at, published_at)
SELECT gen_random_uuid(), '見本 ' || n, '', '{litter}', :now + interval '5 days',
       :now + interval '5 days 1 hour', '見本', ST_SetSRID(ST_MakePoint(140.9 + random() * 0.15,
       42.29 + random() * 0.12), 4326), 10, false, false, false, '', '', 'published', '', 0, :now,
       :now, CASE WHEN n <= 200 THEN :now ELSE :now - interval '9 days' END
  FROM generate_series(1, 4000) n"""


async def test_two_thousand_searches_and_two_hundred_activities_are_two_statements(
    db: AsyncSession, world: World, clock: FixedClock, count_queries
) -> None:
    await db.execute(text(MANY), {"now": clock()})
    clock.now += dt.timedelta(minutes=1)
    await db.execute(text(ACTIVITIES), {"now": clock()})
    await db.execute(text("ANALYZE accounts, saved_searches, opportunities"))
    clock.now += dt.timedelta(minutes=1)
    values = {
        **ways.values(await _city(db), clock()), "noon": nearby.NOON, "evening": nearby.EVENING
    }  # fmt: skip
    plan = await db.execute(
        text(f"EXPLAIN WITH {nearby.MATCH.rstrip().rstrip(',')} SELECT count(*) FROM matched"),
        values,
    )
    lines = "\n".join(str(row[0]) for row in plan)
    assert "ix_saved_searches_point_geog" in lines, lines
    assert "ix_opportunities_published" in lines, lines
    with count_queries() as seen:
        count = await nearby.tell_nearby(db)
    assert len(seen) == 2, seen.statements
    assert count > 1000
    assert len(await rows(db)) == count


async def _city(db: AsyncSession):  # type: ignore[no-untyped-def]
    from server.citysettings.queries import load_city

    return await load_city(db)
