"""Reads for what is shown outside: one activity as a picture, easy ones, everything public."""

import datetime as dt
import json
import uuid
from dataclasses import dataclass
from typing import Any

from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

EASY_DAYS = dt.timedelta(days=92)
PAST_DAYS = dt.timedelta(days=60)
MOST_ADDRESSES = 45_000  # a sitemap may hold 50,000


@dataclass(frozen=True)
class Picture:
    """What the picture of an activity is drawn from. ``shapes`` are GeoJSON of its areas, lon/lat;
    ``host``: None = an unnamed person, "" = the city."""

    id: uuid.UUID
    sequence: int
    title: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    meeting_place: str
    lon: float
    lat: float
    is_cancelled: bool
    host: str | None
    shapes: tuple[str, ...]

    def areas(self) -> list[BaseGeometry]:
        """Its areas as shapes."""
        return [shape(json.loads(one)) for one in self.shapes]


_PICTURE = text("""
SELECT o.id, o.sequence, o.title, o.starts_at, o.ends_at, o.meeting_place,
       ST_X(o.meeting_point) AS lon, ST_Y(o.meeting_point) AS lat,
       o.state = 'cancelled' AS is_cancelled,
       CASE WHEN o.partner_id IS NULL THEN '' WHEN p.name_public THEN p.name END AS host,
       ARRAY(SELECT ST_AsGeoJSON(ST_Simplify(a.geom, 0.00002), 6) FROM areas a
              WHERE a.id = o.area_id OR a.id IN (
                    SELECT x.area_id FROM opportunity_areas x WHERE x.opportunity_id = o.id)
              ORDER BY a.id LIMIT 20) AS shapes
  FROM opportunities o LEFT JOIN partners p ON p.id = o.partner_id
 WHERE o.id = :id AND o.state <> 'draft'
""")


async def picture(db: AsyncSession, id: uuid.UUID) -> Picture | None:
    """A public activity for its picture; None for a draft."""
    row = (await db.execute(_PICTURE, {"id": id})).one_or_none()
    if row is None:
        return None
    values: dict[str, Any] = dict(row._mapping)
    return Picture(**{**values, "shapes": tuple(one for one in values["shapes"] if one)})


@dataclass(frozen=True)
class Easy:
    """A coming activity that is good for a first time."""

    id: uuid.UUID
    title: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    meeting_place: str
    empty_handed_ok: bool
    children_ok: bool


# With free places, not hard, and nothing to bring or children welcome; both at once come first.
_EASY = text("""
SELECT o.id, o.title, o.starts_at, o.ends_at, o.meeting_place, o.empty_handed_ok, o.children_ok
  FROM opportunities o
 WHERE o.state = 'published' AND o.starts_at > :now AND o.starts_at < :until
   AND (o.empty_handed_ok OR o.children_ok) AND o.strength <> 'hard'
   AND (o.deadline_at IS NULL OR o.deadline_at > :now)
   AND o.capacity > (SELECT coalesce(sum(s.people), 0) FROM signups s
                      WHERE s.opportunity_id = o.id AND s.cancelled_at IS NULL)
 ORDER BY o.empty_handed_ok AND o.children_ok DESC, o.starts_at, o.id LIMIT 3
""")


async def easy_ones(db: AsyncSession, now: dt.datetime) -> tuple[Easy, ...]:
    """The next three activities for newcomers."""
    rows = await db.execute(_EASY, {"now": now, "until": now + EASY_DAYS})
    return tuple(Easy(**row._mapping) for row in rows)


@dataclass(frozen=True)
class Public:
    """Something with a public page: ``kind`` opportunity, area or partner; ``key`` id or code."""

    kind: str
    key: str
    changed_on: dt.date | None


_PUBLIC = text("""
(SELECT 'opportunity' AS kind, o.id::text AS key, (o.updated_at AT TIME ZONE :zone)::date AS day
   FROM opportunities o WHERE o.state <> 'draft' AND o.starts_at > :since
  ORDER BY o.starts_at DESC LIMIT :half)
UNION ALL
(SELECT 'area', a.code, (a.updated_at AT TIME ZONE :zone)::date FROM areas a
  WHERE a.retired_on IS NULL OR a.retired_on > :today ORDER BY a.code LIMIT :quarter)
UNION ALL
(SELECT 'partner', p.code, NULL FROM partners p WHERE p.name_public ORDER BY p.code LIMIT :quarter)
""")


async def public_pages(db: AsyncSession, now: dt.datetime, zone: str) -> tuple[Public, ...]:
    """Everything that has a page for everybody, in one statement."""
    asked = {
        "zone": zone, "since": now - PAST_DAYS, "today": now.date(),
        "half": MOST_ADDRESSES // 2, "quarter": MOST_ADDRESSES // 4,
    }  # fmt: skip
    rows = await db.execute(_PUBLIC, asked)
    return tuple(Public(row.kind, row.key, row.day) for row in rows)
