"""Reads of many reports: a partner's log of a 年度, and the staff's list for review."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from server.cleanups.content import Litter, bags_of
from server.cleanups.models import STATES
from server.cleanups.queries import litter_of

PAGE_SIZE = 50


@dataclass(frozen=True)
class Line:
    """A report in a list."""

    id: uuid.UUID
    done_on: dt.date
    people: int
    minutes: int | None
    state: str
    review_comment: str
    area_code: str
    area_name: str
    partner_code: str
    partner_name: str
    litter: tuple[Litter, ...]

    @property
    def bags(self) -> Decimal:
        """Bags of whatever class."""
        return bags_of(self.litter)

    @property
    def month(self) -> str:
        """``2026-06``: the heading it stands under."""
        return f"{self.done_on:%Y-%m}"


@dataclass(frozen=True)
class Totals:
    """Sums over reports that are not withdrawn. ``untimed``: reports without minutes."""

    times: int
    people: int
    bags: Decimal
    minutes: int
    untimed: int


@dataclass(frozen=True)
class YearOfLog:
    """What stands above a log: its totals, and what it can be narrowed to."""

    totals: Totals
    years: tuple[int, ...]
    areas: tuple[tuple[str, str], ...]  # code, name


@dataclass(frozen=True)
class Page:
    """Some lines, and whether more follow."""

    lines: tuple[Line, ...]
    number: int
    more: bool


def days_of_year(fiscal_year: int | None) -> tuple[dt.date, dt.date]:
    """First day and the day after the last of a 年度; None = all times."""
    if fiscal_year is None:
        return dt.date(1, 1, 1), dt.date(9999, 1, 1)
    return dt.date(fiscal_year, 4, 1), dt.date(fiscal_year + 1, 4, 1)


_LINE = """
SELECT c.id, c.done_on, c.people, c.minutes, c.state, c.review_comment, a.code AS area_code,
       a.name AS area_name, p.code AS partner_code, p.name AS partner_name,
       (SELECT json_agg(json_build_array(l.class, l.unit, l.quantity::text))
          FROM cleanup_litter l WHERE l.cleanup_id = c.id) AS litter
  FROM cleanups c
  JOIN areas a ON a.id = c.area_id
  JOIN partners p ON p.id = c.partner_id
"""

_OWN = """
 WHERE c.partner_id = ANY(CAST(:partners AS uuid[]))
   AND c.done_on >= :first AND c.done_on < :after
   AND (CAST(:area AS text) IS NULL OR a.code = :area)
"""

_ORDER = "ORDER BY c.done_on DESC, c.created_at DESC, c.id"


def _page_of(conditions: str) -> str:
    """SQL: the lines of one page. Its ids come first, or the litter of every line that OFFSET
    skips would be gathered too: seconds, far back in a long list."""
    return f"""
WITH page AS (
  SELECT c.id FROM cleanups c JOIN areas a ON a.id = c.area_id
    JOIN partners p ON p.id = c.partner_id {conditions}
  {_ORDER} LIMIT :rows OFFSET :skip)
{_LINE} JOIN page ON page.id = c.id {_ORDER}
"""  # noqa: S608 - fixed text only


_OWN_PAGE = text(_page_of(_OWN))

_OWN_YEAR = text(f"""
WITH mine AS (
  SELECT c.id, c.people, c.minutes
    FROM cleanups c JOIN areas a ON a.id = c.area_id {_OWN} AND c.state <> 'withdrawn')
SELECT (SELECT json_build_array(count(*), coalesce(sum(people), 0), coalesce(sum(minutes), 0),
                                count(*) FILTER (WHERE minutes IS NULL)) FROM mine) AS sums,
       (SELECT coalesce(sum(l.quantity), 0)
          FROM cleanup_litter l JOIN mine ON mine.id = l.cleanup_id
         WHERE l.unit = 'bag') AS bags,
       (SELECT array_agg(DISTINCT extract(year FROM c.done_on - interval '3 months')::int)
          FROM cleanups c WHERE c.partner_id = ANY(CAST(:partners AS uuid[]))) AS years,
       (SELECT json_agg(json_build_array(a.code, a.name) ORDER BY a.code) FROM areas a
         WHERE a.id IN (SELECT c.area_id FROM cleanups c
                         WHERE c.partner_id = ANY(CAST(:partners AS uuid[])))) AS areas
""")  # noqa: S608 - fixed text only


def _line(row: Any) -> Line:
    values: Mapping[str, Any] = row._mapping
    return Line(**{**values, "litter": litter_of(row.litter)})


def _page(rows: Sequence[Any], number: int) -> Page:
    return Page(tuple(_line(row) for row in rows[:PAGE_SIZE]), number, len(rows) > PAGE_SIZE)


def _own(
    partners: Sequence[uuid.UUID], fiscal_year: int | None, area_code: str | None
) -> dict[str, Any]:
    first, after = days_of_year(fiscal_year)
    return {"partners": list(partners), "first": first, "after": after, "area": area_code}


async def own_page(
    db: AsyncSession,
    partners: Sequence[uuid.UUID],
    fiscal_year: int,
    area_code: str | None,
    number: int,
) -> Page:
    """The log of these partners in a 年度, newest day first, withdrawn reports included."""
    values = {
        **_own(partners, fiscal_year, area_code),
        "rows": PAGE_SIZE + 1, "skip": (number - 1) * PAGE_SIZE,
    }  # fmt: skip
    return _page((await db.execute(_OWN_PAGE, values)).all(), number)


async def own_year(
    db: AsyncSession,
    partners: Sequence[uuid.UUID],
    fiscal_year: int,
    area_code: str | None,
) -> YearOfLog:
    """Totals of the same selection, and the 年度 and areas that have reports at all."""
    row = (await db.execute(_OWN_YEAR, _own(partners, fiscal_year, area_code))).one()
    times, people, minutes, untimed = row.sums
    years = tuple(sorted(row.years or (), reverse=True))
    areas = tuple((code, name) for code, name in row.areas or ())
    return YearOfLog(Totals(times, people, row.bags, minutes, untimed), years, areas)


# --- staff -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Filter:
    """What staff may narrow the list by. ``partner`` and ``area``: a code or part of a name."""

    state: str | None = None
    partner: str = ""
    area: str = ""
    fiscal_year: int | None = None


@dataclass(frozen=True)
class Counts:
    """Reports per state under the other filters, and the 年度 that have any."""

    by_state: Mapping[str, int]
    years: tuple[int, ...]


_ALL = """
 WHERE c.done_on >= :first AND c.done_on < :after
   AND (:partner = '' OR p.code = upper(:partner) OR p.name ILIKE :partner_like
        OR p.name_kana ILIKE :partner_like)
   AND (:area = '' OR a.code = upper(:area) OR a.name ILIKE :area_like
        OR a.name_kana ILIKE :area_like)
"""

_ALL_PAGE = text(_page_of(f"{_ALL} AND (CAST(:state AS text) IS NULL OR c.state = :state)"))

_ALL_COUNTS = text(f"""
SELECT (SELECT json_object_agg(state, n) FROM (
          SELECT c.state, count(*) AS n FROM cleanups c JOIN areas a ON a.id = c.area_id
            JOIN partners p ON p.id = c.partner_id {_ALL} GROUP BY c.state) s) AS by_state,
       (SELECT json_build_array(min(done_on), max(done_on)) FROM cleanups) AS span
""")  # noqa: S608 - fixed text only


def _like(words: str) -> str:
    escaped = words.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
    return f"%{escaped}%"


def _all(chosen: Filter) -> dict[str, Any]:
    first, after = days_of_year(chosen.fiscal_year)
    return {
        "first": first, "after": after,
        "partner": chosen.partner, "partner_like": _like(chosen.partner),
        "area": chosen.area, "area_like": _like(chosen.area),
    }  # fmt: skip


async def staff_page(db: AsyncSession, chosen: Filter, number: int) -> Page:
    """Everybody's reports, newest day first."""
    values = {
        **_all(chosen), "state": chosen.state,
        "rows": PAGE_SIZE + 1, "skip": (number - 1) * PAGE_SIZE,
    }  # fmt: skip
    return _page((await db.execute(_ALL_PAGE, values)).all(), number)


async def staff_counts(db: AsyncSession, chosen: Filter) -> Counts:
    """How many there are in each state, whatever state is chosen."""
    row = (await db.execute(_ALL_COUNTS, _all(chosen))).one()
    found = row.by_state or {}
    low, high = row.span
    years = range(_fiscal(high), _fiscal(low) - 1, -1) if low else ()
    return Counts({state: found.get(state, 0) for state in STATES}, tuple(years))


def _fiscal(day: str) -> int:
    year, month = int(day[:4]), int(day[5:7])
    return year if month >= 4 else year - 1
