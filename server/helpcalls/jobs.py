"""What time does to help calls: the next wave, and states that follow the facts.

A wave has a job of its own at its time; every ten minutes a net catches what was missed (a worker
that died, a clock that was set) and brings calls to where their activity is: filled, over, called
off. Both are harmless when repeated.
"""

import uuid

import structlog
from procrastinate import Blueprint, JobContext, RetryStrategy
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from server.citysettings.queries import load_city
from server.db.context import now
from server.helpcalls.actions import follow
from server.helpcalls.queries import waves_due
from server.helpcalls.waves import send_wave
from server.http import i18n
from server.jobcontext import outside

tasks = Blueprint()
RETRY = RetryStrategy(max_attempts=5, exponential_wait=3)
log = structlog.get_logger("machipika")
Sessions = async_sessionmaker[AsyncSession]


@tasks.task(name="wave", retry=RETRY, pass_context=True)
async def wave(context: JobContext, call_id: str, after: int) -> None:
    """Ask the next people of a call, once: a second run finds another number."""
    async with outside(context).sessions() as db, db.begin():
        city = await load_city(db)
        i18n.use(zone=city.zone)
        await send_wave(db, uuid.UUID(call_id), city, after=after)


async def catch_up(sessions: Sessions) -> dict[str, int]:
    """Bring states to the facts, then send what is due, each wave in a transaction of its own."""
    async with sessions() as db, db.begin():
        city = await load_city(db)
        i18n.use(zone=city.zone)
        counts = await follow(db, city)
        due = await waves_due(db, now(db))
    for id in due:
        try:
            async with sessions() as db, db.begin():
                asked = await send_wave(db, id, city)
            if asked is not None:
                counts["asked"] = counts.get("asked", 0) + asked.people
        except Exception:
            log.exception("a wave could not be sent", help_call=str(id))
    return counts


@tasks.periodic(cron="*/10 * * * *")
@tasks.task(name="catch_up", pass_context=True)
async def catch_up_now(context: JobContext, timestamp: int) -> None:
    """The net, every ten minutes."""
    counts = await catch_up(outside(context).sessions)
    if counts:
        log.info("help calls moved on", **counts)
