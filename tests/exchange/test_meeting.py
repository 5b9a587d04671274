"""The exchange meeting: prepared, announced, answered, held; its numbers."""

import datetime as dt
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import httpx2
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from server.exchange.models import AnnouncementRecipient, Meeting, MeetingReply
from tests import factories
from tests.conftest import JST, START, FixedClock
from tests.exchange.kit import as_, audits, count, history, mails
from tests.personas import World

pytestmark = pytest.mark.anyio
Count = Callable[[], AbstractContextManager[Any]]
NEW = "/centre/meetings/new"
DAY = dt.datetime(2026, 7, 1, 13, 30, tzinfo=JST)


def plan(**more: Any) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()), "title": "情報交換会 見本", "fiscal_year": "2026",
        "day": "2026-07-01", "starts": "13:30", "ends": "15:00", "place": "見本センター",
        "agenda": "活動区域の数\n合同清掃の案", "verb": "save", **more,
    }  # fmt: skip


async def made(client: httpx2.AsyncClient, world: World, *, publish: bool = True) -> str:
    """The id of a meeting that かなえ has made (and announced)."""
    await world.login(client, world.kanae)
    what = plan()
    assert (await client.post(NEW, data=what)).status_code == 303
    if publish:
        answer = await client.post(f"/centre/meetings/{what['id']}", data={"verb": "publish"})
        assert answer.status_code == 303
    return str(what["id"])


async def test_who_may(client: httpx2.AsyncClient, world: World) -> None:
    id = await made(client, world)
    keepers = ("/centre/meetings", NEW, f"/centre/meetings/{id}")
    client.cookies.clear()
    for path in (*keepers, f"/meetings/{id}"):
        assert (await client.get(path)).status_code == 303
    for who in (world.hanako, world.kenji):
        for path in keepers:
            assert (await as_(client, world, who, path)).status_code == 403
            assert (await client.post(path, data={"verb": "call_off"})).status_code in (403, 405)
    for who in (world.kanae, world.sato, world.kanri):
        for path in (*keepers, f"/meetings/{id}"):
            assert (await as_(client, world, who, path)).status_code == 200
    assert (await as_(client, world, world.kenji, f"/meetings/{id}")).status_code == 200
    assert (await as_(client, world, world.hanako, f"/meetings/{id}")).status_code == 403
    await world.login(client, world.kanae)
    assert (await client.get(f"/centre/meetings/{uuid.uuid4()}")).status_code == 404
    assert (await client.post("/centre/meetings")).status_code == 405


async def test_a_draft_is_nobodys_business(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    id = await made(client, world, publish=False)
    assert (await as_(client, world, world.kenji, f"/meetings/{id}")).status_code == 404
    assert (await client.post(f"/meetings/{id}", data={"people": "1"})).status_code == 404
    await world.login(client, world.kanae)
    reason = {"verb": "call_off", "comment": "とりやめ"}
    assert (await client.post(f"/centre/meetings/{id}", data=reason)).status_code == 303
    assert (await as_(client, world, world.kenji, f"/meetings/{id}")).status_code == 404
    assert await mails(db) == []


async def test_announced_once_to_all_with_day_and_link(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    id = await made(client, world)
    await client.post(f"/centre/meetings/{id}", data={"verb": "publish"})
    assert [to for to, _subject in await mails(db)] == ["kenji@example.jp", "yosomono@example.jp"]
    assert await count(db, AnnouncementRecipient) == 2
    assert await history(db, uuid.UUID(id)) == ["create", "publish"]
    assert await audits(db, "announcement.send") == 1
    page = (await as_(client, world, world.kenji, f"/announcements/{id}")).text
    assert "2026年7月1日(水) 令和8年 13:30–15:00" in page and f"/meetings/{id}" in page


async def test_replies_until_the_beginning(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, clock: FixedClock
) -> None:
    id = await made(client, world)
    path = f"/meetings/{id}"
    await world.login(client, world.kenji)
    page = (await client.get(path)).text
    assert "令和8年" in page and "見本センター" in page and "合同清掃の案" in page
    assert "活動区域数" in page and "活センからの支援" in page
    for people in ("２", "3", "3"):
        sent = await client.post(path, data={"people": people, "note": "車いす1人"})
        assert sent.status_code == 303
    assert await as_numbers(db) == [(world.partner.id, 3, None)]
    assert "3人で来ると返事をしました" in (await client.get(path)).text
    await world.login(client, world.yosomono)
    stolen = await client.post(path, data={"people": "9", "partner": world.partner.code})
    assert stolen.status_code == 404
    assert (await client.post(path, data={"people": "0"})).status_code == 303
    for bad in ("", "-1", "101", "いち"):
        answer = await client.post(path, data={"people": bad, "note": "のこる"})
        assert answer.status_code == 422 and "のこる" in answer.text
    await world.login(client, world.kanae)
    assert (await client.post(path, data={"people": "1"})).status_code == 404, "has no partner"
    page = (await client.get(f"/centre/meetings/{id}")).text
    assert "1団体から" in page and "車いす1人" in page and "欠席の返事(1)" in page
    clock.now = DAY
    await world.login(client, world.kenji)
    assert (await client.post(path, data={"people": "5"})).status_code == 409
    assert await audits(db, "meeting.reply") == 4


async def as_numbers(db: AsyncSession) -> list[tuple[Any, ...]]:
    rows = select(MeetingReply).execution_options(populate_existing=True)
    found = sorted(await db.scalars(rows), key=lambda row: str(row.partner_id))
    return [(row.partner_id, row.people, row.attended) for row in found]


async def test_one_person_answers_for_two_partners(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    await factories.member(db, world.other_partner, world.kenji)
    await db.commit()
    id = await made(client, world)
    page = (await as_(client, world, world.kenji, f"/meetings/{id}")).text
    for partner in (world.partner, world.other_partner):
        assert f'id="people-{partner.code}"' in page and f'for="people-{partner.code}"' in page
    sent = {"people": "4", "partner": world.other_partner.code}
    await client.post(f"/meetings/{id}", data=sent)
    assert await as_numbers(db) == [(world.other_partner.id, 4, None)]


async def test_attendance_on_the_day_and_the_sentence(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, clock: FixedClock
) -> None:
    """An announced partner came with fewer, one that had not answered walked in."""
    id = await made(client, world)
    await world.login(client, world.kenji)
    await client.post(f"/meetings/{id}", data={"people": "3"})
    edit = f"/centre/meetings/{id}"
    mine, other = world.partner.id, world.other_partner.id
    tick = {
        "verb": "attendance",
        "came": [str(mine), str(other)],
        f"n-{mine}": "2",
        f"n-{other}": "1",
    }
    await world.login(client, world.kanae)
    assert (await client.post(edit, data=tick)).status_code == 409, "before the day"
    assert (await client.post(edit, data={"verb": "hold"})).status_code == 409
    clock.now = DAY.replace(hour=9)
    await world.login(client, world.kanae)
    for _ in range(2):
        assert (await client.post(edit, data=tick)).status_code == 303
    assert {n[0]: n[1:] for n in await as_numbers(db)} == {mine: (3, 2), other: (0, 1)}
    page = (await client.get(edit)).text
    assert "2団体・個人から" in page and "checked" in page
    bad = await client.post(edit, data=tick | {f"n-{mine}": "0"})
    assert bad.status_code == 422
    assert (await client.post(edit, data=tick | {"came": "x"})).status_code == 422
    only = {"verb": "attendance", "came": [str(mine)], f"n-{mine}": "3"}
    await client.post(edit, data=only)
    assert {n[0]: n[2] for n in await as_numbers(db)} == {mine: 3, other: None}
    clock.now = DAY.replace(hour=16)
    assert (await client.post(edit, data={"verb": "hold"})).status_code == 303
    assert (await client.post(edit, data={"verb": "hold"})).status_code == 303
    assert (await client.post(edit, data=tick)).status_code == 303, "corrected afterwards"
    assert "2団体・個人から3人" in (await client.get("/centre/meetings")).text
    page = (await as_(client, world, world.kenji, f"/meetings/{id}")).text
    assert "2団体・個人から3人" in page and "返事を" not in page
    assert await history(db, uuid.UUID(id)) == ["create", "publish", "hold"]
    assert await audits(db, "meeting.attendance") == 4


async def test_called_off(client: httpx2.AsyncClient, db: AsyncSession, world: World) -> None:
    id = await made(client, world)
    await world.login(client, world.kenji)
    await client.post(f"/meetings/{id}", data={"people": "3"})
    await world.login(client, world.yosomono)
    await client.post(f"/meetings/{id}", data={"people": "0"})
    await world.login(client, world.sato)
    edit = f"/centre/meetings/{id}"
    assert (await client.post(edit, data={"verb": "call_off"})).status_code == 422
    reason = {"verb": "call_off", "comment": "大雪のため"}
    for _ in range(2):
        assert (await client.post(edit, data=reason)).status_code == 303
    told = [to for to, subject in await mails(db) if subject.startswith("【中止】")]
    assert told == ["kenji@example.jp"], "who does not come need not know"
    page = (await as_(client, world, world.kenji, f"/meetings/{id}")).text
    assert "大雪のため" in page and "中止になりました" in page
    assert (await client.post(f"/meetings/{id}", data={"people": "3"})).status_code == 409
    await world.login(client, world.sato)
    assert (await client.post(edit, data=plan())).status_code == 409


async def test_a_changed_time_is_told_to_those_who_come(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    id = await made(client, world)
    await world.login(client, world.kenji)
    await client.post(f"/meetings/{id}", data={"people": "3"})
    await world.login(client, world.kanae)
    edit = f"/centre/meetings/{id}"
    await client.post(edit, data=plan(agenda="次第だけ直した"))
    assert not [s for _to, s in await mails(db) if s.startswith("【変更】")]
    for _ in range(2):
        await client.post(edit, data=plan(agenda="次第だけ直した", starts="14:00"))
    changed = [to for to, s in await mails(db) if s.startswith("【変更】")]
    assert changed == ["kenji@example.jp"]
    assert await audits(db, "meeting.change") == 2


@pytest.mark.parametrize(
    "bad",
    [{"title": ""}, {"day": "x"}, {"ends": "13:00"}, {"place": " "}, {"fiscal_year": "1800"},
     {"starts": ""}],
)  # fmt: skip
async def test_bad_input_is_shown_again(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, bad: dict[str, str]
) -> None:
    await world.login(client, world.kanae)
    answer = await client.post(NEW, data=plan() | bad)
    assert answer.status_code == 422 and "合同清掃の案" in answer.text
    assert await count(db, Meeting) == 0


async def test_made_once(client: httpx2.AsyncClient, db: AsyncSession, world: World) -> None:
    await world.login(client, world.kanae)
    what = plan()
    for _ in range(2):
        assert (await client.post(NEW, data=what)).status_code == 303
    assert await count(db, Meeting) == 1 and await audits(db, "meeting.create") == 1


async def test_no_announcement_of_a_past_day(client: httpx2.AsyncClient, world: World) -> None:
    await world.login(client, world.kanae)
    what = plan(day=(START - dt.timedelta(days=1)).strftime("%Y-%m-%d"))
    await client.post(NEW, data=what)
    edit = f"/centre/meetings/{what['id']}"
    assert (await client.post(edit, data={"verb": "publish"})).status_code == 409
    assert (await client.post(edit, data={"verb": "fly"})).status_code == 422


async def test_nobody_to_announce_it_to(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    for one in (world.partner, world.other_partner):
        await factories.set_period(db, one, dt.date(2020, 4, 1), dt.date(2021, 4, 1))
    await db.commit()
    await world.login(client, world.kanae)
    what = plan()
    await client.post(NEW, data=what)
    edit = f"/centre/meetings/{what['id']}"
    answer = await client.post(edit, data={"verb": "publish"})
    assert answer.status_code == 422 and "あてはまるパートナーがありません" in answer.text
    assert await history(db, uuid.UUID(what["id"])) == ["create"], "nothing of it is kept"


async def test_budget(client: httpx2.AsyncClient, world: World, count_queries: Count) -> None:
    id = await made(client, world)
    for who, path in (
        (world.kenji, f"/meetings/{id}"), (world.kanae, f"/centre/meetings/{id}"),
        (world.kanae, "/centre/meetings"),
    ):  # fmt: skip
        await world.login(client, who)
        with count_queries() as seen:
            assert (await client.get(path)).status_code == 200
        assert len(seen) <= 5, path
