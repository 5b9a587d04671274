"""`/`, `/opportunities`, `/places` and the map layer: the same results, by day, place and kind."""

import datetime as dt
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tests import factories
from tests.conftest import FixedClock
from tests.personas import World

pytestmark = pytest.mark.anyio
JST = dt.timezone(dt.timedelta(hours=9))
PART = {"HX-Request": "true"}
FAR = (141.05, 42.40)  # about 10 km from 母恋駅


def jst(month: int, day: int, hour: int, minute: int = 0) -> dt.datetime:
    return dt.datetime(2026, month, day, hour, minute, tzinfo=JST)


@pytest.fixture
async def week(db: AsyncSession, world: World) -> None:
    """Now is Sunday 14 June, 10:00."""

    async def add(title: str, starts: dt.datetime, **fields: Any) -> None:
        await factories.opportunity(db, world.partner, starts=starts, title=title, **fields)

    await add("きのう", jst(6, 13, 10))
    await add("もう始まった", jst(6, 14, 9, 30))
    await add("きょうの午後", jst(6, 14, 13), children_ok=True, at=(140.9893, 42.3170))
    # 00:30 in Japan is still the day before in UTC
    await add("月曜の真夜中", jst(6, 15, 0, 30), hours=2, at=(140.9950, 42.3200))
    await add("土曜の朝", jst(6, 20, 9), empty_handed_ok=True, hours=3, at=(140.9940, 42.3190))
    await add("つぎの日曜の夕方", jst(6, 21, 17), step_free=True, at=FAR)
    await add("下書き", jst(6, 20, 9), state="draft")
    await add("中止", jst(6, 20, 9), state="cancelled", cancelled_at=jst(6, 1, 9))
    weeding = await factories.opportunity(
        db, world.other_partner, starts=jst(6, 17, 11), title="草取り"
    )
    weeding.works = ["weeding"]
    await db.commit()


def titles(html: str) -> list[str]:
    return re.findall(r'card__title">.*?<a href="[^"]+">([^<]+)</a>', html)


def numbers(html: str) -> dict[str, str]:
    """Number of each card by its id."""
    cards = re.findall(r'data-feature-id="([^"]+)">(.*?)</article>', html, re.S)
    return {id: re.sub(r"<[^>]+>", "", m[1]) for id, card in cards
            if (m := re.search(r'</span>(\d+)<span', card))}  # fmt: skip


async def found(client: httpx2.AsyncClient, query: str) -> list[str]:
    answer = await client.get(f"/opportunities?{query}")
    assert answer.status_code == 200
    return titles(answer.text)


async def test_only_what_is_coming_and_open(client: httpx2.AsyncClient, week: None) -> None:
    assert await found(client, "") == [
        "きょうの午後", "月曜の真夜中", "草取り", "土曜の朝", "つぎの日曜の夕方",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("today=1", ["きょうの午後"]),
        ("weekend=1", ["きょうの午後"]),  # today is Sunday: this weekend is now
        ("today=1&weekend=1", ["きょうの午後"]),
        ("day=2026-06-15", ["月曜の真夜中"]),
        ("weekday=1", ["月曜の真夜中"]),
        ("weekday=7", ["きょうの午後", "つぎの日曜の夕方"]),
        ("band=morning", ["月曜の真夜中", "草取り", "土曜の朝"]),
        ("band=afternoon", ["きょうの午後"]),
        ("band=evening", ["つぎの日曜の夕方"]),
        ("work=weeding", ["草取り"]),
        ("children=1", ["きょうの午後"]),
        ("empty_handed=1", ["土曜の朝"]),
        ("step_free=1", ["つぎの日曜の夕方"]),
        ("short=1&band=morning", ["草取り"]),
        ("children=1&step_free=1", []),
        ("place=母恋駅&radius=500", ["草取り", "きょうの午後", "土曜の朝"]),
        ("place=母恋駅&radius=1000&sort=soon",
         ["きょうの午後", "月曜の真夜中", "草取り", "土曜の朝"]),
        ("place=ぼこいえき&radius=0",
         ["草取り", "きょうの午後", "土曜の朝", "月曜の真夜中", "つぎの日曜の夕方"]),
    ],
)  # fmt: skip
async def test_filters(
    client: httpx2.AsyncClient, week: None, query: str, expected: list[str]
) -> None:
    assert await found(client, query) == expected


@pytest.mark.parametrize("query", ["", "weekday=7", "place=母恋駅&radius=1000", "work=weeding"])
async def test_map_and_list_show_the_same(
    client: httpx2.AsyncClient, week: None, query: str
) -> None:
    page = await client.get(f"/opportunities?{query}")
    asked = re.search(r'data-map-for="opportunities" data-query="([^"]*)"', page.text)
    assert asked
    layer = await client.get("/layers/opportunities?" + asked[1].replace("&amp;", "&"))
    features = [f["properties"] for f in layer.json()["features"]]
    assert {f["id"]: f["label"] for f in features} == numbers(page.text)
    assert all(f["url"] == f"/opportunities/{f['id']}/card" for f in features)


async def test_a_position_is_searched_by_post_and_stays_out_of_every_address(
    client: httpx2.AsyncClient, week: None, capsys: pytest.CaptureFixture[str]
) -> None:
    data = {"lon": "140.98912345", "lat": "42.31698765", "radius": "1000"}
    page = await client.post("/opportunities", data=data)
    assert page.status_code == 200
    assert titles(page.text) == ["草取り", "きょうの午後", "土曜の朝", "月曜の真夜中"]
    assert "母恋駅の近く" in page.text
    assert page.headers["cache-control"] == "no-store"
    for address in re.findall(r'(?:href|action|data-query|hx-get|src)="([^"]*)"', page.text):
        assert "140.9" not in address and "42.31" not in address, address
    assert 'name="lon" value="140.9891"' in page.text  # carried in the form, and no more exact
    asked = re.search(r'data-map-for="opportunities" data-query="([^"]*)"', page.text)
    assert asked
    layer = await client.get("/layers/opportunities?" + asked[1].replace("&amp;", "&"))
    labels = {f["properties"]["id"]: f["properties"]["label"] for f in layer.json()["features"]}
    assert labels == numbers(page.text)
    log = capsys.readouterr()
    assert "140.98" not in log.out + log.err


async def test_a_position_in_an_address_is_not_read(client: httpx2.AsyncClient, week: None) -> None:
    assert len(await found(client, "lon=140.989&lat=42.317&radius=500")) == 5


async def test_filters_by_htmx_are_a_part_with_a_shareable_address(
    client: httpx2.AsyncClient, week: None
) -> None:
    page = await client.get("/opportunities?place=母恋駅&radius=1000&work=&day=", headers=PART)
    assert "<html" not in page.text
    assert 'id="count" role="status" hx-swap-oob' in page.text
    shown = urlsplit(page.headers["hx-replace-url"])
    assert parse_qs(shown.query) == {"place": ["母恋駅"], "radius": ["1000"]}
    private = await client.post(
        "/opportunities", data={"lon": "140.989", "lat": "42.317", "children": "1"}, headers=PART
    )
    assert private.headers["hx-replace-url"] == "/opportunities?children=1"


@pytest.mark.parametrize("position", [("NaN", "42.3"), ("999", "42.3"), ("a", "b")])
async def test_a_bad_position_is_explained(
    client: httpx2.AsyncClient, week: None, position: tuple[str, str]
) -> None:
    data = {"lon": position[0], "lat": position[1]}
    page = await client.post("/opportunities", data=data)
    assert page.status_code == 422
    assert "場所を読み取れませんでした" in page.text
    assert len(titles(page.text)) == 5  # and the list is there all the same


@pytest.mark.parametrize(
    "query",
    ["page=9999999", "day=9999-12-31", "day=0001-01-01", "radius=" + "9" * 300, "work=%00",
     "place=%00", "weekday=99999999999999999999", "band=';--", "when[]=1", "page=%EF%BC%99" * 20],
)  # fmt: skip
async def test_hostile_addresses_are_harmless(
    client: httpx2.AsyncClient, week: None, query: str
) -> None:
    assert (await client.get(f"/opportunities?{query}")).status_code == 200
    assert (await client.get(f"/layers/opportunities?{query}")).status_code == 200
    assert (await client.get(f"/places?{query}")).status_code == 200


@pytest.mark.parametrize(
    ("query", "status"),
    [("bbox=140.9,42.2,141.1,42.4", 200), ("bbox=1,2,3", 422), ("bbox=nan,1,2,3", 422),
     ("bbox=" + "9" * 5000, 422), ("pins=x,y&first=abc", 200), ("id=nonsense", 200),
     ("pins=" + ",".join(["01a209b4-dfb3-7a58-93e0-942f669bb84f"] * 500), 200)],
)  # fmt: skip
async def test_the_layer_bears_anything(
    client: httpx2.AsyncClient, week: None, query: str, status: int
) -> None:
    answer = await client.get(f"/layers/opportunities?{query}")
    assert answer.status_code == status
    if status == 200:
        assert isinstance(answer.json()["features"], list)


async def test_the_layer_by_box_and_with_an_etag(client: httpx2.AsyncClient, week: None) -> None:
    inside = await client.get("/layers/opportunities?bbox=140.98,42.31,141.0,42.33")
    names = {f["properties"]["name"] for f in inside.json()["features"]}
    assert "つぎの日曜の夕方" not in names and "きょうの午後" in names
    again = await client.get(
        "/layers/opportunities?bbox=140.98,42.31,141.0,42.33",
        headers={"If-None-Match": inside.headers["etag"]},
    )
    assert again.status_code == 304


async def test_pages_of_twenty(client: httpx2.AsyncClient, db: AsyncSession, world: World) -> None:
    for n in range(45):  # all at one place: only a stable order keeps the pages apart
        await factories.opportunity(
            db, world.partner, starts=jst(7, 1 + n % 28, 9 + n % 5), title=f"活動{n}"
        )
    await db.commit()
    seen: list[str] = []
    for page in (1, 2, 3):
        answer = await client.get(f"/opportunities?place=母恋駅&page={page}")
        seen += titles(answer.text)
        assert f"{len(seen)}件目" in answer.text
        assert ('rel="next"' in answer.text) == (page < 3)
    assert len(seen) == len(set(seen)) == 45
    beyond = await client.get("/opportunities?place=母恋駅&page=4")
    assert "ここから先に活動はありません" in beyond.text
    by_post = await client.post(
        "/opportunities", data={"lon": "140.989", "lat": "42.317", "page": "2"}
    )
    assert len(titles(by_post.text)) == 20
    assert 'form="search" name="page" value="3"' in by_post.text


async def test_a_card_says_what_matters(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    private = await factories.partner(db, "見本たろう", subject="citizen", public=False)
    one = await factories.opportunity(
        db, private, starts=jst(6, 20, 9), capacity=10, bring="軍手", title="<script>x</script>"
    )
    await factories.signup(db, one, world.hanako, people=3)
    await db.commit()
    page = (await client.get("/opportunities?place=母恋駅")).text
    for words in ("6月20日(土)", "9:00–10:00", "約10m", "1時間", "個人パートナー", "持ち物 軍手",
                  "のこり7人", "参加する"):  # fmt: skip
        assert words in page, words
    assert "見本たろう" not in page and private.code not in page
    assert "<script>x" not in page and "&lt;script&gt;x" in page
    await world.login(client, world.hanako)
    assert "申込み済み" in (await client.get("/opportunities")).text


async def test_nothing_found_gives_a_way_out(
    client: httpx2.AsyncClient, world: World, clock: FixedClock
) -> None:
    page = (await client.get("/opportunities?place=母恋駅&radius=500&weekday=3")).text
    assert "この条件の活動はまだありません" in page
    assert "1kmまで広げて見る" in page and "条件をはずして全部見る" in page
    clock.now = jst(1, 20, 10)
    assert "いまは冬のお休みです" in (await client.get("/opportunities")).text
    assert "いまは冬のお休みです" in (await client.get("/")).text


async def test_queries_are_few(
    client: httpx2.AsyncClient, week: None, world: World, count_queries: Callable[[], Any]
) -> None:
    await world.login(client, world.hanako)
    for path, most in (("/", 4), ("/opportunities", 3), ("/opportunities?place=母恋駅", 3),
                       ("/layers/opportunities", 3), ("/places?q=むろらん", 2)):  # fmt: skip
        with count_queries() as seen:
            assert (await client.get(path)).status_code == 200
        assert len(seen) <= most, (path, seen.statements)


# --- places ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["母恋駅", "ぼこいえき", "ボコイエキ"])
async def test_a_clear_name_leads_straight_to_the_list(
    client: httpx2.AsyncClient, world: World, name: str
) -> None:
    answer = await client.get("/places", params={"q": name, "children": "1"})
    assert answer.status_code == 303
    asked = parse_qs(urlsplit(answer.headers["location"]).query)
    assert asked["place"] == ["母恋駅"] and asked["children"] == ["1"]
    assert (await client.get(answer.headers["location"])).status_code == 200


async def test_suggestions_while_typing_are_links(client: httpx2.AsyncClient, world: World) -> None:
    part = await client.get("/places", params={"q": "ぼ"}, headers=PART)
    assert "<html" not in part.text
    assert re.search(r'<a class="row" href="/opportunities\?place=[^"]+">', part.text)
    page = await client.get("/places", params={"q": "むろらん"})
    assert page.status_code == 200 and "候補があります" in page.text


async def test_an_unknown_name_is_answered_with_advice(
    client: httpx2.AsyncClient, world: World
) -> None:
    hostile = "'; DROP TABLE areas; <script>"
    moved = await client.get("/opportunities", params={"place": hostile})
    assert moved.status_code == 303 and moved.headers["location"].startswith("/places?q=")
    page = await client.get(moved.headers["location"])
    assert "見つかりませんでした" in page.text
    assert "<script>" not in page.text.split("<main")[1]
    assert (await client.post("/places", data={"q": "ない町"})).status_code == 200


# --- the first page -------------------------------------------------------------------------------


async def test_home_for_everybody_and_for_each(
    client: httpx2.AsyncClient, db: AsyncSession, week: None, world: World
) -> None:
    page = (await client.get("/")).text
    assert len(titles(page)) == 3 and "現在地からさがす" in page
    assert "つぎの予定" not in page and "活動を記録する" not in page
    mine = await factories.opportunity(
        db, world.other_partner, starts=jst(8, 1, 9), title="わたしの活動"
    )
    await factories.signup(db, mine, world.hanako)
    await db.commit()
    await world.login(client, world.hanako)
    page = (await client.get("/")).text
    assert "つぎの予定" in page and titles(page)[0] == "わたしの活動"
    await world.login(client, world.kenji)
    assert "活動を記録する" in (await client.get("/")).text


async def test_the_layer_marks_my_own_and_full_ones(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    full = await factories.opportunity(db, world.partner, starts=jst(7, 1, 9), capacity=1)
    await factories.signup(db, full, world.hanako)
    await db.commit()

    async def state() -> str:
        answer = await client.get("/layers/opportunities")
        return str(json.loads(answer.text)["features"][0]["properties"]["state"])

    assert await state() == "full"
    await world.login(client, world.hanako)
    assert await state() == "joined"
    assert await db.scalar(text("SELECT count(*) FROM audit_events")) == 0
