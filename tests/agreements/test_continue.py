"""An agreement that goes on by itself."""

import datetime as dt

import httpx2
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncSession

from server.agreements.actions import continue_agreement
from server.agreements.document import fingerprint
from server.agreements.models import AgreementArea
from server.errors import Conflict, NotFound
from tests import factories
from tests.agreements.kit import agree, audited, case_to_agree, proposed, row_of
from tests.conftest import START
from tests.personas import World

pytestmark = pytest.mark.anyio
TODAY = START.date()
NEXT = Range(dt.date(2027, 4, 1), dt.date(2028, 4, 1))


async def test_the_same_terms_for_the_next_year(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
):
    case = await case_to_agree(db, world.hanako, [world.park])
    await world.login(client, world.sato)
    row = await row_of(db, await proposed(client, case))
    await agree(client, row, "city")
    await world.login(client, world.hanako)
    await agree(client, row, "partner")
    old = await row_of(db, row.id)
    id = await continue_agreement(db, None, case.id, NEXT)
    new = await row_of(db, id)
    assert new.agreed_on == TODAY and new.occasion == "renewal" and new.period == NEXT
    assert new.partner_confirmed_how == "carried" == new.city_confirmed_how
    assert new.partner_confirmed_name == "見本はなこ" and new.partner_confirmed_by is None
    assert new.document_sha256 == fingerprint(new.document)
    assert new.document["text"] != old.document["text"], "the period is another one"
    assert new.document["areas"][0]["code"] == old.document["areas"][0]["code"]
    assert not new.document["areas"][1]["new"], "it is in the register by now"
    assert (await row_of(db, row.id)).period == old.period
    held = select(func.count()).where(
        AgreementArea.agreement_id == id, AgreementArea.period == NEXT
    )
    assert await db.scalar(held) == 2
    assert await continue_agreement(db, None, case.id, NEXT) == id, "again is harmless"
    assert (await audited(db)).count("agreement.continue") == 1
    await db.commit()
    page = (await client.get(f"/agreements/{id}")).text
    assert "前の合意による自動更新: 令和8年6月14日 見本はなこ" in page
    assert (await client.get(f"/agreements/{id}.pdf")).status_code == 200


async def test_from_an_agreement_of_the_time_before(world: World, db: AsyncSession):
    case = await factories.live_case(db, world.partner)
    end = TODAY + dt.timedelta(days=365)
    id = await continue_agreement(db, None, case.id, Range(end, end + dt.timedelta(days=365)))
    row = await row_of(db, id)
    assert [area["code"] for area in row.document["areas"]] == [
        world.street.code, world.park.code,
    ]  # fmt: skip
    assert row.document["partner"]["code"] == world.partner.code


async def test_nothing_to_go_on_from(world: World, db: AsyncSession):
    case = await case_to_agree(db, world.hanako, [world.park])
    with pytest.raises(Conflict):
        await continue_agreement(db, None, case.id, NEXT)
    with pytest.raises(NotFound):
        await continue_agreement(db, None, world.park.id, NEXT)


async def test_retired_areas_do_not_go_on(world: World, db: AsyncSession):
    case = await factories.live_case(db, world.partner)
    await db.execute(
        text("UPDATE areas SET retired_on = '2026-06-01' WHERE id = :id"), {"id": world.park.id}
    )
    end = TODAY + dt.timedelta(days=365)
    id = await continue_agreement(db, None, case.id, Range(end, None))
    row = await row_of(db, id)
    assert [area["code"] for area in row.document["areas"]] == [world.street.code]
    assert row.document["period"]["last"] is None
