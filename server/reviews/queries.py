"""Reads of the yearly review. What the other side wrote is not selected before both submitted."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from server.errors import NotFound
from server.http.i18n import gettext as _
from server.ledgers.lists import days_of_year, like
from server.reviews.models import GRADES
from server.reviews.points import KEYS, POINTS, Point, gap

LIST_ROWS = 50
STANDINGS = ("both", "partner", "city", "none")  # who has submitted


@dataclass(frozen=True)
class Written:
    """What one side wrote: point → grade, point → words. A draft without ``submitted_at``."""

    scores: dict[str, str]
    remarks: dict[str, str]
    comment: str
    submitted_at: dt.datetime | None


@dataclass(frozen=True)
class Compared:
    """One point of both sides; ``steps`` between the grades."""

    point: Point
    city: str
    partner: str
    city_remark: str
    partner_remark: str

    @property
    def steps(self) -> int:
        return gap(self.city, self.partner)


@dataclass(frozen=True)
class Look:
    """A partner's 年度 as one side may see it. ``other`` is None until both have submitted;
    ``other_done`` says only whether it is there. Times and people are of accepted reports."""

    partner_id: uuid.UUID
    code: str
    name: str
    year: int
    side: str
    under_agreement: bool
    planned_times: int | None
    times: int
    people: int
    mine: Written | None
    other: Written | None
    other_done: bool
    years: tuple[int, ...]  # in which this side wrote

    @property
    def stands(self) -> bool:
        """Whether this side has submitted."""
        return self.mine is not None and self.mine.submitted_at is not None

    @property
    def compared(self) -> tuple[Compared, ...]:
        """Both sides point by point; nothing before both submitted."""
        if self.mine is None or self.other is None:
            return ()
        by_side = (self.mine, self.other) if self.side == "city" else (self.other, self.mine)
        city, partner = by_side
        return tuple(
            Compared(
                point, city.scores[point.key], partner.scores[point.key],
                city.remarks.get(point.key, ""), partner.remarks.get(point.key, ""),
            )
            for point in POINTS
            if point.key in city.scores and point.key in partner.scores
        )  # fmt: skip


# The join to ``o`` finds the other side's row only once both are submitted.
_LOOK = text("""
SELECT p.id AS partner_id, p.code, p.name,
       EXISTS (SELECT FROM agreements g WHERE g.partner_id = p.id AND g.agreed_on IS NOT NULL
                  AND g.period && daterange(:first, :after)) AS under_agreement,
       (SELECT g.planned_times_per_year FROM agreements g
         WHERE g.partner_id = p.id AND g.agreed_on IS NOT NULL
           AND g.period && daterange(:first, :after)
         ORDER BY lower(g.period) DESC LIMIT 1) AS planned_times,
       done.times, done.people,
       m.id AS mine_id, m.scores, m.remarks, m.comment, m.submitted_at,
       o.id AS other_id, o.scores AS o_scores, o.remarks AS o_remarks, o.comment AS o_comment,
       o.submitted_at AS o_submitted_at,
       EXISTS (SELECT FROM reviews x WHERE x.partner_id = p.id AND x.fiscal_year = :year
                  AND x.side = :other AND x.submitted_at IS NOT NULL) AS other_done,
       (SELECT array_agg(x.fiscal_year ORDER BY x.fiscal_year DESC) FROM reviews x
         WHERE x.partner_id = p.id AND x.side = :side) AS years
  FROM partners p
 CROSS JOIN LATERAL (
       SELECT count(*) AS times, coalesce(sum(c.people), 0) AS people FROM cleanups c
        WHERE c.partner_id = p.id AND c.state = 'accepted'
          AND c.done_on >= :first AND c.done_on < :after) done
  LEFT JOIN reviews m ON m.partner_id = p.id AND m.fiscal_year = :year AND m.side = :side
  LEFT JOIN reviews o ON o.partner_id = p.id AND o.fiscal_year = :year AND o.side = :other
   AND o.submitted_at IS NOT NULL AND m.submitted_at IS NOT NULL
 WHERE p.code = :code
""")


async def look(db: AsyncSession, code: str, year: int, side: str) -> Look:
    """A partner's 年度 for one side (``partner`` | ``city``). NotFound for no such partner."""
    first, after = days_of_year(year)
    asked = {
        "code": code, "year": year, "first": first, "after": after,
        "side": side, "other": "city" if side == "partner" else "partner",
    }  # fmt: skip
    row = (await db.execute(_LOOK, asked)).one_or_none()
    if row is None:
        raise NotFound(_("パートナーが見つかりません。"))
    mine = _written(row.scores, row.remarks, row.comment, row.submitted_at) if row.mine_id else None
    other = (
        _written(row.o_scores, row.o_remarks, row.o_comment, row.o_submitted_at)
        if row.other_id
        else None
    )
    return Look(
        row.partner_id, row.code, row.name, year, side, row.under_agreement, row.planned_times,
        row.times, row.people, mine, other, row.other_done, tuple(row.years or ()),
    )  # fmt: skip


def _written(scores: Any, remarks: Any, comment: str, submitted_at: dt.datetime | None) -> Written:
    return Written(dict(scores), dict(remarks), comment, submitted_at)


# --- all partners of a year ----------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """A partner in the staff's list. Scores are empty until both sides have submitted."""

    code: str
    name: str
    subject: str
    partner_at: dt.datetime | None
    city_at: dt.datetime | None
    partner_draft: bool
    city_draft: bool
    partner_scores: dict[str, str]
    city_scores: dict[str, str]

    @property
    def gaps(self) -> tuple[int, ...]:
        """Steps between the sides, point by point."""
        both = [k for k in KEYS if k in self.partner_scores and k in self.city_scores]
        return tuple(gap(self.partner_scores[k], self.city_scores[k]) for k in both)

    @property
    def wide(self) -> int:
        """Points on which the sides are two steps apart or more."""
        return sum(steps >= 2 for steps in self.gaps)


@dataclass(frozen=True)
class Page:
    """Lines, and how many there are before they are cut to a page."""

    rows: tuple[Line, ...]
    total: int


# Partners under an agreement in the year, and those who wrote a review all the same.
_REVIEWED = """
reviewed AS (
    SELECT p.id, p.code, p.name, p.name_kana, p.subject,
           t.submitted_at AS partner_at, y.submitted_at AS city_at,
           t.id IS NOT NULL AND t.submitted_at IS NULL AS partner_draft,
           y.id IS NOT NULL AND y.submitted_at IS NULL AS city_draft,
           CASE WHEN t.submitted_at IS NOT NULL AND y.submitted_at IS NOT NULL
                THEN t.scores ELSE '{}'::jsonb END AS partner_scores,
           CASE WHEN t.submitted_at IS NOT NULL AND y.submitted_at IS NOT NULL
                THEN y.scores ELSE '{}'::jsonb END AS city_scores
      FROM partners p
      LEFT JOIN reviews t ON t.partner_id = p.id AND t.fiscal_year = :year AND t.side = 'partner'
      LEFT JOIN reviews y ON y.partner_id = p.id AND y.fiscal_year = :year AND y.side = 'city'
     WHERE t.id IS NOT NULL OR y.id IS NOT NULL
        OR EXISTS (SELECT FROM agreements g WHERE g.partner_id = p.id AND g.agreed_on IS NOT NULL
                      AND g.period && daterange(:first, :after))
)"""
_LIST = text(f"""
WITH {_REVIEWED}
SELECT *, count(*) OVER () AS total FROM reviewed
 WHERE (:q = '' OR name ILIKE :like OR code ILIKE :like OR name_kana ILIKE :like)
   AND CASE cast(:standing AS text)
            WHEN 'both' THEN partner_at IS NOT NULL AND city_at IS NOT NULL
            WHEN 'partner' THEN partner_at IS NOT NULL AND city_at IS NULL
            WHEN 'city' THEN partner_at IS NULL AND city_at IS NOT NULL
            WHEN 'none' THEN partner_at IS NULL AND city_at IS NULL
            ELSE true END
 ORDER BY code LIMIT :rows OFFSET :skip
""")  # noqa: S608 - fixed text only


async def reviewed(
    db: AsyncSession, year: int, *, standing: str = "", q: str = "", page: int = 1,
    rows: int = LIST_ROWS,
) -> Page:  # fmt: skip
    """The partners of a 年度 by code; ``standing`` is who has submitted, see ``STANDINGS``."""
    first, after = days_of_year(year)
    asked = {
        "year": year, "first": first, "after": after, "standing": standing, "q": q,
        "like": like(q), "rows": rows, "skip": (page - 1) * rows,
    }  # fmt: skip
    found = (await db.execute(_LIST, asked)).all()
    names = Line.__dataclass_fields__
    lines = tuple(Line(**{name: getattr(row, name) for name in names}) for row in found)
    return Page(lines, found[0].total if found else 0)


# --- the year in sum -----------------------------------------------------------------------------


@dataclass(frozen=True)
class PointSummary:
    """One point over all pairs: grade → how many, per side; ``apart`` = two steps or more."""

    point: Point
    city: dict[str, int]
    partner: dict[str, int]
    apart: int

    @property
    def city_mean(self) -> float | None:
        return mean(self.city)

    @property
    def partner_mean(self) -> float | None:
        return mean(self.partner)


@dataclass(frozen=True)
class YearSummary:
    """The reviews of a 年度. Grades are counted only where both sides have submitted, so that no
    sum tells one side of the other's before its time."""

    year: int
    partners: int
    partner_done: int
    city_done: int
    both: int
    points: tuple[PointSummary, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many partners there are of each of ``STANDINGS``."""
        return {
            "both": self.both,
            "partner": self.partner_done - self.both,
            "city": self.city_done - self.both,
            "none": self.partners - self.partner_done - self.city_done + self.both,
        }


def mean(grades: dict[str, int]) -> float | None:
    """The mean with A = 4 … D = 1; None without grades."""
    n = sum(grades.values())
    worth = {grade: len(GRADES) - place for place, grade in enumerate(GRADES)}
    return sum(worth[grade] * count for grade, count in grades.items()) / n if n else None


_SUMMARY = text(f"""
WITH {_REVIEWED}, grades AS (
    SELECT k.key, r.partner_scores ->> k.key AS partner, r.city_scores ->> k.key AS city
      FROM reviewed r CROSS JOIN unnest(cast(:keys AS text[])) AS k(key)
     WHERE r.partner_at IS NOT NULL AND r.city_at IS NOT NULL
)
SELECT '' AS key, '' AS city, '' AS partner, count(*) AS n, count(partner_at) AS partner_done,
       count(city_at) AS city_done,
       count(*) FILTER (WHERE partner_at IS NOT NULL AND city_at IS NOT NULL) AS both
  FROM reviewed
UNION ALL
SELECT key, city, partner, count(*), 0, 0, 0 FROM grades GROUP BY key, city, partner
""")  # noqa: S608 - fixed text only


async def year_summary(db: AsyncSession, fiscal_year: int) -> YearSummary:
    """Who has written, and the grades point by point: for the staff's page and for reports."""
    first, after = days_of_year(fiscal_year)
    asked = {"year": fiscal_year, "first": first, "after": after, "keys": list(KEYS)}
    rows = (await db.execute(_SUMMARY, asked)).all()
    totals = next(row for row in rows if row.key == "")
    return YearSummary(
        fiscal_year, totals.n, totals.partner_done, totals.city_done, totals.both,
        tuple(_point_summary(point, [r for r in rows if r.key == point.key]) for point in POINTS),
    )  # fmt: skip


def _point_summary(point: Point, rows: list[Any]) -> PointSummary:
    city, partner, apart = dict.fromkeys(GRADES, 0), dict.fromkeys(GRADES, 0), 0
    for row in rows:
        if row.city in city:
            city[row.city] += row.n
        if row.partner in partner:
            partner[row.partner] += row.n
        if row.city and row.partner and gap(row.city, row.partner) >= 2:
            apart += row.n
    return PointSummary(point, city, partner, apart)
