"""Agreements on paper: a scan, and which sides have signed it."""

import datetime as dt

import httpx2
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts.models import PartnerMember
from server.files.models import StoredFile
from server.partners.models import Partner
from tests.agreements.kit import (
    NAME,
    PAPER,
    agree,
    audited,
    case_now,
    case_to_agree,
    proposed,
    row_of,
)
from tests.conftest import START
from tests.personas import World

pytestmark = pytest.mark.anyio
TODAY = START.date()


async def test_both_sides_on_paper(client: httpx2.AsyncClient, world: World, db: AsyncSession):
    case = await case_to_agree(db, None, [world.park])
    await world.login(client, world.sato)
    id = await proposed(client, case)
    row = await row_of(db, id)
    url = f"/staff/agreements/{id}/paper"
    page = (await client.get(f"/agreements/{id}")).text
    assert "代理入力" in page and "紙の合意書を記録する" in page
    signed = {"sha256": row.document_sha256, "sides": ["partner", "city"], "day": "2026-06-10"}
    answer = await client.post(url, data=signed, files={"paper": PAPER})
    assert answer.status_code == 303, answer.text
    row = await row_of(db, id)
    assert row.agreed_on == dt.date(2026, 6, 10) and row.partner_confirmed_how == "paper"
    assert row.partner_confirmed_name == "見本髙﨑" and row.city_confirmed_name == "室蘭市長"
    assert row.partner_confirmed_by == world.sato.id, "who recorded it"
    assert (await case_now(db, case.id)).state == "active"
    partner = (await db.scalars(select(Partner).where(Partner.name == NAME))).one()
    members = await db.scalars(
        select(PartnerMember.account_id).where(PartnerMember.partner_id == partner.id)
    )
    assert list(members) == [], "nobody's account came with the paper"
    file = (await db.scalars(select(StoredFile).where(StoredFile.owner_id == id))).one()
    assert file.id == row.paper_file_id and file.owner == "agreement"
    page = (await client.get(f"/agreements/{id}")).text
    assert "書面で確認: 令和8年6月10日 見本髙﨑" in page and f"/files/{file.id}" in page
    assert {"agreement.paper", "agreement.conclude"} <= set(await audited(db))
    again = await client.post(url, data={"sha256": row.document_sha256}, files={"paper": PAPER})
    assert again.status_code == 303, "a better scan may come later"
    await world.login(client, world.kenji)
    assert (await client.get(f"/files/{file.id}")).status_code == 404


async def test_one_side_on_paper_the_other_by_button(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
):
    case = await case_to_agree(db, world.hanako, [world.park], drawn=None)
    await world.login(client, world.sato)
    id = await proposed(client, case)
    row = await row_of(db, id)
    form = {"sha256": row.document_sha256, "sides": "partner", "day": "2026-06-12"}
    url = f"/staff/agreements/{id}/paper"
    assert (await client.post(url, data=form, files={"paper": PAPER})).status_code == 303
    assert (await row_of(db, id)).agreed_on is None
    assert (await agree(client, row, "city")).status_code == 303
    row = await row_of(db, id)
    assert row.agreed_on == TODAY and row.city_confirmed_how == "app"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"day": ""}, "書面で合意した日"),
        ({"day": "2026-06-15"}, "先の日は書けません"),
        ({"paper": None}, "合意書の写し"),
        ({"paper": ("x.pdf", b"not a paper", "application/pdf")}, "PDFか、写真"),
    ],
)
async def test_a_bad_paper(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, change: dict, words: str
):
    case = await case_to_agree(db, world.hanako, [world.park], drawn=None)
    await world.login(client, world.sato)
    id = await proposed(client, case)
    row = await row_of(db, id)
    sent = {"sha256": row.document_sha256, "sides": ["partner", "city"], "day": "2026-06-10",
            "paper": PAPER, **change}  # fmt: skip
    paper = sent.pop("paper")
    files = {"paper": paper} if paper else None
    answer = await client.post(f"/staff/agreements/{id}/paper", data=sent, files=files)
    assert answer.status_code == 422 and words in answer.text
    row = await row_of(db, id)
    assert row.partner_confirmed_at is None and row.agreed_on is None


async def test_a_paper_of_an_older_text(client: httpx2.AsyncClient, world: World, db: AsyncSession):
    case = await case_to_agree(db, world.hanako, [world.park], drawn=None)
    await world.login(client, world.sato)
    id = await proposed(client, case)
    old = (await row_of(db, id)).document_sha256
    await proposed(client, case, purpose="直した目的")
    form = {"sha256": old, "sides": "partner", "day": "2026-06-12"}
    answer = await client.post(f"/staff/agreements/{id}/paper", data=form, files={"paper": PAPER})
    assert answer.status_code == 409 and "合意書の内容が変わりました" in answer.text
    assert (await row_of(db, id)).paper_file_id is None


async def test_an_agreement_from_before(client: httpx2.AsyncClient, world: World, db: AsyncSession):
    from server.agreements.models import Agreement

    id = await db.scalar(select(Agreement.id).where(Agreement.partner_id == world.partner.id))
    await world.login(client, world.toyo)
    page = await client.get(f"/agreements/{id}")
    assert page.status_code == 200 and "紙で交わした合意です" in page.text
    assert world.street.name in page.text
    assert len((await client.get(f"/layers/agreement/{id}")).json()["features"]) == 2
    assert (await client.get(f"/agreements/{id}.pdf")).status_code == 404
