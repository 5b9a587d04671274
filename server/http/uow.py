"""One transaction per request: leaving the block commits, raising rolls back.

The commit happens before the response is sent, so nobody is told "saved" about something that
was not.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from psycopg.errors import DeadlockDetected, SerializationFailure
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request

from server.http.requestlog import reference

PUBLIC_TIMEOUT_MS = 2_000
HOLDS_CONNECTION = "machipika.holds_connection"  # in the scope, while a unit of work is open
T = TypeVar("T")


@asynccontextmanager
async def unit_of_work(request: Request) -> AsyncIterator[AsyncSession]:
    """A database session for this request. Pages open it once, around one query or action."""
    sessions = request.state["sessions"]
    async with sessions(info={"reference": reference()}) as session, session.begin():
        if request.scope.get("machipika.public"):
            await session.execute(text(f"SET LOCAL statement_timeout = {PUBLIC_TIMEOUT_MS}"))
        request.scope[HOLDS_CONNECTION] = True
        try:
            yield session
        finally:
            request.scope[HOLDS_CONNECTION] = False


async def retry_on_collision(work: Callable[[], Awaitable[T]], attempts: int = 3) -> T:
    """Run a whole unit of work again when the database broke it off for another's sake.

    Deadlocks and serialization failures are nobody's mistake: the same work succeeds soon after.
    """
    for left in reversed(range(attempts)):
        try:
            return await work()
        except DBAPIError as error:
            if not left or not isinstance(error.orig, DeadlockDetected | SerializationFailure):
                raise
    raise AssertionError("unreachable")
