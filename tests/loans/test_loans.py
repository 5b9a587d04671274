"""Mowers: reserving, handing out, taking back, and everybody who may not."""

import datetime as dt
import uuid
from decimal import Decimal

import httpx2
import pytest
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from server.loans.jobs import remind_overdue
from server.loans.machine import LOAN
from server.loans.models import Loan, LoanUnit, PartnerOperator
from server.notices.mails import WrittenMail
from server.supplies.models import StockMove
from server.supplies.queries import year_figures
from tests import factories
from tests.conftest import FixedClock
from tests.personas import World
from tests.supplies.kit import TODAY, Store, acts, count, level, make_store, operator, steps

pytestmark = pytest.mark.anyio
NEW, STAFF_NEW, UNITS = "/partner/loans/new", "/staff/loans/new", "/staff/loan-units"
OPERATORS = "/partner/operators"


@pytest.fixture
async def store(db: AsyncSession, world: World) -> Store:
    made = await make_store(db)
    await db.commit()
    return made


@pytest.fixture
async def midori(db: AsyncSession, world: World) -> PartnerOperator:
    row = await operator(db, world.partner)
    await db.commit()
    return row


def filled(world: World, store: Store, **changed: str) -> dict[str, str]:
    usual = {
        "id": str(uuid.uuid4()), "partner": world.partner.code, "first": "2026-06-20",
        "last": "2026-06-21", "unit": str(store.mower.id), "area": str(world.street.id),
        "operator": "", "purpose": "歩道の草刈り",
    }  # fmt: skip
    return {**usual, **changed}


async def reserved(client: httpx2.AsyncClient, world: World, store: Store, **changed: str) -> str:
    await world.login(client, world.kenji)
    answer = await client.post(NEW, data=filled(world, store, **changed))
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


async def booked(
    db: AsyncSession, world: World, store: Store, first: dt.date, last: dt.date,
    state: str = "reserved", **fields: object,
) -> Loan:  # fmt: skip
    row = Loan(
        unit_id=store.mower.id, partner_id=world.partner.id, state="reserved",
        period=Range(first, last + dt.timedelta(days=1)), **fields,
    )  # fmt: skip
    db.add(row)
    await db.flush()
    await factories.bring_to(db, LOAN, row, state)
    await db.commit()
    return row


async def the_one(db: AsyncSession) -> Loan:
    return (await db.scalars(select(Loan).execution_options(populate_existing=True))).one()


async def test_from_the_days_to_the_return(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, store: Store, clock: FixedClock,
    midori: PartnerOperator,
) -> None:  # fmt: skip
    await world.login(client, world.kenji)
    free = await client.get(f"{NEW}?first=2026-06-20&last=2026-06-23")
    assert "空いている機械は2台です。" in free.text and "K-02" in free.text
    path = await reserved(client, world, store, last="2026-06-23")
    clock.now += dt.timedelta(days=6)
    await world.login(client, world.sato)
    nobody = await client.post(path, data={"verb": "hand_out", "unit": str(store.mower.id)})
    assert nobody.status_code == 422 and "操作する人を選んでください。" in nobody.text
    out = {"verb": "hand_out", "unit": str(store.mower.id), "operator": str(midori.id),
           "fuel_litres": "３．５"}  # fmt: skip
    assert (await client.post(path, data=out)).status_code == 303
    assert await level(db, store.fuel) == Decimal("16.5")
    clock.now += dt.timedelta(days=1)
    await world.login(client, world.sato)
    back = {"verb": "take_back", "returned_on": "2026-06-21", "checked": "dirty", "note": "泥"}
    assert (await client.post(path, data=back)).status_code == 303
    row = await the_one(db)
    assert (row.state, row.checked, row.check_note) == ("returned", "dirty", "泥")
    assert row.period == Range(dt.date(2026, 6, 20), dt.date(2026, 6, 22))  # cut short
    assert await steps(db, row.id) == ["reserved", "out", "returned"]
    assert [a for a in await acts(db) if a.startswith("loan.")] == [
        "loan.create", "loan.hand_out", "loan.take_back"
    ]  # fmt: skip
    figures = await year_figures(db, dt.date(2026, 4, 1), dt.date(2027, 4, 1))
    assert (figures.loans, figures.unit_days, figures.fuel_litres) == (1, 2, Decimal("3.5"))
    await world.login(client, world.kenji)
    page = await client.get(path)
    assert "よごれ" in page.text and "返却済" in page.text
    again = await client.get(f"{NEW}?first=2026-06-22&last=2026-06-23")
    assert "空いている機械は2台です。" in again.text


async def test_a_second_send_is_harmless(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, store: Store
) -> None:
    await world.login(client, world.kenji)
    data = filled(world, store)
    places = {(await client.post(NEW, data=data)).headers["location"] for _ in range(2)}
    assert len(places) == 1 and await count(db, Loan) == 1


async def test_the_loser_sees_other_machines(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, store: Store
) -> None:
    await reserved(client, world, store)
    await world.login(client, world.yosomono)
    late = filled(
        world, store, partner=world.other_partner.code, area="", first="2026-06-21",
        last="2026-06-24", purpose="浜の草刈り",
    )  # fmt: skip
    answer = await client.post(NEW, data=late)
    assert answer.status_code == 409
    assert "ほかの人が、この機械を先に予約しました。" in answer.text
    assert "浜の草刈り" in answer.text  # what was written is kept
    assert f'value="{store.spare.id}"' in answer.text
    assert f'value="{store.mower.id}"' not in answer.text
    other = await client.post(NEW, data={**late, "unit": str(store.spare.id)})
    assert other.status_code == 303


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"first": "2026-06-13"}, "今日より前の日は選べません。"),
        ({"first": "2026-10-01", "last": "2026-10-02"}, "予約できるのは、今日から90日先までです。"),
        ({"last": "2026-06-19"}, "返す日は、借りる日より後にしてください。"),
        ({"last": "2026-06-27"}, "借りられるのは、続けて7日までです。"),
        ({"first": ""}, "日付を入れてください。"),
        ({"unit": ""}, "機械を選んでください。"),
        ({"unit": str(uuid.UUID(int=3))}, "機械を選んでください。"),
        ({"area": str(uuid.UUID(int=3))}, "使う場所を、活動区域から選んでください。"),
        ({"operator": str(uuid.UUID(int=3))}, "操作する人を選んでください。"),
    ],
)
async def test_invalid_reservations(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, store: Store,
    changed: dict[str, str], message: str,
) -> None:  # fmt: skip
    await world.login(client, world.kenji)
    answer = await client.post(NEW, data=filled(world, store, **changed))
    assert answer.status_code == 422
    assert message in answer.text
    assert await count(db, Loan) == 0


async def test_no_more_than_so_many_at_once(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, store: Store
) -> None:
    await reserved(client, world, store)
    await reserved(client, world, store, unit=str(store.spare.id))
    more = filled(world, store, first="2026-07-04", last="2026-07-05")
    answer = await client.post(NEW, data=more)
    assert answer.status_code == 409 and "同時に予約できるのは2台までです。" in answer.text


async def test_who_may_not(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, store: Store,
    midori: PartnerOperator,
) -> None:  # fmt: skip
    path = await reserved(client, world, store)
    out = {"verb": "hand_out", "unit": str(store.mower.id), "operator": str(midori.id)}
    assert (await client.post(path, data=out)).status_code == 403
    foreign = filled(world, store, partner=world.other_partner.code)
    assert (await client.post(NEW, data=foreign)).status_code == 404
    assert (await client.post(path, data={"verb": "explode"})).status_code == 409
    await world.login(client, world.yosomono)
    assert (await client.get(path)).status_code == 404
    assert (await client.post(path, data={"verb": "cancel"})).status_code == 404
    await world.login(client, world.hanako)
    for address in (path, NEW, OPERATORS, "/staff/loans", STAFF_NEW, UNITS):
        assert (await client.get(address)).status_code == 403
    client.cookies.clear()
    for address in (path, NEW, OPERATORS, STAFF_NEW, UNITS):
        assert (await client.get(address)).status_code == 303
        assert (await client.post(address, data=out)).status_code == 303
    assert (await client.get(f"/partner/loans/{uuid.uuid4()}")).status_code == 303
    await world.login(client, world.sato)
    assert (await client.get(f"/partner/loans/{uuid.uuid4()}")).status_code == 404
    assert (await the_one(db)).state == "reserved"


async def test_the_course_must_be_recent(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, store: Store
) -> None:
    old = await operator(db, world.partner, course_on=dt.date(2021, 6, 20))  # to 19 June 2026
    none = await operator(db, world.partner, course_on=None)
    other = await operator(db, world.other_partner)
    await db.commit()
    await world.login(client, world.kenji)
    for person, message in ((old, "講習は2026/06/19で切れています。"), (none, "登録されていません"),
                            (other, "操作する人を選んでください。")):  # fmt: skip
        answer = await client.post(NEW, data=filled(world, store, operator=str(person.id)))
        assert answer.status_code == 422 and message in answer.text
    path = await reserved(client, world, store, first="2026-06-14", last="2026-06-19",
                          operator=str(old.id))  # fmt: skip
    await world.login(client, world.sato)
    out = {"verb": "hand_out", "unit": str(store.mower.id), "operator": str(none.id)}
    refused = await client.post(path, data=out)
    assert refused.status_code == 422 and "登録されていません" in refused.text


async def test_damage_sends_the_machine_to_repair(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, store: Store,
    midori: PartnerOperator,
) -> None:  # fmt: skip
    path = await reserved(client, world, store, first="2026-06-14", last="2026-06-16")
    later = await reserved(client, world, store, first="2026-06-20", last="2026-06-21")
    await world.login(client, world.sato)
    await client.post(path, data={"verb": "hand_out", "unit": str(store.mower.id),
                                  "operator": str(midori.id)})  # fmt: skip
    silent = {"verb": "report_damage", "damaged_on": "2026-06-14", "comment": ""}
    assert (await client.post(path, data=silent)).status_code == 422
    early = {**silent, "damaged_on": "2026-06-13", "comment": "刃が折れた"}
    answer = await client.post(path, data=early)
    assert answer.status_code == 422 and "貸し出した日より前" in answer.text
    told = {**early, "damaged_on": "2026-06-14"}
    assert (await client.post(path, data=told)).status_code == 303
    unit = await db.get(LoanUnit, store.mower.id, populate_existing=True)
    assert unit and (unit.condition, unit.note) == ("repair", "刃が折れた")
    assert "この機械はいま使えません" in (await client.get(later)).text
    broken = {"verb": "hand_out", "unit": str(store.mower.id), "operator": str(midori.id)}
    refused = await client.post(later, data=broken)
    assert refused.status_code == 409 and "いま使えません" in refused.text
    spare = await client.post(later, data={**broken, "unit": str(store.spare.id)})
    assert spare.status_code == 303  # a few days early: the loan begins today
    moved = await db.get(Loan, uuid.UUID(later.rsplit("/", 1)[1]), populate_existing=True)
    assert moved and moved.period == Range(TODAY, dt.date(2026, 6, 22))
    assert moved.unit_id == store.spare.id
    await world.login(client, world.kenji)
    free = await client.get(f"{NEW}?first=2026-07-01&last=2026-07-02")
    assert f'value="{store.mower.id}"' not in free.text


async def test_not_enough_fuel_stops_the_loan(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, store: Store,
    midori: PartnerOperator,
) -> None:  # fmt: skip
    path = await reserved(client, world, store, first="2026-06-14", last="2026-06-15")
    await world.login(client, world.sato)
    out = {"verb": "hand_out", "unit": str(store.mower.id), "operator": str(midori.id),
           "fuel_litres": "21"}  # fmt: skip
    answer = await client.post(path, data=out)
    assert answer.status_code == 422
    assert "「混合燃料」の在庫が足りません。のこりは20Lです。" in answer.text
    assert (await the_one(db)).state == "reserved"
    assert await count(db, StockMove) == 3


async def test_overdue_is_seen_and_reminded_of(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, store: Store, clock: FixedClock,
    midori: PartnerOperator,
) -> None:  # fmt: skip
    first = dt.date(2026, 6, 8)
    row = await booked(db, world, store, first, dt.date(2026, 6, 10), operator_id=midori.id,
                       out_on=first)  # fmt: skip
    await factories.bring_to(db, LOAN, row, "out")
    await db.commit()
    await world.login(client, world.sato)
    page = await client.get("/staff/loans?state=overdue")
    assert "期限超過 4日" in page.text and world.partner.name in page.text
    await world.login(client, world.kenji)
    mine = await client.get("/partner/supplies")
    assert "返す日が4日過ぎています" in mine.text
    # what should be back and is not is promised to nobody
    free = await client.get(f"{NEW}?first=2026-06-20&last=2026-06-21")
    assert f'value="{store.mower.id}"' not in free.text
    taken = await client.post(NEW, data=filled(world, store))
    assert taken.status_code == 409 and "まだ返ってきていません" in taken.text
    counted = [await remind_overdue(db, TODAY + dt.timedelta(days=d), "市") for d in (0, 0, 2, 3)]
    assert counted == [1, 0, 0, 1]
    mails = list(await db.scalars(select(WrittenMail)))
    assert [m.to_address for m in mails] == ["kenji@example.jp"] * 2
    assert all("K-01" in m.subject for m in mails)
    assert [any(f"{n}日たちました" in m.body for m in mails) for n in (4, 7)] == [True, True]


async def test_cancelling_frees_the_days(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, store: Store
) -> None:
    path = await reserved(client, world, store)
    for _ in range(2):
        assert (await client.post(path, data={"verb": "cancel"})).status_code == 303
    assert (await the_one(db)).state == "cancelled"
    assert await steps(db, (await the_one(db)).id) == ["reserved", "cancelled"]
    assert (await client.post(NEW, data=filled(world, store))).status_code == 303


async def test_the_database_refuses_a_double_booking(
    world: World, db: AsyncSession, store: Store
) -> None:
    await booked(db, world, store, TODAY, TODAY)
    with pytest.raises(IntegrityError, match="ex_loans_unit_once"):
        await booked(db, world, store, TODAY, TODAY)


async def test_the_staff_reserve_for_somebody(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, store: Store
) -> None:
    await world.login(client, world.sato)
    assert "パートナー" in (await client.get(STAFF_NEW)).text
    days = "first=2026-06-20&last=2026-06-21"
    page = await client.get(f"{STAFF_NEW}?{days}&partner={world.partner.code}")
    assert "空いている機械は2台です。" in page.text
    nobody = await client.get(f"{STAFF_NEW}?{days}&partner=x")
    assert nobody.status_code == 422
    data = filled(world, store, partner=f"{world.partner.code} {world.partner.name}")
    answer = await client.post(STAFF_NEW, data=data)
    assert answer.status_code == 303
    row = await the_one(db)
    assert (row.by_proxy, row.requested_by, row.section) == (True, None, "土木課維持係")
    assert "代理入力" in (await client.get(answer.headers["location"])).text


async def test_machines(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, store: Store
) -> None:
    await world.login(client, world.sato)
    data = {
        "id": str(uuid.uuid4()), "code": "ｋ-03", "name": "自走式草刈機", "note": "重い",
        "place": str(store.place.id), "condition": "good",
    }  # fmt: skip
    assert [(await client.post(UNITS, data=data)).status_code for _ in range(2)] == [303, 303]
    taken = await client.post(UNITS, data={**data, "id": str(uuid.uuid4()), "note": "別"})
    assert taken.status_code == 422 and "この番号はほかの機械が使っています。" in taken.text
    page = await client.get(f"{UNITS}?edit={data['id']}")
    assert 'value="K-03"' in page.text and "自走式草刈機" in page.text
    retired = {**data, "condition": "retired"}
    assert (await client.post(UNITS, data=retired)).status_code == 303
    assert "廃棄" in (await client.get(UNITS)).text
    assert "loan_unit.save" in await acts(db)


async def test_operators(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, store: Store
) -> None:
    await world.login(client, world.kenji)
    assert "まだ登録がありません" in (await client.get(OPERATORS)).text
    person = {
        "id": str(uuid.uuid4()), "partner": str(world.partner.id), "name": "見本 髙﨑",
        "course": "安全衛生教育", "course_on": "2025-05-10",
    }  # fmt: skip
    for changed, message in (
        ({"course_on": ""}, "講習を受けた日を入れてください。"),
        ({"course_on": "2027-01-01"}, "先の日付は入れられません。"),
        ({"name": " "}, "入力してください。"),
    ):
        bad = await client.post(OPERATORS, data={**person, **changed})
        assert bad.status_code == 422 and message in bad.text and "安全衛生教育" in bad.text
    assert [(await client.post(OPERATORS, data=person)).status_code for _ in "12"] == [303, 303]
    page = await client.get(OPERATORS)
    assert "見本 髙﨑" in page.text and "2030年5月9日(木)まで有効" in page.text
    await world.login(client, world.yosomono)
    leave = {"leave": person["id"]}
    assert (await client.post(OPERATORS, data=leave)).status_code == 404
    foreign = await client.post(OPERATORS, data={**person, "id": str(uuid.uuid4())})
    assert foreign.status_code == 422
    await world.login(client, world.kenji)
    assert [(await client.post(OPERATORS, data=leave)).status_code for _ in "12"] == [303, 303]
    assert "まだ登録がありません" in (await client.get(OPERATORS)).text
    done = await acts(db)
    assert done.count("operator.register") == done.count("operator.leave") == 1
    details = await db.scalar(text("SELECT string_agg(detail::text, '') FROM audit_events"))
    assert "髙﨑" not in details


async def test_staff_keep_the_operators_of_a_partner(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    path = f"/staff/partners/{world.partner.code}/operators"
    assert (await client.get(path)).status_code == 303
    await world.login(client, world.kenji)
    assert (await client.get(path)).status_code == 403
    await world.login(client, world.sato)
    assert (await client.get("/staff/partners/MP-9999/operators")).status_code == 404
    person = {
        "id": str(uuid.uuid4()), "partner": str(world.partner.id), "name": "見本 髙﨑",
        "course": "安全衛生教育", "course_on": "2025-05-10",
    }  # fmt: skip
    bad = await client.post(path, data={**person, "course_on": ""})
    assert bad.status_code == 422 and "安全衛生教育" in bad.text
    other = await client.post(path, data={**person, "partner": str(world.other_partner.id)})
    assert other.status_code == 422  # only of the partner whose page it is
    assert [(await client.post(path, data=person)).status_code for _ in "12"] == [303, 303]
    assert "見本 髙﨑" in (await client.get(path)).text
    elsewhere = f"/staff/partners/{world.other_partner.code}/operators"
    leave = {"leave": person["id"]}
    assert (await client.post(elsewhere, data=leave)).status_code == 404
    assert [(await client.post(path, data=leave)).status_code for _ in "12"] == [303, 303]
    trail = await db.execute(text("SELECT action, detail FROM audit_events ORDER BY id"))
    assert [tuple(row) for row in trail] == [
        ("operator.register", {"by_proxy": True}), ("operator.leave", {"by_proxy": True}),
    ]  # fmt: skip
    assert path in (await client.get(f"/staff/partners/{world.partner.code}")).text


async def test_pages_and_their_queries(
    client: httpx2.AsyncClient, world: World, store: Store, count_queries, db: AsyncSession
) -> None:
    path = await reserved(client, world, store)
    for address in (NEW, f"{NEW}?first=2026-06-20&last=2026-06-21", path, OPERATORS):
        with count_queries() as seen:
            page = await client.get(address)
        assert page.status_code == 200
        assert len(seen) <= 5, seen.statements
    calendar = await client.get(NEW)
    assert world.other_partner.name not in calendar.text
    await world.login(client, world.sato)
    for address in ("/staff/loans", path, UNITS, STAFF_NEW):
        with count_queries() as seen:
            page = await client.get(address)
        assert page.status_code == 200
        assert len(seen) <= 5, seen.statements
    file = (await client.get("/staff/loans?format=csv")).content.decode("utf-8-sig")
    assert "K-01" in file and file.count("\r\n") == 2


async def test_nothing_to_lend(client: httpx2.AsyncClient, world: World) -> None:
    await world.login(client, world.kenji)
    assert "貸し出せる機械がありません" in (await client.get(NEW)).text
    await world.login(client, world.sato)
    assert "置き場所がまだありません" in (await client.get(UNITS)).text
    assert "この条件の貸出はありません" in (await client.get("/staff/loans")).text
