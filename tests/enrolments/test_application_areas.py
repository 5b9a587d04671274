"""The places of an application: picked, drawn, "about here", taken off; their maps."""

import uuid

import httpx2
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from server.enrolments.models import EnrolmentArea
from tests import factories
from tests.enrolments.applying import LINE, acts, case_row, draw, fill, start
from tests.personas import World

pytestmark = pytest.mark.anyio
PARK = "POLYGON((140.97 42.32, 140.972 42.32, 140.972 42.322, 140.97 42.322, 140.97 42.32))"
BOW_TIE = "POLYGON((140.97 42.31, 140.98 42.32, 140.98 42.31, 140.97 42.32, 140.97 42.31))"
FAR_AWAY = "LINESTRING(139.7 35.6, 139.8 35.7)"


async def wishes(db: AsyncSession, id: uuid.UUID) -> list[EnrolmentArea]:
    query = select(EnrolmentArea).where(EnrolmentArea.enrolment_id == id)
    query = query.order_by(EnrolmentArea.created_at, EnrolmentArea.id)
    return list(await db.scalars(query.execution_options(populate_existing=True)))


async def free_area(db: AsyncSession) -> str:
    area = await factories.area(db, "空いている道", wkt="LINESTRING(140.95 42.33, 140.96 42.335)")
    area.name_kana = "アイテイルミチ"
    await db.commit()
    return area.code


async def test_pick_from_list(client: httpx2.AsyncClient, db: AsyncSession, world: World) -> None:
    code = await free_area(db)
    await world.login(client, world.hanako)
    id = await start(client)
    path = f"/applications/{id}/edit/areas"
    page = (await client.get(path)).text
    assert "空いている道" in page
    assert world.street.name not in page  # somebody cares for it
    found = (await client.get(f"{path}?q=あいている")).text
    assert "空いている道" in found
    assert "見つかりませんでした" in (await client.get(f"{path}?q=どこにもない")).text
    part = await client.get(f"{path}?q=道&taken=1", headers={"HX-Request": "true"})
    assert "<html" not in part.text
    both = (await client.get(f"{path}?taken=1")).text
    assert "いまは見本母恋町会が担当" in both
    for _time in range(2):
        assert (await client.post(path, data={"pick": code})).status_code == 303
    assert (await client.post(path, data={"pick": world.street.code})).status_code == 303
    assert len(await wishes(db, id)) == 2
    assert (await acts(db, id)).count("enrolment.area_add") == 2
    assert (await client.post(path, data={"pick": "A-9999"})).status_code == 404
    assert (await client.post(path, data={"pick": "\x00"})).status_code == 404
    shown = (await client.get(path)).text
    assert "選びました" in shown
    assert "いまは見本母恋町会が担当" in shown


async def test_sheet_of_the_map(client: httpx2.AsyncClient, db: AsyncSession, world: World) -> None:
    code = await free_area(db)
    await world.login(client, world.hanako)
    id = await start(client)
    path = f"/applications/{id}/edit/areas?card="
    sheet = await client.get(path + code, headers={"HX-Request": "true"})
    assert "<html" not in sheet.text
    assert "この区域を選ぶ" in sheet.text
    assert "担い手をさがしています" in sheet.text
    assert (await client.get(path + "A-9999")).status_code == 404
    layer = (await client.get(f"/layers/free-areas?application={id}")).json()
    states = {f["properties"]["name"]: f["properties"] for f in layer["features"]}
    assert states["空いている道"]["state"] == "unassigned"
    assert states["空いている道"]["url"] == path + code
    assert states[world.street.name]["state"] == "context"
    public = (await client.get("/layers/free-areas?bbox=140.94,42.32,140.97,42.34")).json()
    assert [f["properties"]["url"] for f in public["features"]] == [f"/areas/{code}/card"]


async def test_draw_and_draw_anew(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    await world.login(client, world.hanako)
    id = await start(client)
    wish = await draw(client, id)
    (row,) = await wishes(db, id)
    assert row.length_m is not None
    assert 1_300 < row.length_m < 1_400
    assert row.approximate is False
    again = (await client.get(f"/applications/{id}/edit/areas?area={wish}")).text
    assert "LineString" in again
    assert "見本通り" in again
    await draw(client, id, id=wish, name="見本公園", kind="park", geometry=PARK)
    (row,) = await wishes(db, id)
    assert (row.name, row.kind) == ("見本公園", "park")
    assert row.area_m2 is not None
    assert 35_000 < row.area_m2 < 40_000
    assert await acts(db, id) == [
        "enrolment.create", "enrolment.area_add", "enrolment.area_change"
    ]  # fmt: skip
    unknown = f"/applications/{id}/edit/areas?area={uuid.uuid4()}"
    assert (await client.get(unknown)).status_code == 404
    layer = (await client.get(f"/layers/application/{id}")).json()
    assert [f["properties"]["label"] for f in layer["features"]] == ["1"]


async def test_an_id_of_another_application(client: httpx2.AsyncClient, world: World) -> None:
    await world.login(client, world.hanako)
    first, second = await start(client), await start(client)
    wish = await draw(client, first)
    data = {"id": wish, "way": "draw", "name": "よこどり", "kind": "", "geometry": LINE}
    assert (await client.post(f"/applications/{second}/edit/areas", data=data)).status_code == 404
    assert "よこどり" not in (await client.get(f"/applications/{first}")).text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": ""}, "入力してください"),
        ({"geometry": ""}, "場所を1点選んで"),
        ({"geometry": "ここらへん"}, "形を読み取れません"),
        ({"geometry": BOW_TIE}, "自動で直せます"),
        ({"geometry": FAR_AWAY}, "市の外"),
        ({"geometry": "POINT(140.97 42.32)"}, "点は区域にできません"),
        ({"way": "place", "geometry": "", "lon": "nan", "lat": "42.3"}, "場所を1点選んで"),
        ({"way": "place", "geometry": "", "lon": "139.7", "lat": "35.6"}, "市の外"),
        ({"kind": "motorway"}, ""),
    ],
)
async def test_refused_keeps_input(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, changes: dict[str, str], words: str
) -> None:
    await world.login(client, world.hanako)
    id = await start(client)
    wish = {"way": "draw", "name": "見本通り", "kind": "", "note": "角の店まで", "geometry": LINE}
    data = {**wish, **changes}
    answer = await client.post(f"/applications/{id}/edit/areas", data=data)
    assert answer.status_code == 422
    assert words in answer.text
    assert "角の店まで" in answer.text
    assert await wishes(db, id) == []


async def test_mended_shape(client: httpx2.AsyncClient, db: AsyncSession, world: World) -> None:
    await world.login(client, world.hanako)
    id = await start(client)
    await draw(client, id, geometry=BOW_TIE, repair="1")
    (row,) = await wishes(db, id)
    assert row.area_m2 is not None
    assert row.area_m2 > 0


async def test_about_here(client: httpx2.AsyncClient, db: AsyncSession, world: World) -> None:
    await world.login(client, world.hanako)
    id = await start(client)
    path = f"/applications/{id}/edit/areas?way=place"
    assert "母恋駅" in (await client.get(f"{path}&q=ぼこい")).text
    assert "見つかりませんでした" in (await client.get(f"{path}&q=パリ")).text
    chosen = (await client.get(f"{path}&at=母恋駅")).text
    assert 'value="140.98900"' in chosen
    await draw(client, id, way="place", geometry="", lon="１４０.９８９", lat="42.3169")
    (row,) = await wishes(db, id)
    assert row.approximate is True
    assert row.area_m2 is not None
    assert 2_500 < row.area_m2 < 3_000  # a circle of 30 m
    shown = (await client.get(f"/applications/{id}")).text
    assert "だいたいの場所" in shown
    assert "広さ" not in shown  # the circle is no measure


async def test_take_off(client: httpx2.AsyncClient, db: AsyncSession, world: World) -> None:
    await world.login(client, world.hanako)
    id = await start(client)
    wish = await draw(client, id)
    path = f"/applications/{id}/areas/remove"
    for sent in ({"area": "x"}, {"area": wish}, {"area": wish}, {}):
        assert (await client.post(path, data=sent)).status_code == 303
    assert await wishes(db, id) == []
    assert (await acts(db, id)).count("enrolment.area_remove") == 1


async def test_city_draws_while_it_looks(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    await world.login(client, world.hanako)
    id = await start(client)
    await fill(client, id)
    (row,) = await wishes(db, id)
    await client.post(f"/applications/{id}/submit")
    refused = await client.post(f"/applications/{id}/edit/areas", data={"pick": "A-0001"})
    assert refused.status_code == 403
    await world.login(client, world.sato)
    assert (await client.get(f"/applications/{id}/edit/areas")).status_code == 200
    await draw(client, id, id=str(row.id), geometry=PARK, name="見本公園")
    assert (await case_row(db, id)).state == "submitted"
    assert (await client.get(f"/applications/{id}/edit/plan")).status_code == 403
    await world.login(client, world.kenji)
    assert (await client.get(f"/applications/{id}/edit/areas")).status_code == 404
