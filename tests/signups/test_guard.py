"""What the database itself holds to, and whom an offer's link may still act for."""

import datetime as dt

import httpx2
import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts.models import Account
from server.opportunities.models import Opportunity, Signup, WaitlistEntry
from server.signing import Signer
from tests import factories
from tests.conftest import FixedClock
from tests.personas import World

pytestmark = pytest.mark.anyio
HOUR = dt.timedelta(hours=1)


@pytest.fixture
async def activity(db: AsyncSession, world: World, clock: FixedClock) -> Opportunity:
    """Three places: two are けんじ's, the third is kept for はなこ."""
    starts = clock() + dt.timedelta(days=8)
    row = await factories.opportunity(db, world.partner, starts=starts, capacity=3)
    db.add(
        Signup(
            opportunity_id=row.id, account_id=world.kenji.id, people=2, created_at=clock() - HOUR
        )
    )
    await db.commit()
    return row


async def offered(
    db: AsyncSession, activity: Opportunity, who: Account, until: dt.datetime, **rest: object
) -> WaitlistEntry:
    row = WaitlistEntry(
        opportunity_id=activity.id, account_id=who.id, people=1, answers=rest,
        offered_at=until - HOUR, offer_expires_at=until,
    )  # fmt: skip
    db.add(row)
    await db.commit()
    return row


async def test_a_change_counts_what_is_kept_for_others(
    db: AsyncSession, world: World, activity: Opportunity, clock: FixedClock
) -> None:
    entry_id = (await offered(db, activity, world.hanako, clock() + HOUR)).id
    with pytest.raises(IntegrityError, match="no place is left"):
        await db.execute(update(Signup).values(people=3))
    await db.rollback()
    await db.execute(
        update(WaitlistEntry).where(WaitlistEntry.id == entry_id)
        .values(ended_at=clock(), ended_how="expired")
    )  # fmt: skip
    await db.execute(update(Signup).values(people=3))


async def test_giving_back_or_another_answer_is_never_refused(
    db: AsyncSession, world: World, activity: Opportunity, clock: FixedClock
) -> None:
    """Also when more is promised than there is, and when the activity was called off."""
    await offered(db, activity, world.hanako, clock() + HOUR)
    await db.execute(text("UPDATE opportunities SET capacity = 2"))
    await db.execute(update(Signup).values(people=2, group_name="見本班"))
    await db.execute(update(Signup).values(people=1))
    await db.execute(text("UPDATE opportunities SET state = 'cancelled', cancelled_at = now()"))
    await db.execute(update(Signup).values(guardian_name=""))
    with pytest.raises(IntegrityError, match="not open"):
        await db.execute(update(Signup).values(people=2))


async def test_an_offers_link_of_a_disabled_account_is_dead(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, activity: Opportunity,
    clock: FixedClock,
) -> None:  # fmt: skip
    until = clock() + HOUR
    entry = await offered(db, activity, world.hanako, until)
    path = f"/offers/{Signer('tests').sign('offer', str(entry.id), until)}"
    assert (await client.get(path)).status_code == 200
    await db.execute(
        update(Account).where(Account.id == world.hanako.id).values(disabled_at=clock())
    )
    await db.commit()
    assert (await client.get(path)).status_code == 404
    assert (await client.post(path, data={"answer": "accept"})).status_code == 404
    assert len((await db.scalars(select(Signup))).all()) == 1


async def test_an_offer_says_nothing_for_a_partner_that_was_left(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, activity: Opportunity,
    clock: FixedClock,
) -> None:  # fmt: skip
    until = clock() + HOUR
    entry = await offered(
        db, activity, world.hanako, until, for_partner_id=str(world.partner.id), group_name="班"
    )
    path = f"/offers/{Signer('tests').sign('offer', str(entry.id), until)}"
    assert (await client.post(path, data={"answer": "accept"})).status_code == 303
    made = (await db.scalars(select(Signup).where(Signup.account_id == world.hanako.id))).one()
    assert (made.for_partner_id, made.group_name) == (None, "班")
