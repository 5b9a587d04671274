"""What the citizens' activity centre sees. Contact data is not selected anywhere in this module.

A coordinator links partners with each other and needs to know who they are and how they fare:
name, areas, state, the last cleanup. Whom to phone is the city's to know.
"""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from server.enrolments.machine import LIVE
from server.http.forms import nfkc, to_katakana
from server.ledgers.lists import FILE_ROWS, days_of_year, like
from server.partners.models import SUBJECTS

PAGE_ROWS = 50
COMING_DAYS = 14
ENDING_DAYS = 60
LISTED = 8


# --- the first page ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Offer:
    """An area somebody hands on; ``hands`` raised for it."""

    id: uuid.UUID
    area: str
    partner: str
    state: str
    hands: int


@dataclass(frozen=True)
class Thin:
    """An activity soon, with less than half of its places taken."""

    id: uuid.UUID
    title: str
    starts_at: dt.datetime
    taken: int
    capacity: int


@dataclass(frozen=True)
class Waiting:
    """A post to look at."""

    id: uuid.UUID
    title: str
    created_at: dt.datetime


@dataclass(frozen=True)
class Overview:
    """The first page of the centre."""

    pending: int
    posts: tuple[Waiting, ...]
    offers: tuple[Offer, ...]
    thin: tuple[Thin, ...]
    live: int
    paused: int
    ending: int
    unanswered: int
    supports: dict[str, int]


_OVERVIEW = text("""
SELECT (SELECT count(*) FROM posts WHERE state = 'pending') AS pending,
  (SELECT json_agg(json_build_array(t.id, t.title, t.created_at) ORDER BY t.created_at) FROM (
     SELECT t.id, coalesce(nullif(t.title, ''), left(t.body, 40)) AS title, t.created_at
       FROM posts t WHERE t.state = 'pending' ORDER BY t.created_at LIMIT :listed) t) AS posts,
  (SELECT json_agg(json_build_array(s.id, s.area, s.partner, s.state, s.hands)
                   ORDER BY s.hands, s.created_at) FROM (
     SELECT s.id, a.name AS area, p.name AS partner, s.state, s.created_at,
            (SELECT count(*) FROM succession_hands h WHERE h.succession_id = s.id) AS hands
       FROM successions s JOIN areas a ON a.id = s.area_id JOIN partners p ON p.id = s.partner_id
      WHERE s.state IN ('offered', 'trial') ORDER BY s.created_at LIMIT :listed) s) AS offers,
  (SELECT json_agg(json_build_array(o.id, o.title, o.starts_at, o.taken, o.capacity)
                   ORDER BY o.starts_at) FROM (
     SELECT o.id, o.title, o.starts_at, o.capacity, n.taken
       FROM opportunities o CROSS JOIN LATERAL (
            SELECT coalesce(sum(s.people), 0) AS taken FROM signups s
             WHERE s.opportunity_id = o.id AND s.cancelled_at IS NULL) n
      WHERE o.state = 'published' AND o.starts_at > :now AND o.starts_at < :soon
        AND n.taken * 2 < o.capacity ORDER BY o.starts_at LIMIT :listed) o) AS thin,
  (SELECT count(*) FROM enrolments WHERE state = ANY(cast(:live AS text[]))) AS live,
  (SELECT count(*) FROM enrolments WHERE state = 'paused') AS paused,
  (SELECT count(DISTINCT g.partner_id) FROM agreements g
    WHERE g.agreed_on IS NOT NULL AND g.period @> cast(:today AS date)
      AND upper(g.period) <= cast(:ending AS date)
      AND NOT EXISTS (SELECT FROM agreements n WHERE n.partner_id = g.partner_id
            AND n.agreed_on IS NOT NULL
            AND coalesce(upper(n.period), 'infinity') > upper(g.period))) AS ending,
  (SELECT count(*) FROM posts t WHERE t.state = 'published' AND t.answers IS NULL
      AND NOT EXISTS (SELECT FROM posts a WHERE a.answers = t.id AND a.state = 'published'))
    AS unanswered,
  (SELECT json_object_agg(s.kind, s.n) FROM (
     SELECT kind, count(*) AS n FROM centre_supports
      WHERE on_day >= :first AND on_day < :after GROUP BY kind) s) AS supports
""")


async def overview(db: AsyncSession, today: dt.date, moment: dt.datetime, year: int) -> Overview:
    """What waits, who is short of hands, and the centre's own work of the 年度."""
    first, after = days_of_year(year)
    asked = {
        "now": moment, "soon": moment + dt.timedelta(days=COMING_DAYS), "today": today,
        "ending": today + dt.timedelta(days=ENDING_DAYS), "first": first, "after": after,
        "live": list(LIVE), "listed": LISTED,
    }  # fmt: skip
    row = (await db.execute(_OVERVIEW, asked)).one()
    read = dt.datetime.fromisoformat
    return Overview(
        row.pending,
        tuple(Waiting(uuid.UUID(id), title, read(at)) for id, title, at in row.posts or ()),
        tuple(Offer(uuid.UUID(id), *rest) for id, *rest in row.offers or ()),
        tuple(Thin(uuid.UUID(id), title, read(at), *n) for id, title, at, *n in row.thin or ()),
        row.live, row.paused, row.ending, row.unanswered, dict(row.supports or {}),
    )  # fmt: skip


# --- partners ------------------------------------------------------------------------------------

STATES = (*LIVE, "agreed", "expired", "withdrawn", "cancelled")


@dataclass(frozen=True)
class PartnerFilter:
    """``q`` is a name, a reading, a code or an area's name; empty values filter nothing."""

    q: str = ""
    subject: str = ""
    state: str = ""
    page: int = 1

    def query(self, **changed: Any) -> str:
        """The query of an address with some of it changed; the first page is not said."""
        now = replace(self, **{"page": 1, **changed})
        said = {"q": now.q, "subject": now.subject, "state": now.state}
        page = now.page if now.page > 1 else ""
        return urlencode({k: v for k, v in {**said, "page": page}.items() if v})


def read_partner_filter(params: Mapping[str, str]) -> PartnerFilter:
    """The filter of an address; what makes no sense is left out."""
    subject, state, page = (params.get(name, "") for name in ("subject", "state", "page"))
    return PartnerFilter(
        q=nfkc(params.get("q"))[:60].replace("\x00", ""),
        subject=subject if subject in SUBJECTS else "",
        state=state if state in STATES else "",
        page=max(1, int(page)) if page.isascii() and page.isdigit() and len(page) < 6 else 1,
    )


@dataclass(frozen=True)
class PartnerLine:
    """A partner as the centre sees it. ``areas`` are names of areas under agreement today."""

    code: str
    name: str
    name_public: bool
    subject: str
    state: str
    areas: tuple[tuple[str, str], ...]
    last_on: dt.date | None
    people: int


@dataclass(frozen=True)
class PartnerPage:
    """A page of partners by reading."""

    rows: tuple[PartnerLine, ...]
    total: int


_PARTNERS = text("""
SELECT p.code, p.name, p.name_public, p.subject, p.registered_people AS people,
       coalesce(e.state, 'none') AS state, count(*) OVER () AS total,
       (SELECT json_agg(json_build_array(a.code, a.name) ORDER BY a.code)
          FROM agreement_areas x JOIN areas a ON a.id = x.area_id
         WHERE x.partner_id = p.id AND x.period @> cast(:today AS date)) AS areas,
       (SELECT max(c.done_on) FROM cleanups c
         WHERE c.partner_id = p.id AND c.state IN ('submitted', 'accepted')) AS last_on
  FROM partners p
  LEFT JOIN LATERAL (
       SELECT e.state FROM enrolments e
        WHERE e.partner_id = p.id AND e.state = ANY(cast(:states AS text[]))
        ORDER BY e.state = ANY(cast(:live AS text[])) DESC, e.updated_at DESC LIMIT 1) e ON true
 WHERE (:subject = '' OR p.subject = :subject)
   AND (:state = '' OR e.state = :state)
   AND (:q = '' OR p.name ILIKE :like OR p.code ILIKE :like OR p.name_kana ILIKE :kana
        OR EXISTS (SELECT FROM agreement_areas x JOIN areas a ON a.id = x.area_id
                    WHERE x.partner_id = p.id AND x.period @> cast(:today AS date)
                      AND (a.name ILIKE :like OR a.code ILIKE :like)))
 ORDER BY coalesce(nullif(p.name_kana, ''), p.name), p.code LIMIT :rows OFFSET :skip
""")


async def partners(db: AsyncSession, asked: PartnerFilter, today: dt.date) -> PartnerPage:
    """Partners by reading, without anything to reach them by."""
    values = {
        "q": asked.q, "like": like(asked.q), "kana": like(to_katakana(asked.q)),
        "subject": asked.subject, "state": asked.state, "today": today,
        "states": list(STATES), "live": list(LIVE),
        "rows": PAGE_ROWS, "skip": (asked.page - 1) * PAGE_ROWS,
    }  # fmt: skip
    found = (await db.execute(_PARTNERS, values)).all()
    rows = tuple(
        PartnerLine(
            r.code, r.name, r.name_public, r.subject, r.state,
            tuple((code, name) for code, name in r.areas or ()), r.last_on, r.people,
        )
        for r in found
    )  # fmt: skip
    return PartnerPage(rows, found[0].total if found else 0)


# --- what the centre did --------------------------------------------------------------------------


@dataclass(frozen=True)
class Support:
    """One line of the log."""

    id: uuid.UUID
    on_day: dt.date
    kind: str
    partner_code: str
    partner: str
    description: str


@dataclass(frozen=True)
class SupportLog:
    """The log of a 年度, the newest first; ``counts`` by kind over all of it."""

    rows: tuple[Support, ...]
    counts: dict[str, int]


_SUPPORTS = text("""
SELECT s.id, s.on_day, s.kind, coalesce(p.code, '') AS partner_code,
       coalesce(p.name, '') AS partner, s.description
  FROM centre_supports s LEFT JOIN partners p ON p.id = s.partner_id
 WHERE s.on_day >= :first AND s.on_day < :after
 ORDER BY s.on_day DESC, s.created_at DESC, s.id LIMIT :rows
""")


async def supports(db: AsyncSession, year: int) -> SupportLog:
    """The supports of a 年度."""
    first, after = days_of_year(year)
    asked = {"first": first, "after": after, "rows": FILE_ROWS}
    rows = tuple(Support(**row._mapping) for row in await db.execute(_SUPPORTS, asked))
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.kind] = counts.get(row.kind, 0) + 1
    return SupportLog(rows, counts)


_CHOICES = text("""
SELECT p.id, p.code, p.name FROM partners p
 WHERE EXISTS (SELECT FROM agreements g WHERE g.partner_id = p.id AND g.agreed_on IS NOT NULL)
 ORDER BY p.code
""")


async def partner_choices(db: AsyncSession) -> tuple[tuple[uuid.UUID, str], ...]:
    """Partners with an agreement, past ones too: id and ``MP-0001 name``."""
    return tuple((row.id, f"{row.code} {row.name}") for row in await db.execute(_CHOICES))
