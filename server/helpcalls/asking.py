"""Whom a call for hands asks: one statement finds those who fit, a score puts them in order.

Volunteers are scored as in the search (``geo.matching``), partners by distance and size.

Three kinds of people are asked: volunteers who said that they may be (``Preferences.helps``), the
people of partners whose areas lie near, and companies that look for a place to be active. All
people of one partner together count as one in a wave. Nobody is asked more often in ``MONTH`` than
they themselves and the city allow; the statement counts that over all calls.
"""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from geo.matching import Activity, Person, total
from server.citysettings.registry import CityRules
from server.http.i18n import gettext as _
from server.http.i18n import jdistance
from server.http.i18n import lazy as _l
from server.labels import WORKS
from server.opportunities.search import EVENING, NOON

MONTH = dt.timedelta(days=30)
NEAREST = 500  # so many of each kind are looked at; more would not be asked in weeks
LEAST_IN_BAND = dt.timedelta(minutes=30)
BANDS = {"morning": (0, NOON), "afternoon": (NOON, EVENING), "evening": (EVENING, 24)}  # hours
SOURCES = ("person", "partner", "company")
GROUP_WEIGHTS = {"near": 0.5, "people": 0.3, "seeks": 0.2}  # of a partner's people
MANY_PEOPLE = 30  # a partner of so many registered people can surely spare some

_WEEKDAYS = (
    "", _l("月曜"), _l("火曜"), _l("水曜"), _l("木曜"), _l("金曜"), _l("土曜"), _l("日曜"),
)  # fmt: skip
_BAND_WORDS = {"morning": _l("午前"), "afternoon": _l("午後"), "evening": _l("夕方")}


@dataclass(frozen=True)
class Candidate:
    """Somebody who may be asked. ``distance_m`` from home or from the partner's nearest area;
    ``free`` and ``works`` are what fits among the wishes they named."""

    source: str
    account_id: uuid.UUID
    for_partner_id: uuid.UUID | None
    distance_m: float | None
    free: tuple[str, ...]
    works: tuple[str, ...]
    course: bool
    people: int
    seeks: bool
    wishes: Person | None = None  # of a volunteer

    @property
    def unit(self) -> uuid.UUID:
        """What counts as one in a wave: a person, or all people of a partner."""
        return self.for_partner_id or self.account_id

    def reasons(self) -> dict[str, object]:
        """Why they are asked, as it is kept with the ask."""
        found: dict[str, object] = {"source": self.source}
        if self.distance_m is not None:
            found["distance_m"] = round(self.distance_m, -2)
        if self.free:
            found["free"] = list(self.free)
        if self.works:
            found["works"] = list(self.works)
        if self.course:
            found["course"] = True
        return found


def free_keys(starts_at: dt.datetime, ends_at: dt.datetime, zone: ZoneInfo) -> list[str]:
    """The free times ("7-morning") that somebody needs to come from beginning to end.

    A part of the day of which less than ``LEAST_IN_BAND`` is needed is not asked for.
    """
    found = []
    day = starts_at.astimezone(zone).date()
    while day <= ends_at.astimezone(zone).date():
        for band, hours in BANDS.items():
            first, last = (_clock(day, hour, zone) for hour in hours)
            if min(last, ends_at) - max(first, starts_at) >= LEAST_IN_BAND:
                found.append(f"{day.isoweekday()}-{band}")
        day += dt.timedelta(days=1)
    return found


def _clock(day: dt.date, hour: int, zone: ZoneInfo) -> dt.datetime:
    moment = dt.datetime.combine(day + dt.timedelta(days=hour // 24), dt.time(hour % 24), zone)
    return moment.astimezone(dt.UTC)


# The call with the time and place of its activity, which the host may have moved since.
_PROPOSE = text("""
WITH call AS MATERIALIZED (
  SELECT h.id, h.partner_id, h.opportunity_id, h.works, h.strength, h.needs_course,
         h.to_citizens, h.to_partners, coalesce(o.starts_at, h.starts_at) AS starts_at,
         coalesce(o.ends_at, h.ends_at) AS ends_at, coalesce(o.meeting_point, h.point) AS point
    FROM help_calls h LEFT JOIN opportunities o ON o.id = h.opportunity_id
   WHERE h.id = :id
), volunteers AS (
  SELECT 'person' AS source, p.account_id, CAST(NULL AS uuid) AS for_partner_id,
         ST_Distance(p.home::geography, c.point::geography) AS distance_m,
         ARRAY(SELECT unnest(p.free_times) INTERSECT SELECT unnest(CAST(:free AS text[]))
               ORDER BY 1) AS free,
         ARRAY(SELECT unnest(p.works) INTERSECT SELECT unnest(c.works) ORDER BY 1) AS works,
         c.needs_course AS course, p.group_people AS people, false AS seeks
    FROM call c JOIN preferences p
      ON ST_DWithin(p.home::geography, c.point::geography, :near_m)
   WHERE c.to_citizens AND p.helps
     AND ST_DWithin(p.home::geography, c.point::geography, p.reach_m)
     AND (cardinality(p.works) = 0 OR p.works && c.works)
     AND array_position(CAST(:strengths AS text[]), c.strength)
         <= array_position(CAST(:strengths AS text[]), p.strength)
     AND (NOT c.needs_course OR 'mower_course' = ANY (p.tools))
     AND (cardinality(p.free_times) = 0 OR p.free_times @> CAST(:free AS text[]))
   ORDER BY p.home::geography <-> c.point::geography LIMIT :nearest
), holding AS (
  SELECT x.partner_id, min(ST_Distance(a.geom::geography, c.point::geography)) AS distance_m
    FROM call c CROSS JOIN agreement_areas x JOIN areas a ON a.id = x.area_id
   WHERE c.to_partners AND x.period @> CAST(:today AS date)
   GROUP BY x.partner_id
), groups AS (
  SELECT p.id AS partner_id, g.distance_m, p.registered_people AS people,
         p.subject = 'company' AND (g.partner_id IS NULL OR :least_times > (
           SELECT count(*) FROM cleanups d WHERE d.partner_id = p.id
              AND d.state IN ('submitted', 'accepted') AND d.done_on > CAST(:year_ago AS date)
         )) AS seeks
    FROM call c CROSS JOIN partners p LEFT JOIN holding g ON g.partner_id = p.id
   WHERE c.to_partners AND p.id <> c.partner_id AND (g.distance_m <= :near_m
         OR p.subject = 'company')
), members AS (
  SELECT CASE WHEN g.seeks THEN 'company' ELSE 'partner' END, m.account_id, g.partner_id,
         g.distance_m, CAST('{}' AS text[]), CAST('{}' AS text[]), false, g.people, g.seeks
    FROM groups g JOIN partner_members m ON m.partner_id = g.partner_id
   WHERE g.distance_m <= :near_m OR g.seeks
   ORDER BY g.distance_m NULLS LAST, g.partner_id, m.account_id LIMIT :nearest
), applicants AS (
  SELECT 'company', e.requested_by, CAST(NULL AS uuid), CAST(NULL AS double precision),
         CAST('{}' AS text[]), CAST('{}' AS text[]), false, 1, true
    FROM call c JOIN enrolments e ON c.to_partners AND e.subject = 'company'
   WHERE e.state IN ('submitted', 'checking') AND e.partner_id IS NULL
     AND e.requested_by IS NOT NULL AND NOT e.by_proxy
   ORDER BY e.created_at LIMIT :nearest
), found AS (
  SELECT DISTINCT ON (f.account_id) f.*
    FROM (SELECT * FROM volunteers UNION ALL SELECT * FROM members
          UNION ALL SELECT * FROM applicants) f
   ORDER BY f.account_id, f.source = 'person' DESC, f.distance_m NULLS LAST, f.for_partner_id
)
SELECT f.*, w.reach_m, w.travel, w.free_times, w.works AS liked, w.kinds, w.strength,
       w.with_children, w.step_free, w.tools, w.languages
  FROM found f CROSS JOIN call c JOIN accounts a ON a.id = f.account_id
  LEFT JOIN preferences w ON w.account_id = f.account_id
 WHERE a.disabled_at IS NULL
   AND NOT EXISTS (SELECT FROM partner_members m
                    WHERE m.account_id = f.account_id AND m.partner_id = c.partner_id)
   AND NOT EXISTS (SELECT FROM help_asks k
                    WHERE k.help_call_id = c.id AND k.account_id = f.account_id)
   AND NOT EXISTS (SELECT FROM signups s JOIN opportunities b ON b.id = s.opportunity_id
                    WHERE s.account_id = f.account_id AND s.cancelled_at IS NULL
                      AND b.state = 'published'
                      AND (b.id = c.opportunity_id
                           OR (b.starts_at < c.ends_at AND b.ends_at > c.starts_at)))
   AND NOT EXISTS (SELECT FROM waitlist_entries q WHERE q.opportunity_id = c.opportunity_id
                      AND q.account_id = f.account_id AND q.ended_at IS NULL)
   AND (SELECT count(*) FROM help_asks k WHERE k.account_id = f.account_id
           AND k.wave > 0 AND k.asked_at > :month_ago)
       < least(coalesce(w.help_per_month, :per_month), :per_month)
""")


async def candidates(
    db: AsyncSession, call_id: uuid.UUID, rules: CityRules, moment: dt.datetime, today: dt.date,
    free: list[str],
) -> list[Candidate]:  # fmt: skip
    """Everybody whom the call may ask now, in no order. ``free`` are the times of a dated call."""
    rows = await db.execute(
        _PROPOSE,
        {
            "id": call_id, "free": free, "near_m": rules.help_near_m, "today": today,
            "strengths": ["light", "normal", "hard"], "nearest": NEAREST,
            "least_times": rules.min_times_per_year, "per_month": rules.help_per_month,
            "year_ago": today - dt.timedelta(days=365), "month_ago": moment - MONTH,
        },
    )  # fmt: skip
    return [
        Candidate(
            row.source, row.account_id, row.for_partner_id, row.distance_m, tuple(row.free),
            tuple(row.works), row.course, row.people, row.seeks,
            _wishes(row, free) if row.source == "person" else None,
        )
        for row in rows
    ]  # fmt: skip


def _wishes(row: Row[Any], free: list[str]) -> Person:
    """Of free times only those are told that bear on a dated call."""
    return Person(
        reach_m=row.reach_m, travel=row.travel, works=frozenset(row.liked),
        free_times=frozenset(row.free_times if free else ()), kinds=frozenset(row.kinds),
        strength=row.strength, with_children=row.with_children, step_free=row.step_free,
        tools=frozenset(row.tools), languages=frozenset(row.languages),
    )  # fmt: skip


def score(one: Candidate, call: Activity, near_m: int) -> float | None:
    """How well somebody fits, 0 to 1; None when a hard rule of the matching forbids it."""
    if one.wishes is not None:
        return total(one.wishes, replace(call, distance_m=one.distance_m))
    away_m = near_m if one.distance_m is None else min(one.distance_m, near_m)
    said = {"near": 1 - away_m / near_m, "people": min(one.people / MANY_PEOPLE, 1.0),
            "seeks": one.seeks}  # fmt: skip
    return sum(weight * said[name] for name, weight in GROUP_WEIGHTS.items())


def best(found: Iterable[Candidate], call: Activity, units: int, near_m: int) -> list[Candidate]:
    """The people of the best ``units``: the highest score first, ties by id, so always the same."""
    by_unit: defaultdict[uuid.UUID, list[Candidate]] = defaultdict(list)
    points: dict[uuid.UUID, float] = {}
    for one in found:
        fits = score(one, call, near_m)
        if fits is not None:
            by_unit[one.unit].append(one)
            points[one.unit] = max(fits, points.get(one.unit, 0.0))
    order = sorted(points, key=lambda unit: (-points[unit], unit))
    return [
        one
        for unit in order[: max(units, 0)]
        for one in sorted(by_unit[unit], key=lambda c: c.account_id)
    ]


def reason_words(reasons: Mapping[str, object]) -> list[str]:
    """Why somebody was asked, in sentences for that person alone."""
    source, words = reasons.get("source"), []
    away = reasons.get("distance_m")
    if isinstance(away, int | float):
        said = _("家から%(d)s") if source == "person" else _("活動区域から%(d)s")
        words.append(said % {"d": jdistance(max(away, 100))})
    words += filter(None, (_free_words(str(key)) for key in _listed(reasons, "free")))
    works = [str(WORKS[key]) for key in _listed(reasons, "works") if key in WORKS]
    if works:
        words.append(_("希望の活動(%(works)s)です") % {"works": "・".join(works)})
    if reasons.get("course"):
        words.append(_("草刈り機の講習がすんでいます"))
    if source == "partner":
        words.append(_("近くで活動するパートナーです"))
    if source == "company":
        words.append(_("活動の場所をさがしている企業・団体です"))
    return words


def _listed(reasons: Mapping[str, object], name: str) -> list[str]:
    found = reasons.get(name)
    return found if isinstance(found, list) else []


def _free_words(key: str) -> str:
    day, _dash, band = key.partition("-")
    if not (day.isdigit() and 1 <= int(day) <= 7 and band in _BAND_WORDS):
        return ""
    return _("%(day)sの%(band)sが空いています") % {
        "day": _WEEKDAYS[int(day)], "band": _BAND_WORDS[band],
    }  # fmt: skip
