"""For load balancers: is the process alive, and can it do its work?"""

from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from server.http.uow import unit_of_work


async def healthz(request: Request) -> Response:
    """Alive: no database, no log-in."""
    return PlainTextResponse("ok")


async def readyz(request: Request) -> Response:
    """Ready: the database answers and is migrated."""
    async with unit_of_work(request) as db:
        version = (await db.execute(text("SELECT version_num FROM alembic_version"))).scalar_one()
    return PlainTextResponse(f"ready {version}")
