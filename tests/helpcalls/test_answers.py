"""The signed link: it answers one ask, by POST only, until the beginning; names only with a yes."""

import datetime as dt

import httpx2
import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from server.db.base import uuid7
from server.helpcalls import jobs
from server.helpcalls.models import HelpAsk, HelpCall
from server.helpcalls.waves import send_wave
from server.opportunities.models import Opportunity, Signup
from server.signing import Signer
from tests.conftest import START, FixedClock
from tests.helpcalls.kit import SUNDAY, asks, city_of, fresh, link, posted, volunteer
from tests.personas import World

pytestmark = pytest.mark.anyio
Sessions = async_sessionmaker[AsyncSession]


async def asked(
    db: AsyncSession, world: World, *, people: int = 1, **changed: object
) -> tuple[HelpCall, list[HelpAsk]]:
    """A call, and so many people asked by its first wave."""
    call = await posted(db, world, **changed)
    for n in range(people):
        await volunteer(db, f"見本{n}番", away_m=300 + 600 * n, email=f"n{n}@example.jp")
    await send_wave(db, call.id, await city_of(db))
    await db.commit()
    return call, await asks(db, call)


async def signups(db: AsyncSession, call: HelpCall) -> list[tuple[str, int]]:
    rows = await db.execute(
        text("SELECT a.display_name, s.people FROM signups s JOIN accounts a ON a.id = s.account_id"
             " WHERE s.opportunity_id = :id AND s.cancelled_at IS NULL ORDER BY 1"),
        {"id": call.opportunity_id},
    )  # fmt: skip
    return [(name, people) for name, people in rows]


async def test_reading_the_link_answers_nothing(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    call, [ask] = await asked(db, world)
    for _ in range(2):
        page = await client.get(link(ask))
        assert page.status_code == 200 and "手伝います" in page.text
    assert "家から約300m" in page.text and "見本0番さんへ" in page.text
    assert page.headers["referrer-policy"] == "no-referrer"
    assert (await asks(db, call))[0].answer is None and await signups(db, call) == []


async def test_one_tap_says_yes_and_a_second_changes_nothing(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    call, [ask] = await asked(db, world)
    for _ in range(2):
        done = await client.post(link(ask), data={"answer": "yes", "people": "1"})
        assert done.status_code == 303
    assert await signups(db, call) == [("見本0番", 1)]
    answers = await db.scalar(
        text("SELECT count(*) FROM audit_events WHERE action = 'help_call.say_yes'")
    )
    assert answers == 1
    assert "「手伝います」と返事をしました" in (await client.get(link(ask))).text


async def test_people_change_their_minds_until_the_beginning(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, clock: FixedClock
) -> None:
    call, [ask] = await asked(db, world)
    await client.post(link(ask), data={"answer": "yes", "people": "1"})
    await client.post(link(ask), data={"answer": "yes", "people": "2"})
    assert await signups(db, call) == [("見本0番", 2)]
    await client.post(link(ask), data={"answer": "no", "people": "2"})
    assert await signups(db, call) == [] and (await asks(db, call))[0].answer == "no"
    await client.post(link(ask), data={"answer": "yes", "people": "3"})
    assert await signups(db, call) == [("見本0番", 3)]
    clock.now = SUNDAY
    late = await client.post(link(ask), data={"answer": "no", "people": "3"})
    assert late.status_code == 404 and "期限が切れました" in late.text
    assert (await client.get(link(ask))).status_code == 404
    assert await signups(db, call) == [("見本0番", 3)]


async def test_forged_strange_and_foreign_links_open_nothing(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    _call, [ask] = await asked(db, world)
    good = link(ask)
    bad = [
        good[:-2] + ("AA" if not good.endswith("AA") else "BB"), "/help-answers/x",
        link(ask, purpose="offer"), link(ask, START - dt.timedelta(seconds=1)),
        f"/help-answers/{Signer('tests').sign('help', 'no id', SUNDAY)}",
        f"/help-answers/{Signer('tests').sign('help', str(uuid7()), SUNDAY)}",
        f"/help-answers/{Signer('another secret').sign('help', str(ask.id), SUNDAY)}",
    ]  # fmt: skip
    for path in bad:
        assert (await client.get(path)).status_code == 404, path
        said = await client.post(path, data={"answer": "yes", "people": "1"})
        assert said.status_code == 404, path
    await db.execute(
        text("UPDATE accounts SET disabled_at = now() WHERE id = :id"), {"id": ask.account_id}
    )
    await db.commit()
    assert (await client.get(good)).status_code == 404


async def test_what_is_wrong_is_said_and_kept(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    call, [ask] = await asked(db, world)
    for data in ({"answer": "yes", "people": "0"}, {"answer": "perhaps", "people": "1"}):
        assert (await client.post(link(ask), data=data)).status_code == 422
    page = await client.post(link(ask), data={"answer": "yes", "people": "51"})
    assert page.status_code == 422 and 'value="51"' in page.text
    alone = await client.post(link(ask), data={"answer": "yes", "people": "11"})
    assert alone.status_code == 422 and "10人をこえる" in alone.text
    assert (await asks(db, call))[0].answer is None


async def test_who_comes_too_late_is_thanked(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    call, both = await asked(db, world, people=2, people_wanted=1)
    assert len(both) == 2
    await client.post(link(both[0]), data={"answer": "yes", "people": "1"})
    assert (await fresh(db, call.id)).state == "filled"
    late = await client.post(link(both[1]), data={"answer": "yes", "people": "1"})
    assert late.status_code == 409 and "人数がそろいました" in late.text
    assert [one.answer for one in await asks(db, call)] == ["yes", None]
    no = await client.post(link(both[1]), data={"answer": "no", "people": "1"})
    assert no.status_code == 303


async def test_more_people_than_places_is_refused_whole(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    call, [ask] = await asked(db, world, people_wanted=2)
    page = await client.post(link(ask), data={"answer": "yes", "people": "3"})
    assert page.status_code == 409
    assert (await asks(db, call))[0].answer is None and await signups(db, call) == []


async def test_filled_calls_open_again_when_somebody_cannot_come(
    client: httpx2.AsyncClient, db: AsyncSession, sessions: Sessions, world: World
) -> None:
    call, [ask] = await asked(db, world, people_wanted=1)
    await client.post(link(ask), data={"answer": "yes", "people": "1"})
    assert (await fresh(db, call.id)).state == "filled"
    await client.post(link(ask), data={"answer": "no", "people": "1"})
    again = await fresh(db, call.id)
    assert again.state == "open" and again.next_wave_at == START
    person = await volunteer(db, "つぎの人")
    await db.commit()
    assert (await jobs.catch_up(sessions)).get("asked") == 1
    assert person.id in {one.account_id for one in await asks(db, call)}


async def test_any_day_collects_words_and_shows_them_to_the_host_alone(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    until = START.date() + dt.timedelta(days=20)
    call, [ask, silent] = await asked(db, world, people=2, until_on=until, people_wanted=3)
    over = SUNDAY + dt.timedelta(days=14)
    words = {"answer": "yes", "people": "2", "words": "水曜の夜なら"}
    assert (await client.post(link(ask, over), data=words)).status_code == 303
    row = (await asks(db, call))[0]
    assert (row.answer, row.people, row.words) == ("yes", 2, "水曜の夜なら")
    assert (await db.execute(select(Signup))).all() == []
    path = f"/help-calls/{call.id}"
    anonymous = await client.get(path)
    assert anonymous.status_code == 200 and "3人中2人" in anonymous.text
    await world.login(client, world.kenji)
    own = (await client.get(path)).text
    await world.login(client, world.hanako)
    stranger = (await client.get(path)).text
    for private in ("見本0番", "水曜の夜なら"):
        assert private in own and private not in stranger and private not in anonymous.text
    assert "見本1番" not in own  # asked, but said nothing
    assert "@example.jp" not in own + stranger
    assert silent.answer is None and "1回目" in own


async def test_the_host_is_told_by_name_and_number_only(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    _call, [ask] = await asked(db, world)
    await client.post(link(ask), data={"answer": "yes", "people": "1"})
    told = (
        await db.execute(
            text("SELECT subject, body FROM notices WHERE kind = 'partner' AND account_id = :who"),
            {"who": world.kenji.id},
        )
    ).all()
    assert any("見本0番さんが手伝います" in subject for subject, _ in told)
    assert not any("n0@example.jp" in body for _, body in told)


async def test_calling_the_activity_off_ends_the_call(
    client: httpx2.AsyncClient, db: AsyncSession, sessions: Sessions, world: World
) -> None:
    call, [ask] = await asked(db, world)
    await db.execute(
        text("UPDATE opportunities SET state = 'cancelled', cancelled_at = :now WHERE id = :id"),
        {"now": START, "id": call.opportunity_id},
    )
    await db.commit()
    page = await client.post(link(ask), data={"answer": "yes", "people": "1"})
    assert page.status_code == 409 and "取りやめになりました" in page.text
    assert await jobs.catch_up(sessions) == {"cancel": 1}
    assert (await fresh(db, call.id)).state == "cancelled"
    assert await jobs.catch_up(sessions) == {}


async def test_what_is_over_is_finished_by_the_job(
    db: AsyncSession, sessions: Sessions, world: World, clock: FixedClock
) -> None:
    dated = await posted(db, world)
    any_day = await posted(db, world, until_on=SUNDAY.date() - dt.timedelta(days=1))
    await db.commit()
    clock.now = SUNDAY + dt.timedelta(hours=1)
    await jobs.catch_up(sessions)
    states = [(await fresh(db, one.id)).state for one in (dated, any_day)]
    assert states == ["open", "done"]
    clock.now = SUNDAY + dt.timedelta(hours=2)
    assert await jobs.catch_up(sessions) == {"finish": 1}


async def test_a_yes_given_back_on_the_activitys_page_is_no_helper(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    call, [ask] = await asked(db, world)
    await client.post(link(ask), data={"answer": "yes", "people": "1"})
    await db.execute(text("UPDATE signups SET cancelled_at = :now"), {"now": START})
    await db.commit()
    await world.login(client, world.kenji)
    assert "見本0番" not in (await client.get(f"/help-calls/{call.id}")).text
    activity = await db.get_one(Opportunity, call.opportunity_id)
    assert (activity.kind, activity.wants_hands, activity.capacity) == ("help", True, 3)


@pytest.mark.parametrize("to_citizens", [True, False])
async def test_who_left_the_partner_answers_for_it_no_more(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, to_citizens: bool
) -> None:
    call = await posted(db, world, to_citizens=to_citizens, to_partners=True)
    ask = HelpAsk(
        help_call_id=call.id, account_id=world.hanako.id, for_partner_id=world.partner.id, wave=1,
        reasons={}, asked_at=START,
    )  # fmt: skip
    db.add(ask)  # はなこ acts for no partner (any more)
    await db.commit()
    page = await client.get(link(ask))
    answer = await client.post(link(ask), data={"answer": "yes", "people": "1"})
    if not to_citizens:
        assert (page.status_code, answer.status_code) == (404, 404)
        return
    assert (page.status_code, answer.status_code) == (200, 303)
    signed = (await db.scalars(select(Signup))).one()
    assert (signed.account_id, signed.for_partner_id) == (world.hanako.id, None)
