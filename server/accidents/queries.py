"""Reads of accident reports: the partner's own, all for staff. One function, one statement."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from server.http.i18n import gettext as _
from server.labels import ACCIDENT_KINDS
from server.policy import Actor
from server.workflow.actions import Stand


@dataclass(frozen=True)
class Accident:
    """What happened."""

    id: uuid.UUID
    partner_id: uuid.UUID
    partner_code: str
    partner_name: str
    area_code: str
    area_name: str
    cleanup_id: uuid.UUID | None
    state: str
    kind: str
    happened_at: dt.datetime
    place_note: str
    people_hurt: int
    description: str
    measures: str
    section: str
    requested_by: uuid.UUID | None
    created_at: dt.datetime

    @property
    def stand(self) -> Stand:
        """What ``move`` needs of it."""
        title = _("%(kind)sの報告") % {"kind": ACCIDENT_KINDS[self.kind]}
        return Stand(self.id, self.state, title, self.partner_id, self.requested_by)


_ACCIDENT = """
SELECT c.id, c.partner_id, p.code AS partner_code, p.name AS partner_name,
       coalesce(a.code, '') AS area_code, coalesce(a.name, '') AS area_name, c.cleanup_id,
       c.state, c.kind, c.happened_at, c.place_note, c.people_hurt, c.description, c.measures,
       c.section, c.requested_by, c.created_at
  FROM accidents c
  JOIN partners p ON p.id = c.partner_id
  LEFT JOIN areas a ON a.id = c.area_id
"""

_ONE = text(
    f"{_ACCIDENT} WHERE c.id = :id"
    " AND (CAST(:staff AS boolean) OR c.partner_id = ANY(CAST(:partners AS uuid[])))"
)


async def find(db: AsyncSession, id: uuid.UUID, actor: Actor) -> Accident | None:
    """A report of the actor's partners (any, for staff)."""
    values = {"id": id, "staff": actor.is_staff, "partners": list(actor.partner_ids)}
    row = (await db.execute(_ONE, values)).first()
    return Accident(**row._mapping) if row else None


_FILTER = """
   (CAST(:kind AS text) = '' OR c.kind = :kind)
   AND (CAST(:q AS text) = '' OR p.name ILIKE :pattern OR p.code ILIKE :pattern
        OR c.place_note ILIKE :pattern OR c.description ILIKE :pattern)
"""

_LIST = text(
    f"{_ACCIDENT} WHERE {_FILTER} AND c.state = ANY(CAST(:states AS text[]))"
    " ORDER BY c.happened_at DESC, c.id LIMIT :n OFFSET :skip"
)

_COUNTS = text(f"""
SELECT json_object_agg(state, n) FROM (
  SELECT c.state, count(*) AS n FROM accidents c JOIN partners p ON p.id = c.partner_id
   WHERE {_FILTER} GROUP BY c.state) s
""")  # noqa: S608 - fixed text only


def _values(kind: str, q: str) -> dict[str, Any]:
    escaped = q.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return {"kind": kind, "q": q, "pattern": f"%{escaped}%"}


async def listed(
    db: AsyncSession, states: tuple[str, ...], kind: str, q: str, limit: int, skip: int = 0
) -> list[Accident]:
    """Reports for the staff, the latest first."""
    values = {**_values(kind, q), "states": list(states), "n": limit, "skip": skip}
    return [Accident(**row._mapping) for row in await db.execute(_LIST, values)]


async def counts(db: AsyncSession, kind: str, q: str) -> dict[str, int]:
    """How many in each state, under the same filters."""
    return dict(await db.scalar(_COUNTS, _values(kind, q)) or {})
