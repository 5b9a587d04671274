"""The exchange meeting's table against a plain count of the rows that were put in."""

import csv
import datetime as dt
import io
import random
import zipfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import Any

import httpx2
import pytest
from openpyxl import load_workbook
from sqlalchemy import update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts.models import Account
from server.agreements.models import Agreement, AgreementArea
from server.areas.models import KINDS, Area
from server.citysettings.queries import load_city
from server.enrolments.models import PartnerPeople
from server.http.i18n import fiscal_year
from server.loans.machine import LOAN
from server.loans.models import Loan, LoanUnit, PartnerOperator
from server.partners.models import SUBJECTS, Partner
from server.reports.queries import exchange_table, last_day
from server.supplies.models import (
    SUPPORT_KINDS,
    CentreSupport,
    StockMove,
    SupplyItem,
    SupplyPlace,
)
from server.supplies.queries import year_figures
from server.workflow.models import StateChange
from tests import factories
from tests.conftest import JST, START, FixedClock
from tests.personas import World

pytestmark = pytest.mark.anyio
Count = Callable[[], AbstractContextManager[Any]]
D = dt.date
TODAY = START.date()  # 2026-06-14
YEARS = tuple(range(2026, 2020, -1))
# Days at which a year turns, and some within: everything random falls on one of these.
DAYS = [D(y, m, d) for y in range(2020, 2026) for m, d in ((3, 31), (4, 1), (9, 9), (12, 31))]
DAYS += [D(2026, 3, 31), D(2026, 4, 1), TODAY]


async def an_agreement(
    db: AsyncSession, of: Partner, areas: list[Area], period: Range[dt.date], *, agreed: bool = True
) -> None:
    moment = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    signed: dict[str, Any] = {
        "agreed_on": D(2020, 1, 1), "partner_confirmed_at": moment, "city_confirmed_at": moment,
        "partner_confirmed_how": "paper", "city_confirmed_how": "paper",
    }  # fmt: skip
    row = Agreement(partner_id=of.id, period=period, **(signed if agreed else {}))
    db.add(row)
    await db.flush()
    for area in areas:
        db.add(AgreementArea(agreement_id=row.id, partner_id=of.id, area_id=area.id, period=period))
    await db.flush()


class Ledger:
    """What was put in, as plain Python, to be counted by hand."""

    def __init__(self) -> None:
        self.agreements: list[tuple[Partner, list[Area], D, D | None]] = []
        self.people: list[tuple[Partner, D, int]] = []
        self.moves: list[tuple[str, str, D, Decimal]] = []
        self.loans: list[D] = []
        self.loan_fuel: list[tuple[D, Decimal]] = []  # not in the stock book
        self.supports: list[tuple[str, D]] = []
        self.cleanups: list[tuple[D, int, str]] = []

    def live(self, day: D) -> list[tuple[Partner, list[Area]]]:
        return [(p, a) for p, a, start, end in self.agreements if start <= day < (end or D.max)]

    def registered(self, partner: Partner, day: D) -> int:
        known = sorted((on, n) for p, on, n in self.people if p is partner and on <= day)
        return known[-1][1] if known else partner.registered_people

    def expected(self, year: int) -> dict[tuple[str, str], Decimal]:
        day, start, end = last_day(year, TODAY), D(year, 4, 1), D(year + 1, 3, 31)
        live = self.live(day)
        areas = {a.id: a.kind for _p, some in live for a in some}
        partners = {p.id: p for p, _a in live}
        within = lambda on: start <= on <= end  # noqa: E731
        found: dict[tuple[str, str], Any] = {
            ("areas", ""): len(areas),
            ("areas", "other"): sum(k in ("river", "beach", "other") for k in areas.values()),
            ("partners", ""): len(partners),
            ("people", ""): sum(self.registered(p, day) for p in partners.values()),
            ("loans", ""): sum(map(within, self.loans)),
            ("centre", ""): sum(within(on) for _k, on in self.supports),
            ("cleanups", ""): sum(within(on) and s == "accepted" for on, _n, s in self.cleanups),
            ("participants", ""): sum(
                n for on, n, s in self.cleanups if within(on) and s == "accepted"
            ),
        }
        for category, what in (("bag", "bags"), ("fuel", "fuel")):
            found[what, ""] = -sum(
                q for c, r, on, q in self.moves
                if c == category and r in ("handout", "return") and within(on)
            )  # fmt: skip
        found["fuel", ""] += sum(litres for on, litres in self.loan_fuel if within(on))
        for kind in KINDS[:4]:
            found["areas", kind] = sum(k == kind for k in areas.values())
        for subject in SUBJECTS:
            found["partners", subject] = sum(p.subject == subject for p in partners.values())
        for kind in SUPPORT_KINDS:
            found["centre", kind] = sum(k == kind and within(on) for k, on in self.supports)
        return found


async def fill_partners(db: AsyncSession, luck: random.Random, ledger: Ledger) -> list[Partner]:
    areas = [await factories.area(db, f"区域{n}", kind=luck.choice(KINDS)) for n in range(14)]
    partners = []
    for n in range(10):
        one = await factories.partner(db, f"見本団体{n}", subject=luck.choice(SUBJECTS))
        partners.append(one)
        start, end = sorted(luck.sample(DAYS, 2))
        until = None if luck.random() < 0.3 else end
        some = luck.sample(areas, luck.randint(0, 4))
        await an_agreement(db, one, some, Range(start, until))
        ledger.agreements.append((one, some, start, until))
        for on in luck.sample(DAYS, luck.randint(0, 4)):
            ledger.people.append((one, on, luck.randint(1, 90)))
            db.add(PartnerPeople(partner_id=one.id, counted_on=on, people=ledger.people[-1][2]))
    proposed = await factories.partner(db, "見本申込み中")  # binds nobody yet
    await an_agreement(db, proposed, areas, Range(D(2020, 1, 1), None), agreed=False)
    await db.flush()
    return partners


async def fill_ledgers(
    db: AsyncSession, luck: random.Random, ledger: Ledger, partners: list[Partner], who: Account
) -> None:
    place = SupplyPlace(name="見本センター")
    items = [
        SupplyItem(code=code, name=code, unit=unit, category=category)
        for code, unit, category in (
            ("bag45", "枚", "bag"), ("bag90", "枚", "bag"), ("fuel", "L", "fuel"),
            ("arm", "枚", "armband"),
        )
    ]  # fmt: skip
    unit = LoanUnit(code="K-01", name="草刈り機")
    db.add_all([place, *items])
    await db.flush()
    unit.place_id = place.id
    operator = PartnerOperator(partner_id=partners[0].id, name="見本操作")
    db.add_all([unit, operator])
    for item in items:
        db.add(StockMove(item_id=item.id, place_id=place.id, quantity=99_999, reason="delivery",
                         moved_on=D(2019, 4, 1)))  # fmt: skip
    await db.flush()
    for _ in range(40):
        item, on = luck.choice(items), luck.choice(DAYS)
        reason = luck.choice(("handout", "handout", "return", "correction", "delivery"))
        amount = Decimal(luck.randint(1, 400)) / (2 if item.category == "fuel" else 1)
        amount = -amount if reason == "handout" else amount
        db.add(StockMove(item_id=item.id, place_id=place.id, quantity=amount, reason=reason,
                         moved_on=on, partner_id=partners[1].id))  # fmt: skip
        ledger.moves.append((item.category, reason, on, amount))
    for on in luck.choices(DAYS, k=25):
        ledger.supports.append((luck.choice(SUPPORT_KINDS), on))
        db.add(CentreSupport(on_day=on, kind=ledger.supports[-1][0], description="見本",
                             by=who.id))  # fmt: skip
    for on in DAYS:
        state = luck.choice(("returned", "damaged", "cancelled"))
        loan = Loan(unit_id=unit.id, partner_id=partners[0].id, operator_id=operator.id,
                    period=Range(on, on + dt.timedelta(days=1)))  # fmt: skip
        await add_loan(db, loan, state, on)
        if state == "cancelled":
            continue
        ledger.loans.append(on)
        litres, booked = Decimal(luck.randint(0, 99)) / 10, luck.random() < 0.5
        await db.execute(update(Loan).where(Loan.id == loan.id).values(fuel_litres=litres))
        if booked:  # then the book alone counts
            db.add(StockMove(item_id=items[2].id, place_id=place.id, quantity=Decimal("-7.5"),
                             reason="handout", moved_on=on, partner_id=partners[0].id,
                             loan_id=loan.id))  # fmt: skip
            ledger.moves.append(("fuel", "handout", on, Decimal("-7.5")))
        else:
            ledger.loan_fuel.append((on, litres))


async def add_loan(db: AsyncSession, loan: Loan, state: str, on: dt.date) -> None:
    """A loan led to its last state, with what each step asks for."""
    db.add(loan)
    await db.flush()
    if state == "cancelled":
        await factories.bring_to(db, LOAN, loan, state)
        return
    await db.execute(update(Loan).where(Loan.id == loan.id).values(out_on=on))
    await factories.bring_to(db, LOAN, loan, "out")
    db.add(StateChange(machine="loan", object_id=loan.id, from_state="out", to_state=state,
                       verb="test", at=START, by_hat="system"))  # fmt: skip
    done = {"state": state, "returned_on": on, "checked": "good"}
    await db.execute(update(Loan).where(Loan.id == loan.id).values(**done))


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_every_number_is_what_a_plain_count_says(
    db: AsyncSession, clock: FixedClock, seed: int, count_queries: Count
) -> None:
    await factories.municipality(db)
    luck, ledger = random.Random(seed), Ledger()  # noqa: S311
    who = Account(display_name="見本")
    db.add(who)
    partners = await fill_partners(db, luck, ledger)
    await fill_ledgers(db, luck, ledger, partners, who)
    area = await factories.area(db, "活動の場所")
    for _ in range(30):
        day, people = luck.choice(DAYS), luck.randint(1, 60)
        state = luck.choice(("accepted", "accepted", "submitted", "returned", "withdrawn"))
        await factories.cleanup(db, partners[0], area, day=day, people=people, state=state, bags=0)
        ledger.cleanups.append((day, people, state))
    city = await load_city(db)
    with count_queries() as seen:
        table = await exchange_table(db, city)
    assert len(seen) == 1
    assert [one.year for one in table.years] == list(YEARS)
    for year in YEARS:
        for (what, key), number in ledger.expected(year).items():
            assert table.value(what, key, year) == number, (what, key, year)
        # The ledgers' own figures say the same.
        ledgers = await year_figures(db, D(year, 4, 1), D(year + 1, 4, 1))
        for what in ("bags", "loans"):
            assert table.value(what, "", year) == getattr(ledgers, what)
        assert table.value("fuel", "", year) == ledgers.fuel_litres


@pytest.mark.parametrize(
    ("moment", "year", "day"),
    [
        (dt.datetime(2026, 3, 31, 23, 59, tzinfo=JST), 2025, D(2026, 3, 31)),
        (dt.datetime(2026, 4, 1, 0, 0, tzinfo=JST), 2026, D(2026, 4, 1)),
        (dt.datetime(2026, 3, 31, 15, 0, tzinfo=dt.UTC), 2026, D(2026, 4, 1)),  # JST: 1 April
    ],
)
async def test_the_year_turns_by_the_citys_clock(
    db: AsyncSession, clock: FixedClock, moment: dt.datetime, year: int, day: dt.date
) -> None:
    await factories.municipality(db)
    clock.now = moment
    table = await exchange_table(db, await load_city(db))
    assert (table.years[0].year, table.years[0].day, table.years[0].running) == (year, day, True)
    assert table.years[1].day == D(year, 3, 31)
    assert not table.years[1].running


async def test_an_area_counts_with_the_kind_of_its_day(
    db: AsyncSession, world: World, clock: FixedClock
) -> None:
    """A road handed from the city to the prefecture stays a city road in the years before."""
    clock.now = dt.datetime(2026, 6, 14, tzinfo=JST)
    moved = dt.datetime(2026, 4, 1, 0, 0, tzinfo=JST)
    world.street.kind = "prefectural_road"
    world.street.updated_at = moved
    await db.flush()
    table = await exchange_table(db, await load_city(db))
    assert table.value("areas", "prefectural_road", 2026) == 1
    assert table.value("areas", "city_road", 2026) == 0
    assert table.value("areas", "city_road", 2025) == 1
    assert table.value("areas", "", 2025) == 3


async def test_an_area_of_two_partners_is_one_place(db: AsyncSession, world: World) -> None:
    before = (await exchange_table(db, await load_city(db))).value("areas")
    await an_agreement(db, world.other_partner, [world.street], Range(D(2026, 4, 1), None))
    table = await exchange_table(db, await load_city(db))
    assert table.value("areas") == before == 3
    assert table.value("partners") == 2


async def test_an_empty_city_has_a_table_of_zeros(db: AsyncSession, clock: FixedClock) -> None:
    await factories.municipality(db)
    table = await exchange_table(db, await load_city(db))
    assert {n for row in (*table.rows, *table.additional) for n in row.values} == {Decimal()}
    assert table.first_year == 2026
    assert [one.year for one in table.years] == list(YEARS)
    future = await exchange_table(db, await load_city(db), 2099)
    assert future.years[0].year == fiscal_year(TODAY)


# --- pages and files ------------------------------------------------------------------------------

PATHS = ["/staff/reports", "/staff/reports/exchange", "/staff/reports/exchange.csv"]


@pytest.mark.parametrize("path", PATHS)
async def test_who_may(client: httpx2.AsyncClient, world: World, path: str) -> None:
    assert (await client.get(path)).status_code == 303
    for somebody in (world.hanako, world.kenji, world.kanae):
        await world.login(client, somebody)
        assert (await client.get(path)).status_code == 403
    await world.login(client, world.sato)
    assert (await client.get(path)).status_code == 200
    assert (await client.post(path)).status_code == 405


async def test_the_page_is_the_table(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, count_queries: Count
) -> None:
    await factories.cleanup(db, world.partner, world.street, day=D(2026, 4, 2), people=1234)
    await db.commit()
    await world.login(client, world.sato)
    with count_queries() as seen:
        page = (await client.get("/staff/reports/exchange")).text
    assert len(seen) <= 4
    for words in ("活動区域数", "国道", "道道", "市道", "公園", "その他(河川海浜等)", "団体数",
                  "町内会・自治会(町会)", "活動者数", "草刈り機貸出台数", "燃料総支給数",
                  "公用袋支給枚数", "活センからの支援", "延べ参加者数", "1,234", "令和8年度",
                  "令和3年度", "6月14日現在"):  # fmt: skip
        assert words in page, words
    assert "令和2年度" not in page.split("<table", 1)[1]
    older = (await client.get("/staff/reports/exchange?year=2025")).text
    assert "令和2年度" in older
    assert "現在" not in older.split("<table", 1)[1].split("</table>")[0]


@pytest.mark.parametrize(
    "query", ["?year=x", "?year=", "?year=0", "?year=99999", "?year=²", "?x=1"]
)
async def test_odd_years_are_no_error(client: httpx2.AsyncClient, world: World, query: str) -> None:
    await world.login(client, world.sato)
    for path in ("/staff/reports/exchange", "/staff/reports/exchange.csv"):
        assert (await client.get(path + query)).status_code == 200
    assert (await client.get("/staff/reports/exchange.pdf")).status_code == 404


async def test_csv_and_excel_hold_the_same(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    await world.login(client, world.sato)
    answer = await client.get("/staff/reports/exchange.csv?year=2026")
    assert answer.headers["content-disposition"] == 'attachment; filename="exchange-2026.csv"'
    raw = answer.content
    assert raw.startswith(b"\xef\xbb\xbf")
    assert raw.count(b"\r\n") == raw.count(b"\n") > 20
    lines = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"))))
    excel = (await client.get("/staff/reports/exchange.xlsx?year=2026")).content
    book = load_workbook(io.BytesIO(excel))
    assert len(book.sheetnames) == 1
    sheet = book.worksheets[0]
    assert not sheet.merged_cells.ranges
    cells = [list(row) for row in sheet.iter_rows(values_only=True)]
    assert [["" if c is None else str(c) for c in row] for row in cells] == lines
    assert {len(line) for line in lines} == {3 + 6 + 1}
    assert lines[0][:3] == ["項目", "内訳", "単位"]
    assert lines[0][8] == "令和8年度(2026年度) 2026-06-14現在"
    total = next(row for row in cells if row[:2] == ["活動区域数", "合計"])
    assert total[2] == "か所"
    assert total[8] == 3
    assert isinstance(total[8], int)
    assert all(row[0] and row[1] and row[2] for row in cells)  # no heading is left out
    with zipfile.ZipFile(io.BytesIO(excel)) as parts:
        assert b"<f>" not in parts.read("xl/worksheets/sheet1.xml")
