"""Accounts, their roles, and what logging in leaves behind."""

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import BYTEA
from sqlalchemy.orm import Mapped, mapped_column

from server.db.base import Base, CreatedAt, UuidPk, one_of

ROLES = ("coordinator", "staff", "admin")
MEMBER_ROLES = ("manager", "member")


class Account(Base):
    """A person who can log in. No e-mail is possible (card log-in, LINE), so it is nullable."""

    __tablename__ = "accounts"
    __table_args__ = (
        Index("uq_accounts_email_lower", text("lower(email)"), unique=True),
        CheckConstraint("email IS NULL OR email LIKE '%_@_%'", name="email_shape"),
        CheckConstraint("char_length(display_name) <= 80", name="name_length"),
    )

    id: Mapped[UuidPk]
    email: Mapped[str | None]
    display_name: Mapped[str] = mapped_column(default="")
    created_at: Mapped[CreatedAt]
    disabled_at: Mapped[dt.datetime | None]


class AccountRole(Base):
    """What an account may do beyond volunteering. Partner roles are memberships, not rows here."""

    __tablename__ = "account_roles"
    __table_args__ = (CheckConstraint(one_of("role", ROLES), name="role_known"),)

    account_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True
    )
    role: Mapped[str] = mapped_column(primary_key=True)
    section: Mapped[str | None]
    granted_at: Mapped[CreatedAt]


class PartnerMember(Base):
    """A person acting for a partner."""

    __tablename__ = "partner_members"
    __table_args__ = (
        CheckConstraint(one_of("role", MEMBER_ROLES), name="role_known"),
        Index("ix_partner_members_account", "account_id"),
    )

    partner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("partners.id"), primary_key=True)
    account_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True
    )
    role: Mapped[str]
    since: Mapped[CreatedAt]


class LoginSession(Base):
    """A log-in on one device. Only the hash of the cookie is kept, so a leak opens nothing."""

    __tablename__ = "login_sessions"
    __table_args__ = (
        Index("ix_login_sessions_account", "account_id"),
        Index("ix_login_sessions_expires", "expires_at"),
    )

    token_hash: Mapped[bytes] = mapped_column(BYTEA, primary_key=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    created_at: Mapped[dt.datetime]
    last_seen_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]


class LoginCode(Base):
    """A one-time code sent by e-mail, bound to the browser that asked for it."""

    __tablename__ = "login_codes"
    __table_args__ = (Index("ix_login_codes_expires", "expires_at"),)

    id: Mapped[UuidPk]
    browser_hash: Mapped[bytes] = mapped_column(BYTEA, unique=True)
    email: Mapped[str]
    code_hash: Mapped[bytes] = mapped_column(BYTEA)
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    used_at: Mapped[dt.datetime | None]


class OutboxMail(Base):
    """A mail waiting to be sent, written in the transaction it belongs to.

    The body is emptied once the mail has left (demo mode keeps it for the outbox page).
    """

    __tablename__ = "outbox_mails"
    __table_args__ = (Index("ix_outbox_mails_created", "created_at"),)

    id: Mapped[UuidPk]
    to_address: Mapped[str]
    subject: Mapped[str]
    body: Mapped[str]
    created_at: Mapped[dt.datetime]
    sent_at: Mapped[dt.datetime | None]


class RateBucket(Base):
    """A token bucket shared by all app processes (unlogged: losing it costs nothing)."""

    __tablename__ = "rate_buckets"
    __table_args__ = {"prefixes": ["UNLOGGED"]}  # noqa: RUF012

    key: Mapped[str] = mapped_column(primary_key=True)
    tokens: Mapped[float]
    updated_at: Mapped[dt.datetime]
