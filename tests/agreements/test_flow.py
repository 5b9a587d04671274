"""From the proposal to the agreement: prepared, read, confirmed by both, concluded."""

import datetime as dt

import httpx2
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts.models import PartnerMember
from server.agreements.document import fingerprint
from server.agreements.models import Agreement, AgreementArea
from server.areas.models import Area
from server.enrolments.machine import ENROLMENT
from server.enrolments.models import PartnerContact, PartnerPeople
from server.notices.mails import WrittenMail
from server.partners.models import Partner
from server.workflow.queries import history
from tests.agreements.kit import (
    NAME,
    agree,
    audited,
    case_now,
    case_to_agree,
    proposal,
    proposed,
    row_of,
)
from tests.conftest import START
from tests.personas import World

pytestmark = pytest.mark.anyio
TODAY = START.date()


async def test_a_new_partner_begins_with_the_agreement(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
):
    case = await case_to_agree(db, world.hanako, [world.park])
    await world.login(client, world.sato)
    id = await proposed(client, case)
    row = await row_of(db, id)
    assert row.agreed_on is None and row.occasion == "new" and row.partner_id is None
    assert row.period.lower == TODAY and row.period.upper == dt.date(2027, 4, 1)
    assert row.document_sha256 == fingerprint(row.document), "as the database gives it back"
    mail = (
        await db.scalars(select(WrittenMail).where(WrittenMail.to_address.like("hanako%")))
    ).one()
    assert f"/agreements/{id}" in mail.body and "合意書の案ができました" in mail.subject

    page = (await client.get(f"/agreements/{id}")).text
    for words in (NAME, "第1条", "令和8年6月14日から令和9年3月31日まで", "見本公園", "見本通り",
                  "確認を待っています", "この内容で合意します", "年6回"):  # fmt: skip
        assert words in page
    assert (await agree(client, row, "city")).status_code == 303
    assert (await case_now(db, case.id)).state == "checking", "one side binds nobody"
    page = (await client.get(f"/agreements/{id}")).text
    assert "この内容で合意します" not in page.split("</article>")[1], "the city has confirmed"
    assert "画面で確認: 令和8年6月14日 10:00 見本さとう" in page

    await world.login(client, world.hanako)
    assert "この内容で合意します" in (await client.get(f"/agreements/{id}")).text
    answer = await agree(client, row, "partner")
    assert answer.status_code == 303 and answer.headers["location"] == f"/agreements/{id}"
    await _check_concluded(db, world, case.id, id)
    assert "令和8年6月14日に合意" in (await client.get(f"/agreements/{id}")).text
    assert (await agree(client, row, "partner")).status_code == 303, "again is harmless"
    assert (await audited(db)).count("agreement.conclude") == 1


async def _check_concluded(db: AsyncSession, world: World, case_id, id) -> None:
    row, case = await row_of(db, id), await case_now(db, case_id)
    assert row.agreed_on == TODAY and case.state == "active"
    assert case.partner_id == row.partner_id
    partner = await db.get(Partner, row.partner_id)
    assert partner is not None and partner.name == NAME and partner.name_public
    assert partner.registered_people == 12 and partner.since == TODAY
    new = (await db.scalars(select(Area).where(Area.name == "見本通り"))).one()
    assert new.code == row.document["areas"][1]["code"], "the number was printed before"
    assert new.kind == "city_road" and new.section == "土木課維持係" and new.length_m > 300
    held = (await db.scalars(select(AgreementArea).where(AgreementArea.agreement_id == id))).all()
    assert {one.area_id for one in held} == {world.park.id, new.id}
    assert {one.period for one in held} == {row.period}
    contacts = await db.scalars(
        select(PartnerContact.role)
        .where(PartnerContact.partner_id == partner.id)
        .order_by(PartnerContact.role)
    )
    assert list(contacts) == ["emergency", "representative"]
    people = (
        await db.scalars(select(PartnerPeople).where(PartnerPeople.partner_id == partner.id))
    ).one()
    assert (people.people, people.minors) == (12, 2)
    role = await db.scalar(
        select(PartnerMember.role).where(
            PartnerMember.partner_id == partner.id, PartnerMember.account_id == world.hanako.id
        )
    )
    assert role == "manager"
    steps = [(one.verb, one.hat) for one in await history(db, ENROLMENT, case_id)][:2]
    assert steps == [("begin", "system"), ("agree", "person")]


async def test_a_period_that_begins_later_waits(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
):
    case = await case_to_agree(db, world.hanako, [world.park], drawn=None, start_on="2026-07-01")
    await world.login(client, world.sato)
    id = await proposed(client, case, consent_name=None)
    row = await row_of(db, id)
    assert row.period.lower == dt.date(2026, 7, 1)
    await agree(client, row, "city")
    await world.login(client, world.hanako)
    await agree(client, row, "partner")
    assert (await case_now(db, case.id)).state == "agreed"
    partner = (await db.scalars(select(Partner).where(Partner.name == NAME))).one()
    assert not partner.name_public


async def test_editing_takes_confirmations_back_and_tells(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
):
    case = await case_to_agree(db, world.hanako, [world.park])
    await world.login(client, world.sato)
    id = await proposed(client, case)
    old = (await row_of(db, id)).document_sha256
    codes = [area["code"] for area in (await row_of(db, id)).document["areas"]]
    await world.login(client, world.hanako)
    assert (await agree(client, await row_of(db, id), "partner")).status_code == 303
    await world.login(client, world.sato)
    page = (await client.get(f"/staff/applications/{case.id}/agreement")).text
    assert "確認が取り消されます" in page
    assert await proposed(client, case) == id, "nothing was changed"
    assert (await row_of(db, id)).partner_confirmed_at is not None
    assert await proposed(client, case, purpose="別の目的") == id
    row = await row_of(db, id)
    assert row.partner_confirmed_at is None and row.document_sha256 != old
    assert [area["code"] for area in row.document["areas"]] == codes, "numbers are given once"
    subjects = list(await db.scalars(select(WrittenMail.subject)))
    assert [s for s in subjects if "合意書の案が変わりました" in s]
    await world.login(client, world.hanako)
    stale = await agree(client, row, "partner", old)
    assert stale.status_code == 409 and "合意書の内容が変わりました" in stale.text
    assert "別の目的" in stale.text, "the new text is shown at once"
    assert (await row_of(db, id)).partner_confirmed_at is None
    assert (await audited(db)).count("agreement.revise") == 1


async def test_a_change_replaces_the_areas(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
):
    from tests.factories import bring_to, live_case

    case = await live_case(db, world.partner)
    await bring_to(db, ENROLMENT, case, "changing")
    await db.commit()
    await world.login(client, world.sato)
    key = f"area-{world.street.id}-use"
    base = {"purpose": "目的", "partner_role": "役割", "city_role": "市の役割", "section": "環境課"}
    id = await proposed(client, case, **{key: None}, areas=world.other_area.code, **base)
    row = await row_of(db, id)
    assert row.occasion == "change" and row.partner_id == world.partner.id
    await agree(client, row, "city")
    await world.login(client, world.toyo)
    assert (await agree(client, row, "partner")).status_code == 403, "a member does not sign"
    await world.login(client, world.kenji)
    assert (await agree(client, row, "partner")).status_code == 303
    assert (await case_now(db, case.id)).state == "active"
    rows = await db.execute(
        text("""SELECT a.code, lower(x.period), upper(x.period), x.end_reason
                  FROM agreement_areas x JOIN areas a ON a.id = x.area_id
                 WHERE x.partner_id = :id ORDER BY 2, 1"""),
        {"id": world.partner.id},
    )
    begin, end = TODAY - dt.timedelta(days=365), TODAY + dt.timedelta(days=365)
    assert [tuple(one) for one in rows] == [
        (world.street.code, begin, TODAY, "replaced"),
        (world.park.code, begin, TODAY, "replaced"),
        (world.park.code, TODAY, end, None),
        (world.other_area.code, TODAY, end, None),
    ]
    old = await db.scalar(
        select(func.upper(Agreement.period)).where(
            Agreement.partner_id == world.partner.id, Agreement.id != id
        )
    )
    assert old == TODAY


async def test_a_renewal_follows_the_old_agreement(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
):
    from tests.factories import bring_to, live_case

    case = await live_case(db, world.partner)
    await bring_to(db, ENROLMENT, case, "renewal")
    await db.commit()
    await world.login(client, world.sato)
    base = {"purpose": "目的", "partner_role": "役割", "city_role": "市の役割", "section": "環境課"}
    id = await proposed(client, case, **base)
    row = await row_of(db, id)
    end = TODAY + dt.timedelta(days=365)
    assert row.occasion == "renewal" and row.period.lower == end
    await agree(client, row, "city")
    await world.login(client, world.kenji)
    await agree(client, row, "partner")
    assert (await case_now(db, case.id)).state == "active"
    held = await db.scalar(
        select(func.count()).where(
            AgreementArea.partner_id == world.partner.id, AgreementArea.period.contains(TODAY)
        )
    )
    later = await db.scalar(
        select(func.count()).where(
            AgreementArea.partner_id == world.partner.id, AgreementArea.period.contains(end)
        )
    )
    assert (held, later) == (2, 2)


@pytest.mark.parametrize(
    "change",
    [{"purpose": ""}, {"forms": None}, {"first": "2027-04-02"}, {"areas": "A-9999"}, {"last": ""}],
)
async def test_a_bad_form_is_kept(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, change: dict
):
    case = await case_to_agree(db, world.hanako, [world.park], drawn=None)
    await world.login(client, world.sato)
    answer, _sent = await proposal(client, case, **{"city_role": "のこることば", **change})
    assert answer.status_code == 422
    assert "入力を確かめてください" in answer.text and "のこることば" in answer.text
    assert await db.scalar(select(func.count()).where(Agreement.enrolment_id == case.id)) == 0


async def test_areas_must_be_chosen_and_named(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
):
    case = await case_to_agree(db, world.hanako, [])
    await world.login(client, world.sato)
    page = (await client.get(f"/staff/applications/{case.id}/agreement")).text
    key = page.split('name="area-')[1].split("-shown")[0]
    none, _ = await proposal(client, case, **{f"area-{key}-use": None})
    assert none.status_code == 422 and "活動区域を1つ以上えらんでください" in none.text
    nameless, _ = await proposal(client, case, **{f"area-{key}-name": ""})
    assert nameless.status_code == 422 and "新しい区域には、ここも要ります" in nameless.text
