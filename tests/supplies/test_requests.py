"""Asking for supplies, granting, handing over: the whole way, and everybody who may not."""

import datetime as dt
import uuid
from decimal import Decimal

import httpx2
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from server.enrolments.machine import ENROLMENT
from server.notices.mails import WrittenMail
from server.supplies.models import StockMove, SupplyLine, SupplyRequest
from tests import factories
from tests.personas import World
from tests.supplies.kit import Store, acts, count, level, make_store, steps

pytestmark = pytest.mark.anyio
NEW = "/partner/supplies/new"
COUNTER = "/staff/supplies/new"


@pytest.fixture
async def store(db: AsyncSession, world: World) -> Store:
    made = await make_store(db)
    await db.commit()
    return made


def filled(world: World, store: Store, **changed: object) -> dict[str, object]:
    usual: dict[str, object] = {
        "id": str(uuid.uuid4()), "partner": world.partner.code, "place": str(store.place.id),
        "wanted_on": "2026-06-20", "purpose": "母恋の清掃", "people": "１２",
        f"q-{store.bags.id}": "30", f"q-{store.fuel.id}": "", f"q-{store.armband.id}": "0",
    }  # fmt: skip
    return {**usual, **changed}


async def the_one(db: AsyncSession) -> SupplyRequest:
    rows = await db.scalars(select(SupplyRequest).execution_options(populate_existing=True))
    return rows.one()


async def asked(client: httpx2.AsyncClient, world: World, store: Store, **changed: object) -> str:
    """けんじ asks for 30 bags; the address of the request."""
    await world.login(client, world.kenji)
    answer = await client.post(NEW, data=filled(world, store, **changed))
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


async def test_from_the_wish_to_the_bags(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, store: Store
) -> None:
    path = await asked(client, world, store)
    page = await client.get(path)
    assert "公用袋" in page.text and "申請" in page.text
    assert "承認する" not in page.text  # that is the staff's
    await world.login(client, world.sato)
    assert "在庫 100枚" in (await client.get(path)).text
    granted = {"verb": "approve", f"q-{store.bags.id}": "20"}
    assert (await client.post(path, data=granted)).status_code == 303
    handed = {"verb": "hand_over", f"q-{store.bags.id}": "18"}
    assert (await client.post(path, data=handed)).status_code == 303
    row = await the_one(db)
    line = (await db.scalars(select(SupplyLine))).one()
    assert (row.state, row.handed_on) == ("handed_over", dt.date(2026, 6, 14))
    assert (line.asked, line.granted, line.handed) == (30, 20, 18)
    assert await level(db, store.bags) == 82
    move = (await db.scalars(select(StockMove).where(StockMove.reason == "handout"))).one()
    assert (move.quantity, move.request_id, move.partner_id) == (-18, row.id, world.partner.id)
    assert await steps(db, row.id) == ["requested", "approved", "handed_over"]
    assert [a for a in await acts(db) if a.startswith("supply.")] == [
        "supply.create", "supply.approve", "supply.hand_over"
    ]  # fmt: skip
    mails = list(await db.scalars(select(WrittenMail)))
    assert {m.to_address for m in mails} == {"kenji@example.jp"}


async def test_a_second_send_is_harmless(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, store: Store
) -> None:
    await world.login(client, world.kenji)
    data = filled(world, store)
    first, again = [await client.post(NEW, data=data) for _ in range(2)]
    assert first.headers["location"] == again.headers["location"]
    assert await count(db, SupplyRequest) == 1
    await world.login(client, world.yosomono)
    stolen = {**data, "partner": world.other_partner.code}
    assert (await client.post(NEW, data=stolen)).status_code == 409


async def test_the_limits_say_what_is_left(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, store: Store
) -> None:
    bags = f"q-{store.bags.id}"
    await world.login(client, world.kenji)
    too_many = await client.post(NEW, data=filled(world, store, **{bags: "51"}))
    assert too_many.status_code == 422
    assert "一度に申請できるのは50枚までです。" in too_many.text
    assert 'value="51"' in too_many.text and "母恋の清掃" in too_many.text
    path = await asked(client, world, store, **{bags: "50"})
    left = await client.post(NEW, data=filled(world, store, **{bags: "31"}))
    assert left.status_code == 422
    assert "今年度の上限は80枚で、のこりは30枚です。" in left.text
    assert "今年度はあと30枚" in (await client.get(NEW)).text
    # what is taken back counts no more; the next 年度 begins anew
    assert (await client.post(path, data={"verb": "cancel"})).status_code == 303
    assert (await client.post(NEW, data=filled(world, store, **{bags: "50"}))).status_code == 303
    next_year = filled(world, store, **{bags: "50", "wanted_on": "2027-04-10"})
    assert (await client.post(NEW, data=next_year)).status_code == 303


async def test_granted_less_leaves_more(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, store: Store
) -> None:
    bags = f"q-{store.bags.id}"
    path = await asked(client, world, store, **{bags: "50"})
    await world.login(client, world.sato)
    await client.post(path, data={"verb": "approve", bags: "10"})
    await world.login(client, world.kenji)
    assert "今年度はあと70枚" in (await client.get(NEW)).text
    await world.login(client, world.sato)
    await client.post(path, data={"verb": "hand_over", bags: "10"})
    back = {
        "id": str(uuid.uuid4()), "reason": "return", "item": str(store.bags.id),
        "place": str(store.place.id), "quantity": "4", "moved_on": "2026-06-14",
        "partner": f"{world.partner.code} なまえ",
    }  # fmt: skip
    assert (await client.post("/staff/stock", data=back)).status_code == 303
    await world.login(client, world.kenji)
    assert "今年度はあと74枚" in (await client.get(NEW)).text


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("wanted_on", "2026-06-16", "3日前までに申請してください。"),
        ("wanted_on", "", "日付を入れてください。"),
        ("wanted_on", "2028-01-01", "1年より先の日は選べません。"),
        ("place", "", "受け取る場所を選んでください。"),
        ("people", "0", "1人から5000人まで"),
        ("bags", "2.5", "小数ではなく、整数で入れてください。"),
        ("bags", "-1", "0以上の数を入れてください。"),
        ("bags", "たくさん", "数を数字で入れてください。"),
        ("bags", "NaN", "数を数字で入れてください。"),
        ("bags", "0", "ほしい物の数を、一つ以上入れてください。"),
    ],
)
async def test_invalid_keeps_the_input(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, store: Store, field: str,
    value: str, message: str,
) -> None:  # fmt: skip
    await world.login(client, world.kenji)
    name = f"q-{store.bags.id}" if field == "bags" else field
    answer = await client.post(NEW, data=filled(world, store, **{name: value}))
    assert answer.status_code == 422
    assert message in answer.text and "母恋の清掃" in answer.text
    assert await count(db, SupplyRequest) == 0


async def test_only_partners_with_a_running_agreement(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, store: Store
) -> None:
    case = await factories.live_case(db, world.partner)
    case.paused_from = dt.date(2026, 6, 1)
    await factories.bring_to(db, ENROLMENT, case, "paused")
    await db.commit()
    await world.login(client, world.kenji)
    assert "いまは申請できません" in (await client.get(NEW)).text
    answer = await client.post(NEW, data=filled(world, store))
    assert answer.status_code == 409
    assert await count(db, SupplyRequest) == 0


async def test_who_may_not(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, store: Store
) -> None:
    path = await asked(client, world, store)
    approve = {"verb": "approve", f"q-{store.bags.id}": "20"}
    assert (await client.post(path, data=approve)).status_code == 403  # けんじ grants nothing
    foreign = filled(world, store, partner=world.other_partner.code)
    assert (await client.post(NEW, data=foreign)).status_code == 404
    await world.login(client, world.yosomono)
    assert (await client.get(path)).status_code == 404
    assert (await client.post(path, data={"verb": "cancel"})).status_code == 404
    await world.login(client, world.hanako)
    for address in (path, NEW, "/partner/supplies", COUNTER, "/staff/supplies"):
        assert (await client.get(address)).status_code == 403
    client.cookies.clear()
    for address in (path, NEW, COUNTER):
        assert (await client.get(address)).status_code == 303
        assert (await client.post(address, data=approve)).status_code == 303
    assert (await the_one(db)).state == "requested"


async def test_bad_ids_and_verbs(
    client: httpx2.AsyncClient, world: World, store: Store, db: AsyncSession
) -> None:
    path = await asked(client, world, store)
    assert (await client.get(f"/partner/supplies/{uuid.uuid4()}")).status_code == 404
    assert (await client.get("/partner/supplies/no-id")).status_code == 404
    assert (await client.post(path, data={"verb": "explode"})).status_code == 422
    assert (await client.post(path, data={})).status_code == 422


async def test_more_than_lies_there_is_refused_by_the_book(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, store: Store
) -> None:
    path = await asked(client, world, store)
    await world.login(client, world.sato)
    bags = f"q-{store.bags.id}"
    too_much = await client.post(path, data={"verb": "approve", bags: "31"})
    assert too_much.status_code == 422 and "申請の数(30枚)より多くできません。" in too_much.text
    await client.post(path, data={"verb": "approve", bags: "30"})
    db.add(
        StockMove(item_id=store.bags.id, place_id=store.place.id, quantity=Decimal(-90),
                  reason="correction", note="数え直し", moved_on=dt.date(2026, 6, 14))
    )  # fmt: skip
    await db.commit()
    short = await client.post(path, data={"verb": "hand_over", bags: "30"})
    assert short.status_code == 422
    assert "「公用袋」の在庫が足りません。のこりは10枚です。" in short.text
    assert (await the_one(db)).state == "approved"
    assert await level(db, store.bags) == 10
    over = await client.post(path, data={"verb": "hand_over", bags: "31"})
    assert "承認した数(30枚)より多くできません。" in over.text


async def test_a_rejection_needs_a_reason_and_tells_it(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, store: Store
) -> None:
    path = await asked(client, world, store)
    await world.login(client, world.sato)
    silent = await client.post(path, data={"verb": "reject", "comment": " "})
    assert silent.status_code == 422 and "理由を書いてください。" in silent.text
    said = {"verb": "reject", "comment": "在庫がないためです。"}
    assert (await client.post(path, data=said)).status_code == 303
    assert "在庫がないためです。" in (await db.scalars(select(WrittenMail.body))).one()
    again = await client.post(path, data=said)
    assert again.status_code == 409


async def test_at_the_counter_in_one_form(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, store: Store
) -> None:
    await world.login(client, world.sato)
    data = filled(
        world, store, partner=f"{world.partner.code} {world.partner.name}", handed_now="y",
        wanted_on="2026-06-14", **{f"q-{store.fuel.id}": "2.5"},
    )  # fmt: skip
    first, again = [await client.post(COUNTER, data=data) for _ in range(2)]
    assert first.status_code == again.status_code == 303
    row = await the_one(db)
    assert (row.state, row.by_proxy, row.requested_by) == ("handed_over", True, None)
    assert await steps(db, row.id) == ["requested", "approved", "handed_over"]
    assert (await level(db, store.bags), await level(db, store.fuel)) == (70, Decimal("17.5"))
    page = await client.get(first.headers["location"])
    assert "代理入力" in page.text


async def test_at_the_counter_beyond_the_limit_only_on_purpose(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, store: Store
) -> None:
    await world.login(client, world.sato)
    data = filled(world, store, **{f"q-{store.bags.id}": "90", "handed_now": "y"})
    refused = await client.post(COUNTER, data=data)
    assert refused.status_code == 422 and "のこりは80枚です。" in refused.text
    allowed = await client.post(COUNTER, data={**data, "beyond_limits": "y"})
    assert allowed.status_code == 303
    assert "上限を超えて受付" in (await client.get(allowed.headers["location"])).text
    short = filled(world, store, **{f"q-{store.bags.id}": "30", "handed_now": "y",
                                    "beyond_limits": "y"})  # fmt: skip
    empty = await client.post(COUNTER, data=short)
    assert empty.status_code == 422 and "在庫(10枚)より多くできません。" in empty.text
    assert await count(db, SupplyRequest) == 1
    nobody = await client.post(COUNTER, data=filled(world, store, partner="だれか"))
    assert nobody.status_code == 422 and "だれか" in nobody.text


async def test_staff_who_belong_to_the_partner_still_act_for_the_city_at_the_counter(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, store: Store
) -> None:
    await factories.member(db, world.partner, world.sato)
    await db.commit()
    await world.login(client, world.sato)
    answer = await client.post(COUNTER, data=filled(world, store, handed_now="y"))
    assert answer.status_code == 303
    row = await the_one(db)
    assert (row.state, row.by_proxy, row.requested_by) == ("handed_over", True, None)


async def test_the_partner_page_and_its_queries(
    client: httpx2.AsyncClient, world: World, store: Store, count_queries, db: AsyncSession
) -> None:
    await world.login(client, world.kenji)
    empty = await client.get("/partner/supplies")
    assert "申請はまだありません" in empty.text and "草刈り機を借りる" in empty.text
    path = await asked(client, world, store)
    for address in ("/partner/supplies", path, NEW):
        with count_queries() as seen:
            page = await client.get(address)
        assert page.status_code == 200
        assert len(seen) <= 5, seen.statements
    assert "公用袋 30枚" in (await client.get("/partner/supplies")).text


async def test_the_staff_list_counts_and_files(
    client: httpx2.AsyncClient, world: World, store: Store, count_queries, db: AsyncSession
) -> None:
    await asked(client, world, store, purpose="=cmd()")
    await world.login(client, world.sato)
    with count_queries() as seen:
        page = await client.get("/staff/supplies")
    assert len(seen) <= 5, seen.statements
    assert world.partner.name in page.text
    none = await client.get("/staff/supplies?state=rejected&year=2026")
    assert "この条件の申請はありません" in none.text
    assert (
        await client.get("/staff/supplies?state=x&year=99999&page=-1&q=%00%25")
    ).status_code == 200
    file = await client.get("/staff/supplies?format=csv")
    text = file.content.decode("utf-8-sig")
    assert file.content.startswith(b"\xef\xbb\xbf") and "\r\n" in text
    assert "'=cmd()" in text and ",30," in text
    part = await client.get(
        "/staff/supplies?q=母恋", headers={"HX-Request": "true", "HX-Request-Type": "partial"}
    )
    assert "<html" not in part.text and world.partner.name in part.text
