"""Two people fill the last place of a day at the same moment: one does."""

from collections import Counter

import anyio
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import async_sessionmaker

from server.app import create_app
from server.db.engine import make_engine
from server.jobs import make_jobs
from server.pickups.models import CollectionDay, Pickup
from server.services import NoMailer, Services
from server.settings import Settings
from tests.conftest import FixedClock, make_client
from tests.personas import create_world
from tests.pickups.kit import DAY, NEW, pickup, sent

pytestmark = pytest.mark.anyio
ROOM = 2


async def test_the_last_place_of_a_day_is_given_once(
    database_url: str, settings: Settings, clock: FixedClock
) -> None:
    engine = make_engine(database_url, pool_size=10)
    info = {"clock": clock, "jobs": make_jobs(database_url), "base_url": "http://t"}
    sessions = async_sessionmaker(engine, expire_on_commit=False, info=info)
    async with sessions() as db, db.begin():
        world = await create_world(db, clock())
        db.add(CollectionDay(on_day=DAY(2026, 6, 18), open=True, capacity=ROOM))
        rows = [await pickup(db, world) for _ in range(6)]
    world.sessions = sessions
    app = create_app(settings, Services(clock=clock, mailer=NoMailer()), sessions=sessions)
    async with (
        app.router.lifespan_context(app) as state,
        make_client(app, state) as one,
        make_client(app, state) as other,
        make_client(app, state) as kenji,
    ):
        await world.login(one, world.sato)
        await world.login(other, world.kanri)
        await world.login(kenji, world.kenji)
        seen: Counter[int] = Counter()

        async def fix(client, row) -> None:
            form = {"pickup": str(row.id), "how": "day", "on_day": "2026-06-18"}
            seen[(await client.post("/staff/pickups", data=form)).status_code] += 1

        async with anyio.create_task_group() as group:
            for n, row in enumerate(rows):
                group.start_soon(fix, (one, other)[n % 2], row)
        assert seen == {303: ROOM, 409: len(rows) - ROOM}

        form, answers = sent(world, wished_on="2026-06-19"), []

        async def ask() -> None:
            answers.append((await kenji.post(NEW, data=form)).status_code)

        async with anyio.create_task_group() as group:
            for _ in range(4):
                group.start_soon(ask)
        assert answers == [303] * 4
    async with sessions() as db:
        states = Counter(await db.scalars(select(Pickup.state)))
    assert states == {"scheduled": ROOM, "requested": len(rows) - ROOM + 1}
    await engine.dispose()
