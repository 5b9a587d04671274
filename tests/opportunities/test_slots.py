"""Sharing an activity out into times and roles."""

import datetime as dt
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager

import httpx2
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from server.opportunities.models import Opportunity, OpportunitySlot, Signup, WaitlistEntry
from server.opportunities.slots import slots_of
from tests import factories
from tests.conftest import Counter, FixedClock
from tests.opportunities.kit import NOBODY, acts, filled
from tests.personas import World

pytestmark = pytest.mark.anyio


@pytest.fixture
async def posted(db: AsyncSession, world: World, clock: FixedClock) -> Opportunity:
    """Saturday 20 June, 9:00–12:00, for ten people."""
    starts = dt.datetime(2026, 6, 20, tzinfo=dt.UTC)
    row = await factories.opportunity(
        db, world.partner, starts=starts, hours=3, area_id=world.street.id
    )
    await db.commit()
    return row


def slot(**changes: str) -> dict[str, str]:
    values = {"id": str(uuid.uuid4()), "label": "草刈り機班", "role": "mower", "capacity": "4",
              "starts": "9:00", "ends": "10:00", "needs_course": "y", "verb": "save"}  # fmt: skip
    return {**values, **changes}


async def slots(db: AsyncSession) -> list[OpportunitySlot]:
    found = select(OpportunitySlot).order_by(OpportunitySlot.position)
    return list(await db.scalars(found.execution_options(populate_existing=True)))


async def test_add_change_and_close(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, posted: Opportunity
) -> None:
    await world.login(client, world.kenji)
    path, data = f"/opportunities/{posted.id}/slots", slot()
    for _ in range(2):  # a double send makes one
        assert (await client.post(path, data=data)).headers["location"] == path
    assert (await client.post(path, data=slot(label="受付", starts="", ends=""))).status_code == 303
    first, second = await slots(db)
    assert (first.label, first.role, first.capacity, first.needs_course) == (
        "草刈り機班", "mower", 4, True,
    )  # fmt: skip
    assert first.starts_at == posted.starts_at and second.starts_at is None
    page = (await client.get(f"{path}?slot={first.id}")).text
    assert 'value="草刈り機班"' in page and 'value="09:00"' in page
    changed = slot(id=str(first.id), label="機械班", capacity="3")
    assert (await client.post(path, data=changed)).status_code == 303
    shown = (await client.get(f"/opportunities/{posted.id}")).text
    assert "機械班" in shown and "9:00–10:00" in shown and "のこり3人" in shown
    for _ in range(2):
        gone = await client.post(path, data={"id": str(second.id), "verb": "close"})
        assert gone.status_code == 303
    assert [one.label for one in await slots_of(db, posted.id)] == ["機械班"]
    assert (await acts(db)).count("slot.close") == 1
    assert "募集おわり" in (await client.get(path)).text


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("label", "", "入力してください"), ("label", "あ" * 41, "error-summary"),
        ("capacity", "11", "全体の定員(10人)"), ("capacity", "0", "1人から2000人"),
        ("starts", "8:00", "活動の時間の中"), ("ends", "12:30", "活動の時間の中"),
        ("ends", "9:00", "始まりより後"), ("ends", "", "両方"), ("role", "x", "error-summary"),
    ],
)  # fmt: skip
async def test_invalid_input_is_explained_and_kept(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, posted: Opportunity,
    field: str, value: str, message: str,
) -> None:  # fmt: skip
    await world.login(client, world.kenji)
    data = slot(**{"label": "のこる名前", field: value})
    answer = await client.post(f"/opportunities/{posted.id}/slots", data=data)
    assert answer.status_code == 422 and message in answer.text
    assert field == "label" or "のこる名前" in answer.text
    assert not await slots(db)


async def test_places_are_counted_in_one_statement(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, posted: Opportunity,
    clock: FixedClock, count_queries: Callable[[], AbstractContextManager[Counter]],
) -> None:  # fmt: skip
    row = OpportunitySlot(opportunity_id=posted.id, label="午前", capacity=5)
    db.add(row)
    await db.flush()
    db.add(Signup(opportunity_id=posted.id, account_id=world.hanako.id, people=2, slot_id=row.id))
    minutes = dt.timedelta(minutes=5)
    for account, ends in ((world.toyo, clock() + minutes), (world.kanae, clock() - minutes)):
        db.add(
            WaitlistEntry(
                opportunity_id=posted.id, account_id=account.id, slot_id=row.id, people=1,
                offered_at=clock() - 2 * minutes, offer_expires_at=ends,
            )
        )  # fmt: skip
    await db.commit()
    with count_queries() as seen:
        [view] = await slots_of(db, posted.id)
    assert len(seen) == 1
    assert (view.taken, view.offered, view.left) == (2, 1, 2)  # an expired offer holds nothing
    await world.login(client, world.kenji)
    with count_queries() as seen:
        assert (await client.get(f"/opportunities/{posted.id}/slots")).status_code == 200
    assert len(seen) <= 5
    path = f"/opportunities/{posted.id}/slots"
    less = await client.post(path, data=slot(id=str(row.id), capacity="1"))
    assert less.status_code == 422 and "申し込んだ人数より少なく" in less.text


async def test_slots_move_along_with_their_activity(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, posted: Opportunity
) -> None:
    await world.login(client, world.kenji)
    await client.post(f"/opportunities/{posted.id}/slots", data=slot())
    later = filled(world, day="2026-06-21", starts="13:00", ends="16:00")
    edited = await client.post(f"/opportunities/{posted.id}/edit", data=later)
    assert edited.status_code == 303
    [row] = await slots(db)
    assert row.starts_at == dt.datetime(2026, 6, 21, 4, tzinfo=dt.UTC)


async def test_who_may(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, posted: Opportunity
) -> None:
    path = f"/opportunities/{posted.id}/slots"
    assert (await client.get(path)).headers["location"] == f"/login?next={path}"
    for person, status in ((world.hanako, 403), (world.kanae, 403), (world.yosomono, 404),
                           (world.sato, 200)):  # fmt: skip
        await world.login(client, person)
        assert (await client.get(path)).status_code == status
        if status != 200:
            assert (await client.post(path, data=slot())).status_code == status
    for bad in (f"{path}?slot={NOBODY}", f"/opportunities/{NOBODY}/slots"):
        assert (await client.get(bad)).status_code == 404
    stranger = {"id": str(NOBODY), "verb": "close"}
    assert (await client.post(path, data=stranger)).status_code == 404
    assert not await slots(db)


async def test_nothing_changes_once_it_has_begun(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, posted: Opportunity,
    clock: FixedClock,
) -> None:  # fmt: skip
    clock.now = posted.starts_at + dt.timedelta(minutes=1)
    await world.login(client, world.kenji)
    answer = await client.post(f"/opportunities/{posted.id}/slots", data=slot())
    assert answer.status_code == 409 and not await slots(db)
