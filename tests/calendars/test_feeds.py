"""Feeds as an independent parser reads them, through moves and cancellations."""

import datetime as dt
import uuid

import httpx2
import pytest
import vobject
from sqlalchemy import select, update

from server.accounts.models import Account
from server.calendars import queries
from server.calendars.pages import PURPOSE
from server.opportunities.models import (
    Opportunity,
    OpportunityHost,
    OpportunitySlot,
    Signup,
    WaitlistEntry,
)
from server.partners.models import Partner
from server.signing import Signer
from tests import factories
from tests.conftest import START

pytestmark = pytest.mark.anyio
SOON = START + dt.timedelta(days=7)


def parsed(answer: httpx2.Response) -> vobject.base.Component:
    """The feed as vobject reads it, after a look at the bytes themselves."""
    assert answer.status_code == 200, answer.text[:300]
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    lines = answer.content.split(b"\r\n")
    assert lines[-1] == b""
    for line in lines:
        assert len(line) <= 75
        assert b"\n" not in line
        assert b"\r" not in line
        line.decode()  # no character is cut in two
    return vobject.readOne(answer.content.decode())


def events(answer: httpx2.Response) -> dict[str, vobject.base.Component]:
    found = parsed(answer).contents.get("vevent", [])
    assert len({one.uid.value for one in found}) == len(found)
    return {one.uid.value: one for one in found}


def mine(account: Account, version: int = 1) -> str:
    return f"/calendars/{Signer('tests').sign(PURPOSE, f'{account.id}.{version}')}.ics"


async def test_a_feed_names_itself_and_says_when_to_come_again(client, world, db):
    await factories.opportunity(db, world.partner, starts=SOON)
    await db.commit()
    feed = parsed(await client.get("/calendar.ics"))
    for name in ("name", "x-wr-calname"):
        assert feed.contents[name][0].value == "清掃活動(室蘭市)"
    assert feed.contents["refresh-interval"][0].value == "PT1H"
    assert feed.contents["x-published-ttl"][0].value == "PT1H"
    assert feed.method.value == "PUBLISH"
    assert feed.vtimezone.tzid.value == "Asia/Tokyo"


async def test_an_event_is_the_same_in_every_feed_and_in_its_own_file(client, world, db):
    activity = await factories.opportunity(
        db, world.partner, starts=SOON, title="母恋、輪西; 合同\\清掃", bring="軍手\n飲み物",
        description="とても長い説明です。" * 60,
    )  # fmt: skip
    await factories.signup(db, activity, world.hanako, 3)
    await db.commit()
    uid = f"{activity.id}@machipika"
    paths = ["/calendar.ics", f"/partners/{world.partner.code}/calendar.ics",
             "/districts/母恋駅/calendar.ics", mine(world.hanako), mine(world.kenji),
             f"/opportunities/{activity.id}.ics"]  # fmt: skip
    for path in paths:
        event = events(await client.get(path))[uid]
        assert event.summary.value == "母恋、輪西; 合同\\清掃"
        assert event.dtstart.value == SOON
        assert event.dtstart.params["X-VOBJ-ORIGINAL-TZID"] == ["Asia/Tokyo"]
        assert event.dtend.value == SOON + dt.timedelta(hours=1)
        assert event.sequence.value == "0"
        assert event.status.value == "CONFIRMED"
        assert event.url.value == f"http://t/opportunities/{activity.id}"
        assert "持ち物: 軍手\n飲み物" in event.description.value
        assert event.geo.value == "42.3169;140.989"
    assert "申込み: 3人" in events(await client.get(mine(world.hanako)))[uid].description.value
    assert events(await client.get("/calendar.ics"))[uid].transp.value == "TRANSPARENT"
    assert events(await client.get(mine(world.hanako)))[uid].transp.value == "OPAQUE"


async def test_created_moved_cancelled_keeps_the_uid_and_raises_the_sequence(
    client, world, db, clock
):
    """Through the host's own pages: what calendars see at each step."""
    from server.opportunities import actions
    from server.opportunities import queries as activities
    from server.policy import Actor, PartnerRef

    ref = PartnerRef(world.partner.id, world.partner.code, world.partner.name, "manager")
    kenji = Actor(world.kenji.id, "けんじ", partners=(ref,))
    activity = await factories.opportunity(
        db, world.partner, starts=SOON, area_id=world.street.id, updated_at=START
    )
    await factories.signup(db, activity, world.hanako)
    await db.commit()
    uid, paths = f"{activity.id}@machipika", ["/calendar.ics", mine(world.hanako)]
    born = [events(await client.get(path))[uid] for path in paths]

    clock.now += dt.timedelta(hours=3)
    seen = await activities.hosted(db, activity.id, kenji)
    names = actions.Draft.__dataclass_fields__
    values = {name: getattr(seen, name) for name in names}
    values |= {"starts_at": SOON + dt.timedelta(days=1), "ends_at": SOON + dt.timedelta(days=1.1)}
    await actions.change(db, kenji, seen, actions.Draft(**values), 500)
    await db.commit()
    moved = [events(await client.get(path))[uid] for path in paths]

    clock.now += dt.timedelta(hours=3)
    seen = await activities.hosted(db, activity.id, kenji)
    await actions.cancel(db, kenji, seen, "大雨")
    await db.commit()
    gone = [events(await client.get(path))[uid] for path in paths]

    for first, second, third in zip(born, moved, gone, strict=True):
        assert [one.sequence.value for one in (first, second, third)] == ["0", "1", "2"]
        assert second.dtstart.value == third.dtstart.value == SOON + dt.timedelta(days=1)
        stamps = [one.last_modified.value for one in (first, second, third)]
        assert stamps == sorted(stamps)
        assert stamps[1] < stamps[2]
        assert first.status.value == second.status.value == "CONFIRMED"
        assert third.status.value == "CANCELLED"
        assert third.summary.value.startswith("中止: ")
        assert "中止の理由: 大雨" in third.description.value
        assert third.transp.value == "TRANSPARENT"


async def test_days_of_a_series_are_events_of_their_own(client, world, db):
    days = [
        await factories.opportunity(db, world.partner, starts=SOON + dt.timedelta(days=7 * n))
        for n in range(3)
    ]
    await db.commit()
    answer = await client.get("/calendar.ics")
    assert set(events(answer)) == {f"{one.id}@machipika" for one in days}
    assert "RRULE" not in answer.text.split("BEGIN:VEVENT", 1)[1]


async def test_drafts_strangers_and_far_away_days_are_not_in_feeds(client, world, db, clock):
    draft = await factories.opportunity(db, world.partner, starts=SOON, state="draft")
    await factories.opportunity(db, world.partner, starts=START - dt.timedelta(days=70))
    await factories.opportunity(db, world.partner, starts=START + dt.timedelta(days=400))
    past = await factories.opportunity(db, world.partner, starts=START - dt.timedelta(days=50))
    other = await factories.opportunity(
        db, world.other_partner, starts=SOON, at=(141.05, 42.36), title="よその活動"
    )
    await db.commit()
    keys = {"past": f"{past.id}@machipika", "other": f"{other.id}@machipika"}
    assert set(events(await client.get("/calendar.ics"))) == {keys["past"], keys["other"]}
    partner = events(await client.get(f"/partners/{world.partner.code}/calendar.ics"))
    assert set(partner) == {keys["past"]}
    assert set(events(await client.get("/districts/母恋駅/calendar.ics"))) == {keys["past"]}
    assert events(await client.get(mine(world.hanako))) == {}
    assert set(events(await client.get(mine(world.kenji)))) == {keys["past"]}
    assert (await client.get(f"/opportunities/{draft.id}.ics")).status_code == 404


async def test_a_joint_activity_is_in_the_second_hosts_feed_once_it_agreed(client, world, db):
    activity = await factories.opportunity(db, world.partner, starts=SOON)
    host = OpportunityHost(
        opportunity_id=activity.id, partner_id=world.other_partner.id, invited_at=START
    )
    db.add(host)
    await db.commit()
    path = f"/partners/{world.other_partner.code}/calendar.ics"
    assert events(await client.get(path)) == {}
    before = (await client.get(path)).headers.get("last-modified")
    host.accepted_at = START
    await db.commit()
    answer = await client.get(path)
    assert set(events(answer)) == {f"{activity.id}@machipika"}
    assert answer.headers["last-modified"] != before
    assert set(events(await client.get(mine(world.yosomono)))) == {f"{activity.id}@machipika"}


async def test_an_unnamed_partner_has_no_feed_and_no_name_in_others(client, world, db):
    await factories.opportunity(db, world.partner, starts=SOON)
    await db.execute(
        update(Partner).where(Partner.id == world.partner.id).values(name_public=False)
    )
    await db.commit()
    path = f"/partners/{world.partner.code}/calendar.ics"
    assert (await client.get(path)).status_code == 404
    city = await client.get("/calendar.ics")
    assert world.partner.name not in vobject.readOne(city.text).serialize()
    assert "主催: 個人パートナー" in next(iter(events(city).values())).description.value


@pytest.mark.parametrize(
    "path",
    ["/partners/MP-9999/calendar.ics", "/districts/どこにもない町/calendar.ics",
     "/calendars/x.ics", "/calendars/.ics"],
)  # fmt: skip
async def test_what_is_not_there_is_404(client, path):
    assert (await client.get(path)).status_code == 404


async def test_a_person_sees_their_slot_and_what_they_gave_back_is_gone(client, world, db):
    activity = await factories.opportunity(db, world.partner, starts=SOON, hours=3)
    slot = OpportunitySlot(
        opportunity_id=activity.id, label="前半", capacity=5,
        starts_at=SOON, ends_at=SOON + dt.timedelta(hours=1),
    )  # fmt: skip
    db.add(slot)
    await db.flush()
    signup = await factories.signup(db, activity, world.hanako, 2)
    signup.slot_id = slot.id
    await db.commit()
    answer = await client.get(mine(world.hanako))
    event = events(answer)[f"{activity.id}@machipika"]
    assert event.dtend.value == SOON + dt.timedelta(hours=1)
    assert "申込み: 2人 前半" in event.description.value
    await db.execute(update(Signup).where(Signup.id == signup.id).values(cancelled_at=START))
    await db.commit()
    again = await client.get(mine(world.hanako), headers={"If-None-Match": answer.headers["etag"]})
    assert events(again) == {}
    assert "last-modified" not in again.headers  # a date could not tell that something is gone


async def test_a_place_in_the_queue_is_no_plan(client, world, db):
    activity = await factories.opportunity(db, world.partner, starts=SOON)
    db.add(
        WaitlistEntry(
            opportunity_id=activity.id, account_id=world.hanako.id, offered_at=START,
            offer_expires_at=START + dt.timedelta(days=1),
        )
    )  # fmt: skip
    await db.commit()
    assert events(await client.get(mine(world.hanako))) == {}


async def test_nobody_else_stands_in_a_public_feed(client, world, db):
    activity = await factories.opportunity(db, world.partner, starts=SOON)
    await factories.signup(db, activity, world.hanako)
    await db.commit()
    for path in ("/calendar.ics", f"/partners/{world.partner.code}/calendar.ics"):
        await world.login(client, world.hanako)
        text = vobject.readOne((await client.get(path)).text).serialize()
        assert "はなこ" not in text
        assert "申込み" not in text
        assert "hanako" not in text


HOSTILE = [
    "a\r\nBEGIN:VEVENT\r\nUID:evil\r\nEND:VEVENT",
    "a\nATTENDEE:mailto:x@example.jp",
    "a\rSTATUS:CANCELLED",
    "a\u2028URL:http://example.com\x85b",
    "セミ;コロン,カンマ:コロン\\n\\",
    "\x1b[31m赤\x07",
]


@pytest.mark.parametrize("words", HOSTILE)
async def test_words_never_become_properties(client, world, db, words):
    activity = await factories.opportunity(
        db, world.partner, starts=SOON, title=words, description=words, bring=words
    )
    activity.meeting_place = words
    await db.commit()
    found = events(await client.get("/calendar.ics"))
    assert set(found) == {f"{activity.id}@machipika"}
    event = found[f"{activity.id}@machipika"]
    assert event.status.value == "CONFIRMED"
    assert "attendee" not in event.contents
    assert event.url.value.startswith("http://t/")
    assert event.summary.value.replace("\n", "")[0] == words.strip("\x1b")[0]


# --- asking again --------------------------------------------------------------------------------


async def test_what_is_known_is_not_sent_again(client, world, db, clock):
    activity = await factories.opportunity(db, world.partner, starts=SOON)
    await db.commit()
    first = await client.get("/calendar.ics")
    etag, since = first.headers["etag"], first.headers["last-modified"]
    assert first.headers["cache-control"] == "public, max-age=300"
    assert "set-cookie" not in first.headers
    for headers in ({"If-None-Match": etag}, {"If-Modified-Since": since}):
        known = await client.get("/calendar.ics", headers=headers)
        assert (known.status_code, known.content) == (304, b"")
        assert known.headers["etag"] == etag
    await db.execute(
        update(Opportunity)
        .where(Opportunity.id == activity.id)
        .values(title="別の名前", sequence=1, updated_at=START + dt.timedelta(days=200))
    )
    await db.commit()
    for headers in ({"If-None-Match": etag}, {"If-Modified-Since": since},
                    {"If-None-Match": '"other"', "If-Modified-Since": since},
                    {"If-Modified-Since": "nonsense"},
                    {"If-Modified-Since": "1 Jan 99999999999999999999 00:00:00"},
                    ):  # fmt: skip
        assert (await client.get("/calendar.ics", headers=headers)).status_code == 200


async def test_one_statement_a_feed_and_500_at_most(client, world, db, count_queries):
    db.add_all(
        Opportunity(
            partner_id=world.partner.id, title=f"毎日の清掃 {n}", works=["litter"],
            starts_at=START + dt.timedelta(hours=n + 1), ends_at=START + dt.timedelta(hours=n + 2),
            meeting_place="母恋駅前", meeting_point="SRID=4326;POINT(140.989 42.3169)", capacity=5,
        )
        for n in range(queries.CAP + 20)
    )  # fmt: skip
    await db.commit()
    await client.get("/healthz")
    for path in ("/calendar.ics", f"/partners/{world.partner.code}/calendar.ics",
                 "/districts/母恋駅/calendar.ics", mine(world.kenji)):  # fmt: skip
        with count_queries() as seen:
            answer = await client.get(path)
        own = [one for one in seen.statements if "opportunities" in one]
        assert len(own) == 1
        assert len(seen) <= 3  # the city, and a check of the log-in at most
        assert answer.text.count("BEGIN:VEVENT") == queries.CAP
        assert len(answer.content) < 500_000
    newest = events(await client.get("/calendar.ics"))
    last = max(one.dtstart.value for one in newest.values())
    assert last == START + dt.timedelta(hours=queries.CAP)  # the nearest days are kept


# --- the private address -------------------------------------------------------------------------


async def test_the_private_address_can_be_renewed_and_the_old_one_ends(client, world, db):
    await world.login(client, world.hanako)
    page = await client.get("/me/calendar")
    old = page.text.split("http://t/calendars/")[1].split(".ics")[0]
    assert (await client.get(f"/calendars/{old}.ics")).status_code == 200
    for _again in range(2):  # a second tap changes nothing more
        sent = await client.post("/me/calendar", data={"version": "1"})
        assert sent.status_code == 303
    new = (await client.get("/me/calendar")).text.split("http://t/calendars/")[1].split(".ics")[0]
    assert new != old
    assert (await client.get(f"/calendars/{old}.ics")).status_code == 404
    answer = await client.get(f"/calendars/{new}.ics")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "private, no-cache"
    assert answer.headers["x-robots-tag"] == "noindex"
    from server.audit.models import AuditEvent

    acts = await db.scalars(select(AuditEvent.detail).where(AuditEvent.action == "calendar.renew"))
    assert list(acts) == [{"version": 2}]
    for wrong in ("", "7", "９", "-1", "x"):
        assert (await client.post("/me/calendar", data={"version": wrong})).status_code == 303
    assert (await client.get(f"/calendars/{new}.ics")).status_code == 200
    await client.post("/me/calendar", data={"version": "2"})
    assert (await client.get(f"/calendars/{new}.ics")).status_code == 404


async def test_the_page_of_the_address_asks_for_a_log_in(client, world):
    assert (await client.get("/me/calendar")).status_code == 303
    assert (await client.post("/me/calendar")).status_code == 303


async def test_other_tokens_open_no_calendar(client, world, db):
    signer = Signer("tests")
    value = f"{world.hanako.id}.1"
    wrong = [
        signer.sign("offer", value),
        Signer("others").sign(PURPOSE, value),
        signer.sign(PURPOSE, f"{uuid.uuid4()}.1"),
        signer.sign(PURPOSE, f"{world.hanako.id}.2"),
    ]
    for token in wrong:
        assert (await client.get(f"/calendars/{token}.ics")).status_code == 404
    await db.execute(update(Account).where(Account.id == world.hanako.id).values(disabled_at=START))
    await db.commit()
    assert (await client.get(mine(world.hanako))).status_code == 404


# --- the page ------------------------------------------------------------------------------------


async def test_the_page_offers_each_feed(client, world, db, count_queries):
    with count_queries() as seen:
        page = await client.get(f"/calendars?place=母恋駅&partner={world.partner.code}")
    assert len(seen) <= 3
    for path in ("/calendar.ics", f"/partners/{world.partner.code}/calendar.ics",
                 "/districts/%E6%AF%8D%E6%81%8B%E9%A7%85/calendar.ics"):  # fmt: skip
        assert f'href="webcal://t{path}"' in page.text
        assert f'data-share-url="http://t{path}"' in page.text
        assert (await client.get(path)).status_code == 200
    nonsense = await client.get("/calendars?place=<b>&partner=MP-9999")
    assert nonsense.status_code == 200
    assert "<b>&" not in nonsense.text


# --- exchange meetings ---------------------------------------------------------------------------


async def test_an_exchange_meeting_moves_under_its_uid(client, world, db, clock):
    from server.exchange import meeting_actions, meeting_queries
    from server.exchange.machine import MEETING
    from server.exchange.models import Meeting
    from server.policy import Actor

    kanae = Actor(world.kanae.id, "かなえ", roles=frozenset({"coordinator"}))
    row = Meeting(
        state="draft", fiscal_year=2026, title="情報交換会", starts_at=SOON, place="見本会館",
        ends_at=SOON + dt.timedelta(hours=2), created_at=START,
    )  # fmt: skip
    db.add(row)
    await db.flush()
    path = f"/meetings/{row.id}.ics"
    await db.commit()
    assert (await client.get(path)).status_code == 303  # log in first
    await world.login(client, world.kenji)
    assert (await client.get(path)).status_code == 404  # not announced
    await factories.bring_to(db, MEETING, row, "published")
    await db.commit()
    first = events(await client.get(path))[f"{row.id}@machipika"]
    clock.now += dt.timedelta(hours=1)
    seen = await meeting_queries.meeting(db, kanae, row.id)
    plan = meeting_actions.Plan(
        2026, "情報交換会", SOON + dt.timedelta(days=1), SOON + dt.timedelta(days=1, hours=2),
        "別の会館", "",
    )  # fmt: skip
    await meeting_actions.change(db, kanae, seen, plan, "")
    await db.commit()
    second = events(await client.get(path))[f"{row.id}@machipika"]
    assert int(second.sequence.value) == int(first.sequence.value) + 1
    assert second.location.value == "別の会館"
    assert "geo" not in second.contents
    clock.now += dt.timedelta(hours=1)
    seen = await meeting_queries.meeting(db, kanae, row.id)
    await meeting_actions.call_off(db, kanae, seen, "大雪")
    await db.commit()
    third = events(await client.get(path))[f"{row.id}@machipika"]
    assert third.status.value == "CANCELLED"
    assert int(third.sequence.value) == int(second.sequence.value) + 1
    assert "大雪" in third.description.value


async def test_a_meeting_is_for_partners_and_the_centre(client, world):
    await world.login(client, world.hanako)
    path = "/meetings/01900000-0000-7000-8000-000000000000.ics"
    assert (await client.get(path)).status_code == 403
    await world.login(client, world.kenji)
    assert (await client.get(path)).status_code == 404
