"""Who holds an area from which day to which: rows are cut and added, never written over.

All take the areas under a row lock first (``lock_areas``), so that a split, a hand-over and the
steps of a succession follow one another. The exclusion constraint guards the rest.
"""

import datetime as dt
import uuid
from collections.abc import Sequence

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from server.areas.models import Area


async def lock_areas(db: AsyncSession, ids: Sequence[uuid.UUID]) -> list[Area]:
    """These areas as they are now, locked in one order (so that two people do not deadlock)."""
    statement = (
        select(Area).where(Area.id.in_(ids)).order_by(Area.id).with_for_update()
    ).execution_options(populate_existing=True)
    return list(await db.scalars(statement))


_CUT = text("""
UPDATE agreement_areas
   SET period = daterange(lower(period), CAST(:day AS date)), end_reason = :reason
 WHERE area_id = ANY(CAST(:areas AS uuid[]))
   AND (CAST(:partner AS uuid) IS NULL OR partner_id = :partner)
   AND (CAST(:trial AS boolean) IS NULL OR trial = :trial)
   AND period @> CAST(:day AS date) AND lower(period) < CAST(:day AS date)
RETURNING id
""")
_DROP = text("""
DELETE FROM agreement_areas
 WHERE area_id = ANY(CAST(:areas AS uuid[]))
   AND (CAST(:partner AS uuid) IS NULL OR partner_id = :partner)
   AND (CAST(:trial AS boolean) IS NULL OR trial = :trial)
   AND lower(period) >= CAST(:day AS date)
RETURNING id
""")


async def release(
    db: AsyncSession, areas: Sequence[uuid.UUID], day: dt.date, reason: str, *,
    partner_id: uuid.UUID | None = None, trial: bool | None = None,
) -> int:  # fmt: skip
    """From ``day`` on nobody (or not this partner) holds these areas; returns how many rows ended.

    What had begun is cut to the day before, with the reason; what would only have begun is gone.
    ``trial`` limits it to trials, or to all but trials.
    """
    values = {
        "areas": list(areas), "day": day, "partner": partner_id, "trial": trial, "reason": reason,
    }  # fmt: skip
    dropped = (await db.execute(_DROP, values)).all()
    cut = (await db.execute(_CUT, values)).all()
    return len(dropped) + len(cut)


_AGREEMENTS = text("""
SELECT id FROM agreements
 WHERE partner_id = :partner AND agreed_on IS NOT NULL
   AND period && daterange(CAST(:first AS date), CAST(:until AS date))
 ORDER BY agreed_on DESC, created_at DESC, id DESC
""")
_HOLD = text("""
INSERT INTO agreement_areas (id, agreement_id, partner_id, area_id, period, trial)
SELECT gen_random_uuid(), g.id, g.partner_id, a.id, piece, :trial
  FROM agreements g
 CROSS JOIN unnest(CAST(:areas AS uuid[])) AS a(id)
 CROSS JOIN LATERAL unnest(
       datemultirange(g.period * daterange(CAST(:first AS date), CAST(:until AS date)))
       - coalesce((SELECT range_agg(x.period) FROM agreement_areas x
                    WHERE x.area_id = a.id AND x.partner_id = g.partner_id), '{}')) AS piece
 WHERE g.id = :agreement
RETURNING id
""")


async def hold(
    db: AsyncSession, areas: Sequence[uuid.UUID], partner_id: uuid.UUID, first: dt.date,
    until: dt.date | None = None, *, trial: bool = False,
) -> int:  # fmt: skip
    """The partner holds these areas from ``first`` to before ``until`` (None = as long as its
    agreements run), under its concluded agreements; returns how many rows that made.

    Days on which it holds an area already stay as they are. Where two agreements overlap the
    younger one counts.
    """
    span = {"partner": partner_id, "first": first, "until": until}
    made = 0
    for agreement in (await db.scalars(_AGREEMENTS, span)).all():
        values = {**span, "agreement": agreement, "areas": list(areas), "trial": trial}
        made += len((await db.execute(_HOLD, values)).all())
    return made


_STANDING = text("""
SELECT (SELECT r FROM (SELECT unnest(range_agg(period)) AS r FROM agreements
                        WHERE partner_id = :partner AND agreed_on IS NOT NULL) m
         WHERE r @> CAST(:day AS date)) AS span,
       EXISTS (SELECT FROM enrolments WHERE partner_id = :partner AND state = 'paused') AS paused
""")


async def standing(
    db: AsyncSession, partner_id: uuid.UUID, day: dt.date
) -> tuple[bool, dt.date | None, bool]:
    """Whether a partner is under agreement on that day, the day after the last one of it (with
    what follows without a gap; None = without end), and whether it rests at the moment."""
    row = (await db.execute(_STANDING, {"partner": partner_id, "day": day})).one()
    return row.span is not None, row.span.upper if row.span else None, row.paused


_GROUPS = text("""
SELECT x.partner_id, x.agreement_id, x.trial
  FROM agreement_areas x JOIN agreements g ON g.id = x.agreement_id
 WHERE x.area_id = ANY(CAST(:old AS uuid[]))
   AND (upper_inf(x.period) OR upper(x.period) > CAST(:day AS date))
 GROUP BY x.partner_id, x.agreement_id, x.trial, g.agreed_on, g.created_at
 ORDER BY x.trial, g.agreed_on DESC NULLS LAST, g.created_at DESC, x.agreement_id
""")
_CARRY = text("""
INSERT INTO agreement_areas (id, agreement_id, partner_id, area_id, period, trial)
SELECT gen_random_uuid(), :agreement, :partner, a.id, piece, :trial
  FROM unnest(CAST(:new AS uuid[])) AS a(id)
 CROSS JOIN LATERAL unnest(
       (SELECT range_agg(x.period * daterange(CAST(:day AS date), NULL)) FROM agreement_areas x
         WHERE x.area_id = ANY(CAST(:old AS uuid[])) AND x.partner_id = :partner
           AND x.agreement_id = :agreement AND x.trial = :trial)
       - coalesce((SELECT range_agg(x.period) FROM agreement_areas x
                    WHERE x.area_id = a.id AND x.partner_id = :partner), '{}')) AS piece
RETURNING id
""")


async def carry_over(
    db: AsyncSession, old: Sequence[uuid.UUID], new: Sequence[uuid.UUID], day: dt.date
) -> int:
    """Whoever holds any of ``old`` on or after ``day`` holds all of ``new`` instead, under the same
    agreement and to the same end; of several ends the latest. Returns how many rows that made."""
    made = 0
    span = {"old": list(old), "new": list(new), "day": day}
    for row in (await db.execute(_GROUPS, span)).all():
        values = {
            **span, "partner": row.partner_id, "agreement": row.agreement_id, "trial": row.trial,
        }  # fmt: skip
        made += len((await db.execute(_CARRY, values)).all())
    await release(db, old, day, "reshaped")
    return made
