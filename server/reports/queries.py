"""The table of the exchange meeting (情報交換会資料): one statement over the ledgers.

Nothing of it is typed or stored. Head counts are kept apart: 登録人数 (活動者数) is what partners
declared, 延べ参加者数 is who came, counted each time.
"""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from server.citysettings.queries import City
from server.db.context import now
from server.http.i18n import fiscal_year
from server.reports.rows import SPECS, RowSpec

YEARS_SHOWN = 6  # the year asked for and the five before it

Counts = dict[tuple[str, str], dict[int, Decimal]]  # (what, key) → year → number


@dataclass(frozen=True)
class ExchangeYear:
    """One 年度 of the table; ``day`` is 31 March, or today while the year runs."""

    year: int
    day: dt.date
    running: bool


@dataclass(frozen=True)
class ExchangeRow:
    """One line: a number per year, in the order of ``ExchangeTable.years``."""

    spec: RowSpec
    values: tuple[Decimal, ...]


@dataclass(frozen=True)
class ExchangeTable:
    """``rows`` are exactly the city's own list; ``additional`` are the counts of the reports."""

    years: tuple[ExchangeYear, ...]  # the newest first
    rows: tuple[ExchangeRow, ...]
    additional: tuple[ExchangeRow, ...]
    first_year: int  # the oldest 年度 with an agreement

    def value(self, what: str, key: str = "", year: int | None = None) -> Decimal:
        """A single number, by default of the newest year. KeyError for a typing error of ours."""
        years = [one.year for one in self.years]
        place = 0 if year is None else years.index(year)
        for row in (*self.rows, *self.additional):
            if (row.spec.what, row.spec.key) == (what, key):
                return row.values[place]
        raise KeyError((what, key))


# ``day`` of a year: what lives on its last day (today, while it runs) is counted as living.
_TABLE = text("""
WITH years AS (
    SELECT y AS year, make_date(y, 4, 1) AS first, make_date(y + 1, 4, 1) AS next,
           least(make_date(y + 1, 3, 31), cast(:today AS date)) AS day
      FROM generate_series(cast(:oldest AS int), cast(:newest AS int)) AS y
), live_areas AS (
    SELECT DISTINCT y.year, y.day, aa.area_id
      FROM years y
      JOIN agreement_areas aa ON aa.period @> y.day
      JOIN agreements g ON g.id = aa.agreement_id AND g.agreed_on IS NOT NULL
), live_partners AS (
    SELECT DISTINCT y.year, y.day, g.partner_id
      FROM years y JOIN agreements g ON g.period @> y.day AND g.agreed_on IS NOT NULL
)
SELECT l.year, 'areas' AS what, coalesce(v.kind, a.kind) AS key, count(*)::numeric AS n
  FROM live_areas l
  JOIN areas a ON a.id = l.area_id
  LEFT JOIN LATERAL (
       SELECT v.kind FROM area_versions v
        WHERE v.area_id = a.id
          AND v.valid_from < (l.day + 1)::timestamp AT TIME ZONE cast(:zone AS text)
        ORDER BY v.version DESC LIMIT 1) v ON true
 GROUP BY l.year, coalesce(v.kind, a.kind)
UNION ALL
SELECT l.year, 'partners', p.subject, count(*)
  FROM live_partners l JOIN partners p ON p.id = l.partner_id GROUP BY l.year, p.subject
UNION ALL
SELECT l.year, 'people', '', sum(coalesce(c.people, p.registered_people))
  FROM live_partners l
  JOIN partners p ON p.id = l.partner_id
  LEFT JOIN LATERAL (
       SELECT c.people FROM partner_people c
        WHERE c.partner_id = p.id AND c.counted_on <= l.day
        ORDER BY c.counted_on DESC LIMIT 1) c ON true
 GROUP BY l.year
UNION ALL
SELECT y.year, 'loans', '', count(*)
  FROM years y JOIN loans l ON l.out_on >= y.first AND l.out_on < y.next GROUP BY y.year
UNION ALL
SELECT y.year, CASE i.category WHEN 'bag' THEN 'bags' ELSE 'fuel' END, '', -sum(m.quantity)
  FROM years y
  JOIN stock_moves m ON m.moved_on >= y.first AND m.moved_on < y.next
   AND m.reason IN ('handout', 'return')
  JOIN supply_items i ON i.id = m.item_id AND i.category IN ('bag', 'fuel')
 GROUP BY y.year, i.category
UNION ALL
-- Fuel noted with a loan that no line of the stock book speaks of: no stock of it is kept.
SELECT y.year, 'fuel', 'with_loans', sum(l.fuel_litres)
  FROM years y JOIN loans l ON l.out_on >= y.first AND l.out_on < y.next
 WHERE NOT EXISTS (SELECT FROM stock_moves m WHERE m.loan_id = l.id) GROUP BY y.year
UNION ALL
SELECT y.year, 'centre', s.kind, count(*)
  FROM years y JOIN centre_supports s ON s.on_day >= y.first AND s.on_day < y.next
 GROUP BY y.year, s.kind
UNION ALL
SELECT y.year, unnest(ARRAY['cleanups', 'participants']), '', unnest(ARRAY[count(*), sum(c.people)])
  FROM years y
  JOIN cleanups c ON c.done_on >= y.first AND c.done_on < y.next AND c.state = 'accepted'
 GROUP BY y.year
UNION ALL
SELECT cast(:newest AS int), 'first_year', '',
       extract(year FROM min(lower(period)) - interval '3 months')
  FROM agreements WHERE agreed_on IS NOT NULL
""")


def last_day(year: int, today: dt.date) -> dt.date:
    """The day a 年度 is counted on: its 31 March, or today while it runs."""
    return min(dt.date(year + 1, 3, 31), today)


async def exchange_table(
    db: AsyncSession, city: City, year: int | None = None, years: int = YEARS_SHOWN
) -> ExchangeTable:
    """The figures of a 年度 (the running one, without ``year``) and of the ones before it.

    A year that has not begun is as if the running one was asked for.
    """
    today = now(db).astimezone(city.zone).date()
    running = fiscal_year(today)
    newest = min(running if year is None else year, running)
    asked = {
        "today": today, "oldest": newest - years + 1, "newest": newest, "zone": city.zone.key,
    }  # fmt: skip
    found: Counts = defaultdict(dict)
    for row in await db.execute(_TABLE, asked):
        if row.n is not None:
            found[row.what, row.key][row.year] = Decimal(row.n)
    shown = tuple(
        ExchangeYear(one, last_day(one, today), one == running)
        for one in range(newest, newest - years, -1)
    )
    first = found.get(("first_year", ""), {}).get(newest, Decimal(running))
    lines = [_line(spec, found, shown) for spec in SPECS]
    return ExchangeTable(
        years=shown,
        rows=tuple(line for line in lines if not line.spec.additional),
        additional=tuple(line for line in lines if line.spec.additional),
        first_year=min(int(first), newest),
    )


def _line(spec: RowSpec, found: Counts, years: tuple[ExchangeYear, ...]) -> ExchangeRow:
    """The sum of what a row counts: all keys of its kind, or the ones it names."""
    parts = [
        per_year
        for (what, key), per_year in found.items()
        if what == spec.what and (not spec.keys or key in spec.keys)
    ]
    return ExchangeRow(
        spec, tuple(sum((part.get(y.year, Decimal()) for part in parts), Decimal()) for y in years)
    )
