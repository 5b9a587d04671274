"""Reads of requests for pick-up. One function, one statement."""

import datetime as dt
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from geo.shapes import Bounds
from server.citysettings.queries import City
from server.citysettings.registry import CityRules
from server.cleanups.content import Litter, added_up, litter_words, plain
from server.cleanups.queries import litter_of
from server.http.i18n import gettext as _
from server.maps.features import DECIMALS, FEATURE_CAP
from server.pickups.calendar import CrewCalendar, SetApart, crew_calendar
from server.pickups.filters import PickupFilter
from server.pickups.machine import PICKUP
from server.policy import Actor
from server.workflow.actions import Stand

OWN_ROWS = 200
ON_A_DAY = ("scheduled", "collected", "partly")  # what takes room on a day
STOP_STATES = (*ON_A_DAY, "refused")  # what the crew's list shows


@dataclass(frozen=True)
class Pickup:
    """One pile. lon/lat in degrees; ``collected`` by class and unit once the crew has been."""

    id: uuid.UUID
    code: str
    state: str
    partner_id: uuid.UUID
    partner_code: str
    partner_name: str
    area_id: uuid.UUID | None
    area_code: str
    area_name: str
    cleanup_id: uuid.UUID | None
    manager: str
    section: str
    lon: float
    lat: float
    place_note: str
    covered: bool
    private_land: bool
    note: str
    wished_on: dt.date
    scheduled_on: dt.date | None
    route_position: int | None
    collected_on: dt.date | None
    requested_by: uuid.UUID | None
    by_proxy: bool
    created_at: dt.datetime
    contents: tuple[Litter, ...]
    collected: tuple[Litter, ...]

    @property
    def stand(self) -> Stand:
        """What ``move`` needs of it."""
        title = f"{self.code} {self.area_name or self.place_note}"
        return Stand(self.id, self.state, title, self.partner_id, self.requested_by)

    @property
    def waits(self) -> bool:
        """Whether it is still to be done."""
        return self.state in PICKUP.waiting

    @property
    def day(self) -> dt.date:
        """The day that counts now: of the collection, the fixed one, or the wished one."""
        return self.collected_on or self.scheduled_on or self.wished_on

    @property
    def content_words(self) -> str:
        """``燃やせるごみ 5袋、草・枝・落ち葉 2袋``."""
        return in_words(self.contents)


def in_words(lines: Sequence[Litter]) -> str:
    """Litter on one line."""
    return "、".join(litter_words(x.litter_class, x.unit, plain(x.quantity)) for x in lines)


def totals(pickups: Sequence[Pickup]) -> tuple[Litter, ...]:
    """Sums by class and unit, in the order of the code lists."""
    return added_up([line for one in pickups for line in one.contents])


_PICKUP = """
SELECT k.id, k.code, k.state, k.partner_id, p.code AS partner_code, p.name AS partner_name,
       k.area_id, coalesce(a.code, '') AS area_code, coalesce(a.name, '') AS area_name,
       k.cleanup_id, k.manager, k.section, ST_X(k.point) AS lon, ST_Y(k.point) AS lat,
       k.place_note, k.covered, k.private_land, k.note, k.wished_on, k.scheduled_on,
       k.route_position, k.collected_on, k.requested_by, k.by_proxy, k.created_at,
       (SELECT json_agg(json_build_array(c.class, c.unit, c.quantity::text))
          FROM pickup_contents c WHERE c.pickup_id = k.id) AS contents,
       (SELECT json_agg(json_build_array(c.class, c.unit, c.collected::text))
          FROM pickup_contents c WHERE c.pickup_id = k.id AND c.collected IS NOT NULL) AS collected
  FROM pickups k
  JOIN partners p ON p.id = k.partner_id
  LEFT JOIN areas a ON a.id = k.area_id
"""


_FIELDS = tuple(field.name for field in fields(Pickup))


def _pickup(row: Any) -> Pickup:
    values = {name: getattr(row, name) for name in _FIELDS}
    values["contents"] = litter_of(row.contents)
    values["collected"] = litter_of(row.collected)
    return Pickup(**values)


_ONE = text(
    f"{_PICKUP} WHERE k.id = :id"
    " AND (CAST(:staff AS boolean) OR k.partner_id = ANY(CAST(:partners AS uuid[])))"
)


async def find(db: AsyncSession, id: uuid.UUID, actor: Actor) -> Pickup | None:
    """A request of the actor's partners (any, for staff)."""
    values = {"id": id, "staff": actor.is_staff, "partners": list(actor.partner_ids)}
    row = (await db.execute(_ONE, values)).first()
    return _pickup(row) if row else None


_SOME = text(f"{_PICKUP} WHERE k.id = ANY(CAST(:ids AS uuid[])) ORDER BY k.created_at, k.id")


async def some(db: AsyncSession, ids: Sequence[uuid.UUID]) -> list[Pickup]:
    """These requests, the oldest first."""
    return [_pickup(row) for row in await db.execute(_SOME, {"ids": list(ids)})]


_OWN = text(
    f"{_PICKUP} WHERE k.partner_id = ANY(CAST(:partners AS uuid[]))"
    " ORDER BY k.state IN ('requested', 'accepted', 'scheduled') DESC,"
    "          coalesce(k.collected_on, k.scheduled_on, k.wished_on) DESC, k.id LIMIT :n"
)


async def own_list(db: AsyncSession, partner_ids: Sequence[uuid.UUID]) -> list[Pickup]:
    """The partners' own requests: those still to be done first."""
    rows = await db.execute(_OWN, {"partners": list(partner_ids), "n": OWN_ROWS})
    return [_pickup(row) for row in rows]


@dataclass(frozen=True)
class Start:
    """Where the crew's way begins. ``point`` is lon, lat in degrees."""

    name: str
    point: tuple[float, float]


_DAY = text(f"""
SELECT o.name AS start_name, ST_X(o.point) AS start_lon, ST_Y(o.point) AS start_lat, d.*
  FROM (SELECT 1) one
  LEFT JOIN LATERAL (SELECT name, point FROM supply_places WHERE active AND point IS NOT NULL
                      ORDER BY position, name LIMIT 1) o ON true
  LEFT JOIN ({_PICKUP} WHERE k.scheduled_on = :day
                         AND k.state <> ALL('{{requested,accepted}}')) d ON true
 ORDER BY d.route_position NULLS LAST, d.created_at, d.id
""")  # noqa: S608 - fixed text only


async def on_day(db: AsyncSession, city: City, day: dt.date) -> tuple[Start, list[Pickup]]:
    """Where the way of a day begins, and what is on its list, cancelled ones too, by the order
    set by hand. It begins at the first hand-out place with a point, else in the city's middle."""
    rows = (await db.execute(_DAY, {"day": day})).all()
    start = Start(_("%(city)sの中心") % {"city": city.name}, city.centre)
    if rows[0].start_name is not None:
        start = Start(rows[0].start_name, (rows[0].start_lon, rows[0].start_lat))
    return start, [_pickup(row) for row in rows if row.id is not None]


# --- staff's queue -------------------------------------------------------------------------------

_FILTER = """
   (CAST(:section AS text) = '' OR k.section = :section)
   AND (CAST(:day AS date) IS NULL
        OR coalesce(k.collected_on, k.scheduled_on, k.wished_on) = CAST(:day AS date))
   AND (CAST(:q AS text) = '' OR k.code ILIKE :pattern OR p.name ILIKE :pattern
        OR a.name ILIKE :pattern OR k.place_note ILIKE :pattern)
"""
_STATE = "AND k.state = ANY(CAST(:states AS text[]))"

_QUEUE = text(
    f"{_PICKUP} WHERE {_FILTER} {_STATE}"
    " ORDER BY k.state IN ('requested', 'accepted') DESC, k.state = 'scheduled' DESC,"
    "   CASE WHEN k.state IN ('requested', 'accepted', 'scheduled')"
    "        THEN coalesce(k.scheduled_on, k.wished_on) END,"
    "   coalesce(k.collected_on, k.scheduled_on, k.wished_on) DESC, k.created_at, k.id"
    " LIMIT :n OFFSET :skip"
)

_COUNTS = text(f"""
SELECT (SELECT json_object_agg(state, n) FROM (
          SELECT k.state, count(*) AS n FROM pickups k JOIN partners p ON p.id = k.partner_id
            LEFT JOIN areas a ON a.id = k.area_id WHERE {_FILTER} GROUP BY k.state) s) AS states,
       (SELECT json_agg(DISTINCT section) FROM pickups WHERE section <> '') AS sections
""")  # noqa: S608 - fixed text only


@dataclass(frozen=True)
class Counts:
    """How many in each state, under the same filters but the state; sections there are."""

    states: dict[str, int]
    sections: tuple[str, ...]

    def of(self, states: Sequence[str]) -> int:
        """How many in these states together."""
        return sum(self.states.get(state, 0) for state in states)


def _values(asked: PickupFilter) -> dict[str, object]:
    escaped = asked.q.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return {
        "section": asked.section, "day": asked.day, "q": asked.q, "pattern": f"%{escaped}%",
        "states": list(asked.states),
    }  # fmt: skip


async def queue(db: AsyncSession, asked: PickupFilter, limit: int, skip: int = 0) -> list[Pickup]:
    """Requests for the staff, the most pressing first."""
    values = {**_values(asked), "n": limit, "skip": skip}
    return [_pickup(row) for row in await db.execute(_QUEUE, values)]


async def counts(db: AsyncSession, asked: PickupFilter) -> Counts:
    """Numbers above the list; they agree with it, since the conditions are the same."""
    row = (await db.execute(_COUNTS, _values(asked))).one()
    return Counts(row.states or {}, tuple(row.sections or ()))


_LAYER = text(f"""
WITH chosen AS (
  SELECT k.id, k.code, k.state, k.point, k.place_note, k.route_position, p.name
    FROM pickups k JOIN partners p ON p.id = k.partner_id LEFT JOIN areas a ON a.id = k.area_id
   WHERE {_FILTER} {_STATE} AND k.state <> 'cancelled'
     AND (CAST(:west AS float) IS NULL
          OR k.point && ST_MakeEnvelope(CAST(:west AS float), CAST(:south AS float),
                                        CAST(:east AS float), CAST(:north AS float), 4326))
   ORDER BY k.created_at DESC, k.id LIMIT {FEATURE_CAP + 1}),
numbered AS (SELECT chosen.*, row_number() OVER () AS n FROM chosen)
SELECT json_build_object('type', 'FeatureCollection', 'truncated', count(*) > {FEATURE_CAP},
         'features', coalesce(json_agg(json_build_object(
             'type', 'Feature', 'id', id, 'geometry', ST_AsGeoJSON(point, {DECIMALS})::json,
             'properties', json_build_object('id', id, 'name', code || ' ' || name || ' '
               || place_note, 'state', 'pickup-' || state, 'url', :path || id,
               'label', CAST(:labels AS jsonb) ->> CAST(id AS text))))
           FILTER (WHERE n <= {FEATURE_CAP}), '[]'::json))::text
  FROM numbered
""")  # noqa: S608 - fixed text only


async def layer(
    db: AsyncSession, asked: PickupFilter, box: Bounds | None, path: str,
    labels: Mapping[uuid.UUID, int],
) -> str:  # fmt: skip
    """The same requests as GeoJSON; cancelled ones are in the list only. ``labels`` are the
    numbers that some of them wear."""
    west, south, east, north = box or (None, None, None, None)
    values = {**_values(asked), "west": west, "south": south, "east": east, "north": north}
    numbers = json.dumps({str(id): str(number) for id, number in labels.items()})
    return str(await db.scalar(_LAYER, {**values, "path": path, "labels": numbers}))


# --- the crew's calendar -------------------------------------------------------------------------

_CALENDAR = text("""
SELECT (SELECT json_agg(json_build_array(on_day, open, capacity, note))
          FROM collection_days WHERE on_day BETWEEN :first AND :last) AS apart,
       (SELECT json_agg(json_build_array(scheduled_on, n)) FROM (
          SELECT scheduled_on, count(*) AS n FROM pickups
           WHERE scheduled_on BETWEEN :first AND :last
             AND state IN ('scheduled', 'collected', 'partly') GROUP BY scheduled_on) s) AS taken
""")


async def calendar(
    db: AsyncSession, rules: CityRules, first: dt.date, days: int = 460
) -> CrewCalendar:
    """The calendar from ``first`` on, with the days set apart and the stops they have."""
    last = first + dt.timedelta(days=min(days, (dt.date.max - first).days))
    row = (await db.execute(_CALENDAR, {"first": first, "last": last})).one()
    apart = {
        dt.date.fromisoformat(day): SetApart(is_open, capacity, note)
        for day, is_open, capacity, note in row.apart or ()
    }
    taken = {dt.date.fromisoformat(day): int(n) for day, n in row.taken or ()}
    return crew_calendar(rules, apart, taken)


# --- what the form offers ------------------------------------------------------------------------


@dataclass(frozen=True)
class AreaOffer:
    """An area somebody may ask for; lon/lat of a point on it, in degrees."""

    id: uuid.UUID
    code: str
    name: str
    kind: str
    manager: str
    section: str
    partner_id: uuid.UUID
    partner_name: str
    lon: float
    lat: float

    @property
    def key(self) -> str:
        """Names the area together with the partner that acts there."""
        return f"{self.id}.{self.partner_id}"


_AREAS = text("""
SELECT DISTINCT ON (p.code, a.code) a.id, a.code, a.name, a.kind, a.manager, a.section,
       p.id AS partner_id, p.name AS partner_name,
       ST_X(ST_PointOnSurface(a.geom)) AS lon,
       ST_Y(ST_PointOnSurface(a.geom)) AS lat
  FROM agreement_areas g
  JOIN areas a ON a.id = g.area_id
  JOIN partners p ON p.id = g.partner_id
 WHERE g.partner_id = ANY(CAST(:partners AS uuid[])) AND a.retired_on IS NULL
   AND g.period @> CAST(:today AS date)
 ORDER BY p.code, a.code
""")


async def areas_of(
    db: AsyncSession, partner_ids: Sequence[uuid.UUID], today: dt.date
) -> list[AreaOffer]:
    """The areas that these partners have under agreement today."""
    rows = await db.execute(_AREAS, {"partners": list(partner_ids), "today": today})
    return [AreaOffer(**row._mapping) for row in rows]


_PARTNERS = text("""
SELECT p.code, p.name FROM partners p
 WHERE EXISTS (SELECT FROM agreement_areas g
                WHERE g.partner_id = p.id AND g.period @> CAST(:today AS date))
 ORDER BY p.code
""")


async def partner_choices(db: AsyncSession, today: dt.date) -> list[tuple[str, str]]:
    """Code and name of the partners with an area, for a request that staff take down."""
    rows = await db.execute(_PARTNERS, {"today": today})
    return [(row.code, row.name) for row in rows]


_PARTNER_ID = text("SELECT id FROM partners WHERE code = :code")


async def partner_id(db: AsyncSession, code: str) -> uuid.UUID | None:
    """The partner of that code."""
    found: uuid.UUID | None = await db.scalar(_PARTNER_ID, {"code": code})
    return found
