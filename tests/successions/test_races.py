"""Two officers at once: one step is taken, the other is told; nobody holds an area twice."""

import asyncio
import datetime as dt
import uuid

import pytest
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from server.agreements.models import AgreementArea
from server.citysettings.queries import load_city
from server.citysettings.registry import CityRules
from server.db.base import uuid7
from server.db.engine import make_engine, make_sessions
from server.errors import Conflict
from server.jobs import make_jobs
from server.policy import Actor, PartnerRef
from server.successions import actions, queries
from server.successions.models import Succession
from tests.conftest import START, FixedClock
from tests.personas import World, create_world

pytestmark = pytest.mark.anyio
TODAY = START.date()
LAST = TODAY + dt.timedelta(days=90)
CITY = queries.Scope((), everything=True)


def staff(world: World) -> Actor:
    return Actor(world.sato.id, "見本さとう", roles=frozenset({"staff"}))


def of(world: World, mine: bool) -> tuple[Actor, PartnerRef]:
    who, partner = (world.kenji, world.partner) if mine else (world.yosomono, world.other_partner)
    ref = PartnerRef(partner.id, partner.code, partner.name, "manager")
    return Actor(who.id, who.display_name, partners=(ref,)), ref


async def with_a_hand(db: AsyncSession, world: World) -> uuid.UUID:
    actor, ref = of(world, mine=True)
    new = actions.NewOffer(uuid7(), world.street.code, None, "", "会員がへりました", None)
    await actions.make_offer(db, actor, ref, new, await load_city(db), TODAY)
    actor, ref = of(world, mine=False)
    offer = await queries.offer(db, new.id, CITY, TODAY)
    await actions.raise_hand(db, actor, offer, ref, "", TODAY, CityRules())
    return new.id


async def test_two_officers(database_url: str, clock: FixedClock) -> None:
    engine = make_engine(database_url, pool_size=3)
    sessions = make_sessions(engine, clock=clock, jobs=make_jobs(database_url), base_url="http://t")
    try:
        async with sessions() as db, db.begin():
            world = await create_world(db, clock())
            id = await with_a_hand(db, world)
            code = world.other_partner.code

        async def start() -> str:
            async with sessions() as db, db.begin():
                offer = await queries.offer(db, id, CITY, TODAY)
                await actions.start_trial(db, staff(world), offer, code, TODAY, LAST, [])
            return "won"

        async def finish(verb: str) -> str:
            async with sessions() as db, db.begin():
                offer = await queries.offer(db, id, CITY, TODAY)
                if verb == "stop":
                    await actions.stop_trial(db, staff(world), offer, "やめます", TODAY)
                else:
                    await actions.hand_over(db, staff(world), offer, TODAY, [], "")
            return verb

        both = await asyncio.gather(start(), start(), return_exceptions=True)
        assert [x for x in both if x == "won"] == ["won"]
        assert [type(x) for x in both if x != "won"] == [Conflict]
        ends = await asyncio.gather(finish("stop"), finish("give"), return_exceptions=True)
        (done,) = [x for x in ends if isinstance(x, str)]
        assert [type(x) for x in ends if not isinstance(x, str)] == [Conflict]
        async with sessions() as db:
            held = select(AgreementArea).where(AgreementArea.area_id == world.street.id)
            rows = (await db.scalars(held.where(AgreementArea.period.contains(TODAY)))).all()
            holder = world.partner if done == "stop" else world.other_partner
            assert [(r.partner_id, r.trial) for r in rows] == [(holder.id, False)]
            state = await db.scalar(select(Succession.state))
            assert state == {"stop": "offered", "give": "handed_over"}[done]
    finally:
        await engine.dispose()


async def test_nobody_holds_an_area_twice(db: AsyncSession, world: World) -> None:
    """Whatever the program does, the database keeps a partner from holding an area twice."""
    row = (
        await db.scalars(select(AgreementArea).where(AgreementArea.area_id == world.street.id))
    ).one()
    db.add(
        AgreementArea(
            agreement_id=row.agreement_id, partner_id=row.partner_id, area_id=row.area_id,
            period=Range(TODAY, LAST), trial=True,
        )
    )  # fmt: skip
    with pytest.raises(IntegrityError, match="ex_agreement_areas_one_live"):
        await db.flush()
