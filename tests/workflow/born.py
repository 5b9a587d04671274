"""One newborn record for each state machine, and what else its states ask for."""

import datetime as dt
from typing import Any

from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncSession

from server.accidents.models import Accident
from server.agreements.models import Agreement
from server.db.base import Base, uuid7
from server.enrolments.machine import ENROLMENT
from server.enrolments.models import ChangeNotice, Enrolment
from server.exchange.models import Meeting, Post
from server.faults.models import Fault
from server.helpcalls.models import HelpCall
from server.loans.models import Loan, LoanUnit, PartnerOperator
from server.pickups.models import Pickup
from server.signs.models import Sign
from server.successions.models import Succession
from server.supplies.models import SupplyPlace, SupplyRequest
from server.workflow.actions import Stand
from server.workflow.registry import MACHINES
from tests import factories
from tests.personas import World

DAY = dt.date(2026, 6, 14)
NOON = dt.datetime(2026, 6, 14, 3, tzinfo=dt.UTC)
POINT = "SRID=4326;POINT(140.99 42.32)"

# Columns that a state needs beside itself: set together with it, as the actions do.
NEEDS: dict[tuple[str, str], dict[str, Any]] = {
    ("enrolment", "paused"): {"paused_from": DAY},
    ("enrolment", "rejected"): {"ended_on": DAY},
    ("enrolment", "expired"): {"ended_on": DAY},
    ("enrolment", "withdrawn"): {"ended_on": DAY},
    ("enrolment", "cancelled"): {"ended_on": DAY},
    ("supply", "handed_over"): {"handed_on": DAY},
    ("loan", "returned"): {"returned_on": DAY, "checked": "good"},
    ("loan", "damaged"): {"returned_on": DAY, "checked": "broken"},
    ("sign", "installed"): {"wording": "見本", "installed_on": DAY},
    ("sign", "removed"): {"removed_on": DAY},
    ("pickup", "scheduled"): {"scheduled_on": DAY},
    ("pickup", "collected"): {"collected_on": DAY},
    ("pickup", "partly"): {"collected_on": DAY},
}


async def _case(db: AsyncSession, world: World) -> Enrolment:
    partner = await factories.partner(db, "見本あたらしい会")
    await factories.member(db, partner, world.kenji, "manager")
    row = Enrolment(
        state="draft", subject="neighbourhood", partner_id=partner.id, requested_by=world.hanako.id
    )
    db.add(row)
    await db.flush()
    moment = {"partner_confirmed_at": NOON, "city_confirmed_at": NOON}
    how = {"partner_confirmed_how": "paper", "city_confirmed_how": "paper"}
    db.add(
        Agreement(
            partner_id=partner.id, enrolment_id=row.id, agreed_on=DAY,
            period=Range(DAY, DAY + dt.timedelta(days=300)), **moment, **how,
        )
    )  # fmt: skip
    return row


async def _loan(db: AsyncSession, world: World) -> Loan:
    place = SupplyPlace(name=f"見本の倉庫 {uuid7().hex[-6:]}")
    operator = PartnerOperator(partner_id=world.partner.id, name="見本けんじ")
    db.add_all([place, operator])
    await db.flush()
    unit = LoanUnit(code=f"K-{uuid7().hex[-6:]}", name="草刈り機", place_id=place.id)
    db.add(unit)
    await db.flush()
    return Loan(
        unit_id=unit.id, period=Range(DAY, DAY + dt.timedelta(days=2)), operator_id=operator.id,
        out_on=DAY,
    )  # fmt: skip


async def _new(db: AsyncSession, machine: str, world: World) -> Base:
    """The row, not yet added; partner, requester and state are filled in below."""
    if machine == "notice":
        case = await factories.live_case(db, world.partner)
        return ChangeNotice(
            enrolment_id=case.id,
            kind="name",
            before={"name": "見本", "name_kana": ""},
            after={"name": "見本の会", "name_kana": "ミホンノカイ"},
            effective_on=DAY,
        )
    if machine == "succession":
        return Succession(
            area_id=world.street.id, other_partner_id=world.other_partner.id,
            trial=Range(DAY, DAY + dt.timedelta(days=90)),
        )  # fmt: skip
    if machine == "supply":
        place = SupplyPlace(name=f"見本の窓口 {uuid7().hex[-6:]}")
        db.add(place)
        await db.flush()
        return SupplyRequest(place_id=place.id, wanted_on=DAY)
    if machine == "loan":
        return await _loan(db, world)
    if machine == "sign":
        return Sign(area_id=world.street.id)
    if machine == "pickup":
        return Pickup(point=POINT, place_note="見本の角", manager="city", wished_on=DAY)
    if machine == "fault":
        return Fault(category="dumping", point=POINT, description="見本", manager="city")
    if machine == "accident":
        return Accident(kind="near_miss", happened_at=NOON, place_note="見本", description="見本")
    if machine == "post":
        return Post(title="見本の質問", body="見本", voice="partner")
    if machine == "meeting":
        return Meeting(
            fiscal_year=2025, title="見本の会", starts_at=NOON, place="見本",
            ends_at=NOON + dt.timedelta(hours=2),
        )  # fmt: skip
    if machine == "help_call":
        return HelpCall(
            title="見本の草刈り", works=["weeding"], place="見本の広場", point=POINT,
            until_on=DAY + dt.timedelta(days=30), people_wanted=3,
        )  # fmt: skip
    raise LookupError(machine)


async def born(db: AsyncSession, name: str, world: World) -> Stand:
    """A record just born, sent in by はなこ for けんじ's partner."""
    machine = MACHINES[name]
    if machine is ENROLMENT:
        row: Any = await _case(db, world)
    else:
        row = await _new(db, name, world)
        row.state, row.partner_id = machine.initial[0], world.partner.id
        row.requested_by = world.hanako.id
        db.add(row)
    await db.flush()
    other = getattr(row, "other_partner_id", None)
    return Stand(row.id, row.state, "見本", row.partner_id, world.hanako.id, other)
