"""Telling people. One call, whatever the ways they have chosen."""

import uuid
from collections.abc import Collection

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from server.citysettings.queries import load_city
from server.db.context import enqueue, now
from server.notices import ways

_TELL = text(f"""
WITH told AS (
  INSERT INTO notices (id, account_id, kind, key, subject, body, path, created_at)
  SELECT {ways.UUID7}, a.id, :kind, :key, :subject, :body, :path, :now
    FROM accounts a WHERE a.id = ANY(cast(:accounts AS uuid[])) AND a.disabled_at IS NULL
  ON CONFLICT (account_id, key) DO NOTHING
  RETURNING id, account_id, kind, cast(:pressing AS boolean) AS pressing
), {ways.DELIVER}
SELECT count(*) FILTER (WHERE due_at <= :now) FROM queued
""")  # noqa: S608 - fixed text only


async def notify(
    db: AsyncSession, kind: str, accounts: Collection[uuid.UUID], *,
    subject: str, body: str, path: str, key: str, pressing: bool = False,
) -> None:  # fmt: skip
    """Tell these people, each once per ``key``, by the ways they chose for ``kind``.

    Part of the caller's transaction: rolled back with it. ``path`` leads on to this site.
    ``pressing`` is sent at once, also in quiet hours and past digests (called off today).
    Two statements and at most one job, however many people: what is due later is found by the job
    that runs every minute.
    """
    if not accounts:
        return
    due_now = await db.scalar(
        _TELL,
        {
            **ways.values(await load_city(db), now(db)), "kind": kind, "key": key,
            "subject": subject, "body": body, "path": path, "pressing": pressing,
            "accounts": list(set(accounts)),
        },
    )  # fmt: skip
    if due_now:
        await enqueue(db, "notices:send_due", timestamp=0)
