"""For load balancers: is the process alive, and can it do its work?"""

from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from server.http.uow import unit_of_work


async def healthz(request: Request) -> Response:
    """Alive: no database, no log-in."""
    return PlainTextResponse("ok")


async def readyz(request: Request) -> Response:
    """Ready: the database answers and is migrated."""
    try:
        async with unit_of_work(request) as db:
            version = await db.scalar(text("SELECT version_num FROM alembic_version"))
    except ProgrammingError:
        return PlainTextResponse("not migrated", 503)
    return PlainTextResponse(f"ready {version}")
