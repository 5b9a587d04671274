"""Reads of reports. One function, one statement. What is not public is not selected."""

import datetime as dt
import json
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from geo.shapes import Bounds
from server.faults.filters import FaultFilter
from server.labels import FAULT_CATEGORIES
from server.maps.features import DECIMALS, FEATURE_CAP
from server.policy import Actor
from server.workflow.actions import Stand

RECENT = dt.timedelta(days=30)  # so long a finished report stays on the public map
AREA_WITHIN_M = 30  # the nearest area tells who manages a place
NEAR_ROWS = 5
OPEN = ("received", "forwarded", "in_progress")

_HERE = "ST_SetSRID(ST_MakePoint(CAST(:lon AS float), CAST(:lat AS float)), 4326)::geography"


@dataclass(frozen=True)
class Near:
    """An open report close by, as anybody may see it."""

    id: uuid.UUID
    code: str
    category: str
    state: str
    created_at: dt.datetime
    distance_m: float


NEAR_SQL = f"""
SELECT id, code, category, state, created_at, point::geography <-> {_HERE} AS distance_m
  FROM faults
 WHERE category = :category AND state IN ('received', 'forwarded', 'in_progress')
   AND created_at >= :since AND id <> :id
   AND ST_DWithin(point::geography, {_HERE}, CAST(:near_m AS float))
 ORDER BY point::geography <-> {_HERE} LIMIT {NEAR_ROWS}
"""  # noqa: S608 - fixed text only


async def near(
    db: AsyncSession, category: str, lon: float, lat: float, near_m: float, since: dt.datetime,
    but: uuid.UUID,
) -> list[Near]:  # fmt: skip
    """Open reports of that category within ``near_m``, made since then, the nearest first."""
    values = {
        "category": category, "lon": lon, "lat": lat, "near_m": near_m, "since": since, "id": but,
    }  # fmt: skip
    return [Near(**row._mapping) for row in await db.execute(text(NEAR_SQL), values)]


@dataclass(frozen=True)
class Place:
    """The area at a place: it tells who manages it."""

    area_id: uuid.UUID
    kind: str
    manager: str
    section: str


_PLACE = text(f"""
SELECT id AS area_id, kind, manager, section FROM areas
 WHERE retired_on IS NULL AND ST_DWithin(geom::geography, {_HERE}, {AREA_WITHIN_M})
 ORDER BY geom::geography <-> {_HERE} LIMIT 1
""")  # noqa: S608 - fixed text only


async def area_at(db: AsyncSession, lon: float, lat: float) -> Place | None:
    """The nearest area within ``AREA_WITHIN_M``."""
    row = (await db.execute(_PLACE, {"lon": lon, "lat": lat})).first()
    return Place(**row._mapping) if row else None


_POINT_OF = text("""
SELECT ST_X(ST_PointOnSurface(geom)) AS lon, ST_Y(ST_PointOnSurface(geom)) AS lat
  FROM areas WHERE code = :code AND retired_on IS NULL
""")


async def point_of_area(db: AsyncSession, code: str) -> tuple[float, float] | None:
    """A point (lon, lat) on the area of that code."""
    row = (await db.execute(_POINT_OF, {"code": code})).first()
    return (row.lon, row.lat) if row else None


# --- what anybody may see ------------------------------------------------------------------------

_PUBLIC = """
   (f.state IN ('received', 'forwarded', 'in_progress')
    OR f.state = 'done' AND EXISTS (
       SELECT FROM state_changes s WHERE s.object_id = f.id AND s.machine = 'fault'
          AND s.to_state = 'done' AND s.at >= :recent))
"""


@dataclass(frozen=True)
class PublicFault:
    """What anybody may know of a report: neither words nor photos nor the exact place."""

    id: uuid.UUID
    code: str
    category: str
    state: str
    created_at: dt.datetime
    seen_by_others: int


_PUBLIC_LIST = text(f"""
SELECT f.id, f.code, f.category, f.state, f.created_at, f.seen_by_others FROM faults f
 WHERE {_PUBLIC} AND f.state = ANY(CAST(:states AS text[]))
   AND (CAST(:category AS text) = '' OR f.category = :category)
 ORDER BY f.state = 'done', f.created_at DESC, f.id LIMIT :n OFFSET :skip
""")  # noqa: S608 - fixed text only


async def public_list(
    db: AsyncSession, asked: FaultFilter, now: dt.datetime, limit: int, skip: int
) -> list[PublicFault]:
    """Open reports, and those finished lately."""
    values = {
        "recent": now - RECENT, "states": list(asked.states), "category": asked.category,
        "n": limit, "skip": skip,
    }  # fmt: skip
    return [PublicFault(**row._mapping) for row in await db.execute(_PUBLIC_LIST, values)]


# --- one report ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fault:
    """Everything about a report. lon/lat in degrees; ``is_public``: on the public map now."""

    id: uuid.UUID
    code: str
    state: str
    category: str
    lon: float
    lat: float
    place_note: str
    description: str
    manager: str
    section: str
    partner_id: uuid.UUID | None
    partner_name: str
    area_code: str
    area_name: str
    area_kind: str
    cleanup_id: uuid.UUID | None
    requested_by: uuid.UUID | None
    track_hash: bytes | None
    seen_by_others: int
    created_at: dt.datetime
    is_public: bool

    @property
    def stand(self) -> Stand:
        """What ``move`` needs of it."""
        title = f"{self.code} {FAULT_CATEGORIES[self.category]}"
        return Stand(self.id, self.state, title, self.partner_id, self.requested_by)

    def told_by(self, actor: Actor | None, key_hash: bytes | None) -> bool:
        """Whether this is the reporter, or somebody of the reporting partner."""
        if self.track_hash is not None and self.track_hash == key_hash:
            return True
        if actor is None:
            return False
        return self.requested_by == actor.account_id or self.partner_id in actor.partner_ids


_FAULT = f"""
SELECT f.id, f.code, f.state, f.category, ST_X(f.point) AS lon, ST_Y(f.point) AS lat,
       f.place_note, f.description, f.manager, f.section, f.partner_id,
       coalesce(p.name, '') AS partner_name, coalesce(a.code, '') AS area_code,
       coalesce(a.name, '') AS area_name, coalesce(a.kind, '') AS area_kind, f.cleanup_id,
       f.requested_by, f.track_hash, f.seen_by_others, f.created_at, {_PUBLIC} AS is_public
  FROM faults f
  LEFT JOIN partners p ON p.id = f.partner_id
  LEFT JOIN areas a ON a.id = f.area_id
"""  # noqa: S608 - fixed text only

_ONE = text(f"{_FAULT} WHERE f.id = :id")


async def find(db: AsyncSession, id: uuid.UUID, now: dt.datetime) -> Fault | None:
    """A report. Who may read what of it, its page decides with ``told_by`` and ``is_public``."""
    row = (await db.execute(_ONE, {"id": id, "recent": now - RECENT})).first()
    return Fault(**row._mapping) if row else None


# --- the staff's list ----------------------------------------------------------------------------

_FILTER = """
   (CAST(:category AS text) = '' OR f.category = :category)
   AND (CAST(:section AS text) = '' OR f.section = :section)
   AND (CAST(:manager AS text) = '' OR f.manager = :manager)
   AND (CAST(:q AS text) = '' OR f.code ILIKE :pattern OR f.place_note ILIKE :pattern
        OR f.description ILIKE :pattern)
"""

_STAFF_LIST = text(
    f"{_FAULT} WHERE {_FILTER} AND f.state = ANY(CAST(:states AS text[]))"
    " ORDER BY f.state IN ('received', 'forwarded', 'in_progress') DESC,"
    "          f.created_at DESC, f.id LIMIT :n OFFSET :skip"
)

_COUNTS = text(f"""
SELECT (SELECT json_object_agg(state, n) FROM (
          SELECT f.state, count(*) AS n FROM faults f WHERE {_FILTER} GROUP BY f.state) s)
         AS states,
       (SELECT json_agg(DISTINCT section) FROM faults WHERE section <> '') AS sections
""")  # noqa: S608 - fixed text only


@dataclass(frozen=True)
class Counts:
    """How many in each state, under the same filters but the state; sections there are."""

    states: dict[str, int]
    sections: tuple[str, ...]

    @property
    def waiting(self) -> int:
        """Those that are still to be dealt with."""
        return sum(self.states.get(state, 0) for state in OPEN)


def _values(asked: FaultFilter) -> dict[str, Any]:
    escaped = asked.q.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return {
        "category": asked.category, "section": asked.section, "manager": asked.manager,
        "q": asked.q, "pattern": f"%{escaped}%", "states": list(asked.states),
    }  # fmt: skip


async def staff_list(
    db: AsyncSession, asked: FaultFilter, now: dt.datetime, limit: int, skip: int = 0
) -> list[Fault]:
    """Reports for the staff, those to be dealt with first."""
    values = {**_values(asked), "recent": now - RECENT, "n": limit, "skip": skip}
    return [Fault(**row._mapping) for row in await db.execute(_STAFF_LIST, values)]


async def counts(db: AsyncSession, asked: FaultFilter) -> Counts:
    """Numbers above the list, from the same conditions."""
    row = (await db.execute(_COUNTS, _values(asked))).one()
    return Counts(row.states or {}, tuple(row.sections or ()))


_LAYER = text(f"""
WITH chosen AS (
  SELECT f.id, f.code, f.category, f.state,
         CASE WHEN CAST(:exact AS boolean) THEN f.point
              ELSE ST_SnapToGrid(f.point, 0.0001) END AS point
    FROM faults f
   WHERE {_FILTER} AND f.state = ANY(CAST(:states AS text[]))
     AND (CAST(:exact AS boolean) OR {_PUBLIC})
     AND (CAST(:west AS float) IS NULL
          OR f.point && ST_MakeEnvelope(CAST(:west AS float), CAST(:south AS float),
                                        CAST(:east AS float), CAST(:north AS float), 4326))
   ORDER BY f.created_at DESC, f.id LIMIT {FEATURE_CAP + 1}),
numbered AS (SELECT chosen.*, row_number() OVER () AS n FROM chosen)
SELECT json_build_object('type', 'FeatureCollection', 'truncated', count(*) > {FEATURE_CAP},
         'features', coalesce(json_agg(json_build_object(
             'type', 'Feature', 'id', id, 'geometry', ST_AsGeoJSON(point, {DECIMALS})::json,
             'properties', json_build_object('id', id, 'name', code || ' '
               || coalesce(CAST(:words AS jsonb) ->> category, category),
               'state', 'fault-' || state, 'url', :path || id)))
           FILTER (WHERE n <= {FEATURE_CAP}), '[]'::json))::text
  FROM numbered
""")  # noqa: S608 - fixed text only


async def layer(
    db: AsyncSession, asked: FaultFilter, now: dt.datetime, box: Bounds | None, path: str
) -> str:
    """The reports as GeoJSON; for the public at places rounded to about ten metres."""
    west, south, east, north = box or (None, None, None, None)
    names = json.dumps({code: str(label) for code, label in FAULT_CATEGORIES.items()})
    values = {
        **_values(asked), "exact": asked.exact, "recent": now - RECENT, "path": path,
        "west": west, "south": south, "east": east, "north": north, "words": names,
    }  # fmt: skip
    return str(await db.scalar(_LAYER, values))
