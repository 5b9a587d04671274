"""An app on a database of its own, one activity, and people with sessions: real commits over HTTP.

``Seen`` is what the tables say at one moment; its rules are written out here once more, independent
of the code under test.
"""

import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

import httpx2
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from server.accounts.models import Account
from server.app import create_app
from server.db.engine import make_engine, make_sessions
from server.http.sessions import open_session
from server.jobs import make_jobs
from server.services import NoMailer, Services
from server.settings import Settings
from server.signing import Signer
from server.signups.jobs import settle_all
from tests import factories
from tests.conftest import FixedClock, make_client

AHEAD = dt.timedelta(days=60)
SIGNER = Signer("tests")


@dataclass(frozen=True)
class Waiting:
    """A live entry: who, since which place, and until when a place is kept for them."""

    id: UUID
    who: int
    place: int
    people: int
    until: dt.datetime | None


@dataclass(frozen=True)
class Seen:
    """Who holds places and who waits, in the order of the queue."""

    capacity: int
    holders: dict[int, int]
    queue: list[Waiting]

    @property
    def offers(self) -> list[Waiting]:
        return [one for one in self.queue if one.until]

    @property
    def idle(self) -> list[Waiting]:
        return [one for one in self.queue if not one.until]

    @property
    def free(self) -> int:
        held = sum(one.people for one in self.offers)
        return self.capacity - sum(self.holders.values()) - held


@dataclass
class Queue:
    """The world of these tests. People are numbered from 0."""

    client: httpx2.AsyncClient
    sessions: async_sessionmaker[AsyncSession]
    clock: FixedClock
    activity: UUID
    accounts: list[UUID]
    tokens: list[str]
    starts_at: dt.datetime
    offered_to: list[UUID] = field(default_factory=list)

    @property
    def path(self) -> str:
        return f"/opportunities/{self.activity}"

    async def post(self, who: int, rest: str, **data: str) -> httpx2.Response:
        cookie = {"Cookie": f"machipika={self.tokens[who]}"}
        return await self.client.post(f"{self.path}/{rest}", data=data, headers=cookie)

    async def answer(self, entry: Waiting, answer: str) -> httpx2.Response:
        """Press a button behind the signed link, without any cookie."""
        assert entry.until
        token = SIGNER.sign("offer", str(entry.id), entry.until)
        return await self.client.post(f"/offers/{token}", data={"answer": answer})

    async def sweep(self) -> int:
        return await settle_all(self.sessions)

    async def seen(self) -> Seen:
        async with self.sessions() as db:
            capacity = await db.scalar(text("SELECT capacity FROM opportunities"))
            held = await db.execute(
                text("SELECT account_id, people FROM signups WHERE cancelled_at IS NULL")
            )
            rows = await db.execute(
                text(
                    "SELECT id, account_id, place, people, offer_expires_at "
                    "FROM waitlist_entries WHERE ended_at IS NULL ORDER BY place"
                )
            )
            number = {id: n for n, id in enumerate(self.accounts)}
            return Seen(
                capacity,
                {number[row.account_id]: row.people for row in held},
                [Waiting(r.id, number[r.account_id], r.place, r.people, r.offer_expires_at)
                 for r in rows],
            )  # fmt: skip

    async def count(self, query: str) -> int:
        async with self.sessions() as db:
            return int(await db.scalar(text(query)) or 0)


@asynccontextmanager
async def queue_world(
    url: str, clock: FixedClock, capacity: int, people: int
) -> AsyncIterator[Queue]:
    """``people`` persons before an activity with ``capacity`` places, two months ahead."""
    engine = make_engine(url, pool_size=4)
    info = {"clock": clock, "jobs": make_jobs(url), "base_url": "http://t", "signer": SIGNER}
    sessions = make_sessions(engine, **info)
    starts_at = clock() + AHEAD
    async with sessions() as db, db.begin():
        await factories.municipality(db)
        host = await factories.partner(db, "見本町会")
        activity = await factories.opportunity(db, host, starts=starts_at, capacity=capacity)
        accounts, tokens = [], []
        for n in range(people):
            account = Account(display_name=f"見本{n}", email=f"mihon{n}@example.jp")
            db.add(account)
            await db.flush()
            accounts.append(account.id)
            tokens.append(await open_session(db, account.id, 2 * AHEAD))
    settings = Settings(
        demo=True, base_url="http://t", map_tiles_url="", database_url=url, pool_size=10,
        worker_in_app=False,
    )  # fmt: skip
    app = create_app(settings, Services(clock=clock, mailer=NoMailer(), signer=SIGNER))
    async with app.router.lifespan_context(app) as state, make_client(app, state) as client:
        yield Queue(client, sessions, clock, activity.id, accounts, tokens, starts_at)
    await engine.dispose()
