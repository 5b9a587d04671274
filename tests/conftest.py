"""Fixtures: a private PostGIS, a fast isolated session per test, real databases for races, clients.

Missing parts fail, they never skip: a green run means everything ran.
"""

import contextlib
import datetime as dt
import os
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx2
import hypothesis
import psycopg
import pytest
from psycopg import sql
from sqlalchemy import event, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from server.app import create_app
from server.db import embedded
from server.db.engine import libpq_url, make_engine
from server.db.migrate import create_database_if_missing, upgrade
from server.files.store import FileStore, in_memory
from server.http.requestlog import configure_logging
from server.jobs import make_jobs
from server.services import NoMailer, Services
from server.settings import Settings
from server.signing import Signer
from tests.personas import World, create_world

hypothesis.settings.register_profile("machipika", deadline=None, print_blob=True)
hypothesis.settings.load_profile("machipika")  # times never decide a test

ROOT = Path(__file__).resolve().parent.parent
JST = dt.timezone(dt.timedelta(hours=9))
# A Sunday morning in the season. Tests that need another day move the clock.
START = dt.datetime(2026, 6, 14, 10, 0, tzinfo=JST)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests last: Playwright's synchronous interface keeps an event loop of its own running
    in this thread until the session ends, and asynchronous tests cannot start beside it."""
    items.sort(key=lambda item: "tests/browser/" in item.nodeid)


class FixedClock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> dt.datetime:
        return self.now.astimezone(dt.UTC)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    configure_logging(as_json=False)
    return "asyncio"


@pytest.fixture(scope="session")
def cluster_url() -> Iterator[str]:
    """A server of our own (never the demo's), or the one named by MACHIPIKA_TEST_DATABASE_URL."""
    given = os.environ.get("MACHIPIKA_TEST_DATABASE_URL")
    if given:
        yield given
        return
    with embedded.running(ROOT / "var/test/db") as cluster:
        yield cluster.url("postgres")


def url_of(url: str, database: str) -> str:
    return make_url(url).set(database=database).render_as_string(hide_password=False)


def run_statement(url: str, statement: sql.Composed) -> None:
    admin = libpq_url(url_of(url, "postgres"))
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(statement)


@contextlib.contextmanager
def temporary_database(url: str, name: str) -> Iterator[str]:
    try:
        yield url_of(url, name)
    finally:
        run_statement(
            url, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        )


@pytest.fixture(scope="session")
def template(cluster_url: str) -> Iterator[str]:
    """A migrated, empty database that others are copied from."""
    with temporary_database(cluster_url, f"machipika_tmpl_{os.getpid()}") as url:
        create_database_if_missing(url)
        upgrade(url)
        yield url


def _copy(template: str, name: str) -> None:
    source = sql.Identifier(str(make_url(template).database))
    run_statement(
        template,
        sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), source),
    )


@pytest.fixture(scope="session")
def shared_database(template: str) -> Iterator[str]:
    """The database of all tests that roll back."""
    name = f"machipika_shared_{os.getpid()}"
    with temporary_database(template, name) as url:
        _copy(template, name)
        yield url


@pytest.fixture
def database_url(template: str) -> Iterator[str]:
    """A fresh migrated database for one test that needs real commits (about 0.1 s)."""
    name = f"machipika_{uuid.uuid4().hex[:12]}"
    with temporary_database(template, name) as url:
        _copy(template, name)
        yield url


@pytest.fixture(scope="session")
async def engine(shared_database: str) -> AsyncIterator[AsyncEngine]:
    engine = make_engine(shared_database, pool_size=2)
    yield engine
    await engine.dispose()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
async def sessions(
    engine: AsyncEngine, clock: FixedClock
) -> AsyncIterator[async_sessionmaker[AsyncSession]]:
    """Sessions whose commits are savepoints of one transaction that is rolled back at the end."""
    async with engine.connect() as connection:
        transaction = await connection.begin()
        url = engine.url.render_as_string(hide_password=False)
        yield async_sessionmaker(
            bind=connection,
            expire_on_commit=False,
            join_transaction_mode="create_savepoint",
            info={
                "clock": clock,
                "jobs": make_jobs(url),
                "base_url": "http://t",
                "signer": Signer("tests"),
            },
        )
        await transaction.rollback()


@pytest.fixture
async def db(sessions: async_sessionmaker[AsyncSession]) -> AsyncIterator[AsyncSession]:
    async with sessions() as session:
        yield session


@pytest.fixture
async def world(db: AsyncSession, clock: FixedClock) -> World:
    """The city, six people, two partners, two areas under agreement: see ``personas.py``."""
    created = await create_world(db, clock())
    await db.commit()
    return created


@pytest.fixture
def settings() -> Settings:
    return Settings(demo=True, base_url="http://t", map_tiles_url="")


def make_client(app: object, state: object) -> httpx2.AsyncClient:
    async def asgi(scope, receive, send):  # type: ignore[no-untyped-def]
        scope["state"] = dict(state or {})
        await app(scope, receive, send)

    transport = httpx2.ASGITransport(asgi, raise_app_exceptions=False)
    return httpx2.AsyncClient(transport=transport, base_url="http://t")


@pytest.fixture
def services_files() -> FileStore:
    """The store of photos and papers that ``client`` uses."""
    return in_memory()


@pytest.fixture
async def client(
    sessions: async_sessionmaker[AsyncSession],
    settings: Settings,
    clock: FixedClock,
    world: World,
    services_files: FileStore,
) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser that is not logged in. ``await world.login(client, world.kenji)`` logs in."""
    services = Services(
        clock=clock, mailer=NoMailer(), files=services_files, signer=Signer("tests")
    )
    app = create_app(settings, services, sessions=sessions)
    async with app.router.lifespan_context(app) as state, make_client(app, state) as client:
        world.sessions = sessions
        yield client


class Counter:
    """Statements seen, without transaction control."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    def __len__(self) -> int:
        return len(self.statements)


@pytest.fixture
def count_queries(engine: AsyncEngine) -> Callable[[], contextlib.AbstractContextManager[Counter]]:
    """``with count_queries() as seen: …; assert len(seen) <= 4``."""

    @contextlib.contextmanager
    def counting() -> Iterator[Counter]:
        counter = Counter()

        def note(_conn, _cursor, statement, *_rest):  # type: ignore[no-untyped-def]
            if not statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK", "SET LOCAL")):
                counter.statements.append(statement)

        event.listen(engine.sync_engine, "before_cursor_execute", note)
        try:
            yield counter
        finally:
            event.remove(engine.sync_engine, "before_cursor_execute", note)

    return counting
