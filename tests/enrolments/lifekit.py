"""What the tests of an agreement's life share."""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.models import AuditEvent
from server.enrolments.models import Enrolment, PartnerContact
from server.partners.models import Partner
from server.workflow.models import StateChange
from tests.conftest import START

TODAY = START.date()
DAY = dt.timedelta(days=1)
END = TODAY + dt.timedelta(days=365)  # the first day after the agreements of the small city


async def case_of(db: AsyncSession, partner: Partner) -> Enrolment:
    """The newest case as it is in the database now."""
    statement = (
        select(Enrolment)
        .where(Enrolment.partner_id == partner.id)
        .order_by(Enrolment.created_at.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )
    return (await db.execute(statement)).scalar_one()


async def areas_of(db: AsyncSession, partner: Partner) -> list[tuple[str, Any, Any, str | None]]:
    """Code, first day, day after the last and reason of all times of a partner's areas."""
    rows = await db.execute(
        text("""SELECT a.code, lower(x.period), upper(x.period), x.end_reason
                  FROM agreement_areas x JOIN areas a ON a.id = x.area_id
                 WHERE x.partner_id = :id ORDER BY 1, 2"""),
        {"id": partner.id},
    )
    return [tuple(row) for row in rows]


async def agreements_of(db: AsyncSession, partner: Partner) -> list[tuple[str, Any, Any]]:
    """Occasion, first day and day after the last of all agreements, in order of making."""
    rows = await db.execute(
        text("""SELECT occasion, lower(period), upper(period) FROM agreements
                 WHERE partner_id = :id ORDER BY created_at, lower(period)"""),
        {"id": partner.id},
    )
    return [tuple(row) for row in rows]


async def steps_of(db: AsyncSession, id: uuid.UUID) -> list[tuple[str, str, str]]:
    """Verb, new state and hat of every step, but for those that the factories made."""
    rows = await db.execute(
        select(StateChange.verb, StateChange.to_state, StateChange.by_hat)
        .where(StateChange.object_id == id, StateChange.verb != "test")
        .order_by(StateChange.at, StateChange.id)
    )
    return [tuple(row) for row in rows]


async def audited(db: AsyncSession) -> list[str]:
    """All actions of the audit trail, in order."""
    return list(await db.scalars(select(AuditEvent.action).order_by(AuditEvent.id)))


async def stands_for(
    db: AsyncSession, partner: Partner, role: str, name: str, **more: Any
) -> PartnerContact:
    """Somebody stands for a partner since long ago."""
    row = PartnerContact(
        partner_id=partner.id, role=role, period=Range(dt.date(2020, 4, 1), None), name=name, **more
    )
    db.add(row)
    await db.flush()
    return row


async def end_on(db: AsyncSession, partner: Partner, last_day: dt.date) -> None:
    """Let the partner's agreement and areas end with ``last_day``."""
    for table in ("agreements", "agreement_areas"):
        await db.execute(
            text(f"UPDATE {table} SET period = daterange(lower(period), :day) "
                 "WHERE partner_id = :id"),
            {"day": last_day + DAY, "id": partner.id},
        )  # fmt: skip
    await db.commit()
