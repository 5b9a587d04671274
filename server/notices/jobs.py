"""Background work of the notices: send what is due, tell of new activities, forget what is old.

What is due now is sent by the job that ``notify`` queues in its transaction. What is due later
(quiet hours, digests, another try) has no job of its own: the same job runs every minute and finds
it. So a lost job delays a message by a minute at most, and the number of jobs does not grow with
the number of people.
"""

import datetime as dt

import structlog
from procrastinate import Blueprint, JobContext
from sqlalchemy import text

from server.citysettings.queries import load_city
from server.db.context import enqueue, now
from server.http import i18n
from server.jobcontext import Outside, outside
from server.notices import delivery
from server.notices.nearby import tell_nearby

tasks = Blueprint()
log = structlog.get_logger("machipika")
MESSAGES_A_RUN = 200  # then other jobs may have their turn
KEEP_READ = dt.timedelta(days=90)
KEEP = dt.timedelta(days=180)

_FORGET = text("""
DELETE FROM notices n
 WHERE (n.created_at < :oldest OR (n.read_at IS NOT NULL AND n.created_at < :oldest_read))
   AND NOT EXISTS (SELECT FROM deliveries d WHERE d.notice_id = n.id AND d.state = 'waiting')
""")
_FORGET_WAYS = text("""
WITH codes AS (
  UPDATE line_links SET code = NULL, code_expires_at = NULL WHERE code_expires_at < :now
)
DELETE FROM push_subscriptions WHERE gone_at < :oldest_read
""")


async def send_all(world: Outside, most: int = MESSAGES_A_RUN) -> int:
    """Send up to ``most`` messages that are due, each committed before the next; how many."""
    async with world.sessions() as db, db.begin():
        i18n.use(zone=(await load_city(db)).zone)
    sent = 0
    while sent < most:
        async with world.sessions() as db, db.begin():
            went = await delivery.send_next(db, world.services)
        if went:
            sent += 1
            continue
        async with world.sessions() as db, db.begin():
            if not await delivery.seal(db):
                break
    return sent


@tasks.periodic(cron="* * * * *")
@tasks.task(name="send_due", pass_context=True)
async def send_due(context: JobContext, timestamp: int) -> None:
    """Send what is due; many messages are sent by several runs."""
    world = outside(context)
    if await send_all(world) >= MESSAGES_A_RUN:
        async with world.sessions() as db, db.begin():
            await enqueue(db, "notices:send_due", timestamp=0)


@tasks.periodic(cron="*/15 * * * *")
@tasks.task(name="tell_nearby", pass_context=True)
async def tell_of_new(context: JobContext, timestamp: int) -> None:
    """Tell the saved searches of what was published since the last time."""
    async with outside(context).sessions() as db, db.begin():
        told = await tell_nearby(db)
    if told:
        log.info("told of new activities", notices=told)


@tasks.periodic(cron="37 3 * * *")
@tasks.task(name="housekeeping", pass_context=True)
async def housekeeping(context: JobContext, timestamp: int) -> None:
    """Forget read notices after 90 days, others after 180, with all that became of them."""
    async with outside(context).sessions() as db, db.begin():
        moment = now(db)
        await db.execute(_FORGET, {"oldest": moment - KEEP, "oldest_read": moment - KEEP_READ})
        await db.execute(_FORGET_WAYS, {"now": moment, "oldest_read": moment - KEEP_READ})
