"""A site on a database of its own, with a real worker: what the import tests drive."""

import contextlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from sqlalchemy import CursorResult, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from server.app import create_app
from server.db.engine import make_engine, make_sessions
from server.jobcontext import Outside
from server.jobs import make_jobs
from server.services import NoMailer, Services
from server.settings import Settings
from tests.conftest import FixedClock, make_client
from tests.personas import World, create_world

# Everything an import could change, in one value.
CHECKSUM = """
SELECT count(*) || ':' || coalesce(md5(string_agg(a::text, '|' ORDER BY a.id)), '')
       || ':' || (SELECT count(*) || coalesce(md5(string_agg(v::text, '|'
                                     ORDER BY v.area_id, v.version)), '') FROM area_versions v)
FROM areas a
"""


@dataclass
class Site:
    """The application, a browser, a worker and the people, all on one database."""

    url: str
    client: httpx2.AsyncClient
    sessions: async_sessionmaker[AsyncSession]
    outside: Outside
    world: World
    clock: FixedClock

    async def sql(self, statement: str, **values: Any) -> list[Any]:
        """Rows of a statement, committed."""
        async with self.sessions() as db, db.begin():
            answer = await db.execute(text(statement), values)
            reads = isinstance(answer, CursorResult) and answer.returns_rows
            return list(answer.all()) if reads else []

    async def one(self, statement: str, **values: Any) -> Any:
        """The only value of a statement."""
        ((value,),) = await self.sql(statement, **values)
        return value

    async def checksum(self) -> str:
        return str(await self.one(CHECKSUM))

    async def work(self) -> None:
        """Run every job that waits, with a real worker, until none is left."""
        jobs = make_jobs(self.url)
        async with jobs.open_async():
            await jobs.run_worker_async(
                wait=False,
                install_signal_handlers=False,
                additional_context={"outside": self.outside},
                delete_jobs="successful",
                listen_notify=False,
            )

    async def send(self, path: Path) -> str:
        """Upload a file; the path of its preview page."""
        answer = await self.client.post(
            "/staff/areas/import",
            files={"file": (path.name, path.read_bytes())},  # noqa: ASYNC240 - a small file
        )
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"])

    async def preview(self, path: Path) -> tuple[str, str]:
        """Upload and read a file; (path, page) of its preview."""
        where = await self.send(path)
        await self.work()
        return where, await self.page(where)

    async def page(self, where: str) -> str:
        answer = await self.client.get(where)
        assert answer.status_code == 200, answer.text
        return str(answer.text)

    async def answer(self, where: str, **options: str) -> str:
        """Say how the file is to be read; the page after it was read again."""
        answer = await self.client.post(where, data={"act": "answer", **options})
        assert answer.status_code == 303, answer.text
        await self.work()
        return await self.page(where)

    async def press_apply(self, where: str) -> httpx2.Response:
        """Press the button of the page as it is now."""
        return await self.client.post(where, data=apply_data(await self.page(where)))

    async def apply(self, where: str) -> str:
        """Apply what is shown; the page afterwards."""
        answer = await self.press_apply(where)
        assert answer.status_code == 303, answer.text
        await self.work()
        return await self.page(where)

    async def bring_in(self, path: Path) -> str:
        """The whole way of a good file; the last page."""
        where, page = await self.preview(path)
        assert "取りこめます。" in page, words(page)
        return await self.apply(where)


def apply_data(page: str) -> dict[str, str]:
    found = re.search(r'name="fingerprint" value="([0-9a-f]{64})"', page)
    assert found, "no button to apply: " + words(page)
    return {"act": "apply", "fingerprint": found[1]}


def can_apply(page: str) -> bool:
    return 'value="apply"' in page


def counts(page: str) -> dict[str, int]:
    """The four numbers on top."""
    found = re.findall(
        r"<dt>([^<]+)</dt>\s*<dd><span class=\"stat__value\"><b>([\d,]+)</b> 行", page
    )
    return {label: int(number.replace(",", "")) for label, number in found}


def words(page: str) -> str:
    """The page's text, for messages and searches."""
    main = page.partition('<main id="main"')[2].partition("</main>")[0] or page
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main))


@contextlib.asynccontextmanager
async def open_site(url: str, clock: FixedClock) -> AsyncIterator[Site]:
    """Everything on a migrated database, さとう (staff) logged in."""
    settings = Settings(demo=True, base_url="http://t", map_tiles_url="", database_url=url)
    services = Services(clock=clock, mailer=NoMailer())
    engine, jobs = make_engine(url, 5), make_jobs(url)
    sessions = make_sessions(engine, clock=clock, jobs=jobs)
    try:
        async with sessions() as db, db.begin():
            world = await create_world(db, clock())
        world.sessions = sessions
        app = create_app(settings, services, sessions=sessions)
        async with app.router.lifespan_context(app) as state, make_client(app, state) as client:
            await world.login(client, world.sato)
            outside = Outside(sessions, services, settings)
            yield Site(url, client, sessions, outside, world, clock)
    finally:
        await engine.dispose()
