"""The settings' pages: reading, changing, bounds, what does not fit, two admins at once."""

import asyncio
import html
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import httpx2
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.models import AuditEvent
from server.citysettings.actions import BadRules, save_group, version_of
from server.citysettings.fields import CHOICES, crosschecks, rule_field, said
from server.citysettings.forms import group_form, values_of
from server.citysettings.models import CitySetting
from server.citysettings.queries import load_rules
from server.citysettings.registry import GROUPS, LABELS, CityRules
from server.db.engine import make_engine, make_sessions
from server.errors import Conflict
from server.policy import Actor
from server.services import system_clock
from tests.conftest import START
from tests.personas import World, create_world

pytestmark = pytest.mark.anyio
Count = Callable[[], AbstractContextManager[Any]]
BY_SLUG = {group.slug: group for group in GROUPS}


async def rows(db: AsyncSession) -> dict[str, Any]:
    found = await db.execute(select(CitySetting.key, CitySetting.value))
    return {key: value for key, value in found}


async def sent(db: AsyncSession, slug: str, **changes: Any) -> dict[str, Any]:
    """What a browser would send of the group's form, with changes."""
    rules, group = await load_rules(db), BY_SLUG[slug]
    form = group_form(group, rules, None, version_of(group, rules))
    data = {field.name: field.data for field in form}
    data = {name: "y" if value is True else value for name, value in data.items() if value}
    return {**data, **changes}


async def trail(db: AsyncSession) -> list[dict[str, Any]]:
    found = select(AuditEvent.detail).where(AuditEvent.action == "settings.change")
    return list((await db.execute(found.order_by(AuditEvent.id))).scalars())


# --- the registry ---------------------------------------------------------------------------------


def test_every_rule_stands_in_one_group_and_has_its_words() -> None:
    keys = [key for group in GROUPS for key in group.rules]
    assert sorted(keys) == sorted(CityRules.model_fields)
    assert sorted(LABELS) == sorted(keys)
    default = CityRules()
    for key in keys:
        field = rule_field(key)
        assert said(field, getattr(default, key)) or key == "embed_origins", key  # none at first
        if field.kind == "number":
            assert field.bounds, key
        if field.kind == "choice":
            said_codes = set(CHOICES[key])
            assert said_codes == set(CityRules.model_fields[key].annotation.__args__)  # type: ignore[union-attr]
    assert crosschecks(default) == {}


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.slug)
def test_a_form_sends_back_what_it_showed(group: Any) -> None:
    rules = CityRules()
    values = values_of(group, group_form(group, rules))
    assert CityRules.model_validate(values) == rules


# --- reading --------------------------------------------------------------------------------------


async def test_who_may(client: httpx2.AsyncClient, world: World) -> None:
    for path in ("/staff/settings", "/staff/settings/desk"):
        assert (await client.get(path)).status_code == 303
        assert (await client.put(path)).status_code == 405
        for somebody in (world.hanako, world.kenji, world.kanae):
            await world.login(client, somebody)
            assert (await client.get(path)).status_code == 403
        client.cookies.clear()
    await world.login(client, world.sato)
    page = await client.get("/staff/settings")
    assert page.status_code == 200
    assert "/staff/settings/desk" not in page.text  # reading only
    assert (await client.post("/staff/settings")).status_code == 405
    for method in ("GET", "POST"):
        assert (await client.request(method, "/staff/settings/desk")).status_code == 403
    await world.login(client, world.kanri)
    assert "/staff/settings/desk" in (await client.get("/staff/settings")).text
    assert (await client.get("/staff/settings/desk")).status_code == 200
    for bad in ("nothing", "版", "desk%20"):
        assert (await client.get(f"/staff/settings/{bad}")).status_code == 404


async def test_all_rules_are_shown_and_changed_ones_marked(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, count_queries: Count
) -> None:
    db.add(CitySetting(key="desk_due_days", value=12, changed_at=START, changed_by=world.kanri.id))
    db.add(CitySetting(key="pickup_weekdays", value=[1, 3], changed_at=START, changed_by=None))
    await db.commit()
    await world.login(client, world.sato)
    with count_queries() as seen:
        page = html.unescape((await client.get("/staff/settings")).text)
    assert len(seen) <= 4
    for label in LABELS.values():
        assert str(label.label) in page
    for words in ("12日", "はじめの値: 7日", "見本かんり", "2026年6月14日", "火・木",
                  "はじめの値: 月・火・水・木・金", "ファイルから", "2項目", "012050", "EPSG:6680",
                  "42.31540, 140.97430", "年度の終わり(3月31日)まで", "11月30日"):  # fmt: skip
        assert words in page, words
    assert page.count("はじめの値: ") == 2


# --- changing -------------------------------------------------------------------------------------


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.slug)
async def test_each_form_is_saved_as_it_stands_without_a_trace(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, group: Any
) -> None:
    await world.login(client, world.kanri)
    answer = await client.post(f"/staff/settings/{group.slug}", data=await sent(db, group.slug))
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"] == f"/staff/settings#{group.slug}"
    assert await rows(db) == {}
    assert await trail(db) == []


async def test_a_change_is_kept_noted_and_shown_at_once(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    await world.login(client, world.kanri)
    await client.get("/staff/settings")  # the process now knows the city by heart
    data = await sent(db, "desk", desk_due_days="１０", review_from="2/1", hour_value_yen="1,075")
    answer = await client.post("/staff/settings/desk", data=data)
    assert answer.status_code == 303
    assert await rows(db) == {"desk_due_days": 10, "review_from": "02-01", "hour_value_yen": 1075}
    before = {"desk_due_days": 7, "review_from": "03-01", "hour_value_yen": 0}
    assert await trail(db) == [{"before": before, "after": await rows(db)}]
    page = (await client.get("/staff/settings")).text
    assert "設定を保存しました" in page
    assert "1,075円" in page
    # The same again: harmless, although the form is an old one.
    again = await client.post("/staff/settings/desk", data=data)
    assert again.status_code == 303
    assert len(await trail(db)) == 1
    # Back to the default: the row goes.
    data = await sent(db, "desk", desk_due_days="7")
    await client.post("/staff/settings/desk", data=data)
    assert set(await rows(db)) == {"review_from", "hour_value_yen"}
    assert (await trail(db))[1] == {"before": {"desk_due_days": 10}, "after": {"desk_due_days": 7}}


async def test_this_process_uses_a_change_at_once(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    await world.login(client, world.kanri)
    for _ in range(2):
        await client.get("/staff/coverage")
    await client.post("/staff/settings/season", data=await sent(db, "season", fresh_days="21"))
    assert "21日以内" in (await client.get("/staff/coverage")).text


@pytest.mark.parametrize(
    ("slug", "change", "words"),
    [
        ("desk", {"desk_due_days": "0"}, "1〜90の整数を入れてください。"),
        ("desk", {"desk_due_days": "91"}, "1〜90の整数を入れてください。"),
        ("desk", {"desk_due_days": "なし"}, "1〜90の整数を入れてください。"),
        ("desk", {"desk_due_days": ""}, "1〜90の整数を入れてください。"),
        ("desk", {"desk_due_days": "1" * 400}, "1〜90の整数を入れてください。"),
        ("desk", {"desk_due_days": "7.5"}, "1〜90の整数を入れてください。"),
        ("desk", {"review_from": "13-01"}, "月-日の形で入れてください。"),
        ("desk", {"review_from": "2月30日"}, "暦にない日です。"),
        ("pickups", {"pickup_cutoff": "25:00"}, "時:分の形で入れてください。"),
        ("pickups", {"pickup_weekdays": []}, "曜日を1つ以上えらんでください。"),
        ("pickups", {"pickup_weekdays": ["9"]}, "以下の数を入れてください。"),
        ("pickups", {"pickup_refused": "あ" * 1001}, "1000字までで入れてください。"),
        ("season", {"fresh_days": "45"}, "「きれい」とみなす日数(45日)より長く"),
        ("sections", {"sections": "地域生活課\n土木課維持係"}, "「環境課」は担当課の一覧に"),
        ("sections", {"sections": ""}, "1つ以上入れてください。"),
        ("sections", {"sections": "環境課\n環境課\n地域生活課"}, "同じ課が2回あります。"),
        ("sections", {"section_roads": "よその課"}, "「よその課」は担当課の一覧にありません。"),
        ("programme", {"term_mode": "forever"}, "えらべる値ではありません。"),
        ("supplies", {"loan_max_days": "60", "loan_ahead_days": "30"}, "より短くはできません。"),
        ("words", {"contact": "あ" * 201}, "200字までで入れてください。"),
    ],
)  # fmt: skip
async def test_what_cannot_be_taken_is_said_and_kept(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, slug: str, change: Any, words: str
) -> None:
    await world.login(client, world.kanri)
    answer = await client.post(f"/staff/settings/{slug}", data=await sent(db, slug, **change))
    assert answer.status_code == 422
    page = html.unescape(answer.text)
    assert words in page
    assert 'role="alert"' in page
    for value in change.values():
        if isinstance(value, str) and value and value != "forever":
            assert value in page  # what was typed is still there
    assert await rows(db) == {}
    assert await trail(db) == []


async def test_a_section_is_renamed_in_two_looks(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    """The new name can be chosen as soon as it stands in the list, also while that is refused."""
    await world.login(client, world.kanri)
    names = "地域生活課\n土木課維持係\nごみ減量課"
    first = await client.post(
        "/staff/settings/sections", data=await sent(db, "sections", sections=names)
    )
    assert first.status_code == 422
    assert '<option value="ごみ減量課"' in first.text
    data = await sent(db, "sections", sections=names, section_waste="ごみ減量課")
    assert (await client.post("/staff/settings/sections", data=data)).status_code == 303
    rules = await load_rules(db)
    assert (rules.sections[2], rules.section_waste) == ("ごみ減量課", "ごみ減量課")


async def test_an_old_form_does_not_undo_what_somebody_saved(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    await world.login(client, world.kanri)
    old = await sent(db, "desk", review_days="90")
    await client.post("/staff/settings/desk", data=await sent(db, "desk", desk_due_days="5"))
    answer = await client.post("/staff/settings/desk", data=old)
    assert answer.status_code == 409
    assert "ほかの人が先にこの設定を変えました" in answer.text
    assert await rows(db) == {"desk_due_days": 5}
    # Looked at, and sent again from that page: now it counts.
    version = answer.text.split('name="version"', 1)[1].split('value="', 1)[1].split('"', 1)[0]
    again = await client.post("/staff/settings/desk", data={**old, "version": version})
    assert again.status_code == 303
    assert await rows(db) == {"review_days": 90}


async def test_a_bad_row_does_not_stop_anybody(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    db.add(CitySetting(key="desk_due_days", value="viele", changed_at=START))
    db.add(CitySetting(key="gone_rule", value=1, changed_at=START))
    await db.commit()
    await world.login(client, world.kanri)
    assert (await client.get("/staff/settings")).status_code == 200
    data = await sent(db, "desk", review_days="61")
    assert (await client.post("/staff/settings/desk", data=data)).status_code == 303
    assert await rows(db) == {"gone_rule": 1, "review_days": 61}


async def test_two_admins_at_the_same_moment(database_url: str) -> None:
    """Rules that must fit together are checked one writer after the other."""
    engine = make_engine(database_url, 3)
    sessions = make_sessions(engine, clock=system_clock)
    async with sessions() as db, db.begin():
        world = await create_world(db, START)
    actor = Actor(world.kanri.id, "見本かんり", roles=frozenset({"admin"}))
    group = BY_SLUG["season"]
    version = version_of(group, CityRules())

    async def save(**values: Any) -> str:
        async with sessions() as db, db.begin():
            try:
                await save_group(db, actor, group, values, version)
            except (BadRules, Conflict):
                return "refused"
        return "saved"

    outcomes = await asyncio.gather(save(fresh_days=40), save(due_days=20))
    assert sorted(outcomes) == ["refused", "saved"]
    async with sessions() as db:
        assert len(await rows(db)) == 1
    await engine.dispose()
