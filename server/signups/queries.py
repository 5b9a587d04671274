"""Reading sign-ups and waiting lists. One function, one statement (``asked`` is three of them)."""

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from server.citysettings.registry import CityRules
from server.db.context import now
from server.errors import NotFound
from server.http.i18n import gettext as _
from server.opportunities import queries as opportunities
from server.opportunities.slots import slots_of
from server.policy import Actor
from server.signups.answers import Answers, Asked

PAST_SHOWN = 50
NEAR = dt.timedelta(minutes=30)  # less time than this between two activities is worth a word


async def asked(db: AsyncSession, id: uuid.UUID, actor: Actor, rules: CityRules) -> Asked:
    """An activity with what its form asks. Raises NotFound."""
    activity = await opportunities.detail(db, id, actor)
    if activity is None:
        raise NotFound(_("この活動は見つかりません。"))
    slots = await slots_of(db, id)
    course = any(one.needs_course for one in slots) and await _holds_course(db, actor, rules)
    return Asked(activity, slots, rules, actor.partners, course)


_COURSE = text("""
SELECT EXISTS (SELECT FROM preferences
                WHERE account_id = :me AND 'mower_course' = ANY(tools))
    OR EXISTS (SELECT FROM partner_operators
                WHERE partner_id = ANY(:partners) AND left_on IS NULL AND course_on >= :since)
""")


async def _holds_course(db: AsyncSession, actor: Actor, rules: CityRules) -> bool:
    """Whether the person, or an operator of their partner, has learnt to use a mower."""
    since = (now(db) - dt.timedelta(days=365 * rules.loan_course_years)).date()
    values = {"me": actor.account_id, "partners": list(actor.partner_ids), "since": since}
    return bool(await db.scalar(_COURSE, values))


# --- one person's ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class MySignup:
    """A live sign-up with its answers."""

    id: uuid.UUID
    answers: Answers


_MY_SIGNUP = text("""
SELECT id, people, slot_id, under15, guardian_name, consent_at, group_name, for_partner_id
  FROM signups
 WHERE opportunity_id = :id AND account_id = :me AND cancelled_at IS NULL
""")


async def my_signup(db: AsyncSession, id: uuid.UUID, account_id: uuid.UUID) -> MySignup | None:
    """What somebody has signed up with."""
    row = (await db.execute(_MY_SIGNUP, {"id": id, "me": account_id})).first()
    if row is None:
        return None
    values = dict(row._mapping)
    return MySignup(values.pop("id"), Answers(**values))


@dataclass(frozen=True)
class Entry:
    """An entry of a waiting list, also an ended one, with the activity it is for.

    A disabled account has none; of a partner that the person left, nothing is said any more.
    """

    id: uuid.UUID
    opportunity_id: uuid.UUID
    account_id: uuid.UUID
    people: int
    slot_id: uuid.UUID | None
    answers: dict[str, object]
    offer_expires_at: dt.datetime | None
    ended_at: dt.datetime | None
    ended_how: str
    title: str
    state: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    meeting_place: str
    slot_label: str | None

    def is_offered(self, moment: dt.datetime) -> bool:
        """Whether it may be answered now."""
        until = self.offer_expires_at
        return self.ended_at is None and until is not None and until > moment

    def wrote(self) -> Answers:
        """The answers given when it was made."""
        return Answers.kept(self.people, self.slot_id, self.answers)


_ENTRY = """
SELECT w.id, w.opportunity_id, w.account_id, w.people, w.slot_id,
       CASE WHEN EXISTS (SELECT FROM partner_members m WHERE m.account_id = w.account_id
                          AND m.partner_id = (w.answers ->> 'for_partner_id')::uuid)
            THEN w.answers ELSE w.answers - 'for_partner_id' END AS answers,
       w.offer_expires_at, w.ended_at, w.ended_how, o.title, o.state,
       coalesce(s.starts_at, o.starts_at) AS starts_at, coalesce(s.ends_at, o.ends_at) AS ends_at,
       o.meeting_place, s.label AS slot_label
  FROM waitlist_entries w
  JOIN accounts a ON a.id = w.account_id AND a.disabled_at IS NULL
  JOIN opportunities o ON o.id = w.opportunity_id
  LEFT JOIN opportunity_slots s ON s.id = w.slot_id
"""
_ENTRY_BY_ID = text(f"{_ENTRY} WHERE w.id = :id")
_MY_ENTRY = text(
    f"{_ENTRY} WHERE w.opportunity_id = :id AND w.account_id = :me AND w.ended_at IS NULL"
)


async def entry(db: AsyncSession, id: uuid.UUID) -> Entry | None:
    """One entry by its id. Only for whoever holds its signed link."""
    row = (await db.execute(_ENTRY_BY_ID, {"id": id})).first()
    return Entry(**row._mapping) if row else None


async def my_entry(db: AsyncSession, id: uuid.UUID, account_id: uuid.UUID) -> Entry | None:
    """Somebody's live entry for an activity."""
    row = (await db.execute(_MY_ENTRY, {"id": id, "me": account_id})).first()
    return Entry(**row._mapping) if row else None


@dataclass(frozen=True)
class Clash:
    """A sign-up of mine at nearly the same time; ``overlaps`` if not only a little apart."""

    id: uuid.UUID
    title: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    overlaps: bool


_CLASHES = text("""
SELECT id, title, starts_at, ends_at, starts_at < :ends AND ends_at > :starts AS overlaps
  FROM (SELECT o.id, o.title, coalesce(s.starts_at, o.starts_at) AS starts_at,
               coalesce(s.ends_at, o.ends_at) AS ends_at
          FROM signups g
          JOIN opportunities o ON o.id = g.opportunity_id AND o.state = 'published'
          LEFT JOIN opportunity_slots s ON s.id = g.slot_id
         WHERE g.account_id = :me AND g.cancelled_at IS NULL AND o.id <> :id) mine
 WHERE starts_at < :ends_near AND ends_at > :starts_near
 ORDER BY starts_at, id
""")


async def clashes(
    db: AsyncSession, account_id: uuid.UUID, id: uuid.UUID, times: tuple[dt.datetime, dt.datetime]
) -> list[Clash]:
    """My other sign-ups that overlap these times, or leave less than ``NEAR`` in between."""
    starts, ends = times
    values = {"me": account_id, "id": id, "starts": starts, "ends": ends,
              "starts_near": starts - NEAR, "ends_near": ends + NEAR}  # fmt: skip
    return [Clash(**row._mapping) for row in await db.execute(_CLASHES, values)]


@dataclass(frozen=True)
class Mine:
    """An activity I take part in or wait for. Times are those of my slot."""

    id: uuid.UUID
    title: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    meeting_place: str
    bring: str
    state: str
    cancel_reason: str
    people: int
    group_name: str
    slot_label: str | None
    waits: bool
    offer_until: dt.datetime | None
    number: int | None  # as which in the queue

    @property
    def is_cancelled(self) -> bool:
        return self.state == "cancelled"

    def has_begun(self, moment: dt.datetime) -> bool:
        return self.starts_at <= moment

    def is_over(self, moment: dt.datetime) -> bool:
        return self.ends_at <= moment

    def is_offered(self, moment: dt.datetime) -> bool:
        """Whether a place is kept for me until I answer."""
        return self.offer_until is not None and self.offer_until > moment


_MINE = text("""
WITH mine AS (
    SELECT opportunity_id, slot_id, people, group_name, false AS waits,
           NULL::bigint AS place, NULL::timestamptz AS offer_until
      FROM signups WHERE account_id = :me AND cancelled_at IS NULL
    UNION ALL
    SELECT opportunity_id, slot_id, people, answers ->> 'group_name', true, place, offer_expires_at
      FROM waitlist_entries WHERE account_id = :me AND ended_at IS NULL
)
SELECT o.id, o.title, coalesce(s.starts_at, o.starts_at) AS starts_at,
       coalesce(s.ends_at, o.ends_at) AS ends_at, o.meeting_place, o.bring, o.state,
       o.cancel_reason, m.people, coalesce(m.group_name, '') AS group_name,
       s.label AS slot_label, m.waits, m.offer_until,
       CASE WHEN m.waits AND m.offer_until IS NULL THEN
           (SELECT count(*)::int FROM waitlist_entries w
             WHERE w.opportunity_id = o.id AND w.ended_at IS NULL AND w.offered_at IS NULL
               AND w.place <= m.place) END AS number
  FROM mine m
  JOIN opportunities o ON o.id = m.opportunity_id
  LEFT JOIN opportunity_slots s ON s.id = m.slot_id
 WHERE NOT m.waits OR o.starts_at > :now
 ORDER BY o.starts_at <= :now, abs(extract(epoch FROM o.starts_at - :now)), o.id
 LIMIT :limit
""")


async def mine(db: AsyncSession, account_id: uuid.UUID, limit: int = PAST_SHOWN) -> list[Mine]:
    """What somebody takes part in or waits for: coming ones soonest first, then past ones."""
    values = {"me": account_id, "now": now(db), "limit": limit}
    return [Mine(**row._mapping) for row in await db.execute(_MINE, values)]


# --- the host's ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Person:
    """Somebody who comes or waits, as the host may know them: no address."""

    display_name: str
    people: int
    under15: int
    group_name: str
    partner: str | None
    slot_label: str | None
    since: dt.datetime
    waits: bool
    offer_until: dt.datetime | None


_PEOPLE = text("""
SELECT a.display_name, p.people, p.under15, p.group_name, t.name AS partner,
       s.label AS slot_label, p.since, p.waits, p.offer_until
  FROM (SELECT account_id, people, under15, group_name, for_partner_id, slot_id,
               created_at AS since, false AS waits, NULL::timestamptz AS offer_until, id,
               NULL::bigint AS place
          FROM signups WHERE opportunity_id = :id AND cancelled_at IS NULL
        UNION ALL
        SELECT account_id, people, coalesce((answers ->> 'under15')::int, 0),
               coalesce(answers ->> 'group_name', ''), (answers ->> 'for_partner_id')::uuid,
               slot_id, created_at, true, offer_expires_at, id, place
          FROM waitlist_entries WHERE opportunity_id = :id AND ended_at IS NULL) p
  JOIN accounts a ON a.id = p.account_id
  LEFT JOIN partners t ON t.id = p.for_partner_id
  LEFT JOIN opportunity_slots s ON s.id = p.slot_id
 ORDER BY p.waits, s.position NULLS LAST, p.place, p.since, p.id
""")


async def people(db: AsyncSession, id: uuid.UUID) -> list[Person]:
    """Who comes, by slot, then who waits, in the order of the queue. Ask ``hosted`` first."""
    return [Person(**row._mapping) for row in await db.execute(_PEOPLE, {"id": id})]
