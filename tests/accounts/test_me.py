"""My page: the checklist of every page that changes something."""

from collections.abc import Callable

import httpx2
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts.models import Account
from server.audit.models import AuditEvent
from tests.personas import World

pytestmark = pytest.mark.anyio


async def _name(db: AsyncSession, world: World) -> str:
    statement = select(Account.display_name).where(Account.id == world.hanako.id)
    return (await db.execute(statement)).scalar_one()


async def test_name_can_be_changed_and_changing_twice_is_harmless(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    await world.login(client, world.hanako)
    for _ in range(2):
        answer = await client.post("/me", data={"display_name": " 見本 はな "})
        assert (answer.status_code, answer.headers["location"]) == (303, "/me")
    assert await _name(db, world) == "見本 はな"
    assert "保存しました" in (await client.get("/me")).text
    event = (await db.execute(select(AuditEvent))).scalars().first()
    assert event is not None
    assert (event.action, event.actor_id) == ("account.rename", world.hanako.id)
    assert "はな" not in str(event.detail), "names stay out of the trail"


async def test_anonymous_is_sent_to_log_in(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/me")).headers["location"] == "/login?next=/me"
    assert (await client.post("/me", data={"display_name": "x"})).status_code == 303


@pytest.mark.parametrize("name", ["", "   ", "\u202e\u200b", "あ" * 41])
async def test_bad_name_is_kept_and_explained(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, name: str
) -> None:
    await world.login(client, world.hanako)
    answer = await client.post("/me", data={"display_name": name})
    assert answer.status_code == 422
    assert 'id="error-summary"' in answer.text
    assert name.strip("\u202e\u200b ") in answer.text
    assert await _name(db, world) == "見本はなこ"


async def test_roles_and_partners_are_shown(client: httpx2.AsyncClient, world: World) -> None:
    await world.login(client, world.kenji)
    page = (await client.get("/me")).text
    assert "見本母恋町会" in page
    assert "代表・担当" in page
    assert "職員の画面" not in page
    await world.login(client, world.sato)
    page = (await client.get("/me")).text
    assert "市の職員" in page
    assert "土木課維持係" in page


async def test_person_without_mail_has_a_page(client: httpx2.AsyncClient, world: World) -> None:
    await world.login(client, world.toyo)
    assert "登録なし" in (await client.get("/me")).text


async def test_query_budget(
    client: httpx2.AsyncClient, world: World, count_queries: Callable[[], object]
) -> None:
    await world.login(client, world.kenji)
    with count_queries() as seen:  # type: ignore[attr-defined]
        await client.get("/me")
    assert len(seen) <= 3
