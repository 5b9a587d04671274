"""Reads about accounts: one function, one statement."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts.models import (
    Account,
    AccountRole,
    LoginCode,
    LoginSession,
    PartnerMember,
)
from server.db.context import now
from server.http.sessions import token_hash
from server.notices.mails import WrittenMail


@dataclass(frozen=True)
class Known:
    """An account as log-in and the command line need it."""

    id: uuid.UUID
    email: str | None
    display_name: str
    roles: frozenset[str]
    is_partner: bool
    disabled: bool

    @property
    def is_staff(self) -> bool:
        """Whether the shorter log-in of the city's own people applies."""
        return bool(self.roles & {"staff", "admin"})


@dataclass(frozen=True)
class PendingLogin:
    """A code that was sent and still waits for its browser."""

    email: str
    expires_at: dt.datetime


@dataclass(frozen=True)
class RoleHolder:
    """One role of one person, for ``machipika staff list``."""

    email: str
    display_name: str
    role: str
    section: str | None


@dataclass(frozen=True)
class SentMail:
    """A mail of the outbox, for the demo."""

    to_address: str
    subject: str
    body: str
    created_at: dt.datetime
    sent_at: dt.datetime | None


def _known() -> Select[Any]:
    roles = (
        select(func.array_agg(AccountRole.role))
        .where(AccountRole.account_id == Account.id)
        .scalar_subquery()
    )
    member = exists().where(PartnerMember.account_id == Account.id)
    return select(Account, roles.label("roles"), member.label("member"))


def _as_known(row: Row[Any] | None) -> Known | None:
    if row is None:
        return None
    account: Account = row.Account
    return Known(
        account.id, account.email, account.display_name, frozenset(row.roles or ()), row.member,
        account.disabled_at is not None,
    )  # fmt: skip


async def account_by_email(db: AsyncSession, email: str) -> Known | None:
    """The account of an address, whatever the case it was typed in."""
    statement = _known().where(func.lower(Account.email) == email.lower())
    return _as_known((await db.execute(statement)).first())


async def pending_login(db: AsyncSession, browser: str) -> PendingLogin | None:
    """The code that waits for this browser, if it can still be used."""
    row = (
        await db.execute(
            select(LoginCode.email, LoginCode.expires_at).where(
                LoginCode.browser_hash == token_hash(browser),
                LoginCode.used_at.is_(None),
                LoginCode.expires_at > now(db),
            )
        )
    ).first()
    return PendingLogin(row.email, row.expires_at) if row else None


async def live_sessions(db: AsyncSession, account_id: uuid.UUID) -> int:
    """On how many devices somebody is logged in."""
    statement = select(func.count()).where(
        LoginSession.account_id == account_id, LoginSession.expires_at > now(db)
    )
    return (await db.execute(statement)).scalar_one()


async def role_holders(db: AsyncSession) -> list[RoleHolder]:
    """Everybody with a role of the city or the centre, by role and address."""
    statement = (
        select(Account.email, Account.display_name, AccountRole.role, AccountRole.section)
        .join(AccountRole, AccountRole.account_id == Account.id)
        .where(Account.disabled_at.is_(None))
        .order_by(AccountRole.role, Account.email)
    )
    return [
        RoleHolder(row.email or "", row.display_name, row.role, row.section)
        for row in await db.execute(statement)
    ]


async def newest_mails(db: AsyncSession, limit: int = 30) -> list[SentMail]:
    """The last mails written, as notices or straight, newest first. Only the demo shows them."""
    statement = (
        select(WrittenMail)
        .order_by(WrittenMail.created_at.desc(), WrittenMail.id.desc())
        .limit(limit)
    )
    return [
        SentMail(m.to_address, m.subject, m.body, m.created_at, m.sent_at)
        for m in (await db.execute(statement)).scalars()
    ]
