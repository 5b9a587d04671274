"""Correcting, withdrawing and reviewing a report: who may, what is kept, who is told."""

import uuid

import httpx2
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.models import AuditEvent
from server.cleanups.models import Cleanup, CleanupLitter, CleanupVersion
from tests import factories
from tests.cleanups.kit import NEAR_STREET, NEW, sent
from tests.personas import World

pytestmark = pytest.mark.anyio
DAY = factories.dt.date(2026, 6, 10)


@pytest.fixture
async def report(db: AsyncSession, world: World) -> Cleanup:
    row = await factories.cleanup(db, world.partner, world.street, day=DAY, bags=3)
    await db.commit()
    return row


def edited(world: World, version: int = 1, **changed: object) -> dict[str, object]:
    usual = sent(world, version=str(version), date="2026-06-10", bags="3")
    return {**usual, **changed}


async def fresh(db: AsyncSession) -> Cleanup:
    now = select(Cleanup).execution_options(populate_existing=True)
    return (await db.execute(now)).scalar_one()


# --- edit --------------------------------------------------------------------------------------


async def test_the_form_shows_the_report(
    client: httpx2.AsyncClient, world: World, report: Cleanup, count_queries
):
    await world.login(client, world.toyo)
    with count_queries() as seen:
        page = await client.get(f"/cleanups/{report.id}/edit")
    assert 'value="2026-06-10"' in page.text and 'value="3"' in page.text
    assert 'name="version" type="hidden" value="1"' in page.text
    assert len(seen) <= 4, seen.statements


async def test_an_edit_keeps_what_was(
    client: httpx2.AsyncClient, world: World, report: Cleanup, db: AsyncSession
):
    await world.login(client, world.kenji)
    form = edited(world, people="10", bags="4", geometry=NEAR_STREET, notes="追加")
    response = await client.post(f"/cleanups/{report.id}/edit", data=form)
    assert response.status_code == 303
    row = await fresh(db)
    assert (row.people, row.version, row.notes, row.state) == (10, 2, "追加", "accepted")
    assert (await db.scalar(select(CleanupLitter.quantity))) == 4
    kept = (await db.execute(select(CleanupVersion))).scalar_one()
    assert (kept.version, kept.replaced_by, kept.content["people"]) == (1, world.kenji.id, 8)
    event = (await db.execute(select(AuditEvent))).scalar_one()
    assert event.action == "cleanup.edit"
    page = await client.get(f"/cleanups/{report.id}")
    assert "変更の履歴" in page.text and "見本けんじ" in page.text
    assert "<del>8人</del>" in page.text and "<ins>10人</ins>" in page.text
    assert "<del>燃やせるごみ 3袋</del>" in page.text and "<ins>地図に描いた範囲</ins>" in page.text


async def test_an_edit_that_changes_nothing_leaves_no_trace(
    client: httpx2.AsyncClient, world: World, report: Cleanup, db: AsyncSession
):
    await world.login(client, world.kenji)
    assert (await client.post(f"/cleanups/{report.id}/edit", data=edited(world))).status_code == 303
    assert (await fresh(db)).version == 1
    assert (await db.scalar(select(func.count()).select_from(CleanupVersion))) == 0


async def test_sending_an_edit_twice_is_harmless(
    client: httpx2.AsyncClient, world: World, report: Cleanup, db: AsyncSession
):
    await world.login(client, world.kenji)
    form = edited(world, people="10", geometry=NEAR_STREET)
    for _time in range(2):
        response = await client.post(f"/cleanups/{report.id}/edit", data=form)
        assert response.status_code == 303
    assert (await fresh(db)).version == 2


async def test_an_old_form_does_not_overwrite(
    client: httpx2.AsyncClient, world: World, report: Cleanup, db: AsyncSession
):
    path = f"/cleanups/{report.id}/edit"
    await world.login(client, world.toyo)
    assert (await client.post(path, data=edited(world, people="11"))).status_code == 303
    await world.login(client, world.kenji)
    response = await client.post(path, data=edited(world, people="12", notes="消えないで"))
    assert response.status_code == 409
    assert "ほかの人が先に直しました" in response.text
    assert 'value="12"' in response.text and "消えないで" in response.text
    assert "11人" in response.text, "what stands now is shown beside it"
    assert 'name="version" type="hidden" value="2"' in response.text
    assert (await fresh(db)).people == 11
    again = edited(world, version=2, people="12", notes="消えないで")
    assert (await client.post(path, data=again)).status_code == 303
    assert (await fresh(db)).people == 12


@pytest.mark.parametrize("version", ["", "x", "-1", "0", "99999999999999", "１", "\x00"])
async def test_an_unreadable_version_never_overwrites(
    client: httpx2.AsyncClient, world: World, report: Cleanup, db: AsyncSession, version: str
):
    await world.login(client, world.kenji)
    form = edited(world, people="12") | {"version": version}
    assert (await client.post(f"/cleanups/{report.id}/edit", data=form)).status_code == 409
    assert (await fresh(db)).people == 8


async def test_invalid_edits_keep_the_input(
    client: httpx2.AsyncClient, world: World, report: Cleanup, db: AsyncSession
):
    await world.login(client, world.kenji)
    form = edited(world, people="０", notes="のこる", date="2026-06-20")
    response = await client.post(f"/cleanups/{report.id}/edit", data=form)
    assert response.status_code == 422
    assert "のこる" in response.text and "people-error" in response.text
    form["people"] = "8"
    response = await client.post(f"/cleanups/{report.id}/edit", data=form)
    assert response.status_code == 422 and "これからの日は" in response.text
    assert (await fresh(db)).version == 1


async def test_an_old_report_can_still_be_corrected(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
):
    """Day and place stand; only the number of people was wrong, and the agreement has ended."""
    row = await factories.cleanup(
        db, world.partner, world.street, day=factories.dt.date(2024, 6, 1)
    )
    await db.execute(
        text("UPDATE agreement_areas SET period = daterange('2023-01-01','2024-12-31')")
    )
    await db.commit()
    await world.login(client, world.kenji)
    page = await client.get(f"/cleanups/{row.id}/edit")
    assert world.street.code in page.text
    form = edited(world, date="2024-06-01", people="9")
    assert (await client.post(f"/cleanups/{row.id}/edit", data=form)).status_code == 303
    moved = edited(world, version=2, date="2024-06-02", people="9")
    assert (await client.post(f"/cleanups/{row.id}/edit", data=moved)).status_code == 422


# --- withdraw ----------------------------------------------------------------------------------


async def test_withdrawing_asks_why_and_keeps_the_report(
    client: httpx2.AsyncClient, world: World, report: Cleanup, db: AsyncSession
):
    path = f"/cleanups/{report.id}/withdraw"
    await world.login(client, world.kenji)
    assert "取り消す理由" in (await client.get(path)).text
    empty = await client.post(path, data={"reason": " "})
    assert empty.status_code == 422 and "理由を書いてください" in empty.text
    for _time in range(2):
        done = await client.post(path, data={"reason": "2回記録した"})
        assert done.status_code == 303
    row = await fresh(db)
    assert (row.state, row.version) == ("withdrawn", 2)
    page = await client.get(f"/cleanups/{report.id}")
    assert "取り消されています" in page.text and "2回記録した" in page.text
    events = (await db.execute(select(AuditEvent.action))).scalars().all()
    assert events == ["cleanup.withdraw"]


async def test_a_withdrawn_report_cannot_be_edited_or_reviewed(
    client: httpx2.AsyncClient, world: World, report: Cleanup, db: AsyncSession
):
    await db.execute(text("UPDATE cleanups SET state = 'withdrawn'"))
    await db.commit()
    await world.login(client, world.kenji)
    path = f"/cleanups/{report.id}/edit"
    assert (await client.get(path)).status_code == 409
    assert (await client.post(path, data=edited(world, people="9"))).status_code == 409
    await world.login(client, world.sato)
    review = {"version": "1", "decision": "accepted"}
    response = await client.post(f"/staff/cleanups/{report.id}/review", data=review)
    assert response.status_code == 409


# --- review ------------------------------------------------------------------------------------


async def test_hand_back_correct_and_accept(
    client: httpx2.AsyncClient, world: World, report: Cleanup, db: AsyncSession
):
    path = f"/staff/cleanups/{report.id}/review"
    await world.login(client, world.sato)
    bare = await client.post(path, data={"version": "1", "decision": "returned", "comment": " "})
    assert bare.status_code == 422 and "直してほしいところを書いてください" in bare.text
    said = {"version": "1", "decision": "returned", "comment": "人数を確かめてください"}
    for _time in range(2):
        assert (await client.post(path, data=said)).status_code == 303
    assert (await fresh(db)).state == "returned"
    await world.login(client, world.kenji)
    page = await client.get(f"/cleanups/{report.id}")
    assert "人数を確かめてください" in page.text
    assert "市が差し戻しました" in page.text
    assert "市の職員" in page.text and "見本さとう" not in page.text
    form = edited(world, version=2, people="7")
    assert (await client.post(f"/cleanups/{report.id}/edit", data=form)).status_code == 303
    assert (await fresh(db)).state == "accepted"
    actions = (await db.execute(select(AuditEvent.action).order_by(AuditEvent.id))).scalars().all()
    assert actions == ["cleanup.review", "cleanup.edit"]


async def test_a_review_of_what_has_changed_asks_again(
    client: httpx2.AsyncClient, world: World, report: Cleanup, db: AsyncSession
):
    await world.login(client, world.kenji)
    await client.post(f"/cleanups/{report.id}/edit", data=edited(world, people="9"))
    await world.login(client, world.sato)
    said = {"version": "1", "decision": "returned", "comment": "なぜ8人?"}
    response = await client.post(f"/staff/cleanups/{report.id}/review", data=said)
    assert response.status_code == 409
    assert "なぜ8人?" in response.text and "見ているあいだに記録が変わりました" in response.text
    assert (await fresh(db)).state == "accepted"


@pytest.mark.parametrize("decision", ["", "withdrawn", "submitted", "\x00"])
async def test_only_two_answers_exist(
    client: httpx2.AsyncClient, world: World, report: Cleanup, decision: str
):
    await world.login(client, world.sato)
    said = {"version": "1", "decision": decision, "comment": "x"}
    response = await client.post(f"/staff/cleanups/{report.id}/review", data=said)
    assert response.status_code == 422


async def test_staff_correct_and_withdraw_too(
    client: httpx2.AsyncClient, world: World, report: Cleanup, db: AsyncSession
):
    await db.execute(text("UPDATE cleanups SET state = 'submitted'"))
    await db.commit()
    await world.login(client, world.sato)
    page = await client.get(f"/cleanups/{report.id}/edit")
    assert "layout-staff" in page.text and "見本母恋町会" not in page.text.split("<form")[0]
    form = edited(world, people="6")
    assert (await client.post(f"/cleanups/{report.id}/edit", data=form)).status_code == 303
    row = await fresh(db)
    assert (row.people, row.state) == (6, "submitted"), "the city's correction is no review"
    path = f"/cleanups/{report.id}/withdraw"
    assert (await client.post(path, data={"reason": "重複"})).status_code == 303
    assert (await fresh(db)).state == "withdrawn"


# --- who ---------------------------------------------------------------------------------------

PAGES = ["/cleanups/{id}", "/cleanups/{id}/edit", "/cleanups/{id}/withdraw"]


@pytest.mark.parametrize("path", PAGES)
async def test_strangers_and_others(
    client: httpx2.AsyncClient, world: World, report: Cleanup, path: str
):
    here = path.format(id=report.id)
    writes = path != PAGES[0]
    assert (await client.get(here)).headers["location"].startswith("/login")
    if writes:
        assert (await client.post(here, data=edited(world))).status_code == 303
    await world.login(client, world.yosomono)
    assert (await client.get(here)).status_code == 404
    if writes:
        assert (await client.post(here, data=edited(world, reason="x"))).status_code == 404
    for who in (world.hanako, world.kanae):
        await world.login(client, who)
        assert (await client.get(here)).status_code == 403
    await world.login(client, world.kenji)
    assert (await client.get(path.format(id=uuid.uuid4()))).status_code == 404
    assert (await client.get(path.format(id="nonsense"))).status_code == 404
    assert (await client.delete(here)).status_code == 405


async def test_only_staff_review(client: httpx2.AsyncClient, world: World, report: Cleanup):
    path = f"/staff/cleanups/{report.id}/review"
    said = {"version": "1", "decision": "accepted"}
    assert (await client.post(path, data=said)).status_code == 303
    for who in (world.kenji, world.hanako, world.kanae):
        await world.login(client, who)
        assert (await client.post(path, data=said)).status_code == 403
    await world.login(client, world.sato)
    assert (await client.get(path)).status_code == 405
    unknown = f"/staff/cleanups/{uuid.uuid4()}/review"
    assert (await client.post(unknown, data=said)).status_code == 404


async def test_the_layer_shows_area_and_extent(
    client: httpx2.AsyncClient, world: World, count_queries
):
    await world.login(client, world.kenji)
    form = sent(world, geometry=NEAR_STREET)
    await client.post(NEW, data=form)
    path = f"/layers/cleanup/{form['id']}"
    with count_queries() as seen:
        response = await client.get(path)
    data = response.json()
    assert [f["properties"]["state"] for f in data["features"]] == ["context", "fresh"]
    assert data["features"][1]["geometry"]["type"] == "LineString"
    assert len(seen) <= 3
    again = await client.get(path, headers={"If-None-Match": response.headers["etag"]})
    assert again.status_code == 304
    await world.login(client, world.yosomono)
    assert (await client.get(path)).status_code == 404
    await world.login(client, world.sato)
    assert (await client.get(path)).status_code == 200
