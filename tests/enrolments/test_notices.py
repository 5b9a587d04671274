"""Notices of change: filed, found again, accepted into the register, sent back, taken back."""

import datetime as dt
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import httpx2
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from server.db.base import uuid7
from server.enrolments.machine import ENROLMENT
from server.enrolments.models import ChangeNotice, PartnerContact
from server.enrolments.notice_queries import areas_after_change
from server.partners.models import Partner
from tests import factories
from tests.agreements.kit import agree, proposed, row_of
from tests.enrolments.lifekit import TODAY, areas_of, audited, case_of, stands_for, steps_of
from tests.personas import World

pytestmark = pytest.mark.anyio
Count = Callable[[], AbstractContextManager[Any]]
NOBODY = "01900000-0000-7000-8000-000000000000"


def form(**changed: object) -> dict[str, object]:
    usual = {"id": str(uuid7()), "verb": "file", "effective_on": TODAY.isoformat(), "reason": ""}
    return {**usual, **changed}


def a_name(**changed: object) -> dict[str, object]:
    return form(**{"name": "見本ぼこい町会", "name_kana": "みほんぼこいちょうかい", **changed})


def a_person(**changed: object) -> dict[str, object]:
    usual = {
        "name": "見本 髙橋", "name_kana": "ﾐﾎﾝ ﾀｶﾊｼ", "title": "会長",
        "postal_code": "〒０５０００８３", "address": "室蘭市見本町1",
        "phone": "０１４３ー２２ー１１１１", "email": "",
    }  # fmt: skip
    return form(**{**usual, **changed})


async def filed(client: httpx2.AsyncClient, kind: str, data: dict[str, object]) -> str:
    response = await client.post(f"/partner/notices/new/{kind}", data=data)
    assert response.status_code == 303, response.text
    return str(response.headers["location"])


async def the_notice(db: AsyncSession) -> ChangeNotice:
    statement = select(ChangeNotice).execution_options(populate_existing=True)
    return (await db.execute(statement)).scalar_one()


async def contacts(db: AsyncSession, partner: Partner, role: str) -> list[tuple[str, Any, Any]]:
    period = PartnerContact.period
    rows = await db.execute(
        select(PartnerContact.name, func.lower(period), func.upper(period))
        .where(PartnerContact.partner_id == partner.id, PartnerContact.role == role)
        .order_by(func.lower(period))
    )
    return [tuple(row) for row in rows]


async def test_who_may(client: httpx2.AsyncClient, world: World) -> None:
    path = "/partner/notices/new/name"
    assert (await client.get(path)).status_code == 303
    await world.login(client, world.hanako)
    assert (await client.get(path)).status_code == 403
    await world.login(client, world.kenji)
    assert (await client.get(path)).status_code == 200
    assert (await client.get("/partner/notices/new/shoes")).status_code == 404
    other = {"partner": world.other_partner.code}
    assert (await client.get(path, params=other)).status_code == 404
    assert (await client.post(path, data=a_name(**other))).status_code == 404
    assert (await client.get(f"/partner/notices/{NOBODY}")).status_code == 404
    mine = await filed(client, "name", a_name())
    await world.login(client, world.yosomono)
    assert (await client.get(mine)).status_code == 404
    assert (await client.post(mine, data={"verb": "withdraw"})).status_code == 404
    staff = f"/staff/partners/{world.partner.code}/notices/new/name"
    assert (await client.get(staff)).status_code == 403


async def test_a_new_name(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, count_queries: Count
) -> None:
    await world.login(client, world.kenji)
    page = await client.get("/partner/notices/new/name")
    assert f'value="{world.partner.name}"' in page.text
    bad = await client.post("/partner/notices/new/name", data=a_name(name_kana="漢字"))
    assert bad.status_code == 422 and "見本ぼこい町会" in bad.text
    data = a_name()
    mine = await filed(client, "name", data)
    assert await filed(client, "name", data) == mine  # a double send
    again = await client.post("/partner/notices/new/name", data=a_name())
    assert again.status_code == 409  # another one of the same kind
    row = await the_notice(db)
    assert row.before == {"name": "見本母恋町会", "name_kana": "ミホンボコイチョウカイ"}
    assert row.after == {"name": "見本ぼこい町会", "name_kana": "ミホンボコイチョウカイ"}
    assert (row.requested_by, row.by_proxy, row.section) == (world.kenji.id, False, "地域生活課")
    with count_queries() as seen:
        page = await client.get(mine)
    assert len(seen) <= 5, seen.statements
    assert "見本母恋町会" in page.text and "<b>見本ぼこい町会</b>" in page.text
    assert "受理する" not in page.text and "取り下げる" in page.text
    assert (await client.post(mine, data={"verb": "accept"})).status_code == 403

    await world.login(client, world.sato)
    assert "受理する" in (await client.get(mine)).text
    for _twice in range(2):
        assert (await client.post(mine, data={"verb": "accept"})).status_code == 303
    name = await db.scalar(select(Partner.name).where(Partner.id == world.partner.id))
    assert name == "見本ぼこい町会"
    assert await steps_of(db, row.id) == [
        ("create", "submitted", "partner"), ("accept", "accepted", "staff"),
    ]  # fmt: skip
    assert await audited(db) == ["notice.create", "notice.accept"]
    assert (await case_of(db, world.partner)).state == "active"


async def test_a_name_of_a_coming_day_waits(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    await world.login(client, world.kenji)
    far = (TODAY + dt.timedelta(days=181)).isoformat()
    wrong = await client.post("/partner/notices/new/name", data=a_name(effective_on=far))
    assert wrong.status_code == 422 and "変更の日は" in wrong.text and far in wrong.text
    tomorrow = (TODAY + dt.timedelta(days=1)).isoformat()
    mine = await filed(client, "name", a_name(effective_on=tomorrow))
    await world.login(client, world.sato)
    assert (await client.post(mine, data={"verb": "accept"})).status_code == 409
    assert (await the_notice(db)).state == "submitted"


async def test_a_new_representative_keeps_the_old_one(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    await stands_for(db, world.partner, "representative", "見本まえの人", phone="0143-11-1111")
    await db.commit()
    await world.login(client, world.kenji)
    unread = a_person(phone="でんわ", postal_code="12")
    bad = await client.post("/partner/notices/new/representative", data=unread)
    assert bad.status_code == 422 and "見本 髙橋" in bad.text and "でんわ" in bad.text
    april = TODAY - dt.timedelta(days=30)
    mine = await filed(client, "representative", a_person(effective_on=april.isoformat()))
    row = await the_notice(db)
    assert row.before["name"] == "見本まえの人"
    assert row.after == {
        "name": "見本 髙橋", "name_kana": "ミホン タカハシ", "title": "会長",
        "postal_code": "050-0083", "address": "室蘭市見本町1", "phone": "0143-22-1111", "email": "",
    }  # fmt: skip
    await world.login(client, world.sato)
    await client.post(mine, data={"verb": "accept"})
    assert await contacts(db, world.partner, "representative") == [
        ("見本まえの人", dt.date(2020, 4, 1), april), ("見本 髙橋", april, None),
    ]  # fmt: skip
    trail = (
        await db.execute(text("SELECT string_agg(detail::text, '') FROM audit_events"))
    ).scalar()
    assert "髙橋" not in trail and "0143" not in trail


async def test_an_older_day_accepted_later_ends_where_the_newer_begins(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    await world.login(client, world.kenji)
    newer = TODAY - dt.timedelta(days=5)
    older = TODAY - dt.timedelta(days=40)
    for day, name in ((newer, "見本あと"), (older, "見本さき"), (newer, "見本なおし")):
        await world.login(client, world.kenji)
        data = a_person(name=name, effective_on=day.isoformat())
        mine = await filed(client, "representative", data)
        await world.login(client, world.sato)
        assert (await client.post(mine, data={"verb": "accept"})).status_code == 303
    assert await contacts(db, world.partner, "representative") == [
        ("見本さき", older, newer), ("見本なおし", newer, None),
    ]  # fmt: skip


async def test_contacts(client: httpx2.AsyncClient, world: World, db: AsyncSession) -> None:
    await stands_for(
        db, world.partner, "contact", "見本れんらく", phone="0143-1-1111", address="室蘭市1"
    )
    await stands_for(db, world.partner, "emergency", "見本きんきゅう", phone="0143-2-2222")
    await db.commit()
    await world.login(client, world.kenji)
    page = (await client.get("/partner/notices/new/contact")).text
    assert "見本れんらく" in page and "見本きんきゅう" in page
    data = form(
        contact_name="見本れんらく", contact_kana="", contact_phone="0143-33-3333",
        contact_email="Renraku@Example.jp", emergency_name="", emergency_phone="",
    )  # fmt: skip
    mine = await filed(client, "contact", data)
    row = await the_notice(db)
    assert row.after["emergency"] is None
    assert row.after["contact"]["address"] == "室蘭市1"  # the same person, the same address
    await world.login(client, world.sato)
    await client.post(mine, data={"verb": "accept"})
    assert [c[1:] for c in await contacts(db, world.partner, "contact")] == [
        (dt.date(2020, 4, 1), TODAY), (TODAY, None),
    ]  # fmt: skip
    assert [c[2] for c in await contacts(db, world.partner, "emergency")] == [TODAY]
    nameless = form(contact_name="x", contact_phone="0143-33-3333", emergency_name="見本")
    await world.login(client, world.kenji)
    bad = await client.post("/partner/notices/new/contact", data=nameless)
    assert bad.status_code == 422 and "緊急連絡先の電話番号" in bad.text


async def test_nothing_changed_is_no_notice(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    await world.login(client, world.kenji)
    same = form(name="見本母恋町会", name_kana="ミホンボコイチョウカイ")
    response = await client.post("/partner/notices/new/name", data=same)
    assert response.status_code == 422 and "変わったところがありません" in response.text
    assert await db.scalar(select(func.count()).select_from(ChangeNotice)) == 0


async def test_areas(client: httpx2.AsyncClient, world: World, db: AsyncSession) -> None:
    new = await factories.area(db, "見本あたらしい通り")
    await db.commit()
    await world.login(client, world.kenji)
    path = "/partner/notices/new/areas"
    found = await client.post(path, data=form(verb="find", search="あたらしい", text="くわしく"))
    assert found.status_code == 200 and f'value="{new.code}"' in found.text
    assert "くわしく" in found.text
    none = await client.post(path, data=form(verb="find", search="ありえない名前"))
    assert "見つかりませんでした" in none.text
    assert (await client.post(path, data=form())).status_code == 422  # nothing chosen
    assert (await client.post(path, data=form(add="A-9999"))).status_code == 422
    mine = await filed(client, "areas", form(add=new.code, give_up=world.park.code))
    row = await the_notice(db)
    wanted = sorted([world.street.code, new.code])
    assert [one["code"] for one in row.after["areas"]] == wanted
    case = await case_of(db, world.partner)
    assert case.state == "changing"
    page = (await client.get("/partner/agreement")).text
    assert "変更手続中" in page and "/partner/notices/new/areas" not in page

    await world.login(client, world.sato)
    staff = f"/staff/partners/{world.partner.code}"
    early = await client.post(staff, data={"verb": "finish_change"})
    assert early.status_code == 409  # the notice first
    assert (await client.post(mine, data={"verb": "send_back"})).status_code == 422
    words = {"verb": "send_back", "comment": "地図を見て、もう一度選んでください。"}
    assert (await client.post(mine, data=words)).status_code == 303
    assert (await case_of(db, world.partner)).state == "active"
    assert (await client.post(mine, data=words)).status_code == 409

    await world.login(client, world.kenji)
    page = (await client.get(mine)).text
    assert "地図を見て" in page and f'value="{new.code}"' in page
    sent = form(verb="resubmit", add=new.code, reason="見直しました")
    assert (await client.post(mine, data=sent)).status_code == 303
    assert (await case_of(db, world.partner)).state == "changing"
    assert await areas_after_change(db, case.id) is None  # not accepted yet
    await world.login(client, world.sato)
    assert (await client.post(mine, data={"verb": "accept"})).status_code == 303
    after = tuple(sorted([world.street.code, world.park.code, new.code]))
    assert await areas_after_change(db, case.id) == (after, "")
    assert (await case_of(db, world.partner)).state == "changing"  # until the new agreement
    assert "変更の合意書をつくる" in (await client.get(mine)).text
    assert (await client.post(staff, data={"verb": "finish_change"})).status_code == 303
    assert [s[0] for s in await steps_of(db, case.id)] == [
        "ask_change", "finish_change", "ask_change", "finish_change",
    ]  # fmt: skip


async def test_the_new_agreement_ends_the_change(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    """From the notice to the agreement of the change: the areas are those that were asked for."""
    new = await factories.area(db, "見本あたらしい通り")
    await db.commit()
    await world.login(client, world.kenji)
    path = "/partner/notices/new/areas"
    await client.post(path, data=form(verb="find", search=new.code))
    mine = await filed(client, "areas", form(add=new.code, give_up=world.park.code))
    await world.login(client, world.sato)
    await client.post(mine, data={"verb": "accept"})
    case = await case_of(db, world.partner)
    words = {"purpose": "目的", "partner_role": "役割", "city_role": "市の役割"}
    row = await row_of(db, await proposed(client, case, section="環境課", **words))
    await agree(client, row, "city")
    await world.login(client, world.kenji)
    assert "合意書の案があります" in (await client.get("/partner/agreement")).text
    assert (await agree(client, row, "partner")).status_code == 303
    assert (await case_of(db, world.partner)).state == "active"
    assert (await steps_of(db, case.id))[-1] == ("finish_change", "active", "partner")
    live = [area[0] for area in await areas_of(db, world.partner) if area[3] is None]
    assert live == sorted([world.street.code, new.code])


async def test_taking_back_a_change_of_areas(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    await world.login(client, world.kenji)
    mine = await filed(client, "areas", form(give_up=world.park.code))
    for _twice in range(2):
        assert (await client.post(mine, data={"verb": "withdraw"})).status_code == 303
    assert (await the_notice(db)).state == "withdrawn"
    assert (await case_of(db, world.partner)).state == "active"
    assert (await client.post(mine, data={"verb": "nonsense"})).status_code == 422


async def test_leaving_closes_what_is_open(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    await world.login(client, world.kenji)
    await filed(client, "name", a_name())
    leave = {"day": TODAY.isoformat(), "comment": "解散するため"}
    assert (await client.post("/partner/withdraw", data=leave)).status_code == 303
    row = await the_notice(db)
    assert row.state == "withdrawn"
    assert (await steps_of(db, row.id))[-1] == ("withdraw", "withdrawn", "system")
    again = await client.post("/partner/notices/new/name", data=a_name())
    assert again.status_code == 409


async def test_areas_only_while_active(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    await factories.bring_to(db, ENROLMENT, await case_of(db, world.partner), "renewal")
    await db.commit()
    await world.login(client, world.kenji)
    assert "活動中のときに" in (await client.get("/partner/notices/new/areas")).text
    sent = form(give_up=world.park.code)
    assert (await client.post("/partner/notices/new/areas", data=sent)).status_code == 409
    assert await db.scalar(select(func.count()).select_from(ChangeNotice)) == 0


async def test_staff_write_for_somebody_who_phoned(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    await world.login(client, world.sato)
    path = f"/staff/partners/{world.partner.code}/notices/new/name"
    page = await client.get(path)
    assert "代理入力です" in page.text
    data = a_name()
    for _twice in range(2):
        assert (await client.post(path, data=data)).status_code == 303
    row = await the_notice(db)
    assert (row.by_proxy, row.requested_by) == (True, None)
    assert await steps_of(db, row.id) == [("create", "submitted", "staff")]
    assert (await client.get("/staff/partners/MP-9999/notices/new/name")).status_code == 404


async def test_a_citizen_has_no_other_representative(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    one = await factories.partner(db, "見本ひとり", subject="citizen")
    await factories.member(db, one, world.hanako, "manager")
    await factories.agreement(db, one, [world.street], since=TODAY)
    await db.commit()
    await world.login(client, world.hanako)
    assert (await client.get("/partner/notices/new/representative")).status_code == 404
    page = (await client.get("/partner/agreement")).text
    assert "/partner/notices/new/name" in page and "notices/new/representative" not in page


async def test_an_id_of_a_stranger_is_not_taken_over(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    await world.login(client, world.kenji)
    data = a_name()
    await filed(client, "name", data)
    await world.login(client, world.yosomono)
    response = await client.post("/partner/notices/new/name", data=data)
    assert response.status_code == 409
    assert (await the_notice(db)).partner_id == world.partner.id
    assert uuid.UUID(str(data["id"])) == (await the_notice(db)).id
