"""The host's desk: who may, the list, the numbers, the printed code, the CSV."""

import csv
import datetime as dt
import io
import uuid

import pytest
from sqlalchemy import text

from server.checkins import actions
from server.opportunities.models import OpportunityHost
from tests.checkins.kit import activity, audited, here, hidden, signed

pytestmark = pytest.mark.anyio


def desk(of) -> str:
    return f"/opportunities/{of.id}/checkin"


async def test_the_host_ticks_adjusts_and_takes_back(client, world, db, clock):
    of = await activity(db, world, clock.now)
    sent = await signed(db, of, world.hanako, 3)
    await world.login(client, world.kenji)
    page = await client.get(desk(of))
    assert page.status_code == 200 and "<svg" in page.text and "見本はなこ" in page.text
    assert "来た(3人)" in page.text and "hanako@example.jp" not in page.text
    tick = {"verb": "tick", "row": str(sent.id)}
    for _twice in range(2):
        answer = await client.post(desk(of), data=tick)
        assert answer.headers["location"] == f"{desk(of)}#row-{sent.id}"
    [row] = await here(db, of)
    assert (row.people, row.how, row.account_id, row.recorded_by) == (
        3, "list", world.hanako.id, world.kenji.id)  # fmt: skip
    adjust = {"verb": "adjust", "row": str(row.id), "people": "４", "minutes": "90"}
    assert (await client.post(desk(of), data=adjust)).status_code == 303
    [row] = await here(db, of)
    assert (row.people, row.minutes) == (4, 90)
    page = await client.get(desk(of))
    assert "申込み3人" in page.text and "1時間30分" in page.text
    for _twice in range(2):
        await client.post(desk(of), data={"verb": "remove", "row": str(row.id)})
    assert await here(db, of) == []
    assert await audited(db, "attendance.remove") == 1
    assert await audited(db, "attendance.adjust") == 1
    await client.post(desk(of), data=tick)  # and once more: a new row, the old one is kept
    assert len(await here(db, of)) == 1
    assert await db.scalar(text("SELECT count(*) FROM attendances")) == 2


async def test_walk_ins_are_a_number_without_names(client, world, db, clock):
    of = await activity(db, world, clock.now)
    await world.login(client, world.kenji)
    new = hidden((await client.get(desk(of))).text, "row")
    for _twice in range(2):
        sent = {"verb": "walk_in", "row": new, "people": "5"}
        assert (await client.post(desk(of), data=sent)).status_code == 303
    [row] = await here(db, of)
    assert (row.people, row.how, row.account_id, row.signup_id) == (5, "walk_in", None, None)
    assert await actions.present_people(db, of.id) == 5
    page = await client.get(desk(of))
    assert "5<small>" in page.text and f"/partner/cleanups/new?from={of.id}" in page.text


async def test_htmx_gets_the_list_alone(client, world, db, clock):
    of = await activity(db, world, clock.now)
    sent = await signed(db, of, world.hanako)
    await world.login(client, world.kenji)
    answer = await client.post(
        desk(of), data={"verb": "tick", "row": str(sent.id)}, headers={"HX-Request": "true"}
    )
    assert answer.status_code == 200 and "<html" not in answer.text
    assert "data-focus" in answer.text and "来ました" in answer.text
    fresh = await client.get(desk(of) + "/qr", headers={"HX-Request": "true"})
    assert "<svg" in fresh.text and 'hx-swap-oob="innerHTML">1<small>' in fresh.text
    assert fresh.headers["cache-control"] == "no-store" and "style=" not in fresh.text


@pytest.mark.parametrize("bad", [
    {"verb": "walk_in", "people": "0"}, {"verb": "walk_in", "people": ""},
    {"verb": "walk_in", "people": "501"}, {"verb": "walk_in", "people": "many"},
    {"verb": "adjust", "people": "2", "minutes": "1441"}, {"verb": "steal", "people": "1"},
    {"verb": "tick", "row": "nothing"}, {},
])  # fmt: skip
async def test_what_cannot_be_taken_is_said(client, world, db, clock, bad):
    of = await activity(db, world, clock.now)
    await world.login(client, world.kenji)
    answer = await client.post(desk(of), data={"row": str(uuid.uuid4()), **bad})
    assert answer.status_code == 422 and "受け付けられませんでした" in answer.text
    assert await here(db, of) == []


async def test_rows_of_other_activities_are_not_there(client, world, db, clock):
    of, other = await activity(db, world, clock.now), await activity(db, world, clock.now)
    sent = await signed(db, other, world.hanako)
    await world.login(client, world.kenji)
    await client.post(desk(other), data={"verb": "tick", "row": str(sent.id)})
    [row] = await here(db, other)
    for data in (
        {"verb": "tick", "row": str(sent.id)}, {"verb": "remove", "row": str(row.id)},
        {"verb": "adjust", "row": str(row.id), "people": "9"},
    ):  # fmt: skip
        assert (await client.post(desk(of), data=data)).status_code == 404
    [same] = await here(db, other)
    assert same.people == 1


async def test_the_hours_of_the_desk(client, world, db, clock):
    of = await activity(db, world, clock.now, minutes=90)
    await signed(db, of, world.hanako)
    await world.login(client, world.kenji)
    new = {"verb": "walk_in", "row": str(uuid.uuid4()), "people": "1"}
    page = await client.get(desk(of))
    assert "受付は2026年6月14日(日) 10:30からです" in page.text and "<svg viewBox" not in page.text
    assert (await client.post(desk(of), data=new)).status_code == 409
    clock.now += dt.timedelta(days=1, hours=13)  # 23:00 of the day after
    await world.login(client, world.kenji)
    answer = await client.post(desk(of), data=new)
    assert answer.headers["location"].startswith(desk(of)) and len(await here(db, of)) == 1
    clock.now += dt.timedelta(hours=1)
    assert (await client.post(desk(of), data=new)).status_code == 409


@pytest.mark.parametrize("end", ["/checkin", "/checkin/qr", "/checkin/poster", "/attendance.csv"])
async def test_who_may(client, world, db, clock, end):
    of = await activity(db, world, clock.now)
    path = f"/opportunities/{of.id}{end}"
    answer = await client.get(path)
    assert answer.status_code == 303 and answer.headers["location"].startswith("/login")
    expected = {world.hanako: 403, world.yosomono: 404, world.kenji: 200, world.sato: 200}
    for who, status in expected.items():
        await world.login(client, who)
        assert (await client.get(path)).status_code == status, who.display_name
    assert (await client.get(f"/opportunities/{uuid.uuid4()}{end}")).status_code == 404
    if end != "/checkin":
        assert (await client.post(path)).status_code == 405


async def test_a_second_host_may_once_it_has_accepted(client, world, db, clock):
    of = await activity(db, world, clock.now)
    row = OpportunityHost(opportunity_id=of.id, partner_id=world.other_partner.id)
    db.add(row)
    await db.commit()
    await world.login(client, world.yosomono)
    assert (await client.get(desk(of))).status_code == 404
    row.accepted_at = clock.now
    await db.commit()
    assert (await client.get(desk(of))).status_code == 200


async def test_the_printed_page(client, world, db, clock):
    of = await activity(db, world, clock.now)
    await world.login(client, world.kenji)
    page = await client.get(desk(of) + "/poster")
    assert "<svg" in page.text and "やさしい日本語" in page.text and "style=" not in page.text
    assert "2026年6月14日(日) 9:30から2026年6月14日(日) 14:30まで" in page.text
    draft = await activity(db, world, clock.now, state="draft")
    assert (await client.get(desk(draft) + "/poster")).status_code == 409


async def test_the_list_as_a_file(client, world, db, clock):
    world.hanako.display_name = "=HYPERLINK(1)"
    of = await activity(db, world, clock.now)
    sent = await signed(db, of, world.hanako, 2, group_name="＋見本大学")
    await signed(db, of, world.toyo)  # did not come
    await world.login(client, world.kenji)
    await client.post(desk(of), data={"verb": "tick", "row": str(sent.id)})
    answer = await client.get(f"/opportunities/{of.id}/attendance.csv")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert "attendance-20260614.csv" in answer.headers["content-disposition"]
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[1:] == [[
        "'=HYPERLINK(1)", "'＋見本大学", "", "2", "2", "2026-06-14 10:00", "120",
        "主催者の一覧", "",
    ]]  # fmt: skip
    assert "hanako@example.jp" not in answer.text


async def test_the_report_begins_with_the_activity(client, world, db, clock):
    of = await activity(db, world, clock.now)
    await world.login(client, world.kenji)
    sent = {"verb": "walk_in", "row": str(uuid.uuid4()), "people": "17"}
    await client.post(desk(of), data=sent)
    page = (await client.get(f"/partner/cleanups/new?from={of.id}")).text
    assert 'value="17"' in page and 'value="2026-06-14"' in page
    assert f'selected value="{world.street.code}"' in page
    await world.login(client, world.yosomono)
    assert 'value="17"' not in (await client.get(f"/partner/cleanups/new?from={of.id}")).text
    assert (await client.get("/partner/cleanups/new?from=nothing")).status_code == 200


async def test_query_budget(client, world, db, clock, count_queries):
    of = await activity(db, world, clock.now)
    for who in (world.hanako, world.toyo, world.sato):
        await signed(db, of, who)
    await world.login(client, world.kenji)
    for path in (desk(of), desk(of) + "/qr"):
        with count_queries() as seen:
            assert (await client.get(path)).status_code == 200
        assert len(seen) <= 4, seen.statements
