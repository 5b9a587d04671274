"""The city's list of activities, and activities of the city itself."""

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager

import httpx2
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from tests import factories
from tests.conftest import Counter, FixedClock
from tests.opportunities.kit import CITY_NEW, acts, filled, one, rows
from tests.personas import World

pytestmark = pytest.mark.anyio
LIST = "/staff/opportunities"


@pytest.fixture
async def some(db: AsyncSession, world: World, clock: FixedClock) -> None:
    day = dt.timedelta(days=1)
    make = factories.opportunity
    await make(db, world.partner, starts=clock() + day, title="町会の清掃", min_people=3)
    await make(db, world.partner, starts=clock() + 2 * day, title="団体の下書き", state="draft")
    await make(db, None, starts=clock() + 3 * day, title="市の説明会", kind="briefing")
    await make(db, None, starts=clock() - day, title="おわった清掃")
    await make(db, world.other_partner, starts=clock() + day, title="中止の清掃",
               state="cancelled", cancelled_at=clock())  # fmt: skip
    await db.commit()


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", {"町会の清掃", "市の説明会"}), ("state=draft", {"団体の下書き"}),
        ("state=past", {"おわった清掃"}), ("state=cancelled", {"中止の清掃"}),
        ("state=few", {"町会の清掃"}), ("kind=briefing", {"市の説明会"}),
        ("host=city", {"市の説明会"}), ("host=partner", {"町会の清掃"}),
        ("q=説明", {"市の説明会"}), ("q=％", set()), ("state=x&page=0&kind=y&host=z&page=０",
                                                {"町会の清掃", "市の説明会"}),
        ("page=9", set()),
    ],
)  # fmt: skip
async def test_the_list_and_its_filters(
    client: httpx2.AsyncClient, world: World, some: None, query: str, shown: set[str],
    count_queries: Callable[[], AbstractContextManager[Counter]],
) -> None:  # fmt: skip
    await world.login(client, world.sato)
    with count_queries() as seen:
        page = await client.get(f"{LIST}?{query}")
    assert page.status_code == 200 and len(seen) <= 4
    titles = {"町会の清掃", "団体の下書き", "市の説明会", "おわった清掃", "中止の清掃"}
    assert {title for title in titles if f">{title}</a>" in page.text} == shown


async def test_the_list_is_for_staff(client: httpx2.AsyncClient, world: World) -> None:
    for path in (LIST, CITY_NEW):
        assert (await client.get(path)).headers["location"] == f"/login?next={path}"
        for person in (world.hanako, world.kenji, world.kanae):
            await world.login(client, person)
            assert (await client.get(path)).status_code == 403
        client.cookies.clear()
    await world.login(client, world.kenji)
    assert (await client.post(CITY_NEW, data=filled(world))).status_code == 403


async def test_the_city_calls_for_hands_anywhere(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    await world.login(client, world.sato)
    assert "活動区域の番号" in (await client.get(CITY_NEW)).text
    data = filled(world, area="", kind="briefing", works=[])
    first, second = [await client.post(CITY_NEW, data=data) for _ in range(2)]
    assert first.headers["location"] == second.headers["location"]
    row = await one(db)
    assert (row.partner_id, row.area_id, row.kind, row.created_by) == (
        None, None, "briefing", world.sato.id,
    )  # fmt: skip
    page = (await client.get(first.headers["location"])).text
    assert "主催者のメニュー" in page and world.city.name in page
    assert await acts(db) == ["opportunity.publish"]
    edited = filled(world, area="kept", title="直した説明会", kind="briefing")
    assert (await client.post(f"{first.headers['location']}/edit", data=edited)).status_code == 303
    await world.login(client, world.kenji)
    assert (await client.get(f"{first.headers['location']}/edit")).status_code == 404


async def test_with_the_number_of_an_area(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    await world.login(client, world.sato)
    data = filled(world, area=world.other_area.code.lower(), lon="", lat="")
    assert (await client.post(CITY_NEW, data=data)).status_code == 303
    assert (await one(db)).area_id == world.other_area.id


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"area": "A-9999"}, "この番号の活動区域はありません"),
        ({"area": "", "lon": "", "lat": ""}, "地図で集合場所を選んで"),
        ({"area": "", "title": ""}, "入力してください"),
        ({"area": "", "rhythm": "weekly"}, "いつまでか"),
    ],
)
async def test_invalid_input_is_explained_and_kept(
    client: httpx2.AsyncClient, world: World, db: AsyncSession,
    changes: dict[str, str], message: str,
) -> None:  # fmt: skip
    await world.login(client, world.sato)
    answer = await client.post(CITY_NEW, data=filled(world, description="だいじ", **changes))
    assert answer.status_code == 422 and message in answer.text and "だいじ" in answer.text
    assert not await rows(db)


async def test_the_citys_drafts_and_series(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    await world.login(client, world.sato)
    data = filled(world, area="", save="draft", rhythm="monthly", times="3")
    path = (await client.post(CITY_NEW, data=data)).headers["location"]
    assert path.startswith("/partner/series/") and len(await rows(db)) == 3
    assert "浜のごみ拾い" in (await client.get(f"{LIST}?state=draft")).text
    assert (await client.post(path, data={"verb": "publish"})).status_code == 303
    assert {r.state for r in await rows(db)} == {"published"}
