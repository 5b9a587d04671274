"""Posting an activity, changing it, calling it off, and seeing who comes."""

import datetime as dt
import re

import httpx2
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from server.opportunities.models import Opportunity
from tests import factories
from tests.conftest import FixedClock
from tests.opportunities.kit import NEW, NOBODY, acts, filled, one, told
from tests.personas import World

pytestmark = pytest.mark.anyio


@pytest.fixture
async def posted(db: AsyncSession, world: World, clock: FixedClock) -> Opportunity:
    row = await factories.opportunity(
        db, world.partner, starts=clock() + dt.timedelta(days=6), area_id=world.street.id
    )
    await factories.signup(db, row, world.hanako, people=3)
    await factories.signup(db, row, world.toyo, people=2)
    await db.commit()
    return row


async def test_it_works_and_a_double_send_makes_one(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    await world.login(client, world.kenji)
    data = filled(world)
    first, second = [await client.post(NEW, data=data) for _ in range(2)]
    assert first.status_code == second.status_code == 303
    assert first.headers["location"] == second.headers["location"] == f"/opportunities/{data['id']}"
    row = await one(db)
    assert (row.title, row.capacity, row.works, row.partner_id, row.created_by) == (
        "浜のごみ拾い", 12, ["litter", "patrol"], world.partner.id, world.kenji.id,
    )  # fmt: skip
    assert row.starts_at == dt.datetime(2026, 6, 20, 0, 0, tzinfo=dt.UTC)  # 9:00 in Japan
    assert (row.children_ok, row.step_free, row.state) == (True, False, "published")
    where = await db.scalar(select(func.ST_AsText(Opportunity.meeting_point)))
    assert where == "POINT(140.97 42.311)"
    assert await acts(db) == ["opportunity.publish"]
    page = (await client.get(first.headers["location"])).text
    assert "公開しました" in page and "主催者のメニュー" in page


async def test_the_last_one_is_the_first_guess(
    client: httpx2.AsyncClient, world: World, posted: Opportunity
) -> None:
    await world.login(client, world.kenji)
    page = (await client.get(NEW)).text
    assert 'value="春のごみ拾い"' in page and 'name="lon" type="hidden" value="140.98900"' in page
    assert not re.search(r'name="day"[^>]*value="2026', page)
    ids = {re.search(r'name="id" type="hidden" value="([^"]+)"', (await client.get(NEW)).text)[1]  # type: ignore[index]
           for _ in range(2)}  # fmt: skip
    assert len(ids) == 2
    # another area brings its own beginning; with HTMX only that part
    key = f"{world.park.id}.{world.partner.id}"
    part = await client.get(NEW, params={"area": key}, headers={"HX-Request": "true"})
    assert "<html" not in part.text and 'name="lon" type="hidden" value="140.97' in part.text


async def test_without_a_point_people_meet_where_the_area_begins(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    await world.login(client, world.kenji)
    assert (await client.post(NEW, data=filled(world, lon="", lat=""))).status_code == 303
    where = await db.scalar(select(func.ST_AsText(Opportunity.meeting_point)))
    assert where == "POINT(140.989 42.317)"


async def test_a_point_of_the_area_chosen_before_is_not_taken_over(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    await world.login(client, world.kenji)
    before = f"{world.park.id}.{world.partner.id}"
    data = filled(world, lon="140.972", lat="42.3228", point_area=before)
    assert (await client.post(NEW, data=data)).status_code == 303
    where = await db.scalar(select(func.ST_AsText(Opportunity.meeting_point)))
    assert where == "POINT(140.989 42.317)"


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("title", " ", "入力してください"), ("title", "あ" * 81, "error-summary"),
        ("day", "2026-06-13", "これからの日時"), ("day", "2026-02-30", "error-summary"),
        ("day", "", "日付を入れてください"), ("day", "9999-12-31", "2年より先"),
        ("day", "0001-01-01", "error-summary"), ("starts", "25:00", "error-summary"),
        ("ends", "8:00", "始まりより後"), ("ends", "23:00", "12時間まで"),
        ("capacity", "0", "1人から2000人"), ("capacity", "9" * 40, "1人から2000人"),
        ("works", "x", "error-summary"), ("works", "", "error-summary"),
        ("area", "", "選んでください"), ("area", f"{NOBODY}.{NOBODY}", "error-summary"),
        ("lon", "NaN", "位置を読み取れません"), ("lon", "500", "位置を読み取れません"),
        ("lon", "139.70", "市の外"), ("meeting_place", "", "入力してください"),
    ],
)  # fmt: skip
async def test_invalid_input_is_explained_and_kept(
    client: httpx2.AsyncClient, world: World, db: AsyncSession,
    field: str, value: str, message: str,
) -> None:  # fmt: skip
    await world.login(client, world.kenji)
    data = filled(world, description="だいじな説明", **{field: value})
    if field == "ends" and value == "23:00":
        data["starts"] = "8:00"
    answer = await client.post(NEW, data=data)
    assert answer.status_code == 422
    assert message in answer.text and "error-summary" in answer.text
    assert "だいじな説明" in answer.text
    assert not await db.scalar(select(func.count()).select_from(Opportunity))


async def test_hostile_text_is_only_text(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    await world.login(client, world.kenji)
    hostile = "<script>alert(1)</script>{{7*7}}'; DROP TABLE x\x00"
    data = filled(world, title=hostile, description=hostile, bring=hostile, meeting_place=hostile)
    answer = await client.post(NEW, data=data)
    assert answer.status_code == 303
    row = await one(db)
    assert row.title == hostile.replace("\x00", "\ufffd")
    for path in (answer.headers["location"], "/opportunities", "/partner/opportunities", "/",
                 f"{answer.headers['location']}/edit"):  # fmt: skip
        page = (await client.get(path)).text
        assert "<script>alert" not in page and "{{7*7}}" in page, path


async def test_the_tables_of_others_cannot_be_used(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, posted: Opportunity
) -> None:
    await world.login(client, world.yosomono)
    stolen = filled(world, id=str(posted.id))
    assert (await client.post(NEW, data=stolen)).status_code == 422  # the area is not on offer
    own = f"{world.other_area.id}.{world.other_partner.id}"
    again = await client.post(NEW, data=filled(world, id=str(posted.id), area=own))
    assert again.status_code == 409
    assert (await one(db)).title == "春のごみ拾い"


@pytest.mark.parametrize("what", ["edit", "cancel", "people"])
async def test_who_may(
    client: httpx2.AsyncClient, world: World, posted: Opportunity, what: str
) -> None:
    path = f"/opportunities/{posted.id}/{what}"
    assert (await client.get(path)).headers["location"] == f"/login?next={path}"
    for person, status in ((world.hanako, 403), (world.kanae, 403), (world.yosomono, 404),
                           (world.kenji, 200), (world.toyo, 200), (world.sato, 200)):  # fmt: skip
        await world.login(client, person)
        assert (await client.get(path)).status_code == status, person.display_name
        if what != "people" and status != 200:
            assert (await client.post(path, data=filled(world))).status_code == status
    assert (await client.get(f"/opportunities/{NOBODY}/{what}")).status_code == 404
    assert (await client.post(f"/opportunities/{posted.id}/people")).status_code == 405


async def test_posting_is_for_partners(client: httpx2.AsyncClient, world: World) -> None:
    for path in (NEW, "/partner/opportunities"):
        assert (await client.get(path)).headers["location"] == f"/login?next={path}"
    await world.login(client, world.hanako)
    assert (await client.post(NEW, data=filled(world))).status_code == 403


async def test_names_and_numbers_but_no_addresses(
    client: httpx2.AsyncClient, world: World, posted: Opportunity
) -> None:
    await world.login(client, world.kenji)
    page = (await client.get(f"/opportunities/{posted.id}/people")).text
    assert "見本はなこ" in page and "2組・5人" in page
    assert "@example.jp" not in page


async def test_changing_tells_people_when_the_time_is_another(
    client: httpx2.AsyncClient, world: World, posted: Opportunity, db: AsyncSession
) -> None:
    await world.login(client, world.kenji)
    path = f"/opportunities/{posted.id}/edit"
    page = (await client.get(path)).text
    assert 'value="2026-06-20"' in page
    same_time = filled(world, day="2026-06-20", starts="10:00", ends="11:00", title="新しい名前",
                       meeting_place="母恋駅前", lon="140.989", lat="42.3169")  # fmt: skip
    assert (await client.post(path, data=same_time)).status_code == 303
    row = await one(db)
    assert (row.title, row.sequence) == ("新しい名前", 1)
    assert not await told(db)
    assert (await client.post(path, data=same_time)).status_code == 303  # nothing changed
    assert (await one(db)).sequence == 1
    later = {**same_time, "starts": "13:00", "ends": "14:00"}
    assert (await client.post(path, data=later)).status_code == 303
    notices = await told(db)
    assert {n.account_id for n in notices} == {world.hanako.id, world.toyo.id}
    assert "【変更】" in notices[0].subject and "13:00–14:00" in notices[0].body
    assert {(n.kind, n.path) for n in notices} == {("signup", f"/opportunities/{posted.id}")}
    assert await acts(db) == ["opportunity.change"] * 2


async def test_capacity_never_below_the_people(
    client: httpx2.AsyncClient, world: World, posted: Opportunity, db: AsyncSession
) -> None:
    await world.login(client, world.kenji)
    answer = await client.post(f"/opportunities/{posted.id}/edit", data=filled(world, capacity="4"))
    assert answer.status_code == 422 and "すでに5人の申込みがあります" in answer.text
    assert (await one(db)).capacity == 10


async def test_calling_off_tells_everybody_once(
    client: httpx2.AsyncClient, world: World, posted: Opportunity, db: AsyncSession
) -> None:
    await world.login(client, world.sato)  # staff may, for any
    path = f"/opportunities/{posted.id}/cancel"
    assert "申し込んだ5人に" in (await client.get(path)).text
    assert (await client.post(path, data={"reason": " "})).status_code == 422
    for _ in range(2):
        answer = await client.post(path, data={"reason": "大雨の予報のため"})
        assert answer.headers["location"] == f"/opportunities/{posted.id}"
    row = await one(db)
    assert (row.state, row.cancel_reason, row.sequence) == ("cancelled", "大雨の予報のため", 1)
    notices = await told(db)
    assert len(notices) == 2  # はなこ and とよさん, once each
    assert all("大雨の予報のため" in n.body and "【中止】" in n.subject for n in notices)
    assert await acts(db) == ["opportunity.cancel"]
    edit = await client.post(f"/opportunities/{posted.id}/edit", data=filled(world))
    assert edit.status_code == 409


async def test_what_is_over_stays_as_it_was(
    client: httpx2.AsyncClient, world: World, posted: Opportunity, db: AsyncSession,
    clock: FixedClock,
) -> None:  # fmt: skip
    clock.now += dt.timedelta(days=6)
    await world.login(client, world.kenji)
    base = f"/opportunities/{posted.id}"
    data = filled(world, day="2026-07-20")
    assert (await client.post(f"{base}/edit", data=data)).status_code == 409
    assert (await client.post(f"{base}/cancel", data={"reason": "x"})).status_code == 409
    assert (await one(db)).state == "published"
    assert posted.title in (await client.get("/partner/opportunities")).text


async def test_staff_edit_keeps_an_area_that_is_no_longer_under_agreement(
    client: httpx2.AsyncClient, world: World, posted: Opportunity, db: AsyncSession
) -> None:
    await db.execute(
        text("UPDATE agreement_areas SET period = daterange('2020-01-01','2021-01-01')")
    )
    await db.commit()
    await world.login(client, world.kenji)
    assert "募集を出せる活動区域がありません" in (await client.get(NEW)).text
    await world.login(client, world.sato)
    path = f"/opportunities/{posted.id}/edit"
    assert '<option selected value="kept">' in (await client.get(path)).text
    data = filled(world, area="kept", title="直した")
    assert (await client.post(path, data=data)).status_code == 303
    row = await one(db)
    assert (row.title, row.area_id) == ("直した", world.street.id)


async def test_two_people_edit_one_activity(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, clock: FixedClock
) -> None:
    posted = await factories.opportunity(db, world.partner, starts=clock.now + dt.timedelta(days=9))
    await db.commit()
    await world.login(client, world.kenji)
    path = f"/opportunities/{posted.id}/edit"
    first = await client.post(path, data=filled(world, sequence="0", title="先に直した名前"))
    assert first.status_code == 303
    second = await client.post(path, data=filled(world, sequence="0", title="後から直した名前"))
    assert second.status_code == 409
    assert "ほかの人が先に直しました" in second.text
    assert "後から直した名前" in second.text  # nothing typed is lost
    again = await client.post(path, data=filled(world, sequence="1", title="後から直した名前"))
    assert again.status_code == 303
