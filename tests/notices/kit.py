"""What the tests of the notices share."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts.models import Account
from server.notices.actions import notify
from server.notices.models import LineLink, PushSubscription


async def tell(db: AsyncSession, kind: str, *people: Account, **more: Any) -> None:
    """Tell these people something; ``more`` replaces what a test cares about."""
    said: dict[str, Any] = {
        "subject": "【中止】春のごみ拾い", "body": "大雨のため中止です。", "path": "/opportunities",
        "key": "cancelled:1",
    } | more  # fmt: skip
    await notify(db, kind, [one.id for one in people], **said)
    await db.commit()


async def rows(db: AsyncSession) -> Sequence[Row[Any]]:
    """All deliveries with the kind and subject of their notice."""
    query = """
SELECT d.id, d.account_id, d.channel, d.target, d.state, d.due_at, d.digest_id, d.attempts,
       d.problem, d.sent_at, n.kind, n.subject
  FROM deliveries d JOIN notices n ON n.id = d.notice_id ORDER BY d.id"""
    return (await db.execute(text(query))).all()


async def subscribe(db: AsyncSession, who: Account, n: int = 1) -> PushSubscription:
    """A browser of somebody (its keys are not real)."""
    row = PushSubscription(
        account_id=who.id, endpoint=f"https://push.example.jp/{who.id}/{n}", p256dh="p", auth="a"
    )
    db.add(row)
    await db.commit()
    return row


async def link_line(db: AsyncSession, who: Account) -> LineLink:
    """Somebody's LINE, linked."""
    row = LineLink(account_id=who.id, line_user=f"U{who.id.hex}")
    db.add(row)
    await db.commit()
    return row
