"""Kinds, forms of collaboration and rules of an activity; drafts, and what publishing asks for."""

import datetime as dt

import httpx2
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from server.opportunities.models import Opportunity
from tests import factories
from tests.conftest import FixedClock
from tests.opportunities.kit import NEW, NOBODY, acts, filled, one, rows
from tests.personas import World

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("kind", "works", "forms", "kept"),
    [
        ("cleanup", ["litter"], [], ["cooperation"]), ("joint", ["litter"], [], ["cohosting"]),
        ("festival", [], [], ["committee"]), ("council", [], [], ["committee"]),
        ("briefing", [], [], ["planning"]), ("exchange", [], [], ["information"]),
        ("training", [], ["endorsement", "subsidy"], ["endorsement", "subsidy"]),
    ],
)  # fmt: skip
async def test_each_kind_has_its_form_of_collaboration(
    client: httpx2.AsyncClient, world: World, db: AsyncSession,
    kind: str, works: list[str], forms: list[str], kept: list[str],
) -> None:  # fmt: skip
    await world.login(client, world.kenji)
    answer = await client.post(NEW, data=filled(world, kind=kind, works=works, forms=forms))
    assert answer.status_code == 303
    row = await one(db)
    assert (row.kind, row.forms, row.works) == (kind, kept, works or ["other"])
    page = (await client.get(answer.headers["location"])).text
    assert ("すること" in page) is bool(works)


async def test_the_rules_of_an_activity_are_kept_and_shown(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    await world.login(client, world.kenji)
    more = {"min_people": "５", "deadline_day": "2026-06-18", "deadline_time": "12:00",
            "min_age": "10", "guardian": "accompany", "languages": ["ja", "en"],
            "strength": "hard", "wants_hands": "y"}  # fmt: skip
    answer = await client.post(NEW, data=filled(world, **more))
    row = await one(db)
    assert row.deadline_at == dt.datetime(2026, 6, 18, 3, tzinfo=dt.UTC)
    assert (row.min_people, row.min_age, row.guardian, row.languages, row.strength) == (
        5, 10, "accompany", ["ja", "en"], "hard",
    )  # fmt: skip
    page = (await client.get(answer.headers["location"])).text
    for words in ("6月18日(木) 12:00", "10歳以上", "大人1人に10人まで", "English", "体力がいる",
                  "人手が足りません", "5人(集まらないとき"):  # fmt: skip
        assert words in page, words
    form = (await client.get(f"{answer.headers['location']}/edit")).text
    assert 'value="2026-06-18"' in form and 'value="12:00"' in form


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("deadline_day", "2026-06-21", "始まりより前"), ("min_people", "13", "定員より多く"),
        ("min_people", "0", "1人から"), ("min_age", "120", "0歳から"), ("kind", "x", "error"),
        ("guardian", "x", "error"), ("forms", "x", "error"), ("languages", "x", "error"),
        ("strength", "x", "error"), ("deadline_time", "25:00", "error"),
    ],
)  # fmt: skip
async def test_an_error_in_a_fold_opens_it(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, field: str, value: str, message: str
) -> None:
    await world.login(client, world.kenji)
    answer = await client.post(NEW, data=filled(world, description="だいじ", **{field: value}))
    assert answer.status_code == 422 and message in answer.text and "だいじ" in answer.text
    assert field == "kind" or '<details class="disclosure" open' in answer.text
    assert not await rows(db)


async def _draft(client: httpx2.AsyncClient, world: World, **changes: object) -> str:
    answer = await client.post(NEW, data=filled(world, save="draft", **changes))
    assert answer.status_code == 303
    return answer.headers["location"]


async def test_a_draft_is_nobody_elses_business(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    await world.login(client, world.kenji)
    path = await _draft(client, world, meeting_place="", day="2026-06-01")
    assert (await one(db)).state == "draft" and await acts(db) == ["opportunity.draft"]
    assert "下書き(1)" in (await client.get("/partner/opportunities")).text
    assert "下書きです" in (await client.get(path)).text
    for person, status in ((world.toyo, 200), (world.sato, 200), (world.hanako, 404),
                           (world.yosomono, 404)):  # fmt: skip
        await world.login(client, person)
        assert (await client.get(path)).status_code == status, person.display_name
        assert (await client.get(f"{path}.ics")).status_code == status
    await world.login(client, world.hanako)
    assert (await client.post(f"{path}/signup", data={"people": "1"})).status_code == 404


async def test_publishing_asks_for_what_a_draft_may_leave_out(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, clock: FixedClock
) -> None:
    await world.login(client, world.kenji)
    path = await _draft(client, world, meeting_place="", day="2026-06-01")
    past = await client.post(f"{path}/publish")
    assert past.status_code == 422 and "これからの日時" in past.text
    changed = filled(world, meeting_place="", save="draft")
    assert (await client.post(f"{path}/edit", data=changed)).status_code == 303
    nowhere = await client.post(f"{path}/publish")
    assert nowhere.status_code == 422 and "集合場所を書いてください" in nowhere.text
    assert (await one(db)).state == "draft"
    full = filled(world, save="publish")
    assert (await client.post(f"{path}/edit", data=full)).status_code == 303
    row = await one(db)
    assert (row.state, row.published_at) == ("published", clock())
    for _ in range(2):  # a second tap is harmless
        assert (await client.post(f"{path}/publish")).status_code == 303
    assert (await acts(db)).count("opportunity.publish") == 1


async def test_publishing_a_whole_draft_takes_one_tap(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    await world.login(client, world.kenji)
    path = await _draft(client, world)
    assert (await client.post(f"{path}/publish")).headers["location"] == path
    assert (await one(db)).state == "published"


async def test_a_draft_can_be_thrown_away(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    await world.login(client, world.kenji)
    path = await _draft(client, world)
    assert "下書きを消す" in (await client.get(f"{path}/cancel")).text
    gone = await client.post(f"{path}/cancel")
    assert gone.headers["location"] == "/partner/opportunities"
    assert not await rows(db) and (await acts(db))[-1] == "opportunity.discard"
    assert (await client.post(f"{path}/cancel")).status_code == 404


async def test_who_may_publish(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, clock: FixedClock
) -> None:
    row: Opportunity = await factories.opportunity(
        db, world.partner, starts=clock.now + dt.timedelta(days=5), state="draft"
    )
    await db.commit()
    path = f"/opportunities/{row.id}/publish"
    assert (await client.post(path)).headers["location"].startswith("/login")
    for person, status in ((world.hanako, 403), (world.kanae, 403), (world.yosomono, 404)):
        await world.login(client, person)
        assert (await client.post(path)).status_code == status
    await world.login(client, world.kenji)
    assert (await client.get(path)).status_code == 405
    assert (await client.post(f"/opportunities/{NOBODY}/publish")).status_code == 404
    assert (await client.post("/opportunities/x/publish")).status_code == 404
    assert (await client.post(path)).status_code == 303
