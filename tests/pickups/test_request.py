"""Asking for a pick-up, correcting it, taking it back."""

import datetime as dt
import uuid
from decimal import Decimal

import httpx2
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.models import AuditEvent
from server.files.models import StoredFile
from server.pickups.models import CollectionDay, Pickup, PickupContent
from server.workflow.models import StateChange
from tests import factories
from tests.conftest import JST, FixedClock
from tests.personas import World
from tests.pickups.kit import DAY, NEW, jpeg, pickup, sent

pytestmark = pytest.mark.anyio


async def one(db: AsyncSession) -> Pickup:
    rows = await db.scalars(select(Pickup).execution_options(populate_existing=True))
    return rows.one()


async def number(db: AsyncSession, table: type) -> int:
    return await db.scalar(select(func.count()).select_from(table)) or 0


async def test_it_works_and_a_double_send_makes_one(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    await world.login(client, world.kenji)
    data = sent(world, **{"litter-1-class": "grass", "litter-1-quantity": "2.5",
                          "litter-1-unit": "m3"})  # fmt: skip
    answers = [await client.post(NEW, data=data) for _ in range(2)]
    assert [a.status_code for a in answers] == [303, 303]
    path = f"/partner/pickups/{data['id']}"
    assert {a.headers["location"] for a in answers} == {path}
    row = await one(db)
    assert (row.code[:2], row.state, row.partner_id, row.manager, row.section) == (
        "K-", "requested", world.partner.id, "city", "環境課",
    )  # fmt: skip
    assert (row.wished_on, row.covered, row.private_land) == (DAY(2026, 6, 18), True, False)
    assert await db.scalar(select(func.ST_AsText(Pickup.point))) == "POINT(140.99 42.318)"
    contents = {
        (c.litter_class, c.unit): c.quantity for c in await db.scalars(select(PickupContent))
    }
    assert contents == {("burnable", "bag"): 5, ("grass", "m3"): Decimal("2.5")}
    assert await number(db, StateChange) - await enrolment_steps(db) == 1
    acts = list(await db.scalars(select(AuditEvent.action)))
    assert acts == ["pickup.create"]
    page = (await client.get(path)).text
    assert "回収を頼みました" in page and "母恋会館の前" in page and "燃やせるごみ 5袋" in page


async def enrolment_steps(db: AsyncSession) -> int:
    counted = select(func.count()).where(StateChange.machine == "enrolment")
    return await db.scalar(counted) or 0


async def test_friday_evening_before_a_holiday_monday(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, clock: FixedClock
) -> None:
    """Asked on Friday 2026-07-17 at 20:00; Monday the 20th is 海の日: the 24th is the first day."""
    clock.now = dt.datetime(2026, 7, 17, 20, 0, tzinfo=JST)
    await world.login(client, world.kenji)
    page = (await client.get(NEW)).text
    assert 'value="2026-07-24"' in page and "いちばん早い日は2026年7月24日(金)です" in page
    early = await client.post(NEW, data=sent(world, wished_on="2026-07-23"))
    assert early.status_code == 422 and "2026年7月24日(金)です" in early.text
    monday = await client.post(NEW, data=sent(world, wished_on="2026-07-20"))
    assert monday.status_code == 422
    assert (await client.post(NEW, data=sent(world, wished_on="2026-07-24"))).status_code == 303
    assert (await one(db)).wished_on == DAY(2026, 7, 24)


async def test_days_without_crew_and_full_days_offer_the_next_ones(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    await pickup(db, world, state="scheduled", day=DAY(2026, 6, 18))
    db.add(CollectionDay(on_day=DAY(2026, 6, 18), open=True, capacity=1, note="一台だけ"))
    await db.commit()
    await world.login(client, world.kenji)
    assert 'value="2026-06-19"' in (await client.get(NEW)).text
    full = await client.post(NEW, data=sent(world))
    assert full.status_code == 422
    assert "2026年6月18日(木)は予約がいっぱいです" in full.text
    assert "2026年6月19日(金)、2026年6月22日(月)、2026年6月23日(火)" in full.text
    saturday = await client.post(NEW, data=sent(world, wished_on="2026-06-20"))
    assert saturday.status_code == 422 and "2026年6月20日(土)は回収しません" in saturday.text


async def test_a_place_of_the_prefecture_goes_to_the_section_of_the_area(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    road = await factories.area(db, "道道の歩道", kind="prefectural_road", manager="prefecture")
    await factories.agreement(db, world.partner, [road], since=DAY(2026, 6, 1))
    await db.commit()
    await world.login(client, world.kenji)
    key = f"{road.id}.{world.partner.id}"
    page = await client.get(NEW, params={"area": key}, headers={"HX-Request": "true"})
    assert "この場所は北海道の管理です。市が管理者に連絡します" in page.text
    assert "<html" not in page.text
    assert (await client.post(NEW, data=sent(world, area=key, point_area=key))).status_code == 303
    row = await one(db)
    assert (row.manager, row.section) == ("prefecture", "土木課維持係")


async def test_photos_are_kept_and_a_fourth_is_refused(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    await world.login(client, world.kenji)
    photos = [("photo", (f"{n}.jpg", jpeg(), "image/jpeg")) for n in range(4)]
    refused = await client.post(NEW, data=sent(world), files=photos)
    assert refused.status_code == 422 and "3枚まで" in refused.text
    taken = await client.post(NEW, data=sent(world), files=photos[:2])
    assert taken.status_code == 303
    page = (await client.get(taken.headers["location"])).text
    row = await one(db)
    kept = (await db.scalars(select(StoredFile))).all()
    assert {(f.owner, f.owner_id) for f in kept} == {("pickup", row.id)} and len(kept) == 2
    assert page.count("<img") >= 2 and f"/files/{kept[0].id}" in page
    await world.login(client, world.yosomono)
    assert (await client.get(f"/files/{kept[0].id}")).status_code == 404
    bad = await client.post(
        NEW, data=sent(world), files=[("photo", ("x.jpg", b"no", "image/jpeg"))]
    )
    assert bad.status_code in (404, 422)


async def test_a_broken_photo_keeps_nothing(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    await world.login(client, world.kenji)
    files = [("photo", ("x.jpg", b"not a photo", "image/jpeg"))]
    answer = await client.post(NEW, data=sent(world, note="だいじ"), files=files)
    assert answer.status_code == 422 and "写真として読めません" in answer.text
    assert "だいじ" in answer.text and await number(db, Pickup) == 0


async def test_a_report_fills_the_form(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    report = await factories.cleanup(db, world.partner, world.park, day=DAY(2026, 6, 13), bags=7)
    foreign = await factories.cleanup(
        db, world.other_partner, world.other_area, day=DAY(2026, 6, 13), bags=9
    )
    await db.commit()
    await world.login(client, world.kenji)
    page = (await client.get(NEW, params={"cleanup": str(report.id)})).text
    assert (
        'value="7"' in page and f'value="{world.park.id}.{world.partner.id}" selected' in page
    ) or (f'selected value="{world.park.id}.{world.partner.id}"' in page)
    assert 'value="9"' not in (await client.get(NEW, params={"cleanup": str(foreign.id)})).text
    await client.post(NEW, data=sent(world, cleanup=str(foreign.id)))
    assert (await one(db)).cleanup_id is None


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("place_note", " ", "見つけられるように"), ("place_note", "あ" * 201, "error-summary"),
        ("wished_on", "", "日付を入れてください"), ("wished_on", "2026-02-30", "error-summary"),
        ("wished_on", "2026-06-17", "いちばん早い回収日は2026年6月18日"),
        ("wished_on", "2029-06-18", "1年より先"), ("wished_on", "9999-12-31", "1年より先"),
        ("litter-0-quantity", "", "量を入れてください"), ("litter-0-quantity", "x", "数字で"),
        ("litter-0-quantity", "NaN", "数字で"), ("litter-0-quantity", "-1", "0より大きい"),
        ("litter-0-class", "gold", "error-summary"), ("area", "", "選んでください"),
        ("area", f"{uuid.UUID(int=7)}.{uuid.UUID(int=7)}", "error-summary"),
        ("lon", "139.7", "市の外"), ("lon", "NaN", "位置を読み取れません"),
        ("private_land", "y", "持ち主の了解"), ("note", "あ" * 501, "error-summary"),
    ],
)  # fmt: skip
async def test_invalid_input_is_explained_and_kept(
    client: httpx2.AsyncClient, world: World, db: AsyncSession,
    field: str, value: str, message: str,
) -> None:  # fmt: skip
    await world.login(client, world.kenji)
    data = sent(world, **{"note": "二人で来てください", field: value})
    answer = await client.post(NEW, data=data)
    assert answer.status_code == 422 and "error-summary" in answer.text
    assert message in answer.text
    if field != "note":
        assert "二人で来てください" in answer.text
    assert await number(db, Pickup) == 0


async def test_private_land_with_consent(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    await world.login(client, world.kenji)
    data = sent(world, private_land="y", owner_agrees="y")
    assert (await client.post(NEW, data=data)).status_code == 303
    assert (await one(db)).private_land is True


async def test_who_may_do_what(client: httpx2.AsyncClient, world: World, db: AsyncSession) -> None:
    row = await pickup(db, world)
    await db.commit()
    own, edit = f"/partner/pickups/{row.id}", f"/partner/pickups/{row.id}/edit"
    for path in (NEW, "/partner/pickups", own, edit):
        answer = await client.get(path)
        assert answer.status_code == 303 and "/login" in answer.headers["location"], path
    await world.login(client, world.hanako)
    assert (await client.get(NEW)).status_code == 403
    await world.login(client, world.yosomono)
    for path in (own, edit):
        assert (await client.get(path)).status_code == 404
    assert (await client.post(own, data={"verb": "cancel"})).status_code == 404
    assert (await client.post(edit, data=sent(world))).status_code == 404
    foreign = await client.post(NEW, data=sent(world))
    assert foreign.status_code == 422  # not an area of theirs
    mine = sent(world, id=str(row.id), area=f"{world.other_area.id}.{world.other_partner.id}")
    assert (await client.post(NEW, data=mine)).status_code == 409  # somebody else's id
    await world.login(client, world.kenji)
    assert (await client.post(own, data={"verb": "accept"})).status_code == 403
    assert (
        await client.post(own, data={"verb": "schedule", "day": "2026-06-18"})
    ).status_code == 422
    assert (await client.post(own, data={"verb": "collect"})).status_code == 422
    assert (await client.get(f"/partner/pickups/{uuid.UUID(int=3)}")).status_code == 404
    assert (await client.get("/partner/pickups/x")).status_code == 404
    await world.login(client, world.sato)
    assert (await client.get(own)).status_code == 200
    assert (await client.get(edit)).status_code == 403


async def test_correcting_amount_and_place(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    row = await pickup(db, world)
    await db.commit()
    await world.login(client, world.kenji)
    path = f"/partner/pickups/{row.id}/edit"
    page = (await client.get(path)).text
    assert "見本の置き場所" in page and 'value="5"' in page
    data = sent(world, place_note="公園の入口", **{"litter-0-quantity": "8"})
    assert (await client.post(path, data=data)).status_code == 303
    assert (await client.post(path, data=data)).status_code == 303  # again: nothing changes
    await db.refresh(row)
    assert row.place_note == "公園の入口"
    assert await db.scalar(select(PickupContent.quantity)) == 8
    acts = list(await db.scalars(select(AuditEvent.action)))
    assert acts == ["pickup.change"]
    bad = await client.post(path, data=sent(world, place_note="", note="だいじ"))
    assert bad.status_code == 422 and "だいじ" in bad.text
    far = await client.post(path, data=sent(world, wished_on="2026-06-21"))
    assert far.status_code == 422 and "回収しません" in far.text


async def test_cancelling_until_the_morning_of_the_day(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, clock: FixedClock
) -> None:
    row = await pickup(db, world, state="scheduled", day=DAY(2026, 6, 18))
    other = await pickup(db, world, state="scheduled", day=DAY(2026, 6, 18))
    await db.commit()
    clock.now = dt.datetime(2026, 6, 18, 8, 30, tzinfo=JST)
    await world.login(client, world.kenji)
    path = f"/partner/pickups/{row.id}"
    assert "この回収を取り消す" in (await client.get(path)).text
    for _ in range(2):
        assert (await client.post(path, data={"verb": "cancel"})).status_code == 303
    await db.refresh(row)
    assert row.state == "cancelled"
    verbs = list(await db.scalars(select(StateChange.verb).where(StateChange.object_id == row.id)))
    assert verbs.count("cancel") == 1
    clock.now = dt.datetime(2026, 6, 18, 8, 31, tzinfo=JST)
    late = f"/partner/pickups/{other.id}"
    page = (await client.get(late)).text
    assert "この回収を取り消す" not in page and "8:30まででした" in page
    assert (await client.post(late, data={"verb": "cancel"})).status_code == 409
    changed = await client.post(f"{late}/edit", data=sent(world))
    assert changed.status_code == 409
    await world.login(client, world.sato)  # the city can at any time
    assert (await client.post(late, data={"verb": "cancel"})).status_code == 303


async def test_lists_and_their_cost(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, count_queries
) -> None:
    await world.login(client, world.kenji)
    assert "いま頼んでいる回収はありません" in (await client.get("/partner/pickups")).text
    for n in range(4):
        await pickup(db, world, place=f"場所{n}")
    await pickup(db, world, mine=False, place="よその場所")
    row = await pickup(db, world, state="cancelled", place="やめた場所")
    await db.commit()
    with count_queries() as seen:
        page = (await client.get("/partner/pickups")).text
    assert len(seen) <= 4
    assert "場所3" in page and "やめた場所" in page and "よその場所" not in page
    for path, most in ((NEW, 5), (f"/partner/pickups/{row.id}", 6)):
        with count_queries() as seen:
            assert (await client.get(path)).status_code == 200
        assert len(seen) <= most, (path, seen.statements)


async def test_the_database_refuses_what_no_button_offers(db: AsyncSession, world: World) -> None:
    row = await pickup(db, world)
    with pytest.raises(Exception, match="no step from"):
        async with db.begin_nested():
            await db.execute(
                text("UPDATE pickups SET state = 'collected', collected_on = '2026-06-14',"
                     " scheduled_on = '2026-06-14' WHERE id = :id"), {"id": row.id}
            )  # fmt: skip
