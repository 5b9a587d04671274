"""People who have left a partner, and proposals that their case has passed by."""

import datetime as dt

import httpx2
import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts.models import PartnerMember
from server.agreements.models import Agreement, AgreementArea
from server.enrolments.machine import ENROLMENT
from server.enrolments.models import Enrolment
from server.files.models import StoredFile
from server.notices.mails import WrittenMail
from server.notices.models import Notice
from server.partners.models import Partner
from tests import factories
from tests.agreements.kit import agree, case_to_agree, proposed, row_of
from tests.conftest import START
from tests.personas import World

pytestmark = pytest.mark.anyio
TODAY = START.date()
DAY = dt.timedelta(days=1)
BASE = {"purpose": "目的", "partner_role": "役割", "city_role": "市の役割", "section": "環境課"}


async def step(
    client: httpx2.AsyncClient, case: Enrolment, verb: str, comment: str = "見本の理由"
) -> None:
    """A step of the city on an application."""
    sent = {"verb": verb, "comment": comment}
    answer = await client.post(f"/staff/applications/{case.id}", data=sent)
    assert answer.status_code == 303, answer.text


async def test_who_left_a_partner_reads_its_papers_no_more(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    case = await case_to_agree(db, world.hanako, [world.park], drawn=None)
    await world.login(client, world.sato)
    row = await row_of(db, await proposed(client, case))
    await agree(client, row, "city")
    await world.login(client, world.hanako)
    await agree(client, row, "partner")
    paper = StoredFile(
        owner="enrolment", owner_id=case.id, filename="a.pdf", media_type="application/pdf",
        size=1, sha256="0", created_by=world.hanako.id,
    )  # fmt: skip
    db.add(paper)
    await db.commit()
    paths = [f"/applications/{case.id}", f"/agreements/{row.id}", f"/agreements/{row.id}.pdf"]
    for path in paths:
        assert (await client.get(path)).status_code == 200, path
    left = PartnerMember.account_id == world.hanako.id
    await db.execute(delete(PartnerMember).where(left))
    await db.execute(delete(Notice))
    await db.commit()
    for path in [*paths, f"/applications/{case.id}/submit", f"/files/{paper.id}"]:
        assert (await client.get(path)).status_code == 404, path
    assert str(case.id) not in (await client.get("/applications/new")).text
    await world.login(client, world.sato)
    named = select(Partner.code).join(Enrolment, Enrolment.partner_id == Partner.id)
    moved = await client.post(
        f"/staff/partners/{await db.scalar(named.where(Enrolment.id == case.id))}",
        data={"verb": "withdraw", "withdraw-day": TODAY.isoformat(), "withdraw-comment": "理由"},
    )
    assert moved.status_code == 303, moved.text
    assert not list(await db.scalars(select(WrittenMail.to_address))), "she is not written to"


async def test_only_who_signs_for_a_partner_binds_it_again(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    """A partner that was there before begins anew: any of its people may fill in the form."""
    live = await factories.live_case(db, world.partner)
    await factories.bring_to(db, ENROLMENT, live, "withdrawn", ended_on=TODAY)
    case = await case_to_agree(db, None, [world.other_area], drawn=None, state="draft")
    case.partner_id, case.requested_by = world.partner.id, world.toyo.id
    case.by_proxy, case.subject = False, world.partner.subject
    await factories.bring_to(db, ENROLMENT, case, "checking")
    await db.commit()
    await world.login(client, world.sato)
    row = await row_of(db, await proposed(client, case))
    await world.login(client, world.toyo)
    page = (await client.get(f"/agreements/{row.id}")).text
    assert "この内容で合意します" not in page
    assert (await agree(client, row, "partner")).status_code == 403
    await world.login(client, world.kenji)
    assert (await agree(client, row, "partner")).status_code == 303
    assert (await row_of(db, row.id)).partner_confirmed_by == world.kenji.id


async def test_of_two_new_beginnings_one_is_agreed(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    live = await factories.live_case(db, world.partner)
    await factories.bring_to(db, ENROLMENT, live, "withdrawn", ended_on=TODAY)
    rows = []
    for _n in range(2):
        case = await case_to_agree(db, world.kenji, [world.other_area], drawn=None, state="draft")
        case.partner_id = world.partner.id
        await factories.bring_to(db, ENROLMENT, case, "checking")
        await db.commit()
        await world.login(client, world.sato)
        rows.append(await row_of(db, await proposed(client, case)))
        assert (await agree(client, rows[-1], "city")).status_code == 303
    await world.login(client, world.kenji)
    assert (await agree(client, rows[0], "partner")).status_code == 303
    second = await agree(client, rows[1], "partner")
    assert second.status_code == 409 and "ほかの合意" in second.text
    assert (await row_of(db, rows[1].id)).partner_confirmed_at is None


async def test_what_was_confirmed_before_a_correction_does_not_hold(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    case = await case_to_agree(db, world.hanako, [world.park], drawn=None)
    await world.login(client, world.sato)
    row = await row_of(db, await proposed(client, case))
    await agree(client, row, "city")
    await step(client, case, "send_back")
    row = await row_of(db, row.id)
    assert row.city_confirmed_at is None and row.city_confirmed_how is None
    assert row.document_sha256, "the words are kept, to be read again"


async def test_an_old_proposal_does_not_undo_what_is_in_force(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    """The city prepared a renewal and the partner tapped 「続ける」 instead; a year later the case
    waits for its renewal again, and the proposal of last year is still there."""
    case = await factories.live_case(db, world.partner)
    await factories.bring_to(db, ENROLMENT, case, "renewal")
    await db.commit()
    await world.login(client, world.sato)
    old = await row_of(db, await proposed(client, case, **BASE))
    held = select(AgreementArea.id).where(
        AgreementArea.partner_id == world.partner.id, AgreementArea.period.contains(TODAY)
    )
    before = set(await db.scalars(held))
    await factories.set_period(db, world.partner, TODAY - DAY, TODAY + 30 * DAY)
    stale = await row_of(db, old.id)
    assert stale.agreed_on is None
    await db.execute(  # what the tap would have made: in force since the proposal's first day
        update(Agreement)
        .where(Agreement.id == old.id)
        .values(period=(await _current(db, world)).period)
    )
    await db.commit()
    for who, side in ((world.sato, "city"), (world.kenji, "partner")):
        await world.login(client, who)
        answer = await agree(client, stale, side)
        assert answer.status_code == 409 and "より後の日" in answer.text
    assert set(await db.scalars(held)) == before
    await world.login(client, world.sato)
    again = await client.get(f"/staff/applications/{case.id}/agreement")
    assert again.status_code == 200, "it can be written anew"


async def _current(db: AsyncSession, world: World) -> Agreement:
    statement = select(Agreement).where(
        Agreement.partner_id == world.partner.id, Agreement.agreed_on.is_not(None)
    )
    return (await db.scalars(statement.execution_options(populate_existing=True))).one()
