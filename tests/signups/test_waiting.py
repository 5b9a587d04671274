"""Waiting for a place, offers behind signed links, and what a host's changes do to the queue."""

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from server.audit.models import AuditEvent
from server.opportunities.models import Opportunity, Signup, WaitlistEntry
from server.signing import Signer
from server.signups.jobs import settle_all, settle_one
from server.signups.waitlist import places_changed
from tests import factories
from tests.conftest import FixedClock
from tests.personas import World

pytestmark = pytest.mark.anyio
PART = {"HX-Request": "true"}
NOBODY = uuid.UUID(int=7)


@pytest.fixture
async def activity(db: AsyncSession, world: World, clock: FixedClock) -> Opportunity:
    """Full: two places, both けんじ's."""
    row = await factories.opportunity(
        db, world.partner, starts=clock() + dt.timedelta(days=8), capacity=2
    )
    await factories.signup(db, row, world.kenji, people=2)
    await db.commit()
    return row


@pytest.fixture
async def waiting(
    client: httpx2.AsyncClient, world: World, activity: Opportunity
) -> httpx2.AsyncClient:
    """はなこ waits, alone."""
    await world.login(client, world.hanako)
    answer = await client.post(f"/opportunities/{activity.id}/waitlist", data={"people": "1"})
    assert answer.headers["location"] == f"/opportunities/{activity.id}/waitlist"
    return client


async def entries(db: AsyncSession) -> list[WaitlistEntry]:
    rows = await db.scalars(select(WaitlistEntry).order_by(WaitlistEntry.place))
    return list(rows.all())


async def fresh(db: AsyncSession) -> WaitlistEntry:
    """The one entry as it is in the table now."""
    [row] = await entries(db)
    await db.refresh(row)
    return row


async def acts(db: AsyncSession) -> list[str]:
    return list(await db.scalars(select(AuditEvent.action).order_by(AuditEvent.id)))


async def offer_link(db: AsyncSession) -> str:
    row = await fresh(db)
    assert row.offer_expires_at
    return f"/offers/{Signer('tests').sign('offer', str(row.id), row.offer_expires_at)}"


async def give_back(client: httpx2.AsyncClient, world: World, activity: Opportunity) -> None:
    """けんじ cancels; はなこ is logged in again afterwards."""
    await world.login(client, world.kenji)
    await client.post(f"/opportunities/{activity.id}/signup/cancel")
    await world.login(client, world.hanako)


# --- the queue -----------------------------------------------------------------------------------


async def test_a_full_activity_offers_the_queue(
    client: httpx2.AsyncClient, world: World, activity: Opportunity, db: AsyncSession
) -> None:
    await world.login(client, world.hanako)
    path = f"/opportunities/{activity.id}"
    page = (await client.get(path)).text
    assert "満員になりました" in page and f'href="{path}/waitlist"' in page
    for asked in ("signup", "waitlist"):
        form = await client.get(f"{path}/{asked}", headers=PART)
        assert "<html" not in form.text and f'action="{path}/waitlist"' in form.text
    joined = await client.post(f"{path}/waitlist", data={"people": "２", "group_name": "見本家"})
    assert joined.status_code == 303
    row = await fresh(db)
    assert (row.account_id, row.people, row.answers["group_name"]) == (
        world.hanako.id, 2, "見本家",
    )  # fmt: skip
    mine = (await client.get(f"{path}/waitlist")).text
    assert "あなたの順番" in mine and "1組が待っています" in mine
    assert "キャンセル待ちの1番目です" in (await client.get(path)).text
    assert "1番目" in (await client.get("/me/signups")).text
    assert await acts(db) == ["waitlist.join"]
    # from the sign-up form too one comes to one's place in the queue
    assert (await client.get(f"{path}/signup")).headers["location"] == f"{path}/waitlist"


async def test_joining_twice_is_one_place(
    waiting: httpx2.AsyncClient, activity: Opportunity, db: AsyncSession
) -> None:
    again = await waiting.post(f"/opportunities/{activity.id}/waitlist", data={"people": "5"})
    assert again.status_code == 303
    assert (await fresh(db)).people == 1 and await acts(db) == ["waitlist.join"]


async def test_who_takes_part_does_not_wait(
    client: httpx2.AsyncClient, world: World, activity: Opportunity, db: AsyncSession
) -> None:
    await world.login(client, world.kenji)
    path = f"/opportunities/{activity.id}/waitlist"
    assert (await client.post(path, data={"people": "1"})).status_code == 303
    assert (await client.get(path)).headers["location"] == f"/opportunities/{activity.id}"
    assert not await entries(db)


async def test_leaving_the_queue(
    waiting: httpx2.AsyncClient, activity: Opportunity, db: AsyncSession
) -> None:
    path = f"/opportunities/{activity.id}/waitlist/leave"
    assert (await waiting.get(path)).status_code == 405
    for _ in range(2):
        assert (await waiting.post(path)).status_code == 303
    assert (await fresh(db)).ended_how == "left"
    assert await acts(db) == ["waitlist.join", "waitlist.leave"]


async def test_nobody_and_nothing(
    client: httpx2.AsyncClient, world: World, activity: Opportunity
) -> None:
    base = f"/opportunities/{activity.id}"
    for rest in ("waitlist", "signup/change"):
        path = f"{base}/{rest}"
        assert (await client.get(path)).headers["location"] == f"/login?next={path}"
        assert (await client.post(path, data={"people": "1"})).status_code == 303
    assert (await client.post(f"{base}/waitlist/leave")).status_code == 303
    await world.login(client, world.hanako)
    for rest in ("waitlist", "signup/change", "waitlist/leave"):
        path = f"/opportunities/{NOBODY}/{rest}"
        assert (await client.post(path, data={"people": "1"})).status_code == 404


async def test_bad_input_is_kept(
    client: httpx2.AsyncClient, world: World, activity: Opportunity, db: AsyncSession
) -> None:
    await world.login(client, world.hanako)
    path = f"/opportunities/{activity.id}/waitlist"
    answer = await client.post(path, data={"people": "12"})
    assert answer.status_code == 422 and 'value="12"' in answer.text
    assert "10人をこえるときは" in answer.text and not await entries(db)


# --- offers --------------------------------------------------------------------------------------


async def test_an_offer_is_told_shown_and_taken_without_logging_in(
    waiting: httpx2.AsyncClient, world: World, activity: Opportunity, db: AsyncSession,
    clock: FixedClock,
) -> None:  # fmt: skip
    await give_back(waiting, world, activity)
    row = await fresh(db)
    assert row.offer_expires_at == clock() + dt.timedelta(hours=24)
    path = f"/opportunities/{activity.id}"
    page = (await waiting.get(path)).text
    assert "空きが出ました" in page and "2026年6月15日(月) 10:00" in page
    assert "返事をする" in (await waiting.get("/me/signups")).text
    link = (await waiting.get(f"{path}/waitlist")).headers["location"]
    assert link == await offer_link(db)
    waiting.cookies.clear()
    for _ in range(2):
        shown = await waiting.get(link)
        assert shown.status_code == 200 and 'value="accept"' in shown.text
    assert not (await fresh(db)).ended_at  # looking (or a mail scanner) changes nothing
    for _ in range(2):
        done = await waiting.post(link, data={"answer": "accept"})
        assert (done.status_code, done.headers["location"]) == (303, link)
    taken = await fresh(db)
    [signup] = await db.scalars(select(Signup).where(Signup.account_id == world.hanako.id))
    assert (taken.ended_how, taken.signup_id, signup.people) == ("taken", signup.id, 1)
    after = await waiting.get(link)
    assert "参加が決まりました" in after.text and 'value="accept"' not in after.text
    declined = await waiting.post(link, data={"answer": "decline"})  # too late for that
    assert declined.status_code == 303 and (await fresh(db)).ended_how == "taken"
    assert (await acts(db)).count("signup.create") == 1


async def test_declining_hands_on(
    waiting: httpx2.AsyncClient, world: World, activity: Opportunity, db: AsyncSession
) -> None:
    await world.login(waiting, world.yosomono)
    path = f"/opportunities/{activity.id}/waitlist"
    await waiting.post(path, data={"people": "2"})
    await give_back(waiting, world, activity)
    first, second = await entries(db)
    await db.refresh(first)
    assert first.offer_expires_at and not second.offered_at  # two do not fit beside the offer
    token = Signer("tests").sign("offer", str(first.id), first.offer_expires_at)
    assert (await waiting.post(f"/offers/{token}", data={"answer": "x"})).status_code == 422
    await waiting.post(f"/offers/{token}", data={"answer": "decline"})
    assert "今回は参加しない" in (await waiting.get(f"/offers/{token}")).text
    for row in (first, second):
        await db.refresh(row)
    assert first.ended_how == "declined" and second.offered_at


async def test_a_late_answer_puts_nobody_in(
    waiting: httpx2.AsyncClient, world: World, activity: Opportunity, db: AsyncSession,
    clock: FixedClock, sessions: async_sessionmaker[AsyncSession],
) -> None:  # fmt: skip
    await give_back(waiting, world, activity)
    link = await offer_link(db)
    clock.now += dt.timedelta(hours=24)
    assert "返事の時刻を過ぎました" in (await waiting.get(link)).text
    assert (await waiting.post(link, data={"answer": "accept"})).status_code == 303
    assert "返事の時刻を過ぎました" in (await waiting.get(link)).text
    assert (await fresh(db)).ended_how == "expired"
    assert not list(await db.scalars(select(Signup).where(Signup.account_id == world.hanako.id)))
    assert await settle_all(sessions) == 0


async def test_forged_links_are_nothing(
    waiting: httpx2.AsyncClient, world: World, activity: Opportunity, db: AsyncSession
) -> None:
    await give_back(waiting, world, activity)
    row = await fresh(db)
    other = Signer("tests").sign("help", str(row.id), row.offer_expires_at)
    stranger = Signer("another").sign("offer", str(row.id), row.offer_expires_at)
    nobody = Signer("tests").sign("offer", str(NOBODY), row.offer_expires_at)
    for token in (other, stranger, nobody, "x"):
        assert (await waiting.get(f"/offers/{token}")).status_code == 404
        answer = await waiting.post(f"/offers/{token}", data={"answer": "accept"})
        assert answer.status_code == 404
    assert not (await fresh(db)).ended_at


async def test_signing_up_for_less_ends_the_waiting(
    waiting: httpx2.AsyncClient, world: World, activity: Opportunity, db: AsyncSession
) -> None:
    """Who waits with an open offer and takes the usual way is in, and out of the queue."""
    await give_back(waiting, world, activity)
    done = await waiting.post(f"/opportunities/{activity.id}/signup", data={"people": "2"})
    assert done.status_code == 303
    assert (await fresh(db)).ended_how == "taken"


# --- what the host and the clock do -----------------------------------------------------------


async def test_more_places_are_offered(
    waiting: httpx2.AsyncClient, activity: Opportunity, db: AsyncSession
) -> None:
    activity.capacity = 3
    await places_changed(db, activity.id)
    await db.commit()
    assert (await fresh(db)).offered_at


async def test_fewer_places_take_the_offer_back_but_not_the_place(
    waiting: httpx2.AsyncClient, activity: Opportunity, db: AsyncSession
) -> None:
    activity.capacity = 3
    await places_changed(db, activity.id)
    await db.commit()
    link = await offer_link(db)
    activity.capacity = 2
    await places_changed(db, activity.id)
    await db.commit()
    row = await fresh(db)
    assert row.offered_at is None and row.ended_at is None
    assert "空きがなくなりました" in (await waiting.get(link)).text
    assert (await waiting.post(link, data={"answer": "accept"})).status_code == 303
    assert not (await fresh(db)).ended_at


async def test_the_queue_closes_with_the_deadline(
    waiting: httpx2.AsyncClient, world: World, activity: Opportunity, db: AsyncSession,
    clock: FixedClock, sessions: async_sessionmaker[AsyncSession],
) -> None:  # fmt: skip
    activity.deadline_at = activity.starts_at - dt.timedelta(days=2)
    await db.commit()
    assert await settle_all(sessions) == 0
    clock.now += dt.timedelta(days=6)
    assert await settle_all(sessions) == 1
    assert (await fresh(db)).ended_how == "closed"
    assert await settle_all(sessions) == 0
    await world.login(waiting, world.yosomono)
    path = f"/opportunities/{activity.id}"
    assert "申込みのしめきりを過ぎました" in (await waiting.get(path)).text
    for rest in ("signup", "waitlist"):
        late = await waiting.post(f"{path}/{rest}", data={"people": "1"})
        assert late.status_code == 409 and "しめきりを過ぎました" in late.text


async def test_calling_off_ends_the_queue(
    waiting: httpx2.AsyncClient, world: World, activity: Opportunity, db: AsyncSession
) -> None:
    await world.login(waiting, world.kenji)
    path = f"/opportunities/{activity.id}/cancel"
    assert (await waiting.post(path, data={"reason": "大雨のため"})).status_code == 303
    assert (await fresh(db)).ended_how == "closed"


async def test_a_missed_sweep_is_made_up_for(
    waiting: httpx2.AsyncClient, activity: Opportunity, db: AsyncSession,
    sessions: async_sessionmaker[AsyncSession],
) -> None:  # fmt: skip
    """Places that got free by a way that told nobody are found by the sweep of the minute."""
    await db.execute(text("UPDATE signups SET cancelled_at = created_at"))
    await db.commit()
    assert await settle_all(sessions) == 1
    assert (await fresh(db)).offered_at
    await settle_one(sessions, activity.id)  # twice is as good as once
    assert (await acts(db)).count("waitlist.offer") == 1


# --- the host's list -----------------------------------------------------------------------------


async def test_the_host_sees_who_comes_and_who_waits(
    waiting: httpx2.AsyncClient, world: World, activity: Opportunity,
    count_queries: Callable[[], Any],
) -> None:  # fmt: skip
    path = f"/opportunities/{activity.id}/people"
    assert (await waiting.get(path)).status_code == 403
    await world.login(waiting, world.yosomono)
    assert (await waiting.get(path)).status_code == 404
    await world.login(waiting, world.kenji)
    with count_queries() as seen:
        page = (await waiting.get(path)).text
    assert len(seen) <= 4, seen.statements
    assert "見本けんじ" in page and "見本はなこ" in page and "キャンセル待ちの人" in page
    assert "@example.jp" not in page.replace("kenji@example.jp", "")  # only one's own, in the menu


async def test_pages_take_few_queries(
    waiting: httpx2.AsyncClient, activity: Opportunity, count_queries: Callable[[], Any]
) -> None:
    for path in (f"/opportunities/{activity.id}/waitlist", "/me/signups"):
        with count_queries() as seen:
            assert (await waiting.get(path)).status_code == 200
        assert len(seen) <= 5, (path, seen.statements)
