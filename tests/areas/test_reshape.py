"""Splitting, merging and handing over: nobody loses an area, nothing of the past moves."""

import asyncio
import datetime as dt
import uuid

import pytest
from shapely import from_wkt
from shapely.geometry.base import BaseGeometry
from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncSession

from geo import reshape
from server.agreements.models import AgreementArea
from server.areas.handover import hand_over_area
from server.areas.models import Area, AreaLineage
from server.areas.reshape import Description, Piece, merge_areas, part_id, split_area
from server.audit.models import AuditEvent
from server.cleanups.models import Cleanup
from server.db.base import uuid7
from server.db.engine import make_engine, make_sessions
from server.errors import Conflict, Invalid
from server.jobs import make_jobs
from server.policy import Actor
from server.signs.machine import SIGN
from server.signs.models import Sign
from tests import factories
from tests.conftest import FixedClock
from tests.personas import World, create_world

pytestmark = pytest.mark.anyio
D = dt.date
TODAY = D(2026, 6, 14)
ALL = {"populate_existing": True}


def staff(world: World) -> Actor:
    return Actor(world.sato.id, "見本さとう", roles=frozenset({"staff"}))


def halves(wkt: str = factories.STREET) -> tuple[BaseGeometry, ...]:
    return reshape.split_at(from_wkt(wkt), [500])


async def split(db: AsyncSession, world: World, form: object = None) -> list[Area]:
    form_id = form or uuid7()
    pieces = [
        Piece(part_id(form_id, n), f"半分{n + 1}", shape)  # type: ignore[arg-type]
        for n, shape in enumerate(halves())
    ]
    codes = await split_area(db, staff(world), world.street.id, 1, pieces, TODAY)
    found = await db.scalars(select(Area).where(Area.code.in_(codes)).order_by(Area.code))
    return list(found)


HEIRS = text("""
WITH RECURSIVE line(id) AS (
    SELECT CAST(:area AS uuid)
     UNION
    SELECT l.to_area_id FROM line JOIN area_lineage l ON l.from_area_id = line.id)
SELECT a.code FROM line JOIN areas a ON a.id = line.id WHERE a.retired_on IS NULL
 ORDER BY length(a.code), a.code""")


async def living_heirs(db: AsyncSession, area_id: uuid.UUID) -> list[str]:
    """Codes of the areas in force that this one lives on in, itself if never reshaped."""
    return list((await db.scalars(HEIRS, {"area": area_id})).all())


async def rows(db: AsyncSession, area: Area) -> list[AgreementArea]:
    found = await db.scalars(
        select(AgreementArea)
        .where(AgreementArea.area_id == area.id)
        .order_by(AgreementArea.period)
        .execution_options(**ALL)
    )
    return list(found)


async def test_split(db: AsyncSession, world: World) -> None:
    done = await factories.cleanup(db, world.partner, world.street, day=D(2026, 6, 1))
    (before,) = await rows(db, world.street)
    east, west = before.period.upper, before.agreement_id
    first, second = await split(db, world)
    old = await db.get_one(Area, world.street.id, populate_existing=True)
    assert old.retired_on == TODAY
    assert first.length_m + second.length_m == pytest.approx(old.length_m, abs=0.1)
    assert (first.kind, first.manager, first.section) == (old.kind, old.manager, old.section)
    (cut,) = await rows(db, world.street)
    assert (cut.period.upper, cut.end_reason) == (TODAY, "reshaped")
    for part in (first, second):
        (row,) = await rows(db, part)
        assert (row.period, row.agreement_id) == (Range(TODAY, east), west)
        assert row.partner_id == world.partner.id
    # the report stays with the old area and the shape of its day
    kept = await db.get_one(Cleanup, done.id, populate_existing=True)
    assert (kept.area_id, kept.area_version) == (world.street.id, 1)
    lineage = (await db.scalars(select(AreaLineage))).all()
    assert {(x.from_area_id, x.to_area_id, x.kind) for x in lineage} == {
        (old.id, first.id, "split"), (old.id, second.id, "split"),
    }  # fmt: skip
    assert await living_heirs(db, old.id) == [first.code, second.code]
    event = (await db.scalars(select(AuditEvent))).one()
    assert (event.action, event.detail["into"]) == ("area.split", [first.code, second.code])


async def test_split_twice_by_the_same_form_is_once(db: AsyncSession, world: World) -> None:
    form_id = uuid7()
    first = await split(db, world, form_id)
    assert [a.id for a in await split(db, world, form_id)] == [a.id for a in first]
    with pytest.raises(Conflict):
        await split(db, world)


async def test_split_moves_rows_that_begin_later(db: AsyncSession, world: World) -> None:
    later = await factories.next_agreement(db, world.partner, D(2027, 6, 14), D(2028, 4, 1))
    db.add(
        AgreementArea(
            agreement_id=later.id, partner_id=world.partner.id, area_id=world.street.id,
            period=Range(D(2027, 6, 14), D(2028, 4, 1)),
        )
    )  # fmt: skip
    await db.flush()
    first, _second = await split(db, world)
    assert len(await rows(db, world.street)) == 1
    assert [row.period for row in await rows(db, first)] == [
        Range(TODAY, D(2027, 6, 14)), Range(D(2027, 6, 14), D(2028, 4, 1)),
    ]  # fmt: skip


async def test_split_of_a_row_that_begins_today(db: AsyncSession, world: World) -> None:
    await db.execute(
        update(AgreementArea)
        .where(AgreementArea.area_id == world.street.id)
        .values(period=Range(TODAY, None))
    )
    first, second = await split(db, world)
    assert await rows(db, world.street) == []
    for part in (first, second):
        assert [row.period for row in await rows(db, part)] == [Range(TODAY, None)]


async def test_activities_signs_and_wishes_follow_the_ground(
    db: AsyncSession, world: World, clock: FixedClock
) -> None:
    hour = dt.timedelta(hours=1)
    end = (140.9989, 42.3244)
    soon = await factories.opportunity(
        db, world.partner, starts=clock() + 24 * hour, at=end, area_id=world.street.id
    )
    past = await factories.opportunity(
        db, world.partner, starts=clock() - 48 * hour, at=end, area_id=world.street.id
    )
    sign = Sign(
        partner_id=world.partner.id, area_id=world.street.id, wished_wording="見本",
        point="SRID=4326;POINT(140.9891 42.3171)",
    )  # fmt: skip
    db.add(sign)
    await db.flush()
    await factories.bring_to(db, SIGN, sign, "wished")
    first, second = await split(db, world)
    for row in (soon, past, sign):
        await db.refresh(row)
    assert soon.area_id == second.id
    assert past.area_id == world.street.id
    assert sign.area_id == first.id


async def test_split_refuses_a_shape_that_changed(db: AsyncSession, world: World) -> None:
    pieces = [Piece(uuid7(), "x", shape) for shape in halves()]
    with pytest.raises(Conflict, match="形が変わりました"):
        await split_area(db, staff(world), world.street.id, 7, pieces, TODAY)


SAID = Description("まとめた道", "", "city_road", "city", "土木課維持係", None, None, "")


async def test_merge_keeps_every_partner_for_its_longest_time(
    db: AsyncSession, world: World
) -> None:
    first, second = await split(db, world)
    agreement = (await rows(db, first))[0]
    await db.execute(
        update(AgreementArea)
        .where(AgreementArea.area_id == first.id)
        .values(period=Range(TODAY, D(2026, 9, 1)))
    )
    other = await factories.next_agreement(db, world.other_partner, D(2026, 1, 1), D(2026, 12, 1))
    db.add(
        AgreementArea(
            agreement_id=other.id, partner_id=world.other_partner.id, area_id=second.id,
            period=Range(D(2026, 8, 1), D(2026, 12, 1)),
        )
    )  # fmt: skip
    await db.flush()
    end = (await rows(db, second))[0].period.upper
    whole = Piece(uuid7(), SAID.name, reshape.merge(halves()).shape)
    versions = {first.id: 1, second.id: 1}
    code = await merge_areas(
        db, staff(world), [second.id, first.id], versions, whole, SAID, TODAY
    )  # fmt: skip
    merged = (await db.scalars(select(Area).where(Area.code == code))).one()
    await db.refresh(world.street)
    assert merged.length_m == pytest.approx(world.street.length_m, abs=0.1)
    held = {(r.partner_id, r.agreement_id): r.period for r in await rows(db, merged)}
    assert held == {
        (world.partner.id, agreement.agreement_id): Range(TODAY, end),
        (world.other_partner.id, other.id): Range(D(2026, 8, 1), D(2026, 12, 1)),
    }
    assert await living_heirs(db, world.street.id) == [code]
    again = await merge_areas(
        db, staff(world), [first.id, second.id], versions, whole, SAID, TODAY
    )  # fmt: skip
    assert again == code


async def test_hand_over(db: AsyncSession, world: World) -> None:
    mine, theirs = world.partner.code, world.other_partner.code
    day = TODAY + dt.timedelta(10)
    await hand_over_area(db, staff(world), world.street.id, mine, theirs, day, "高齢のため")
    kept, new = await rows(db, world.street)
    assert (kept.partner_id, kept.period.upper, kept.end_reason) == (
        world.partner.id, day, "handed_over",
    )  # fmt: skip
    assert (new.partner_id, new.period.lower) == (world.other_partner.id, day)
    agreement_end = await db.scalar(
        text("SELECT upper(period) FROM agreements WHERE id = :id"), {"id": new.agreement_id}
    )
    assert new.period.upper == agreement_end
    event = (await db.scalars(select(AuditEvent))).one()
    assert (event.action, event.detail["taker"]) == ("area.hand_over", theirs)
    await hand_over_area(db, staff(world), world.street.id, mine, theirs, day, "")
    assert len(await rows(db, world.street)) == 2
    assert len((await db.scalars(select(AuditEvent))).all()) == 1


async def test_hand_over_goes_on_through_the_next_agreement(db: AsyncSession, world: World) -> None:
    first = (await rows(db, world.other_area))[0].period
    assert first.upper
    await factories.next_agreement(db, world.other_partner, first.upper, None)
    await hand_over_area(
        db, staff(world), world.street.id, world.partner.code, world.other_partner.code, TODAY, ""
    )
    periods = [r.period for r in await rows(db, world.street)][1:]
    assert periods == [Range(TODAY, first.upper), Range(first.upper, None)]


async def test_hand_over_needs_an_agreement(db: AsyncSession, world: World) -> None:
    mine, theirs = world.partner.code, world.other_partner.code
    far = D(2031, 1, 1)
    with pytest.raises(Invalid, match="有効な合意がありません"):
        await hand_over_area(db, staff(world), world.street.id, mine, theirs, far, "")
    with pytest.raises(Invalid, match="担当ではありません"):
        await hand_over_area(db, staff(world), world.other_area.id, mine, theirs, TODAY, "")
    with pytest.raises(Invalid):
        await hand_over_area(db, staff(world), world.street.id, mine, "MP-9999", TODAY, "")


async def test_two_people_split_at_once(database_url: str, clock: FixedClock) -> None:
    """One wins, the other is told; the partner holds each part exactly once."""
    engine = make_engine(database_url, pool_size=3)
    jobs = make_jobs(database_url)
    sessions = make_sessions(engine, clock=clock, jobs=jobs)
    try:
        async with sessions() as db, db.begin():
            world = await create_world(db, clock())
            street = world.street.id

        async def one() -> str:
            pieces = [Piece(uuid7(), f"半分{n}", shape) for n, shape in enumerate(halves())]
            try:
                async with sessions() as db, db.begin():
                    await split_area(db, staff(world), street, 1, pieces, TODAY)
            except Conflict:
                return "told"
            return "won"

        assert sorted(await asyncio.gather(one(), one())) == ["told", "won"]
        async with sessions() as db:
            heirs = await living_heirs(db, street)
            assert len(heirs) == 2
            held = select(AgreementArea).join(Area, Area.id == AgreementArea.area_id)
            held = held.where(Area.code.in_(heirs))
            assert len((await db.scalars(held)).all()) == 2
    finally:
        await engine.dispose()
