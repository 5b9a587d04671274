"""What the form asks: groups, children, courses, slots, overlaps, changes."""

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.models import AuditEvent
from server.loans.models import PartnerOperator
from server.matching.models import Preferences
from server.opportunities.models import Opportunity, OpportunitySlot, Signup, WaitlistEntry
from tests import factories
from tests.conftest import FixedClock
from tests.personas import World

pytestmark = pytest.mark.anyio
PART = {"HX-Request": "true"}
Make = Callable[..., Any]


@pytest.fixture
def make(db: AsyncSession, world: World, clock: FixedClock) -> Make:
    """An activity in a week, with these columns."""

    async def _make(days: float = 7, **columns: Any) -> Opportunity:
        row = await factories.opportunity(
            db, world.partner, starts=clock() + dt.timedelta(days=days), hours=2, **columns
        )
        await db.commit()
        return row

    return _make


async def slot(db: AsyncSession, of: Opportunity, label: str, **columns: Any) -> OpportunitySlot:
    row = OpportunitySlot(opportunity_id=of.id, label=label, **{"capacity": 3, **columns})
    db.add(row)
    await db.commit()
    return row


async def live(db: AsyncSession, account_id: uuid.UUID) -> list[Signup]:
    rows = await db.scalars(
        select(Signup).where(Signup.account_id == account_id, Signup.cancelled_at.is_(None))
    )
    found = list(rows)
    for row in found:
        await db.refresh(row)
    return found


async def send(client: httpx2.AsyncClient, of: Opportunity, **data: str) -> httpx2.Response:
    return await client.post(f"/opportunities/{of.id}/signup", data={"people": "1", **data})


async def test_the_usual_case_stays_small(
    client: httpx2.AsyncClient, world: World, make: Make
) -> None:
    await world.login(client, world.hanako)
    plain = (await client.get(f"/opportunities/{(await make()).id}/signup", headers=PART)).text
    for name in ("slot", "under15", "guardian_name", "consent", "old_enough", "partner"):
        assert f'name="{name}"' not in plain, name
    await world.login(client, world.kenji)
    wide = await make(children_ok=True, guardian="consent", min_age=16)
    page = (await client.get(f"/opportunities/{wide.id}/signup", headers=PART)).text
    for name in ("under15", "guardian_name", "consent", "old_enough", "partner"):
        assert f'name="{name}"' in page, name
    assert "16歳以上" in page


async def test_a_group_has_a_name(
    client: httpx2.AsyncClient, world: World, make: Make, db: AsyncSession
) -> None:
    await world.login(client, world.kenji)
    row = await make(capacity=60)
    assert (await send(client, row, people="11")).status_code == 422
    assert (await send(client, row, people="51", group_name="見本中学校")).status_code == 422
    done = await send(client, row, people="50", group_name="見本中学校", partner=world.partner.code)
    assert done.status_code == 303
    [mine] = await live(db, world.kenji.id)
    assert (mine.people, mine.group_name, mine.for_partner_id) == (
        50, "見本中学校", world.partner.id,
    )  # fmt: skip
    page = (await client.get(f"/opportunities/{row.id}/people")).text
    assert "見本中学校" in page and "50人" in page


async def test_nobody_acts_for_a_strangers_partner(
    client: httpx2.AsyncClient, world: World, make: Make, db: AsyncSession
) -> None:
    await world.login(client, world.kenji)
    answer = await send(client, await make(), partner=world.other_partner.code)
    assert answer.status_code == 422 and not await live(db, world.kenji.id)
    await world.login(client, world.hanako)  # acts for nobody: the field is not read at all
    assert (await send(client, await make(3), partner=world.partner.code)).status_code == 303
    assert (await live(db, world.hanako.id))[0].for_partner_id is None


@pytest.mark.parametrize(
    ("people", "under15", "fine"),
    [("1", "1", False), ("2", "1", True), ("11", "10", True), ("12", "11", False),
     ("2", "3", False), ("3", "", True)],
)  # fmt: skip
async def test_enough_adults_come_along(
    client: httpx2.AsyncClient, world: World, make: Make, db: AsyncSession, people: str,
    under15: str, fine: bool,
) -> None:  # fmt: skip
    await world.login(client, world.hanako)
    row = await make(capacity=20, children_ok=True, guardian="accompany")
    data = {"people": people, "under15": under15, "group_name": "見本子ども会"}
    answer = await send(client, row, **data)
    assert answer.status_code == (303 if fine else 422)
    assert bool(await live(db, world.hanako.id)) is fine
    if not fine and under15 != "3":
        assert "大人が" in answer.text and f'value="{people}"' in answer.text


async def test_a_guardian_consents(
    client: httpx2.AsyncClient, world: World, make: Make, db: AsyncSession, clock: FixedClock
) -> None:
    await world.login(client, world.hanako)
    row = await make(children_ok=True, guardian="consent")
    for data in ({}, {"guardian_name": "見本はる"}, {"consent": "y"}):
        answer = await send(client, row, under15="1", **data)
        assert answer.status_code == 422 and "保護者" in answer.text
    done = await send(client, row, under15="1", guardian_name="見本はる", consent="y")
    assert done.status_code == 303
    [mine] = await live(db, world.hanako.id)
    assert (mine.guardian_name, mine.consent_at, mine.under15) == ("見本はる", clock(), 1)


async def test_no_guardian_is_kept_when_no_child_comes(
    client: httpx2.AsyncClient, world: World, make: Make, db: AsyncSession
) -> None:
    await world.login(client, world.hanako)
    row = await make(children_ok=True, guardian="consent")
    await send(client, row, under15="0", guardian_name="見本はる", consent="y")
    [mine] = await live(db, world.hanako.id)
    assert (mine.guardian_name, mine.consent_at) == ("", None)


async def test_the_age_is_confirmed(
    client: httpx2.AsyncClient, world: World, make: Make, db: AsyncSession
) -> None:
    await world.login(client, world.hanako)
    row = await make(min_age=18)
    answer = await send(client, row)
    assert answer.status_code == 422 and "年齢を確かめて" in answer.text
    assert (await send(client, row, old_enough="y")).status_code == 303


# --- slots ---------------------------------------------------------------------------------------


async def test_a_slot_is_chosen_and_full_ones_have_a_queue_of_their_own(
    client: httpx2.AsyncClient, world: World, make: Make, db: AsyncSession
) -> None:
    await world.login(client, world.hanako)
    row = await make(capacity=10)
    small, large = await slot(db, row, "受付", capacity=1), await slot(db, row, "ごみ拾い班")
    assert (await send(client, row)).status_code == 422
    assert (await send(client, row, slot=str(uuid.UUID(int=7)))).status_code == 422
    assert (await send(client, row, slot=str(small.id))).status_code == 303
    await world.login(client, world.kenji)
    full = await send(client, row, slot=str(small.id))
    assert full.status_code == 409 and f'value="{small.id}"' in full.text
    waits = await client.post(
        f"/opportunities/{row.id}/waitlist", data={"people": "1", "slot": str(small.id)}
    )
    assert waits.status_code == 303
    await world.login(client, world.yosomono)
    assert (await send(client, row, slot=str(large.id))).status_code == 303  # nobody waits there
    # はなこ moves over: her slot goes to who waits for it
    await world.login(client, world.hanako)
    moved = await client.post(
        f"/opportunities/{row.id}/signup/change", data={"people": "1", "slot": str(large.id)}
    )
    assert moved.status_code == 303
    entry = (await db.scalars(select(WaitlistEntry))).one()
    await db.refresh(entry)
    assert entry.account_id == world.kenji.id and entry.offered_at


async def test_mowers_are_for_those_who_know_them(
    client: httpx2.AsyncClient, world: World, make: Make, db: AsyncSession, clock: FixedClock
) -> None:
    row = await make()
    mowing = await slot(db, row, "草刈り機班", role="mower", needs_course=True)
    for person in (world.hanako, world.kenji):
        await world.login(client, person)
        answer = await send(client, row, slot=str(mowing.id))
        assert answer.status_code == 422 and "講習を受けた人の班です" in answer.text
    db.add(Preferences(account_id=world.hanako.id, tools=["mower_course"], updated_at=clock()))
    db.add(
        PartnerOperator(
            partner_id=world.partner.id, name="見本けんじ", course="草刈り機",
            course_on=clock().date() - dt.timedelta(days=100), created_at=clock(),
        )
    )  # fmt: skip
    await db.commit()
    for person in (world.hanako, world.kenji):
        await world.login(client, person)
        assert (await send(client, row, slot=str(mowing.id))).status_code == 303


# --- overlaps ------------------------------------------------------------------------------------


async def test_an_overlap_is_said_before_and_then_taken(
    client: httpx2.AsyncClient, world: World, make: Make, db: AsyncSession
) -> None:
    await world.login(client, world.hanako)
    first = await make(title="先に申し込んだ活動")
    same, soon, later = await make(), await make(7 + 2.25 / 24), await make(7 + 2.5 / 24)
    assert (await send(client, first)).status_code == 303
    warned = await send(client, same, people="2")
    assert warned.status_code == 422 and "重なっています" in warned.text
    assert first.title in warned.text and 'value="2"' in warned.text
    assert f'name="seen" value="{first.id}"' in warned.text
    assert len(await live(db, world.hanako.id)) == 1
    close = await send(client, soon)
    assert close.status_code == 422 and "近い時間" in close.text
    assert (await send(client, same, seen="x")).status_code == 422
    assert (await send(client, later)).status_code == 303  # half an hour is enough
    assert (await send(client, same, seen=str(first.id))).status_code in (303, 422)


async def test_overlaps_go_by_the_times_of_the_slots(
    client: httpx2.AsyncClient, world: World, make: Make, db: AsyncSession
) -> None:
    await world.login(client, world.hanako)
    row, other = await make(), await make(7 + 1.5 / 24)
    end = row.starts_at + dt.timedelta(hours=1)
    early = await slot(db, row, "前半", starts_at=row.starts_at, ends_at=end)
    late = await slot(db, row, "後半", starts_at=end, ends_at=row.ends_at)
    assert (await send(client, other)).status_code == 303
    assert (await send(client, row, slot=str(late.id))).status_code == 422
    assert (await send(client, row, slot=str(early.id))).status_code == 303


# --- changing ------------------------------------------------------------------------------------


async def test_changing_keeps_the_place(
    client: httpx2.AsyncClient, world: World, make: Make, db: AsyncSession
) -> None:
    await world.login(client, world.hanako)
    row = await make(capacity=4, children_ok=True)
    await send(client, row, people="2", under15="1")
    [before] = await live(db, world.hanako.id)
    path = f"/opportunities/{row.id}/signup/change"
    page = (await client.get(path, headers=PART)).text
    assert "<html" not in page and 'value="2"' in page
    for _ in range(2):
        assert (await client.post(path, data={"people": "4", "under15": "1"})).status_code == 303
    [after] = await live(db, world.hanako.id)
    assert (after.id, after.people) == (before.id, 4)
    too_many = await client.post(path, data={"people": "5"})
    assert too_many.status_code == 409 and "今の申込みはそのままです" in too_many.text
    assert (await client.post(path, data={"people": "0"})).status_code == 422
    assert [one.people for one in await live(db, world.hanako.id)] == [4]
    acts = list(await db.scalars(select(AuditEvent.action).order_by(AuditEvent.id)))
    assert acts == ["signup.create", "signup.change"]


async def test_changing_what_is_not_there(
    client: httpx2.AsyncClient, world: World, make: Make, db: AsyncSession
) -> None:
    row = await make()
    await factories.signup(db, row, world.kenji)
    await db.commit()
    await world.login(client, world.hanako)
    path = f"/opportunities/{row.id}/signup/change"
    assert (await client.get(path)).headers["location"] == f"/opportunities/{row.id}"
    assert (await client.post(path, data={"people": "3"})).status_code == 409
    assert [one.people for one in await live(db, world.kenji.id)] == [1]


async def test_forms_take_few_queries(
    client: httpx2.AsyncClient, world: World, make: Make, db: AsyncSession,
    count_queries: Callable[[], Any],
) -> None:  # fmt: skip
    await world.login(client, world.hanako)
    row = await make()
    await slot(db, row, "草刈り機班", needs_course=True)
    base = f"/opportunities/{row.id}/signup"
    with count_queries() as seen:
        assert (await client.get(base)).status_code == 200
    assert len(seen) <= 5, seen.statements
