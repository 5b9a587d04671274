"""The care of every area on a day, as one SQL expression. Nothing of it is stored.

``geo/coverage.py`` says the same in Python and explains the rules; ``tests/coverage`` compares the
two on random dates and seasons. Days are computed per season (one row a year, two or three rows
for an area somebody cares for), not by counting days one by one.
"""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Boolean, Date, Integer, Text, Uuid, column, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.selectable import Subquery

from geo.coverage import Season
from server.citysettings.queries import City
from server.citysettings.registry import CityRules
from server.db.context import now


def season_of(rules: CityRules) -> Season:
    """The city's own season."""
    return Season(rules.season_from, rules.season_to)


def city_today(db: AsyncSession, city: City) -> dt.date:
    """Today on the city's own calendar, by the service clock."""
    return now(db).astimezone(city.zone).date()


@dataclass(frozen=True)
class Pause:
    """The city's pause around a day: its first and last day, and the day the picture shows."""

    first: dt.date
    last: dt.date
    shown_day: dt.date

    @property
    def winter(self) -> bool:
        """Whether people would call it the winter pause."""
        return any((self.first + dt.timedelta(n)).month == 1 for n in range(0, self.days, 28))

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


def pause_on(day: dt.date, rules: CityRules) -> Pause | None:
    """The pause that ``day`` lies in, or None in the season."""
    season = season_of(rules)
    if season.contains(day):
        return None
    end = season.last_day(day)
    one_day = dt.timedelta(days=1)
    return Pause(end + one_day, season.next_day(day) - one_day, end)


def _month_day(month_day: str, year: str) -> str:
    """SQL: that day of the year, but at most the day after the month's end (29 February)."""
    month, day = f"substr({month_day}, 1, 2)::int", f"substr({month_day}, 4, 2)::int"
    first = f"make_date({year}, {month}, 1)"
    return f"least({first} + {day} - 1, ({first} + interval '1 month')::date)"


def season_first(opens: str, year: str) -> str:
    """SQL: the first day of the season that opens in ``year`` (SQL expressions in and out)."""
    return _month_day(opens, year)


def season_last(opens: str, closes: str, year: str) -> str:
    """SQL: the last day of the season that opens in ``year``; it may lie in the next one."""
    ends = f"({year} + ({closes} < {opens})::int)"
    month = f"substr({closes}, 1, 2)::int"
    month_end = f"(make_date({ends}, {month}, 1) + interval '1 month')::date - 1"
    return f"least({_month_day(closes, ends)}, {month_end})"


def _year(day: str) -> str:
    return f"extract(year FROM {day})::int"


def season_days(opens: str, closes: str, after: str, until: str) -> str:
    """SQL: days of the season later than ``after`` up to and with ``until`` (NULL for NULL)."""
    first, last = season_first(opens, "y"), season_last(opens, closes, "y")
    overlap = f"least({until}, {last}) - greatest({after} + 1, {first}) + 1"
    years = f"generate_series({_year(after)} - 1, {_year(until)}) AS y"
    return f"(SELECT sum(greatest(0, {overlap}))::int FROM {years})"  # noqa: S608 - no value from outside


def in_season(opens: str, closes: str, day: str) -> str:
    """SQL: whether people clean on that day."""
    spans = (
        f"{day} BETWEEN {season_first(opens, year)} AND {season_last(opens, closes, year)}"
        for year in (f"({_year(day)} - 1)", _year(day))
    )
    return f"({' OR '.join(spans)})"


def _current_year(opens: str, day: str) -> str:
    """SQL: the year in which the season that is on, or ended last, opened."""
    return f"({_year(day)} - ({season_first(opens, _year(day))} > {day})::int)"


_DAY = "CAST(:day AS date)"
_OPENS, _CLOSES = "own.opens", "own.closes"
_WAITED_SINCE = "greatest(past.done_on, taken.first_on)"
# What an area came out of by splits and merges, back to the beginning, and what was done there: a
# part of a street is not "never cleaned" because it got a number of its own. Few rows, read once.
# It is a query within the FROM: one that began with WITH could not be merged with what joins it.
_HERITAGE = f"""(
       WITH RECURSIVE kin(area_id, elder_id) AS (
            SELECT to_area_id, from_area_id FROM area_lineage
             UNION
            SELECT k.area_id, l.from_area_id
              FROM kin k JOIN area_lineage l ON l.to_area_id = k.elder_id)
       SELECT k.area_id, max(c.done_on) AS last_on, min(x.first_on) AS first_on
         FROM kin k
         LEFT JOIN LATERAL (
              SELECT c.done_on FROM cleanups c
               WHERE c.area_id = k.elder_id AND c.state = 'accepted' AND c.done_on <= {_DAY}
               ORDER BY c.done_on DESC LIMIT 1) c ON true
        CROSS JOIN LATERAL (
              SELECT min(lower(x.period)) AS first_on FROM agreement_areas x
               WHERE x.area_id = k.elder_id AND lower(x.period) <= {_DAY}) x
        GROUP BY k.area_id)"""  # noqa: S608 - only fixed text goes in; values are bound
_CARE = f"""
SELECT a.id AS area_id,
       past.done_on AS last_on,
       since.days AS season_days,
       own.first_day AS season_first,
       taken.live AS has_carer,
       CASE WHEN NOT taken.live THEN 'unassigned'
            WHEN own.resting THEN 'resting'
            WHEN past.done_on IS NULL OR past.done_on < own.previous_first_day THEN 'never'
            WHEN since.days <= :fresh_days THEN 'fresh'
            WHEN since.days <= :due_days THEN 'due'
            ELSE 'overdue' END AS state,
       taken.live AND {_WAITED_SINCE} < own.first_day
         AND {season_days(_OPENS, _CLOSES, _WAITED_SINCE, _DAY)} >= own.length AS dormant
  FROM areas a
 CROSS JOIN LATERAL (
       SELECT s.opens, s.closes, first_day, previous_first_day, last_day,
              last_day - first_day + 1 AS length,
              a.season_from IS NOT NULL AND :city_in_season
                AND NOT {in_season("s.opens", "s.closes", _DAY)} AS resting
         FROM (SELECT coalesce(a.season_from, :season_from) AS opens,
                      coalesce(a.season_to, :season_to) AS closes OFFSET 0) s
        CROSS JOIN LATERAL (SELECT {_current_year("s.opens", _DAY)} AS y OFFSET 0) at
        CROSS JOIN LATERAL (
              SELECT {season_first("s.opens", "at.y")} AS first_day,
                     {season_first("s.opens", "(at.y - 1)")} AS previous_first_day,
                     {season_last("s.opens", "s.closes", "at.y")} AS last_day OFFSET 0) d
       OFFSET 0) own
  LEFT JOIN {_HERITAGE} heritage ON heritage.area_id = a.id
  LEFT JOIN LATERAL (
       SELECT c.done_on FROM cleanups c
        WHERE c.area_id = a.id AND c.state = 'accepted' AND c.done_on <= {_DAY}
        ORDER BY c.done_on DESC LIMIT 1) mine ON true
 CROSS JOIN LATERAL (SELECT greatest(mine.done_on, heritage.last_on) AS done_on OFFSET 0) past
 CROSS JOIN LATERAL (
       SELECT coalesce(bool_or(x.period @> {_DAY}), false) AS live,
              least(min(lower(x.period)), heritage.first_on) AS first_on
         FROM agreement_areas x
        WHERE x.area_id = a.id AND lower(x.period) <= {_DAY}) taken
 CROSS JOIN LATERAL (
       SELECT CASE WHEN past.done_on >= own.first_day
                   THEN greatest(0, least({_DAY}, own.last_day) - past.done_on)
                   ELSE {season_days(_OPENS, _CLOSES, "past.done_on", _DAY)} END AS days
       OFFSET 0) since
 WHERE (a.retired_on IS NULL OR a.retired_on > {_DAY})
   AND NOT EXISTS (SELECT FROM area_lineage l WHERE l.to_area_id = a.id AND l.on_day > {_DAY})
"""  # noqa: S608 - only fixed text goes in; values are bound


def care_of_areas(day: dt.date, rules: CityRules) -> Subquery:
    """One row for each area in force on ``day`` (the city's own date), to join on ``area_id``.

    Columns: ``state`` (a key of ``geo/palette.py``), ``last_on`` (last accepted cleanup there or in
    an area it was split from or merged of, or NULL),
    ``season_days`` since then, ``season_first`` (first day of the area's current season),
    ``has_carer``, ``dormant`` (somebody agreed to care, and for the days of a whole season nothing
    was recorded). Accepted cleanups after ``day`` are not seen.
    """
    statement = text(_CARE).bindparams(
        day=day,
        season_from=rules.season_from,
        season_to=rules.season_to,
        city_in_season=season_of(rules).contains(day),
        fresh_days=rules.fresh_days,
        due_days=rules.due_days,
    )
    return statement.columns(
        column("area_id", Uuid),
        column("last_on", Date),
        column("season_days", Integer),
        column("season_first", Date),
        column("has_carer", Boolean),
        column("state", Text),
        column("dormant", Boolean),
    ).subquery("care")
