"""One activity, its calendar file, and taking part in it."""

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from icalendar import Calendar
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.models import AuditEvent
from server.opportunities.models import Opportunity, Signup
from tests import factories
from tests.conftest import FixedClock
from tests.personas import World

pytestmark = pytest.mark.anyio
PART = {"HX-Request": "true"}
NOBODY = uuid.UUID(int=7)


@pytest.fixture
async def activity(db: AsyncSession, world: World, clock: FixedClock) -> Opportunity:
    row = await factories.opportunity(
        db, world.partner, starts=clock() + dt.timedelta(days=6), hours=1.5, capacity=5,
        area_id=world.street.id, bring="軍手", safety_notes="波に注意",
    )  # fmt: skip
    await db.commit()
    return row


async def live(db: AsyncSession) -> list[Signup]:
    rows = await db.scalars(select(Signup).where(Signup.cancelled_at.is_(None)))
    return list(rows)


async def acts(db: AsyncSession) -> list[str]:
    return list(await db.scalars(select(AuditEvent.action).order_by(AuditEvent.id)))


# --- reading -------------------------------------------------------------------------------------


async def test_detail_tells_everything(
    client: httpx2.AsyncClient, activity: Opportunity, world: World
) -> None:
    page = (await client.get(f"/opportunities/{activity.id}")).text
    for words in ("2026年6月20日(土)", "令和8年6月20日", "10:00–11:30", "1時間30分", "母恋駅前",
                  "軍手", "波に注意", "二人以上で行動", "のこり5人", "見本母恋町会",
                  world.street.name, f"/partners/{world.partner.code}",
                  f"/opportunities/{activity.id}.ics",
                  "https://line.me/R/share?text=", 'data-share-url="http://t/opportunities/',
                  f'data-features-url="/layers/opportunities?id={activity.id}"'):  # fmt: skip
        assert words in page, words
    assert quote(f"http://t/opportunities/{activity.id}", safe="") in page  # inside the LINE link
    assert "主催者のメニュー" not in page


async def test_the_map_of_one_activity_has_its_point_and_its_area(
    client: httpx2.AsyncClient, activity: Opportunity, world: World
) -> None:
    layer = (await client.get(f"/layers/opportunities?id={activity.id}")).json()
    kinds = {f["properties"]["state"]: f["geometry"]["type"] for f in layer["features"]}
    assert kinds == {"open": "Point", "context": "LineString"}


async def test_states_are_clear(
    client: httpx2.AsyncClient, activity: Opportunity, db: AsyncSession, clock: FixedClock,
    world: World,
) -> None:  # fmt: skip
    path = f"/opportunities/{activity.id}"
    await factories.signup(db, activity, world.kenji, people=5)
    await db.commit()
    assert "満員になりました" in (await client.get(path)).text
    start, clock.now = clock.now, clock.now + dt.timedelta(days=7)
    assert "この活動はおわりました" in (await client.get(path)).text
    clock.now = start
    activity.state, activity.cancelled_at, activity.cancel_reason = "cancelled", start, "大雨"
    await db.commit()
    page = (await client.get(path)).text
    assert "この活動は中止になりました" in page and "大雨" in page
    assert f'href="{path}/signup"' not in page
    activity.state, activity.cancelled_at = "draft", None
    await db.commit()
    assert (await client.get(path)).status_code == 404
    assert (await client.get(f"{path}.ics")).status_code == 404
    await world.login(client, world.kenji)
    assert "下書きです" in (await client.get(path)).text


async def test_the_sheet_of_the_map(client: httpx2.AsyncClient, activity: Opportunity) -> None:
    part = await client.get(f"/opportunities/{activity.id}/card", headers=PART)
    assert "<html" not in part.text and activity.title in part.text
    whole = await client.get(f"/opportunities/{activity.id}/card")
    assert whole.headers["location"] == f"/opportunities/{activity.id}"


async def test_the_calendar_file(
    client: httpx2.AsyncClient, activity: Opportunity, db: AsyncSession, clock: FixedClock
) -> None:
    path = f"/opportunities/{activity.id}.ics"
    answer = await client.get(path)
    assert answer.headers["content-type"].startswith("text/calendar")
    calendar = Calendar.from_ical(answer.content)
    event = calendar.walk("VEVENT")[0]
    assert event["UID"] == f"{activity.id}@machipika"
    assert (event["SEQUENCE"], event["STATUS"], event["LOCATION"]) == (0, "CONFIRMED", "母恋駅前")
    assert event["DTSTART"].params["TZID"] == "Asia/Tokyo"
    assert event.start == clock.now + dt.timedelta(days=6)
    assert event["GEO"].to_ical() == "42.3169;140.989"
    assert event["URL"] == f"http://t/opportunities/{activity.id}"
    assert calendar.walk("VTIMEZONE")
    activity.state, activity.cancelled_at, activity.sequence = "cancelled", clock.now, 3
    activity.title = "改行\r\nATTENDEE:mailto:x"
    await db.commit()
    event = Calendar.from_ical((await client.get(path)).content).walk("VEVENT")[0]
    assert (event["SEQUENCE"], event["STATUS"]) == (3, "CANCELLED")
    assert "ATTENDEE" not in event


@pytest.mark.parametrize("rest", ["", ".ics", "/card"])
async def test_unknown_activities(client: httpx2.AsyncClient, world: World, rest: str) -> None:
    assert (await client.get(f"/opportunities/{NOBODY}{rest}")).status_code == 404
    assert (await client.get(f"/opportunities/nonsense{rest}")).status_code == 404


async def test_reading_takes_few_queries(
    client: httpx2.AsyncClient, activity: Opportunity, world: World,
    count_queries: Callable[[], Any],
) -> None:  # fmt: skip
    await world.login(client, world.kenji)
    base = f"/opportunities/{activity.id}"
    for path in (base, f"{base}/signup", f"{base}.ics", f"{base}/people", f"{base}/edit",
                 "/me/signups", "/partner/opportunities",
                 "/partner/opportunities/new"):  # fmt: skip
        with count_queries() as seen:
            assert (await client.get(path)).status_code == 200
        assert len(seen) <= 4, (path, seen.statements)


# --- taking part ---------------------------------------------------------------------------------


async def test_two_taps(
    client: httpx2.AsyncClient, activity: Opportunity, world: World, db: AsyncSession
) -> None:
    await world.login(client, world.hanako)
    path = f"/opportunities/{activity.id}/signup"
    sheet = await client.get(path, headers=PART)
    assert "<html" not in sheet.text and 'method="post"' in sheet.text
    assert "<html" in (await client.get(path)).text
    done = await client.post(path, data={"people": "２"})
    assert (done.status_code, done.headers["location"]) == (303, f"/opportunities/{activity.id}")
    assert [(s.account_id, s.people) for s in await live(db)] == [(world.hanako.id, 2)]
    page = (await client.get(done.headers["location"])).text
    assert "参加の申込みができました" in page and "のこり3人" in page and "申込み済みです" in page
    assert await acts(db) == ["signup.create"]
    assert activity.title in (await client.get("/me/signups")).text


async def test_a_second_time_is_harmless(
    client: httpx2.AsyncClient, activity: Opportunity, world: World, db: AsyncSession
) -> None:
    await world.login(client, world.hanako)
    path = f"/opportunities/{activity.id}/signup"
    for people in ("5", "5", "1"):
        assert (await client.post(path, data={"people": people})).status_code == 303
    assert [s.people for s in await live(db)] == [5]
    assert (await client.get(path)).headers["location"] == f"/opportunities/{activity.id}"
    assert await acts(db) == ["signup.create"]


async def test_nobody_is_sent_to_log_in_and_back(
    client: httpx2.AsyncClient, activity: Opportunity
) -> None:
    path = f"/opportunities/{activity.id}/signup"
    answer = await client.get(path)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/login?next={path}")
    tapped = await client.get(path, headers=PART)
    assert tapped.headers["hx-redirect"] == f"/login?next={path}"
    for other in (f"{path}/cancel", "/me/signups"):
        assert (await client.get(other)).headers["location"] == f"/login?next={other}"
    assert (await client.post(path, data={"people": "1"})).status_code == 303


@pytest.mark.parametrize("people", ["0", "11", "-1", "", "x", "9" * 50, "1.5", "\x00"])
async def test_a_bad_number_is_explained_and_kept(
    client: httpx2.AsyncClient, activity: Opportunity, world: World, db: AsyncSession, people: str
) -> None:
    await world.login(client, world.hanako)
    answer = await client.post(f"/opportunities/{activity.id}/signup", data={"people": people})
    assert answer.status_code == 422
    assert 'id="error-summary"' in answer.text
    assert not await live(db)


async def test_full_over_and_cancelled_are_refused_in_words(
    client: httpx2.AsyncClient, activity: Opportunity, world: World, db: AsyncSession,
    clock: FixedClock,
) -> None:  # fmt: skip
    await factories.signup(db, activity, world.kenji, people=4)
    await db.commit()
    await world.login(client, world.hanako)
    path = f"/opportunities/{activity.id}/signup"
    too_many = await client.post(path, data={"people": "2"})
    assert too_many.status_code == 409 and "のこりは1人です" in too_many.text
    start, clock.now = clock.now, clock.now + dt.timedelta(days=6)
    await world.login(client, world.hanako)  # the log-in of last week is over
    late = await client.post(path, data={"people": "1"})
    assert late.status_code == 409 and "申込みは終わりました" in late.text
    clock.now = start
    activity.state, activity.cancelled_at = "cancelled", start
    await db.commit()
    off = await client.post(path, data={"people": "1"})
    assert off.status_code == 409 and "中止になりました" in off.text
    assert [s.account_id for s in await live(db)] == [world.kenji.id]
    assert await acts(db) == []


async def test_unknown_ids(client: httpx2.AsyncClient, world: World) -> None:
    await world.login(client, world.hanako)
    for path in (f"/opportunities/{NOBODY}/signup", f"/opportunities/{NOBODY}/signup/cancel"):
        assert (await client.get(path)).status_code == 404
        assert (await client.post(path, data={"people": "1"})).status_code == 404


async def test_leaving_until_the_beginning(
    client: httpx2.AsyncClient, activity: Opportunity, world: World, db: AsyncSession,
    clock: FixedClock,
) -> None:  # fmt: skip
    await world.login(client, world.hanako)
    path = f"/opportunities/{activity.id}/signup"
    await client.post(path, data={"people": "5"})
    assert "取り消しますか" in (await client.get(f"{path}/cancel")).text
    assert len(await live(db)) == 1  # asking changed nothing
    for _ in range(2):
        assert (await client.post(f"{path}/cancel")).status_code == 303
    assert not await live(db)
    assert await acts(db) == ["signup.create", "signup.cancel"]
    assert (await client.post(path, data={"people": "1"})).status_code == 303  # and in again
    clock.now += dt.timedelta(days=6, minutes=1)
    await world.login(client, world.hanako)
    assert (await client.post(f"{path}/cancel")).status_code == 409
    assert len(await live(db)) == 1


async def test_nobody_leaves_for_somebody_else(
    client: httpx2.AsyncClient, activity: Opportunity, world: World, db: AsyncSession
) -> None:
    await factories.signup(db, activity, world.kenji)
    await db.commit()
    await world.login(client, world.hanako)
    await client.post(f"/opportunities/{activity.id}/signup/cancel")
    assert len(await live(db)) == 1
    assert activity.title not in (await client.get("/me/signups")).text
