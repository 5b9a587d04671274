"""What a partner sees of its own: areas with their care, what comes next, the last reports."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, case, cast, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from geo.shapes import Bounds
from server.agreements.models import AgreementArea
from server.areas.models import Area
from server.citysettings.registry import CityRules
from server.coverage.care import care_of_areas
from server.maps.features import collect, in_box
from server.partners.models import Partner

WARN_DAYS = 60  # an agreement that ends sooner is worth a word
SHOWN_COMING = 4
SHOWN_LOGS = 4
SHOWN_NEWS = 2
_URGENCY = ("overdue", "never", "due", "fresh", "resting", "unassigned")


@dataclass(frozen=True)
class OwnArea:
    """An area under a live agreement. Lengths in m, surfaces in m²; ``last_on`` is the last
    accepted cleanup by anybody; ``lon, lat`` a point on it."""

    code: str
    name: str
    kind: str
    length_m: float
    area_m2: float
    partners: tuple[str, ...]
    state: str
    last_on: dt.date | None
    lon: float
    lat: float

    def days_since(self, today: dt.date) -> int | None:
        """Calendar days since the last cleanup, or None."""
        return (today - self.last_on).days if self.last_on else None


@dataclass(frozen=True)
class Coming:
    """An activity that has not ended yet. ``taken`` places of ``capacity``."""

    id: uuid.UUID
    title: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    meeting_place: str
    capacity: int
    taken: int


@dataclass(frozen=True)
class RecentLog:
    """A report on the partner's first page."""

    id: uuid.UUID
    done_on: dt.date
    area_name: str
    people: int
    bags: float
    state: str


@dataclass(frozen=True)
class Standing:
    """A partner's agreement today. ``last_day`` of it and what follows without a gap; None with
    ``live`` = without end."""

    code: str
    name: str
    live: bool
    last_day: dt.date | None

    def days_left(self, today: dt.date) -> int | None:
        """Days after today until the last one."""
        return (self.last_day - today).days if self.last_day else None

    def ends_soon(self, today: dt.date) -> bool:
        """Whether it is time to talk about renewing."""
        left = self.days_left(today)
        return self.live and left is not None and left <= WARN_DAYS


@dataclass(frozen=True)
class News:
    """An announcement that nobody of the partner has read yet."""

    id: uuid.UUID
    title: str
    sent_at: dt.datetime


@dataclass(frozen=True)
class Overview:
    """The partner's first page without the areas."""

    standings: tuple[Standing, ...]
    coming: tuple[Coming, ...]
    logs: tuple[RecentLog, ...]
    returned: tuple[RecentLog, ...]
    news: tuple[News, ...]


def _own_rows(
    partners: Sequence[uuid.UUID], today: dt.date, rules: CityRules
) -> tuple[Select[Any], ColumnElement[Any]]:
    """The areas of these partners today with their care, and the order people see them in."""
    care = care_of_areas(today, rules)
    mine = (
        select(
            AgreementArea.area_id,
            func.array_agg(Partner.name.distinct()).label("partners"),
        )
        .join(Partner, Partner.id == AgreementArea.partner_id)
        .where(AgreementArea.partner_id.in_(partners), AgreementArea.period.contains(today))
        .group_by(AgreementArea.area_id)
        .subquery("mine")
    )
    urgency = case(
        {state: rank for rank, state in enumerate(_URGENCY)}, value=care.c.state, else_=9
    )
    order = func.row_number().over(order_by=[urgency, care.c.last_on, Area.code])
    rows = select(mine.c.partners, care.c.state, care.c.last_on).select_from(Area)
    rows = rows.join(mine, mine.c.area_id == Area.id).join(care, care.c.area_id == Area.id)
    return rows, order


async def own_areas(
    db: AsyncSession, partners: Sequence[uuid.UUID], today: dt.date, rules: CityRules
) -> tuple[OwnArea, ...]:
    """The areas of these partners today, the most urgent first."""
    rows, order = _own_rows(partners, today, rules)
    point = func.ST_PointOnSurface(Area.geom)
    statement = rows.add_columns(
        Area.code, Area.name, Area.kind, Area.length_m, Area.area_m2,
        func.ST_X(point).label("lon"), func.ST_Y(point).label("lat"),
    ).order_by(order)  # fmt: skip
    found = (await db.execute(statement)).all()
    return tuple(OwnArea(**{**row._mapping, "partners": tuple(row.partners)}) for row in found)


async def own_areas_layer(
    db: AsyncSession,
    partners: Sequence[uuid.UUID],
    today: dt.date,
    rules: CityRules,
    box: Bounds | None,
) -> str:
    """GeoJSON text of the same areas; ``label`` is their number in the list beside the map.

    Numbers are given before the viewport cuts, or a moved map would renumber them.
    """
    rows, order = _own_rows(partners, today, rules)
    numbered = rows.add_columns(
        Area.code.label("id"), Area.name, Area.geom, cast(order, Text).label("label"),
        func.concat("/areas/", Area.code, "/card").label("url"),
    ).subquery("own")  # fmt: skip
    seen = select(
        numbered.c.id, numbered.c.name, numbered.c.geom, numbered.c.state, numbered.c.label,
        numbered.c.url,
    )  # fmt: skip
    return await collect(db, seen.where(*in_box(numbered.c.geom, box)))


_OVERVIEW = text("""
WITH mine AS (SELECT unnest(CAST(:partners AS uuid[])) AS id),
recent AS (
  SELECT c.id, c.done_on, c.people, c.state, c.created_at, a.name AS area_name,
         (SELECT coalesce(sum(l.quantity), 0)::float FROM cleanup_litter l
           WHERE l.cleanup_id = c.id AND l.unit = 'bag') AS bags
    FROM cleanups c JOIN areas a ON a.id = c.area_id
   WHERE c.partner_id IN (SELECT id FROM mine) AND c.state <> 'withdrawn')
SELECT
  (SELECT json_agg(json_build_array(p.code, p.name, coalesce(g.live, false), g.last_day)
                   ORDER BY p.code)
     FROM mine JOIN partners p ON p.id = mine.id
    CROSS JOIN LATERAL (
          SELECT bool_or(r @> CAST(:today AS date)) AS live, max(upper(r)) - 1 AS last_day
            FROM (SELECT unnest(range_agg(period)) AS r FROM agreements
                   WHERE partner_id = p.id) merged
           WHERE r @> CAST(:today AS date)) g) AS standings,
  (SELECT json_agg(x) FROM (
     SELECT o.id, o.title, o.starts_at, o.ends_at, o.meeting_place, o.capacity,
            (SELECT coalesce(sum(s.people), 0) FROM signups s
              WHERE s.opportunity_id = o.id AND s.cancelled_at IS NULL) AS taken
       FROM opportunities o
      WHERE o.partner_id IN (SELECT id FROM mine) AND o.state = 'published' AND o.ends_at > :now
      ORDER BY o.starts_at, o.id LIMIT :coming) x) AS coming,
  (SELECT json_agg(x) FROM (
     SELECT id, done_on, area_name, people, bags, state FROM recent
      ORDER BY done_on DESC, created_at DESC LIMIT :logs) x) AS logs,
  (SELECT json_agg(x) FROM (
     SELECT id, done_on, area_name, people, bags, state FROM recent WHERE state = 'returned'
      ORDER BY done_on DESC LIMIT 20) x) AS returned,
  (SELECT json_agg(x) FROM (
     SELECT n.id, n.title, n.sent_at FROM announcements n
      WHERE n.sent_at <= :now AND EXISTS (
            SELECT FROM announcement_recipients r WHERE r.announcement_id = n.id
               AND r.partner_id IN (SELECT id FROM mine) AND r.read_at IS NULL)
      ORDER BY n.sent_at DESC, n.id LIMIT :news) x) AS news
""")


async def overview(
    db: AsyncSession, partners: Sequence[uuid.UUID], today: dt.date, now: dt.datetime
) -> Overview:
    """Agreements, coming activities, reports (last, handed back), unread news: one statement."""
    values = {
        "partners": list(partners), "today": today, "now": now,
        "coming": SHOWN_COMING, "logs": SHOWN_LOGS,
        "news": SHOWN_NEWS,
    }  # fmt: skip
    row = (await db.execute(_OVERVIEW, values)).one()
    return Overview(
        tuple(
            Standing(code, name, live, _day(last)) for code, name, live, last in row.standings or ()
        ),
        tuple(_coming(x) for x in row.coming or ()),
        tuple(_log(x) for x in row.logs or ()),
        tuple(_log(x) for x in row.returned or ()),
        tuple(_news(x) for x in row.news or ()),
    )


def _day(iso: str | None) -> dt.date | None:
    return dt.date.fromisoformat(iso) if iso else None


def _coming(x: dict[str, Any]) -> Coming:
    starts, ends = (dt.datetime.fromisoformat(x[key]) for key in ("starts_at", "ends_at"))
    return Coming(**{**x, "id": uuid.UUID(x["id"]), "starts_at": starts, "ends_at": ends})


def _log(x: dict[str, Any]) -> RecentLog:
    done_on = dt.date.fromisoformat(x["done_on"])
    return RecentLog(**{**x, "id": uuid.UUID(x["id"]), "done_on": done_on})


def _news(x: dict[str, Any]) -> News:
    return News(uuid.UUID(x["id"]), x["title"], dt.datetime.fromisoformat(x["sent_at"]))
