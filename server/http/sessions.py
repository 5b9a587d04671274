"""Log-ins kept in the database: the cookie is a random key, the table holds only its hash."""

import datetime as dt
import hashlib
import secrets
import uuid

from sqlalchemy import and_, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from server.accounts.models import Account, AccountRole, LoginSession, PartnerMember
from server.db.context import now
from server.http import i18n
from server.matching.models import Preferences
from server.partners.models import Partner
from server.policy import Actor, PartnerRef
from server.settings import Settings

SEEN_EVERY = dt.timedelta(hours=1)


def cookie_name(settings: Settings, name: str = "machipika") -> str:
    """``__Host-`` ties the cookie to this very host, which browsers only allow on HTTPS."""
    return f"__Host-{name}" if settings.https else name


def set_cookie(
    response: Response, settings: Settings, value: str, max_age_s: int, name: str = "machipika"
) -> None:
    """A cookie no script can read and no other site can send along with a write."""
    response.set_cookie(
        cookie_name(settings, name), value, max_age=max_age_s,
        path="/", secure=settings.https, httponly=True, samesite="lax",
    )  # fmt: skip


def token_hash(token: str) -> bytes:
    """What is stored of a random token. Plain SHA-256 is enough: the token has 256 random bits."""
    return hashlib.sha256(token.encode()).digest()


async def open_session(db: AsyncSession, account_id: uuid.UUID, lasts: dt.timedelta) -> str:
    """Start a log-in and return the cookie value; always a new one (no session fixation)."""
    token = secrets.token_urlsafe(32)
    moment = now(db)
    db.add(
        LoginSession(
            token_hash=token_hash(token), account_id=account_id,
            created_at=moment, last_seen_at=moment, expires_at=moment + lasts,
        )
    )  # fmt: skip
    await db.flush()
    return token


async def close_session(db: AsyncSession, token: str) -> None:
    """End a log-in; unknown tokens are fine."""
    await db.execute(delete(LoginSession).where(LoginSession.token_hash == token_hash(token)))


async def replace_session(
    db: AsyncSession, old: str | None, account_id: uuid.UUID, lasts: dt.timedelta
) -> str:
    """Log in where somebody may be logged in already: the old key ends, a new one begins."""
    if old:
        await close_session(db, old)
    return await open_session(db, account_id, lasts)


async def load_actor(db: AsyncSession, token: str) -> Actor | None:
    """Who holds this cookie, with roles and partners, in one statement."""
    roles = (
        select(func.array_agg(AccountRole.role))
        .where(AccountRole.account_id == Account.id)
        .scalar_subquery()
    )
    section = (
        select(func.min(AccountRole.section))
        .where(AccountRole.account_id == Account.id)
        .scalar_subquery()
    )
    partners = (
        select(
            func.json_agg(
                func.json_build_array(Partner.id, Partner.code, Partner.name, PartnerMember.role)
            )
        )
        .join(PartnerMember, PartnerMember.partner_id == Partner.id)
        .where(PartnerMember.account_id == Account.id)
        .scalar_subquery()
    )
    wishes = select(Preferences.account_id).where(Preferences.account_id == Account.id).exists()
    moment = now(db)
    row = (
        await db.execute(
            select(
                Account.id, Account.display_name, Account.email,
                roles.label("roles"), section.label("section"), partners.label("partners"),
                LoginSession.last_seen_at, wishes.label("has_wishes"),
            )
            .join(LoginSession, LoginSession.account_id == Account.id)
            .where(
                and_(
                    LoginSession.token_hash == token_hash(token),
                    LoginSession.expires_at > moment,
                    Account.disabled_at.is_(None),
                )
            )
        )
    ).first()  # fmt: skip
    if row is None:
        return None
    if moment - row.last_seen_at > SEEN_EVERY:
        await db.execute(
            update(LoginSession)
            .where(LoginSession.token_hash == token_hash(token))
            .values(last_seen_at=moment)
        )
    refs = sorted((PartnerRef(uuid.UUID(i), c, n, r) for i, c, n, r in row.partners or ()),
                  key=lambda ref: ref.code)  # fmt: skip
    return Actor(
        row.id, row.display_name, row.email, frozenset(row.roles or ()), row.section, tuple(refs),
        row.has_wishes,
    )  # fmt: skip


class CurrentActor:
    """Middleware: finds out who is asking and in which city, before the page runs."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.cookie = cookie_name(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(("/static/", "/healthz")):
            return await self.app(scope, receive, send)
        request = Request(scope)
        state = scope["state"]
        token = request.cookies.get(self.cookie)
        async with state["sessions"]() as db, db.begin():
            state["city"] = await state["city_cache"].get(db)
            state["actor"] = await load_actor(db, token) if token else None
        i18n.use("ja", state["city"].zone)
        await self.app(scope, receive, send)
