"""What an action may ask its database session: the time, the reference, and to enqueue a job.

Sessions carry these in ``session.info``, so that actions take ``db`` and nothing of HTTP.
"""

import datetime as dt
from typing import Any

from procrastinate import App
from sqlalchemy.ext.asyncio import AsyncSession

from server.signing import Signer


def now(db: AsyncSession) -> dt.datetime:
    """The current moment by the service clock (UTC, aware); fixed in tests."""
    moment: dt.datetime = db.info["clock"]()
    return moment


def reference(db: AsyncSession) -> str:
    """The reference number of the request this session belongs to, or nothing."""
    return str(db.info.get("reference", ""))


def absolute(db: AsyncSession, path: str) -> str:
    """The full address of a path of ours, for mails."""
    return str(db.info.get("base_url", "")) + path


def signer(db: AsyncSession) -> Signer:
    """What signs the links in messages."""
    found: Signer = db.info["signer"]
    return found


async def enqueue(
    db: AsyncSession, task: str, *, at: dt.datetime | None = None, **arguments: Any
) -> None:
    """Queue a job *in this transaction*: rolled back with it, seen only after the commit.

    ``at`` = not before this moment. A job runs by the real clock, so it must look again itself
    whether its time has come.
    """
    jobs: App = db.info["jobs"]
    raw = await (await db.connection()).get_raw_connection()
    configured = jobs.tasks[task].configure(connection=raw.driver_connection, schedule_at=at)
    await configured.defer_async(**arguments)
