"""The register: create and edit by pasted or drawn shapes, with the checklist of writing pages."""

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

from server.areas.models import Area, AreaVersion
from server.audit.models import AuditEvent
from server.db.base import uuid7
from tests.personas import World

pytestmark = pytest.mark.anyio
Count = Callable[[], AbstractContextManager[Any]]
SHAPE = json.dumps(
    {"type": "LineString", "coordinates": [[140.99, 42.32], [140.995, 42.325], [141.0, 42.33]]}
)
BOW_TIE = "POLYGON((140.97 42.31, 140.98 42.32, 140.98 42.31, 140.97 42.32, 140.97 42.31))"


def filled(**changes: str) -> dict[str, str]:
    form = {
        "id": str(uuid7()), "name": "臨海通り 歩道", "name_kana": "りんかいどおり ほどう",
        "kind": "city_road", "manager": "city", "section": "土木課維持係", "geometry": SHAPE,
    }  # fmt: skip
    return {**form, **changes}


async def edit_form(client: httpx2.AsyncClient, code: str) -> dict[str, str]:
    """The fields of the edit page as a browser would send them back."""
    page = (await client.get(f"/staff/areas/{code}/edit")).text
    token = re.search(r'name="token"[^>]*value="(\d+)"', page)
    assert token
    return {"token": token[1]}


async def area_named(db: AsyncSession, name: str) -> Area | None:
    query = select(Area).where(Area.name == name).execution_options(populate_existing=True)
    return (await db.execute(query)).scalar_one_or_none()


async def test_create(client: httpx2.AsyncClient, db: AsyncSession, world: World) -> None:
    await world.login(client, world.sato)
    form = filled(season_from="5/15", season_to="１０月３１日")
    answer = await client.post("/staff/areas/new", data=form)
    area = await area_named(db, "臨海通り 歩道")
    assert area is not None
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/staff/areas/{area.code}/edit"
    assert area.name_kana == "リンカイドオリ ホドウ"
    assert (area.season_from, area.season_to) == ("05-15", "10-31")
    assert 1_300 < area.length_m < 1_400
    event = (await db.execute(select(AuditEvent))).scalar_one()
    assert (event.action, event.object_id) == ("area.create", str(area.id))
    assert event.detail["after"]["name"] == "臨海通り 歩道"
    # The form sent twice makes one area.
    again = await client.post("/staff/areas/new", data=form)
    assert again.headers["location"] == answer.headers["location"]
    assert await db.scalar(select(func.count()).select_from(AuditEvent)) == 1
    assert "いまの形" in (await client.get(answer.headers["location"])).text


@pytest.mark.parametrize("path", ["/staff/areas/new", "/staff/areas/A-0001/edit", "/staff/areas"])
async def test_who_may(client: httpx2.AsyncClient, world: World, path: str) -> None:
    anonymous = await client.get(path)
    assert anonymous.status_code == 303
    assert anonymous.headers["location"].startswith("/login")
    for somebody in (world.hanako, world.kenji, world.kanae):
        await world.login(client, somebody)
        assert (await client.get(path)).status_code == 403
        if path != "/staff/areas":
            assert (await client.post(path, data=filled())).status_code == 403
    await world.login(client, world.sato)
    if path == "/staff/areas":
        assert (await client.post(path)).status_code == 405


async def test_unknown_area_is_404(client: httpx2.AsyncClient, world: World) -> None:
    await world.login(client, world.sato)
    for code in ("A-9999", "x", "%00", "'; DROP TABLE areas"):
        path = f"/staff/areas/{code}/edit"
        assert (await client.get(path)).status_code == 404
        assert (await client.post(path, data=filled())).status_code == 404


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"name": " 　"}, "name", "入力してください"),
        ({"name": "長" * 121}, "name", ""),
        ({"kind": "motorway"}, "kind", ""),
        ({"kind": ""}, "kind", "種別を選んで"),
        ({"geometry": ""}, "geometry", "地図に線を引くか"),
        ({"geometry": "ここらへん"}, "geometry", "形を読み取れません"),
        ({"geometry": BOW_TIE}, "geometry", "面の線が交わっています"),
        ({"geometry": "LINESTRING(139.7 35.6, 139.8 35.7)"}, "geometry", "市の外"),
        ({"geometry": "LINESTRING(42.32 140.99, 42.33 141.0)"}, "geometry", "緯度と経度が逆"),
        ({"season_from": "5/15"}, "season_to", "両方書くか両方あけて"),
        ({"season_from": "夏", "season_to": "9/30"}, "season_from", "のように書いて"),
        ({"season_from": "2/30", "season_to": "9/30"}, "season_from", "暦にありません"),
    ],
)
async def test_refused_keeps_input(
    client: httpx2.AsyncClient,
    db: AsyncSession,
    world: World,
    changes: dict[str, str],
    field: str,
    words: str,
) -> None:
    await world.login(client, world.sato)
    before = await db.scalar(select(func.count()).select_from(Area))
    answer = await client.post("/staff/areas/new", data=filled(**changes))
    assert answer.status_code == 422
    assert "入力を確かめてください" in answer.text
    error = answer.text.split(f'id="{field}-error"', 1)[1][:400]
    assert words in error
    assert "リンカイドオリ ホドウ" in answer.text
    assert await db.scalar(select(func.count()).select_from(Area)) == before


async def test_repair_is_offered_and_done(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    await world.login(client, world.sato)
    form = filled(geometry=BOW_TIE, kind="park")
    refused = await client.post("/staff/areas/new", data=form)
    assert 'name="repair"' in refused.text
    assert (await client.post("/staff/areas/new", data={**form, "repair": "1"})).status_code == 303
    area = await area_named(db, form["name"])
    assert area is not None
    assert area.area_m2 > 1000


async def test_swap_is_offered_and_done(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    await world.login(client, world.sato)
    form = filled(geometry="LINESTRING(42.32 140.99, 42.33 141.0)")
    assert 'name="swap"' in (await client.post("/staff/areas/new", data=form)).text
    assert (await client.post("/staff/areas/new", data={**form, "swap": "1"})).status_code == 303
    lon = await db.scalar(select(func.ST_XMin(Area.geom)).where(Area.name == form["name"]))
    assert lon == pytest.approx(140.99)


async def test_edit_keeps_the_old_shape(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    await world.login(client, world.sato)
    path = f"/staff/areas/{world.street.code}/edit"
    form = filled(**await edit_form(client, world.street.code), retired_on="2027-04-01")
    assert (await client.post(path, data=form)).status_code == 303
    area = await area_named(db, "臨海通り 歩道")
    assert area is not None
    assert (area.id, area.version, area.retired_on) == (world.street.id, 2, dt.date(2027, 4, 1))
    names = select(AreaVersion.name).where(AreaVersion.area_id == area.id)
    assert list(await db.scalars(names.order_by(AreaVersion.version))) == [
        "母恋〜輪西 歩道", "臨海通り 歩道",
    ]  # fmt: skip
    event = (await db.execute(select(AuditEvent))).scalar_one()
    assert event.action == "area.edit"
    assert event.detail["before"]["name"] == "母恋〜輪西 歩道"
    assert event.detail["after"]["retired_on"] == "2027-04-01"
    assert event.detail["shape_changed"] is True
    page = (await client.get(path)).text
    assert "第1版 母恋〜輪西 歩道" in page
    # The same form again changes nothing, although its token is old by now.
    assert (await client.post(path, data=form)).status_code == 303
    assert await db.scalar(select(func.count()).select_from(AuditEvent)) == 1


async def test_somebody_was_quicker(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    await world.login(client, world.sato)
    path = f"/staff/areas/{world.street.code}/edit"
    stale = await edit_form(client, world.street.code)
    assert (await client.post(path, data=filled(**stale))).status_code == 303
    late = await client.post(path, data=filled(**stale, section="公園緑地係"))
    assert late.status_code == 409
    assert "ほかの人がこの区域を直しました" in late.text
    assert "公園緑地係" in late.text  # what was typed is not lost
    area = await area_named(db, "臨海通り 歩道")
    assert area is not None
    assert area.section == "土木課維持係"


async def test_edit_refused_keeps_input(client: httpx2.AsyncClient, world: World) -> None:
    await world.login(client, world.sato)
    form = filled(**await edit_form(client, world.street.code), geometry=BOW_TIE)
    answer = await client.post(f"/staff/areas/{world.street.code}/edit", data=form)
    assert answer.status_code == 422
    assert "POLYGON((140.97" in answer.text


async def test_register(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, count_queries: Count
) -> None:
    world.park.retired_on = dt.date(2026, 6, 1)
    await db.commit()
    await world.login(client, world.sato)
    with count_queries() as seen:
        page = await client.get("/staff/areas")
    assert len(seen) <= 3
    assert world.street.name in page.text
    assert world.park.name not in page.text
    retired = await client.get("/staff/areas?retired=1&q=&kind=nonsense&page=abc")
    assert world.park.name in retired.text
    assert world.street.name not in retired.text
    assert world.partner.name in page.text
    with count_queries() as seen:
        assert (await client.get(f"/staff/areas/{world.street.code}/edit")).status_code == 200
    assert len(seen) <= 3
