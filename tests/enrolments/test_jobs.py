"""The calendar moves cases on: once, each for itself, whatever day the worker comes back."""

import datetime as dt
from types import SimpleNamespace

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from server.citysettings.models import CitySetting
from server.enrolments import jobs, life
from server.enrolments.machine import ENROLMENT
from server.notices.mails import WrittenMail
from tests import factories
from tests.conftest import JST, START, FixedClock
from tests.enrolments.lifekit import (
    DAY,
    agreements_of,
    areas_of,
    audited,
    case_of,
    end_on,
    steps_of,
)
from tests.personas import World

pytestmark = pytest.mark.anyio
Sessions = async_sessionmaker[AsyncSession]
LAST = dt.date(2027, 3, 31)


def at(clock: FixedClock, day: dt.date, hour: int = 1) -> None:
    clock.now = dt.datetime.combine(day, dt.time(hour), JST)


@pytest.fixture
async def ending(db: AsyncSession, world: World) -> World:
    """The partner's agreement ends with the 年度, the other one's on 13 June 2027."""
    await end_on(db, world.partner, LAST)
    return world


async def test_the_task_runs_with_the_worker(sessions: Sessions, ending: World) -> None:
    context = SimpleNamespace(additional_context={"outside": SimpleNamespace(sessions=sessions)})
    await jobs.daily_life.func(context, 0)  # type: ignore[attr-defined]


async def test_a_year_goes_on_by_itself(
    sessions: Sessions, db: AsyncSession, ending: World, clock: FixedClock
) -> None:
    at(clock, dt.date(2027, 1, 29))
    assert await jobs.advance_all(sessions) == {}
    at(clock, dt.date(2027, 1, 30), hour=0)  # in winter, just after midnight on the city's clock
    assert await jobs.advance_all(sessions) == {"await_renewal": 1}
    assert await jobs.advance_all(sessions) == {}
    mails = (await db.execute(select(WrittenMail))).scalars().all()
    assert [mail.to_address for mail in mails] == ["kenji@example.jp"]
    assert "続けるかどうか" in mails[0].body

    at(clock, LAST - DAY)
    assert await jobs.advance_all(sessions) == {}
    at(clock, LAST)
    assert await jobs.advance_all(sessions) == {"renew": 1}
    assert await jobs.advance_all(sessions) == {}
    case = await case_of(db, ending.partner)
    assert case.state == "active"
    assert await steps_of(db, case.id) == [
        ("await_renewal", "renewal", "system"), ("renew", "active", "system"),
    ]  # fmt: skip
    assert [row[1:] for row in await agreements_of(db, ending.partner)][1:] == [
        (dt.date(2027, 4, 1), dt.date(2028, 4, 1))
    ]
    street = [r for r in await areas_of(db, ending.partner) if r[0] == ending.street.code]
    assert [row[2] for row in street] == [dt.date(2027, 4, 1), dt.date(2028, 4, 1)]
    actions = [one for one in await audited(db) if one.startswith("enrolment.")]
    assert actions == ["enrolment.await_renewal", "enrolment.renew"]


async def test_a_worker_that_was_away_leaves_no_gap(
    sessions: Sessions, db: AsyncSession, ending: World, clock: FixedClock
) -> None:
    at(clock, LAST + 10 * DAY)
    assert await jobs.advance_all(sessions) == {"await_renewal": 1, "renew": 1}
    rows = [row for row in await areas_of(db, ending.partner) if row[0] == ending.park.code]
    assert rows[0][2] == rows[1][1] == dt.date(2027, 4, 1)


async def test_without_auto_renewal_it_expires(
    sessions: Sessions, db: AsyncSession, ending: World, clock: FixedClock
) -> None:
    db.add(CitySetting(key="auto_renew", value=False, changed_at=START))
    await db.commit()
    at(clock, LAST)
    assert await jobs.advance_all(sessions) == {"await_renewal": 1}
    at(clock, LAST + DAY)
    assert await jobs.advance_all(sessions) == {"expire": 1}
    assert await jobs.advance_all(sessions) == {}
    case = await case_of(db, ending.partner)
    assert (case.state, case.ended_on) == ("expired", LAST + DAY)
    assert {row[2:] for row in await areas_of(db, ending.partner)} == {(LAST + DAY, "expired")}
    assert len(await agreements_of(db, ending.partner)) == 1


async def test_whoever_wished_to_go_on_does_not_expire(
    sessions: Sessions, db: AsyncSession, ending: World, clock: FixedClock
) -> None:
    db.add(CitySetting(key="auto_renew", value=False, changed_at=START))
    case = await case_of(db, ending.partner)
    await factories.bring_to(db, ENROLMENT, case, "renewal")
    await db.execute(text("UPDATE enrolments SET renewal_wished_on = :d WHERE id = :id"),
                     {"d": LAST - 9 * DAY, "id": case.id})  # fmt: skip
    await db.commit()
    at(clock, LAST + 10 * DAY)
    assert await jobs.advance_all(sessions) == {}
    assert (await case_of(db, ending.partner)).state == "renewal"


async def test_the_paused_are_asked_and_not_woken(
    sessions: Sessions, db: AsyncSession, ending: World, clock: FixedClock
) -> None:
    case = await case_of(db, ending.partner)
    await db.execute(
        text("UPDATE enrolments SET paused_from = '2026-12-01' WHERE id = :id"), {"id": case.id}
    )
    await factories.bring_to(db, ENROLMENT, case, "paused")
    await db.commit()
    at(clock, LAST)
    assert await jobs.advance_all(sessions) == {"await_renewal": 1}
    at(clock, LAST + DAY)
    assert await jobs.advance_all(sessions) == {"expire": 1}


async def test_a_change_under_way_goes_on_under_the_old_text(
    sessions: Sessions, db: AsyncSession, ending: World, clock: FixedClock
) -> None:
    case = await case_of(db, ending.partner)
    await factories.bring_to(db, ENROLMENT, case, "changing")
    await db.commit()
    at(clock, LAST)
    assert await jobs.advance_all(sessions) == {"keep_going": 1}
    assert await jobs.advance_all(sessions) == {}
    assert (await case_of(db, ending.partner)).state == "changing"
    assert len(await agreements_of(db, ending.partner)) == 2


async def test_the_first_day_begins(
    sessions: Sessions, db: AsyncSession, world: World, clock: FixedClock
) -> None:
    new = await factories.partner(db, "見本はじめの会")
    case = await factories.live_case(db, new)
    await db.execute(
        text("""INSERT INTO agreements (id, partner_id, enrolment_id, period, purpose, partner_role,
                  city_role, section, agreed_on, partner_confirmed_at, partner_confirmed_how,
                  city_confirmed_at, city_confirmed_how)
                VALUES (gen_random_uuid(), :p, :e, '[2026-07-01,2027-04-01)', '', '', '', '',
                  '2026-06-10', now(), 'paper', now(), 'paper')"""),
        {"p": new.id, "e": case.id},
    )
    await factories.bring_to(db, ENROLMENT, case, "agreed")
    await db.commit()
    at(clock, dt.date(2026, 6, 30), hour=23)
    assert await jobs.advance_all(sessions) == {}
    at(clock, dt.date(2026, 7, 1), hour=0)
    assert await jobs.advance_all(sessions) == {"begin": 1}
    assert await jobs.advance_all(sessions) == {}
    assert (await case_of(db, new)).state == "active"


async def test_one_bad_case_stops_nobody(
    sessions: Sessions, db: AsyncSession, ending: World, clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    await end_on(db, ending.other_partner, LAST)
    asked = life.await_renewal

    async def fails_for_one(db: AsyncSession, actor: None, case: life.CaseNow) -> None:
        await asked(db, actor, case)
        if case.partner_id == ending.partner.id:
            raise RuntimeError("broken")

    monkeypatch.setattr(life, "await_renewal", fails_for_one)
    at(clock, LAST - DAY)
    assert await jobs.advance_all(sessions) == {"await_renewal": 1}
    assert (await case_of(db, ending.partner)).state == "active"  # rolled back, tried again later
    assert (await case_of(db, ending.other_partner)).state == "renewal"
    monkeypatch.undo()
    assert await jobs.advance_all(sessions) == {"await_renewal": 1}
