"""Reads of exchange meetings, replies and attendance."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from server.errors import NotFound
from server.http.i18n import gettext as _
from server.http.i18n import local, wareki_year
from server.policy import Actor
from server.workflow.actions import Stand


@dataclass(frozen=True)
class OwnReply:
    """What one of the reader's partners has answered. ``people`` 0 = does not come."""

    partner_id: uuid.UUID
    people: int
    note: str


@dataclass(frozen=True)
class Meeting:
    """A meeting with its sums: partners and people who will come, who came, and who answered no."""

    id: uuid.UUID
    state: str
    fiscal_year: int
    title: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    place: str
    agenda: str
    minutes: str
    requested_by: uuid.UUID | None
    groups: int
    people: int
    declined: int
    came_groups: int
    came_people: int
    own: tuple[OwnReply, ...] = ()
    reason: str = ""

    @property
    def stand(self) -> Stand:
        """What ``move`` needs of it."""
        return Stand(self.id, self.state, self.title, None, self.requested_by)

    @property
    def era(self) -> str:
        """``令和8年``: said beside the western year."""
        return wareki_year(local(self.starts_at).year)

    @property
    def recorded(self) -> bool:
        """Whether attendance has been taken."""
        return self.came_groups > 0

    def reply_of(self, partner_id: uuid.UUID) -> OwnReply | None:
        return next((one for one in self.own if one.partner_id == partner_id), None)


_COLUMNS = """
       m.id, m.state, m.fiscal_year, m.title, m.starts_at, m.ends_at, m.place, m.agenda, m.minutes,
       m.requested_by, n.groups, n.people, n.declined, n.came_groups, n.came_people"""
_SUMS = """
 CROSS JOIN LATERAL (
       SELECT count(*) FILTER (WHERE r.people > 0) AS groups,
              coalesce(sum(r.people), 0) AS people,
              count(*) FILTER (WHERE r.people = 0 AND r.replied_by IS NOT NULL) AS declined,
              count(*) FILTER (WHERE r.attended > 0) AS came_groups,
              coalesce(sum(r.attended), 0) AS came_people
         FROM meeting_replies r WHERE r.meeting_id = m.id) n"""
_LIST = text(
    f"SELECT {_COLUMNS} FROM meetings m {_SUMS} ORDER BY m.starts_at DESC, m.id DESC LIMIT 100"  # noqa: S608
)


async def meetings(db: AsyncSession) -> tuple[Meeting, ...]:
    """All meetings, the latest first."""
    return tuple(Meeting(**row._mapping) for row in await db.execute(_LIST))


_ONE = text(f"""
SELECT {_COLUMNS},
       (SELECT json_agg(json_build_array(r.partner_id, r.people, r.note))
          FROM meeting_replies r WHERE r.meeting_id = m.id AND r.replied_by IS NOT NULL
           AND r.partner_id = ANY(cast(:mine AS uuid[]))) AS own,
       coalesce((SELECT c.comment FROM state_changes c
         WHERE c.object_id = m.id AND c.machine = 'meeting' AND c.to_state = 'cancelled'
         LIMIT 1), '') AS reason
  FROM meetings m {_SUMS}
 WHERE m.id = :id AND (:keeper OR m.state <> 'draft')
   AND (:keeper OR m.state <> 'cancelled' OR EXISTS (
        SELECT FROM state_changes c WHERE c.object_id = m.id AND c.machine = 'meeting'
           AND c.from_state = 'published'))
""")  # noqa: S608 - fixed text only


async def meeting(db: AsyncSession, actor: Actor, id: uuid.UUID) -> Meeting:
    """One meeting with the reader's own replies. What was never announced is for the centre and
    the city only: NotFound for others."""
    asked = {"id": id, "mine": list(actor.partner_ids), "keeper": actor.is_coordinator}
    row = (await db.execute(_ONE, asked)).one_or_none()
    if row is None:
        raise NotFound(_("情報交換会が見つかりません。"))
    values: dict[str, Any] = dict(row._mapping)
    values["own"] = tuple(OwnReply(uuid.UUID(p), n, note) for p, n, note in row.own or ())
    return Meeting(**values)


@dataclass(frozen=True)
class Guest:
    """A partner on the list of the day. ``people`` None = no answer; ``attended`` None = has not
    been ticked."""

    partner_id: uuid.UUID
    code: str
    name: str
    people: int | None
    note: str
    attended: int | None

    @property
    def number(self) -> int:
        """What the field of the day starts with: who came, else who was announced, else one."""
        return self.attended or self.people or 1


_GUESTS = text("""
SELECT p.id AS partner_id, p.code, p.name, CASE WHEN r.replied_by IS NOT NULL THEN r.people END
       AS people, coalesce(r.note, '') AS note, r.attended
  FROM partners p
  LEFT JOIN meeting_replies r ON r.partner_id = p.id AND r.meeting_id = :id
 WHERE r.meeting_id IS NOT NULL
    OR EXISTS (SELECT FROM agreements g WHERE g.partner_id = p.id AND g.agreed_on IS NOT NULL
                  AND g.period @> cast(:day AS date))
 ORDER BY p.code
""")


async def guests(db: AsyncSession, id: uuid.UUID, day: dt.date) -> tuple[Guest, ...]:
    """Every partner under an agreement on that day, and whoever answered, by code."""
    return tuple(Guest(**row._mapping) for row in await db.execute(_GUESTS, {"id": id, "day": day}))
