"""Joint cleanups: several partners, several areas, one page."""

import datetime as dt

import httpx2
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from server.opportunities.models import Opportunity, OpportunityArea, OpportunityHost
from tests import factories
from tests.conftest import FixedClock
from tests.opportunities.kit import NOBODY, acts, one, told
from tests.personas import World

pytestmark = pytest.mark.anyio


@pytest.fixture
async def posted(db: AsyncSession, world: World, clock: FixedClock) -> Opportunity:
    row = await factories.opportunity(
        db, world.partner, starts=clock() + dt.timedelta(days=6), area_id=world.street.id
    )
    await factories.signup(db, row, world.hanako, people=3)
    await db.commit()
    return row


@pytest.fixture
async def invited(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, posted: Opportunity
) -> str:
    """The page where けんじ has asked よそもの's partner; よそもの is logged in."""
    await world.login(client, world.kenji)
    path = f"/opportunities/{posted.id}/hosts"
    data = {"verb": "invite", "partner": world.other_partner.code}
    for _ in range(2):  # asking twice tells it once
        assert (await client.post(path, data=data)).headers["location"] == path
    await world.login(client, world.yosomono)
    return path


async def test_asked_and_accepted(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, posted: Opportunity, invited: str
) -> None:
    [notice] = await told(db)
    assert (notice.account_id, notice.kind, notice.path) == (world.yosomono.id, "partner", invited)
    home = f"/opportunities/{posted.id}"
    assert "合同清掃のおさそい" in (await client.get("/partner/opportunities")).text
    assert "いっしょに主催する" in (await client.get(invited)).text
    assert (await client.get(f"{home}/people")).status_code == 404  # not a host yet
    for _ in range(2):
        answer = await client.post(invited, data={"answer": "accept"})
        assert answer.headers["location"] == home
    row = await one(db)
    assert (row.kind, row.forms, row.sequence) == ("joint", ["cohosting"], 1)
    page = (await client.get(home)).text
    assert world.other_partner.name in page and "主催者のメニュー" in page and "共催" in page
    assert "見本はなこ" in (await client.get(f"{home}/people")).text
    # moving the day and calling off stay with the first host
    for what in ("edit", "cancel", "weather", "slots"):
        assert (await client.get(f"{home}/{what}")).status_code == 404, what
        assert f'href="{home}/{what}"' not in page
    assert "いっしょに主催" in (await client.get("/partner/opportunities")).text
    assert await acts(db) == ["opportunity.invite", "opportunity.cohost"]
    assert {n.account_id for n in await told(db)} >= {world.kenji.id, world.toyo.id}


async def test_asked_and_declined(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, posted: Opportunity, invited: str
) -> None:
    answer = await client.post(invited, data={"answer": "decline"})
    assert answer.headers["location"] == "/partner/opportunities"
    assert (await one(db)).kind == "cleanup"
    assert (await client.get(f"/opportunities/{posted.id}/people")).status_code == 404
    await world.login(client, world.kenji)
    assert "お断り" in (await client.get(invited)).text
    again = {"verb": "invite", "partner": world.other_partner.name}  # by name, once more
    assert (await client.post(invited, data=again)).status_code == 303
    assert "返事を待っています" in (await client.get(invited)).text


async def test_an_invitation_is_taken_back(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, invited: str
) -> None:
    await world.login(client, world.kenji)
    data = {"verb": "take_back", "value": str(world.other_partner.id)}
    for _ in range(2):
        assert (await client.post(invited, data=data)).status_code == 303
    assert await db.scalar(select(OpportunityHost.partner_id)) is None
    assert (await acts(db)).count("opportunity.uninvite") == 1
    await world.login(client, world.yosomono)
    assert (await client.get(invited)).status_code == 404
    assert (await client.post(invited, data={"answer": "accept"})).status_code == 404


async def test_further_areas_of_all_hosts(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, posted: Opportunity, invited: str
) -> None:
    beach = {"verb": "add_area", "value": world.other_area.code}
    await world.login(client, world.kenji)
    assert (await client.post(invited, data=beach)).status_code == 404  # not a host's yet
    await world.login(client, world.yosomono)
    await client.post(invited, data={"answer": "accept"})
    await world.login(client, world.kenji)
    for code in (world.other_area.code, world.park.code):
        added = await client.post(invited, data={"verb": "add_area", "value": code})
        assert added.status_code == 303
    page = (await client.get(f"/opportunities/{posted.id}")).text
    for area in (world.street, world.park, world.other_area):
        assert f'href="/areas/{area.code}"' in page
    shapes = (await client.get(f"/layers/opportunities?id={posted.id}")).json()["features"]
    assert len(shapes) == 4  # the meeting point and three areas
    gone = {"verb": "remove_area", "value": world.park.code}
    for _ in range(2):
        assert (await client.post(invited, data=gone)).status_code == 303
    assert list(await db.scalars(select(OpportunityArea.area_id))) == [world.other_area.id]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [("", "入力してください"), ("MP-9999", "見つかりません"), ("own", "この活動を出した")],
)
async def test_whom_nobody_can_ask(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, posted: Opportunity,
    wanted: str, message: str,
) -> None:  # fmt: skip
    await world.login(client, world.kenji)
    code = world.partner.code if wanted == "own" else wanted
    data = {"verb": "invite", "partner": code}
    answer = await client.post(f"/opportunities/{posted.id}/hosts", data=data)
    assert answer.status_code == 422 and message in answer.text and code in answer.text
    assert not await told(db)


async def test_a_private_person_is_asked_by_number_and_stays_unnamed(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, posted: Opportunity
) -> None:
    world.other_partner.name_public = False
    await db.commit()
    await world.login(client, world.kenji)
    path = f"/opportunities/{posted.id}/hosts"
    by_name = {"verb": "invite", "partner": world.other_partner.name}
    assert (await client.post(path, data=by_name)).status_code == 422
    by_code = {"verb": "invite", "partner": world.other_partner.code.lower()}
    assert (await client.post(path, data=by_code)).status_code == 303
    await world.login(client, world.yosomono)
    await client.post(path, data={"answer": "accept"})
    client.cookies.clear()
    page = (await client.get(f"/opportunities/{posted.id}")).text
    assert "個人パートナー" in page
    assert world.other_partner.name not in page and world.other_partner.code not in page


async def test_who_may(client: httpx2.AsyncClient, world: World, posted: Opportunity) -> None:
    path = f"/opportunities/{posted.id}/hosts"
    assert (await client.get(path)).headers["location"] == f"/login?next={path}"
    for person, status in ((world.hanako, 403), (world.kanae, 403), (world.yosomono, 404),
                           (world.sato, 200)):  # fmt: skip
        await world.login(client, person)
        assert (await client.get(path)).status_code == status
        if status != 200:
            answer = await client.post(path, data={"answer": "accept", "verb": "invite"})
            assert answer.status_code == status
    assert (await client.get(f"/opportunities/{NOBODY}/hosts")).status_code == 404
    for data in ({"verb": "x"}, {"verb": "take_back", "value": "x"}):
        assert (await client.post(path, data=data)).status_code == 404


async def test_too_late_to_answer(
    client: httpx2.AsyncClient, world: World, posted: Opportunity, invited: str, clock: FixedClock
) -> None:
    clock.now = posted.starts_at
    await world.login(client, world.yosomono)
    assert (await client.post(invited, data={"answer": "accept"})).status_code == 409


async def test_asking_by_number_does_not_tell_a_hidden_name(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, posted: Opportunity
) -> None:
    world.other_partner.name_public = False
    await db.commit()
    await world.login(client, world.kenji)
    path = f"/opportunities/{posted.id}/hosts"
    code, name = world.other_partner.code, world.other_partner.name
    await client.post(path, data={"verb": "invite", "partner": code})
    page = (await client.get(path)).text
    assert code in page and name not in page
    await world.login(client, world.yosomono)
    await client.post(path, data={"answer": "accept"})
    await world.login(client, world.kenji)
    assert name in (await client.get(path)).text  # who hosts together knows each other
