"""The pages that split, merge and hand over areas, with the checklist of writing pages."""

import datetime as dt
import json
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import httpx2
import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from server.agreements.models import AgreementArea
from server.areas.models import Area, AreaLineage
from server.audit.models import AuditEvent
from server.db.base import uuid7
from server.signs.machine import SIGN
from server.signs.models import Sign
from tests import factories
from tests.personas import World

pytestmark = pytest.mark.anyio
Count = Callable[[], AbstractContextManager[Any]]
STROKE = json.dumps(
    {"type": "LineString", "coordinates": [[140.9915, 42.3198], [140.9925, 42.3192]]}
)
NEXT = "LINESTRING(140.999 42.3245, 141.003 42.327)"  # goes on where the street ends
WAYS = ("split", "merge", "handover")


def path(world: World, what: str, area: Area | None = None) -> str:
    return f"/staff/areas/{(area or world.street).code}/{what}"


def seen_in(page: str) -> str:
    found = re.search(r'name="seen"[^>]*value="([0-9a-f]+)"', page)
    assert found, "nothing was previewed"
    return found[1]


async def split(client: httpx2.AsyncClient, world: World, **changes: str) -> httpx2.Response:
    """Preview, then confirm what was seen."""
    fields = {"id": str(uuid7()), "cut": STROKE, **changes}
    preview = await client.post(path(world, "split"), data={**fields, "step": "preview"})
    assert preview.status_code == 200, preview.text
    names = {"names-0": "母恋 南", "names-1": "母恋 北"}
    confirm = {**fields, **names, "seen": seen_in(preview.text), "step": "confirm"}
    again = await client.post(path(world, "split"), data=confirm)
    second = await client.post(path(world, "split"), data=confirm)
    assert second.headers.get("location") == again.headers.get("location")
    return again


@pytest.mark.parametrize("what", WAYS)
async def test_who_may(client: httpx2.AsyncClient, world: World, what: str) -> None:
    page = path(world, what)
    for answer in (await client.get(page), await client.post(page)):
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/login")
    for person in (world.hanako, world.kenji, world.kanae):
        await world.login(client, person)
        assert (await client.get(page)).status_code == 403
        assert (await client.post(page, data={"step": "confirm"})).status_code == 403
    await world.login(client, world.sato)
    assert (await client.get(page)).status_code == 200
    assert (await client.put(page)).status_code == 405
    for code in ("A-9999", "x", "%00"):
        assert (await client.get(f"/staff/areas/{code}/{what}")).status_code == 404
        assert (await client.post(f"/staff/areas/{code}/{what}")).status_code == 404


async def test_split(client: httpx2.AsyncClient, db: AsyncSession, world: World) -> None:
    await factories.cleanup(db, world.partner, world.street, day=dt.date(2026, 6, 1))
    await db.commit()
    await world.login(client, world.sato)
    answer = await split(client, world)
    assert answer.status_code == 303
    parts = list(
        await db.scalars(select(Area).join(AreaLineage, AreaLineage.to_area_id == Area.id))
    )
    assert sorted(p.name for p in parts) == ["母恋 北", "母恋 南"]
    assert await db.scalar(select(func.count()).select_from(AuditEvent)) == 1
    # both ways between the pages; the reports of the old area are one link away
    old = (await client.get(f"/areas/{world.street.code}")).text
    assert "使わなくなりました" in old
    assert "6月1日" in old
    for part in parts:
        assert f'href="/areas/{part.code}"' in old
        page = (await client.get(f"/areas/{part.code}")).text
        assert f'href="/areas/{world.street.code}#past"' in page
        assert "6月1日に清掃" in page  # the ground was cleaned, whatever its number
        assert world.street.code in (await client.get(f"/staff/areas/{part.code}/edit")).text
    # nothing lists the old one but the register of what ended by a split
    for listing in ("/areas", "/staff/areas", "/staff/coverage", "/layers/areas"):
        assert f'"{world.street.name}"' not in (await client.get(listing)).text
    assert world.street.code not in (await client.get("/staff/areas")).text
    gone = (await client.get("/staff/areas?retired=reshaped")).text
    assert world.street.code in gone
    assert all(part.code in gone for part in parts)
    for what in WAYS:
        assert "使わなくなりました" in (await client.get(path(world, what))).text
    await world.login(client, world.kenji)
    mine = (await client.get("/partner/areas")).text
    assert all(part.code in mine for part in parts)
    assert f">{world.street.name}<" not in mine


async def test_split_by_metres(client: httpx2.AsyncClient, db: AsyncSession, world: World) -> None:
    """Without a map: so many metres from the beginning, in full-width digits too."""
    await world.login(client, world.sato)
    fields = {"id": str(uuid7()), "at_m": "３００、700m", "step": "preview"}
    page = await client.post(path(world, "split"), data=fields)
    assert page.status_code == 200
    assert page.text.count('name="names-') == 3
    assert "300m" in page.text and "400m" in page.text


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "分ける線を"),
        ({"cut": "ここ"}, "形を読み取れません"),
        ({"cut": "LINESTRING(140.9 42.3, 140.91 42.3)"}, "横切っていません"),
        ({"cut": factories.PARK}, "使えません"),
        ({"at_m": "半分"}, "数字"),
        ({"at_m": "99999"}, "区域の長さ"),
    ],
)
async def test_split_refused(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, fields: dict[str, str], words: str
) -> None:
    await world.login(client, world.sato)
    answer = await client.post(path(world, "split"), data={**fields, "step": "confirm"})
    assert answer.status_code == 422
    assert words in answer.text or words == "使えません"
    assert all(value in answer.text for value in fields.values())
    assert await db.scalar(select(func.count()).select_from(AreaLineage)) == 0


async def test_only_what_was_seen_is_done(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    await world.login(client, world.sato)
    fields = {"id": str(uuid7()), "cut": STROKE}
    page = await client.post(path(world, "split"), data={**fields, "step": "preview"})
    moved = {"at_m": "300", "names-0": "南", "names-1": "北", "seen": seen_in(page.text)}
    other = await client.post(path(world, "split"), data={**fields, **moved, "step": "confirm"})
    assert other.status_code == 422
    assert "分け方が変わりました" in other.text
    nameless = {"names-0": " ", "names-1": "北", "seen": seen_in(page.text)}
    answer = await client.post(path(world, "split"), data={**fields, **nameless, "step": "confirm"})
    assert answer.status_code == 422
    assert "入力してください" in answer.text
    assert await db.scalar(select(func.count()).select_from(AreaLineage)) == 0


async def test_merge(client: httpx2.AsyncClient, db: AsyncSession, world: World) -> None:
    beside = await factories.area(db, "輪西 歩道", wkt=NEXT)
    await factories.agreement(db, world.other_partner, [beside], since=dt.date(2026, 6, 14))
    await db.commit()
    await world.login(client, world.sato)
    page = await client.get(path(world, "merge"))
    assert "接しています" in page.text
    assert world.park.code not in page.text  # a surface is no neighbour of a line
    fields = {"id": str(uuid7()), "near": beside.code}
    preview = await client.post(path(world, "merge"), data={**fields, "step": "preview"})
    assert preview.status_code == 200
    said = {
        "name": "母恋・輪西 歩道",
        "kind": "city_road",
        "manager": "city",
        "section": "土木課維持係",
    }
    confirm = {**fields, **said, "seen": seen_in(preview.text), "step": "confirm"}
    done = await client.post(path(world, "merge"), data=confirm)
    assert done.status_code == 303
    again = await client.post(path(world, "merge"), data=confirm)
    assert again.headers["location"] == done.headers["location"]
    merged = (await db.scalars(select(Area).where(Area.name == said["name"]))).one()
    held = select(AgreementArea.partner_id).where(AgreementArea.area_id == merged.id)
    assert set(await db.scalars(held)) == {world.partner.id, world.other_partner.id}
    (event,) = (await db.scalars(select(AuditEvent))).all()
    assert event.detail["of"] == [world.street.code, beside.code]


async def test_merge_refused(client: httpx2.AsyncClient, db: AsyncSession, world: World) -> None:
    await world.login(client, world.sato)
    for codes, words in (
        ("", "まとめる区域を選んで"),
        (world.park.code, "線の区域と面の区域"),
        (world.other_area.code, "離れています"),
        ("A-9999", "見つからない番号"),
    ):
        fields = {"codes": codes, "step": "confirm"}
        answer = await client.post(path(world, "merge"), data=fields)
        assert answer.status_code == 422, codes
        assert words in answer.text
        assert codes in answer.text
    assert await db.scalar(select(func.count()).select_from(AreaLineage)) == 0


async def test_hand_over(client: httpx2.AsyncClient, db: AsyncSession, world: World) -> None:
    await world.login(client, world.sato)
    fields = {
        "giver": world.partner.code, "taker": world.other_partner.code, "on": "2026-06-14",
        "note": "総会で決定",
    }  # fmt: skip
    for _time in range(2):
        answer = await client.post(path(world, "handover"), data=fields)
        assert answer.status_code == 303
    (event,) = (await db.scalars(select(AuditEvent))).all()
    assert (event.action, event.detail["note"]) == ("area.hand_over", "総会で決定")
    page = (await client.get(f"/areas/{world.street.code}")).text
    assert world.other_partner.name in page


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"on": "2026-06-13"}, "きょうから先"),
        ({"on": ""}, "入力してください"),
        ({"taker": ""}, "入力してください"),
        ({"taker": "MP-9999"}, ""),
        ({"taker": "same"}, "いまの担当とちがう"),
        ({"on": "2040-01-01"}, "有効な合意がありません"),
    ],
)
async def test_hand_over_refused(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, changes: dict[str, str], words: str
) -> None:
    await world.login(client, world.sato)
    if changes.get("taker") == "same":
        changes = {"taker": world.partner.code}
    fields = {
        "giver": world.partner.code, "taker": world.other_partner.code, "on": "2026-06-20",
        "note": "総会で決定", **changes,
    }  # fmt: skip
    answer = await client.post(path(world, "handover"), data=fields)
    assert answer.status_code == 422
    assert words in answer.text
    assert "総会で決定" in answer.text
    assert await db.scalar(select(func.count()).select_from(AuditEvent)) == 0


async def test_register_columns_filters_and_order(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, count_queries: Count
) -> None:
    sign = Sign(partner_id=world.partner.id, area_id=world.street.id, wished_wording="見本")
    db.add(sign)
    await db.flush()
    await factories.bring_to(db, SIGN, sign, "naming")
    world.park.safety_notes, world.park.section = "遊具に注意", "地域生活課"
    world.park.season_from, world.park.season_to = "05-15", "10-31"
    await db.commit()
    await world.login(client, world.sato)
    with count_queries() as seen:
        page = (await client.get("/staff/areas")).text
    assert len(seen) <= 3
    for words in ("名称協議", "遊具に注意", "5月15日〜10月31日"):
        assert words in page
    only = (await client.get("/staff/areas?section=地域生活課")).text
    assert world.park.name in only and world.street.name not in only
    assert world.park.name not in (await client.get("/staff/areas?manager=state")).text
    for column in ("code", "name", "kind", "manager", "section", "size", "updated", "nonsense"):
        up = (await client.get(f"/staff/areas?sort={column}")).text
        down = (await client.get(f"/staff/areas?sort=-{column}")).text
        assert world.street.code in up and world.street.code in down
    longest = (await client.get("/staff/areas?sort=-size")).text
    assert longest.index(world.street.code) < longest.index(world.other_area.code)


@pytest.mark.parametrize("what", WAYS)
async def test_pages_are_few_statements(
    client: httpx2.AsyncClient, world: World, count_queries: Count, what: str
) -> None:
    await world.login(client, world.sato)
    with count_queries() as seen:
        assert (await client.get(path(world, what))).status_code == 200
    assert len(seen) <= 5
