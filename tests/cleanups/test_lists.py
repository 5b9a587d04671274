"""The partner's log of a year and the staff's list."""

import httpx2
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tests import factories
from tests.personas import World

pytestmark = pytest.mark.anyio
date = factories.dt.date


async def year_of_log(db: AsyncSession, world: World) -> None:
    street, park = world.street, world.park
    for on, day, people, bags, state in (
        (street, date(2026, 6, 7), 8, 3, "accepted"),
        (park, date(2026, 5, 9), 5, 2, "submitted"),
        (street, date(2026, 4, 1), 4, 0, "accepted"),
        (street, date(2026, 5, 2), 99, 9, "withdrawn"),
        (street, date(2026, 3, 31), 77, 7, "accepted"),  # the 年度 before
    ):
        await factories.cleanup(
            db, world.partner, on, day=day, people=people, bags=bags, state=state
        )
    await factories.cleanup(db, world.other_partner, world.other_area, day=date(2026, 6, 1))
    await db.execute(text("UPDATE cleanups SET minutes = 90 WHERE done_on = '2026-06-07'"))
    await db.commit()


def totals(page: str) -> list[str]:
    return [part.split("</b>")[0] for part in page.split('<span class="stat__value"><b>')[1:]]


async def test_a_year_by_month_with_totals(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, count_queries
):
    await year_of_log(db, world)
    await world.login(client, world.kenji)
    with count_queries() as seen:
        page = await client.get("/partner/cleanups")
    assert totals(page.text) == ["3", "17", "5", "1.5"]
    assert "時間の記入なし 2回" in page.text
    heads = [page.text.index(f"2026年{month}月") for month in (6, 5, 4)]
    assert heads == sorted(heads)
    assert "取消し" in page.text, "a withdrawn report is shown, but not counted"
    assert "電信浜" not in page.text
    assert len(seen) <= 4, seen.statements


async def test_years_and_areas_narrow_list_and_totals_alike(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
):
    await year_of_log(db, world)
    await world.login(client, world.kenji)
    page = await client.get("/partner/cleanups?year=2025")
    assert totals(page.text)[:3] == ["1", "77", "7"]
    page = await client.get(f"/partner/cleanups?area={world.park.code}")
    assert totals(page.text)[:3] == ["1", "5", "2"]


@pytest.mark.parametrize(
    "query", ["year=x", "year=99999", "year=-1", "page=0", "page=99999", "area=%00", "area=A-9999"]
)
async def test_odd_addresses_are_no_error(client: httpx2.AsyncClient, world: World, query: str):
    await world.login(client, world.kenji)
    assert (await client.get(f"/partner/cleanups?{query}")).status_code == 200
    await world.login(client, world.sato)
    assert (await client.get(f"/staff/cleanups?{query}&state=%00")).status_code == 200


async def test_an_empty_log_invites(client: httpx2.AsyncClient, world: World):
    await world.login(client, world.kenji)
    page = await client.get("/partner/cleanups")
    assert "この条件の記録はまだありません" in page.text


async def test_htmx_gets_the_results_only(client: httpx2.AsyncClient, world: World):
    await world.login(client, world.kenji)
    part = await client.get("/partner/cleanups", headers={"HX-Request": "true"})
    assert "<html" not in part.text and "延べ人数" in part.text


async def test_staff_see_all_newest_first(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, count_queries
):
    await year_of_log(db, world)
    await world.login(client, world.sato)
    with count_queries() as seen:
        page = await client.get("/staff/cleanups")
    assert "layout-staff" in page.text
    assert page.text.index("2026年6月7日") < page.text.index("2026年6月1日")
    assert "見本みなと工業" in page.text
    assert len(seen) <= 4, seen.statements


async def test_staff_filters(client: httpx2.AsyncClient, world: World, db: AsyncSession):
    await year_of_log(db, world)
    await world.login(client, world.sato)

    async def days(**query: str) -> int:
        page = await client.get("/staff/cleanups", params=query)
        return page.text.count('<th scope="row"')

    assert await days() == 6
    assert await days(state="submitted") == 1
    assert await days(partner="みなと") == 1
    assert await days(partner=world.partner.code.lower()) == 5
    assert await days(partner="ミホンボコイ") == 5
    assert await days(area=world.park.code) == 1
    assert await days(area="公園") == 1
    assert await days(year="2025") == 1
    assert await days(partner="100%") == 0
    assert await days(partner="_") == 0


async def test_counts_stand_beside_every_state(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
):
    await year_of_log(db, world)
    await world.login(client, world.sato)
    page = (await client.get("/staff/cleanups?state=submitted")).text
    for words, n in (("確認済み", 4), ("提出済み(確認待ち)", 1), ("取消し", 1), ("すべて", 6)):
        assert f'{words}<span class="muted">{n}</span>' in page, words


async def test_long_lists_have_pages(client: httpx2.AsyncClient, world: World, db: AsyncSession):
    for n in range(51):
        day = date(2026, 4, 1) + factories.dt.timedelta(days=n)
        await factories.cleanup(db, world.partner, world.street, day=day, bags=0)
    await db.commit()
    await world.login(client, world.sato)
    first = (await client.get("/staff/cleanups?partner=母恋")).text
    assert first.count('<th scope="row"') == 50 and "前の報告" in first
    assert "page=2" in first and "%E6%AF%8D%E6%81%8B" in first
    assert (await client.get("/staff/cleanups?page=2")).text.count('<th scope="row"') == 1
    await world.login(client, world.kenji)
    own = (await client.get("/partner/cleanups?page=2")).text
    assert own.count("log-row__day") == 1 and totals(own)[0] == "51"


@pytest.mark.parametrize(
    ("path", "allowed"), [("/partner/cleanups", "kenji"), ("/staff/cleanups", "sato")]
)
async def test_who_may_see_lists(client: httpx2.AsyncClient, world: World, path: str, allowed: str):
    assert (await client.get(path)).status_code == 303
    for who in ("hanako", "kenji", "sato", "kanae"):
        await world.login(client, getattr(world, who))
        expected = 200 if who == allowed else 403
        assert (await client.get(path)).status_code == expected, who
    assert (await client.post(path)).status_code == 405
