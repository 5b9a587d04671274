"""The ways out of the house, behind one interface, and what can go wrong on them.

Every way takes the id of the message along, so that the other side can tell a repeat: mail as
``Message-ID``, Web Push as ``Topic``, LINE as ``X-Line-Retry-Key``. A message is repeated only when
we were killed between the other side's "ok" and our commit; see ``delivery``.
"""

import uuid
from dataclasses import dataclass
from typing import Protocol

LINE_CHARACTERS = 5000  # the most that LINE takes in one text


class Refused(Exception):
    """The other side will never take this message (no such address): do not try again."""


class Gone(Refused):
    """The subscription or user is no longer there."""


class NotNow(Exception):
    """The other side could not take it now; to be tried again later."""


@dataclass(frozen=True)
class Message:
    """What goes out. ``id`` stays the same however often it is tried; ``url`` is a full address."""

    id: uuid.UUID
    subject: str
    body: str
    url: str
    unsubscribe_url: str = ""


@dataclass(frozen=True)
class PushTarget:
    """A browser: the address of its push service and the keys to encrypt for it (RFC 8291)."""

    endpoint: str
    p256dh: str
    auth: str


class PushChannel(Protocol):
    """Web Push. Raises Gone, Refused or NotNow."""

    async def send(self, target: PushTarget, message: Message) -> None: ...

    @property
    def public_key(self) -> str:
        """The key a browser subscribes with (base64url)."""
        ...


class LineChannel(Protocol):
    """The city's official LINE account. Raises Gone, Refused or NotNow."""

    async def send(self, user: str, message: Message) -> None: ...

    def is_genuine(self, body: bytes, signature: str) -> bool:
        """Whether a call of the webhook comes from LINE."""
        ...
