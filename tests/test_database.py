"""What the database itself refuses, whatever Python says."""

import datetime as dt

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from server.agreements.models import AgreementArea
from server.areas.models import Area, AreaVersion
from server.audit.actions import record
from tests import factories
from tests.personas import World

pytestmark = pytest.mark.anyio
DAY = dt.datetime(2026, 7, 1, 0, 0, tzinfo=dt.UTC)


async def test_one_live_agreement_per_partner_and_area(db: AsyncSession, world: World) -> None:
    first = (await db.execute(select(AgreementArea).limit(1))).scalar_one()
    db.add(
        AgreementArea(
            agreement_id=first.agreement_id,
            partner_id=first.partner_id,
            area_id=first.area_id,
            period=Range(first.period.lower + dt.timedelta(days=9), None),
        )
    )
    with pytest.raises(IntegrityError, match="ex_agreement_areas_one_live"):
        await db.flush()


async def test_same_area_may_be_shared_by_two_partners(db: AsyncSession, world: World) -> None:
    await factories.agreement(db, world.other_partner, [world.street], since=DAY.date())


async def test_capacity_holds_in_sql(db: AsyncSession, world: World) -> None:
    full = await factories.opportunity(db, world.partner, starts=DAY, capacity=1)
    await factories.signup(db, full, world.hanako)
    with pytest.raises(IntegrityError, match="no place is left"):
        await factories.signup(db, full, world.kenji)


async def test_capacity_cannot_drop_below_people(db: AsyncSession, world: World) -> None:
    one = await factories.opportunity(db, world.partner, starts=DAY, capacity=5)
    await factories.signup(db, one, world.hanako, people=3)
    one.capacity = 2
    with pytest.raises(IntegrityError, match="fewer places"):
        await db.flush()


@pytest.mark.parametrize(
    "wkt",
    [
        "POINT(141 42.3)",
        "LINESTRING EMPTY",
        "POLYGON((0 0,2 2,2 0,0 2,0 0))",
        "LINESTRING(42.3 141, 42.4 141.1)",
        "LINESTRING Z (141 42.3 5, 141.1 42.3 5)",
    ],
)
async def test_bad_shapes_are_refused(db: AsyncSession, world: World, wkt: str) -> None:
    with pytest.raises(DBAPIError):
        await factories.area(db, "だめな形", wkt=wkt)


async def test_area_versions_keep_old_shapes(db: AsyncSession, world: World) -> None:
    moved = DAY
    world.street.geom = f"SRID=4326;{factories.SHORE}"
    world.street.updated_at = moved
    await db.flush()
    await db.refresh(world.street)
    assert world.street.version == 2
    rows = (
        await db.execute(
            select(AreaVersion, func.ST_AsText(AreaVersion.geom).label("wkt"))
            .where(AreaVersion.area_id == world.street.id)
            .order_by(AreaVersion.version)
        )
    ).all()
    assert [r.wkt[:20] for r in rows] == ["LINESTRING(140.989 4", "LINESTRING(140.965 4"]
    assert rows[0].AreaVersion.valid_to == moved == rows[1].AreaVersion.valid_from
    assert rows[1].AreaVersion.valid_to is None


async def test_touching_an_area_without_change_makes_no_version(
    db: AsyncSession, world: World
) -> None:
    world.street.safety_notes = "波に注意"
    await db.flush()
    await db.refresh(world.street)
    assert world.street.version == 1


async def test_codes_are_given_by_the_database(db: AsyncSession, world: World) -> None:
    assert world.partner.code.startswith("MP-")
    assert world.street.code.startswith("A-")
    await db.execute(text("SELECT setval('area_code_seq', 12344)"))
    assert (await factories.area(db, "番号の大きい区域")).code == "A-12345"


async def test_lengths_are_metres(db: AsyncSession, world: World) -> None:
    plane = await db.scalar(
        select(func.ST_Length(func.ST_Transform(Area.geom, world.city.plane_srid))).where(
            Area.id == world.street.id
        )
    )
    assert plane == pytest.approx(world.street.length_m, rel=1e-3)
    assert 1_000 < world.street.length_m < 1_400


async def test_audit_only_grows(db: AsyncSession, world: World) -> None:
    record(db, None, "test.act", "test", "1")
    await db.flush()
    with pytest.raises((DBAPIError, OperationalError), match="never changed"):
        await db.execute(text("DELETE FROM audit_events"))
