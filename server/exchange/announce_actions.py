"""Sending an announcement, once; and noting that it was read."""

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts.outbox import compose
from server.audit.actions import record
from server.db.context import now
from server.errors import Conflict, Forbidden, Invalid
from server.exchange.announce_queries import REACHED, Audience
from server.exchange.models import Announcement, AnnouncementRecipient
from server.http.i18n import gettext as _
from server.notices.actions import notify
from server.policy import Actor


@dataclass(frozen=True)
class News:
    """What is announced, under an id made when the form was opened."""

    id: uuid.UUID
    title: str
    body: str
    audience: Audience


_RECIPIENTS = text(f"""
INSERT INTO announcement_recipients (announcement_id, partner_id)
SELECT :id, reached.id FROM ({REACHED}) reached RETURNING partner_id
""")  # noqa: S608 - fixed text only
# Everybody of the partners; whoever has no address finds it among the notices.
_READERS = text("""
SELECT DISTINCT c.id, c.email IS NOT NULL AS has_address
  FROM announcement_recipients r
  JOIN partner_members m ON m.partner_id = r.partner_id
  JOIN accounts c ON c.id = m.account_id AND c.disabled_at IS NULL
 WHERE r.announcement_id = :id
""")


async def send(db: AsyncSession, actor: Actor, news: News, today: dt.date) -> bool:
    """Send an announcement and tell of it. False when it was sent before: nothing is sent
    again. Raises Invalid when nobody would get it."""
    if not actor.is_coordinator:
        raise Forbidden(_("この操作をする権限がありません。"))
    born = await db.scalar(
        insert(Announcement)
        .values(
            id=news.id, title=news.title, body=news.body, audience=news.audience.stored(),
            by_centre=not actor.is_staff, created_by=actor.account_id, created_at=now(db),
            sent_at=now(db),
        )
        .on_conflict_do_nothing(index_elements=["id"])
        .returning(Announcement.id)
    )  # fmt: skip
    if born is None:
        return await _sent_before(db, actor, news.id)
    values = {"id": news.id, **news.audience.values(today)}
    partners = (await db.execute(_RECIPIENTS, values)).all()
    if not partners:
        raise Invalid(_("あてはまるパートナーがありません。送り先を選び直してください。"), "to")
    readers = (await db.execute(_READERS, {"id": news.id})).all()
    subject, body = compose(
        "announcement", title=news.title, body=news.body, by_centre=not actor.is_staff
    )
    await notify(
        db, "announcement", [one.id for one in readers], subject=subject, body=body,
        path=f"/announcements/{news.id}", key=f"announcement:{news.id}",
    )  # fmt: skip
    record(
        db, actor, "announcement.send", "announcement", news.id,
        partners=len(partners), addresses=sum(one.has_address for one in readers),
        audience=news.audience.stored(),
    )  # fmt: skip
    return True


async def _sent_before(db: AsyncSession, actor: Actor, id: uuid.UUID) -> bool:
    sender = await db.scalar(select(Announcement.created_by).where(Announcement.id == id))
    if sender != actor.account_id:
        raise Conflict(_("この内容は送れません。もう一度、はじめから書いてください。"))
    return False


async def note_read(db: AsyncSession, actor: Actor, id: uuid.UUID) -> None:
    """The reader's partners have it now; the first time counts."""
    await db.execute(
        update(AnnouncementRecipient)
        .where(
            AnnouncementRecipient.announcement_id == id,
            AnnouncementRecipient.partner_id.in_(actor.partner_ids),
            AnnouncementRecipient.read_at.is_(None),
        )
        .values(read_at=now(db))
    )
