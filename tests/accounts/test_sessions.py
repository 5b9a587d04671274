"""How long a log-in lasts, how it ends, and that nobody can plant one."""

import datetime as dt

import httpx2
import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts.models import LoginSession
from server.audit.models import AuditEvent
from server.http.sessions import token_hash
from tests.accounts.login import log_in
from tests.conftest import FixedClock
from tests.personas import World

pytestmark = pytest.mark.anyio


async def _open(db: AsyncSession) -> int:
    return (await db.execute(select(func.count()).select_from(LoginSession))).scalar_one()


async def test_volunteer_stays_logged_in_for_the_days_of_the_city(
    client: httpx2.AsyncClient, db: AsyncSession, clock: FixedClock, world: World
) -> None:
    await log_in(client, db, "hanako@example.jp")
    clock.now += dt.timedelta(days=29)
    assert (await client.get("/me")).status_code == 200
    clock.now += dt.timedelta(days=1, minutes=1)
    assert (await client.get("/me")).headers["location"] == "/login?next=/me"


@pytest.mark.parametrize("who", ["sato", "kanri"])
async def test_staff_stay_logged_in_for_hours(
    client: httpx2.AsyncClient, db: AsyncSession, clock: FixedClock, world: World, who: str
) -> None:
    entered = await log_in(client, db, f"{who}@example.jp")
    assert entered.headers["location"] == "/staff"
    cookie = next(c for c in entered.headers.get_list("set-cookie") if c.startswith("machipika="))
    assert "Max-Age=43200" in cookie
    clock.now += dt.timedelta(hours=12, minutes=1)
    assert (await client.get("/me")).status_code == 303
    acts = (await db.execute(select(AuditEvent.action))).scalars().all()
    assert acts == ["account.login"], "log-ins with a role are audited"


async def test_log_in_gives_a_new_key_and_closes_the_old_log_in(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    await log_in(client, db, "kenji@example.jp")
    before = client.cookies["machipika"]
    await log_in(client, db, "hanako@example.jp")
    assert client.cookies["machipika"] != before
    hashes = (await db.execute(select(LoginSession.token_hash))).scalars().all()
    assert hashes == [token_hash(client.cookies["machipika"])]


async def test_planted_cookie_is_worthless(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    client.cookies.set("machipika", "planted", domain="t.local")
    assert (await client.get("/me")).status_code == 303
    await log_in(client, db, "hanako@example.jp")
    assert client.cookies["machipika"] != "planted"
    client.cookies.set("machipika", "planted", domain="t.local")
    assert (await client.get("/me")).status_code == 303


async def test_log_out_ends_the_log_in_in_the_database_too(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    await world.login(client, world.hanako)
    kept = client.cookies["machipika"]
    answer = await client.post("/logout")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert await _open(db) == 0
    client.cookies.clear()
    client.cookies.set("machipika", kept, domain="t.local")
    assert (await client.get("/me")).status_code == 303
    assert (await client.post("/logout")).status_code == 303, "twice is harmless"
    assert (await client.get("/logout")).status_code == 405


async def test_log_out_everywhere(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    await world.login(client, world.kenji)
    await world.login(client, world.hanako)
    await world.login(client, world.hanako)
    assert "2台の端末" in (await client.get("/me")).text
    await client.post("/logout", data={"everywhere": "1"})
    owners = (await db.execute(select(LoginSession.account_id))).scalars().all()
    assert owners == [world.kenji.id], "only one's own"
    acts = (await db.execute(select(AuditEvent.action))).scalars().all()
    assert acts == ["account.logout_everywhere"]


async def test_pages_of_a_logged_in_person_are_not_stored(
    client: httpx2.AsyncClient, world: World
) -> None:
    await world.login(client, world.hanako)
    assert (await client.get("/me")).headers["cache-control"] == "no-store"
