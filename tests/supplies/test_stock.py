"""The stock book, items and places, and the figures of a 年度."""

import datetime as dt
import uuid

import httpx2
import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from server.loans.models import Loan
from server.supplies.models import StockMove, SupplyItem, SupplyPlace
from server.supplies.queries import year_figures
from tests.personas import World
from tests.supplies.kit import Store, acts, count, level, make_store

pytestmark = pytest.mark.anyio
STOCK, ITEMS = "/staff/stock", "/staff/supply-items"


@pytest.fixture
async def store(db: AsyncSession, world: World) -> Store:
    made = await make_store(db)
    await db.commit()
    return made


def moved(store: Store, **changed: str) -> dict[str, str]:
    usual = {
        "id": str(uuid.uuid4()), "reason": "delivery", "item": str(store.bags.id),
        "place": str(store.place.id), "quantity": "50", "moved_on": "2026-06-14", "note": "",
    }  # fmt: skip
    return {**usual, **changed}


async def test_a_delivery_counts_once(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, store: Store
) -> None:
    await world.login(client, world.sato)
    data = moved(store)
    assert [(await client.post(STOCK, data=data)).status_code for _ in range(2)] == [303, 303]
    assert await level(db, store.bags) == 150
    assert (await acts(db)).count("stock.delivery") == 1
    page = await client.get(STOCK)
    assert "150枚" in page.text and "納品" in page.text


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"quantity": "-5"}, "0より大きい数を入れてください。"),
        ({"quantity": "0"}, "0ではない数を入れてください。"),
        ({"quantity": "1.5"}, "整数で入れてください。"),
        ({"quantity": ""}, "数を入れてください。"),
        ({"quantity": "Infinity"}, "数を数字で入れてください。"),
        ({"moved_on": "2026-06-15"}, "先の日付は入れられません。"),
        ({"reason": "correction", "quantity": "-5"}, "数を訂正する理由を書いてください。"),
        ({"reason": "return"}, "どのパートナーからもどったかを選んでください。"),
        ({"reason": "correction", "quantity": "-101", "note": "棚おろし"}, "のこりは100枚です。"),
        ({"item": str(uuid.UUID(int=9))}, "選択肢"),
    ],
)
async def test_what_is_refused(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, store: Store,
    changed: dict[str, str], message: str,
) -> None:  # fmt: skip
    await world.login(client, world.sato)
    answer = await client.post(STOCK, data=moved(store, **changed))
    assert answer.status_code == 422
    assert message in answer.text or message == "選択肢"
    assert await level(db, store.bags) == 100


async def test_the_book_is_filtered_and_only_added_to(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, store: Store, count_queries
) -> None:
    await world.login(client, world.sato)
    await client.post(STOCK, data=moved(store, reason="correction", quantity="-5", note="やぶれ"))
    with count_queries() as seen:
        page = await client.get(f"{STOCK}?item=BAG&reason=correction&year=2026")
    assert len(seen) <= 5, seen.statements
    assert "やぶれ" in page.text and "-5枚" in page.text
    assert "この条件の出入りはありません" in (await client.get(f"{STOCK}?year=2020")).text
    file = (await client.get(f"{STOCK}?format=csv&category=bag")).content.decode("utf-8-sig")
    assert file.count("\r\n") == 3 and ",-5," in file  # a head, the delivery, the correction
    with pytest.raises(DBAPIError):
        await db.execute(StockMove.__table__.update().values(quantity=1))  # type: ignore[attr-defined]


async def test_items_and_places(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, store: Store
) -> None:
    await world.login(client, world.sato)
    item = {
        "kind": "item", "id": str(uuid.uuid4()), "code": "ｇｌｏｖｅ", "name": "軍手", "unit": "双",
        "category": "other", "per_request": "10", "per_year": "", "position": "9", "active": "y",
    }  # fmt: skip
    assert [(await client.post(ITEMS, data=item)).status_code for _ in range(2)] == [303, 303]
    added = (await db.scalars(select(SupplyItem).where(SupplyItem.code == "GLOVE"))).one()
    assert (added.per_request, added.per_year, added.active) == (10, None, True)
    taken = await client.post(ITEMS, data={**item, "id": str(uuid.uuid4()), "name": "別の軍手"})
    assert taken.status_code == 422
    assert "この記号はほかの品目が使っています。" in taken.text and "別の軍手" in taken.text
    place = {
        "kind": "place", "place-id": str(store.place.id), "place-name": "見本本庁",
        "place-position": "1", "place-where": "４２.3152、 140.9740",
    }  # fmt: skip
    for nonsense in ("140.97, 42.31", "42.3", "東町"):  # the wrong way round is no place on Earth
        bad = await client.post(ITEMS, data={**place, "place-where": nonsense})
        assert bad.status_code == 422 and "緯度と経度を" in bad.text and nonsense in bad.text
    assert (await client.post(ITEMS, data=place)).status_code == 303
    rows = select(SupplyPlace).execution_options(populate_existing=True)
    changed = (await db.scalars(rows)).one()
    assert (changed.name, changed.active) == ("見本本庁", False)
    assert await db.scalar(select(func.ST_AsText(SupplyPlace.point))) == "POINT(140.974 42.3152)"
    edit = await client.get(f"{ITEMS}?edit={store.place.id}")
    assert 'value="42.3152, 140.974"' in edit.text
    assert {"supply_item.save", "supply_place.save"} <= set(await acts(db))
    bad = await client.post(ITEMS, data={**item, "per_request": "0", "name": ""})
    assert bad.status_code == 422
    form = await client.get(f"{ITEMS}?edit={added.id}")
    assert 'value="GLOVE"' in form.text


@pytest.mark.parametrize("path", [STOCK, ITEMS, "/staff/ledgers"])
async def test_only_staff(
    client: httpx2.AsyncClient, world: World, store: Store, path: str, db: AsyncSession
) -> None:
    assert (await client.get(path)).status_code == 303
    await world.login(client, world.kenji)
    assert (await client.get(path)).status_code == 403
    if path != "/staff/ledgers":
        assert (await client.post(path, data={})).status_code == 403
    assert await count(db, StockMove) == 3
    await world.login(client, world.sato)
    assert (await client.get(path)).status_code == 200


async def test_an_empty_city_says_where_to_begin(client: httpx2.AsyncClient, world: World) -> None:
    await world.login(client, world.sato)
    for path in (STOCK, "/staff/supplies/new"):
        assert "品目と場所を登録する" in (await client.get(path)).text
    assert "品目はまだありません" in (await client.get(ITEMS)).text
    assert "この条件の申請はありません" in (await client.get("/staff/supplies")).text


async def test_the_figures_come_from_the_book(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, store: Store, count_queries
) -> None:
    def move(item: SupplyItem, amount: str, reason: str, day: str) -> StockMove:
        return StockMove(
            item_id=item.id, place_id=store.place.id, quantity=amount, reason=reason,
            partner_id=world.partner.id, moved_on=dt.date.fromisoformat(day),
        )  # fmt: skip

    db.add_all(
        [
            move(store.bags, "-40", "handout", "2026-04-01"),
            move(store.bags, "5", "return", "2026-05-01"),
            move(store.bags, "-7", "handout", "2026-03-31"),  # the 年度 before
            move(store.fuel, "-2.5", "handout", "2026-06-01"),
            move(store.armband, "-2", "handout", "2027-03-31"),
        ]
    )
    await db.commit()
    first, after = dt.date(2026, 4, 1), dt.date(2027, 4, 1)
    with count_queries() as seen:
        found = await year_figures(db, first, after)
    assert len(seen) == 1
    assert (found.bags, found.fuel_litres, found.armbands, found.other) == (35, 2.5, 2, 0)
    assert (await year_figures(db, dt.date(2025, 4, 1), first)).bags == 7
    await world.login(client, world.sato)
    page = await client.get("/staff/ledgers?year=2026")
    assert "令和8年度(2026年度)" in page.text and ">35<" in page.text
    linked = await client.get(f"{STOCK}?reason=given&year=2026&category=bag")
    assert ">35枚<" in linked.text
    assert await count(db, Loan) == 0
