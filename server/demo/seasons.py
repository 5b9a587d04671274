"""The working year of the demo: April to November, and the fiscal years that frame it."""

import datetime as dt
from typing import Final

FIRST_MONTH: Final = 4
LAST_MONTH: Final = 11


def fiscal_year(day: dt.date) -> int:
    """年度: April to March."""
    return day.year if day.month >= FIRST_MONTH else day.year - 1


def year_start(year: int) -> dt.date:
    """The first day of a fiscal year, which is also the first day of its season."""
    return dt.date(year, FIRST_MONTH, 1)


def season_end(year: int) -> dt.date:
    """The last day of the season of a fiscal year."""
    return dt.date(year, LAST_MONTH, 30)


def in_season(day: dt.date) -> bool:
    """Whether partners work outdoors on that day."""
    return FIRST_MONTH <= day.month <= LAST_MONTH


def last_working_day(today: dt.date) -> dt.date:
    """The newest day a cleanup can have: yesterday, or the end of the season in winter."""
    return min(today - dt.timedelta(days=1), season_end(fiscal_year(today)))


def years_later(day: dt.date, years: int) -> dt.date:
    """The same day some years later or earlier; 29 February becomes 28 February."""
    if (day.month, day.day) == (2, 29):
        day = day.replace(day=28)
    return day.replace(year=day.year + years)
