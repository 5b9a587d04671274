"""What somebody told the city is found again: on their page, and from a day of work."""

import httpx2
import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from server.faults.models import Fault
from tests import factories
from tests.accidents.test_accidents import told as accident_told
from tests.conftest import START, FixedClock
from tests.faults.test_faults import fault
from tests.personas import World

pytestmark = pytest.mark.anyio
PATH = "/me/reports"


async def test_who_may(client: httpx2.AsyncClient, world: World) -> None:
    assert (await client.get(PATH)).status_code == 303
    for who in (world.hanako, world.kenji, world.sato):
        await world.login(client, who)
        page = await client.get(PATH)
        assert page.status_code == 200 and "まだ知らせたことはありません" in page.text
    assert (await client.post(PATH)).status_code == 405


async def test_own_reports_and_those_of_the_partner(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, clock: FixedClock, count_queries
) -> None:
    mine = await fault(db, clock=clock, requested_by=world.hanako.id)
    ours = await fault(db, "done", clock=clock, partner_id=world.partner.id)
    strange = await fault(db, clock=clock, partner_id=world.other_partner.id)
    await db.execute(update(Fault).values(place_note="見本の坂"))
    await db.commit()
    await world.login(client, world.kenji)
    sent = await client.post("/partner/accidents/new", data=accident_told(world))
    with count_queries() as seen:
        page = (await client.get(PATH)).text
    assert len(seen) <= 3, seen.statements
    assert ours.code in page and "対応済" in page and sent.headers["location"] in page
    assert mine.code not in page and strange.code not in page
    await world.login(client, world.toyo)  # of the same partner
    page = (await client.get(PATH)).text
    assert ours.code in page and sent.headers["location"] in page
    await world.login(client, world.hanako)
    page = (await client.get(PATH)).text
    assert mine.code in page and "見本の坂" in page and ours.code not in page
    assert PATH in (await client.get("/me")).text


async def test_a_day_of_work_leads_on(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    work = await factories.cleanup(db, world.partner, world.street, day=START.date())
    await db.commit()
    links = (
        f"/partner/pickups/new?cleanup={work.id}",
        f"/faults/new?area={world.street.code}&amp;cleanup={work.id}",
        f"/partner/accidents/new?cleanup={work.id}",
    )
    await world.login(client, world.kenji)
    page = (await client.get(f"/cleanups/{work.id}")).text
    for link in links:
        assert link in page
        asked = await client.get(link.replace("&amp;", "&"))
        assert asked.status_code == 200 and str(work.id) in asked.text
    await world.login(client, world.sato)  # staff have their own ways
    assert links[0] not in (await client.get(f"/cleanups/{work.id}")).text
