"""Reminding of machines that should be back."""

import datetime as dt
import uuid
from itertools import groupby

from procrastinate import Blueprint, JobContext
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts.outbox import compose
from server.citysettings.queries import load_city
from server.coverage.care import city_today
from server.jobcontext import outside
from server.notices.actions import notify
from server.workflow.audience import people

tasks = Blueprint()
EVERY_DAYS = 3

_DUE = text("""
UPDATE loans l SET reminded_on = :today
  FROM loan_units u
 WHERE u.id = l.unit_id AND l.state = 'out' AND upper(l.period) <= :today
   AND (l.reminded_on IS NULL OR l.reminded_on <= :before)
RETURNING l.id, l.partner_id, u.code, upper(l.period) - 1 AS last
""")


@tasks.periodic(cron="5 0 * * *")  # the queue's clock is UTC: a little after nine in Japan
@tasks.task(name="remind", pass_context=True)
async def remind(context: JobContext, timestamp: int) -> None:
    """Write to partners whose machine is overdue, every day; see ``remind_overdue``."""
    world = outside(context)
    async with world.sessions() as db, db.begin():
        city = await load_city(db)
        await remind_overdue(db, city_today(db, city), city.rules.contact)


async def remind_overdue(db: AsyncSession, today: dt.date, contact: str) -> int:
    """Queue a mail for each machine that should be back, at most one in ``EVERY_DAYS`` days; how
    many. What was reminded of is noted in the same transaction, so a repeated run sends nothing."""
    values = {"today": today, "before": today - dt.timedelta(days=EVERY_DAYS)}
    rows = sorted(
        (await db.execute(_DUE, values)).all(), key=lambda row: (str(row.partner_id), row.code)
    )
    for partner_id, loans in groupby(rows, key=lambda row: row.partner_id):
        await _write_to(db, partner_id, [tuple(one) for one in loans], today, contact)
    return len(rows)


async def _write_to(
    db: AsyncSession, partner_id: uuid.UUID, loans: list[tuple[object, ...]], today: dt.date,
    contact: str,
) -> None:  # fmt: skip
    to = await people(db, partners=[partner_id], person=None, without=None)
    for id, _partner, code, last in loans:
        assert isinstance(last, dt.date)  # noqa: S101 - a column of type date
        subject, body = compose(
            "loan_overdue", code=code, last=last, days=(today - last).days, contact=contact,
        )  # fmt: skip
        await notify(
            db, "partner", to, subject=subject, body=body, path=f"/partner/loans/{id}",
            key=f"loan_overdue:{id}:{today}",
        )  # fmt: skip
