"""The city's side: the queue, days for many, the crew's day, results, the calendar."""

import csv
import datetime as dt
import io
import json
import re
import uuid
from decimal import Decimal

import httpx2
import pypdfium2
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.models import AuditEvent
from server.notices.mails import WrittenMail
from server.pickups.models import CollectionDay, Pickup, PickupContent
from server.supplies.models import SupplyPlace
from server.workflow.models import StateChange
from tests.conftest import JST, FixedClock
from tests.personas import World
from tests.pickups.kit import DAY, pickup, sent

pytestmark = pytest.mark.anyio
QUEUE = "/staff/pickups"
THURSDAY = DAY(2026, 6, 18)
DAY_PAGE = "/staff/pickups/days/2026-06-18"
CALENDAR = "/staff/pickups/calendar"


@pytest.fixture
async def staff(client: httpx2.AsyncClient, world: World) -> httpx2.AsyncClient:
    await world.login(client, world.sato)
    return client


async def states(db: AsyncSession) -> list[str]:
    rows = select(Pickup.state).order_by(Pickup.code)
    return list(await db.scalars(rows.execution_options(populate_existing=True)))


@pytest.mark.parametrize(
    "path",
    [QUEUE, "/staff/pickups/new", DAY_PAGE, f"{DAY_PAGE}/route", f"{DAY_PAGE}/route.pdf", CALENDAR,
     "/layers/pickups"],
)  # fmt: skip
async def test_only_staff(client: httpx2.AsyncClient, world: World, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 303 and "/login" in answer.headers["location"]
    await world.login(client, world.kenji)
    assert (await client.get(path)).status_code == 403


async def test_days_for_many_at_once(
    staff: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    rows = [await pickup(db, world, place=f"場所{n}") for n in range(3)]
    await db.commit()
    form = {"pickup": [str(r.id) for r in rows[:2]], "how": "day", "on_day": "2026-06-18"}
    assert (await staff.post(QUEUE, data=form)).status_code == 303
    assert await states(db) == ["scheduled", "scheduled", "requested"]
    steps = (await db.scalars(select(StateChange).where(StateChange.verb == "schedule"))).all()
    assert len(steps) == 2 and steps[0].detail == {"day": "2026-06-18"}
    acts = list(await db.scalars(select(AuditEvent.action)))
    assert acts == ["pickup.schedule"] * 2
    mail = (await db.scalars(select(WrittenMail))).all()
    assert {m.to_address for m in mail} == {"kenji@example.jp"}
    assert all("2026年6月18日(木)" in m.body for m in mail)
    again = await staff.post(QUEUE, data=form)  # a second send: they have moved on
    assert again.status_code == 409
    assert "6月18日(木)" in (await staff.get(f"{QUEUE}?state=scheduled")).text


async def test_over_capacity_changes_nothing(
    staff: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    rows = [await pickup(db, world) for _ in range(3)]
    db.add(CollectionDay(on_day=THURSDAY, open=True, capacity=2))
    await db.commit()
    form = {"pickup": [str(r.id) for r in rows], "how": "day", "on_day": "2026-06-18"}
    answer = await staff.post(QUEUE, data=form)
    assert answer.status_code == 409 and "あと2件まで" in answer.text
    assert answer.text.count(" checked") == 3
    assert await states(db) == ["requested"] * 3
    for day, words in (
        ("2026-06-20", "回収しない日"),
        ("2026-06-12", "今日より前"),
        ("", "日を入れて"),
    ):
        answer = await staff.post(QUEUE, data={**form, "on_day": day})
        assert answer.status_code == 422 and words in answer.text
    assert (await staff.post(QUEUE, data={"on_day": "2026-06-18"})).status_code == 422
    gone = {"pickup": str(uuid.uuid4()), "on_day": "2026-06-18"}
    assert (await staff.post(QUEUE, data=gone)).status_code == 404


async def test_each_gets_the_suggested_day(
    staff: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    rows = [await pickup(db, world) for _ in range(3)]
    db.add(CollectionDay(on_day=THURSDAY, open=True, capacity=2))
    await db.commit()
    page = (await staff.get(QUEUE)).text
    assert page.count("案 6月18日") == 2 and page.count("案 6月19日") == 1
    form: dict[str, object] = {"pickup": [str(r.id) for r in rows], "how": "suggested"}
    days = ["2026-06-18", "2026-06-18", "2026-06-19"]
    form |= {f"suggested-{r.id}": day for r, day in zip(rows, days, strict=True)}
    assert (await staff.post(QUEUE, data=form)).status_code == 303
    found = await db.scalars(select(Pickup.scheduled_on).order_by(Pickup.code))
    assert [d.isoformat() for d in found if d] == days


async def test_the_list_the_map_and_the_file_agree(
    staff: httpx2.AsyncClient, world: World, db: AsyncSession, count_queries
) -> None:
    await pickup(db, world, place="一番")
    await pickup(db, world, state="scheduled", day=THURSDAY, place="二番")
    await pickup(db, world, state="cancelled", place="三番")
    odd = await pickup(db, world, place="=1+1")
    odd.section = "土木課維持係"
    await db.commit()
    with count_queries() as seen:
        page = (await staff.get(QUEUE)).text
    assert len(seen) <= 5
    assert all(words in page for words in ("一番", "二番")) and "三番" not in page
    data = json.loads((await staff.get("/layers/pickups")).text)
    assert len(data["features"]) == 3
    props = data["features"][0]["properties"]
    assert props["state"].startswith("pickup-") and props["url"].startswith("/partner/pickups/")
    narrow = f"?section={odd.section}"
    assert "一番" not in (await staff.get(QUEUE + narrow)).text
    assert len(json.loads((await staff.get("/layers/pickups" + narrow)).text)["features"]) == 1
    far = await staff.get("/layers/pickups?bbox=140,42,140.5,42.2")
    assert json.loads(far.text)["features"] == []
    answer = await staff.get(f"{QUEUE}?state=all&format=csv")
    lines = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(lines) == 5 and "'=1+1" in [cell for line in lines for cell in line]
    for hostile in ("?day=x&page=-1&state=%00", "?q=%25_%5C", "?day=9999-12-31", "?day=0001-01-01"):
        assert (await staff.get(QUEUE + hostile)).status_code == 200


async def test_the_way_begins_at_the_first_place_with_a_point(
    staff: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    for place, at in (("西", (140.976, 42.316)), ("東", (141.02, 42.34))):
        await pickup(db, world, state="scheduled", day=THURSDAY, at=at, place=place)
    await db.commit()

    async def first() -> tuple[str, str]:
        page = (await staff.get(f"{DAY_PAGE}/route")).text
        start = re.search(r"出発: ([^<・]+)", page)
        assert start
        return start[1], min("西東", key=lambda words: page.index(f"<b>{words}</b>"))

    assert await first() == (f"{world.city.name}の中心", "西")
    db.add_all([
        SupplyPlace(name="見本の窓口", position=1),
        SupplyPlace(
            name="閉じた車庫", position=2, active=False, point="SRID=4326;POINT(140.97 42.31)"
        ),
        SupplyPlace(name="見本の車庫", position=3, point="SRID=4326;POINT(141.03 42.34)"),
    ])  # fmt: skip
    await db.commit()
    assert await first() == ("見本の車庫", "東")


async def test_the_day_is_in_the_order_of_the_way_until_somebody_changes_it(
    staff: httpx2.AsyncClient, world: World, db: AsyncSession, count_queries
) -> None:
    far = await pickup(db, world, state="scheduled", day=THURSDAY, at=(141.02, 42.34), place="遠い")
    near = await pickup(db, world, state="scheduled", day=THURSDAY, at=(140.976, 42.316),
                        place="近い")  # fmt: skip
    await pickup(db, world, state="scheduled", day=THURSDAY, at=(140.99, 42.32), place="中ほど")
    await db.commit()

    async def order() -> list[str]:
        page = (await staff.get(DAY_PAGE)).text
        return sorted(("近い", "中ほど", "遠い"), key=lambda words: page.index(f">{words}</a>"))

    with count_queries() as seen:
        assert await order() == ["近い", "中ほど", "遠い"]
    assert len(seen) <= 5
    layer = await staff.get("/layers/pickups?state=all&day=2026-06-18&route=1")
    numbers = {f["id"]: f["properties"]["label"] for f in json.loads(layer.text)["features"]}
    assert numbers[str(near.id)] == "1" and numbers[str(far.id)] == "3"
    move = {"pickup": str(near.id), "verb": "later"}
    assert (await staff.post(DAY_PAGE, data=move)).status_code == 303
    assert await order() == ["中ほど", "近い", "遠い"]
    assert (
        await staff.post(DAY_PAGE, data={"pickup": str(far.id), "verb": "later"})
    ).status_code == 303
    assert await order() == ["中ほど", "近い", "遠い"]  # the end stays the end
    await pickup(db, world, state="scheduled", day=THURSDAY, at=(141.0, 42.33), place="新しい")
    await db.commit()
    assert await order() == ["中ほど", "近い", "遠い"]
    assert (await staff.post(DAY_PAGE, data={"verb": "by_the_way"})).status_code == 303
    assert await order() == ["近い", "中ほど", "遠い"]
    acts = list(await db.scalars(select(AuditEvent.action)))
    assert acts == ["pickup.reorder"] * 2


async def test_results(
    staff: httpx2.AsyncClient, world: World, db: AsyncSession, clock: FixedClock
) -> None:
    rows = [await pickup(db, world, state="scheduled", day=THURSDAY) for _ in range(4)]
    await db.commit()
    whole, part, no, back = rows
    early = await staff.post(DAY_PAGE, data={"pickup": str(whole.id), "verb": "collect"})
    assert early.status_code == 422 and "回収日になってから" in early.text
    clock.now = dt.datetime(2026, 6, 18, 14, 0, tzinfo=JST)
    await world.login(staff, world.sato)
    for _ in range(2):  # a second tap is harmless
        answer = await staff.post(DAY_PAGE, data={"pickup": str(whole.id), "verb": "collect"})
        assert answer.status_code == 303
    some = {
        "pickup": str(part.id),
        "verb": "collect_part",
        "amount-0": "３",
        "comment": "2袋は重すぎた",
    }
    for bad, words in (({"amount-0": "6"}, "依頼の量まで"), ({"amount-0": "x"}, "数字"),
                       ({"amount-0": "5"}, "全部回収"), ({"amount-0": ""}, "何も回収しなかった"),
                       ({"comment": ""}, "理由")):  # fmt: skip
        answer = await staff.post(DAY_PAGE, data={**some, **bad})
        assert answer.status_code == 422 and words in answer.text, bad
        if "amount-0" in bad:
            assert "2袋は重すぎた" in answer.text
    assert (await staff.post(DAY_PAGE, data=some)).status_code == 303
    refuse = {"pickup": str(no.id), "verb": "refuse"}
    assert (await staff.post(DAY_PAGE, data=refuse)).status_code == 422
    assert (await staff.post(DAY_PAGE, data={**refuse, "comment": "袋がない"})).status_code == 303
    assert (
        await staff.post(DAY_PAGE, data={"pickup": str(back.id), "verb": "put_back"})
    ).status_code == 303
    assert await states(db) == ["collected", "partly", "refused", "accepted"]
    amounts = dict((await db.execute(
        select(PickupContent.pickup_id, PickupContent.collected))).all())  # fmt: skip
    assert amounts[whole.id] == 5 and amounts[part.id] == 3 and amounts[no.id] is None
    await db.refresh(back)
    await db.refresh(whole)
    assert back.scheduled_on is None and whole.collected_on == THURSDAY
    stranger = {"pickup": str(back.id), "verb": "collect"}  # no longer on this day
    assert (await staff.post(DAY_PAGE, data=stranger)).status_code == 404
    assert (await staff.post(DAY_PAGE, data={"pickup": "x", "verb": "collect"})).status_code == 404
    mails = (await db.scalars(select(WrittenMail))).all()
    assert len(mails) == 3 and any("2袋は重すぎた" in m.body for m in mails)
    shown = (await staff.get(f"/partner/pickups/{part.id}")).text
    assert "燃やせるごみ 3袋" in shown and "2袋は重すぎた" in shown


async def test_steps_on_the_page_of_a_request(
    staff: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    row = await pickup(db, world)
    await db.commit()
    path = f"/partner/pickups/{row.id}"
    assert (await staff.post(path, data={"verb": "refuse"})).status_code == 422
    assert (await staff.post(path, data={"verb": "accept"})).status_code == 303
    shut = await staff.post(path, data={"verb": "schedule", "day": "2026-06-20"})
    assert shut.status_code == 422 and "回収しない日" in shut.text
    assert (
        await staff.post(path, data={"verb": "schedule", "day": "2026-06-18"})
    ).status_code == 303
    assert (await staff.post(path, data={"verb": "nothing"})).status_code == 422
    assert await states(db) == ["scheduled"]


async def test_paper_for_the_road(
    staff: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    empty = await staff.get(f"{DAY_PAGE}/route")
    assert "この日の回収はありません" in empty.text
    for n in range(3):
        await pickup(db, world, state="scheduled", day=THURSDAY, at=(140.98 + n / 100, 42.32),
                     place=f"目印{n}", note="二人で")  # fmt: skip
    await db.commit()
    page = (await staff.get(f"{DAY_PAGE}/route")).text
    assert "<svg" in page and "目印2" in page and "kenji@example.jp" not in page
    assert 'style="' not in page.split("<main", 1)[1].split("</main", 1)[0]
    answer = await staff.get(f"{DAY_PAGE}/route.pdf")
    assert answer.headers["content-type"] == "application/pdf"
    document = pypdfium2.PdfDocument(answer.content)
    try:
        page_ = document[0]
        text = page_.get_textpage()
        words = text.get_text_range()
        text.close()
        page_.close()
    finally:
        document.close()
    assert all(
        part in words for part in ("2026年6月18日", "令和8年", "目印0", "目印2", "見本母恋町会")
    )
    for bad in ("x", "2026-13-01", "0001-01-01"):
        assert (await staff.get(f"/staff/pickups/days/{bad}")).status_code == 404


async def test_the_calendar_and_its_exceptions(
    staff: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    page = (await staff.get(f"{CALENDAR}?month=2026-07")).text
    assert "海の日" in page and "2026年7月" in page
    assert (await staff.get(f"{CALENDAR}?month=x")).status_code == 200
    row = await pickup(db, world, state="scheduled", day=THURSDAY)
    await db.commit()
    close = {"on_day": "2026-06-18", "what": "closed", "note": "収集車の点検"}
    refused = await staff.post(CALENDAR, data=close)
    assert refused.status_code == 409 and "1件の回収が決まっています" in refused.text
    assert "収集車の点検" in refused.text
    friday = {**close, "on_day": "2026-06-19"}
    for _ in range(2):
        assert (await staff.post(CALENDAR, data=friday)).status_code == 303
    saturday = {"on_day": "2026-06-20", "what": "open", "capacity": "3"}
    assert (await staff.post(CALENDAR, data=saturday)).status_code == 303
    kept = {d.on_day.day: (d.open, d.capacity) for d in await db.scalars(select(CollectionDay))}
    assert kept == {19: (False, None), 20: (True, 3)}
    assert "収集車の点検" in (await staff.get(f"{CALENDAR}?month=2026-06")).text
    assert (await staff.post(CALENDAR, data={**friday, "what": "usual"})).status_code == 303
    assert len((await db.scalars(select(CollectionDay))).all()) == 1
    for bad in ({**close, "on_day": ""}, {**close, "on_day": "2026-06-01"},
                {**saturday, "capacity": "-1"}):  # fmt: skip
        assert (await staff.post(CALENDAR, data=bad)).status_code == 422
    acts = list(await db.scalars(select(AuditEvent.action)))
    assert acts.count("collection_day.set") == 3 and "collection_day.reset" in acts
    assert row.state == "scheduled"


async def test_written_down_for_somebody_on_the_phone(
    staff: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    choose = (await staff.get("/staff/pickups/new")).text
    assert world.partner.code in choose
    page = (await staff.get(f"/staff/pickups/new?partner={world.partner.code}")).text
    assert "代わりに入れます" in page and world.street.code in page
    # staff are not bound to the lead time: Monday, asked on Sunday
    data = sent(world, partner=world.partner.code, wished_on="2026-06-15")
    for _ in range(2):
        assert (await staff.post("/staff/pickups/new", data=data)).status_code == 303
    row = (await db.scalars(select(Pickup))).one()
    assert row.by_proxy and row.requested_by is None and row.partner_id == world.partner.id
    bad = await staff.post("/staff/pickups/new", data={**data, "id": "", "wished_on": "2026-06-20"})
    assert bad.status_code == 422 and world.partner.code in bad.text
    quantity = await db.scalar(select(PickupContent.quantity))
    assert quantity == Decimal(5)
