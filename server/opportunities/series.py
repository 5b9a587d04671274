"""Repeating activities: a rule makes the days, each day is an activity of its own.

So people sign up for one day, a day can be moved or called off alone, and every list and calendar
treats them like all others. Days are counted on the city's clock: nine o'clock stays nine o'clock
when the clocks change.
"""

import datetime as dt
import re
import uuid
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from dateutil.rrule import MONTHLY, WEEKLY, rrule, rrulestr, weekday
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.actions import record
from server.db.base import uuid7
from server.db.context import now
from server.errors import Invalid
from server.http.i18n import gettext as _
from server.opportunities.actions import Draft, born, check, is_new, may_post
from server.opportunities.models import Opportunity, OpportunitySeries
from server.policy import Actor

RHYTHMS = ("weekly", "biweekly", "monthly")
MOST_DAYS = 60
FIFTH = 5  # the fifth Sunday is the last one, in every month


@dataclass(frozen=True)
class Repeat:
    """How an activity repeats: until a day or so many times, but for some days."""

    rhythm: str
    until: dt.date | None = None
    times: int | None = None
    exceptions: tuple[dt.date, ...] = ()


def rule_of(repeat: Repeat, first: dt.date) -> str:
    """The rule as RFC 5545 writes it, without its beginning.

    Monthly means the same weekday of the month (the second Sunday), not the same date.
    """
    if repeat.rhythm == "monthly":
        nth = (first.day - 1) // 7 + 1
        day = weekday(first.weekday())(-1 if nth == FIFTH else nth)
        rule = rrule(MONTHLY, byweekday=day, count=repeat.times, dtstart=_midnight(first))
    else:
        interval = 2 if repeat.rhythm == "biweekly" else 1
        rule = rrule(WEEKLY, interval=interval, count=repeat.times, dtstart=_midnight(first))
    text = str(rule).split("RRULE:", 1)[1]
    return f"{text};UNTIL={repeat.until:%Y%m%d}" if repeat.until and not repeat.times else text


def days_of(rule: str, first: dt.date, exceptions: tuple[dt.date, ...] = ()) -> list[dt.date]:
    """The days of a rule in order, without the exceptions; at most one more than are allowed."""
    days: list[dt.date] = []
    for moment in rrulestr(rule, dtstart=_midnight(first)):
        if moment.date() not in exceptions:
            days.append(moment.date())
        if len(days) > MOST_DAYS:
            break
    return days


def _midnight(day: dt.date) -> dt.datetime:
    """A day as the rule library takes it: by the wall clock, without a zone."""
    return dt.datetime.combine(day, dt.time())


def on_day(draft: Draft, day: dt.date, zone: ZoneInfo) -> Draft:
    """The same activity on another day, at the same times by the clock on the wall."""
    first = draft.starts_at.astimezone(zone).date()

    def moved(moment: dt.datetime) -> dt.datetime:
        local = moment.astimezone(zone)
        there = local.date() + (day - first)
        return dt.datetime.combine(there, local.time(), zone).astimezone(dt.UTC)

    return replace(
        draft,
        starts_at=moved(draft.starts_at),
        ends_at=moved(draft.ends_at),
        deadline_at=moved(draft.deadline_at) if draft.deadline_at else None,
    )


def parse_days(text: str) -> tuple[dt.date, ...]:
    """Days as people list them: 2026/8/15、2026-08-22 or one a line. Raises ValueError."""
    found = []
    for part in re.split(r"[\s,、，]+", text.strip()):
        if part:
            year, month, day = map(int, re.split(r"[-/.]", part))
            found.append(dt.date(year, month, day))
    return tuple(found)


async def publish_series(
    db: AsyncSession, actor: Actor, id: uuid.UUID, partner_id: uuid.UUID | None, draft: Draft,
    repeat: Repeat, zone: ZoneInfo, margin_m: int, *, as_draft: bool = False,
) -> uuid.UUID:  # fmt: skip
    """Post all days of a repeating activity at once; the series' id.

    The first day gets the id made when the form was opened, and the series one made from it, so
    that a double send makes one series, also when both arrive together. Raises as ``publish``.
    """
    may_post(actor, partner_id)
    series_id = uuid.uuid5(id, "series")
    if not await is_new(db, actor, id):
        return series_id
    await check(db, draft, margin_m, as_draft=as_draft)
    first = draft.starts_at.astimezone(zone).date()
    rule = rule_of(repeat, first)
    days = days_of(rule, first, repeat.exceptions)
    if len(days) > MOST_DAYS:
        raise Invalid(_("くり返しは60回までです。"), "times" if repeat.times else "until")
    if len(days) < 2:
        raise Invalid(_("この決まりでは、活動が2回以上になりません。"), "until")
    added = await db.scalar(
        pg_insert(OpportunitySeries)
        .values(
            id=series_id, partner_id=partner_id, rrule=rule, first_on=first,
            exceptions=list(repeat.exceptions), created_by=actor.account_id, created_at=now(db),
        )
        .on_conflict_do_nothing(index_elements=["id"])
        .returning(OpportunitySeries.id)
    )  # fmt: skip
    if added is None:
        return series_id
    rows = [
        {"id": id if n == 0 else uuid7(), "partner_id": partner_id, "series_id": series_id,
         "occurrence_on": day, **born(db, actor, on_day(draft, day, zone), as_draft=as_draft)}
        for n, day in enumerate(days)
    ]  # fmt: skip
    await db.execute(pg_insert(Opportunity).values(rows))
    record(
        db, actor, "series.create", "series", series_id, days=len(days), rule=rule,
        title=draft.title,
    )  # fmt: skip
    return series_id
