"""Who may see and do what; what hostile people try."""

import uuid

import httpx2
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from server.agreements.models import Agreement
from server.areas.models import Area
from server.enrolments.models import Enrolment
from tests.agreements.kit import agree, audited, case_to_agree, proposed, row_of
from tests.personas import World

pytestmark = pytest.mark.anyio
NOBODY = uuid.UUID(int=7)


@pytest.fixture
async def made(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> tuple[Enrolment, Agreement]:
    """A proposal for はなこ, whom さとう looks after."""
    case = await case_to_agree(db, world.hanako, [world.park])
    await world.login(client, world.sato)
    row = await row_of(db, await proposed(client, case))
    client.cookies.clear()
    return case, row


def read_paths(row: Agreement) -> list[str]:
    return [f"/agreements/{row.id}", f"/agreements/{row.id}.pdf", f"/layers/agreement/{row.id}"]


async def test_reading(client: httpx2.AsyncClient, world: World, made, count_queries):
    _case, row = made
    for path in read_paths(row):
        assert (await client.get(path)).status_code == 303
    for who in ("kenji", "yosomono", "kanae"):
        await world.login(client, getattr(world, who))
        for path in read_paths(row):
            assert (await client.get(path)).status_code == 404, (who, path)
    for who in ("hanako", "sato", "kanri"):
        await world.login(client, getattr(world, who))
        with count_queries() as seen:
            assert (await client.get(f"/agreements/{row.id}")).status_code == 200
        assert len(seen) <= 4, seen.statements
        layer = (await client.get(f"/layers/agreement/{row.id}")).json()
        assert [one["properties"]["label"] for one in layer["features"]] == ["1", "2"]
        assert layer["features"][0]["properties"]["url"].endswith("/card")
        assert layer["features"][1]["properties"]["url"] == "", "it is not in the register yet"
    for path in ("/agreements/x", f"/agreements/{NOBODY}", f"/agreements/{NOBODY}.pdf",
                 f"/layers/agreement/{NOBODY}"):  # fmt: skip
        assert (await client.get(path)).status_code == 404


async def test_confirming_is_for_the_two_sides(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, made
):
    case, row = made
    assert (await agree(client, row, "partner")).status_code == 303
    assert (await row_of(db, row.id)).partner_confirmed_at is None, "sent to the log-in"
    for who in ("kenji", "yosomono", "kanae"):
        await world.login(client, getattr(world, who))
        for side in ("partner", "city"):
            assert (await agree(client, row, side)).status_code == 404
    await world.login(client, world.hanako)
    assert (await agree(client, row, "city")).status_code == 403
    for side in ("", "both", "partner_confirmed_at"):
        assert (await agree(client, row, side)).status_code == 403
    assert (await agree(client, row, "partner", "")).status_code == 409
    assert (await agree(client, row, "partner", "0" * 64)).status_code == 409
    await world.login(client, world.sato)
    assert (await agree(client, row, "partner")).status_code == 403
    url = f"/agreements/{row.id}/confirm"
    assert (await client.get(url)).status_code == 405
    assert (await client.post(f"/agreements/{NOBODY}/confirm")).status_code == 404
    foreign = await client.post(url, headers={"Sec-Fetch-Site": "cross-site"})
    assert foreign.status_code == 403
    kept = await row_of(db, row.id)
    assert kept.partner_confirmed_at is None and kept.city_confirmed_at is None
    assert "agreement.confirm" not in await audited(db)
    assert (await agree(client, row, "city")).status_code == 303
    assert (await agree(client, row, "city")).status_code == 303, "twice is harmless"
    assert (await audited(db)).count("agreement.confirm") == 1
    assert (await db.get(Enrolment, case.id)).state == "checking"


async def test_nobody_agrees_with_themselves(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
):
    case = await case_to_agree(db, world.sato, [world.park], drawn=None)
    await world.login(client, world.sato)
    row = await row_of(db, await proposed(client, case))
    assert (await agree(client, row, "partner")).status_code == 303
    assert (await agree(client, row, "city")).status_code == 403
    await world.login(client, world.kanri)
    assert (await agree(client, row, "city")).status_code == 303
    assert (await row_of(db, row.id)).agreed_on is not None


@pytest.mark.parametrize("state", ["submitted", "withdrawn", "rejected"])
async def test_only_a_case_at_that_point(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, made, state: str
):
    case, row = made
    other = await case_to_agree(db, world.hanako, [world.park], state=state) \
        if state not in ("withdrawn", "rejected") else None  # fmt: skip
    await world.login(client, world.sato)
    if other is not None:
        page = await client.get(f"/staff/applications/{other.id}/agreement")
        assert page.status_code == 409
        return
    before = await db.execute(
        text("SELECT 1 FROM workflow_edges WHERE machine = 'enrolment' AND to_state = :s"),
        {"s": state},
    )
    assert before.first()
    verb = {"rejected": "reject", "withdrawn": "withdraw"}[state]
    moved = await client.post(
        f"/staff/applications/{case.id}", data={"verb": verb, "comment": "見本の理由"}
    )
    assert moved.status_code == 303, moved.text
    await world.login(client, world.hanako)
    answer = await agree(client, row, "partner")
    assert answer.status_code == 409 and "使わなかった案" in answer.text


async def test_preparing_is_for_staff(
    client: httpx2.AsyncClient, world: World, made, count_queries
):
    case, row = made
    paths = [f"/staff/applications/{case.id}/agreement", f"/staff/agreements/{row.id}/paper",
             "/staff/agreement-text"]  # fmt: skip
    for path in paths:
        assert (await client.get(path)).status_code == 303
        for who in ("hanako", "kenji", "kanae"):
            await world.login(client, getattr(world, who))
            assert (await client.get(path)).status_code == 403
            assert (await client.post(path)).status_code == 403
        client.cookies.clear()
    await world.login(client, world.sato)
    for path in paths:
        with count_queries() as seen:
            assert (await client.get(path)).status_code == 200
        assert len(seen) <= 5, seen.statements
    for path in (f"/staff/applications/{NOBODY}/agreement", f"/staff/agreements/{NOBODY}/paper"):
        assert (await client.get(path)).status_code == 404
        assert (await client.post(path)).status_code == 404


async def test_two_editors(client: httpx2.AsyncClient, world: World, db: AsyncSession, made):
    from tests.agreements.kit import form_of

    case, _row = made
    await world.login(client, world.sato)
    url = f"/staff/applications/{case.id}/agreement"
    first = form_of((await client.get(url)).text)
    assert (await client.post(url, data={**first, "purpose": "一人目"})).status_code == 303
    late = await client.post(url, data={**first, "purpose": "二人目"})
    assert late.status_code == 409 and "ほかの人が合意書の案を直しました" in late.text
    assert "二人目" in late.text, "nothing typed is lost"


async def test_hostile_words_stay_words(client: httpx2.AsyncClient, world: World, db: AsyncSession):
    evil = "<script>alert(1)</script>{{市名}}{{7*7}}{% raw %}"
    case = await case_to_agree(db, world.hanako, [world.park], drawn=None, name=evil)
    await world.login(client, world.sato)
    id = await proposed(client, case, purpose=f"{evil}\n{{{{合意日}}}}")
    page = (await client.get(f"/agreements/{id}")).text
    assert "<script>alert" not in page and "&lt;script&gt;alert(1)&lt;/script&gt;{{市名}}" in page
    assert "{{7*7}}" in page and "{{合意日}}" in page
    assert (await client.get(f"/agreements/{id}.pdf")).status_code == 200


async def test_a_retired_area_stops_the_agreement(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, made
):
    _case, row = made
    await db.execute(
        text("UPDATE areas SET retired_on = '2026-06-01' WHERE id = :id"), {"id": world.park.id}
    )
    await db.commit()
    await world.login(client, world.sato)
    await agree(client, row, "city")
    await world.login(client, world.hanako)
    answer = await agree(client, row, "partner")
    assert answer.status_code == 409 and world.park.code in answer.text
    assert (await row_of(db, row.id)).partner_confirmed_at is None, "nothing is half done"
    assert (await db.scalars(select(Area).where(Area.name == "見本通り"))).first() is None


@pytest.mark.parametrize(
    "change",
    ["purpose = 'x'", "period = daterange('2020-01-01', '2030-01-01')", "agreed_on = '2020-01-01'",
     "city_confirmed_name = 'x'", "document = '{}'"],
)  # fmt: skip
async def test_the_database_keeps_what_was_agreed(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, made, change: str
):
    _case, row = made
    await world.login(client, world.sato)
    await agree(client, row, "city")
    await world.login(client, world.hanako)
    await agree(client, row, "partner")
    with pytest.raises(IntegrityError):
        async with db.begin_nested():
            await db.execute(text(f"UPDATE agreements SET {change} WHERE id = :id"), {"id": row.id})
    with pytest.raises(IntegrityError):
        async with db.begin_nested():
            await db.execute(text("DELETE FROM agreements WHERE id = :id"), {"id": row.id})
