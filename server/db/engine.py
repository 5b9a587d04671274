"""Engines: one driver (psycopg 3) for the app, the worker, the command line and migrations."""

from sqlalchemy import URL, make_url
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)

STATEMENT_TIMEOUT_MS = 5_000


def sqlalchemy_url(database_url: str) -> URL:
    """Accept ``postgres://`` and ``postgresql://`` as people write them; pick psycopg."""
    return make_url(database_url).set(drivername="postgresql+psycopg")


def libpq_url(database_url: str) -> str:
    """The same address for tools that speak libpq (procrastinate, pg_dump)."""
    url = make_url(database_url).set(drivername="postgresql")
    return url.render_as_string(hide_password=False)


def make_engine(
    database_url: str, pool_size: int = 10, timeout_ms: int = STATEMENT_TIMEOUT_MS
) -> AsyncEngine:
    """An engine whose connections give up on slow statements and never JIT short spatial queries.

    ``timeout_ms`` 0 means no limit (migrations, imports, COPY).
    """
    url = sqlalchemy_url(database_url)
    connect_args: dict[str, object] = {
        "options": f"-c statement_timeout={timeout_ms} -c jit=off -c timezone=UTC",
        "connect_timeout": 5,
    }
    if "pgbouncer" in (url.host or ""):
        connect_args["prepare_threshold"] = None  # transaction pooling has no prepared statements
    return create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        # Longer than a burst: who waits in line a little is better off than who is sent away. The
        # statement timeout frees connections, so this is not what guards against slow statements.
        pool_timeout=15,
        pool_pre_ping=True,
        connect_args=connect_args,
    )


def make_sessions(engine: AsyncEngine, **info: object) -> async_sessionmaker[AsyncSession]:
    """Sessions whose objects stay readable after commit (pages render after the commit).

    ``info`` is what ``server.db.context`` hands to actions: the clock and the job queue.
    """
    return async_sessionmaker(engine, expire_on_commit=False, info=info)
