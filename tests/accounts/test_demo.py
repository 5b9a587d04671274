"""Demo mode: one tap logs in, the outbox shows mails — and neither exists without it."""

import httpx2
import pytest
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from server.app import create_app
from server.demo.pages import veiled
from server.routes import rows
from server.services import NoMailer, Services
from server.settings import Settings
from tests.accounts.login import ask, mailed_code
from tests.conftest import FixedClock, make_client
from tests.personas import World

pytestmark = pytest.mark.anyio
HOMES = {
    "volunteer": ("/", "見本はなこ"),
    "partner": ("/partner", "見本けんじ"),
    "coordinator": ("/", "見本かなえ"),
    "staff": ("/staff", "見本さとう"),
    "admin": ("/staff", "見本かんり"),
}


@pytest.mark.parametrize("role", HOMES)
async def test_one_tap_log_in(client: httpx2.AsyncClient, world: World, role: str) -> None:
    assert f'value="{role}"' in (await client.get("/login")).text
    answer = await client.post("/demo/login", data={"role": role})
    home, name = HOMES[role]
    assert (answer.status_code, answer.headers["location"]) == (303, home)
    assert name in (await client.get("/me")).text


async def test_next_is_respected(client: httpx2.AsyncClient, world: World) -> None:
    answer = await client.post("/demo/login", data={"role": "staff", "next": "/staff/areas"})
    assert answer.headers["location"] == "/staff/areas"


@pytest.mark.parametrize("role", ["", "root", "kanri@example.jp"])
async def test_unknown_role(client: httpx2.AsyncClient, world: World, role: str) -> None:
    answer = await client.post("/demo/login", data={"role": role})
    assert answer.status_code == 422
    assert "machipika=" not in str(answer.headers.get_list("set-cookie"))


async def test_roles_can_be_changed_without_logging_out(
    client: httpx2.AsyncClient, world: World
) -> None:
    await client.post("/demo/login", data={"role": "staff"})
    page = await client.get("/login")
    assert page.status_code == 200
    assert "見本さとう" in page.text


async def test_outbox_shows_mails_with_their_text(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    assert "まだメールはありません" in (await client.get("/demo/outbox")).text
    await ask(client, "hanako@example.jp")
    await ask(client, "taro.yamada@city.example.com")
    page = (await client.get("/demo/outbox")).text
    assert await mailed_code(db) in page
    assert "hanako@example.jp" in page
    assert "taro.yamada" not in page, "a visitor's own address is not shown to all"
    assert veiled("taro.yamada@city.example.com") in page


async def test_without_demo_mode_nothing_of_it_exists(
    sessions: async_sessionmaker[AsyncSession], clock: FixedClock, world: World
) -> None:
    settings = Settings(demo=False, base_url="http://t", map_tiles_url="")
    app = create_app(settings, Services(clock=clock, mailer=NoMailer()), sessions=sessions)
    async with app.router.lifespan_context(app) as state, make_client(app, state) as client:
        assert (await client.post("/demo/login", data={"role": "admin"})).status_code == 404
        assert (await client.get("/demo/outbox")).status_code == 404
        assert (await client.get("/styleguide")).status_code == 404
        page = (await client.get("/login")).text
        assert "demo" not in page
        await ask(client, "hanako@example.jp")
        assert "demo" not in (await client.get("/login/code")).text


async def test_without_demo_a_logged_in_person_skips_the_log_in_page(
    sessions: async_sessionmaker[AsyncSession], clock: FixedClock, world: World
) -> None:
    settings = Settings(demo=False, base_url="http://t", map_tiles_url="")
    app = create_app(settings, Services(clock=clock, mailer=NoMailer()), sessions=sessions)
    async with app.router.lifespan_context(app) as state, make_client(app, state) as client:
        world.sessions = sessions
        await world.login(client, world.sato)
        assert (await client.get("/login")).headers["location"] == "/staff"
        assert (await client.get("/login?next=/me")).headers["location"] == "/me"


def test_demo_and_production_exclude_each_other() -> None:
    production = {
        "environment": "production",
        "base_url": "https://machipika.example.jp",
        "database_url": "postgresql://db/machipika",
        "smtp_url": "smtp://mail:25",
        "secret_key": "x" * 32,
    }
    assert Settings(**production).demo is False
    with pytest.raises(ValidationError, match="MACHIPIKA_DEMO"):
        Settings(**production, demo=True)
    assert not [row.path for row in rows(Settings(**production)) if row.demo_only]
