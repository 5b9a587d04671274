"""Messages and jobs that were given up: try them again, or drop them."""

import uuid

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.actions import record
from server.db.context import enqueue, now
from server.errors import Conflict, Invalid
from server.http.i18n import gettext as _
from server.policy import Actor

VERBS = ("retry", "drop")

_RETRY_MESSAGE = text("""
UPDATE deliveries SET state = 'waiting', attempts = 0, due_at = :now
 WHERE digest_id = :id AND state = 'dead' RETURNING id
""")
_DROP_MESSAGE = text("""
UPDATE deliveries SET state = 'dropped' WHERE digest_id = :id AND state = 'dead' RETURNING id
""")
# Through the queue's own functions: its triggers keep the history of each job.
_RETRY_JOB = text("""
WITH failed AS MATERIALIZED (
  SELECT id FROM procrastinate_jobs WHERE id = :id AND status = 'failed' FOR UPDATE
)
SELECT procrastinate_retry_job_v2(id, NULL, NULL, NULL, NULL), id FROM failed
""")
_DROP_JOB = text("DELETE FROM procrastinate_jobs WHERE id = :id AND status = 'failed' RETURNING id")


async def mend(db: AsyncSession, actor: Actor, verb: str, key: str) -> None:
    """Retry or drop the message or job of ``key`` ("message:<id>", "job:<number>").

    A message goes out under the id it had. Raises Invalid for nonsense, Conflict when somebody was
    quicker.
    """
    what, _sep, id = key.partition(":")
    if verb not in VERBS or what not in ("message", "job"):
        raise Invalid(_("この操作はできません。"))
    found = await (_message(db, verb, id) if what == "message" else _job(db, verb, id))
    if not found:
        raise Conflict(_("ほかの人が先に進めました。新しい内容を確かめてください。"))
    record(db, actor, f"{what}.{verb}", what, id)


async def _message(db: AsyncSession, verb: str, id: str) -> bool:
    try:
        number = uuid.UUID(id)
    except ValueError:
        raise Invalid(_("この操作はできません。")) from None
    if verb == "drop":
        return (await db.execute(_DROP_MESSAGE, {"id": number})).first() is not None
    found = (await db.execute(_RETRY_MESSAGE, {"id": number, "now": now(db)})).first()
    if found:
        await enqueue(db, "notices:send_due", timestamp=0)
    return found is not None


async def _job(db: AsyncSession, verb: str, id: str) -> bool:
    if not (id.isascii() and id.isdigit() and len(id) < 19):
        raise Invalid(_("この操作はできません。"))
    statement = _DROP_JOB if verb == "drop" else _RETRY_JOB
    return (await db.execute(statement, {"id": int(id)})).first() is not None
