"""Rows for tests: each function makes one valid thing and flushes it."""

import datetime as dt
import uuid
from itertools import pairwise
from typing import Any

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts.models import Account, PartnerMember
from server.agreements.models import Agreement, AgreementArea
from server.areas.models import Area
from server.citysettings.models import Municipality
from server.cleanups.models import Cleanup, CleanupLitter
from server.db.base import Base
from server.db.context import now
from server.enrolments import machine as enrolment_states
from server.enrolments.machine import ENROLMENT
from server.enrolments.models import Enrolment
from server.opportunities.models import Opportunity, Signup
from server.partners.models import Partner
from server.workflow.machine import Machine
from server.workflow.models import StateChange

STREET = "LINESTRING(140.989 42.317, 140.992 42.3195, 140.999 42.3245)"
PARK = "POLYGON((140.9710 42.3220, 140.9730 42.3220, 140.9730 42.3236, 140.9710 42.3236, 140.9710 42.3220))"  # noqa: E501
SHORE = "LINESTRING(140.9650 42.3110, 140.9690 42.3092)"
BOKOI = (140.9890, 42.3169)  # lon, lat of 母恋駅


async def municipality(db: AsyncSession) -> Municipality:
    city = Municipality(
        code="012050",
        name="室蘭市",
        short_name="室蘭",
        prefecture="北海道",
        plane_srid=6680,
        timezone="Asia/Tokyo",
        centre="SRID=4326;POINT(140.9743 42.3154)",
        boundary="SRID=4326;MULTIPOLYGON(((140.88 42.28,141.08 42.28,141.08 42.44,140.88 42.44,"
        "140.88 42.28)))",
    )
    db.add(city)
    await db.flush()
    return city


async def partner(
    db: AsyncSession,
    name: str,
    *,
    subject: str = "neighbourhood",
    kana: str = "",
    public: bool = True,
) -> Partner:
    row = Partner(
        name=name, name_kana=kana, subject=subject, name_public=public,
        registered_people=12, since=dt.date(2010, 4, 1),
    )  # fmt: skip
    db.add(row)
    await db.flush()
    await db.refresh(row)
    return row


async def member(db: AsyncSession, to: Partner, account: Account, role: str = "member") -> None:
    db.add(PartnerMember(partner_id=to.id, account_id=account.id, role=role))
    await db.flush()


async def area(
    db: AsyncSession,
    name: str,
    *,
    kind: str = "city_road",
    manager: str = "city",
    wkt: str = STREET,
    since: dt.datetime = dt.datetime(2020, 4, 1, tzinfo=dt.UTC),
) -> Area:
    row = Area(
        name=name, kind=kind, manager=manager, section="土木課維持係",
        geom=f"SRID=4326;{wkt}", created_at=since, updated_at=since,
    )  # fmt: skip
    db.add(row)
    await db.flush()
    await db.refresh(row)
    return row


async def agreement(
    db: AsyncSession, of: Partner, areas: list[Area], *, since: dt.date, years: int = 1
) -> Agreement:
    """A concluded agreement, and the partner's case brought to the state "active"."""
    period = Range(since - dt.timedelta(days=365), since + dt.timedelta(days=365 * years))
    case = await live_case(db, of)
    moment = dt.datetime.combine(period.lower, dt.time(), dt.UTC)
    row = Agreement(
        partner_id=of.id, enrolment_id=case.id, period=period, purpose="きれいなまちをつくる",
        agreed_on=period.lower, partner_confirmed_at=moment, partner_confirmed_how="paper",
        city_confirmed_at=moment, city_confirmed_how="paper",
    )  # fmt: skip
    db.add(row)
    await db.flush()
    for one in areas:
        db.add(AgreementArea(agreement_id=row.id, partner_id=of.id, area_id=one.id, period=period))
    await db.flush()
    if case.state == "draft":
        await bring_to(db, ENROLMENT, case, "active")
    return row


async def set_period(db: AsyncSession, of: Partner, lower: dt.date, upper: dt.date | None) -> None:
    """Move a concluded agreement in time, which the database refuses to everybody else."""
    await db.execute(text("ALTER TABLE agreements DISABLE TRIGGER agreements_frozen"))
    await db.execute(
        update(Agreement).where(Agreement.partner_id == of.id).values(period=Range(lower, upper))
    )
    await db.execute(text("ALTER TABLE agreements ENABLE TRIGGER agreements_frozen"))
    await db.flush()


async def next_agreement(
    db: AsyncSession, of: Partner, lower: dt.date, upper: dt.date | None
) -> Agreement:
    """A concluded agreement for a later time, without areas."""
    moment = dt.datetime.combine(lower, dt.time(), dt.UTC)
    row = Agreement(
        partner_id=of.id, enrolment_id=(await live_case(db, of)).id, period=Range(lower, upper),
        agreed_on=lower, partner_confirmed_at=moment, partner_confirmed_how="paper",
        city_confirmed_at=moment, city_confirmed_how="paper", occasion="renewal",
    )  # fmt: skip
    db.add(row)
    await db.flush()
    return row


async def live_case(db: AsyncSession, of: Partner) -> Enrolment:
    """The partner's running case, or a new draft filed on paper."""
    live = select(Enrolment).where(
        Enrolment.partner_id == of.id, Enrolment.state.in_(enrolment_states.LIVE)
    )
    found = (await db.execute(live)).scalar_one_or_none()
    if found is None:
        found = Enrolment(
            state="draft", subject=of.subject, partner_id=of.id, by_proxy=True,
            section="地域生活課", answers={"name": of.name},
        )  # fmt: skip
        db.add(found)
        await db.flush()
        await db.refresh(found)
    return found


async def bring_to(
    db: AsyncSession, machine: Machine, row: Any, state: str, **columns: object
) -> None:
    """Walk a record (in any state) to ``state`` along its machine, with the history it needs,
    also that of its birth. ``columns`` are set together with the last step."""
    table = Base.metadata.tables[machine.table]
    noted = select(StateChange.id).where(StateChange.object_id == row.id).limit(1)
    if await db.scalar(noted) is None:
        _note(db, machine, row.id, "", row.state)
    way = machine.path_to(state)
    if row.state in way:
        way = way[way.index(row.state) :]
    for before, after in pairwise(way):
        values = {"state": after, **(columns if after == state else {})}
        await db.execute(update(table).where(table.c.id == row.id).values(values))
        _note(db, machine, row.id, before, after)
    await db.flush()
    await db.refresh(row)


def _note(db: AsyncSession, machine: Machine, id: uuid.UUID, before: str, after: str) -> None:
    moment = now(db)
    db.add(
        StateChange(
            machine=machine.name, object_id=id, from_state=before, to_state=after, verb="test",
            at=moment, by_hat="system",
        )
    )  # fmt: skip


async def opportunity(
    db: AsyncSession,
    of: Partner | None,
    *,
    starts: dt.datetime,
    hours: float = 1,
    title: str = "春のごみ拾い",
    at: tuple[float, float] = BOKOI,
    capacity: int = 10,
    area_id: object = None,
    **fields: object,
) -> Opportunity:
    row = Opportunity(
        partner_id=of.id if of else None, title=title, works=["litter"], starts_at=starts,
        ends_at=starts + dt.timedelta(hours=hours), meeting_place="母恋駅前",
        meeting_point=f"SRID=4326;POINT({at[0]} {at[1]})", capacity=capacity, area_id=area_id,
        **fields,
    )  # fmt: skip
    db.add(row)
    await db.flush()
    return row


async def signup(db: AsyncSession, to: Opportunity, account: Account, people: int = 1) -> Signup:
    row = Signup(opportunity_id=to.id, account_id=account.id, people=people)
    db.add(row)
    await db.flush()
    return row


async def cleanup(
    db: AsyncSession,
    by: Partner,
    on: Area,
    *,
    day: dt.date,
    people: int = 8,
    state: str = "accepted",
    bags: int = 3,
) -> Cleanup:
    row = Cleanup(
        partner_id=by.id, area_id=on.id, area_version=on.version, done_on=day, people=people,
        state=state,
    )  # fmt: skip
    db.add(row)
    await db.flush()
    if bags:
        db.add(CleanupLitter(cleanup_id=row.id, litter_class="burnable", unit="bag", quantity=bags))
        await db.flush()
    return row
