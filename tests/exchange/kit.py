"""What the tests of the exchange share."""

import uuid
from typing import Any

import httpx2
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.models import AuditEvent
from server.notices.mails import WrittenMail
from server.workflow.models import StateChange
from tests.personas import World


async def mails(db: AsyncSession) -> list[tuple[str, str]]:
    """Address and subject of every mail waiting, by address, then subject."""
    found = select(WrittenMail).order_by(WrittenMail.to_address, WrittenMail.subject)
    return [(mail.to_address, mail.subject) for mail in await db.scalars(found)]


async def audits(db: AsyncSession, action: str) -> int:
    """How often an act stands in the trail."""
    counted = select(func.count()).where(AuditEvent.action == action)
    return await db.scalar(counted) or 0


async def history(db: AsyncSession, id: uuid.UUID) -> list[str]:
    """The verbs of a record, the oldest first."""
    found = select(StateChange.verb).where(StateChange.object_id == id).order_by(StateChange.id)
    return list(await db.scalars(found))


async def count(db: AsyncSession, table: Any) -> int:
    """Rows of a table."""
    return await db.scalar(select(func.count()).select_from(table)) or 0


async def as_(client: httpx2.AsyncClient, world: World, who: Any, path: str) -> httpx2.Response:
    """A page as somebody."""
    await world.login(client, who)
    return await client.get(path)
