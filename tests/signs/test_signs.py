"""Signs: the wish, the wording, putting up, taking down, and everybody who may not."""

import datetime as dt
import uuid

import httpx2
import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from server.signs.models import Sign
from server.supplies.queries import year_figures
from server.workflow.models import StateChange
from tests.personas import World
from tests.supplies.kit import acts, count, steps

pytestmark = pytest.mark.anyio
NEW, LIST = "/partner/signs/new", "/staff/signs"


def filled(world: World, **changed: str) -> dict[str, str]:
    usual = {
        "id": str(uuid.uuid4()), "partner": world.partner.code, "area": str(world.street.id),
        "wording": "見本母恋町会",
    }  # fmt: skip
    return {**usual, **changed}


async def wished(client: httpx2.AsyncClient, world: World) -> str:
    await world.login(client, world.kenji)
    answer = await client.post(NEW, data=filled(world))
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


async def the_one(db: AsyncSession) -> Sign:
    return (await db.scalars(select(Sign).execution_options(populate_existing=True))).one()


async def test_from_the_wish_to_the_removal(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    path = await wished(client, world)
    assert "見本母恋町会" in (await client.get("/partner/supplies")).text
    await world.login(client, world.sato)
    said = {"verb": "discuss", "proposal": "母恋の道 見本母恋町会", "comment": "短くしました"}
    assert (await client.post(path, data=said)).status_code == 303
    for changed, message in (
        ({"wording": ""}, "入力してください。"),
        ({"day": "2026-06-15"}, "先の日付は入れられません。"),
        ({"wording": "あ" * 41}, "40"),
    ):
        done = {"verb": "install", "wording": "母恋の道", "day": "2026-06-10", **changed}
        bad = await client.post(path, data=done)
        assert bad.status_code == 422 and message in bad.text
    done = {"verb": "install", "wording": "母恋の道", "day": "2026-06-10", "lon": "140.99",
            "lat": "42.318"}  # fmt: skip
    assert (await client.post(path, data=done)).status_code == 303
    row = await the_one(db)
    assert (row.state, row.wording) == ("installed", "母恋の道")
    assert await db.scalar(select(func.ST_X(Sign.point))) == pytest.approx(140.99)
    year = (dt.date(2026, 4, 1), dt.date(2027, 4, 1))
    found = await year_figures(db, *year)
    assert (found.signs_installed, found.signs_standing) == (1, 1)
    silent = {"verb": "remove", "day": "2026-06-14", "comment": ""}
    assert (await client.post(path, data=silent)).status_code == 422
    early = await client.post(path, data={**silent, "comment": "古い", "day": "2026-06-09"})
    assert early.status_code == 422 and "設置の日より前" in early.text
    assert (await client.post(path, data={**silent, "comment": "古い"})).status_code == 303
    assert await steps(db, row.id) == ["wished", "naming", "installed", "removed"]
    assert (await year_figures(db, *year)).signs_standing == 0
    assert "sign.remove" in await acts(db)


async def test_one_sign_an_area_and_one_send(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    await world.login(client, world.kenji)
    data = filled(world)
    assert [(await client.post(NEW, data=data)).status_code for _ in "12"] == [303, 303]
    assert await count(db, Sign) == 1
    more = await client.post(NEW, data=filled(world, wording="べつの名前"))
    assert more.status_code == 422 and "もう表示板があるか" in more.text
    assert "べつの名前" in more.text
    path = f"/partner/signs/{data['id']}"
    assert [(await client.post(path, data={"verb": "cancel"})).status_code for _ in "12"] == [
        303, 303
    ]  # fmt: skip
    assert (await client.post(NEW, data=filled(world))).status_code == 303


@pytest.mark.parametrize(
    ("field", "value"), [("area", ""), ("area", str(uuid.UUID(int=5))), ("wording", " "),
                         ("wording", "あ" * 41)]
)  # fmt: skip
async def test_invalid_wishes(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, field: str, value: str
) -> None:
    await world.login(client, world.kenji)
    answer = await client.post(NEW, data=filled(world, **{field: value}))
    assert answer.status_code == 422
    assert await count(db, Sign) == 0


async def test_who_may_not(client: httpx2.AsyncClient, world: World, db: AsyncSession) -> None:
    path = await wished(client, world)
    assert (await client.post(path, data={"verb": "discuss"})).status_code == 403
    assert (await client.post(path, data={"verb": "explode"})).status_code == 409
    foreign = filled(world, area=str(world.other_area.id))
    assert (await client.post(NEW, data=foreign)).status_code == 422
    other = filled(world, partner=world.other_partner.code)
    assert (await client.post(NEW, data=other)).status_code == 404
    await world.login(client, world.yosomono)
    assert (await client.get(path)).status_code == 404
    assert (await client.post(path, data={"verb": "cancel"})).status_code == 404
    await world.login(client, world.hanako)
    for address in (path, NEW, LIST):
        assert (await client.get(address)).status_code == 403
    client.cookies.clear()
    assert (await client.get(path)).status_code == 303
    assert (await client.post(path, data={"verb": "cancel"})).status_code == 303
    await world.login(client, world.sato)
    assert (await client.get(f"/partner/signs/{uuid.uuid4()}")).status_code == 404
    assert (await client.post(LIST)).status_code == 405
    assert (await the_one(db)).state == "wished"


async def test_pages_lists_and_files(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, count_queries
) -> None:
    await world.login(client, world.sato)
    assert "この条件の表示板はありません" in (await client.get(LIST)).text
    path = await wished(client, world)
    for address in (NEW, path):
        with count_queries() as seen:
            assert (await client.get(address)).status_code == 200
        assert len(seen) <= 5, seen.statements
    await world.login(client, world.sato)
    with count_queries() as seen:
        page = await client.get(f"{LIST}?q={world.street.code}&state=wished")
    assert len(seen) <= 5, seen.statements
    assert "見本母恋町会" in page.text
    file = (await client.get(f"{LIST}?format=csv")).content.decode("utf-8-sig")
    assert world.street.code in file and file.count("\r\n") == 2
    await client.post(path, data={"verb": "discuss", "proposal": "", "comment": ""})
    assert "point" in (await client.get(path)).text  # a map to mark the place


async def test_staff_write_a_wish_down_for_a_partner(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    path = "/staff/signs/new"
    assert (await client.get(path)).status_code == 303
    await world.login(client, world.kenji)
    assert (await client.get(path)).status_code == 403
    await world.login(client, world.sato)
    asked = await client.get(path)
    assert f'value="{world.partner.code}"' in asked.text  # for whom?
    assert "代理入力" in (await client.get(LIST)).text
    page = await client.get(f"{path}?partner={world.partner.code}")
    assert world.street.name in page.text and world.other_area.name not in page.text
    empty = await client.post(path, data=filled(world, wording=""))
    assert empty.status_code == 422 and str(world.street.id) in empty.text
    strange = await client.post(path, data=filled(world, area=str(world.other_area.id)))
    assert strange.status_code == 422 and "活動区域を選んでください" in strange.text
    data = filled(world)
    for _twice in range(2):
        assert (await client.post(path, data=data)).status_code == 303
    row = await the_one(db)
    assert (row.partner_id, row.requested_by) == (world.partner.id, None)
    noted = select(StateChange.by_hat, StateChange.detail).where(StateChange.object_id == row.id)
    assert [tuple(one) for one in await db.execute(noted)] == [("staff", {"by_proxy": True})]
    nobody = await client.post(path, data=filled(world, partner="MP-9999"))
    assert nobody.status_code == 200 and f'value="{world.partner.code}"' in nobody.text
