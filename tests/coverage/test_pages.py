"""The coverage page: who may, what it shows over time, links that share, the file."""

import csv
import datetime as dt
import io
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import httpx2
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from server.coverage.files import plain_cell
from tests import factories
from tests.conftest import JST, START, FixedClock
from tests.personas import World

pytestmark = pytest.mark.anyio
TODAY = START.date()
Count = Callable[[], AbstractContextManager[Any]]
HTMX = {"HX-Request": "true"}


def row_of(page: str, name: str) -> str:
    """The table row of an area, as HTML."""
    rows = re.findall(r"<tr data-feature-id.*?</tr>", page, re.S)
    return next(row for row in rows if name in row)


@pytest.mark.parametrize("path", ["/staff/coverage", "/layers/coverage"])
async def test_who_may(client: httpx2.AsyncClient, world: World, path: str) -> None:
    assert (await client.get(path)).status_code == 303
    for somebody in (world.hanako, world.kenji, world.kanae):
        await world.login(client, somebody)
        assert (await client.get(path)).status_code == 403
    for somebody in (world.sato, world.kanri):
        await world.login(client, somebody)
        assert (await client.get(path)).status_code == 200
    assert (await client.post(path)).status_code == 405


async def test_time_alone_turns_it_overdue(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, clock: FixedClock
) -> None:
    await factories.cleanup(db, world.partner, world.street, day=TODAY)
    await db.commit()
    await world.login(client, world.sato)

    async def state(days: int) -> str:
        clock.now = START + dt.timedelta(days=days)
        await world.login(client, world.sato)
        page = (await client.get("/staff/coverage")).text
        layer = (await client.get("/layers/coverage")).json()
        drawn = {f["properties"]["name"]: f["properties"]["state"] for f in layer["features"]}
        found = re.search(r"map-state-(\w+)", row_of(page, world.street.name))
        assert found
        assert found[1] == drawn[world.street.name]
        return found[1]

    assert await state(0) == "fresh"
    assert await state(14) == "fresh"
    assert await state(15) == "due"
    assert await state(45) == "due"
    assert await state(46) == "overdue"


async def test_the_day_is_the_citys_day(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, clock: FixedClock
) -> None:
    await factories.cleanup(db, world.partner, world.street, day=dt.date(2026, 6, 15))
    await db.commit()
    await world.login(client, world.sato)
    clock.now = dt.datetime(2026, 6, 14, 23, 59, tzinfo=JST)
    assert "記録なし" in row_of((await client.get("/staff/coverage")).text, world.street.name)
    clock.now = dt.datetime(2026, 6, 15, 0, 1, tzinfo=JST)  # still the 14th in UTC
    page = (await client.get("/staff/coverage")).text
    assert "map-state-fresh" in row_of(page, world.street.name)
    assert "2026年6月15日(月)現在" in page


async def test_winter_shows_the_seasons_end_and_says_so(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, clock: FixedClock
) -> None:
    await factories.cleanup(db, world.partner, world.street, day=dt.date(2026, 11, 20))
    await db.commit()
    for day, paused in ((dt.datetime(2026, 11, 30, 12, tzinfo=JST), False),
                        (dt.datetime(2027, 2, 10, 12, tzinfo=JST), True)):  # fmt: skip
        clock.now = day
        await world.login(client, world.sato)
        page = (await client.get("/staff/coverage")).text
        said = "冬期(12月1日〜3月31日)は数えません。11月30日時点の状態です。" in page
        assert said is paused
        assert "map-state-fresh" in row_of(page, world.street.name)
        assert "10日" in row_of(page, world.street.name)


async def test_page_and_fragment(client: httpx2.AsyncClient, world: World) -> None:
    await world.login(client, world.sato)
    page = await client.get("/staff/coverage?kind=park&q=&state=&year=2026&sort=-state")
    part = await client.get("/staff/coverage?kind=park&q=&state=&year=2026", headers=HTMX)
    assert "<html" in page.text
    assert "<html" not in part.text
    assert part.headers["hx-push-url"] == "/staff/coverage?kind=park"
    assert 'data-query="kind=park"' in part.text
    assert world.park.name in part.text
    assert world.street.name not in part.text
    assert f'href="/areas/{world.park.code}"' in part.text
    assert f'href="/partners/{world.partner.code}"' in part.text


@pytest.mark.parametrize(
    "query",
    [
        "kind=x&manager=y&state=z&year=abc&sort=drop&page=-1",
        "year=99999999999999999999&page=99999999999999999999",
        "year=2004", "year=1", "page=٣", "sort=--state", "sort=-",
        "q=%00&section=%00&partner=%00", "q=%25%25%27%22%3Cscript%3E", "q=" + "あ" * 5000,
        "partner=MP-9999", "state=dormant", "section=';--", "kind=park&kind=river",
    ],
)  # fmt: skip
async def test_hostile_filters(client: httpx2.AsyncClient, world: World, query: str) -> None:
    await world.login(client, world.sato)
    for path in ("/staff/coverage", "/layers/coverage"):
        answer = await client.get(f"{path}?{query}")
        assert answer.status_code == 200, (path, query)
        assert "<script>" not in answer.text.replace('<script src="', "")


async def test_empty_is_designed(client: httpx2.AsyncClient, world: World) -> None:
    await world.login(client, world.sato)
    page = (await client.get("/staff/coverage?q=どこにもない")).text
    assert "この条件の区域はありません" in page


async def test_file(client: httpx2.AsyncClient, db: AsyncSession, world: World) -> None:
    world.street.section = "=HYPERLINK(1)"
    world.street.name = '引用"符,と読点'
    await factories.cleanup(db, world.partner, world.street, day=dt.date(2026, 6, 12), people=8)
    await db.commit()
    await world.login(client, world.sato)
    answer = await client.get("/staff/coverage?format=csv&kind=city_road")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert b"\r\n" in answer.content
    lines = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert len(lines) == 2
    row = dict(zip(*lines, strict=True))
    assert row["区域"] == '引用"符,と読点'
    assert row["担当課"] == "'=HYPERLINK(1)"
    assert (row["最後の清掃"], row["経過日数(活動期間)"]) == ("2026-06-12", "2")
    assert (row["年度の回数"], row["年度の延べ人数"], row["担い手"]) == ("1", "8", "見本母恋町会")


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\t=1", " =1", "＝1"])
def test_formulas_are_defused(cell: str) -> None:
    assert plain_cell(cell) == f"'{cell}"
    assert plain_cell("A-0001 通り") == "A-0001 通り"


async def test_query_counts(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, count_queries: Count
) -> None:
    await world.login(client, world.sato)
    counts = []
    for _ in range(2):
        with count_queries() as seen:
            assert (await client.get("/staff/coverage")).status_code == 200
        counts.append(len(seen))
        for n in range(20):  # more rows, not more statements
            area = await factories.area(db, f"区域{n}")
            await factories.agreement(db, world.partner, [area], since=TODAY)
        await db.commit()
    assert max(counts) <= 4
    with count_queries() as seen:
        assert (await client.get("/layers/coverage")).status_code == 200
    assert len(seen) <= 2
