"""Verbs about accounts: asking for a code, proving it, leaving, names and roles.

A code has only six digits, so it is guarded five ways: it works in the one browser that asked
(whose random cookie keys the stored hash), for ten minutes, for five tries, once, and each address
can be sent only a few per hour.
"""

import datetime as dt
import hmac
import secrets
import uuid
from dataclasses import dataclass

from sqlalchemy import delete, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts import outbox
from server.accounts.models import Account, AccountRole, LoginCode, LoginSession
from server.accounts.queries import Known, account_by_email
from server.audit.actions import record
from server.db.base import uuid7
from server.db.context import now
from server.errors import Conflict, Forbidden, NotFound
from server.http.i18n import gettext as _
from server.http.sessions import token_hash
from server.policy import Actor

CODE_MINUTES = 10
CODE_ATTEMPTS = 5
CODE_DIGITS = 6


@dataclass(frozen=True)
class WrongCode:
    """The code did not fit. A value, not an exception: the try must be counted, hence committed."""

    tries_left: int  # 0 = this code is dead, a new one is needed


def code_hash(browser: str, email: str, code: str) -> bytes:
    """What is stored of a code.

    Six digits can be tried out in no time, however slow the hash. So the hash is keyed with the
    browser's 256-bit cookie, of which the database has only a SHA-256: somebody who reads the
    table lacks the key and cannot try anything.
    """
    return hmac.digest(browser.encode(), f"{email}\n{code}".encode(), "sha256")


async def ask_for_code(
    db: AsyncSession, email: str, city_name: str, previous: str | None = None
) -> str:
    """Send a code to ``email`` and return the secret that the asking browser must keep.

    The same happens for known and unknown addresses, so the answer tells nothing. The newest code
    of a browser replaces its older one (``previous``).
    """
    if previous:
        await db.execute(delete(LoginCode).where(LoginCode.browser_hash == token_hash(previous)))
    browser = secrets.token_urlsafe(32)
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
    moment = now(db)
    db.add(
        LoginCode(
            browser_hash=token_hash(browser),
            email=email,
            code_hash=code_hash(browser, email, code),
            created_at=moment,
            expires_at=moment + dt.timedelta(minutes=CODE_MINUTES),
        )
    )
    await outbox.post(db, email, "login_code", code=code, minutes=CODE_MINUTES, city_name=city_name)
    return browser


async def prove_code(db: AsyncSession, browser: str, code: str) -> Known | WrongCode:
    """Try a code: the account behind it (created if new), or how many tries are left.

    The try is counted by the same UPDATE that finds the row. Its row lock makes simultaneous tries
    queue up, so a thousand requests at once are still five tries, and one code opens one log-in.
    """
    row = (
        await db.execute(
            update(LoginCode)
            .where(
                LoginCode.browser_hash == token_hash(browser),
                LoginCode.used_at.is_(None),
                LoginCode.expires_at > now(db),
                LoginCode.attempts < CODE_ATTEMPTS,
            )
            .values(attempts=LoginCode.attempts + 1)
            .returning(LoginCode.id, LoginCode.email, LoginCode.code_hash, LoginCode.attempts)
        )
    ).first()
    if row is None:
        return WrongCode(0)
    if not hmac.compare_digest(row.code_hash, code_hash(browser, row.email, code)):
        return WrongCode(CODE_ATTEMPTS - row.attempts)
    await db.execute(update(LoginCode).where(LoginCode.id == row.id).values(used_at=now(db)))
    return await _enter(db, row.email)


async def _enter(db: AsyncSession, email: str) -> Known:
    """The account of a proven address; a disabled one may not come in."""
    await _create_if_new(db, email, actor=None)
    account = await account_by_email(db, email)
    assert account is not None  # noqa: S101 - created just above
    may_enter(account)
    if account.roles:
        record(db, _as_actor(account), "account.login", "account", account.id)
    return account


def may_enter(account: Known) -> None:
    """Raise for an account that the city has closed."""
    if account.disabled:
        raise Forbidden(_("このアカウントは、いま使えません。市の窓口にお問い合わせください。"))


def _as_actor(account: Known) -> Actor:
    return Actor(account.id, account.display_name, account.email, account.roles)


async def _create_if_new(
    db: AsyncSession, email: str, *, actor: Actor | None, display_name: str = ""
) -> None:
    # ON CONFLICT: two browsers may prove the same new address at the same moment.
    created = (
        await db.execute(
            insert(Account)
            .values(id=uuid7(), email=email, display_name=display_name)
            .on_conflict_do_nothing(index_elements=[text("lower(email)")])
            .returning(Account.id)
        )
    ).scalar_one_or_none()
    if created is not None:
        record(db, actor, "account.create", "account", created)


async def account_for(
    db: AsyncSession, email: str, *, actor: Actor | None, display_name: str = ""
) -> Known:
    """The account of an address, made if there is none yet; ``display_name`` only for a new one."""
    await _create_if_new(db, email, actor=actor, display_name=display_name)
    account = await account_by_email(db, email)
    assert account is not None  # noqa: S101 - created just above
    return account


async def rename(db: AsyncSession, actor: Actor, display_name: str) -> None:
    """Change how somebody is called. The name itself stays out of the audit trail."""
    await db.execute(
        update(Account).where(Account.id == actor.account_id).values(display_name=display_name)
    )
    record(db, actor, "account.rename", "account", actor.account_id)


async def end_all_sessions(db: AsyncSession, actor: Actor) -> None:
    """Log somebody out on every device, this one included."""
    await _close_sessions(db, actor.account_id)
    record(db, actor, "account.logout_everywhere", "account", actor.account_id)


async def _close_sessions(db: AsyncSession, account_id: uuid.UUID) -> None:
    await db.execute(delete(LoginSession).where(LoginSession.account_id == account_id))


async def grant_role(
    db: AsyncSession, email: str, role: str, *, display_name: str = "", section: str | None = None
) -> bool:
    """Give a role to the account of ``email``, creating it if need be. False: nothing to change.

    Open log-ins end with a change: they were made for longer than a member of staff's may last.
    """
    await _create_if_new(db, email, actor=None, display_name=display_name)
    account = await account_by_email(db, email)
    assert account is not None  # noqa: S101 - created just above
    if account.disabled:
        raise Conflict(_("このアカウントは停止中です。先に停止を解いてください。"))
    if display_name and not account.display_name:
        await db.execute(
            update(Account).where(Account.id == account.id).values(display_name=display_name)
        )
    here = (AccountRole.account_id == account.id, AccountRole.role == role)
    before = (await db.execute(select(AccountRole).where(*here))).scalar_one_or_none()
    if before is None:
        db.add(AccountRole(account_id=account.id, role=role, section=section))
    elif section is not None and before.section != section:
        before.section = section
    else:
        return False
    await _close_sessions(db, account.id)
    record(db, None, "role.grant", "account", account.id, role=role, section=section)
    return True


async def revoke_roles(db: AsyncSession, email: str, role: str | None = None) -> list[str]:
    """Take one role, or all, from an account; its log-ins end. Returns what was taken."""
    account = await account_by_email(db, email)
    if account is None:
        raise NotFound(_("このメールアドレスのアカウントはありません。"))
    taken = sorted(account.roles if role is None else account.roles & {role})
    if taken:
        mine = (AccountRole.account_id == account.id, AccountRole.role.in_(taken))
        await db.execute(delete(AccountRole).where(*mine))
        await _close_sessions(db, account.id)
        record(db, None, "role.revoke", "account", account.id, roles=taken)
    return taken
