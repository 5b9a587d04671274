"""Offers that nobody answered: on to the next in the queue.

Each offer queues a job for the moment it ends; once a minute all queues are looked through for what
a restart or a clock has missed. Both do the same, and twice is as good as once.
"""

import uuid

import structlog
from procrastinate import Blueprint, JobContext
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from server.citysettings.queries import load_city
from server.http import i18n
from server.jobcontext import outside
from server.signups import locked
from server.signups.waitlist import settle

tasks = Blueprint()
log = structlog.get_logger("machipika")


async def settle_one(sessions: async_sessionmaker[AsyncSession], id: uuid.UUID) -> None:
    """Bring one queue up to date in a transaction of its own."""
    async with sessions() as db, db.begin():
        i18n.use(zone=(await load_city(db)).zone)
        await settle(db, id)


async def settle_all(sessions: async_sessionmaker[AsyncSession]) -> int:
    """Bring all queues up to date; how many. One that fails stops no other."""
    async with sessions() as db, db.begin():
        waiting = await locked.due(db)
    for id in waiting:
        try:
            await settle_one(sessions, id)
        except Exception:
            log.exception("a waiting list could not be settled", opportunity=str(id))
    return len(waiting)


@tasks.task(name="sweep", pass_context=True)
async def sweep(context: JobContext, opportunity_id: str) -> None:
    """The moment an offer ends."""
    await settle_one(outside(context).sessions, uuid.UUID(opportunity_id))


@tasks.periodic(cron="* * * * *")
@tasks.task(name="sweep_all", pass_context=True)
async def sweep_all(context: JobContext, timestamp: int) -> None:
    """Every minute: whatever was missed."""
    await settle_all(outside(context).sessions)
