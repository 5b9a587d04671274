"""Reads about help calls. Contact data is not selected anywhere here.

The host learns how many were asked, not who; a name only with a yes.
"""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from server.errors import NotFound
from server.http.i18n import gettext as _
from server.policy import Actor
from server.workflow.actions import Stand

LISTED = 100
AUDIENCES = ("citizens", "partners")


@dataclass(frozen=True)
class CallLine:
    """A call in a list. ``taken`` people come; ``asked`` people were asked in ``wave`` waves;
    ``away_m`` from the reader's home (degraded to a cell), if it is known."""

    id: uuid.UUID
    state: str
    title: str
    place: str
    starts_at: dt.datetime | None
    ends_at: dt.datetime | None
    until_on: dt.date | None
    wanted: int
    taken: int
    to_citizens: bool
    to_partners: bool
    host: str
    host_code: str
    wave: int
    asked: int
    next_wave_at: dt.datetime | None
    away_m: float | None

    @property
    def left(self) -> int:
        """Hands that are still wanted."""
        return max(0, self.wanted - self.taken)


# What a call is now: time, place and places of a dated call are those of its activity.
_NOW = """
       h.id, h.state, h.title, coalesce(o.meeting_place, h.place) AS place,
       coalesce(o.starts_at, h.starts_at) AS starts_at, coalesce(o.ends_at, h.ends_at) AS ends_at,
       h.until_on, coalesce(o.capacity, h.people_wanted) AS wanted, h.to_citizens, h.to_partners,
       CASE WHEN p.name_public OR :everything OR p.id = ANY (CAST(:mine AS uuid[])) THEN p.name
            ELSE '' END AS host,
       CASE WHEN p.name_public THEN p.code ELSE '' END AS host_code, h.wave, h.next_wave_at,
       coalesce(CASE WHEN o.id IS NOT NULL
         THEN (SELECT sum(s.people) FROM signups s
                WHERE s.opportunity_id = o.id AND s.cancelled_at IS NULL)
         ELSE (SELECT sum(k.people) FROM help_asks k
                WHERE k.help_call_id = h.id AND k.answer = 'yes') END, 0) AS taken,
       (SELECT count(*) FROM help_asks k WHERE k.help_call_id = h.id AND k.wave > 0) AS asked
"""
_FROM = """
  FROM help_calls h JOIN partners p ON p.id = h.partner_id
  LEFT JOIN opportunities o ON o.id = h.opportunity_id
"""
# Calls to citizens are for everybody; the others for partners, the centre and the city.
_SEEN = """
       (h.to_citizens OR :everything OR cardinality(CAST(:mine AS uuid[])) > 0)
"""
_AWAY = """
       (SELECT ST_Distance(w.home::geography, coalesce(o.meeting_point, h.point)::geography)
          FROM preferences w WHERE w.account_id = CAST(:me AS uuid)) AS away_m
"""


def _eyes(actor: Actor | None) -> dict[str, Any]:
    """Who reads: the whole city for staff and the centre, own partners for the rest."""
    return {
        "everything": actor.is_coordinator if actor else False,
        "mine": list(actor.partner_ids) if actor else [],
        "me": actor.account_id if actor else None,
    }


_OPEN = text(f"""
SELECT {_NOW}, {_AWAY} {_FROM}
 WHERE h.state = 'open' AND {_SEEN}
   AND (:audience = '' OR (:audience = 'citizens' AND h.to_citizens)
        OR (:audience = 'partners' AND h.to_partners))
   AND (o.id IS NULL OR (o.state = 'published' AND o.starts_at > :now))
   AND (o.id IS NOT NULL OR h.until_on >= CAST(:today AS date))
 ORDER BY coalesce(o.starts_at, CAST(h.until_on AS timestamptz)), h.id LIMIT :listed
""")


async def open_calls(
    db: AsyncSession, actor: Actor | None, now: dt.datetime, today: dt.date, audience: str = ""
) -> list[CallLine]:
    """Open calls that the reader may see, the soonest first."""
    asked = {**_eyes(actor), "now": now, "today": today, "audience": audience, "listed": LISTED}
    return [CallLine(**row._mapping) for row in await db.execute(_OPEN, asked)]


_OWN = text(f"""
SELECT {_NOW}, {_AWAY} {_FROM}
 WHERE h.partner_id = ANY (CAST(:mine AS uuid[]))
 ORDER BY h.state IN ('done', 'cancelled'), h.created_at DESC, h.id LIMIT :listed
""")


async def own_calls(db: AsyncSession, actor: Actor) -> list[CallLine]:
    """The calls of the actor's partners: living ones first, then the newest."""
    rows = await db.execute(_OWN, {**_eyes(actor), "listed": LISTED})
    return [CallLine(**row._mapping) for row in rows]


_ALL = text(f"""
SELECT {_NOW}, {_AWAY} {_FROM}
 WHERE (:state = '' OR h.state = :state)
 ORDER BY h.state IN ('done', 'cancelled'), coalesce(o.starts_at, CAST(h.until_on AS timestamptz)),
          h.id LIMIT :listed
""")


async def all_calls(db: AsyncSession, actor: Actor, state: str = "") -> list[CallLine]:
    """All calls for the centre and the city. Ask the policy first."""
    rows = await db.execute(_ALL, {**_eyes(actor), "state": state, "listed": LISTED})
    return [CallLine(**row._mapping) for row in rows]


@dataclass(frozen=True)
class Helper:
    """Somebody who said yes, as the host may know them."""

    name: str
    partner: str
    people: int
    words: str
    at: dt.datetime
    invited: bool


@dataclass(frozen=True)
class WaveCount:
    """How many were asked in a wave, and what they answered."""

    number: int
    at: dt.datetime
    asked: int
    yes: int
    no: int


@dataclass(frozen=True)
class Call(CallLine):
    """One call in full. ``my_answer`` is the reader's own; ``helpers`` and ``waves`` are empty for
    those who are not part of it."""

    partner_id: uuid.UUID
    opportunity_id: uuid.UUID | None
    opportunity_state: str | None
    requested_by: uuid.UUID | None
    what_for: str
    works: list[str]
    strength: str
    needs_course: bool
    area_code: str | None
    area_name: str | None
    lon: float
    lat: float
    my_answer: str | None
    my_people: int
    my_words: str
    inside: bool
    helpers: tuple[Helper, ...]
    waves: tuple[WaveCount, ...]

    @property
    def stand(self) -> Stand:
        """Where it stands, for the workflow."""
        return Stand(
            self.id, self.state, self.title, partner_id=self.partner_id,
            requested_by=self.requested_by,
        )  # fmt: skip

    def may_answer(self, now: dt.datetime, today: dt.date) -> bool:
        """Whether a yes can still be given: open, and its time has not come."""
        if self.state != "open" or self.opportunity_state not in (None, "published"):
            return False
        return not self.is_over(now, today)

    def is_over(self, now: dt.datetime, today: dt.date) -> bool:
        """Whether the activity has begun, or the last day is over."""
        if self.starts_at is not None:
            return self.starts_at <= now
        return self.until_on is not None and self.until_on < today


_ONE = text(f"""
SELECT {_NOW}, {_AWAY}, h.partner_id, h.opportunity_id, o.state AS opportunity_state,
       h.requested_by, h.what_for, h.works, h.strength, h.needs_course,
       a.code AS area_code, a.name AS area_name,
       ST_X(coalesce(o.meeting_point, h.point)) AS lon,
       ST_Y(coalesce(o.meeting_point, h.point)) AS lat,
       k.answer AS my_answer, coalesce(k.people, 1) AS my_people, coalesce(k.words, '') AS my_words,
       i.inside,
       (SELECT json_agg(json_build_array(c.display_name, coalesce(q.name, ''), y.people, y.words,
                                         y.answered_at, y.wave > 0) ORDER BY y.answered_at, y.id)
          FROM help_asks y JOIN accounts c ON c.id = y.account_id
          LEFT JOIN partners q ON q.id = y.for_partner_id
         WHERE i.inside AND y.help_call_id = h.id AND y.answer = 'yes'
           AND (o.id IS NULL OR EXISTS (SELECT FROM signups s WHERE s.opportunity_id = o.id
                AND s.account_id = y.account_id AND s.cancelled_at IS NULL))) AS helpers,
       (SELECT json_agg(json_build_array(n.wave, n.at, n.asked, n.yes, n.no) ORDER BY n.wave) FROM (
          SELECT y.wave, min(y.asked_at) AS at, count(*) AS asked,
                 count(*) FILTER (WHERE y.answer = 'yes') AS yes,
                 count(*) FILTER (WHERE y.answer = 'no') AS no
            FROM help_asks y WHERE i.inside AND y.help_call_id = h.id AND y.wave > 0
           GROUP BY y.wave) n) AS waves
  {_FROM}
  LEFT JOIN areas a ON a.id = h.area_id
  LEFT JOIN help_asks k ON k.help_call_id = h.id AND k.account_id = CAST(:me AS uuid)
  CROSS JOIN LATERAL (SELECT :everything OR h.partner_id = ANY (CAST(:mine AS uuid[])) AS inside) i
 WHERE h.id = :id AND ({_SEEN} OR :known)
""")  # noqa: S608 - only fixed text goes in; values are bound


async def call(
    db: AsyncSession, id: uuid.UUID, actor: Actor | None, *, known: bool = False
) -> Call:
    """One call. Raises NotFound, also for what is not theirs to see; ``known`` = the reader holds
    a link to it and was asked."""
    row = (await db.execute(_ONE, {**_eyes(actor), "id": id, "known": known})).first()
    if row is None:
        raise NotFound(_("このお手伝い募集は見つかりません。"))
    return _read(row)


def _read(row: Row[Any]) -> Call:
    values: dict[str, Any] = dict(row._mapping)
    moment = dt.datetime.fromisoformat
    values["helpers"] = tuple(
        Helper(name, partner, people, words, moment(at), invited)
        for name, partner, people, words, at, invited in row.helpers or ()
    )
    values["waves"] = tuple(
        WaveCount(number, moment(at), *counts) for number, at, *counts in row.waves or ()
    )
    return Call(**values)


@dataclass(frozen=True)
class Ask:
    """Whom a signed link asks. ``name`` is that person's own."""

    id: uuid.UUID
    call_id: uuid.UUID
    account_id: uuid.UUID
    for_partner_id: uuid.UUID | None
    name: str
    wave: int
    reasons: dict[str, object]
    answer: str | None
    people: int
    words: str

    @property
    def actor(self) -> Actor:
        """The person for whom the link acts, and nobody else: without roles and partners."""
        return Actor(self.account_id, self.name)


_ASK = text("""
SELECT k.id, k.help_call_id AS call_id, k.account_id,
       CASE WHEN m.here THEN k.for_partner_id END AS for_partner_id,
       a.display_name AS name, k.wave, k.reasons,
       k.answer, k.people, k.words
  FROM help_asks k JOIN accounts a ON a.id = k.account_id
  JOIN help_calls h ON h.id = k.help_call_id
 CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM partner_members x
         WHERE x.partner_id = k.for_partner_id AND x.account_id = k.account_id) AS here) m
 WHERE k.id = :id AND a.disabled_at IS NULL
   AND (k.for_partner_id IS NULL OR m.here OR h.to_citizens)
""")


async def ask(db: AsyncSession, id: uuid.UUID) -> Ask:
    """The ask that a link is about. Raises NotFound, also for a disabled account and for who was
    asked as one of a partner and left it (a call to everybody they answer for themselves)."""
    row = (await db.execute(_ASK, {"id": id})).first()
    if row is None:
        raise NotFound(_("このリンクは使えません。"))
    return Ask(**row._mapping)


_OPEN_ASKS = text("""
SELECT account_id FROM partner_members WHERE partner_id = :partner
   AND account_id IS DISTINCT FROM CAST(:without AS uuid)
""")


async def people_of(
    db: AsyncSession, partner_id: uuid.UUID, without: uuid.UUID | None = None
) -> list[uuid.UUID]:
    """The accounts acting for a partner."""
    rows = await db.scalars(_OPEN_ASKS, {"partner": partner_id, "without": without})
    return list(rows)


@dataclass(frozen=True)
class Due:
    """A call that its facts move on: the verb, and what the history says."""

    id: uuid.UUID
    state: str
    title: str
    partner_id: uuid.UUID
    verb: str

    @property
    def stand(self) -> Stand:
        return Stand(self.id, self.state, self.title, partner_id=self.partner_id)


# Filled by the job is opened again by the job; what the host closed stays closed.
_DUE = text(f"""
SELECT c.id, c.state, c.title, c.partner_id, c.verb FROM (
  SELECT n.id, n.state, n.title, n.partner_id,
         CASE WHEN n.opportunity_state = 'cancelled' THEN 'cancel'
              WHEN n.ends_at <= :now OR n.until_on < CAST(:today AS date) THEN 'finish'
              WHEN n.state = 'open' AND n.taken >= n.wanted THEN 'fill'
              WHEN n.state = 'filled' AND n.taken < n.wanted
                   AND coalesce(n.starts_at > :now, true) AND n.filled_by = 'system' THEN 'reopen'
         END AS verb
    FROM (SELECT {_NOW}, h.partner_id, o.state AS opportunity_state,
                 (SELECT g.by_hat FROM state_changes g
                   WHERE g.machine = 'help_call' AND g.object_id = h.id AND g.to_state = 'filled'
                   ORDER BY g.at DESC, g.id DESC LIMIT 1) AS filled_by
            {_FROM} WHERE h.state IN ('open', 'filled')
             AND (CAST(:id AS uuid) IS NULL OR h.id = :id)) n) c
 WHERE c.verb IS NOT NULL ORDER BY c.id
""")  # noqa: S608 - only fixed text goes in; values are bound


async def calls_to_move(
    db: AsyncSession, now: dt.datetime, today: dt.date, id: uuid.UUID | None = None
) -> list[Due]:
    """Calls whose state lags behind the facts (all, or the one of ``id``)."""
    asked = {**_eyes(None), "now": now, "today": today, "id": id}
    return [Due(**row._mapping) for row in await db.execute(_DUE, asked)]


_WAVES_DUE = text("""
SELECT id FROM help_calls WHERE state = 'open' AND next_wave_at <= :now ORDER BY next_wave_at, id
""")


async def waves_due(db: AsyncSession, now: dt.datetime) -> list[uuid.UUID]:
    """Open calls whose next wave should have gone out: the net below the timed jobs."""
    return list(await db.scalars(_WAVES_DUE, {"now": now}))
