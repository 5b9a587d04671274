"""Who came to one activity. One function, one statement."""

import datetime as dt
import uuid
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True)
class DeskRow:
    """A line of the host's list: somebody signed up, somebody who came, or both.

    Only what the host may know: the name people gave themselves, no address.
    """

    signup_id: uuid.UUID | None
    attendance_id: uuid.UUID | None
    name: str
    group_name: str
    slot: str | None
    expected: int
    people: int
    under15: int
    how: str | None
    arrived_at: dt.datetime | None
    minutes: int | None  # none = the whole activity
    usual_minutes: int
    near: bool | None

    @property
    def here(self) -> bool:
        return self.attendance_id is not None

    @property
    def nameless(self) -> bool:
        """Walk-ins that the host only counted."""
        return self.how == "walk_in"

    @property
    def hours_minutes(self) -> int:
        """Minutes of each of these people."""
        return self.usual_minutes if self.minutes is None else self.minutes


_DESK = text("""
WITH s AS (SELECT * FROM signups WHERE opportunity_id = :id AND cancelled_at IS NULL),
     a AS (SELECT * FROM attendances WHERE opportunity_id = :id AND removed_at IS NULL)
SELECT s.id AS signup_id, a.id AS attendance_id, coalesce(p.display_name, '') AS name,
       coalesce(s.group_name, '') AS group_name, slot.label AS slot,
       coalesce(s.people, 0) AS expected, coalesce(a.people, s.people) AS people,
       coalesce(s.under15, 0) AS under15, a.how, a.arrived_at, a.minutes, a.near,
       round(extract(epoch FROM coalesce(slot.ends_at, o.ends_at)
                              - coalesce(slot.starts_at, o.starts_at)) / 60)::int AS usual_minutes
  FROM s FULL JOIN a ON a.account_id = s.account_id
  JOIN opportunities o ON o.id = :id
  LEFT JOIN accounts p ON p.id = coalesce(a.account_id, s.account_id)
  LEFT JOIN opportunity_slots slot ON slot.id = s.slot_id
 ORDER BY s.id IS NULL, slot.position NULLS FIRST, p.display_name, s.created_at,
          a.arrived_at, a.id
""")


async def desk(db: AsyncSession, id: uuid.UUID) -> list[DeskRow]:
    """Everybody signed up and everybody who came. Ask ``opportunities.queries.hosted`` first."""
    return [DeskRow(**row._mapping) for row in await db.execute(_DESK, {"id": id})]


_PRESENT = text("""
SELECT coalesce(sum(people), 0)::int FROM attendances
 WHERE opportunity_id = :id AND removed_at IS NULL
""")


async def present_people(db: AsyncSession, opportunity_id: uuid.UUID) -> int:
    """How many people came, walk-ins included: what a report on the activity begins with."""
    return int(await db.scalar(_PRESENT, {"id": opportunity_id}) or 0)


@dataclass(frozen=True)
class Standing:
    """How somebody stands to an activity when they scan its code."""

    signup_id: uuid.UUID | None
    expected: int | None
    for_partner_id: uuid.UUID | None
    attendance_id: uuid.UUID | None
    people: int | None
    near: bool | None
    arrived_at: dt.datetime | None
    walk_ins: int  # people here without a sign-up: they take places too

    @property
    def signed_up(self) -> bool:
        return self.signup_id is not None

    @property
    def here(self) -> bool:
        return self.attendance_id is not None


_STANDING = text("""
SELECT s.id AS signup_id, s.people AS expected, s.for_partner_id,
       a.id AS attendance_id, a.people, a.near, a.arrived_at,
       (SELECT coalesce(sum(w.people), 0)::int FROM attendances w
         WHERE w.opportunity_id = :id AND w.removed_at IS NULL AND w.signup_id IS NULL) AS walk_ins
  FROM (VALUES (1)) one
  LEFT JOIN signups s ON s.opportunity_id = :id AND s.account_id = :account
                     AND s.cancelled_at IS NULL
  LEFT JOIN attendances a ON a.opportunity_id = :id AND a.account_id = :account
                         AND a.removed_at IS NULL
""")


async def standing(db: AsyncSession, id: uuid.UUID, account_id: uuid.UUID) -> Standing:
    """Whether somebody signed up for an activity, and whether they are here already."""
    row = (await db.execute(_STANDING, {"id": id, "account": account_id})).one()
    return Standing(**row._mapping)


@dataclass(frozen=True)
class ReportSeed:
    """What a report on a hosted activity begins with."""

    area_code: str | None
    starts_at: dt.datetime
    people: int


_SEED = text("""
SELECT area.code AS area_code, o.starts_at,
       (SELECT coalesce(sum(a.people), 0)::int FROM attendances a
         WHERE a.opportunity_id = o.id AND a.removed_at IS NULL) AS people
  FROM opportunities o LEFT JOIN areas area ON area.id = o.area_id
 WHERE o.id = :id
   AND (o.partner_id = ANY(:partners)
        OR EXISTS (SELECT 1 FROM opportunity_hosts h WHERE h.opportunity_id = o.id
                      AND h.partner_id = ANY(:partners) AND h.accepted_at IS NOT NULL))
""")


async def report_seed(
    db: AsyncSession, id: uuid.UUID, partner_ids: Collection[uuid.UUID]
) -> ReportSeed | None:
    """An activity of these partners, as the log form takes it; None for anybody else's."""
    row = (await db.execute(_SEED, {"id": id, "partners": list(partner_ids)})).first()
    return ReportSeed(**row._mapping) if row else None
