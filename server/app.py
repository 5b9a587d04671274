"""The application: middleware, routes, lifespan. Nothing happens when this module is imported."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount
from starlette_compress import CompressMiddleware

from server import jobs
from server.citysettings.queries import CityCache
from server.db.engine import make_engine, make_sessions
from server.http.errorpages import HANDLERS, CatchErrors
from server.http.requestlog import RequestLog
from server.http.routing import to_route
from server.http.security import SameOriginWrites, SecurityHeaders
from server.http.sessions import CurrentActor
from server.http.static import HashedStatic, tree_hash
from server.routes import rows
from server.services import Services, make_services
from server.settings import Settings


def create_app(
    settings: Settings,
    services: Services | None = None,
    sessions: async_sessionmaker[AsyncSession] | None = None,
) -> Starlette:
    """Build the app. ``sessions`` given (tests) = that database; else an engine of the settings."""
    services = services or make_services(settings)
    static_version = tree_hash()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[dict[str, Any]]:
        async with AsyncExitStack() as stack:
            factory = sessions
            if factory is None:
                engine = make_engine(settings.database_url, settings.pool_size)
                stack.push_async_callback(engine.dispose)
                queue = jobs.make_jobs(settings.database_url)
                factory = make_sessions(
                    engine,
                    clock=services.clock,
                    jobs=queue,
                    base_url=settings.base_url,
                    signer=services.signer,
                )
                if settings.worker_in_app:
                    await stack.enter_async_context(jobs.worker(queue, factory, services, settings))
            yield {
                "settings": settings,
                "services": services,
                "sessions": factory,
                "city_cache": CityCache(),
                "static_version": static_version,
            }

    return Starlette(
        routes=[
            *(to_route(row) for row in rows(settings)),
            Mount("/static", HashedStatic(static_version), name="static"),
        ],
        middleware=[
            Middleware(RequestLog),
            Middleware(SecurityHeaders, settings=settings),
            Middleware(SameOriginWrites, settings=settings),
            Middleware(CompressMiddleware),
            Middleware(CatchErrors),
            Middleware(CurrentActor, settings=settings),
        ],
        exception_handlers=HANDLERS,
        lifespan=lifespan,
        # No max_body_size here: Starlette would refuse outside our middleware, without the headers
        # and in English. Every row of the table has its own limit, and nothing else reads a body.
    )
