"""The partner's own pages: what to do next, and the areas as map and table."""

import datetime as dt

import httpx2
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from server.exchange.models import Announcement, AnnouncementRecipient
from tests import factories
from tests.conftest import START, FixedClock
from tests.personas import World

pytestmark = pytest.mark.anyio
TODAY = START.date()


def ago(days: int) -> dt.date:
    return TODAY - dt.timedelta(days=days)


@pytest.mark.parametrize("path", ["/partner", "/partner/areas", "/layers/partner-areas"])
async def test_for_partners_only(client: httpx2.AsyncClient, world: World, path: str):
    assert (await client.get(path)).status_code == 303
    for who in ("hanako", "sato", "kanae"):
        await world.login(client, getattr(world, who))
        assert (await client.get(path)).status_code == 403
    await world.login(client, world.toyo)
    assert (await client.get(path)).status_code == 200
    assert (await client.post(path)).status_code == 405


async def test_the_first_page_says_what_to_do(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, count_queries
):
    await factories.cleanup(db, world.partner, world.street, day=ago(3), people=7, bags=2)
    coming = await factories.opportunity(
        db, world.partner, starts=START + dt.timedelta(days=2), title="夏のごみ拾い", capacity=9
    )
    await factories.signup(db, coming, world.hanako, people=3)
    await factories.opportunity(
        db, world.partner, starts=START - dt.timedelta(days=2), title="終わったごみ拾い"
    )
    await factories.opportunity(
        db, world.other_partner, starts=START + dt.timedelta(days=1), title="よその活動"
    )
    await db.commit()
    await world.login(client, world.kenji)
    with count_queries() as seen:
        page = (await client.get("/partner")).text
    assert "見本けんじさん、こんにちは" in page and "活動を記録する" in page
    assert "3日前に清掃" in page and "まだ記録なし" in page
    assert page.index(world.park.name) < page.index(world.street.name), "the most urgent first"
    assert "夏のごみ拾い" in page and "申込み3人(定員9人)" in page
    assert f"/opportunities/{coming.id}" in page
    assert "終わったごみ拾い" not in page and "よその活動" not in page
    assert "7人" in page and "2袋" in page
    assert "あと" not in page, "the agreement runs for long enough"
    assert len(seen) <= 4, seen.statements


async def test_an_agreement_that_ends_soon_is_told(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, clock: FixedClock
):
    await db.execute(
        text("UPDATE agreements SET period = daterange('2025-06-14', '2026-08-13')"
             " WHERE partner_id = :id"), {"id": world.partner.id}
    )  # fmt: skip
    await db.commit()
    for days, words in (
        (0, "あと59日で終わります"), (59, "あと0日で終わります"),
        (-2, None), (60, "合意の期間ではありません"),
    ):  # fmt: skip
        clock.now = START + dt.timedelta(days=days)
        await world.login(client, world.kenji)
        page = (await client.get("/partner")).text
        assert words in page if words else "日で終わります" not in page


async def test_a_renewed_agreement_is_no_worry(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
):
    await db.execute(
        text("UPDATE agreements SET period = daterange('2025-06-14', '2026-07-01')"
             " WHERE partner_id = :id"), {"id": world.partner.id}
    )  # fmt: skip
    await factories.next_agreement(db, world.partner, dt.date(2026, 7, 1), None)
    await db.commit()
    await world.login(client, world.kenji)
    page = (await client.get("/partner")).text
    assert "日で終わります" not in page and "期限なし" in page


async def test_a_report_handed_back_is_shown_on_top(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
):
    row = await factories.cleanup(db, world.partner, world.street, day=ago(3), state="returned")
    await db.commit()
    await world.login(client, world.kenji)
    page = (await client.get("/partner")).text
    assert "直してほしい記録が1件あります" in page and f"/cleanups/{row.id}" in page


async def test_with_nothing_at_all(client: httpx2.AsyncClient, world: World, db: AsyncSession):
    await db.execute(text("DELETE FROM agreement_areas"))
    await db.commit()
    await world.login(client, world.kenji)
    page = (await client.get("/partner")).text
    for words in ("いま合意のある区域がありません", "予定はまだありません", "記録はまだありません"):
        assert words in page
    assert "いま合意のある区域がありません" in (await client.get("/partner/areas")).text


async def test_areas_as_table(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, count_queries
):
    await factories.cleanup(db, world.partner, world.street, day=ago(1))
    await db.commit()
    await world.login(client, world.kenji)
    with count_queries() as seen:
        page = (await client.get("/partner/areas")).text
    assert "きのう清掃しました" in page and world.street.code in page
    assert "電信浜" not in page
    assert len(seen) <= 3, seen.statements


async def test_the_layer_says_the_same_as_the_list(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, count_queries
):
    for days, area in ((3, world.street), (30, world.park)):
        await factories.cleanup(db, world.partner, area, day=ago(days))
    await db.commit()
    await world.login(client, world.kenji)
    with count_queries() as seen:
        response = await client.get("/layers/partner-areas")
    found = {
        f["properties"]["id"]: (f["properties"]["label"], f["properties"]["state"])
        for f in response.json()["features"]
    }
    assert found == {world.park.code: ("1", "due"), world.street.code: ("2", "fresh")}
    assert len(seen) <= 3, seen.statements


async def test_a_moved_map_keeps_the_numbers(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
):
    await factories.cleanup(db, world.partner, world.street, day=ago(3))
    await db.commit()
    await world.login(client, world.kenji)
    box = "140.985,42.31,141.01,42.33"  # the street only
    response = await client.get(f"/layers/partner-areas?bbox={box}")
    assert [f["properties"]["label"] for f in response.json()["features"]] == ["2"]
    etag = response.headers["etag"]
    again = await client.get(f"/layers/partner-areas?bbox={box}", headers={"If-None-Match": etag})
    assert again.status_code == 304
    assert (await client.get("/layers/partner-areas?bbox=x")).status_code == 422


async def test_unread_news_stand_on_the_first_page(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, count_queries
):
    """The newest two that nobody of the partner has read; read ones and others' are not there."""
    sent = [
        Announcement(title=f"見本のお知らせ{n}", body="見本", sent_at=START - dt.timedelta(days=n))
        for n in (1, 2, 3)
    ]
    elsewhere = Announcement(title="よそへのお知らせ", body="見本", sent_at=START)
    db.add_all([*sent, elsewhere])
    await db.flush()
    to = {one.id: world.partner.id for one in sent} | {elsewhere.id: world.other_partner.id}
    db.add_all(AnnouncementRecipient(announcement_id=id, partner_id=who) for id, who in to.items())
    await db.commit()
    await world.login(client, world.toyo)
    with count_queries() as seen:
        page = (await client.get("/partner")).text
    assert len(seen) <= 4, seen.statements
    assert "見本のお知らせ1" in page and "見本のお知らせ2" in page
    assert "見本のお知らせ3" not in page and "よそへのお知らせ" not in page
    assert (await client.get(f"/announcements/{sent[0].id}")).status_code == 200  # now it is read
    page = (await client.get("/partner")).text
    assert "見本のお知らせ1" not in page and "見本のお知らせ3" in page


async def test_an_end_that_is_near_leads_to_the_agreement(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
):
    until = TODAY + dt.timedelta(days=20)
    await factories.set_period(db, world.partner, TODAY - dt.timedelta(days=100), until)
    await db.commit()
    await world.login(client, world.kenji)
    page = (await client.get("/partner")).text
    assert "あと19日で終わります" in page
    assert 'href="/partner/agreement">市との合意を見る</a>' in page
