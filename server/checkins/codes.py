"""The codes of the check-in: on the host's phone, on the printed page, and each person's ticket.

Three signed tokens, one address (``/checkin/{token}``):
- the code on the screen is short-lived, so that a photo of it is worth nothing at home;
- the printed code has no time of its own: it follows the activity's day, also when that is moved;
- who scans one gets a ticket for a quarter of an hour, good for that person (or, before the
  log-in, that browser) alone. A slow log-in or a slow network does not fail, and a ticket sent on
  to a friend opens nothing.
"""

import base64
import binascii
import datetime as dt
import uuid
from dataclasses import dataclass, replace
from typing import Protocol
from zoneinfo import ZoneInfo

import segno

from server.errors import NotFound
from server.http.i18n import gettext as _
from server.signing import Expired, Signer

CODE_S = 30  # a new code on the screen so often
GRACE_S = 60  # and it is taken so much longer
TICKET_MINUTES = 15
POSTER_AFTER_HOURS = 2
SCREEN, POSTER, TICKET = "checkin", "checkin_poster", "checkin_ticket"
_HOW = {SCREEN: "qr", POSTER: "printed"}


@dataclass(frozen=True)
class Scan:
    """What a token says: which activity, how it was scanned, whose ticket (empty: a code)."""

    activity_id: uuid.UUID
    how: str  # qr | printed
    holder: str = ""


def screen_code(signer: Signer, activity_id: uuid.UUID, now: dt.datetime) -> str:
    """The code of this half minute: everybody who looks gets the same one."""
    begun_s = int(now.timestamp()) // CODE_S * CODE_S
    until = dt.datetime.fromtimestamp(begun_s + CODE_S + GRACE_S, dt.UTC)
    return signer.sign(SCREEN, _short(activity_id), until)


def poster_code(signer: Signer, activity_id: uuid.UUID) -> str:
    """The printed code; ``Opening.poster`` says when it is taken."""
    return signer.sign(POSTER, _short(activity_id))


def ticket(signer: Signer, scan: Scan, holder: str, now: dt.datetime) -> str:
    """A person's own ticket in exchange for a code. ``holder`` comes from ``holder_of``."""
    value = f"{scan.how}.{_short(scan.activity_id)}.{holder}"
    return signer.sign(TICKET, value, now + dt.timedelta(minutes=TICKET_MINUTES))


def holder_of(signer: Signer, who: uuid.UUID | str) -> str:
    """A mark of an account (or of a browser's secret) that tells nobody whose it is."""
    return signer.derive(f"{TICKET} {who}", 8).hex()


def read(signer: Signer, token: str, now: dt.datetime) -> Scan:
    """What a token of ours says. Raises Expired after its time, NotFound for anything else."""
    for purpose in (SCREEN, POSTER, TICKET):
        try:
            value = signer.read(purpose, token, now)
        except Expired:
            raise
        except NotFound:
            continue
        if purpose != TICKET:
            return Scan(_long(value), _HOW[purpose])
        how, activity, holder = value.split(".")
        return Scan(_long(activity), how, holder)
    raise NotFound(_("このコードは使えません。"))


def issued(scan: Scan, holder: str) -> Scan:
    """The same scan in somebody's hands."""
    return replace(scan, holder=holder)


def _short(id: uuid.UUID) -> str:
    """An id in 22 characters: the fewer, the larger the squares of the code."""
    return base64.urlsafe_b64encode(id.bytes).decode().rstrip("=")


def _long(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(bytes=base64.urlsafe_b64decode(text + "=="))
    except (ValueError, binascii.Error):
        raise NotFound(_("このコードは使えません。")) from None


class Timed(Protocol):
    """What has a beginning and an end."""

    @property
    def starts_at(self) -> dt.datetime: ...

    @property
    def ends_at(self) -> dt.datetime: ...


@dataclass(frozen=True)
class Opening:
    """When people can be checked in."""

    opens_at: dt.datetime
    closes_at: dt.datetime  # the end of the day after: lists are often written at home
    poster_until: dt.datetime

    def open_at(self, moment: dt.datetime, how: str = "list") -> bool:
        """Whether the check-in stands open; for the printed code only around the activity."""
        last = self.poster_until if how == "printed" else self.closes_at
        return self.opens_at <= moment < last


def opening(activity: Timed, early_minutes: int, zone: ZoneInfo) -> Opening:
    """The check-in of an activity, by the rule of the city and on its clock."""
    last_day = activity.ends_at.astimezone(zone).date()
    midnight = dt.datetime.combine(last_day + dt.timedelta(days=2), dt.time(), zone)
    return Opening(
        activity.starts_at - dt.timedelta(minutes=early_minutes),
        midnight,
        activity.ends_at + dt.timedelta(hours=POSTER_AFTER_HOURS),
    )


def qr_svg(address: str, title: str, *, error: str = "l") -> str:
    """A QR code as SVG without sizes, styles or scripts; four white squares around it.

    ``error``: l for a screen (large squares), q for paper that gets wet and creased.
    """
    code = segno.make(address, error=error, micro=False, boost_error=False)
    return code.svg_inline(
        border=4, omitsize=True, svgclass="qr", lineclass=None, light="#fff", title=title
    )
