"""Many at once against a database that really commits: nothing is doubled, nothing overwritten."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass

import anyio
import httpx2
import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from server.app import create_app
from server.cleanups.models import Cleanup, CleanupVersion
from server.db.engine import make_engine
from server.jobs import make_jobs
from server.services import NoMailer, Services
from server.settings import Settings
from tests import factories
from tests.cleanups.kit import NEW, sent
from tests.conftest import FixedClock, make_client
from tests.personas import World, create_world

pytestmark = pytest.mark.anyio
AT_ONCE = 8


@dataclass
class Town:
    """A city in a database of its own, and two browsers in it."""

    world: World
    kenji: httpx2.AsyncClient
    toyo: httpx2.AsyncClient
    sessions: async_sessionmaker[AsyncSession]


@pytest.fixture
async def town(database_url: str, settings: Settings, clock: FixedClock) -> AsyncIterator[Town]:
    engine: AsyncEngine = make_engine(database_url, pool_size=10)
    sessions = async_sessionmaker(
        engine, expire_on_commit=False, info={"clock": clock, "jobs": make_jobs(database_url)}
    )
    async with sessions() as db, db.begin():
        world = await create_world(db, clock())
    world.sessions = sessions
    app = create_app(settings, Services(clock=clock, mailer=NoMailer()), sessions=sessions)
    async with (
        app.router.lifespan_context(app) as state,
        make_client(app, state) as kenji,
        make_client(app, state) as toyo,
    ):
        await world.login(kenji, world.kenji)
        await world.login(toyo, world.toyo)
        yield Town(world, kenji, toyo, sessions)
    await engine.dispose()


async def all_at_once(requests: list[tuple[httpx2.AsyncClient, str, dict]]) -> Counter[int]:
    seen: Counter[int] = Counter()

    async def send(client: httpx2.AsyncClient, path: str, form: dict) -> None:
        response = await client.post(path, data=form)
        seen[response.status_code] += 1

    async with anyio.create_task_group() as group:
        for client, path, form in requests:
            group.start_soon(send, client, path, form)
    return seen


async def test_the_same_form_many_times_is_one_report(town: Town):
    form = sent(town.world, bags="5")
    browsers = [town.kenji, town.toyo] * (AT_ONCE // 2)
    seen = await all_at_once([(browser, NEW, form) for browser in browsers])
    assert seen == {303: AT_ONCE}
    async with town.sessions() as db:
        assert await db.scalar(select(func.count()).select_from(Cleanup)) == 1


async def test_of_many_edits_one_wins(town: Town):
    async with town.sessions() as db, db.begin():
        day = factories.dt.date(2026, 6, 10)
        row = await factories.cleanup(db, town.world.partner, town.world.street, day=day)
    path = f"/cleanups/{row.id}/edit"
    forms = [
        sent(town.world, version="1", date="2026-06-10", people=str(20 + n)) for n in range(AT_ONCE)
    ]
    browsers = [town.kenji, town.toyo] * (AT_ONCE // 2)
    seen = await all_at_once([(b, path, form) for b, form in zip(browsers, forms, strict=True)])
    assert seen == {303: 1, 409: AT_ONCE - 1}
    async with town.sessions() as db:
        found = (await db.execute(select(Cleanup))).scalar_one()
        assert found.version == 2 and found.people >= 20
        kept = (await db.execute(select(CleanupVersion))).scalar_one()
        assert kept.content["people"] == 8


async def test_edits_in_a_row_keep_litter_and_history_together(town: Town):
    """The litter in a snapshot is that of the same moment as its other fields."""
    async with town.sessions() as db, db.begin():
        day = factories.dt.date(2026, 6, 10)
        row = await factories.cleanup(db, town.world.partner, town.world.street, day=day, people=1,
                                      bags=1)  # fmt: skip
    path = f"/cleanups/{row.id}/edit"
    for version in range(1, 6):
        n = str(version + 1)
        forms = [
            (browser, path, sent(town.world, version=str(version), date="2026-06-10",
                                 people=n, bags=n))
            for browser in (town.kenji, town.toyo)
        ]  # fmt: skip
        assert await all_at_once(forms) == {303: 2}
    async with town.sessions() as db:
        kept = (await db.execute(select(CleanupVersion.content))).scalars().all()
    assert len(kept) == 5
    for content in kept:
        assert content["litter"][0]["quantity"] == str(content["people"])
