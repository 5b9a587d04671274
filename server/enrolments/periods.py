"""Periods of agreements and of the areas under them: the next one, cut short, opened again.

A period is ``[first day, day after the last)`` on the city's own calendar.
"""

import datetime as dt
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, literal, select, text, update
from sqlalchemy.dialects.postgresql import DATERANGE
from sqlalchemy.ext.asyncio import AsyncSession

from server.agreements.models import Agreement, AgreementArea
from server.citysettings.registry import CityRules

ONE_DAY = dt.timedelta(days=1)


def next_period(rules: CityRules, last_day: dt.date) -> tuple[dt.date, dt.date]:
    """First and last day of what follows an agreement whose last day is ``last_day``.

    By 年度 it goes on to the next 31 March (a shorter one first, if the old one ended within the
    年度); by years it lasts ``term_years`` to the day.
    """
    first = last_day + ONE_DAY
    if rules.term_mode == "fiscal_year":
        year = first.year + (1 if first.month >= 4 else 0)
        return first, dt.date(year, 3, 31)
    return first, anniversary(first, rules.term_years) - ONE_DAY


def anniversary(day: dt.date, years: int) -> dt.date:
    """The same day so many years later; 29 February becomes 1 March where there is none."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return dt.date(day.year + years, 3, 1)


@dataclass(frozen=True)
class CutArea:
    """An area whose time under an agreement was cut: enough to open it again.

    It would have lasted from ``first`` to the day before ``until`` (None = without end).
    """

    area_id: uuid.UUID
    agreement_id: uuid.UUID
    first: dt.date
    until: dt.date | None
    trial: bool

    def to_json(self) -> dict[str, object]:
        """As it is kept in the history of the step that cut it."""
        return {
            "area_id": str(self.area_id),
            "agreement_id": str(self.agreement_id),
            "first": self.first.isoformat(),
            "until": self.until.isoformat() if self.until else None,
            "trial": self.trial,
        }


async def cut_areas(
    db: AsyncSession, partner_id: uuid.UUID, day: dt.date, reason: str
) -> tuple[CutArea, ...]:
    """End all areas of a partner on ``day`` (the first day without), with the reason.

    A row that would have no day left is deleted. Returns what was cut, with its old period.
    """
    lasting = (
        AgreementArea.partner_id == partner_id,
        func.coalesce(func.upper(AgreementArea.period), dt.date.max) > day,
    )
    found = await db.execute(
        select(
            AgreementArea.area_id, AgreementArea.agreement_id, AgreementArea.trial,
            func.lower(AgreementArea.period), func.upper(AgreementArea.period),
        )
        .where(*lasting)
        .order_by(AgreementArea.area_id, func.lower(AgreementArea.period))
        .with_for_update()
    )  # fmt: skip
    cut = tuple(
        CutArea(area_id, agreement_id, first, until, trial)
        for area_id, agreement_id, trial, first, until in found
    )
    await db.execute(delete(AgreementArea).where(*lasting, func.lower(AgreementArea.period) >= day))
    shorter = func.daterange(func.lower(AgreementArea.period), day, type_=DATERANGE)
    await db.execute(
        update(AgreementArea)
        .where(*lasting)
        .values(period=shorter, end_reason=reason)
        .execution_options(synchronize_session=False)
    )
    return cut


_OPEN_AGAIN = text("""
INSERT INTO agreement_areas (id, agreement_id, partner_id, area_id, period, trial)
SELECT gen_random_uuid(), c.agreement_id, g.partner_id, c.area_id, p.period, c.trial
  FROM jsonb_to_recordset(CAST(:cut AS jsonb))
       AS c(area_id uuid, agreement_id uuid, first date, until date, trial boolean)
  JOIN agreements g ON g.id = c.agreement_id
  JOIN areas a ON a.id = c.area_id
 CROSS JOIN LATERAL (SELECT greatest(c.first, CAST(:day AS date)) AS first) f
 CROSS JOIN LATERAL (SELECT g.period * CASE WHEN c.until <= f.first THEN 'empty'::daterange
                                            ELSE daterange(f.first, c.until) END AS period) p
 WHERE NOT isempty(p.period) AND (a.retired_on IS NULL OR a.retired_on > :day)
   AND NOT EXISTS (SELECT FROM agreement_areas x
                    WHERE x.area_id = c.area_id AND x.partner_id = g.partner_id
                      AND x.period && p.period)
""")


async def open_again(db: AsyncSession, cut: Sequence[dict[str, object]], day: dt.date) -> None:
    """Open areas that were cut (``CutArea.to_json``) from ``day`` on, to the end they had.

    Not opened: areas that are no longer in force, those the partner holds by another agreement
    meanwhile, and days that the agreement no longer covers.
    """
    if cut:
        await db.execute(_OPEN_AGAIN, {"cut": json.dumps(list(cut)), "day": day})


async def cut_agreements(db: AsyncSession, enrolment_id: uuid.UUID, day: dt.date) -> None:
    """End the concluded agreements of a case on ``day`` (the first day without).

    One that had not begun keeps its row with an empty period.
    """
    lower = func.lower(Agreement.period)
    shorter = func.daterange(lower, func.greatest(lower, literal(day)), type_=DATERANGE)
    await db.execute(
        update(Agreement)
        .where(
            Agreement.enrolment_id == enrolment_id,
            Agreement.agreed_on.is_not(None),
            func.coalesce(func.upper(Agreement.period), dt.date.max) > day,
        )
        .values(period=shorter)
        .execution_options(synchronize_session=False)
    )
