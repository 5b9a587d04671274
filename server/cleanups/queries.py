"""Reads of reports: one function, one statement. ``scope`` = partners somebody may see, None = all.

The lists stand in ``lists.py``.
"""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, func, null, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from geo.crs import WGS84
from server.cleanups.content import Change, CleanupInput, Json, Litter, as_json, changes
from server.cleanups.models import Cleanup
from server.errors import NotFound
from server.http.i18n import gettext as _

Scope = tuple[uuid.UUID, ...] | None


@dataclass(frozen=True)
class Past:
    """A state the report had: ``content`` before the change that somebody made at ``at``."""

    version: int
    content: Json
    who: str
    at: dt.datetime


@dataclass(frozen=True)
class HistoryEntry:
    """A change in words. ``by_city``: an officer made it. ``reason`` as it was given."""

    act: str
    who: str
    by_city: bool
    at: dt.datetime
    reason: str
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class Report:
    """A report with everything its page shows. Lengths in m, surfaces in m²."""

    id: uuid.UUID
    partner_id: uuid.UUID
    partner_code: str
    partner_name: str
    area_name: str
    area_length_m: float
    area_m2: float
    area_box: tuple[float, ...]
    area_version: int
    content: CleanupInput
    state: str
    review_comment: str
    version: int
    logged_by: str
    created_at: dt.datetime
    updated_at: dt.datetime
    past: tuple[Past, ...]

    @property
    def history(self) -> tuple[HistoryEntry, ...]:
        """The changes in words, newest first."""
        now = {**as_json(self.content), "state": self.state}
        contents = [p.content for p in self.past] + [now]
        entries = []
        for index, past in enumerate(self.past):
            change = past.content.get("change", {})
            entries.append(
                HistoryEntry(
                    change.get("act", "edit"), past.who, change.get("by") == "city", past.at,
                    change.get("reason", ""), changes(past.content, contents[index + 1]),
                )
            )  # fmt: skip
        return tuple(reversed(entries))


@dataclass(frozen=True)
class Place:
    """An area on a day: its version then, whether it was under agreement, and whether the drawn
    extent keeps to it (true when nothing is drawn)."""

    area_id: uuid.UUID
    version: int
    live: bool
    near: bool


def from_geojson(geojson: str | None) -> ColumnElement[Any]:
    """SQL: the geometry of a GeoJSON text, or NULL."""
    if geojson is None:
        return null()
    return func.ST_SetSRID(func.ST_GeomFromGeoJSON(geojson), WGS84)


_REPORT = text("""
SELECT c.id, c.partner_id, c.area_version, c.done_on, c.started_at, c.minutes, c.people, c.children,
       c.newcomers, c.works, c.notes, c.next_plan, c.state, c.review_comment, c.version,
       c.created_at, c.updated_at, ST_AsGeoJSON(c.extent, 7) AS extent,
       p.code AS partner_code, p.name AS partner_name,
       a.code AS area_code, a.name AS area_name, a.length_m, a.area_m2,
       ARRAY[ST_XMin(a.geom), ST_YMin(a.geom), ST_XMax(a.geom), ST_YMax(a.geom)] AS box,
       coalesce(w.display_name, '') AS logged_by,
       (SELECT json_agg(json_build_array(l.class, l.unit, l.quantity::text))
          FROM cleanup_litter l WHERE l.cleanup_id = c.id) AS litter,
       (SELECT json_agg(json_build_object('version', v.version, 'content', v.content,
                 'who', coalesce(x.display_name, ''), 'at', v.replaced_at) ORDER BY v.version)
          FROM cleanup_versions v LEFT JOIN accounts x ON x.id = v.replaced_by
         WHERE v.cleanup_id = c.id) AS past
  FROM cleanups c
  JOIN partners p ON p.id = c.partner_id
  JOIN areas a ON a.id = c.area_id
  LEFT JOIN accounts w ON w.id = c.logged_by
 WHERE c.id = :id AND (CAST(:everybody AS boolean) OR c.partner_id = ANY(CAST(:scope AS uuid[])))
""")


def scoped(scope: Scope) -> dict[str, object]:
    """The two parameters by which a statement keeps to its scope."""
    return {"everybody": scope is None, "scope": list(scope or ())}


def litter_of(rows: Sequence[Sequence[str]] | None) -> tuple[Litter, ...]:
    """Litter lines from their JSON rows ``[class, unit, quantity]``."""
    from_rows = [Litter(kind, unit, Decimal(quantity)) for kind, unit, quantity in rows or ()]
    return tuple(sorted(from_rows, key=lambda x: (x.litter_class != "burnable", x.unit != "bag")))


def _content(row: Any) -> CleanupInput:
    return CleanupInput(
        area_code=row.area_code, done_on=row.done_on, people=row.people,
        started_at=row.started_at, minutes=row.minutes, children=row.children,
        newcomers=row.newcomers, works=tuple(row.works), litter=litter_of(row.litter),
        extent=row.extent, notes=row.notes, next_plan=row.next_plan,
    )  # fmt: skip


def _past(entry: dict[str, Any]) -> Past:
    at = dt.datetime.fromisoformat(entry["at"])
    return Past(entry["version"], entry["content"], entry["who"], at)


async def find_report(db: AsyncSession, cleanup_id: uuid.UUID, scope: Scope) -> Report | None:
    """The report with litter and history, or None if it is not within the scope."""
    row = (await db.execute(_REPORT, {"id": cleanup_id, **scoped(scope)})).first()
    if row is None:
        return None
    return Report(
        id=row.id, partner_id=row.partner_id, partner_code=row.partner_code,
        partner_name=row.partner_name, area_name=row.area_name, area_length_m=row.length_m,
        area_m2=row.area_m2, area_box=tuple(row.box),
        area_version=row.area_version, content=_content(row),
        state=row.state, review_comment=row.review_comment, version=row.version,
        logged_by=row.logged_by, created_at=row.created_at, updated_at=row.updated_at,
        past=tuple(_past(entry) for entry in row.past or ()),
    )  # fmt: skip


async def get_report(db: AsyncSession, cleanup_id: uuid.UUID, scope: Scope) -> Report:
    """As ``find_report``; raises NotFound."""
    report = await find_report(db, cleanup_id, scope)
    if report is None:
        raise NotFound(_("活動報告が見つかりません。"))
    return report


async def lock_report(db: AsyncSession, cleanup_id: uuid.UUID, scope: Scope) -> Report:
    """As ``get_report``, held until the end of the transaction.

    Two statements on purpose: litter and history read in the locking statement itself would be
    those from before the wait, while the report's own columns are from after it.
    """
    await db.execute(select(Cleanup.id).where(Cleanup.id == cleanup_id).with_for_update())
    return await get_report(db, cleanup_id, scope)


_PLACE = text("""
WITH place AS (
  SELECT a.id, v.version, v.geom,
         EXISTS (SELECT 1 FROM agreement_areas g WHERE g.area_id = a.id
                    AND g.partner_id = :partner AND g.period @> CAST(:day AS date)) AS live
    FROM areas a
   CROSS JOIN LATERAL (
         SELECT version, geom FROM area_versions WHERE area_id = a.id
          ORDER BY valid_from < :day_end DESC,
                   CASE WHEN valid_from < :day_end THEN version ELSE -version END DESC
          LIMIT 1) v
   WHERE a.code = :code
     AND EXISTS (SELECT 1 FROM agreement_areas g
                  WHERE g.area_id = a.id AND g.partner_id = :partner))
SELECT id, version, live,
       CASE WHEN CAST(:extent AS text) IS NULL THEN true
            ELSE ST_CoveredBy(
                   ST_Transform(ST_SetSRID(ST_GeomFromGeoJSON(CAST(:extent AS text)), :wgs84),
                                CAST(:plane AS integer)),
                   ST_Buffer(ST_Transform(geom, CAST(:plane AS integer)),
                             CAST(:slack_m AS float)))
       END AS near
  FROM place
""")


async def find_place(
    db: AsyncSession,
    partner_id: uuid.UUID,
    area_code: str,
    day: dt.date,
    day_end: dt.datetime,
    *,
    extent: str | None,
    plane_srid: int,
    slack_m: float,
) -> Place | None:
    """The partner's area in the version valid at the end of that day (the earliest, if it is
    younger), or None if the partner never had it. Distance is measured in the city's plane."""
    values = {
        "partner": partner_id, "code": area_code, "day": day, "day_end": day_end,
        "extent": extent, "plane": plane_srid, "slack_m": slack_m, "wgs84": WGS84,
    }  # fmt: skip
    row = (await db.execute(_PLACE, values)).first()
    return Place(row.id, row.version, row.live, row.near) if row else None


@dataclass(frozen=True)
class AreaChoice:
    """An area in the form. ``live``: under agreement today; ``box``: lon, lat, lon, lat."""

    partner_code: str
    code: str
    name: str
    length_m: float
    area_m2: float
    live: bool
    box: Sequence[float]


@dataclass(frozen=True)
class LogChoices:
    """What the form offers: areas, and the numbers of the last report as defaults."""

    areas: tuple[AreaChoice, ...]
    last_area: str | None = None
    last_partner: str | None = None
    last_people: int | None = None

    def including(self, report: Report) -> "LogChoices":
        """With the area of a report that is being corrected, however old its agreement."""
        own = AreaChoice(
            report.partner_code, report.content.area_code, report.area_name,
            report.area_length_m, report.area_m2, live=False, box=report.area_box,
        )  # fmt: skip
        known = any(a.code == own.code for a in self.areas)
        return self if known else replace(self, areas=(*self.areas, own))


_CHOICES = text("""
SELECT (SELECT json_agg(json_build_array(x.partner, x.code, x.name, x.length_m, x.area_m2, x.live,
                                         x.box)
                        ORDER BY x.partner, x.live DESC, x.code)
          FROM (SELECT p.code AS partner, a.code, a.name, a.length_m, a.area_m2,
                       bool_or(g.period @> CAST(:today AS date)) AS live,
                       json_build_array(ST_XMin(a.geom), ST_YMin(a.geom),
                                        ST_XMax(a.geom), ST_YMax(a.geom))::jsonb AS box
                  FROM agreement_areas g
                  JOIN areas a ON a.id = g.area_id
                  JOIN partners p ON p.id = g.partner_id
                 WHERE g.partner_id = ANY(CAST(:partners AS uuid[]))
                   AND g.period && daterange(CAST(:since AS date), CAST(:today AS date), '[]')
                 GROUP BY p.code, a.id) x) AS areas,
       (SELECT json_build_array(a.code, p.code, c.people)
          FROM cleanups c
          JOIN areas a ON a.id = c.area_id
          JOIN partners p ON p.id = c.partner_id
         WHERE c.partner_id = ANY(CAST(:partners AS uuid[])) AND c.state <> 'withdrawn'
         ORDER BY (c.logged_by = :account) IS TRUE DESC, c.created_at DESC, c.id DESC
         LIMIT 1) AS last
""")


async def log_choices(
    db: AsyncSession,
    partners: Sequence[uuid.UUID],
    account_id: uuid.UUID,
    today: dt.date,
    days_back: int,
) -> LogChoices:
    """Areas under agreement of these partners at any day that may still be logged; the last
    report of this account (or else of the partners) for the defaults."""
    values = {
        "partners": list(partners), "account": account_id, "today": today,
        "since": today - dt.timedelta(days=days_back),
    }  # fmt: skip
    row = (await db.execute(_CHOICES, values)).one()
    areas = tuple(AreaChoice(*entry) for entry in row.areas or ())
    return LogChoices(areas, *(row.last or ()))


_LAYER = text("""
SELECT json_build_object('type', 'FeatureCollection', 'truncated', false, 'features',
         (SELECT json_agg(json_build_object('type', 'Feature', 'id', f.id,
                   'geometry', CAST(ST_AsGeoJSON(f.geom, 6) AS json),
                   'properties', json_build_object('id', f.id, 'name', f.name, 'state', f.state)))
            FROM (VALUES (a.code, v.geom, a.name,
                          CASE WHEN c.extent IS NULL THEN 'fresh' ELSE 'context' END),
                         (CAST(c.id AS text), c.extent, CAST(:name AS text), 'fresh')
                 ) AS f (id, geom, name, state)
           WHERE f.geom IS NOT NULL))::text
  FROM cleanups c
  JOIN areas a ON a.id = c.area_id
  JOIN area_versions v ON v.area_id = c.area_id AND v.version = c.area_version
 WHERE c.id = :id AND (CAST(:everybody AS boolean) OR c.partner_id = ANY(CAST(:scope AS uuid[])))
""")


async def report_layer(db: AsyncSession, cleanup_id: uuid.UUID, scope: Scope) -> str:
    """GeoJSON text of a report: the area as it was, and what was drawn. Raises NotFound."""
    values = {"id": cleanup_id, "name": _("清掃した範囲"), **scoped(scope)}
    found: str | None = (await db.execute(_LAYER, values)).scalar()
    if found is None:
        raise NotFound(_("活動報告が見つかりません。"))
    return found
