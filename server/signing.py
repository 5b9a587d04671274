"""Links that are good for one purpose and until a moment: in mails, QR codes and calendars.

A signed token carries what it is about; nothing is stored. The purpose is part of the signature, so
a token of one kind opens nothing else. Everything is derived from one secret of the installation.
"""

import datetime as dt
import hashlib
import secrets
from dataclasses import dataclass
from pathlib import Path

from itsdangerous import BadData, URLSafeSerializer

from server.errors import NotFound
from server.http.i18n import gettext as _


class Expired(NotFound):
    """A token of ours whose time is over."""


@dataclass(frozen=True)
class Signer:
    """Signs and reads tokens with the installation's secret."""

    secret: str

    def sign(self, purpose: str, value: str, expires_at: dt.datetime | None = None) -> str:
        """A token for an address. ``value`` can be read by whoever has it; it cannot be changed."""
        until = int(expires_at.timestamp()) if expires_at else 0
        return str(self._serializer(purpose).dumps([value, until]))

    def read(self, purpose: str, token: str, now: dt.datetime) -> str:
        """The value of a token. Raises Expired (404) after its time, NotFound for a forged one."""
        try:
            value, until = self._serializer(purpose).loads(token)
        except (BadData, ValueError, TypeError):
            raise NotFound(_("このリンクは使えません。")) from None
        if until and now.timestamp() >= until:
            raise Expired(_("このリンクは期限が切れました。"))
        return str(value)

    def derive(self, purpose: str, size: int = 32) -> bytes:
        """A key of its own for another use of the secret."""
        return hashlib.blake2b(
            purpose.encode(), key=hashlib.sha256(self.secret.encode()).digest(), digest_size=size
        ).digest()

    def _serializer(self, purpose: str) -> URLSafeSerializer:
        return URLSafeSerializer(
            self.secret,
            salt=f"machipika.{purpose}",
            signer_kwargs={"digest_method": hashlib.sha256},
        )


def open_signer(secret: str, var_dir: Path) -> Signer:
    """The signer of the settings; without one (development) a secret kept under ``var_dir``."""
    return Signer(secret or _own_secret(var_dir / "secret"))


def _own_secret(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(32), encoding="ascii")
        return path.read_text(encoding="ascii")
