"""Whom a call asks and when: order, hard rules, limits, and each wave exactly once."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from geo.matching import Activity, Person
from server.db.base import uuid7
from server.helpcalls import jobs
from server.helpcalls.actions import ask_now
from server.helpcalls.asking import Candidate, best, free_keys, reason_words, score
from server.helpcalls.models import HelpAsk
from server.helpcalls.waves import send_wave
from server.policy import Actor
from tests import factories
from tests.conftest import START, FixedClock
from tests.factories import BOKOI
from tests.helpcalls.kit import (
    NORTH_PER_M,
    SUNDAY,
    asks,
    city_of,
    fresh,
    names,
    posted,
    volunteer,
)
from tests.personas import World

pytestmark = pytest.mark.anyio
ZONE = ZoneInfo("Asia/Tokyo")


@pytest.mark.parametrize(
    ("hour", "hours", "expected"),
    [
        (9, 2, ["7-morning"]),
        (9, 3.25, ["7-morning"]),  # a quarter of an hour of the afternoon asks nobody's afternoon
        (11, 3, ["7-morning", "7-afternoon"]),
        (18, 2, ["7-evening"]),
        (23, 3, ["7-evening", "1-morning"]),
    ],
)
def test_the_free_times_that_an_activity_needs(
    hour: int, hours: float, expected: list[str]
) -> None:
    starts = SUNDAY.replace(hour=hour)
    assert free_keys(starts, starts + dt.timedelta(hours=hours), ZONE) == expected


CALL = Activity(
    id="1", host="1", starts_at=SUNDAY, time="7-morning", hours_until=167, capacity=3,
    places_left=3, taken=0, works=frozenset({"weeding"}), kind="help", wants_hands=True,
)  # fmt: skip


def person(away_m: float, **wishes: object) -> Candidate:
    return Candidate(
        "person", uuid7(), None, away_m, (), (), False, 1, False, Person(**wishes)
    )  # fmt: skip


def test_the_best_come_first_and_a_partner_counts_once() -> None:
    partner, near, far = uuid7(), person(300), person(4000)
    members = [
        Candidate("partner", uuid7(), partner, 1000.0, (), (), False, 40, False) for _ in range(3)
    ]
    chosen = best([far, *members, near], CALL, 2, 5000)
    assert {one.unit for one in chosen} == {partner, near.account_id} and len(chosen) == 4
    again = best([near, far, *members], CALL, 3, 5000)
    assert best([*members, near, far], CALL, 3, 5000) == again
    assert best([near], CALL, 0, 5000) == []
    scores = [score(one, CALL, 5000) or 0 for one in (far, near)]
    assert 0 <= scores[0] < scores[1] <= 1


def test_a_hard_rule_of_the_matching_is_never_outweighed() -> None:
    with_children = person(10, with_children=True)
    assert score(with_children, CALL, 5000) is None
    assert best([with_children], CALL, 5, 5000) == []


def test_reasons_are_sentences_for_the_person() -> None:
    said = {"source": "person", "distance_m": 1200, "free": ["7-morning"], "works": ["weeding"],
            "course": True}  # fmt: skip
    assert reason_words(said) == [
        "家から約1.2km", "日曜の午前が空いています", "希望の活動(草取り・草刈り)です",
        "草刈り機の講習がすんでいます",
    ]  # fmt: skip
    assert reason_words({"source": "company"}) == ["活動の場所をさがしている企業・団体です"]
    assert reason_words({"free": ["x", 3], "works": ["nothing"]}) == []


async def test_only_those_who_fit_and_wish_are_asked(db: AsyncSession, world: World) -> None:
    call = await posted(db, world)
    await volunteer(db, "ちかい", away_m=800)
    await volunteer(db, "空いている", free_times=["7-morning"], works=["weeding"])
    await volunteer(db, "たずねないで", helps=False)
    await volunteer(db, "とおい", away_m=6000, reach_m=50_000)
    await volunteer(db, "歩ける範囲の外", away_m=1500, reach_m=1000)
    await volunteer(db, "ほかの作業", works=["planting"])
    await volunteer(db, "力仕事はしない", strength="light")
    await volunteer(db, "土曜だけ", free_times=["6-morning"])
    await volunteer(db, "月に0回", help_per_month=0)
    gone = await volunteer(db, "止まったアカウント")
    gone.disabled_at = START
    busy = await volunteer(db, "ほかの活動がある")
    other = await factories.opportunity(db, world.other_partner, starts=SUNDAY)
    await factories.signup(db, other, busy)
    assert call.opportunity_id is not None
    coming = await volunteer(db, "もう申し込んだ")
    await db.execute(
        text("INSERT INTO signups (id, opportunity_id, account_id, people, created_at)"
             " VALUES (:id, :to, :who, 1, :now)"),
        {"id": uuid7(), "to": call.opportunity_id, "who": coming.id, "now": START},
    )  # fmt: skip
    sent = await send_wave(db, call.id, await city_of(db), after=0)
    assert sent is not None and (sent.wave, sent.people) == (1, 2)
    assert await names(db, call) == ["ちかい", "空いている"]


async def test_a_mower_call_asks_only_those_with_the_course(db: AsyncSession, world: World) -> None:
    call = await posted(db, world, needs_course=True)
    await volunteer(db, "受けた", tools=["mower_course"])
    await volunteer(db, "受けていない")
    await send_wave(db, call.id, await city_of(db))
    assert await names(db, call) == ["受けた"]
    assert (await asks(db, call))[0].reasons["course"] is True


async def test_waves_go_out_in_order_and_in_time(
    db: AsyncSession, world: World, clock: FixedClock
) -> None:
    call = await posted(db, world, people_wanted=1)
    for n in range(5):
        await volunteer(db, f"{n}番", away_m=300 + 600 * n)
    city = await city_of(db, help_wave_people=8, help_wave_hours=12)
    assert await send_wave(db, call.id, city, after=0) is not None
    assert await names(db, call, 1) == ["0番", "1番"]  # twice the hands that are wanted
    assert await send_wave(db, call.id, city, after=0) is None  # the same job once more
    assert await send_wave(db, call.id, city, after=1) is None  # too early
    clock.now = START + dt.timedelta(hours=12)
    assert await send_wave(db, call.id, city, after=1) is not None
    assert await names(db, call, 2) == ["2番", "3番"]
    assert (await fresh(db, call.id)).wave == 2
    clock.now = SUNDAY  # it has begun
    assert await send_wave(db, call.id, city, after=2) is None
    assert await send_wave(db, call.id, city, early=True) is None


async def test_a_wave_is_never_larger_than_the_city_allows(db: AsyncSession, world: World) -> None:
    call = await posted(db, world, people_wanted=20)
    for n in range(6):
        await volunteer(db, f"{n}番")
    sent = await send_wave(db, call.id, await city_of(db, help_wave_people=4))
    assert sent is not None and sent.people == 4


async def test_nobody_is_asked_when_it_is_filled_closed_or_called_off(
    db: AsyncSession, world: World
) -> None:
    city = await city_of(db)
    person = await volunteer(db, "ちかい")
    full = await posted(db, world, people_wanted=1)
    await db.execute(
        text("INSERT INTO signups (id, opportunity_id, account_id, people, created_at)"
             " VALUES (:id, :to, :who, 1, :now)"),
        {"id": uuid7(), "to": full.opportunity_id, "who": world.hanako.id, "now": START},
    )  # fmt: skip
    assert await send_wave(db, full.id, city) is None
    off = await posted(db, world, starts_at=SUNDAY + dt.timedelta(hours=5),
                       ends_at=SUNDAY + dt.timedelta(hours=6))  # fmt: skip
    await db.execute(
        text("UPDATE opportunities SET state = 'cancelled', cancelled_at = :now WHERE id = :id"),
        {"now": START, "id": off.opportunity_id},
    )
    assert await send_wave(db, off.id, city) is None
    old = await posted(db, world, until_on=START.date())
    await db.execute(
        text("UPDATE help_calls SET until_on = :d WHERE id = :id"),
        {"d": START.date() - dt.timedelta(days=1), "id": old.id},
    )
    assert await send_wave(db, old.id, city) is None
    rows = (await db.scalars(select(HelpAsk).where(HelpAsk.account_id == person.id))).all()
    assert rows == []


async def test_the_monthly_limit_counts_all_calls_and_ends(
    db: AsyncSession, world: World, clock: FixedClock
) -> None:
    city = await city_of(db, help_per_month=2)
    await volunteer(db, "月に1回", help_per_month=1)
    await volunteer(db, "何回でも", help_per_month=31)
    later = dt.date(2026, 8, 30)
    asked = []
    for _ in range(3):
        call = await posted(db, world, until_on=later)
        await send_wave(db, call.id, city)
        asked.append(await names(db, call))
    assert asked == [["何回でも", "月に1回"], ["何回でも"], []]
    clock.now = START + dt.timedelta(days=31)
    call = await posted(db, world, until_on=later)
    await send_wave(db, call.id, city)
    assert await names(db, call) == ["何回でも", "月に1回"]


async def test_a_wave_that_finds_nobody_is_tried_again(
    db: AsyncSession, world: World, clock: FixedClock
) -> None:
    call, city = await posted(db, world), await city_of(db)
    sent = await send_wave(db, call.id, city)
    assert sent is not None and (sent.wave, sent.people) == (0, 0)
    assert (await fresh(db, call.id)).next_wave_at == clock() + dt.timedelta(hours=12)
    await volunteer(db, "あとから")
    clock.now = START + dt.timedelta(hours=13)
    assert (await send_wave(db, call.id, city)).people == 1  # type: ignore[union-attr]


async def test_neighbouring_partners_and_companies_without_a_place(
    db: AsyncSession, world: World
) -> None:
    """よそもの's company acts at the shore, 2 km away; けんじ's own people are never asked."""
    far = await factories.partner(db, "見本とおい町会")
    lon, lat = BOKOI
    up = lat + 8000 * NORTH_PER_M
    there = await factories.area(db, "とおい道", wkt=f"LINESTRING({lon} {up}, {lon} {up + 0.001})")
    await factories.agreement(db, far, [there], since=START.date())
    seeking = await factories.partner(db, "見本さがす会社", subject="company")
    people = {}
    for partner, name in ((far, "とおい人"), (seeking, "会社の人")):
        people[name] = await volunteer(db, name, helps=False)
        await factories.member(db, partner, people[name])
    call = await posted(db, world, to_citizens=False, to_partners=True)
    await send_wave(db, call.id, await city_of(db))
    assert await names(db, call) == ["会社の人", "見本よそもの"]
    by_account = {one.account_id: one for one in await asks(db, call)}
    company = by_account[people["会社の人"].id]
    assert company.reasons == {"source": "company"} and company.for_partner_id == seeking.id
    near = by_account[world.yosomono.id]
    assert 1500 < float(str(near.reasons["distance_m"])) < 3000


async def test_the_message_says_why_and_has_a_link_of_its_own(
    db: AsyncSession, world: World
) -> None:
    call = await posted(db, world, what_for="坂の上を刈ります。")
    await volunteer(db, "ひとり", email="one@example.jp", free_times=["7-morning"])
    await volunteer(db, "ふたり", email="two@example.jp")
    await send_wave(db, call.id, await city_of(db))
    mails = {
        email: f"{body} {path}"
        for email, body, path in await db.execute(
            text("SELECT a.email, n.body, n.path FROM notices n JOIN accounts a"
                 " ON a.id = n.account_id WHERE n.kind = 'help'")
        )
    }  # fmt: skip
    assert set(mails) == {"one@example.jp", "two@example.jp"}
    body = mails["one@example.jp"]
    assert (
        "日曜の午前が空いています" in body and "家から約500m" in body and "坂の上を刈ります" in body
    )
    links = [line for body in mails.values() for line in body.split() if "/help-answers/" in line]
    assert len(links) == 2 and links[0] != links[1]
    assert "example.jp" not in body


async def test_the_net_sends_what_a_lost_job_did_not(
    db: AsyncSession, sessions: async_sessionmaker[AsyncSession], world: World
) -> None:
    call = await posted(db, world)
    await volunteer(db, "ちかい")
    await db.commit()
    assert await jobs.catch_up(sessions) == {"asked": 1}
    assert await jobs.catch_up(sessions) == {}
    assert (await fresh(db, call.id)).wave == 1


async def test_the_centre_asks_at_once_and_it_is_in_the_audit(
    db: AsyncSession, world: World
) -> None:
    from server.helpcalls import queries

    row, city = await posted(db, world), await city_of(db)
    await volunteer(db, "0番")
    await send_wave(db, row.id, city)
    await volunteer(db, "1番")
    kanae = Actor(world.kanae.id, "見本かなえ", roles=frozenset({"coordinator"}))
    call = await queries.call(db, row.id, kanae)
    assert (await ask_now(db, kanae, call, city)).wave == 2
    await db.flush()
    assert await names(db, row, 2) == ["1番"]
    found = await db.scalar(
        text("SELECT detail->>'wave' FROM audit_events WHERE action = 'help_call.ask_now'")
    )
    assert found == "2"
