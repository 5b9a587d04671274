"""The yearly review: drafts, submitting, and nothing of the other side before both are in."""

import csv
import datetime as dt
import io
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import httpx2
import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.models import AuditEvent
from server.citysettings.registry import CityRules
from server.notices.mails import WrittenMail
from server.partners.models import Partner
from server.reviews.models import Review
from server.reviews.points import KEYS
from server.reviews.queries import look, mean, year_summary
from server.reviews.season import read_year, window_of, window_on
from tests import factories
from tests.conftest import JST, FixedClock
from tests.personas import World

pytestmark = pytest.mark.anyio
Count = Callable[[], AbstractContextManager[Any]]
OPEN = dt.datetime(2027, 3, 10, 10, 0, tzinfo=JST)  # the review of 2026 is open
YEAR = 2026
PARTNER = "/partner/review"


@pytest.fixture(autouse=True)
def review_season(clock: FixedClock) -> None:
    clock.now = OPEN


def filled(verb: str = "submit", grade: str = "B", **more: str) -> dict[str, str]:
    grades = {f"grade_{key}": grade for key in KEYS}
    return {
        **grades,
        "comment": "話し合いの場を増やしたい",
        "year": str(YEAR),
        "verb": verb,
        **more,
    }


def city_page(world: World) -> str:
    return f"/staff/partners/{world.partner.code}/review"


async def rows(db: AsyncSession) -> list[Review]:
    found = select(Review).order_by(Review.side)
    return list(await db.scalars(found.execution_options(populate_existing=True)))


async def audits(db: AsyncSession, action: str) -> int:
    counted = select(func.count()).where(AuditEvent.action == action)
    return await db.scalar(counted) or 0


async def test_who_may(client: httpx2.AsyncClient, world: World) -> None:
    for path in (PARTNER, city_page(world), "/staff/reviews"):
        answer = await client.get(path)
        assert answer.status_code == 303 and "/login" in answer.headers["location"]
    allowed = {
        PARTNER: [world.kenji, world.toyo],
        city_page(world): [world.sato, world.kanri],
        "/staff/reviews": [world.sato, world.kanri],
    }
    for who in (world.hanako, world.kenji, world.toyo, world.sato, world.kanri, world.kanae):
        await world.login(client, who)
        for path, people in allowed.items():
            expected = 200 if who in people else 403
            assert (await client.get(path)).status_code == expected, (who.display_name, path)
    assert (await client.post("/staff/reviews")).status_code == 405


async def test_a_draft_then_submitted_and_then_it_stands(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    await world.login(client, world.kenji)
    draft = {"grade_aim": "A", "remark_aim": "よく話した", "year": "2026", "verb": "draft"}
    assert (await client.post(PARTNER, data=draft)).status_code == 303
    page = (await client.get(PARTNER)).text
    assert "よく話した" in page and 'value="A" checked' in page
    incomplete = await client.post(PARTNER, data=draft | {"verb": "submit"})
    assert incomplete.status_code == 422
    assert "よく話した" in incomplete.text and "AからDのどれかを" in incomplete.text
    assert (await client.post(PARTNER, data=filled())).status_code == 303
    kept = await rows(db)
    assert [(r.side, r.scores["aim"], r.remarks) for r in kept] == [("partner", "B", {})]
    assert kept[0].submitted_at and kept[0].submitted_by == world.kenji.id
    again = await client.post(PARTNER, data=filled(grade="D"))
    assert again.status_code == 303
    assert (await rows(db))[0].scores["aim"] == "B"
    assert "すでに提出されています" in (await client.get(PARTNER)).text
    assert await audits(db, "review.submit") == 1 and await audits(db, "review.draft") == 1


async def test_the_database_keeps_a_submitted_review(db: AsyncSession, world: World) -> None:
    row = Review(partner_id=world.partner.id, fiscal_year=YEAR, side="city", submitted_at=OPEN)
    db.add(row)
    await db.flush()
    for change in (update(Review).values(comment="x"), text("DELETE FROM reviews")):
        with pytest.raises(IntegrityError, match="stands"):
            async with db.begin_nested():
                await db.execute(change)


SECRET = "ないしょのことば"


@pytest.mark.parametrize("first", ["partner", "city"])
async def test_neither_side_sees_the_other_before_both_submitted(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, first: str
) -> None:
    """In the page, in what the query gives, and in the staff's list and file."""
    writers = {
        "partner": (world.kenji, PARTNER), "city": (world.sato, city_page(world)),
    }  # fmt: skip
    second = "city" if first == "partner" else "partner"
    who, path = writers[first]
    other_who, other_path = writers[second]
    hidden = filled(grade="D", comment=SECRET, remark_aim=SECRET)
    for verb in ("draft", "submit"):
        await world.login(client, who)
        assert (await client.post(path, data=hidden | {"verb": verb})).status_code == 303
        await world.login(client, other_who)
        for address in (other_path, "/staff/reviews", "/staff/reviews?format=csv"):
            if address.startswith("/staff") and other_who is world.kenji:
                continue
            page = (await client.get(address)).text
            assert SECRET not in page and "checked" not in page, address
            assert ",D," not in page and "大きなちがい" not in page.replace("大きなちがい</th>", "")
        seen = await look(db, world.partner.code, YEAR, second)
        assert seen.other is None and seen.compared == () and SECRET not in repr(seen)
        assert seen.other_done is (verb == "submit")
    mine = filled(grade="A", comment="こちらのことば")
    assert (await client.post(other_path, data=mine | {"verb": "draft"})).status_code == 303
    assert SECRET not in (await client.get(other_path)).text, "a draft of one's own opens nothing"
    assert (await client.post(other_path, data=mine)).status_code == 303
    for person, address in writers.values():
        await world.login(client, person)
        page = (await client.get(address)).text
        assert SECRET in page and "こちらのことば" in page
        grades = ("D", "A") if first == "city" else ("A", "D")
        assert f"市 {grades[0]}・パートナー {grades[1]}" in page and "3段階のちがい" in page


async def test_the_partner_is_told_when_both_are_there(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    await world.login(client, world.kenji)
    await client.post(PARTNER, data=filled())
    assert await db.scalar(select(func.count()).select_from(WrittenMail)) == 0
    await world.login(client, world.sato)
    await client.post(city_page(world), data=filled())
    mails = list(await db.scalars(select(WrittenMail)))
    assert [mail.to_address for mail in mails] == ["kenji@example.jp"]
    assert f"/partner/review?partner={world.partner.code}&year=2026" in mails[0].body


async def test_only_the_manager_writes(client: httpx2.AsyncClient, world: World) -> None:
    await world.login(client, world.toyo)
    assert '<form class="form"' not in (await client.get(PARTNER)).text
    assert (await client.post(PARTNER, data=filled())).status_code == 403


async def test_a_stranger_finds_nothing(client: httpx2.AsyncClient, world: World) -> None:
    await world.login(client, world.yosomono)
    assert (await client.get(f"{PARTNER}?partner={world.partner.code}")).status_code == 404
    stolen = filled(partner=world.partner.code)
    assert (await client.post(PARTNER, data=stolen)).status_code == 404
    await world.login(client, world.sato)
    assert (await client.get("/staff/partners/MP-9999/review")).status_code == 404


async def test_after_the_window_partners_are_too_late_and_staff_are_not(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, clock: FixedClock
) -> None:
    clock.now = dt.datetime(2027, 4, 30, 9, 0, tzinfo=JST)  # day 61
    await world.login(client, world.kenji)
    assert "評価を書ける期間は終わりました" in (await client.get(PARTNER)).text
    assert (await client.post(PARTNER, data=filled())).status_code == 409
    await world.login(client, world.sato)
    assert (await client.post(city_page(world), data=filled())).status_code == 303
    assert "代わりに入れる" in (await client.get(city_page(world))).text
    paper = filled(side="partner", grade="C")
    assert (await client.post(city_page(world), data=paper)).status_code == 303
    assert {row.side: row.scores["aim"] for row in await rows(db)} == {"city": "B", "partner": "C"}
    event = await db.scalar(
        select(AuditEvent).where(AuditEvent.detail["by_proxy"].astext == "true")
    )
    assert event is not None and event.actor_id == world.sato.id


async def test_typed_in_paper_is_not_read_back(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    await world.login(client, world.sato)
    paper = filled(side="partner", comment=SECRET)
    draft = await client.post(city_page(world), data=paper | {"verb": "draft"})
    assert draft.status_code == 403, "paper is typed in at once"
    assert (await client.post(city_page(world), data=paper)).status_code == 303
    for address in (city_page(world), f"{city_page(world)}?side=partner"):
        assert SECRET not in (await client.get(address)).text
    assert [row.side for row in await rows(db)] == ["partner"]


async def test_no_review_without_an_agreement_in_the_year(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    newcomer = await factories.partner(db, "見本まだの会")
    await factories.member(db, newcomer, world.kenji, "manager")
    await db.commit()
    await world.login(client, world.kenji)
    asked = filled(partner=newcomer.code)
    assert (await client.post(PARTNER, data=asked)).status_code == 409
    assert newcomer.name in (await client.get(f"{PARTNER}?partner={newcomer.code}")).text


@pytest.mark.parametrize(
    "bad", [{"grade_aim": "E"}, {"comment": "長" * 2001}, {"remark_aim": "長" * 301}]
)
async def test_bad_input_is_shown_again(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, bad: dict[str, str]
) -> None:
    await world.login(client, world.kenji)
    answer = await client.post(PARTNER, data=filled(remark_roles="のこることば") | bad)
    assert answer.status_code == 422 and "のこることば" in answer.text
    assert await rows(db) == []


async def test_list_means_and_file(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, count_queries: Count
) -> None:
    partners = [world.partner, world.other_partner]
    for n in range(3):
        partners.append(await factories.partner(db, f"=見本の会{n}"))
        await factories.agreement(db, partners[-1], [], since=OPEN.date())
    plan = [("A", "C"), ("B", "B"), ("A", None), (None, "D"), (None, None)]
    for partner, grades in zip(partners, plan, strict=True):
        for side, grade in zip(("city", "partner"), grades, strict=True):
            if grade:
                await _submitted(db, partner, side, grade)
    await db.commit()
    summary = await year_summary(db, YEAR)
    assert (summary.partners, summary.city_done, summary.partner_done, summary.both) == (5, 3, 3, 2)
    assert summary.counts == {"both": 2, "partner": 1, "city": 1, "none": 1}
    one = summary.points[0]
    assert one.city == {"A": 1, "B": 1, "C": 0, "D": 0} and one.city_mean == 3.5
    assert one.partner_mean == 2.5 and one.apart == 1, "the single D is of nobody's pair"
    await world.login(client, world.sato)
    with count_queries() as seen:
        page = (await client.get("/staff/reviews")).text
    assert len(seen) <= 5
    assert "大きなちがい 9項目" in page and "3.5" in page and "2.5" in page
    for standing, n in summary.counts.items():
        found = (await client.get(f"/staff/reviews?standing={standing}")).text
        assert f"<b>{n}件</b>" in found
    assert "<b>1件</b>" in (await client.get("/staff/reviews?q=母恋")).text
    assert (await client.get("/staff/reviews?standing=x&year=99&page=0")).status_code == 200
    file = (await client.get("/staff/reviews?format=csv")).content.decode("utf-8-sig")
    lines = list(csv.DictReader(io.StringIO(file)))
    assert len(lines) == 5 and lines[0]["目的・目標の共有(市)"] == "A"
    assert lines[2]["目的・目標の共有(市)"] == "" and lines[2]["パートナー"].startswith("'=")


async def _submitted(db: AsyncSession, partner: Partner, side: str, grade: str) -> None:
    db.add(
        Review(id=uuid.uuid4(), partner_id=partner.id, fiscal_year=YEAR, side=side,
               scores=dict.fromkeys(KEYS, grade), remarks={}, submitted_at=OPEN)
    )  # fmt: skip
    await db.flush()


async def test_the_year_in_figures(db: AsyncSession, world: World, clock: FixedClock) -> None:
    for day, state in ((2, "accepted"), (3, "accepted"), (4, "submitted")):
        await factories.cleanup(
            db, world.partner, world.street, day=dt.date(2026, 6, day), people=7, state=state
        )
    await factories.cleanup(db, world.partner, world.street, day=dt.date(2026, 3, 31), people=50)
    seen = await look(db, world.partner.code, YEAR, "partner")
    assert (seen.times, seen.people) == (2, 14)


async def test_partner_page_budget(
    client: httpx2.AsyncClient, world: World, count_queries: Count
) -> None:
    await world.login(client, world.kenji)
    with count_queries() as seen:
        await client.get(PARTNER)
    assert len(seen) <= 5


# --- which year ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "day", "year", "opens"),
    [
        ("03-01", "2027-03-01", 2026, "2027-03-01"),
        ("03-01", "2027-02-28", 2025, "2026-03-01"),
        ("04-01", "2027-04-01", 2026, "2027-04-01"),
        ("02-01", "2027-12-31", 2026, "2027-02-01"),
        ("02-29", "2027-02-28", 2026, "2027-02-28"),
        ("02-29", "2028-02-28", 2026, "2027-02-28"),
        ("10-15", "2027-10-15", 2027, "2027-10-15"),
        ("03-31", "2027-06-14", 2026, "2027-03-31"),
    ],
)
def test_the_year_under_review(rule: str, day: str, year: int, opens: str) -> None:
    rules = CityRules(review_from=rule, review_days=60)
    window = window_on(dt.date.fromisoformat(day), rules)
    assert (window.year, window.opens_on) == (year, dt.date.fromisoformat(opens))
    assert window == window_of(year, rules)
    assert window.is_open(window.closes_on) and (window.closes_on - window.opens_on).days == 59
    assert not window.is_open(window.closes_on + dt.timedelta(days=1))


@pytest.mark.parametrize(
    ("asked", "year"),
    [("", 2026), ("2025", 2025), ("2027", 2026), ("1999", 2026), ("x", 2026), ("２０２５", 2026)],
)
def test_only_years_that_can_be(asked: str, year: int) -> None:
    assert read_year(asked, OPEN.date(), CityRules()) == year


def test_mean() -> None:
    assert mean({"A": 1, "B": 0, "C": 0, "D": 1}) == 2.5
    assert mean(dict.fromkeys("ABCD", 0)) is None
