"""Who has which machine when: the days of the coming weeks."""

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

CALENDAR_DAYS = 28


@dataclass(frozen=True)
class Booking:
    """Days a machine is taken. ``partner_name`` and ``id`` only where the reader may know."""

    id: uuid.UUID
    first: dt.date
    last: dt.date
    state: str
    partner_id: uuid.UUID
    partner_name: str


@dataclass(frozen=True)
class UnitDays:
    """A machine with what is booked in the days shown."""

    id: uuid.UUID
    code: str
    name: str
    place_id: uuid.UUID
    place_name: str
    condition: str
    note: str
    bookings: tuple[Booking, ...]

    def on(self, day: dt.date) -> Booking | None:
        """Who has it on that day."""
        return next((one for one in self.bookings if one.first <= day <= one.last), None)


@dataclass(frozen=True)
class Calendar:
    """The machines over some days."""

    days: tuple[dt.date, ...]
    units: tuple[UnitDays, ...]


# What is overdue stays taken up to today at least.
_CALENDAR = text("""
SELECT u.id, u.code, u.name, u.place_id, s.name AS place_name, u.condition, u.note,
       (SELECT json_agg(json_build_array(l.id, lower(l.period), CASE l.state WHEN 'out'
                          THEN greatest(upper(l.period) - 1, :today) ELSE upper(l.period) - 1 END,
                          l.state, p.id, p.name) ORDER BY lower(l.period))
          FROM loans l JOIN partners p ON p.id = l.partner_id
         WHERE l.unit_id = u.id AND l.state IN ('reserved', 'out') AND lower(l.period) <= :last
           AND (upper(l.period) > :first OR l.state = 'out')) AS bookings
  FROM loan_units u JOIN supply_places s ON s.id = u.place_id
 WHERE :every OR u.condition <> 'retired'
 ORDER BY u.condition = 'retired', u.code
""")


async def calendar(
    db: AsyncSession, first: dt.date, today: dt.date, *, every: bool = False
) -> Calendar:
    """The machines and what is booked for ``CALENDAR_DAYS`` from ``first``; ``every`` = with those
    that are gone."""
    days = tuple(first + dt.timedelta(days=n) for n in range(CALENDAR_DAYS))
    values = {"first": days[0], "last": days[-1], "today": today, "every": every}
    rows = (await db.execute(_CALENDAR, values)).all()
    units = (
        UnitDays(**{**row._mapping, "bookings": tuple(_booking(*b) for b in row.bookings or ())})
        for row in rows
    )
    return Calendar(days, tuple(units))


def _booking(id: str, first: str, last: str, state: str, partner: str, name: str) -> Booking:
    day = dt.date.fromisoformat
    return Booking(uuid.UUID(id), day(first), day(last), state, uuid.UUID(partner), name)
