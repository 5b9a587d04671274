"""What stands in a feed. One statement each: who asks and what is shown come together."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from server.calendars.models import CalendarAddress

BACK = dt.timedelta(days=60)
AHEAD = dt.timedelta(days=365)
CAP = 500
DISTRICT_M = 1_500  # a named place has no border; this is a walk of about twenty minutes


@dataclass(frozen=True)
class Entry:
    """An activity in a feed. ``host``: None = an unnamed person, "" = the city.

    ``people`` is set in somebody's own feed when they have signed up; ``slot`` is their part of it.
    """

    id: uuid.UUID
    sequence: int
    updated_at: dt.datetime
    starts_at: dt.datetime
    ends_at: dt.datetime
    is_cancelled: bool
    cancel_reason: str
    title: str
    description: str
    bring: str
    meeting_place: str
    lon: float | None  # degrees; an exchange meeting has only a name for its place
    lat: float | None
    host: str | None
    people: int | None
    slot: str
    changed_at: dt.datetime


@dataclass(frozen=True)
class Feed:
    """Whose feed it is (empty where the asker knows), and its activities by day."""

    name: str
    entries: tuple[Entry, ...]

    @property
    def changed_at(self) -> dt.datetime | None:
        """The last change of anything in it, to the second."""
        newest = max((one.changed_at for one in self.entries), default=None)
        return newest.replace(microsecond=0) if newest else None


_COLUMNS = """
       o.id, o.sequence, o.updated_at, o.state = 'cancelled' AS is_cancelled, o.cancel_reason,
       o.title, o.description, o.bring, o.meeting_place, ST_X(o.meeting_point) AS lon,
       ST_Y(o.meeting_point) AS lat,
       CASE WHEN o.partner_id IS NULL THEN '' WHEN p.name_public THEN p.name END AS host"""
# What lies ahead comes before what is over, so that the cap takes the oldest away.
_WINDOW = "o.state <> 'draft' AND o.starts_at >= :since AND o.starts_at < :until"
_NEAREST = """
 ORDER BY o.starts_at < :now, abs(extract(epoch FROM o.starts_at - :now)), o.id LIMIT :cap"""


def _public(whose: str, which: str) -> Any:
    """A feed for everybody: ``whose`` gives one row or none (then there is no such feed)."""
    return text(f"""
WITH feed AS ({whose})
SELECT feed.name AS feed_name, e.* FROM feed LEFT JOIN LATERAL (
SELECT {_COLUMNS}, o.starts_at, o.ends_at, NULL::int AS people, '' AS slot,
       greatest(o.updated_at, (SELECT max(h.accepted_at) FROM opportunity_hosts h
                                WHERE h.opportunity_id = o.id)) AS changed_at
  FROM opportunities o LEFT JOIN partners p ON p.id = o.partner_id
 WHERE {_WINDOW} AND {which} {_NEAREST}) e ON true
 ORDER BY e.starts_at, e.id
""")  # noqa: S608 - fixed text only


_CITY = _public("SELECT '' AS name", "true")
_PARTNER = _public(
    "SELECT id, name FROM partners WHERE code = :code AND name_public",
    """(o.partner_id = feed.id OR o.id IN (
        SELECT h.opportunity_id FROM opportunity_hosts h WHERE h.partner_id = feed.id
           AND h.accepted_at IS NOT NULL AND h.declined_at IS NULL))""",
)
_DISTRICT = _public(
    "SELECT '' AS name",
    """ST_DWithin(o.meeting_point::geography,
        ST_SetSRID(ST_MakePoint(:lon, :lat), 4326)::geography, :radius_m)""",
)
# Own sign-ups with the times of their slot, and what the own partners host, alone or jointly.
_MINE = text(f"""
WITH feed AS (
SELECT a.id FROM accounts a LEFT JOIN calendar_addresses c ON c.account_id = a.id
 WHERE a.id = :account_id AND a.disabled_at IS NULL AND coalesce(c.version, 1) = :version),
own AS (SELECT m.partner_id FROM partner_members m JOIN feed ON m.account_id = feed.id)
SELECT '' AS feed_name, e.* FROM feed LEFT JOIN LATERAL (
SELECT {_COLUMNS}, coalesce(t.starts_at, o.starts_at) AS starts_at,
       coalesce(t.ends_at, o.ends_at) AS ends_at, s.people, coalesce(t.label, '') AS slot,
       o.updated_at AS changed_at
  FROM opportunities o
  LEFT JOIN partners p ON p.id = o.partner_id
  LEFT JOIN signups s ON s.opportunity_id = o.id AND s.account_id = feed.id
       AND s.cancelled_at IS NULL
  LEFT JOIN opportunity_slots t ON t.id = s.slot_id
 WHERE {_WINDOW} AND o.id IN (
       SELECT x.opportunity_id FROM signups x
        WHERE x.account_id = feed.id AND x.cancelled_at IS NULL
       UNION ALL SELECT x.id FROM opportunities x JOIN own ON x.partner_id = own.partner_id
       UNION ALL SELECT h.opportunity_id FROM opportunity_hosts h
                   JOIN own ON h.partner_id = own.partner_id
        WHERE h.accepted_at IS NOT NULL AND h.declined_at IS NULL) {_NEAREST}) e ON true
 ORDER BY e.starts_at, e.id
""")  # noqa: S608 - fixed text only


async def _read(db: AsyncSession, statement: Any, now: dt.datetime, **asked: object) -> Feed | None:
    window = {"now": now, "since": now - BACK, "until": now + AHEAD, "cap": CAP}
    rows = [dict(row._mapping) for row in await db.execute(statement, {**window, **asked})]
    if not rows:
        return None
    names = [row.pop("feed_name") for row in rows]
    return Feed(names[0], tuple(Entry(**row) for row in rows if row["id"] is not None))


async def city_feed(db: AsyncSession, now: dt.datetime) -> Feed:
    """Everything that is or was public, from 60 days ago to a year ahead; 500 at most."""
    return await _read(db, _CITY, now) or Feed("", ())


async def partner_feed(db: AsyncSession, code: str, now: dt.datetime) -> Feed | None:
    """A partner's activities, joint ones it has agreed to included. None for a partner that is not
    there or does not wish to be named."""
    return await _read(db, _PARTNER, now, code=code)


async def district_feed(db: AsyncSession, lon: float, lat: float, now: dt.datetime) -> Feed:
    """Activities that meet within ``DISTRICT_M`` of a point (degrees)."""
    asked = {"lon": lon, "lat": lat, "radius_m": DISTRICT_M}
    return await _read(db, _DISTRICT, now, **asked) or Feed("", ())


async def own_feed(
    db: AsyncSession, account_id: uuid.UUID, version: int, now: dt.datetime
) -> Feed | None:
    """What somebody takes part in and hosts. None when the address was replaced by a newer one or
    the account is closed. Places in a queue are no plans yet and are left out."""
    return await _read(db, _MINE, now, account_id=account_id, version=version)


async def address_version(db: AsyncSession, account_id: uuid.UUID) -> int:
    """The version of the private address in force; 1 before anybody asked for a new one."""
    found = await db.get(CalendarAddress, account_id)
    return found.version if found else 1


@dataclass(frozen=True)
class NamedPartner:
    """A partner whose feed may be chosen."""

    code: str
    name: str


async def named_partners(db: AsyncSession) -> tuple[NamedPartner, ...]:
    """Partners that wish to be named, in the order of their reading."""
    rows = await db.execute(_NAMED)
    return tuple(NamedPartner(row.code, row.name) for row in rows)


_NAMED = text("""
SELECT code, name FROM partners WHERE name_public ORDER BY name_kana, code LIMIT 2000
""")

# A meeting keeps no number of its own: each change of it and each step of its life counts.
_MEETING = text("""
SELECT count(*) AS sequence, max(at) AS at FROM (
SELECT at FROM audit_events WHERE object_type = 'meeting' AND object_id = cast(:id AS text)
   AND action = 'meeting.change'
 UNION ALL
SELECT at FROM state_changes WHERE object_id = :id AND from_state <> '') AS changes
""")


async def meeting_changes(db: AsyncSession, id: uuid.UUID) -> tuple[int, dt.datetime | None]:
    """How often an exchange meeting was changed, and when last."""
    row = (await db.execute(_MEETING, {"id": id})).one()
    return row.sequence, row.at
