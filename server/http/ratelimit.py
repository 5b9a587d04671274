"""Rate limits that all app processes share: token buckets in PostgreSQL, one statement each."""

import ipaddress
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request

from server.db.context import now
from server.errors import TooMany
from server.http.i18n import gettext as _


@dataclass(frozen=True)
class Limit:
    """``size`` acts at once, refilled over ``per_s`` seconds."""

    name: str
    size: int
    per_s: int


WRITES = Limit("write", 60, 60)
SEARCHES = Limit("search", 300, 60)  # POST only to keep a position out of addresses
LOGIN_ADDRESS = Limit("login-address", 20, 3600)
LOGIN_EMAIL = Limit("login-email", 5, 3600)
LOGIN_CODE = Limit("login-code", 30, 3600)
UPLOADS = Limit("upload", 20, 3600)
WEBHOOK = Limit("webhook", 1200, 60)  # LINE calls for everybody from few addresses
DRAFTS = Limit("draft", 120, 3600)  # a form saved part by part, sometimes with a paper

_TAKE = text("""
INSERT INTO rate_buckets AS b (key, tokens, updated_at) VALUES (:key, :size - 1, :now)
ON CONFLICT (key) DO UPDATE SET
  tokens = least(:size, b.tokens
           + greatest(0, extract(epoch FROM :now - b.updated_at)) * :size / :per_s) - 1,
  updated_at = greatest(:now, b.updated_at)
WHERE least(:size, b.tokens
           + greatest(0, extract(epoch FROM :now - b.updated_at)) * :size / :per_s) >= 1
RETURNING tokens
""")


def client_address(request: Request) -> str:
    """The caller's address; IPv6 is cut to its /64, since one household owns that many.

    Behind proxies only the entries our own proxies appended are believed, whether a proxy appends
    to the line it got or adds a line of its own.
    """
    trusted = request.state["settings"].trusted_proxies
    address = request.client.host if request.client else "unknown"
    if trusted:
        lines = ",".join(request.headers.getlist("x-forwarded-for"))
        chain = [part.strip() for part in lines.split(",")]
        if len(chain) >= trusted and chain[-trusted]:
            address = chain[-trusted]
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    # A socket for both versions calls 192.0.2.1 ::ffff:192.0.2.1: all of those share one /64.
    mapped = ip.ipv4_mapped
    return str(mapped or ipaddress.ip_network((ip, 64), strict=False).network_address)


async def take(db: AsyncSession, limit: Limit, key: str) -> None:
    """Use one token or raise ``TooMany``. Two callers at once never share a token."""
    row = (
        await db.execute(
            _TAKE,
            {"key": f"{limit.name}:{key}", "size": limit.size, "per_s": limit.per_s,
             "now": now(db)},
        )
    ).first()  # fmt: skip
    if row is None:
        wait = max(1, limit.per_s // limit.size)
        raise TooMany(_("回数が多すぎます。しばらく待ってから、もう一度お試しください。"), wait)
