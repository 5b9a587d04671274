"""Reading a queue under the lock of its activity. One function, one statement.

Apart from the other queries, so that the verbs of the activities can settle a queue too.
"""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from server.db.context import now
from server.errors import NotFound
from server.http.i18n import gettext as _


def closes_at(starts_at: dt.datetime, deadline_at: dt.datetime | None) -> dt.datetime:
    """The moment from which nobody comes in any more."""
    return deadline_at or starts_at


@dataclass(frozen=True)
class Locked:
    """An activity whose row is locked until the end of the transaction."""

    id: uuid.UUID
    title: str
    state: str
    capacity: int
    starts_at: dt.datetime
    ends_at: dt.datetime
    deadline_at: dt.datetime | None
    meeting_place: str

    @property
    def closes_at(self) -> dt.datetime:
        return closes_at(self.starts_at, self.deadline_at)


_LOCK = text("""
SELECT id, title, state, capacity, starts_at, ends_at, deadline_at, meeting_place
  FROM opportunities WHERE id = :id FOR UPDATE
""")


async def lock(db: AsyncSession, id: uuid.UUID) -> Locked:
    """Lock the activity: whoever changes its places waits here. Raises NotFound."""
    row = (await db.execute(_LOCK, {"id": id})).first()
    if row is None:
        raise NotFound(_("この活動は見つかりません。"))
    return Locked(**row._mapping)


@dataclass(frozen=True)
class Queued:
    """A live entry of a waiting list."""

    id: uuid.UUID
    account_id: uuid.UUID
    slot_id: uuid.UUID | None
    people: int
    place: int
    offered_at: dt.datetime | None = None
    offer_expires_at: dt.datetime | None = None

    def is_offered(self, moment: dt.datetime) -> bool:
        """Whether a place is being kept for it."""
        return self.offer_expires_at is not None and self.offer_expires_at > moment

    def is_expired(self, moment: dt.datetime) -> bool:
        """Whether its offer ran out without an answer."""
        return self.offer_expires_at is not None and self.offer_expires_at <= moment


_QUEUE = text("""
SELECT id, account_id, slot_id, people, place, offered_at, offer_expires_at
  FROM waitlist_entries WHERE opportunity_id = :id AND ended_at IS NULL ORDER BY place
""")


async def queue(db: AsyncSession, id: uuid.UUID) -> list[Queued]:
    """The live entries of an activity in the order of their places."""
    return [Queued(**row._mapping) for row in await db.execute(_QUEUE, {"id": id})]


@dataclass(frozen=True)
class Room:
    """Places that nobody has taken, offers not counted; ``slots`` names the open slots."""

    places: int
    slots: Mapping[uuid.UUID, int] = field(default_factory=dict)


_ROOM = text("""
SELECT (SELECT coalesce(sum(people), 0) FROM signups
         WHERE opportunity_id = :id AND cancelled_at IS NULL)::int AS taken,
       coalesce((SELECT json_object_agg(s.id, s.capacity - (
                        SELECT coalesce(sum(g.people), 0) FROM signups g
                         WHERE g.slot_id = s.id AND g.cancelled_at IS NULL))
                   FROM opportunity_slots s
                  WHERE s.opportunity_id = :id AND s.closed_at IS NULL), '{}') AS slots
""")


async def room(db: AsyncSession, activity: Locked) -> Room:
    """What the sign-ups have left of an activity."""
    row = (await db.execute(_ROOM, {"id": activity.id})).one()
    slots = {uuid.UUID(id): int(left) for id, left in row.slots.items()}
    return Room(activity.capacity - row.taken, slots)


_DUE = text("""
SELECT DISTINCT w.opportunity_id
  FROM waitlist_entries w
  JOIN opportunities o ON o.id = w.opportunity_id
 WHERE w.ended_at IS NULL
   AND (w.offer_expires_at <= :now OR o.state <> 'published'
        OR coalesce(o.deadline_at, o.starts_at) <= :now
        OR (w.offered_at IS NULL AND w.people <= o.capacity
            - (SELECT coalesce(sum(people), 0) FROM signups
                WHERE opportunity_id = o.id AND cancelled_at IS NULL)
            - (SELECT coalesce(sum(people), 0) FROM waitlist_entries
                WHERE opportunity_id = o.id AND ended_at IS NULL AND offered_at IS NOT NULL)))
""")


async def due(db: AsyncSession) -> list[uuid.UUID]:
    """The activities whose waiting list may have something to do."""
    return list(await db.scalars(_DUE, {"now": now(db)}))
