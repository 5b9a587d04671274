"""Many people, few places: real connections, real commits."""

import asyncio
import datetime as dt
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import httpx2
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from server.accounts.models import Account
from server.app import create_app
from server.db.engine import make_engine, make_sessions
from server.http.sessions import open_session
from server.services import NoMailer, Services
from server.settings import Settings
from tests import factories
from tests.conftest import FixedClock, make_client

pytestmark = pytest.mark.anyio
PEOPLE, PLACES = 50, 3


@dataclass
class Crowd:
    """An app of its own on a database of its own, an activity, and people logged in."""

    client: httpx2.AsyncClient
    sessions: async_sessionmaker[AsyncSession]
    activity: UUID
    tokens: list[str]

    async def post(self, path: str, token: str, **data: str) -> httpx2.Response:
        cookie = {"Cookie": f"machipika={token}"}
        return await self.client.post(path, data=data, headers=cookie)

    async def taken(self) -> tuple[int, int]:
        async with self.sessions() as db:
            row = (
                await db.execute(
                    text("SELECT count(*), coalesce(sum(people), 0) FROM signups "
                         "WHERE cancelled_at IS NULL")
                )
            ).one()  # fmt: skip
        return row[0], row[1]


@asynccontextmanager
async def crowd(url: str, clock: FixedClock, capacity: int, people: int) -> AsyncIterator[Crowd]:
    engine = make_engine(url, pool_size=2)
    sessions = make_sessions(engine, clock=clock)
    async with sessions() as db, db.begin():
        await factories.municipality(db)
        host = await factories.partner(db, "見本町会")
        tomorrow = clock() + dt.timedelta(days=1)
        activity = await factories.opportunity(db, host, starts=tomorrow, capacity=capacity)
        tokens = []
        for n in range(people):
            account = Account(display_name=f"見本{n}", email=f"mihon{n}@example.jp")
            db.add(account)
            await db.flush()
            tokens.append(await open_session(db, account.id, dt.timedelta(days=1)))
    settings = Settings(
        demo=True, base_url="http://t", map_tiles_url="", database_url=url, pool_size=10,
        worker_in_app=False,
    )  # fmt: skip
    app = create_app(settings, Services(clock=clock, mailer=NoMailer()))
    async with app.router.lifespan_context(app) as state, make_client(app, state) as client:
        yield Crowd(client, sessions, activity.id, tokens)
    await engine.dispose()


async def test_fifty_people_for_the_last_three_places(database_url: str, clock: FixedClock) -> None:
    async with crowd(database_url, clock, PLACES, PEOPLE) as c:
        path = f"/opportunities/{c.activity}/signup"
        answers = await asyncio.gather(*(c.post(path, t, people="1") for t in c.tokens))
        counted = Counter(a.status_code for a in answers)
        assert counted == {303: PLACES, 409: PEOPLE - PLACES}, counted
        assert await c.taken() == (PLACES, PLACES)
        refused = next(a for a in answers if a.status_code == 409)
        assert "満員になりました" in refused.text
        assert "ほかの活動をさがす" in refused.text
        async with c.sessions() as db:
            audited = await db.scalar(
                text("SELECT count(*) FROM audit_events WHERE action = 'signup.create'")
            )
        assert audited == PLACES


async def test_groups_never_take_more_than_there_is(database_url: str, clock: FixedClock) -> None:
    async with crowd(database_url, clock, 10, 12) as c:
        path = f"/opportunities/{c.activity}/signup"
        answers = await asyncio.gather(*(c.post(path, t, people="3") for t in c.tokens))
        assert Counter(a.status_code for a in answers) == {303: 3, 409: 9}
        assert await c.taken() == (3, 9)
        # one place is left: the page says so instead of calling it full
        refused = next(a for a in answers if a.status_code == 409)
        assert "のこりは1人です" in refused.text


async def test_ten_taps_of_one_person_are_one_signup(database_url: str, clock: FixedClock) -> None:
    async with crowd(database_url, clock, 1, 1) as c:
        path = f"/opportunities/{c.activity}/signup"
        answers = await asyncio.gather(*(c.post(path, c.tokens[0], people="1") for _ in range(10)))
        assert {a.status_code for a in answers} == {303}
        assert {a.headers["location"] for a in answers} == {f"/opportunities/{c.activity}"}
        assert await c.taken() == (1, 1)


async def test_joining_and_leaving_at_once_never_breaks(
    database_url: str, clock: FixedClock
) -> None:
    async with crowd(database_url, clock, 2, 8) as c:
        base = f"/opportunities/{c.activity}/signup"
        for _ in range(3):
            moves = [c.post(base, t, people="1") for t in c.tokens]
            moves += [c.post(f"{base}/cancel", t) for t in c.tokens]
            answers = await asyncio.gather(*moves)
            assert {a.status_code for a in answers} <= {303, 409}
            assert (await c.taken())[1] <= 2
