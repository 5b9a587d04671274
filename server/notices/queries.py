"""Reads of the notices: the inbox, somebody's choices, what the staff sees."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from server.db.context import now
from server.notices.models import CHANNELS, KINDS, Notice
from server.notices.ways import DEFAULTS

INBOX_ROWS = 50
STAFF_DAYS = 30
STAFF_ROWS = 100


@dataclass(frozen=True)
class Told:
    """A notice as its reader sees it."""

    id: uuid.UUID
    kind: str
    subject: str
    body: str
    path: str
    created_at: dt.datetime
    is_new: bool


async def inbox(db: AsyncSession, account_id: uuid.UUID) -> list[Told]:
    """The newest notices of one person."""
    rows = await db.scalars(
        select(Notice)
        .where(Notice.account_id == account_id)
        .order_by(Notice.created_at.desc(), Notice.id.desc())
        .limit(INBOX_ROWS)
    )
    return [
        Told(n.id, n.kind, n.subject, n.body, n.path, n.created_at, n.read_at is None) for n in rows
    ]


@dataclass(frozen=True)
class Saved:
    """A saved search as its owner sees it."""

    id: uuid.UUID
    label: str
    radius_m: int
    has_place: bool
    works: list[str]
    weekdays: list[str]
    bands: list[str]
    traits: list[str]


@dataclass(frozen=True)
class Alerts:
    """What somebody has chosen, and which ways there are."""

    wanted: frozenset[str]  # "kind.channel"
    rhythm: str
    quiet_from: dt.time | None
    quiet_to: dt.time | None
    searches: tuple[Saved, ...]
    browsers: int
    has_line: bool
    line_code: str | None  # while it can be typed


_ALERTS = text("""
SELECT (SELECT jsonb_object_agg(kind || '.' || channel, wanted) FROM notice_choices
         WHERE account_id = :me) AS choices,
       s.rhythm, s.quiet_from, s.quiet_to,
       (SELECT jsonb_agg(jsonb_build_object(
                 'id', q.id, 'label', q.label, 'radius_m', q.radius_m,
                 'has_place', q.point IS NOT NULL, 'works', q.works, 'weekdays', q.weekdays,
                 'bands', q.bands, 'children', q.children_ok, 'empty_handed', q.empty_handed_ok,
                 'step_free', q.step_free) ORDER BY q.created_at, q.id)
          FROM saved_searches q WHERE q.account_id = :me) AS searches,
       (SELECT count(*) FROM push_subscriptions p
         WHERE p.account_id = :me AND p.gone_at IS NULL) AS browsers,
       l.line_user IS NOT NULL AS has_line,
       CASE WHEN l.code_expires_at > :now THEN l.code END AS line_code
  FROM (SELECT cast(:me AS uuid) AS me) x
  LEFT JOIN notice_settings s ON s.account_id = x.me
  LEFT JOIN line_links l ON l.account_id = x.me
""")


async def alerts(db: AsyncSession, account_id: uuid.UUID) -> Alerts:
    """Somebody's choices, settings, searches and ways, in one statement."""
    row = (await db.execute(_ALERTS, {"me": account_id, "now": now(db)})).one()
    choices: dict[str, bool] = row.choices or {}
    wanted = {
        f"{kind}.{way}" for kind in KINDS for way in CHANNELS
        if choices.get(f"{kind}.{way}", way in DEFAULTS[kind])
    }  # fmt: skip
    return Alerts(
        frozenset(wanted), row.rhythm or "daily", row.quiet_from, row.quiet_to,
        tuple(_saved(one) for one in row.searches or ()), row.browsers, row.has_line,
        row.line_code,
    )  # fmt: skip


def _saved(one: dict[str, Any]) -> Saved:
    traits = [name for name in ("children", "empty_handed", "step_free") if one[name]]
    return Saved(
        uuid.UUID(one["id"]), one["label"], one["radius_m"], one["has_place"], one["works"],
        one["weekdays"], one["bands"], traits,
    )  # fmt: skip


@dataclass(frozen=True)
class Stuck:
    """A message or job that was given up. ``key`` names it in the form."""

    key: str
    what: str  # kind of the notice, or name of the job
    channel: str
    subject: str
    problem: str
    at: dt.datetime
    notices: int


@dataclass(frozen=True)
class Messages:
    """The staff's view: numbers by kind and state, and what needs a hand. No addresses, no text."""

    counts: dict[str, dict[str, int]]  # kind → state → deliveries of the last 30 days
    waiting_longest: dt.datetime | None
    stuck: tuple[Stuck, ...]


_MESSAGES = text("""
SELECT (SELECT jsonb_object_agg(kind, states) FROM (
          SELECT kind, jsonb_object_agg(state, n) AS states FROM (
            SELECT n.kind, d.state, count(*) AS n FROM notices n
              JOIN deliveries d ON d.notice_id = n.id
             WHERE n.created_at > :since GROUP BY 1, 2) a GROUP BY 1) b) AS counts,
       (SELECT min(due_at) FROM deliveries WHERE state = 'waiting' AND due_at <= :now) AS longest,
       (SELECT jsonb_agg(x) FROM (
          SELECT d.digest_id AS id, min(d.channel) AS channel, min(n.kind) AS kind,
                 min(n.subject) AS subject, min(d.problem) AS problem, min(d.due_at) AS at,
                 count(*) AS notices
            FROM deliveries d JOIN notices n ON n.id = d.notice_id
           WHERE d.state = 'dead' GROUP BY d.digest_id ORDER BY min(d.due_at) DESC LIMIT :rows
        ) x) AS dead,
       (SELECT jsonb_agg(y) FROM (
          SELECT j.id, j.task_name, j.attempts,
                 coalesce((SELECT max(e.at) FROM procrastinate_events e WHERE e.job_id = j.id),
                          cast(:now AS timestamptz)) AS at
            FROM procrastinate_jobs j WHERE j.status = 'failed' ORDER BY j.id DESC LIMIT :rows
        ) y) AS jobs
""")


async def messages(db: AsyncSession) -> Messages:
    """How the messages of the last 30 days went, in one statement."""
    moment = now(db)
    values = {
        "now": moment, "since": moment - dt.timedelta(days=STAFF_DAYS), "rows": STAFF_ROWS
    }  # fmt: skip
    row = (await db.execute(_MESSAGES, values)).one()
    dead = [
        Stuck(f"message:{d['id']}", d["kind"], d["channel"], d["subject"], d["problem"],
              dt.datetime.fromisoformat(d["at"]), d["notices"])
        for d in row.dead or ()
    ]  # fmt: skip
    jobs = [
        Stuck(f"job:{j['id']}", j["task_name"], "", "", "",
              dt.datetime.fromisoformat(j["at"]), j["attempts"])
        for j in row.jobs or ()
    ]  # fmt: skip
    return Messages(row.counts or {}, row.longest, (*dead, *jobs))
