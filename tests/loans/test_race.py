"""Two people, one mower, overlapping days, the same moment: real connections, real commits."""

import asyncio
import datetime as dt
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

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
from tests.supplies.kit import Store, make_store

pytestmark = pytest.mark.anyio
NEW = "/partner/loans/new"


@dataclass
class Rivals:
    """Partners who want the same machine, each with somebody logged in."""

    client: httpx2.AsyncClient
    sessions: async_sessionmaker[AsyncSession]
    store: Store
    people: list[tuple[str, str]]  # session token, code of the partner

    async def reserve(self, n: int, first: str, last: str) -> httpx2.Response:
        token, code = self.people[n]
        data = {
            "id": str(uuid.uuid4()), "partner": code, "unit": str(self.store.mower.id),
            "first": first, "last": last, "area": "", "operator": "", "purpose": f"作業{n}",
        }  # fmt: skip
        cookie = {"Cookie": f"machipika={token}"}
        return await self.client.post(NEW, data=data, headers=cookie)

    async def value(self, query: str) -> object:
        async with self.sessions() as db:
            return await db.scalar(text(query))


@asynccontextmanager
async def rivals(url: str, clock: FixedClock, people: int) -> AsyncIterator[Rivals]:
    engine = make_engine(url, pool_size=2)
    sessions = make_sessions(engine, clock=clock)
    known = []
    async with sessions() as db, db.begin():
        await factories.municipality(db)
        store = await make_store(db)
        for n in range(people):
            partner = await factories.partner(db, f"見本{n}町会")
            await factories.agreement(db, partner, [], since=clock().date())
            account = Account(display_name=f"見本{n}", email=f"mihon{n}@example.jp")
            db.add(account)
            await db.flush()
            await factories.member(db, partner, account, "manager")
            known.append((await open_session(db, account.id, dt.timedelta(days=1)), partner.code))
    settings = Settings(
        demo=True, base_url="http://t", map_tiles_url="", database_url=url, pool_size=10,
        worker_in_app=False,
    )  # fmt: skip
    app = create_app(settings, Services(clock=clock, mailer=NoMailer()))
    async with app.router.lifespan_context(app) as state, make_client(app, state) as client:
        yield Rivals(client, sessions, store, known)
    await engine.dispose()


async def test_one_wins_and_the_other_is_told(database_url: str, clock: FixedClock) -> None:
    async with rivals(database_url, clock, 2) as r:
        answers = await asyncio.gather(
            r.reserve(0, "2026-06-20", "2026-06-23"), r.reserve(1, "2026-06-22", "2026-06-25")
        )
        assert Counter(a.status_code for a in answers) == {303: 1, 409: 1}
        loser = next(n for n, a in enumerate(answers) if a.status_code == 409)
        told = answers[loser].text
        assert "ほかの人が、この機械を先に予約しました。" in told
        assert f"作業{loser}" in told  # nothing typed is lost
        assert "空いている機械は1台です。" in told and f'value="{r.store.spare.id}"' in told
        assert await r.value("SELECT count(*) FROM loans WHERE state = 'reserved'") == 1
        assert await r.value("SELECT count(*) FROM state_changes WHERE machine = 'loan'") == 1
        audited = "SELECT count(*) FROM audit_events WHERE action = 'loan.create'"
        assert await r.value(audited) == 1


async def test_many_at_once_and_never_two_on_a_day(database_url: str, clock: FixedClock) -> None:
    async with rivals(database_url, clock, 8) as r:
        answers = await asyncio.gather(
            *(r.reserve(n, f"2026-06-{20 + n % 3}", f"2026-06-{22 + n % 3}") for n in range(8))
        )
        counted = Counter(a.status_code for a in answers)
        assert counted == {303: 1, 409: 7}, counted  # every two of these share 22 June
        doubled = """SELECT count(*) FROM loans a JOIN loans b
                      ON a.unit_id = b.unit_id AND a.id < b.id AND a.period && b.period"""
        assert await r.value(doubled) == 0


async def test_neighbouring_days_are_no_conflict(database_url: str, clock: FixedClock) -> None:
    async with rivals(database_url, clock, 2) as r:
        answers = await asyncio.gather(
            r.reserve(0, "2026-06-20", "2026-06-21"), r.reserve(1, "2026-06-22", "2026-06-23")
        )
        assert [a.status_code for a in answers] == [303, 303]


async def test_two_taps_of_one_partner_respect_its_limit(
    database_url: str, clock: FixedClock
) -> None:
    async with rivals(database_url, clock, 1) as r:
        days = [("2026-06-20", "2026-06-20"), ("2026-06-22", "2026-06-22"),
                ("2026-06-24", "2026-06-24"), ("2026-06-26", "2026-06-26")]  # fmt: skip
        answers = await asyncio.gather(*(r.reserve(0, first, last) for first, last in days))
        assert Counter(a.status_code for a in answers) == {303: 2, 409: 2}
