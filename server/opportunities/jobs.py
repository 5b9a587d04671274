"""What the clock does for activities: remind those who come, warn hosts of too few people.

Each task finds its people in one statement that leaves out whom it told already, so that running
it twice, or late, tells nobody twice.
"""

import datetime as dt
import uuid
from dataclasses import dataclass

import structlog
from procrastinate import Blueprint, JobContext
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from server.citysettings.queries import load_city
from server.db.context import now
from server.http import i18n
from server.http.i18n import gettext as _
from server.http.i18n import jdate, jtimes
from server.jobcontext import outside
from server.notices.actions import notify

tasks = Blueprint()
log = structlog.get_logger("machipika")
WARN_BEFORE = dt.timedelta(hours=24)


@dataclass(frozen=True)
class Told:
    """An activity, and who must be told something about it."""

    id: uuid.UUID
    title: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    meeting_place: str
    bring: str
    sequence: int
    min_people: int | None
    taken: int
    people: list[uuid.UUID]


# Somebody who signs up later than the reminder goes out has just read everything.
_REMIND = text("""
    SELECT o.id, o.title, o.starts_at, o.ends_at, o.meeting_place, o.bring, o.sequence,
           o.min_people, 0 AS taken, array_agg(s.account_id) AS people
      FROM opportunities o
      JOIN signups s ON s.opportunity_id = o.id AND s.cancelled_at IS NULL
     WHERE o.state = 'published' AND o.starts_at > :now
       AND o.starts_at <= :now + make_interval(hours => :hours)
       AND s.created_at <= o.starts_at - make_interval(hours => :hours)
       AND NOT EXISTS (SELECT FROM notices n
                        WHERE n.account_id = s.account_id
                          AND n.key = 'reminder:' || o.id || ':' || o.sequence)
     GROUP BY o.id
     ORDER BY o.starts_at, o.id
""")

_FEW = text("""
    SELECT o.id, o.title, o.starts_at, o.ends_at, o.meeting_place, o.bring, o.sequence,
           o.min_people, t.taken, array_agg(m.account_id) AS people
      FROM opportunities o
     CROSS JOIN LATERAL (SELECT coalesce(sum(s.people), 0)::int AS taken FROM signups s
                          WHERE s.opportunity_id = o.id AND s.cancelled_at IS NULL) t
      JOIN LATERAL (SELECT account_id FROM partner_members WHERE partner_id = o.partner_id
                    UNION
                    SELECT o.created_by WHERE o.partner_id IS NULL AND o.created_by IS NOT NULL
                   ) m ON true
     WHERE o.state = 'published' AND o.starts_at > :now AND t.taken < o.min_people
       AND coalesce(o.deadline_at, o.starts_at) <= :now + :warn
       AND NOT EXISTS (SELECT FROM notices n
                        WHERE n.account_id = m.account_id AND n.key = 'few:' || o.id)
     GROUP BY o.id, t.taken
     ORDER BY o.starts_at, o.id
""")


async def remind(db: AsyncSession, hours: int) -> int:
    """Remind everybody whose activity begins within ``hours``, once; how many people."""
    found = await db.execute(_REMIND, {"now": now(db), "hours": hours})
    total = 0
    for row in found.all():
        one = Told(**row._mapping)
        lines = [
            _("申し込んでいただいた活動が近づきました。"), "", *_facts(one),
            *([_("持ち物: %(bring)s") % {"bring": one.bring}] if one.bring else []),
            "", _("来られなくなったときは、このページから取り消してください。"),
        ]  # fmt: skip
        await notify(
            db, "reminder", one.people, body="\n".join(lines), path=f"/opportunities/{one.id}",
            subject=_("【もうすぐ】%(title)s") % {"title": one.title},
            key=f"reminder:{one.id}:{one.sequence}",
        )  # fmt: skip
        total += len(one.people)
    return total


async def warn_of_few(db: AsyncSession) -> int:
    """Tell hosts a day before the deadline (or the beginning) that too few people come, once."""
    found = (await db.execute(_FEW, {"now": now(db), "warn": WARN_BEFORE})).all()
    for row in found:
        one = Told(**row._mapping)
        count = _("申込みは%(n)s人で、最少人数の%(min)s人に足りません。") % {
            "n": one.taken, "min": one.min_people,
        }  # fmt: skip
        way = _("予定どおり行うか、延期や中止にするかを決めて、みんなに知らせてください。")
        await notify(
            db, "partner", one.people, body="\n".join([count, way, "", *_facts(one)]),
            subject=_("【人数が足りません】%(title)s") % {"title": one.title},
            path=f"/opportunities/{one.id}/weather", key=f"few:{one.id}", pressing=True,
        )  # fmt: skip
    return len(found)


def _facts(one: Told) -> list[str]:
    times = f"{jdate(one.starts_at)} {jtimes(one.starts_at, one.ends_at)}"
    return [one.title, times, one.meeting_place]


@tasks.periodic(cron="*/10 * * * *")
@tasks.task(name="tell", pass_context=True)
async def tell(context: JobContext, timestamp: int) -> None:
    """Every ten minutes: reminders, and warnings of too few people."""
    async with outside(context).sessions() as db, db.begin():
        city = await load_city(db)
        i18n.use(zone=city.zone)
        reminded = await remind(db, city.rules.reminder_hours)
        warned = await warn_of_few(db)
    if reminded or warned:
        log.info("told about activities", reminded=reminded, warned=warned)
