"""Areas for everybody: list, page, sheet, layers. Names that are not public stay inside."""

import datetime as dt
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import httpx2
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tests import factories
from tests.conftest import START, FixedClock
from tests.personas import World

pytestmark = pytest.mark.anyio
TODAY = START.date()
Count = Callable[[], AbstractContextManager[Any]]
SECRET = "見本ひみつの花子"


async def private_partner(db: AsyncSession, world: World) -> None:
    person = await factories.partner(db, SECRET, subject="citizen", public=False)
    person.introduction = "ひみつの自己紹介"
    await factories.agreement(db, person, [world.street], since=TODAY)
    await factories.cleanup(db, person, world.street, day=TODAY - dt.timedelta(3), people=1)
    await factories.opportunity(
        db, person, starts=START + dt.timedelta(days=2), area_id=world.street.id
    )
    await db.commit()


async def test_list_and_map_show_the_same(client: httpx2.AsyncClient, world: World) -> None:
    page = await client.get("/areas")
    layer = (await client.get("/layers/areas")).json()
    assert page.status_code == 200
    assert "3か所" in page.text
    for area in (world.street, world.park, world.other_area):
        assert area.name in page.text
    assert {f["properties"]["name"] for f in layer["features"]} == {
        world.street.name, world.park.name, world.other_area.name,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("?kind=park", {"見本公園"}),
        ("?q=ぼこい", {"母恋〜輪西 歩道"}),
        ("?q=ボコイ", {"母恋〜輪西 歩道"}),
        ("?q=みつからない", set()),
        ("?kind=nonsense&page=x", {"母恋〜輪西 歩道", "見本公園", "電信浜 海岸"}),
        ("?q=%00%25_'\"<script>", set()),
        ("?page=99999", set()),
        ("?page=-1", {"母恋〜輪西 歩道", "見本公園", "電信浜 海岸"}),
    ],
)
async def test_filters(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, query: str, names: set[str]
) -> None:
    world.street.name_kana = "ぼこい わにし ほどう"  # a file that brought hiragana
    await db.commit()
    page = await client.get("/areas" + query)
    assert page.status_code == 200
    assert {n for n in ("母恋〜輪西 歩道", "見本公園", "電信浜 海岸") if n in page.text} == names
    assert "<script>'" not in page.text


async def test_area_page(client: httpx2.AsyncClient, db: AsyncSession, world: World) -> None:
    await factories.cleanup(db, world.partner, world.street, day=dt.date(2026, 6, 12), people=8)
    await factories.cleanup(db, world.partner, world.street, day=TODAY, state="submitted")
    world.street.safety_notes = "トンネルの中には入らないでください。"
    await factories.opportunity(
        db, world.partner, starts=START + dt.timedelta(days=2), title="夏の前のごみ拾い",
        area_id=world.street.id,
    )  # fmt: skip
    await db.commit()
    page = (await client.get(f"/areas/{world.street.code}")).text
    for words in (
        "母恋〜輪西 歩道", "6月12日に清掃", "8人", "3袋", "見本母恋町会", "夏の前のごみ拾い",
        "トンネルの中", "この場所で活動したい", "室蘭市 地域生活課", "1.2km",
    ):  # fmt: skip
        assert words in page, words
    assert "6月14日に清掃" not in page  # only what is accepted counts


async def test_private_names_never_leave(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    await private_partner(db, world)
    code = (await db.execute(text("SELECT code FROM partners WHERE NOT name_public"))).scalar()
    for path in (
        "/areas", f"/areas/{world.street.code}", f"/areas/{world.street.code}/card",
        f"/layers/area/{world.street.code}", "/layers/areas", f"/partners/{code}",
    ):  # fmt: skip
        answer = await client.get(path)
        assert answer.status_code == 200, path
        assert SECRET not in answer.text, path
        assert "ひみつ" not in answer.text, path
    area = (await client.get(f"/areas/{world.street.code}")).text
    assert "個人パートナー" in area
    assert f"/partners/{code}" not in area
    assert "個人パートナー" in (await client.get(f"/partners/{code}")).text


async def test_partner_page(client: httpx2.AsyncClient, db: AsyncSession, world: World) -> None:
    world.partner.introduction = "月に一度、\n駅前を歩きます。<b>"
    await factories.cleanup(db, world.partner, world.street, day=dt.date(2026, 4, 1), people=8)
    await factories.cleanup(db, world.partner, world.park, day=TODAY, people=5, bags=4)
    await factories.cleanup(db, world.partner, world.park, day=dt.date(2026, 3, 31), people=77)
    await db.commit()
    page = (await client.get(f"/partners/{world.partner.code}")).text
    for words in ("見本母恋町会", "駅前を歩きます。&lt;b&gt;", "<b>2</b> 回", "<b>13</b> 人",
                  "<b>7</b> 袋", "見本公園", "令和8年度"):  # fmt: skip
        assert words in page, words


@pytest.mark.parametrize(
    "path", ["/areas/A-9999", "/areas/x%00", "/areas/A-9999/card", "/layers/area/A-9999",
             "/partners/MP-9999", "/partners/%F0%A0%AE%B7"],
)  # fmt: skip
async def test_unknown_is_404(client: httpx2.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 404


async def test_retired_area_stays_readable_but_leaves_the_map(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    world.park.retired_on = TODAY
    await db.commit()
    assert "使わなくなりました" in (await client.get(f"/areas/{world.park.code}")).text
    assert world.park.name not in (await client.get("/areas")).text
    assert world.park.name not in (await client.get("/layers/areas")).text


async def test_card_is_a_fragment_for_htmx(client: httpx2.AsyncClient, world: World) -> None:
    path = f"/areas/{world.street.code}/card"
    fragment = await client.get(path, headers={"HX-Request": "true"})
    assert fragment.text.lstrip().startswith("<h2")
    assert "<html" in (await client.get(path)).text


async def test_layer_etag_and_bbox(client: httpx2.AsyncClient, world: World) -> None:
    first = await client.get("/layers/areas?bbox=140.96,42.30,140.97,42.32")
    assert [f["properties"]["name"] for f in first.json()["features"]] == [world.other_area.name]
    assert first.headers["content-type"].startswith("application/geo+json")
    again = await client.get(
        "/layers/areas?bbox=140.96,42.30,140.97,42.32",
        headers={"If-None-Match": first.headers["etag"]},
    )
    assert (again.status_code, again.content) == (304, b"")
    away = await client.get("/layers/areas?bbox=0,0,1,1")
    assert away.json() == {"type": "FeatureCollection", "truncated": False, "features": []}


@pytest.mark.parametrize(
    "bbox", ["1,2,3", "a,b,c,d", "nan,1,2,3", "5,5,1,1", "0,0,999,1", "1" * 999]
)
async def test_hostile_bbox_is_refused(client: httpx2.AsyncClient, bbox: str) -> None:
    assert (await client.get("/layers/areas", params={"bbox": bbox})).status_code == 422


async def test_area_layer_has_recent_extents(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    done = await factories.cleanup(db, world.partner, world.street, day=TODAY)
    done.extent = "SRID=4326;LINESTRING(140.989 42.317, 140.99 42.318)"
    old = await factories.cleanup(db, world.partner, world.street, day=dt.date(2024, 6, 1))
    old.extent = done.extent
    await db.commit()
    found = json.loads((await client.get(f"/layers/area/{world.street.code}")).text)
    assert [f["properties"]["state"] for f in found["features"]] == ["context", "context"]
    assert [f["properties"]["name"] for f in found["features"]] == [world.street.name, ""]
    assert "実際にきれいにした所" in (await client.get(f"/areas/{world.street.code}")).text


async def test_query_counts(
    client: httpx2.AsyncClient, world: World, count_queries: Count, clock: FixedClock
) -> None:
    await world.login(client, world.hanako)
    for path in ("/areas", f"/areas/{world.street.code}", f"/partners/{world.partner.code}",
                 "/layers/areas", f"/layers/area/{world.street.code}"):  # fmt: skip
        with count_queries() as seen:
            assert (await client.get(path)).status_code == 200
        assert len(seen) <= 3, (path, seen.statements)
