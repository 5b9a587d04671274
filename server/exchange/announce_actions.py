"""Sending an announcement, once; and noting that it was read."""

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts.outbox import compose, post_to_all
from server.audit.actions import record
from server.db.context import absolute, now
from server.errors import Conflict, Forbidden, Invalid
from server.exchange.announce_queries import ADDRESSES, REACHED, Audience
from server.exchange.models import Announcement, AnnouncementRecipient
from server.http.i18n import gettext as _
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
_MAIL_TO = text(f"""
WITH reached AS (SELECT r.partner_id AS id FROM announcement_recipients r
                  WHERE r.announcement_id = :id)
{ADDRESSES} ORDER BY 1
""")  # noqa: S608 - fixed text only


async def send(db: AsyncSession, actor: Actor, news: News, today: dt.date) -> bool:
    """Send an announcement and the mails about it. False when it was sent before: nothing is sent
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
    addresses = [row.email for row in await db.execute(_MAIL_TO, {"id": news.id})]
    link = absolute(db, f"/announcements/{news.id}")
    subject, body = compose(
        "announcement", title=news.title, body=news.body, by_centre=not actor.is_staff, link=link
    )
    await post_to_all(db, addresses, subject, body)
    record(
        db, actor, "announcement.send", "announcement", news.id,
        partners=len(partners), addresses=len(addresses), audience=news.audience.stored(),
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
