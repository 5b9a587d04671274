"""One transaction per request: leaving the block commits, raising rolls back.

The commit happens before the response is sent, so nobody is told "saved" about something that
was not.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request

from server.http.requestlog import reference

PUBLIC_TIMEOUT_MS = 2_000


@asynccontextmanager
async def unit_of_work(request: Request) -> AsyncIterator[AsyncSession]:
    """A database session for this request. Pages open it once, around one query or action."""
    sessions = request.state["sessions"]
    async with sessions(info={"reference": reference()}) as session, session.begin():
        if request.scope.get("machipika.public"):
            await session.execute(text(f"SET LOCAL statement_timeout = {PUBLIC_TIMEOUT_MS}"))
        yield session
