"""Which 年度 is under review, and until when. City rules decide; nothing is stored."""

import calendar
import datetime as dt
from dataclasses import dataclass

from server.citysettings.registry import CityRules
from server.http.i18n import fiscal_year
from server.ledgers.lists import FIRST_YEAR

HALF_A_YEAR = dt.timedelta(days=183)


@dataclass(frozen=True)
class Window:
    """The days in which the review of a 年度 is written, both ends included."""

    year: int
    opens_on: dt.date
    closes_on: dt.date

    def is_open(self, day: dt.date) -> bool:
        """Whether partners may write on that day."""
        return self.opens_on <= day <= self.closes_on

    def days_left(self, day: dt.date) -> int:
        """Days until the last one; 0 on it."""
        return (self.closes_on - day).days


def _opening(rules: CityRules, calendar_year: int) -> dt.date:
    month, day = (int(part) for part in rules.review_from.split("-"))
    last = calendar.monthrange(calendar_year, month)[1]  # a rule may say 02-29
    return dt.date(calendar_year, month, min(day, last))


def _window(rules: CityRules, calendar_year: int) -> Window:
    opens_on = _opening(rules, calendar_year)
    # The year that is ending, or has just ended, on the day the review opens.
    year = fiscal_year(opens_on - HALF_A_YEAR)
    return Window(year, opens_on, opens_on + dt.timedelta(days=rules.review_days - 1))


def window_on(day: dt.date, rules: CityRules) -> Window:
    """The window that opened last, whether it is still open or not."""
    this_year = _window(rules, day.year)
    return this_year if this_year.opens_on <= day else _window(rules, day.year - 1)


def window_of(year: int, rules: CityRules) -> Window:
    """The window of a 年度."""
    found = _window(rules, year)
    return found if found.year == year else _window(rules, year + 1)


def reviewed_years(day: dt.date, rules: CityRules) -> tuple[int, ...]:
    """年度 whose review has begun, the newest first."""
    return tuple(range(window_on(day, rules).year, FIRST_YEAR - 1, -1))


def read_year(asked: str, day: dt.date, rules: CityRules) -> int:
    """The 年度 an address asks for; the one under review when it names none that can be."""
    newest = window_on(day, rules).year
    year = int(asked) if asked.isascii() and asked.isdigit() and len(asked) == 4 else newest
    return year if FIRST_YEAR <= year <= newest else newest
