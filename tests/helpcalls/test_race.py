"""Waves at the same moment, with real commits: the limit holds, nobody is asked twice."""

import asyncio
import datetime as dt
from types import SimpleNamespace

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from server.db.engine import make_engine, make_sessions
from server.helpcalls import jobs
from server.helpcalls.waves import send_wave
from server.jobs import make_jobs
from server.signing import Signer
from tests.conftest import START, FixedClock
from tests.helpcalls.kit import city_of, posted, volunteer
from tests.personas import create_world

pytestmark = pytest.mark.anyio
Sessions = async_sessionmaker[AsyncSession]
CALLS, PEOPLE, MOST = 6, 5, 2


async def numbers(sessions: Sessions) -> tuple[int, int, int, int]:
    """Asks, the most anybody was asked, notices of asks, and the highest wave."""
    async with sessions() as db:
        row = (
            await db.execute(
                text("SELECT (SELECT count(*) FROM help_asks),"
                     " (SELECT coalesce(max(n), 0) FROM (SELECT count(*) AS n FROM help_asks"
                     "   GROUP BY account_id) x),"
                     " (SELECT count(*) FROM notices WHERE kind = 'help'),"
                     " (SELECT coalesce(max(wave), 0) FROM help_calls)")
            )
        ).one()  # fmt: skip
    return row[0], row[1], row[2], row[3]


async def test_the_limit_holds_and_no_wave_is_lost_or_doubled(
    database_url: str, clock: FixedClock
) -> None:
    engine = make_engine(database_url, pool_size=CALLS + 2)
    sessions = make_sessions(
        engine, clock=clock, jobs=make_jobs(database_url), base_url="http://t",
        signer=Signer("tests"),
    )  # fmt: skip
    try:
        async with sessions() as db, db.begin():
            world = await create_world(db, clock())
            for n in range(PEOPLE):
                await volunteer(db, f"見本{n}", help_per_month=MOST)
            until = START.date() + dt.timedelta(days=30)
            calls = [(await posted(db, world, until_on=until)).id for _ in range(CALLS)]
            city = await city_of(db)

        async def killed() -> None:
            """A worker that dies in the middle of a wave."""
            async with sessions() as db, db.begin():
                assert await send_wave(db, calls[0], city, after=0) is not None
                raise ConnectionError

        with pytest.raises(ConnectionError):
            await killed()
        assert await numbers(sessions) == (0, 0, 0, 0)

        context = SimpleNamespace(
            additional_context={"outside": SimpleNamespace(sessions=sessions)}
        )
        runs = [
            jobs.wave.func(context, str(id), 0)  # type: ignore[attr-defined]
            for id in calls
            for _twice in range(2)
        ]
        await asyncio.gather(*runs)
        assert await numbers(sessions) == (PEOPLE * MOST, MOST, PEOPLE * MOST, 1)
    finally:
        await engine.dispose()
