"""The pages of help calls: posting, who sees what, the steps of host, centre and city."""

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from server.helpcalls.models import HelpAsk, HelpCall
from server.helpcalls.waves import send_wave
from server.opportunities.models import Opportunity, Signup
from tests import factories
from tests.conftest import START
from tests.helpcalls.kit import city_of, count, fresh, hidden, names, posted, volunteer
from tests.personas import World

pytestmark = pytest.mark.anyio
NEW = "/partner/help-calls/new"
FIELDS = {
    "title": "坂の草刈りを手伝ってください", "works": "weeding", "when": "day",
    "day": "2026-06-21", "starts": "09:00", "ends": "11:00", "people": "4", "to": "both",
    "place": "母恋駅前の広場", "strength": "normal", "what_for": "会員が減りました。",
}  # fmt: skip


async def filled_in(client: httpx2.AsyncClient, world: World, **changed: Any) -> dict[str, Any]:
    """A form as opened, filled in."""
    page = (await client.get(NEW)).text
    ids = {name: hidden(page, name) for name in ("id", "activity")}
    area = f"{world.street.id}.{world.partner.id}"
    return {**FIELDS, **ids, "area": area, **changed}


async def audited(db: AsyncSession, action: str) -> int:
    found = await db.scalar(
        text("SELECT count(*) FROM audit_events WHERE action = :a"), {"a": action}
    )
    return int(found or 0)


async def test_a_dated_call_is_an_activity_too_and_twice_is_once(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    await world.login(client, world.kenji)
    data = await filled_in(client, world)
    for _ in range(2):
        done = await client.post(NEW, data=data)
        assert done.status_code == 303 and done.headers["location"] == f"/help-calls/{data['id']}"
    call = (await db.scalars(select(HelpCall))).one()
    activity = (await db.scalars(select(Opportunity))).one()
    assert (call.state, call.people_wanted, call.opportunity_id) == ("open", 4, activity.id)
    assert (activity.kind, activity.capacity, activity.wants_hands) == ("help", 4, True)
    assert activity.partner_id == world.partner.id and activity.state == "published"
    assert await audited(db, "help_call.create") == await audited(db, "opportunity.publish") == 1
    jobs = await db.scalar(
        text("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'helpcalls:wave'")
    )
    assert jobs == 1
    page = await client.get(f"/help-calls/{data['id']}")
    assert page.status_code == 200 and "これまでの流れ" in page.text
    assert (await client.get(f"/opportunities/{activity.id}")).status_code == 200


async def test_any_day_at_a_point_on_the_map(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    await world.login(client, world.kenji)
    data = await filled_in(
        client, world, when="any", until_on="2026-07-31", to="partners",
        area=f".{world.partner.id}", lon="140.99", lat="42.32",
    )  # fmt: skip
    assert (await client.post(NEW, data=data)).status_code == 303
    call = (await db.scalars(select(HelpCall))).one()
    assert call.opportunity_id is None and call.until_on == dt.date(2026, 7, 31)
    assert (call.to_citizens, call.to_partners, call.area_id) == (False, True, None)
    assert await count(db, Opportunity) == 0


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"title": " "}, "入力してください"),
        ({"day": ""}, "日付と時刻を入れてください"),
        ({"ends": ""}, "日付と時刻を入れてください"),
        ({"day": "2026-06-01"}, "これからの日時"),
        ({"ends": "08:00"}, "始まりより後"),
        ({"starts": "01:00", "ends": "23:00"}, "12時間まで"),
        ({"when": "any"}, "日付を入れてください"),
        ({"when": "any", "until_on": "2026-06-01"}, "これからの日"),
        ({"people": "0"}, "1人から200人"),
        ({"works": []}, "一つ以上"),
        ({"lon": "139.0", "lat": "35.0"}, "市の外"),
        ({"lon": "x", "lat": "y"}, "位置を読み取れません"),
        ({"title": "電話 090-1234-5678 まで"}, "連絡先は書けません"),
    ],
)
async def test_what_is_wrong_is_said_and_kept(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, changed: dict[str, Any],
    message: str,
) -> None:  # fmt: skip
    await world.login(client, world.kenji)
    page = await client.post(NEW, data=await filled_in(client, world, **changed))
    assert page.status_code == 422 and message in page.text
    assert "会員が減りました。" in page.text and 'id="error-summary"' in page.text
    assert await count(db, HelpCall) == 0


async def test_a_point_is_needed_without_an_area(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    await world.login(client, world.kenji)
    own = await filled_in(client, world, area=f".{world.partner.id}")
    assert "地図で集合場所を選んでください" in (await client.post(NEW, data=own)).text
    strange = {**own, "area": f"{world.other_area.id}.{world.other_partner.id}"}
    assert (await client.post(NEW, data=strange)).status_code == 422
    assert await count(db, HelpCall) == 0


async def test_who_may_post(client: httpx2.AsyncClient, world: World) -> None:
    for path in (NEW, "/partner/help-calls", "/centre/help-calls"):
        assert (await client.get(path)).status_code == 303
    assert (await client.post(NEW, data=FIELDS)).status_code == 303
    await world.login(client, world.hanako)
    for path in (NEW, "/partner/help-calls", "/centre/help-calls"):
        assert (await client.get(path)).status_code == 403
    assert (await client.post(NEW, data=FIELDS)).status_code == 403
    assert (await client.get("/help-calls/no-id")).status_code == 404
    for path in ("/help-calls", "/partner/help-calls", "/centre/help-calls"):
        assert (await client.post(path)).status_code in (403, 405)


async def test_calls_to_partners_are_not_there_for_others(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    inner = await posted(db, world, until_on=START.date(), to_citizens=False, to_partners=True,
                         title="パートナーへのお願い")  # fmt: skip
    outer = await posted(db, world, title="市民へのお願い")
    await db.commit()
    path = f"/help-calls/{inner.id}"
    for who in (None, world.hanako):
        if who is not None:
            await world.login(client, who)
        listed = (await client.get("/help-calls")).text
        assert "市民へのお願い" in listed and "パートナーへのお願い" not in listed
        assert (await client.get(path)).status_code == 404
        assert (await client.post(path, data={"verb": "yes", "people": "1"})).status_code == 404
        assert (await client.get(f"/help-calls/{outer.id}")).status_code == 200
    for who in (world.yosomono, world.kanae, world.sato):
        await world.login(client, who)
        assert "パートナーへのお願い" in (await client.get("/help-calls?for=partners")).text
        assert (await client.get(path)).status_code == 200


async def test_somebody_who_was_not_asked_may_come_forward(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    call = await posted(db, world)
    await db.commit()
    path = f"/help-calls/{call.id}"
    said = {"verb": "yes", "people": "2"}
    assert (await client.post(path, data=said)).status_code in (303, 401)
    assert await count(db, HelpAsk) == 0
    await world.login(client, world.hanako)
    for _ in range(2):
        assert (await client.post(path, data=said)).status_code == 303
    ask = (await db.scalars(select(HelpAsk))).one()
    assert (ask.wave, ask.answer, ask.people) == (0, "yes", 2)
    assert (await db.scalars(select(Signup))).one().people == 2
    bad = await client.post(path, data={"verb": "yes", "people": "0"})
    assert bad.status_code == 422 and 'value="0"' in bad.text
    assert (await client.post(path, data={"verb": "explode"})).status_code == 422
    await world.login(client, world.kenji)
    assert (await client.post(path, data=said)).status_code == 403


async def test_a_partner_that_comes_is_named(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    call = await posted(db, world, to_partners=True)
    await db.commit()
    await world.login(client, world.yosomono)
    await client.post(f"/help-calls/{call.id}", data={"verb": "yes", "people": "3"})
    assert (await db.scalars(select(Signup))).one().for_partner_id == world.other_partner.id
    await world.login(client, world.kenji)
    assert "見本みなと工業" in (await client.get(f"/help-calls/{call.id}")).text


async def test_the_host_closes_opens_ends_and_takes_back(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    call = await posted(db, world)
    await db.commit()
    path = f"/help-calls/{call.id}"
    activity = select(Opportunity).execution_options(populate_existing=True)
    await world.login(client, world.kenji)
    assert (await client.post(path, data={"verb": "fill"})).status_code == 303
    assert (await fresh(db, call.id)).state == "filled"
    assert (await db.scalars(activity)).one().deadline_at == START
    assert (await client.post(path, data={"verb": "fill"})).status_code == 409
    assert (await client.post(path, data={"verb": "reopen"})).status_code == 303
    assert (await db.scalars(activity)).one().deadline_at is None
    no_reason = await client.post(path, data={"verb": "cancel", "comment": ""})
    assert no_reason.status_code == 422 and "理由を書いてください" in no_reason.text
    done = await client.post(path, data={"verb": "cancel", "comment": "大雨のため"})
    assert done.status_code == 303
    off = (await db.scalars(activity)).one()
    assert (off.state, off.cancel_reason) == ("cancelled", "大雨のため")
    assert (await fresh(db, call.id)).state == "cancelled"
    page = (await client.get(path)).text
    assert "取りやめになりました" in page and "大雨のため" in page
    assert await audited(db, "help_call.cancel") == 1
    verbs = await db.scalars(
        text("SELECT verb FROM state_changes WHERE object_id = :id ORDER BY at, id"),
        {"id": call.id},
    )
    assert list(verbs) == ["create", "fill", "reopen", "cancel"]


async def test_what_the_host_closed_stays_closed(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    call = await posted(db, world, until_on=START.date() + dt.timedelta(days=9))
    await db.commit()
    await world.login(client, world.kenji)
    await client.post(f"/help-calls/{call.id}", data={"verb": "fill"})
    await world.login(client, world.hanako)
    late = await client.post(f"/help-calls/{call.id}", data={"verb": "yes", "people": "1"})
    assert late.status_code == 409 and "人数がそろいました" in late.text
    assert (await fresh(db, call.id)).state == "filled"


async def test_steps_are_not_for_strangers(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    call = await posted(db, world)
    await db.commit()
    path = f"/help-calls/{call.id}"
    for who in (world.hanako, world.yosomono):
        await world.login(client, who)
        for verb in ("fill", "finish", "wave"):
            assert (await client.post(path, data={"verb": verb})).status_code == 403
        stop = await client.post(path, data={"verb": "cancel", "comment": "x"})
        assert stop.status_code == 403
    await world.login(client, world.kenji)
    assert (await client.post(path, data={"verb": "wave"})).status_code == 403
    nobody = f"/help-calls/{uuid.uuid4()}"
    assert (await client.post(nobody, data={"verb": "fill"})).status_code == 404
    state = await db.get_one(Opportunity, call.opportunity_id, populate_existing=True)
    assert state.state == "published"


async def test_the_centre_sees_numbers_and_asks_the_next_people(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    call = await posted(db, world)
    await volunteer(db, "見本0番", email="zero@example.jp")
    await send_wave(db, call.id, await city_of(db))
    await volunteer(db, "見本1番")
    await db.commit()
    await world.login(client, world.kanae)
    page = (await client.get("/centre/help-calls?state=open")).text
    assert "1人(1回)" in page and "見本0番" not in page and "zero@example.jp" not in page
    done = await client.post(f"/help-calls/{call.id}", data={"verb": "wave", "back": "centre"})
    assert done.status_code == 303 and done.headers["location"] == "/centre/help-calls"
    assert await names(db, call, 2) == ["見本1番"]
    assert await audited(db, "help_call.ask_now") == 1


@pytest.mark.parametrize(
    "path", ["/help-calls", "/partner/help-calls", "/partner/help-calls/new", "{call}"]
)
async def test_pages_ask_few_questions(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, path: str,
    count_queries: Callable[[], Any],
) -> None:  # fmt: skip
    calls = [await posted(db, world) for _ in range(3)]
    await volunteer(db, "見本0番")
    await send_wave(db, calls[0].id, await city_of(db))
    await db.commit()
    await world.login(client, world.kenji)
    with count_queries() as seen:
        page = await client.get(path.format(call=f"/help-calls/{calls[0].id}"))
    assert page.status_code == 200 and len(seen) <= 5, seen.statements


async def test_a_call_cannot_be_hung_onto_another_activity(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    """The id of the activity is a hidden field: a stranger's id there must not give its steps."""
    theirs = await factories.opportunity(db, None, starts=START + dt.timedelta(days=9))
    await db.commit()
    await world.login(client, world.kenji)
    answer = await client.post(NEW, data=await filled_in(client, world, activity=str(theirs.id)))
    assert answer.status_code == 409
    await db.refresh(theirs)
    assert theirs.title == "春のごみ拾い" and theirs.deadline_at is None
    assert await count(db, HelpCall) == 0 and await audited(db, "opportunity.publish") == 0
