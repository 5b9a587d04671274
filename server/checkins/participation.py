"""What somebody took part in, and what a company's people did. One function, one statement.

Dates are days on the city's clock. Minutes are those of each person: what the host wrote, else the
slot's time, else the whole activity.
"""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from server.http.i18n import fiscal_year

MOST_ROWS = 2_000


@dataclass(frozen=True)
class Took:
    """One activity that somebody came to."""

    opportunity_id: uuid.UUID
    done_on: dt.date
    title: str
    host: str | None  # none: a private person who stays unnamed; empty: the city
    people: int
    minutes: int


@dataclass(frozen=True)
class Year:
    """The activities of a fiscal year, and their sums."""

    year: int
    rows: tuple[Took, ...]

    @property
    def people(self) -> int:
        return sum(row.people for row in self.rows)

    @property
    def minutes(self) -> int:
        """A person's own time."""
        return sum(row.minutes for row in self.rows)

    @property
    def person_minutes(self) -> int:
        """The time of everybody together (延べ時間)."""
        return sum(row.minutes * row.people for row in self.rows)

    @property
    def days(self) -> int:
        return len({row.opportunity_id for row in self.rows})


def _took(scope: str, apart: str) -> TextClause:
    return text(f"""
SELECT o.id AS opportunity_id, (o.starts_at AT TIME ZONE :zone)::date AS done_on, o.title,
       CASE WHEN p.id IS NULL THEN '' WHEN p.name_public THEN p.name END AS host,
       sum(a.people)::int AS people,
       max(coalesce(a.minutes, round(extract(epoch FROM coalesce(slot.ends_at, o.ends_at)
           - coalesce(slot.starts_at, o.starts_at)) / 60)))::int AS minutes
  FROM attendances a
  JOIN opportunities o ON o.id = a.opportunity_id
  LEFT JOIN partners p ON p.id = o.partner_id
  LEFT JOIN signups s ON s.id = a.signup_id
  LEFT JOIN opportunity_slots slot ON slot.id = s.slot_id
 WHERE {scope} AND a.removed_at IS NULL AND o.ends_at <= :now
 GROUP BY o.id, p.id, {apart}
 ORDER BY o.starts_at DESC, o.id LIMIT {MOST_ROWS}
""")  # noqa: S608 - words of our own


_MINE = _took("a.account_id = :who", "a.id")
_PARTNERS = _took("a.for_partner_id = :who", "a.minutes, slot.id")


async def of_person(
    db: AsyncSession, account_id: uuid.UUID, zone: str, now: dt.datetime
) -> list[Took]:
    """The activities somebody came to that are over, the latest first."""
    return await _read(db, _MINE, account_id, zone, now)


async def of_partner(
    db: AsyncSession, partner_id: uuid.UUID, zone: str, now: dt.datetime
) -> list[Took]:
    """What people did who signed up for this partner: numbers, no names. The latest first.

    People of one activity who stayed equally long are one line.
    """
    return await _read(db, _PARTNERS, partner_id, zone, now)


async def _read(
    db: AsyncSession, statement: TextClause, who: uuid.UUID, zone: str, now: dt.datetime
) -> list[Took]:
    values: dict[str, Any] = {"who": who, "zone": zone, "now": now}
    return [Took(**row._mapping) for row in await db.execute(statement, values)]


def by_year(rows: Sequence[Took]) -> list[Year]:
    """Grouped by fiscal year (April to March), in the order given."""
    groups = groupby(rows, key=lambda row: fiscal_year(row.done_on))
    return [Year(year, tuple(found)) for year, found in groups]
