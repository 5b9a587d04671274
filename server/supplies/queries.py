"""Reads of the ledgers of supplies that others use: the figures of a 年度."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True)
class YearFigures:
    """What the ledgers say about some days (usually a 年度).

    ``bags``, ``armbands`` and ``other`` are pieces and ``fuel_litres`` litres: handed out minus
    given back. ``loans`` counts mowers handed out in these days, ``unit_days`` the days (within
    them) that mowers were away; one that is still away counts to its last agreed day.
    """

    bags: Decimal
    fuel_litres: Decimal
    armbands: Decimal
    other: Decimal
    supply_requests: int
    loans: int
    unit_days: int
    signs_installed: int
    signs_removed: int
    signs_standing: int


# Fuel noted with a loan counts here only when no move of the book speaks of that loan: then the
# city keeps no stock of fuel.
_YEAR = text("""
WITH given AS (
  SELECT i.category, -sum(m.quantity) AS amount
    FROM stock_moves m JOIN supply_items i ON i.id = m.item_id
   WHERE m.reason IN ('handout', 'return') AND m.moved_on >= :first AND m.moved_on < :after
   GROUP BY i.category),
away AS (
  SELECT l.out_on, l.fuel_litres,
         EXISTS (SELECT FROM stock_moves m WHERE m.loan_id = l.id) AS booked,
         daterange(l.out_on, greatest(coalesce(l.returned_on + 1, upper(l.period)), l.out_on + 1))
           * daterange(:first, :after) AS days
    FROM loans l WHERE l.out_on IS NOT NULL AND l.out_on < :after)
SELECT (SELECT coalesce(sum(amount), 0) FROM given WHERE category = 'bag') AS bags,
       (SELECT coalesce(sum(amount), 0) FROM given WHERE category = 'fuel')
         + (SELECT coalesce(sum(fuel_litres), 0) FROM away
             WHERE out_on >= :first AND NOT booked) AS fuel_litres,
       (SELECT coalesce(sum(amount), 0) FROM given WHERE category = 'armband') AS armbands,
       (SELECT coalesce(sum(amount), 0) FROM given WHERE category = 'other') AS other,
       (SELECT count(*) FROM supply_requests
         WHERE handed_on >= :first AND handed_on < :after) AS supply_requests,
       (SELECT count(*) FROM away WHERE out_on >= :first) AS loans,
       (SELECT coalesce(sum(upper(days) - lower(days)), 0) FROM away
         WHERE NOT isempty(days)) AS unit_days,
       (SELECT count(*) FROM signs
         WHERE installed_on >= :first AND installed_on < :after) AS signs_installed,
       (SELECT count(*) FROM signs
         WHERE removed_on >= :first AND removed_on < :after) AS signs_removed,
       (SELECT count(*) FROM signs
         WHERE installed_on < :after AND (removed_on IS NULL OR removed_on >= :after)
       ) AS signs_standing
""")


async def year_figures(
    db: AsyncSession, first_day: dt.date, last_day_exclusive: dt.date
) -> YearFigures:
    """The figures of the ledgers for the days ``[first_day, last_day_exclusive)``: one statement
    over the books, nothing stored."""
    values = {"first": first_day, "after": last_day_exclusive}
    row = (await db.execute(_YEAR, values)).one()
    return YearFigures(**row._mapping)
