"""What people are told, by which way, and what became of it."""

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from server.db.base import Base, CreatedAt, UuidPk, one_of

CHANNELS = ("mail", "push", "line")
# What about: my sign-ups (changes, calling off), reminders, an offered place, help calls, new
# activities near me, my partner's papers, the city's announcements.
KINDS = ("signup", "reminder", "offer", "help", "nearby", "partner", "announcement")
RHYTHMS = ("now", "daily", "weekly")
DELIVERY_STATES = ("waiting", "sent", "failed", "dead", "dropped")


class Notice(Base):
    """Something told to one person. ``key`` names the event, so that it is told once."""

    __tablename__ = "notices"
    __table_args__ = (
        CheckConstraint(one_of("kind", KINDS), name="kind_known"),
        Index("uq_notices_once", "account_id", "key", unique=True),
        Index("ix_notices_account", "account_id", "created_at"),
        Index("ix_notices_created", "created_at"),
    )

    id: Mapped[UuidPk]
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    kind: Mapped[str]
    key: Mapped[str]
    subject: Mapped[str]
    body: Mapped[str]
    path: Mapped[str] = mapped_column(default="")  # where to read on, on this site
    created_at: Mapped[CreatedAt]
    read_at: Mapped[dt.datetime | None]


class Delivery(Base):
    """One notice (or a digest of several) on one way to one person."""

    __tablename__ = "deliveries"
    __table_args__ = (
        CheckConstraint(one_of("channel", CHANNELS), name="channel_known"),
        CheckConstraint(one_of("state", DELIVERY_STATES), name="state_known"),
        CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name="sent_dated"),
        Index("uq_deliveries_once", "notice_id", "channel", "target", unique=True),
        Index("ix_deliveries_due", "due_at", postgresql_where=text("state = 'waiting'")),
        Index("ix_deliveries_dead", "due_at", postgresql_where=text("state = 'dead'")),
        Index("ix_deliveries_digest", "digest_id"),
    )

    id: Mapped[UuidPk]
    notice_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("notices.id", ondelete="CASCADE"))
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    channel: Mapped[str]
    target: Mapped[str] = mapped_column(default="")  # id of a push subscription; else empty
    state: Mapped[str] = mapped_column(default="waiting")
    due_at: Mapped[dt.datetime]
    digest_id: Mapped[uuid.UUID | None]  # sent together with the others of this id
    attempts: Mapped[int] = mapped_column(default=0)
    problem: Mapped[str] = mapped_column(default="")
    sent_at: Mapped[dt.datetime | None]


class NoticeChoice(Base):
    """Whether somebody wants a kind on a way; without a row the default of the kind holds."""

    __tablename__ = "notice_choices"
    __table_args__ = (
        CheckConstraint(one_of("kind", KINDS), name="kind_known"),
        CheckConstraint(one_of("channel", CHANNELS), name="channel_known"),
    )

    account_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(primary_key=True)
    wanted: Mapped[bool]


class NoticeSettings(Base):
    """When somebody wants to be told."""

    __tablename__ = "notice_settings"
    __table_args__ = (CheckConstraint(one_of("rhythm", RHYTHMS), name="rhythm_known"),)

    account_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True
    )
    rhythm: Mapped[str] = mapped_column(default="daily")  # of what does not press
    quiet_from: Mapped[dt.time | None]  # by the city's clock; none = the city's default
    quiet_to: Mapped[dt.time | None]


class PushSubscription(Base):
    """A browser that takes Web Push (RFC 8030)."""

    __tablename__ = "push_subscriptions"
    __table_args__ = (Index("ix_push_subscriptions_account", "account_id"),)

    id: Mapped[UuidPk]
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    endpoint: Mapped[str] = mapped_column(unique=True)
    p256dh: Mapped[str]
    auth: Mapped[str]
    created_at: Mapped[CreatedAt]
    gone_at: Mapped[dt.datetime | None]


class LineLink(Base):
    """A LINE user joined to an account by a code typed to the city's official account."""

    __tablename__ = "line_links"

    account_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True
    )
    line_user: Mapped[str | None] = mapped_column(unique=True)
    code: Mapped[str | None] = mapped_column(unique=True)  # until it is typed
    code_expires_at: Mapped[dt.datetime | None]
    linked_at: Mapped[dt.datetime | None]
