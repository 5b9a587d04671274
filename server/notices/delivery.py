"""Getting messages out of the house: at least once, and the same message under the same id.

Two short steps, each a transaction of its own:

1. ``seal``: all that is due for one person on one way becomes one message. Its id is that of its
   first delivery and never changes again, nor does what belongs to it.
2. ``send_next``: one sealed message is locked, handed over, marked and committed before the next is
   looked at. The lock is the claim: a killed worker's connection ends, its lock with it, and the
   message is there again. No lease has to run out, and two workers never hold the same message.

So a message is lost in no case, and repeated in one: we die after the other side said "ok" and
before our commit. Then it goes out again under the same id (``Message-ID``, ``Topic``,
``X-Line-Retry-Key``). A push service replaces the first one, LINE drops the second, mail programs
show it once or, at worst, twice.
"""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from server.db.context import absolute, now, signer
from server.http.i18n import gettext as _
from server.notices.channels import Gone, Message, NotNow, PushTarget, Refused
from server.notices.links import unsubscribe_path
from server.services import Services

log = structlog.get_logger("machipika")
MOST_SEALED = 5000  # deliveries in one statement
MOST_ATTEMPTS = 8  # over about a day
LONGEST_WAIT = dt.timedelta(hours=6)


@dataclass(frozen=True)
class Part:
    """One notice of a message."""

    kind: str
    subject: str
    body: str
    path: str


@dataclass(frozen=True)
class Parcel:
    """A sealed message with everything needed to send it."""

    id: uuid.UUID
    account_id: uuid.UUID
    channel: str
    attempts: int
    parts: tuple[Part, ...]  # what the person still wants, the most important first
    email: str | None
    line_user: str | None
    push: PushTarget | None


_SEAL = text("""
WITH due AS (
  SELECT id, account_id, channel, target FROM deliveries
   WHERE state = 'waiting' AND due_at <= :now AND digest_id IS NULL
   ORDER BY due_at LIMIT :most FOR UPDATE SKIP LOCKED
), grouped AS (
  SELECT id, first_value(id) OVER (PARTITION BY account_id, channel, target ORDER BY id) AS first
    FROM due
)
UPDATE deliveries d SET digest_id = g.first FROM grouped g WHERE d.id = g.id
""")
_CLAIM = text("""
SELECT id FROM deliveries
 WHERE state = 'waiting' AND due_at <= :now AND digest_id = id
 ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
""")
_LOAD = text("""
SELECT d.account_id, d.channel, d.attempts, n.kind, n.subject, n.body, n.path,
       a.email, l.line_user, p.endpoint, p.p256dh, p.auth,
       a.disabled_at IS NULL AND coalesce(c.wanted, true) AS wanted
  FROM deliveries d
  JOIN notices n ON n.id = d.notice_id
  JOIN accounts a ON a.id = d.account_id
  LEFT JOIN notice_choices c
    ON c.account_id = d.account_id AND c.kind = n.kind AND c.channel = d.channel
  LEFT JOIN line_links l ON l.account_id = d.account_id
  LEFT JOIN push_subscriptions p
    ON p.id::text = d.target AND p.account_id = d.account_id AND p.gone_at IS NULL
 WHERE d.digest_id = :id AND d.state = 'waiting'
 ORDER BY array_position(ARRAY['offer', 'signup', 'reminder', 'help', 'partner'], n.kind),
          n.created_at, n.id
""")
_MARK = text("""
UPDATE deliveries SET state = :state, problem = :problem, attempts = :attempts,
       sent_at = CASE WHEN :state = 'sent' THEN cast(:now AS timestamptz) END,
       due_at = coalesce(cast(:due_at AS timestamptz), due_at)
 WHERE digest_id = :id AND state = 'waiting'
""")
_GONE = {
    "push": text("UPDATE push_subscriptions SET gone_at = :now WHERE endpoint = :who"),
    "line": text("UPDATE line_links SET line_user = NULL, linked_at = NULL WHERE line_user = :who"),
}


async def seal(db: AsyncSession) -> int:
    """Make messages of what is due; how many deliveries were put into one."""
    result = await db.execute(_SEAL, {"now": now(db), "most": MOST_SEALED})
    return int(result.rowcount)  # type: ignore[attr-defined]


async def send_next(db: AsyncSession, services: Services) -> bool:
    """Send one message, if one is due, and mark what became of it; False when none is left.

    The caller commits before it asks for the next.
    """
    id = await db.scalar(_CLAIM, {"now": now(db)})
    if id is None:
        return False
    parcel = _parcel(id, (await db.execute(_LOAD, {"id": id})).all())
    try:
        state = await _hand_over(db, services, parcel)
        await _mark(db, parcel, state)
    except Refused as refused:
        await _forget_way(db, parcel, refused)
        await _mark(db, parcel, "failed", str(refused))
    except NotNow as trouble:
        await _later(db, parcel, str(trouble))
    except Exception as error:
        log.exception("a message could not be sent", delivery=str(id))
        await _later(db, parcel, type(error).__name__)
    return True


def _parcel(id: uuid.UUID, rows: "list[Row[Any]] | Any") -> Parcel:
    first = rows[0]
    push = PushTarget(first.endpoint, first.p256dh, first.auth) if first.endpoint else None
    parts = tuple(Part(row.kind, row.subject, row.body, row.path) for row in rows if row.wanted)
    return Parcel(
        id, first.account_id, first.channel, first.attempts, parts, first.email, first.line_user,
        push,
    )  # fmt: skip


async def _hand_over(db: AsyncSession, services: Services, parcel: Parcel) -> str:
    """Send by the parcel's way: "sent", or "dropped" when nobody wants it there any more."""
    if not parcel.parts:
        return "dropped"
    message = compose(db, parcel)
    if parcel.channel == "mail" and parcel.email:
        await services.mailer.send(
            message.id, parcel.email, message.subject, letter(db, parcel, message),
            mail_headers(message),
        )  # fmt: skip
        return "sent"
    if parcel.channel == "push" and parcel.push and services.push:
        await services.push.send(parcel.push, message)
        return "sent"
    if parcel.channel == "line" and parcel.line_user and services.line:
        await services.line.send(parcel.line_user, message)
        return "sent"
    return "dropped"


def compose(db: AsyncSession, parcel: Parcel) -> Message:
    """One notice as it is; several as one text, headed by the most important."""
    first, *others = parcel.parts
    subject = " ".join(first.subject.split())
    path, body = first.path, first.body.strip()
    if others:
        subject = _("%(first)s ほか%(n)s件") % {"first": subject, "n": len(others)}
        path = "/me/notices"
        body = "\n\n――――\n\n".join(
            f"■ {part.subject}\n{part.body.strip()}\n{absolute(db, part.path) if part.path else ''}"
            for part in parcel.parts
        )
    way_out = unsubscribe_path(signer(db), parcel.account_id, first.kind, parcel.channel)
    return Message(
        parcel.id, subject, body, absolute(db, path) if path else "", absolute(db, way_out)
    )


def letter(db: AsyncSession, parcel: Parcel, message: Message) -> str:
    """The text of a mail: what is told, where to read on, how to stop it."""
    lines = [message.body, ""]
    if message.url:
        lines += [_("くわしくは、こちらをごらんください。"), message.url, ""]
    lines += [
        "--",
        _("このメールには返信できません。"),
        _("このお知らせのメールを止める:"),
        message.unsubscribe_url,
        _("受けとり方を変える:"),
        absolute(db, "/me/alerts"),
    ]
    return "\n".join(lines) + "\n"


def mail_headers(message: Message) -> dict[str, str]:
    """Unsubscribing in one tap, from the mail program itself (RFC 8058)."""
    return {
        "List-Unsubscribe": f"<{message.unsubscribe_url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


async def _mark(
    db: AsyncSession, parcel: Parcel, state: str, problem: str = "",
    due_at: dt.datetime | None = None,
) -> None:  # fmt: skip
    tried = parcel.attempts + (state != "dropped")
    await db.execute(
        _MARK,
        {"id": parcel.id, "state": state, "problem": problem[:200], "attempts": tried,
         "now": now(db), "due_at": due_at},
    )  # fmt: skip


async def _later(db: AsyncSession, parcel: Parcel, problem: str) -> None:
    """Try again after 1, 4, 16, 64 … minutes, at most 6 hours; after the last attempt it is dead
    and waits for the staff."""
    if parcel.attempts + 1 >= MOST_ATTEMPTS:
        await _mark(db, parcel, "dead", problem)
        return
    wait = min(dt.timedelta(minutes=4**parcel.attempts), LONGEST_WAIT)
    await _mark(db, parcel, "waiting", problem, now(db) + wait)


async def _forget_way(db: AsyncSession, parcel: Parcel, refused: Refused) -> None:
    """A browser or LINE user that is gone is not asked again."""
    if not isinstance(refused, Gone):
        return
    who = parcel.push.endpoint if parcel.channel == "push" and parcel.push else parcel.line_user
    if parcel.channel in _GONE:
        values = {"who": who, "now": now(db)} if parcel.channel == "push" else {"who": who}
        await db.execute(_GONE[parcel.channel], values)
