"""Reads of the signs: own ones, one, the staff's list."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from server.ledgers.lists import PAGE_ROWS, ListFilter
from server.policy import Actor
from server.signs.machine import SIGN
from server.workflow.actions import Stand

SHOWN = 30  # a partner's last signs


@dataclass(frozen=True)
class Sign:
    """A sign as pages need it. lon, lat in degrees (WGS84), where somebody noted them; area_lon,
    area_lat are a point of the area."""

    id: uuid.UUID
    partner_id: uuid.UUID
    partner_code: str
    partner_name: str
    area_id: uuid.UUID
    area_code: str
    area_name: str
    state: str
    wished_wording: str
    wording: str
    lon: float | None
    lat: float | None
    area_lon: float
    area_lat: float
    installed_on: dt.date | None
    removed_on: dt.date | None
    section: str
    requested_by: uuid.UUID | None
    created_at: dt.datetime

    @property
    def words(self) -> str:
        """What stands (or is to stand) on it."""
        return self.wording or self.wished_wording

    @property
    def stand(self) -> Stand:
        """Where it stands, for a step."""
        return Stand(self.id, self.state, self.area_name, self.partner_id, self.requested_by)


_SIGN = """
SELECT g.id, g.partner_id, p.code AS partner_code, p.name AS partner_name, g.area_id,
       a.code AS area_code, a.name AS area_name, g.state, g.wished_wording, g.wording,
       ST_X(g.point) AS lon, ST_Y(g.point) AS lat,
       ST_X(ST_PointOnSurface(a.geom)) AS area_lon, ST_Y(ST_PointOnSurface(a.geom)) AS area_lat,
       g.installed_on, g.removed_on, g.section,
       g.requested_by, g.created_at
  FROM signs g JOIN partners p ON p.id = g.partner_id JOIN areas a ON a.id = g.area_id
"""
_ONE = text(f"{_SIGN} WHERE g.id = :id AND (:staff OR g.partner_id = ANY(:partners))")
_OWN = text(f"""{_SIGN} WHERE g.partner_id = ANY(:partners)
 ORDER BY g.state IN ('wished', 'naming', 'installed') DESC, g.created_at DESC, g.id
 LIMIT {SHOWN}""")
_STAFF_WHERE = """
 WHERE coalesce(g.installed_on, g.created_at::date) >= :first
   AND coalesce(g.installed_on, g.created_at::date) < :after
   AND (:q = '' OR p.code = upper(:q) OR a.code = upper(:q) OR p.name ILIKE :like
        OR p.name_kana ILIKE :like OR a.name ILIKE :like)
"""
_STAFF = text(f"""{_SIGN} {_STAFF_WHERE} AND (:state = '' OR g.state = :state)
 ORDER BY g.state IN {SIGN.waiting} DESC,
          CASE WHEN g.state IN {SIGN.waiting} THEN g.created_at END,
          coalesce(g.installed_on, g.created_at::date) DESC, g.id LIMIT :rows OFFSET :skip""")
_COUNTS = text(f"""
SELECT g.state, count(*) AS n
  FROM signs g JOIN partners p ON p.id = g.partner_id JOIN areas a ON a.id = g.area_id
{_STAFF_WHERE} GROUP BY g.state""")  # noqa: S608 - fixed text only


async def sign_of(db: AsyncSession, id: uuid.UUID, actor: Actor) -> Sign | None:
    """One sign of the actor's own partners (any, for staff)."""
    values = {"id": id, "staff": actor.is_staff, "partners": list(actor.partner_ids)}
    row = (await db.execute(_ONE, values)).first()
    return Sign(**row._mapping) if row else None


async def own_signs(db: AsyncSession, partners: Sequence[uuid.UUID]) -> tuple[Sign, ...]:
    """A partner's signs: those that stand or are to stand first."""
    rows = await db.execute(_OWN, {"partners": list(partners)})
    return tuple(Sign(**row._mapping) for row in rows)


@dataclass(frozen=True)
class SignPage:
    """Some rows of the staff's list, how many there are in each state, and whether more follow."""

    rows: tuple[Sign, ...]
    counts: dict[str, int]
    more: bool


async def staff_signs(db: AsyncSession, asked: ListFilter, as_file: bool) -> SignPage:
    """The staff's list: wishes first, then the latest. Two statements."""
    values = {**asked.bounds(), "state": asked.state}
    found = (await db.execute(_STAFF, {**values, **asked.rows(as_file)})).all()
    counted = (await db.execute(_COUNTS, asked.bounds())).all()
    counts = {row.state: row.n for row in counted}
    shown = found if as_file else found[:PAGE_ROWS]
    return SignPage(tuple(Sign(**r._mapping) for r in shown), counts, len(found) > len(shown))


@dataclass(frozen=True)
class SignArea:
    """An area under agreement; ``has_sign`` = this partner has a sign or a wish there."""

    id: uuid.UUID
    code: str
    name: str
    kind: str
    section: str
    has_sign: bool


_AREAS = text("""
SELECT a.id, a.code, a.name, a.kind, a.section,
       EXISTS (SELECT FROM signs g WHERE g.area_id = a.id AND g.partner_id = :partner
                  AND g.state IN ('wished', 'naming', 'installed')) AS has_sign
  FROM areas a
 WHERE a.retired_on IS NULL AND EXISTS (
       SELECT FROM agreement_areas x WHERE x.area_id = a.id AND x.partner_id = :partner
          AND x.period @> CAST(:day AS date))
 ORDER BY a.code
""")


async def sign_areas(db: AsyncSession, partner_id: uuid.UUID, day: dt.date) -> tuple[SignArea, ...]:
    """The areas a partner may wish a sign for on that day."""
    rows = await db.execute(_AREAS, {"partner": partner_id, "day": day})
    return tuple(SignArea(**row._mapping) for row in rows)


_LIVE = text("SELECT EXISTS (SELECT FROM enrolments WHERE partner_id = :partner AND state IN "
             "('active', 'changing', 'renewal'))")  # fmt: skip


async def is_live(db: AsyncSession, partner_id: uuid.UUID) -> bool:
    """Whether the partner's agreement runs."""
    return bool(await db.scalar(_LIVE, {"partner": partner_id}))
