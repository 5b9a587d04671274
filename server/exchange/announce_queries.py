"""Reads of announcements: to whom one would go, who got it, who has read it."""

import datetime as dt
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from server.errors import NotFound
from server.http.forms import to_katakana
from server.http.i18n import gettext as _
from server.ledgers.lists import like
from server.policy import Actor

PAGE_ROWS = 30
FOUND_PARTNERS = 30


@dataclass(frozen=True)
class Audience:
    """To whom: all, or partners of some subjects with some kinds of areas, or chosen ones.
    Empty subjects or kinds leave none out. Only partners under an agreement are ever reached."""

    subjects: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    partners: tuple[str, ...] | None = None  # codes; None = not chosen one by one

    def stored(self) -> dict[str, object]:
        """As the database keeps it."""
        if self.partners is not None:
            return {"partners": list(self.partners)}
        said = {"subjects": list(self.subjects), "kinds": list(self.kinds)}
        return {key: value for key, value in said.items() if value}

    def values(self, today: dt.date) -> dict[str, Any]:
        """Parameters of ``REACHED``."""
        return {
            "today": today, "subjects": list(self.subjects), "kinds": list(self.kinds),
            "codes": list(self.partners or ()), "chosen": self.partners is not None,
        }  # fmt: skip


# Partners under an agreement today that an audience names; columns: id.
REACHED = """
SELECT p.id FROM partners p
 WHERE EXISTS (SELECT FROM agreements g WHERE g.partner_id = p.id AND g.agreed_on IS NOT NULL
                  AND g.period @> cast(:today AS date))
   AND CASE WHEN :chosen THEN p.code = ANY(cast(:codes AS text[]))
       ELSE (cardinality(cast(:subjects AS text[])) = 0 OR p.subject = ANY(:subjects))
        AND (cardinality(cast(:kinds AS text[])) = 0 OR EXISTS (
             SELECT FROM agreement_areas x JOIN areas a ON a.id = x.area_id
              WHERE x.partner_id = p.id AND x.period @> cast(:today AS date)
                AND a.kind = ANY(:kinds))) END
"""
# Addresses of the people of some partners, each account once; needs a CTE "reached".
ADDRESSES = """
SELECT DISTINCT c.email FROM reached r
  JOIN partner_members m ON m.partner_id = r.id
  JOIN accounts c ON c.id = m.account_id
 WHERE c.email IS NOT NULL AND c.disabled_at IS NULL
"""


@dataclass(frozen=True)
class Reach:
    """How many an announcement would reach. ``silent`` partners have nobody with an address;
    they find it on their page."""

    partners: int
    addresses: int
    silent: int


_REACH = text(f"""
WITH reached AS ({REACHED})
SELECT (SELECT count(*) FROM reached) AS partners,
       (SELECT count(*) FROM ({ADDRESSES}) x) AS addresses,
       (SELECT count(*) FROM reached r WHERE NOT EXISTS (
            SELECT FROM partner_members m JOIN accounts c ON c.id = m.account_id
             WHERE m.partner_id = r.id AND c.email IS NOT NULL AND c.disabled_at IS NULL)) AS silent
""")  # noqa: S608 - fixed text only


async def reach(db: AsyncSession, audience: Audience, today: dt.date) -> Reach:
    """Whom it would reach if it were sent now."""
    row = (await db.execute(_REACH, audience.values(today))).one()
    return Reach(row.partners, row.addresses, row.silent)


@dataclass(frozen=True)
class Choice:
    """A partner to tick."""

    code: str
    name: str


_FIND = text("""
SELECT p.code, p.name FROM partners p
 WHERE EXISTS (SELECT FROM agreements g WHERE g.partner_id = p.id AND g.agreed_on IS NOT NULL
                  AND g.period @> cast(:today AS date))
   AND (p.code = ANY(cast(:chosen AS text[])) OR (:q <> '' AND (
        p.name ILIKE :like OR p.code ILIKE :like OR p.name_kana ILIKE :kana)))
 ORDER BY p.code = ANY(cast(:chosen AS text[])) DESC, p.code LIMIT :rows
""")


async def find_partners(
    db: AsyncSession, q: str, chosen: Collection[str], today: dt.date
) -> tuple[Choice, ...]:
    """Partners under an agreement by name, reading or code; those chosen before come first."""
    values = {
        "q": q, "like": like(q), "kana": like(to_katakana(q)), "chosen": list(chosen),
        "today": today, "rows": FOUND_PARTNERS + len(chosen),
    }  # fmt: skip
    return tuple(Choice(row.code, row.name) for row in await db.execute(_FIND, values))


# --- reading -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """An announcement in a list. ``unread``: nobody of the reader's partners has opened it;
    counts are 0 for readers who do not look after announcements."""

    id: uuid.UUID
    title: str
    by_centre: bool
    sent_at: dt.datetime
    unread: bool
    sent_to: int
    read_by: int


_LIST = text("""
SELECT a.id, a.title, a.by_centre, a.sent_at,
       EXISTS (SELECT FROM announcement_recipients r WHERE r.announcement_id = a.id
                  AND r.partner_id = ANY(cast(:mine AS uuid[])) AND r.read_at IS NULL) AS unread,
       n.sent_to, n.read_by
  FROM announcements a
 CROSS JOIN LATERAL (
       SELECT count(*) AS sent_to, count(r.read_at) AS read_by FROM announcement_recipients r
        WHERE r.announcement_id = a.id AND :keeper) n
 WHERE a.sent_at IS NOT NULL
   AND (:keeper OR EXISTS (SELECT FROM announcement_recipients r WHERE r.announcement_id = a.id
                              AND r.partner_id = ANY(cast(:mine AS uuid[]))))
 ORDER BY a.sent_at DESC, a.id DESC LIMIT :rows OFFSET :skip
""")


async def announcements(
    db: AsyncSession, actor: Actor, page: int = 1, rows: int = PAGE_ROWS
) -> tuple[Line, ...]:
    """What was sent to the reader's partners, or all of it for the centre and the city; the newest
    first, and one row more than a page when there are more."""
    asked = {
        "mine": list(actor.partner_ids), "keeper": actor.is_coordinator,
        "rows": rows + 1, "skip": (page - 1) * rows,
    }  # fmt: skip
    return tuple(Line(**row._mapping) for row in await db.execute(_LIST, asked))


@dataclass(frozen=True)
class Recipient:
    """A partner it went to."""

    code: str
    name: str
    read_at: dt.datetime | None


@dataclass(frozen=True)
class Announcement:
    """One announcement; recipients are empty for partner people."""

    id: uuid.UUID
    title: str
    body: str
    by_centre: bool
    audience: dict[str, Any]
    sent_at: dt.datetime
    recipients: tuple[Recipient, ...]
    of_meeting: bool  # it calls to the meeting of the same id

    @property
    def read_by(self) -> int:
        return sum(one.read_at is not None for one in self.recipients)


_ONE = text("""
SELECT a.id, a.title, a.body, a.by_centre, a.audience, a.sent_at,
       EXISTS (SELECT FROM meetings m WHERE m.id = a.id AND m.state <> 'draft') AS of_meeting,
       CASE WHEN :keeper THEN (
            SELECT json_agg(json_build_array(p.code, p.name, r.read_at)
                            ORDER BY r.read_at DESC NULLS LAST, p.code)
              FROM announcement_recipients r JOIN partners p ON p.id = r.partner_id
             WHERE r.announcement_id = a.id) END AS recipients
  FROM announcements a
 WHERE a.id = :id AND a.sent_at IS NOT NULL
   AND (:keeper OR EXISTS (SELECT FROM announcement_recipients r WHERE r.announcement_id = a.id
                              AND r.partner_id = ANY(cast(:mine AS uuid[]))))
""")


async def announcement(db: AsyncSession, actor: Actor, id: uuid.UUID) -> Announcement:
    """One announcement for somebody it was sent to, the centre or the city; else NotFound."""
    asked = {"id": id, "mine": list(actor.partner_ids), "keeper": actor.is_coordinator}
    row = (await db.execute(_ONE, asked)).one_or_none()
    if row is None:
        raise NotFound(_("お知らせが見つかりません。"))
    recipients = tuple(
        Recipient(code, name, dt.datetime.fromisoformat(at) if at else None)
        for code, name, at in row.recipients or ()
    )
    return Announcement(
        row.id,
        row.title,
        row.body,
        row.by_centre,
        row.audience,
        row.sent_at,
        recipients,
        row.of_meeting,
    )
