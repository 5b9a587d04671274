"""What the tests of posting share: a filled-in form, and what came of it."""

import uuid

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.models import AuditEvent
from server.notices.models import Notice
from server.opportunities.models import Opportunity
from tests.personas import World

NEW = "/partner/opportunities/new"
CITY_NEW = "/staff/opportunities/new"
NOBODY = uuid.UUID(int=7)


def filled(world: World, **changes: object) -> dict[str, object]:
    """The form of an activity on Saturday, 20 June 2026, as けんじ would fill it in."""
    values: dict[str, object] = {
        "id": str(uuid.uuid4()), "title": "浜のごみ拾い", "works": ["litter", "patrol"],
        "area": f"{world.street.id}.{world.partner.id}", "day": "2026-06-20", "starts": "9:00",
        "ends": "10:30", "meeting_place": "浜の入口", "lon": "140.9700", "lat": "42.3110",
        "capacity": "１２", "children_ok": "y", "bring": "軍手", "description": "",
        "safety_notes": "",
    }  # fmt: skip
    return {**values, **changes}


async def rows(db: AsyncSession) -> list[Opportunity]:
    """All activities by time, as they are now."""
    statement = select(Opportunity).order_by(Opportunity.starts_at)
    return list(await db.scalars(statement.execution_options(populate_existing=True)))


async def one(db: AsyncSession) -> Opportunity:
    """The only activity, as it is now."""
    [row] = await rows(db)
    return row


async def acts(db: AsyncSession) -> list[str]:
    """The audit trail."""
    return list(await db.scalars(select(AuditEvent.action).order_by(AuditEvent.id)))


async def told(db: AsyncSession) -> list[Notice]:
    """What people were told, in order."""
    return list(await db.scalars(select(Notice).order_by(Notice.created_at, Notice.id)))
