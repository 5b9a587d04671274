"""What the calendar does to enrolments: begin, ask about the renewal, renew, expire.

Runs every hour, so that a case moves soon after midnight on the city's clock. Each case has a
transaction of its own: one that fails stops nobody else, and is tried again an hour later.
"""

import datetime as dt
import uuid

import structlog
from procrastinate import Blueprint, JobContext
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from server.citysettings.queries import load_city
from server.citysettings.registry import CityRules
from server.coverage.care import city_today
from server.enrolments import life
from server.enrolments.life_queries import case_locked, cases_near_a_date
from server.enrolments.life_rows import CaseNow
from server.http import i18n
from server.jobcontext import outside

tasks = Blueprint()
log = structlog.get_logger("machipika")
MOST_STEPS = 4  # begin, await, renew, and one to spare: nothing goes round in circles


def due_step(case: CaseNow, rules: CityRules, today: dt.date) -> str | None:
    """The verb that the calendar asks of a case today, or None. See ``life`` for the reasons."""
    if case.state == "agreed":
        return "begin" if case.begins_on and case.begins_on <= today else None
    left = case.days_left(today)
    if left is None:
        return None
    if case.state in ("active", "paused"):
        return "await_renewal" if left <= rules.renewal_notice_days else None
    goes_on = rules.auto_renew and not case.is_paused
    if case.state in ("renewal", "changing") and goes_on:
        return ("renew" if case.state == "renewal" else "keep_going") if left <= 0 else None
    if case.state == "renewal" and case.renewal_wished_on is None and left < 0:
        return "expire"
    return None


async def advance(db: AsyncSession, id: uuid.UUID, rules: CityRules, today: dt.date) -> list[str]:
    """Take all steps that are due for one case; the verbs taken. Harmless when repeated."""
    taken: list[str] = []
    while len(taken) < MOST_STEPS:
        case = await case_locked(db, id)
        verb = due_step(case, rules, today)
        if verb is None:
            break
        await _take(db, case, verb, rules, today)
        await db.flush()
        taken.append(verb)
    return taken


async def _take(
    db: AsyncSession, case: CaseNow, verb: str, rules: CityRules, today: dt.date
) -> None:
    if verb == "begin":
        await life.begin(db, None, case, today)
    elif verb == "await_renewal":
        await life.await_renewal(db, None, case)
    elif verb == "renew":
        await life.renew(db, None, case, rules, today)
    elif verb == "keep_going":
        await life.keep_going(db, case, rules)
    else:
        await life.expire(db, None, case, today)


async def advance_all(sessions: async_sessionmaker[AsyncSession]) -> dict[str, int]:
    """All cases that the calendar moves today; how often each verb was taken."""
    async with sessions() as db, db.begin():
        city = await load_city(db)
        today = city_today(db, city)
        near = await cases_near_a_date(db, today, city.rules.renewal_notice_days)
    i18n.use(zone=city.zone)
    counts: dict[str, int] = {}
    for case in near:
        if due_step(case, city.rules, today) is None:
            continue
        try:
            async with sessions() as db, db.begin():
                for verb in await advance(db, case.id, city.rules, today):
                    counts[verb] = counts.get(verb, 0) + 1
        except Exception:
            log.exception("a case could not be moved on", case=case.code)
    return counts


@tasks.periodic(cron="7 * * * *")
@tasks.task(name="daily_life", pass_context=True)
async def daily_life(context: JobContext, timestamp: int) -> None:
    """Move the cases on whose day has come."""
    counts = await advance_all(outside(context).sessions)
    if counts:
        log.info("enrolments moved on", **counts)
