"""Accidents and near misses: between the partner and the city, and nobody else."""

import csv
import datetime as dt
import io
import uuid

import httpx2
import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from server.accidents.models import Accident
from server.audit.models import AuditEvent
from server.notices.mails import WrittenMail
from server.workflow.models import StateChange
from tests.personas import World

pytestmark = pytest.mark.anyio
NEW = "/partner/accidents/new"
LIST = "/staff/accidents"


def told(world: World, **changed: str) -> dict[str, str]:
    """What けんじ sends; every call is a new report."""
    usual = {
        "id": str(uuid.uuid4()), "partner": world.partner.code, "kind": "near_miss",
        "day": "2026-06-13", "time": "9:40", "area": str(world.park.id),
        "place_note": "公園の階段", "people_hurt": "０", "description": "すべって転びそうになった",
        "measures": "",
    }  # fmt: skip
    return {**usual, **changed}


async def number(db: AsyncSession) -> int:
    return await db.scalar(select(func.count()).select_from(Accident)) or 0


async def test_it_works_and_a_double_send_makes_one(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, count_queries
) -> None:
    await world.login(client, world.kenji)
    page = (await client.get(NEW)).text
    assert page.index("119番") < page.index("<form class") and "保険" in page
    data = told(world)
    for _ in range(2):
        answer = await client.post(NEW, data=data)
        assert answer.status_code == 303
    row = (await db.scalars(select(Accident))).one()
    assert (row.state, row.kind, row.people_hurt, row.area_id, row.requested_by) == (
        "submitted", "near_miss", 0, world.park.id, world.kenji.id,
    )  # fmt: skip
    assert row.happened_at == dt.datetime(2026, 6, 13, 0, 40, tzinfo=dt.UTC)
    acts = list(await db.scalars(select(AuditEvent.action)))
    assert acts == ["accident.create"]
    births = await db.scalars(select(StateChange.to_state).where(StateChange.object_id == row.id))
    assert list(births) == ["submitted"]
    with count_queries() as seen:
        page = (await client.get(answer.headers["location"])).text
    assert len(seen) <= 4 and "すべって転びそうになった" in page


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("kind", "", "選んでください"), ("kind", "x", "error-summary"),
        ("day", "2026-06-15", "これからの日時"), ("day", "2020-01-01", "3年より前"),
        ("day", "", "日付を入れて"), ("day", "0001-01-01", "error-summary"),
        ("time", "", "時刻を入れて"), ("place_note", "", "入力してください"),
        ("people_hurt", "-1", "0から1000"), ("people_hurt", "x", "error-summary"),
        ("description", " ", "入力してください"), ("area", "x", "error-summary"),
        ("partner", "MP-9999", "error-summary"),
    ],
)  # fmt: skip
async def test_invalid_input_is_explained_and_kept(
    client: httpx2.AsyncClient, world: World, db: AsyncSession,
    field: str, value: str, message: str,
) -> None:  # fmt: skip
    await world.login(client, world.kenji)
    data = told(world, **{"measures": "だいじなこと", field: value})
    answer = await client.post(NEW, data=data)
    assert answer.status_code == 422 and "error-summary" in answer.text and message in answer.text
    assert "だいじなこと" in answer.text and await number(db) == 0


async def test_who_may_do_what(client: httpx2.AsyncClient, world: World, db: AsyncSession) -> None:
    for path in (NEW, LIST):
        answer = await client.get(path)
        assert answer.status_code == 303 and "/login" in answer.headers["location"]
    await world.login(client, world.kenji)
    data = told(world)
    await client.post(NEW, data=data)
    path = f"/partner/accidents/{data['id']}"
    assert (await client.post(path, data={"verb": "acknowledge"})).status_code == 403
    assert (await client.get(LIST)).status_code == 403
    await world.login(client, world.hanako)
    assert (await client.get(NEW)).status_code == 403
    assert (await client.get(path)).status_code == 403
    await world.login(client, world.kanae)
    assert (await client.get(path)).status_code == 403
    await world.login(client, world.yosomono)
    assert (await client.get(path)).status_code == 404
    assert (await client.post(path, data={"verb": "close"})).status_code == 404
    own = told(world, id=data["id"], partner=world.other_partner.code, area="")
    assert (await client.post(NEW, data=own)).status_code == 409
    assert (await client.get(f"/partner/accidents/{uuid.uuid4()}")).status_code == 404
    assert await number(db) == 1


async def test_staff_follow_it_up(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, count_queries
) -> None:
    await world.login(client, world.sato)
    assert "この条件の報告はありません" in (await client.get(LIST)).text
    await world.login(client, world.kenji)
    data = told(world, description="=1+1")
    await client.post(NEW, data=data)
    await world.login(client, world.sato)
    with count_queries() as seen:
        page = (await client.get(LIST)).text
    assert len(seen) <= 4 and world.partner.name in page
    path = f"/partner/accidents/{data['id']}"
    assert (await client.post(path, data={"verb": "acknowledge"})).status_code == 303
    empty = await client.post(path, data={"verb": "close"})
    assert empty.status_code == 422 and "理由を書いて" in empty.text
    assert (await client.post(path, data={"verb": "x"})).status_code == 422
    done = {"verb": "close", "comment": "階段に手すりを付けます"}
    assert (await client.post(path, data=done)).status_code == 303
    assert (await client.post(path, data=done)).status_code == 409
    mails = (await db.scalars(select(WrittenMail.body))).all()
    assert len(mails) == 2 and any("手すり" in body for body in mails)
    answer = await client.get(f"{LIST}?format=csv&state=closed&kind=near_miss")
    lines = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(lines) == 2 and "'=1+1" in lines[1]
    assert "この条件" in (await client.get(f"{LIST}?state=submitted&q=%25&page=-1")).text
    await world.login(client, world.toyo)
    assert "手すり" in (await client.get(path)).text


async def test_staff_write_it_down_for_a_partner(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    path = "/staff/accidents/new"
    assert (await client.get(path)).status_code == 303
    await world.login(client, world.kenji)
    assert (await client.get(path)).status_code == 403
    await world.login(client, world.sato)
    assert f'value="{world.partner.code}"' in (await client.get(path)).text  # for whom?
    page = (await client.get(f"{path}?partner={world.partner.code}")).text
    assert world.park.name in page and world.partner.name in page
    bad = await client.post(path, data=told(world, description=""))
    assert bad.status_code == 422 and "公園の階段" in bad.text
    data = told(world)
    for _twice in range(2):
        answer = await client.post(path, data=data)
        assert answer.status_code == 303
    assert await number(db) == 1
    row = (await db.scalars(select(Accident))).one()
    assert (row.partner_id, row.requested_by) == (world.partner.id, None)
    noted = (await db.scalars(select(StateChange).where(StateChange.object_id == row.id))).one()
    assert (noted.by_hat, noted.detail["by_proxy"]) == ("staff", True)
    assert world.partner.name in (await client.get(answer.headers["location"])).text
    await world.login(client, world.kenji)  # the partner finds it
    assert answer.headers["location"] in (await client.get("/me/reports")).text
    # staff are nobody's partner on the partner's own page
    await world.login(client, world.sato)
    assert (await client.post(NEW, data=told(world))).status_code == 403
