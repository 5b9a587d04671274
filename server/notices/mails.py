"""Every mail that was written, whichever way it took: straight (codes, invitations) or as a notice.

For the demo's outbox and for tests; no page of a real city shows it.
"""

import datetime as dt
import uuid

from sqlalchemy import func, literal, select, union_all
from sqlalchemy.orm import Mapped

from server.accounts.models import Account, OutboxMail
from server.db.base import Base
from server.notices.models import Delivery, Notice

_ALL = union_all(
    select(
        OutboxMail.id, OutboxMail.to_address, OutboxMail.subject, OutboxMail.body,
        OutboxMail.created_at, OutboxMail.sent_at,
    ),
    select(
        Delivery.id, func.coalesce(Account.email, "").label("to_address"), Notice.subject,
        (Notice.body + literal("\n\n") + Notice.path).label("body"), Notice.created_at,
        Delivery.sent_at,
    )
    .join(Notice, Notice.id == Delivery.notice_id)
    .join(Account, Account.id == Delivery.account_id)
    .where(Delivery.channel == "mail"),
).subquery("written_mails")  # fmt: skip


class WrittenMail(Base):
    """A mail that was or will be sent (read only)."""

    __table__ = _ALL
    __mapper_args__ = {"primary_key": [_ALL.c.id]}  # noqa: RUF012

    id: Mapped[uuid.UUID]
    to_address: Mapped[str]
    subject: Mapped[str]
    body: Mapped[str]
    created_at: Mapped[dt.datetime]
    sent_at: Mapped[dt.datetime | None]
