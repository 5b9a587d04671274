"""Which days the crew drives, and the first day a request can be taken: dates in, dates out.

Three things decide, the later over the earlier: the weekdays of the rules, public holidays, and
the days that staff have set apart. Nothing here reads a database or a clock.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import holidays

from server.citysettings.registry import CityRules

FARTHEST = dt.timedelta(days=400)  # no day of the crew within so long = there is none
ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class SetApart:
    """A day that differs from the weekly rule. ``capacity`` None = the usual one."""

    open: bool
    capacity: int | None = None
    note: str = ""


@dataclass(frozen=True)
class CrewCalendar:
    """All that decides about a day. ``taken`` counts the stops a day has already."""

    weekdays: frozenset[int]  # 0 = Monday
    on_holidays: bool
    lead_days: int
    cutoff: dt.time
    capacity: int
    set_apart: Mapping[dt.date, SetApart]
    taken: Mapping[dt.date, int]

    def is_open(self, day: dt.date) -> bool:
        """Whether the crew drives on that day."""
        special = self.set_apart.get(day)
        if special is not None:
            return special.open
        return day.weekday() in self.weekdays and (self.on_holidays or not holiday_name(day))

    def capacity_of(self, day: dt.date) -> int:
        """How many stops that day can have; 0 when the crew does not drive."""
        if not self.is_open(day):
            return 0
        special = self.set_apart.get(day)
        if special is None or special.capacity is None:
            return self.capacity
        return special.capacity

    def room_on(self, day: dt.date) -> int:
        """How many more stops fit; never less than 0."""
        return max(0, self.capacity_of(day) - self.taken.get(day, 0))

    def open_from(self, day: dt.date) -> dt.date | None:
        """The first day of the crew on or after ``day``; None when there is none in sight."""
        return next((d for d in _days(day) if self.is_open(d)), None)

    def with_room_from(self, day: dt.date) -> dt.date | None:
        """The first day on or after ``day`` on which another stop fits."""
        return next((d for d in _days(day) if self.room_on(d)), None)

    def offer(self, day: dt.date, n: int = 3) -> tuple[dt.date, ...]:
        """The next ``n`` days with room on or after ``day``."""
        found: list[dt.date] = []
        for one in _days(day):
            if self.room_on(one):
                found.append(one)
            if len(found) == n:
                break
        return tuple(found)

    def earliest(self, asked_at: dt.datetime) -> dt.date | None:
        """The first day for a request that came in at ``asked_at`` (on the city's clock).

        Asked after the cutoff, or on a day without crew, counts as asked on the next day of the
        crew. Then ``lead_days`` days of the crew lie between. Whether there is room is another
        question: see ``with_room_from``.
        """
        late = asked_at.time() > self.cutoff
        counts_as = self.open_from(asked_at.date() + (ONE_DAY if late else dt.timedelta()))
        day = counts_as
        for _between in range(self.lead_days + 1):
            day = self.open_from(day + ONE_DAY) if day else None
        return day


def crew_calendar(
    rules: CityRules, set_apart: Mapping[dt.date, SetApart], taken: Mapping[dt.date, int]
) -> CrewCalendar:
    """The calendar of the city's rules."""
    return CrewCalendar(
        weekdays=frozenset(rules.pickup_weekdays), on_holidays=rules.pickup_on_holidays,
        lead_days=rules.pickup_lead_days, cutoff=dt.time.fromisoformat(rules.pickup_cutoff),
        capacity=rules.pickup_capacity, set_apart=set_apart, taken=taken,
    )  # fmt: skip


def _days(first: dt.date) -> Iterable[dt.date]:
    """All days from ``first`` as far as we look, short of the end of the calendar."""
    span = min(FARTHEST, dt.date.max - first)
    return (first + dt.timedelta(days=n) for n in range(span.days + 1))


def suggest(
    calendar: CrewCalendar, wishes: Iterable[dt.date], today: dt.date
) -> list[dt.date | None]:
    """A day for each wish, in order: the wished one or the next with room.

    What is suggested to one is taken into account for those after it. Not before ``today``.
    """
    extra: dict[dt.date, int] = {}
    found: list[dt.date | None] = []
    for wish in wishes:
        day = next(
            (d for d in _days(max(wish, today)) if calendar.room_on(d) > extra.get(d, 0)), None
        )
        if day is not None:
            extra[day] = extra.get(day, 0) + 1
        found.append(day)
    return found


def holiday_name(day: dt.date) -> str | None:
    """The Japanese name of a public holiday (国民の祝日・休日), or None."""
    return _holidays(day.year).get(day)


@lru_cache(maxsize=16)
def _holidays(year: int) -> dict[dt.date, str]:
    return dict(holidays.country_holidays("JP", years=year, language="ja"))
