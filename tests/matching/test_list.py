"""`/opportunities` and `/` for people with wishes; the staff page that explains a score."""

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.models import AuditEvent
from server.matching.models import Preferences
from server.opportunities.models import OpportunitySlot
from tests import factories
from tests.opportunities.test_list import PART, jst, numbers, titles
from tests.personas import World

pytestmark = pytest.mark.anyio
HOME = "SRID=4326;POINT(140.99138 42.31644)"
FAR = (141.05, 42.40)


@pytest.fixture
async def wishes(db: AsyncSession, world: World) -> Preferences:
    """はなこ lives near 母恋駅 and is free on Sunday mornings."""
    row = Preferences(
        account_id=world.hanako.id, home=HOME, home_label="母恋駅の近く", reach_m=3000,
        free_times=["7-morning"],
    )  # fmt: skip
    db.add(row)
    await db.flush()
    return row


@pytest.fixture
async def week(db: AsyncSession, world: World, wishes: Preferences) -> None:
    """Now is Sunday 14 June, 10:00."""

    async def add(title: str, starts: dt.datetime, **fields: Any) -> Any:
        return await factories.opportunity(db, world.partner, starts=starts, title=title, **fields)

    await add("水曜の朝", jst(6, 17, 9))
    await add("日曜の朝", jst(6, 21, 9), area_id=world.street.id)
    await add("日曜の人手", jst(6, 21, 10), wants_hands=True)
    await add("遠い日曜", jst(6, 21, 9), at=FAR)
    full = await add("満員の日曜", jst(6, 28, 9), capacity=1)
    await factories.signup(db, full, world.kenji)
    course = await add("講習のいる日曜", jst(6, 28, 9))
    db.add(OpportunitySlot(opportunity_id=course.id, label="草刈り機", role="mower", capacity=5,
                           needs_course=True))  # fmt: skip
    without = await factories.partner(db, "見本合意なし")
    await factories.opportunity(db, without, starts=jst(6, 28, 9), title="合意のない日曜")
    await add("締め切った日曜", jst(6, 28, 9), deadline_at=jst(6, 1, 9))
    await db.commit()


async def test_what_suits_comes_first_with_its_reasons(
    client: httpx2.AsyncClient, week: None, world: World
) -> None:
    await world.login(client, world.hanako)
    page = (await client.get("/opportunities")).text
    assert titles(page) == ["日曜の人手", "日曜の朝", "水曜の朝"]
    assert re.search(r"家から約\d+m", page)
    assert "日曜の午前が空いています" in page and "人手が足りません" in page
    cards = re.findall(r"<article.*?</article>", page, re.S)
    for card in cards:
        reasons = re.search(r'<ul class="reasons".*?</ul>', card, re.S)
        assert reasons and 1 <= reasons[0].count("<li>") <= 3
    assert "おすすめしていない活動が3件" in page and "早い順に全部見る" in page
    assert re.search(r'<option value="fit" selected>おすすめ順', page)


async def test_other_orders_can_be_chosen_and_show_all(
    client: httpx2.AsyncClient, week: None, world: World
) -> None:
    await world.login(client, world.hanako)
    part = await client.get("/opportunities?sort=soon", headers=PART)
    assert part.headers["hx-replace-url"] == "/opportunities?sort=soon"
    assert titles(part.text)[0] == "水曜の朝" and {"満員の日曜", "遠い日曜"} <= set(
        titles(part.text)
    )
    assert "家から" not in part.text
    fit = await client.get("/opportunities", headers=PART)
    assert fit.headers["hx-replace-url"] == "/opportunities"


async def test_a_place_is_never_called_home(
    client: httpx2.AsyncClient, week: None, world: World
) -> None:
    named = "/opportunities?place=東室蘭駅&radius=10000"
    await world.login(client, world.hanako)
    page = (await client.get(named)).text
    assert "東室蘭駅から約" in page and "家から" not in page
    data = {"lon": "140.9891", "lat": "42.3170", "radius": "3000"}
    private = (await client.post("/opportunities", data=data)).text
    assert "選んだ場所から約" in private and "家から" not in private
    client.cookies.clear()
    nobody = (await client.get(named + "&sort=fit")).text
    assert "東室蘭駅から約" in nobody and "空いています" not in nobody
    plain = (await client.get(named)).text
    assert 'class="reasons"' not in plain and re.search(r'value="near" selected', plain)


async def test_the_home_is_in_no_address_and_not_in_the_page(
    client: httpx2.AsyncClient, week: None, world: World
) -> None:
    await world.login(client, world.hanako)
    page = await client.get("/opportunities")
    assert "140.99" not in page.text and "42.316" not in page.text
    assert "data-lon" not in page.text and 'name="lon" value="1' not in page.text
    asked = re.search(r'data-map-for="opportunities" data-query="([^"]*)"', page.text)
    assert asked and "140" not in asked[1].split("pins=")[0]
    layer = await client.get("/layers/opportunities?" + asked[1].replace("&amp;", "&"))
    labels = {f["properties"]["id"]: f["properties"]["label"] for f in layer.json()["features"]
              if f["properties"]["label"]}  # fmt: skip
    assert labels == numbers(page.text)


async def test_wishes_decide_what_is_left_out(
    client: httpx2.AsyncClient, db: AsyncSession, week: None, wishes: Preferences, world: World
) -> None:
    await world.login(client, world.hanako)
    wishes.tools = ["mower_course"]
    await db.commit()
    assert "講習のいる日曜" in titles((await client.get("/opportunities")).text)
    wishes.with_children = True  # and no activity takes children
    await db.commit()
    page = (await client.get("/opportunities")).text
    assert titles(page) == [] and "希望を直す" in page and "早い順に全部見る" in page


async def test_without_a_home_there_is_no_distance(
    client: httpx2.AsyncClient, db: AsyncSession, week: None, wishes: Preferences, world: World
) -> None:
    wishes.home = None
    await db.commit()
    await world.login(client, world.hanako)
    page = (await client.get("/opportunities")).text
    assert titles(page) and "遠い日曜" in titles(page) and "家から" not in page


async def test_what_i_have_joined_and_what_overlaps_is_not_recommended(
    client: httpx2.AsyncClient, db: AsyncSession, week: None, world: World
) -> None:
    mine = await factories.opportunity(
        db, world.partner, starts=jst(6, 21, 9, 30), title="わたしの"
    )
    await factories.signup(db, mine, world.hanako)
    later = jst(6, 21, 11)  # begins when the other one is over
    await factories.opportunity(db, world.partner, starts=later, title="日曜の人手に重ならない")
    await db.commit()
    await world.login(client, world.hanako)
    shown = titles((await client.get("/opportunities")).text)
    assert shown == ["日曜の人手に重ならない", "水曜の朝"]


async def test_pages_go_on_without_gaps(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, wishes: Preferences
) -> None:
    for n in range(45):
        await factories.opportunity(
            db, world.partner, starts=jst(7, 1 + n % 28, 9 + n % 5), title=f"活動{n}"
        )
    await db.commit()
    await world.login(client, world.hanako)
    seen: list[str] = []
    for page in (1, 2, 3):
        answer = await client.get(f"/opportunities?page={page}")
        seen += titles(answer.text)
        assert ('rel="next"' in answer.text) == (page < 3)
    assert len(seen) == len(set(seen)) == 45


async def test_the_first_page_recommends_and_statements_are_few(
    client: httpx2.AsyncClient, week: None, world: World, count_queries: Callable[[], Any]
) -> None:
    await world.login(client, world.hanako)
    for path, most in (("/", 4), ("/opportunities", 3), ("/opportunities?place=母恋駅", 3)):
        with count_queries() as seen:
            page = await client.get(path)
        assert page.status_code == 200 and len(seen) <= most, (path, seen.statements)
        assert 'class="reasons"' in page.text
    assert "あなたへのおすすめ" in (await client.get("/")).text


# --- the staff's page -----------------------------------------------------------------------------


async def test_staff_find_a_person_and_see_the_parts(
    client: httpx2.AsyncClient, db: AsyncSession, week: None, world: World
) -> None:
    await world.login(client, world.sato)
    assert (await client.get("/staff/matching")).status_code == 200
    for words in ("HANAKO@", "はなこ"):
        found = (await client.post("/staff/matching", data={"q": words})).text
        assert f"?account={world.hanako.id}" in found and "hanako@example.jp" in found
    assert "hanako" not in (await client.post("/staff/matching", data={"q": "%"})).text
    looked = await db.execute(select(AuditEvent).where(AuditEvent.action == "matching.search"))
    assert [one.detail for one in looked.scalars()] == [{"found": 1}, {"found": 1}, {"found": 0}]
    listed = (await client.get(f"/staff/matching?account={world.hanako.id}")).text
    assert "日曜の人手" in listed and "のこりの人数が足りません" in listed
    links = dict((t, q.replace("&amp;", "&")) for q, t in re.findall(
        r'<th scope="row"><a href="([^"]+)">([^<]+)</a>', listed))  # fmt: skip
    one = (await client.get(links["日曜の人手"])).text
    for words in ("空いている時間", "日曜の午前が空いています", "重みの版", "100点満点"):
        assert words in one, words
    assert "140.99" not in one and "42.316" not in one and "母恋駅の近く" not in one
    blocked = (await client.get(links["講習のいる日曜"])).text
    assert "草刈り機の講習を受けた人だけ" in blocked and "100点満点" not in blocked
    events = await db.execute(select(AuditEvent).where(AuditEvent.action == "matching.explain"))
    seen = list(events.scalars())
    assert len(seen) == 3 and {e.object_id for e in seen} == {str(world.hanako.id)}


@pytest.mark.parametrize(
    "query", ["account=nonsense", "account=00000000-0000-7000-8000-000000000000"]
)
async def test_nobody_is_not_found(client: httpx2.AsyncClient, world: World, query: str) -> None:
    await world.login(client, world.sato)
    assert (await client.get(f"/staff/matching?{query}")).status_code == 404
    there = f"account={world.hanako.id}&opportunity=00000000-0000-7000-8000-000000000000"
    assert (await client.get(f"/staff/matching?{there}")).status_code == 404


async def test_only_staff_may_look(client: httpx2.AsyncClient, world: World) -> None:
    assert (await client.get("/staff/matching")).status_code == 303
    for who in (world.hanako, world.kenji, world.kanae):
        await world.login(client, who)
        assert (await client.get("/staff/matching")).status_code == 403
        assert (await client.post("/staff/matching", data={"q": "a"})).status_code == 403
