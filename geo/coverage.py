"""How well an area is cared for: days of the season since it was last cleaned.

In a snowy city nobody cleans from December to March, so those days must not count: an area
cleaned on 30 November is one day old on 1 April. A season is two days of the year, `MM-DD`,
both included; it may wrap the new year. Everything here is pure; the server says the same
once more in SQL (`server/coverage/care.py`) and a test holds the two together.
"""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from dataclasses import dataclass
from typing import Literal

CareState = Literal["fresh", "due", "overdue", "never", "resting", "unassigned"]
ONE_DAY = dt.timedelta(days=1)


def _month_end(year: int, month: int) -> dt.date:
    return dt.date(year, month, monthrange(year, month)[1])


def _day_of(year: int, month_day: str, at_most: dt.date) -> dt.date:
    month, day = (int(part) for part in month_day.split("-"))
    return min(dt.date(year, month, 1) + (day - 1) * ONE_DAY, at_most)


@dataclass(frozen=True, slots=True)
class Season:
    """The days of the year on which people clean: `opens` and `closes` as `MM-DD`, included.

    A day that a year does not have (29 February) opens on the next day and closes on the one
    before.
    """

    opens: str
    closes: str

    def span(self, year: int) -> tuple[dt.date, dt.date]:
        """First and last day of the season that opens in `year`; last < first if it is empty."""
        first = _day_of(year, self.opens, _month_end(year, int(self.opens[:2])) + ONE_DAY)
        year += self.closes < self.opens
        return first, _day_of(year, self.closes, _month_end(year, int(self.closes[:2])))

    def contains(self, day: dt.date) -> bool:
        """Whether people clean on that day."""
        spans = (self.span(year) for year in (day.year - 1, day.year))
        return any(first <= day <= last for first, last in spans)

    def current(self, day: dt.date) -> tuple[dt.date, dt.date]:
        """The season that is on, or else the one that ended last before `day`."""
        this = self.span(day.year)
        return this if this[0] <= day else self.span(day.year - 1)

    def last_day(self, day: dt.date) -> dt.date:
        """`day` itself in the season, else the last day of the season before it."""
        return min(day, self.current(day)[1])

    def next_day(self, day: dt.date) -> dt.date:
        """`day` itself in the season, else the first day of the next one."""
        return day if self.contains(day) else self.span(self.current(day)[0].year + 1)[0]

    def days_between(self, after: dt.date, until: dt.date) -> int:
        """Days of the season later than `after`, up to and with `until`; never negative."""
        total = 0
        for year in range(after.year - 1, until.year + 1):
            first, last = self.span(year)
            total += max(0, (min(until, last) - max(after + ONE_DAY, first)).days + 1)
        return total


@dataclass(frozen=True, slots=True)
class CareRules:
    """What a city decides: its season, and after how many days of it an area is due, overdue."""

    season: Season
    fresh_days: int
    due_days: int


@dataclass(frozen=True, slots=True)
class AreaFacts:
    """What is known of an area on a day. `own_season` is None where the city's season holds.

    `last_on` counts what was done in the areas it was split from or merged of, too: the ground is
    the same.
    """

    last_on: dt.date | None
    has_carer: bool
    own_season: Season | None = None


def care_state(facts: AreaFacts, rules: CareRules, day: dt.date) -> CareState:
    """The state of an area as of `day`; time alone moves it on.

    Outside the season nothing counts, so the state stays what it was on the season's last day.
    `resting` is only said where the city is in season and the area's own season is not: there
    is nothing to do there now, whoever looks at the map should not send people.
    """
    season = facts.own_season or rules.season
    if not facts.has_carer:
        return "unassigned"
    if rules.season.contains(day) and not season.contains(day):
        return "resting"
    if facts.last_on is None or facts.last_on < season.span(season.current(day)[0].year - 1)[0]:
        return "never"
    days = season.days_between(facts.last_on, day)
    if days <= rules.fresh_days:
        return "fresh"
    return "due" if days <= rules.due_days else "overdue"
