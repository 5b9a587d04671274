"""Links in messages that end a kind of notice on one way, without a log-in."""

import datetime as dt
import uuid
from dataclasses import dataclass

from server.errors import NotFound
from server.http.i18n import gettext as _
from server.notices.models import CHANNELS, KINDS
from server.signing import Signer

PURPOSE = "unsubscribe"


@dataclass(frozen=True)
class Unwanted:
    """What a link is about."""

    account_id: uuid.UUID
    kind: str
    channel: str


def unsubscribe_path(signer: Signer, account_id: uuid.UUID, kind: str, channel: str) -> str:
    """The path of the link. It does not expire: an old mail must be stoppable too."""
    return f"/unsubscribe/{signer.sign(PURPOSE, f'{account_id}:{kind}:{channel}')}"


def read_unsubscribe(signer: Signer, token: str, now: dt.datetime) -> Unwanted:
    """What the link is about. Raises NotFound for a forged or damaged one."""
    account, _sep, rest = signer.read(PURPOSE, token, now).partition(":")
    kind, _sep, channel = rest.partition(":")
    if kind not in KINDS or channel not in CHANNELS:
        raise NotFound(_("このリンクは使えません。"))
    return Unwanted(uuid.UUID(account), kind, channel)
