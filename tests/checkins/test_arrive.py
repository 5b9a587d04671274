"""What opens when somebody scans a code, and what is never counted twice."""

import asyncio
import datetime as dt
from collections import Counter

import pytest
from sqlalchemy import text

from server.checkins import codes
from server.signing import Signer
from tests.checkins.kit import SIGNER, activity, audited, code, here, poster, scan, signed
from tests.opportunities.test_race import crowd

pytestmark = pytest.mark.anyio
STALE = "主催者の画面のコードをもう一度"


async def test_one_tap_checks_in(client, world, db, clock):
    of = await activity(db, world, clock.now)
    sent = await signed(db, of, world.hanako, 3, for_partner_id=world.other_partner.id)
    await world.login(client, world.hanako)
    own = await scan(client, code(of, clock.now))
    page = await client.get(own)
    assert page.status_code == 200 and "来ました" in page.text and 'value="3"' in page.text
    assert 'content="noindex"' in page.text
    answer = await client.post(own, data={"people": "３"})
    assert (answer.status_code, answer.headers["location"]) == (303, own)
    [row] = await here(db, of)
    assert (row.people, row.how, row.near, row.signup_id) == (3, "qr", None, sent.id)
    assert row.for_partner_id == world.other_partner.id and row.minutes is None
    done = await client.get(own)
    assert "受付しました" in done.text and "場所は確かめていません" in done.text
    assert await audited(db, "attendance.arrive") == 1
    # again is harmless, also with another code
    assert (await client.post(own, data={"people": "1"})).status_code == 200
    again = await scan(client, poster(of))
    assert "受付しました" in (await client.get(again)).text
    assert len(await here(db, of)) == 1 and await audited(db, "attendance.arrive") == 1


@pytest.mark.parametrize(
    ("place", "near"),
    [({"lon": "140.9891", "lat": "42.3170"}, True), ({"lon": "141.02", "lat": "42.35"}, False),
     ({"lon": "", "lat": ""}, None), ({"lon": "nan", "lat": "42"}, None),
     ({"lon": "999", "lat": "42"}, None), ({"lon": "<b>", "lat": "x"}, None)],
)  # fmt: skip
async def test_only_near_or_not_is_kept(client, world, db, clock, place, near):
    of = await activity(db, world, clock.now)
    await signed(db, of, world.hanako)
    await world.login(client, world.hanako)
    own = await scan(client, code(of, clock.now))
    assert (await client.post(own, data={"people": "1", **place})).status_code == 303
    [row] = await here(db, of)
    assert row.near is near
    assert "lon" not in row._fields and "lat" not in row._fields
    words = {
        True: "近くにいることを確かめました",
        False: "離れているようです",
        None: "確かめていません",
    }
    assert words[near] in (await client.get(own)).text


async def test_scanned_before_the_log_in(client, world, db, clock):
    of = await activity(db, world, clock.now)
    await signed(db, of, world.hanako)
    own = await scan(client, code(of, clock.now))
    page = await client.get(own)
    assert page.status_code == 200 and f"/login?next={own}" in page.text
    assert world.hanako.display_name not in page.text
    assert (await client.post(own, data={"people": "1"})).headers["location"].startswith("/login")
    clock.now += dt.timedelta(minutes=10)  # the code has long expired
    await world.login(client, world.hanako)
    mine = await scan(client, own)
    assert (await client.post(mine, data={"people": "1"})).status_code == 303
    assert len(await here(db, of)) == 1


async def test_a_ticket_sent_to_a_friend_opens_nothing(client, world, db, clock):
    of = await activity(db, world, clock.now)
    await world.login(client, world.hanako)
    own = await scan(client, code(of, clock.now))
    await world.login(client, world.yosomono)
    for answer in (await client.get(own), await client.post(own, data={"people": "1"})):
        assert answer.status_code == 404 and STALE in answer.text
    client.cookies.clear()
    before = await scan(client, code(of, clock.now))  # of a browser that is not logged in
    client.cookies.clear()
    await world.login(client, world.yosomono)
    assert (await client.get(before)).status_code == 404
    assert await here(db, of) == []


async def test_codes_end_and_forged_ones_open_nothing(client, world, db, clock):
    of = await activity(db, world, clock.now)
    await world.login(client, world.hanako)
    old, own = code(of, clock.now), await scan(client, code(of, clock.now))
    clock.now += dt.timedelta(seconds=120)
    answer = await client.get(old)
    assert answer.status_code == 410 and STALE in answer.text
    assert (await client.get(own)).status_code == 200
    clock.now += dt.timedelta(minutes=15)
    assert (await client.post(own, data={"people": "1"})).status_code == 410
    other = SIGNER.sign("offer", codes._short(of.id))
    for token in (other, "x", code(of, clock.now)[9:-3] + "abc"):
        answer = await client.get(f"/checkin/{token}")
        assert answer.status_code == 404 and STALE in answer.text
    assert await here(db, of) == []


async def test_trying_codes_is_stopped(client, world, db, clock):
    answers = [(await client.get(f"/checkin/guess{n}")).status_code for n in range(31)]
    assert answers[:30] == [404] * 30 and answers[30] == 429
    of = await activity(db, world, clock.now)
    assert (await client.get(code(of, clock.now))).status_code == 303, "real ones still work"


async def test_before_and_after_the_hours(client, world, db, clock):
    of = await activity(db, world, clock.now, minutes=61)
    await signed(db, of, world.hanako)
    await world.login(client, world.hanako)
    early = await scan(client, code(of, clock.now))
    page = await client.get(early)
    assert "受付は2026年6月14日(日) 10:01からです" in page.text and 'name="people"' not in page.text
    assert (await client.post(early, data={"people": "1"})).status_code == 409
    clock.now += dt.timedelta(hours=3 + 2, minutes=1)  # two hours after the end
    printed = await scan(client, poster(of))
    assert "受付はおわりました" in (await client.get(printed)).text
    assert (await client.post(printed, data={"people": "1"})).status_code == 409
    shown = await scan(client, code(of, clock.now))  # the host still shows a code
    assert (await client.post(shown, data={"people": "1"})).status_code == 303
    clock.now += dt.timedelta(days=2)
    await world.login(client, world.hanako)
    late = await scan(client, code(of, clock.now))
    assert "受付しました" in (await client.get(late)).text
    [row] = await here(db, of)
    assert row.how == "qr"


async def test_cancelled_and_draft(client, world, db, clock):
    gone = await activity(
        db, world, clock.now, state="cancelled", cancelled_at=clock.now, cancel_reason="雨"
    )
    draft = await activity(db, world, clock.now, state="draft")
    await world.login(client, world.hanako)
    own = await scan(client, code(gone, clock.now))
    assert "中止になりました" in (await client.get(own)).text
    assert (await client.post(own, data={"people": "1"})).status_code == 409
    hidden = await scan(client, code(draft, clock.now))
    assert (await client.get(hidden)).status_code == 404


async def test_a_walk_in_takes_a_free_place_only(client, world, db, clock):
    of = await activity(db, world, clock.now, capacity=3)
    await signed(db, of, world.toyo, 2)
    await world.login(client, world.hanako)
    own = await scan(client, code(of, clock.now))
    assert "飛び入りで参加できます" in (await client.get(own)).text
    two = await client.post(own, data={"people": "2"})
    assert two.status_code == 409 and "空いている場所がありません" in two.text
    assert (await client.post(own, data={"people": "1"})).status_code == 303
    [row] = await here(db, of)
    assert (row.signup_id, row.account_id) == (None, world.hanako.id)
    await world.login(client, world.yosomono)
    third = await scan(client, code(of, clock.now))
    assert "満員です" in (await client.get(third)).text
    assert (await client.post(third, data={"people": "1"})).status_code == 409


@pytest.mark.parametrize("people", ["", "0", "-1", "51", "abc", "2"])
async def test_invalid_numbers_are_kept_and_explained(client, world, db, clock, people):
    of = await activity(db, world, clock.now)
    await signed(db, of, world.hanako)
    await world.login(client, world.hanako)
    own = await scan(client, code(of, clock.now))
    answer = await client.post(own, data={"people": people})
    assert answer.status_code == 422 and "error-summary" in answer.text
    assert f'value="{people}"' in answer.text
    assert await here(db, of) == []


async def test_query_budget(client, world, db, clock, count_queries):
    of = await activity(db, world, clock.now)
    await world.login(client, world.hanako)
    own = await scan(client, code(of, clock.now))
    with count_queries() as seen:
        assert (await client.get(own)).status_code == 200
    assert len(seen) <= 4, seen.statements


CROWD = Signer("a secret of tests")  # of the app that ``crowd`` starts


async def _begins_now(c, now):
    async with c.sessions() as db, db.begin():
        await db.execute(
            text("UPDATE opportunities SET starts_at = :s, ends_at = :e"),
            {"s": now, "e": now + dt.timedelta(hours=2)},
        )


async def _ticket(c, token, now):
    path = f"/checkin/{codes.screen_code(CROWD, c.activity, now)}"
    answer = await c.client.get(path, headers={"Cookie": f"machipika={token}"})
    assert answer.status_code == 303
    return answer.headers["location"]


async def test_ten_taps_at_once_are_one_arrival(database_url, clock):
    async with crowd(database_url, clock, 5, 1) as c:
        await _begins_now(c, clock.now)
        own = await _ticket(c, c.tokens[0], clock.now)
        answers = await asyncio.gather(*(c.post(own, c.tokens[0], people="1") for _ in range(10)))
        assert {a.status_code for a in answers} <= {303, 200}
        async with c.sessions() as db:
            assert await db.scalar(text("SELECT count(*) FROM attendances")) == 1
            arrived = "SELECT count(*) FROM audit_events WHERE action = 'attendance.arrive'"
            assert await db.scalar(text(arrived)) == 1


async def test_eight_walk_ins_for_two_places(database_url, clock):
    async with crowd(database_url, clock, 2, 8) as c:
        await _begins_now(c, clock.now)
        own = [await _ticket(c, token, clock.now) for token in c.tokens]
        answers = await asyncio.gather(
            *(c.post(path, t, people="1") for path, t in zip(own, c.tokens, strict=True))
        )
        assert Counter(a.status_code for a in answers) == {303: 2, 409: 6}
        async with c.sessions() as db:
            assert await db.scalar(text("SELECT sum(people) FROM attendances")) == 2
