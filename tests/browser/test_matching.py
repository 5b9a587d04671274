"""From a town's name in kana to a place in an activity, the calendar, and the postponement."""

import io
import re
import urllib.request
from urllib.parse import urlsplit

import vobject
import zxingcpp
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESK, Visit, Visitor

TITLE = "土曜の朝の歩道そうじ"


def find_by_kana(hanako: Visitor) -> str:
    """Type a town's name in kana, pick it, and open an activity; returns its address."""
    page = hanako.page
    page.goto("/")
    page.get_by_label("駅や町の名前").fill("ぼこい")
    page.get_by_role("button", name="さがす", exact=True).click()
    page.wait_for_load_state("networkidle")
    if "/places" in page.url:
        page.get_by_role("link", name=re.compile("母恋駅")).first.click()
    # the first of the list that somebody looking for recommendations gets, with its reasons
    expect(page.locator("article.activity").first).to_be_visible()
    link = page.locator("article.activity", has_text=TITLE).first.locator(".card__title a")
    link.click()
    expect(page.get_by_role("heading", level=1, name=TITLE)).to_be_visible()
    return page.url


def sign_up(hanako: Visitor) -> None:
    page = hanako.page
    page.get_by_role("link", name=re.compile("参加する")).last.click()
    page.locator("#sheet").get_by_role("button", name="参加を申し込む").click()
    expect(page.get_by_text("参加の申込みができました。")).to_be_visible()


def my_calendar(hanako: Visitor, activity: str) -> tuple[str, int, str]:
    """UID, SEQUENCE and beginning of the activity in the subscribed calendar."""
    page = hanako.page
    page.goto("/me/calendar")
    address = re.search(
        r"/calendars/[^\s\"'<]+\.ics", page.locator(".calendar-address").first.inner_text() or
        page.content()
    )  # fmt: skip
    assert address, "no calendar address on the page"
    # like a calendar program: without cookies, twice, the second time with what it knows
    with urllib.request.urlopen(hanako.base + address[0], timeout=10) as answer:  # noqa: S310
        feed = answer.read().decode()
    id = activity.rsplit("/", 1)[1]
    events = vobject.readOne(feed).vevent_list
    mine = next(e for e in events if e.uid.value.startswith(id))
    return mine.uid.value, int(mine.sequence.value), mine.dtstart.value.isoformat()


def postpone(kenji: Visitor, activity: str) -> None:
    """In the morning, on the phone: a tap, a day, a tap."""
    kenji.login("partner")
    page = kenji.page
    page.goto(f"{activity}/weather")
    page.get_by_text("延期にする").first.click()
    day = page.locator("input[name=day]")
    before = page.locator("time").first.get_attribute("datetime") or ""
    day.fill("2026-07-11")
    page.locator("input[name=starts]").fill("08:30")
    page.locator("input[name=why], textarea[name=why]").first.fill("大雨の予報のため")
    kenji.shot("matching-3-weather")
    page.get_by_role("button", name="延期にして知らせる").click()
    expect(page.get_by_role("heading", level=1, name=TITLE)).to_be_visible()
    assert "2026-07-11" not in before


def mail_that_says(page: Page, words: str) -> str:
    """The mail of the outbox with these words; the worker may need a moment."""
    found = page.locator(".card", has_text=words).first
    for _ in range(60):
        page.goto("/demo/outbox")
        if found.count():
            return found.inner_text()
        page.wait_for_timeout(250)
    raise AssertionError(f"no mail says {words}")


def test_from_a_town_in_kana_to_being_told_of_the_postponement(visit: Visit) -> None:
    hanako, kenji = visit(), visit()
    hanako.login("volunteer")
    activity = find_by_kana(hanako)
    hanako.shot("matching-1-activity")
    sign_up(hanako)

    uid, sequence, starts = my_calendar(hanako, activity)
    hanako.shot("matching-2-calendar")

    postpone(kenji, activity)

    moved = my_calendar(hanako, activity)
    assert moved[0] == uid and moved[1] > sequence
    assert moved[2].startswith("2026-07-11T08:30") and moved[2] != starts
    hanako.page.goto("/me/notices")
    told = hanako.page.locator("article", has_text="延期").first
    expect(told).to_contain_text("大雨の予報のため")
    hanako.shot("matching-4-told")
    told.get_by_role("link").first.click()
    expect(hanako.page.get_by_text("延期になりました")).to_be_visible()
    assert "8:30" in mail_that_says(hanako.page, "【延期】")


def test_an_offered_place_is_taken_from_the_mail_without_a_log_in(visit: Visit) -> None:
    """The link is enough: whoever holds it answers, in a browser that knows nobody."""
    hanako, phone = visit(), visit()
    hanako.login("volunteer")
    hanako.page.goto("/me/signups")
    offer = hanako.page.get_by_role("link", name=re.compile("返事をする")).first
    expect(offer).to_be_visible()
    hanako.shot("matching-5-offer")
    offer.click()
    phone.page.goto(hanako.page.url)
    assert "/offers/" in phone.page.url
    phone.page.get_by_role("button", name="参加する", exact=True).click()
    expect(phone.page.get_by_text("参加が決まりました")).to_be_visible()
    hanako.page.get_by_role("button", name="参加する", exact=True).click()  # a moment too late
    expect(hanako.page.get_by_text("参加が決まりました")).to_be_visible()
    hanako.page.goto("/me/signups")
    expect(hanako.page.get_by_role("link", name=re.compile("返事をする"))).to_have_count(0)


def test_coming_is_one_tap_on_the_code_of_the_host(visit: Visit) -> None:
    """The desk shows a code; who scans it says 来ました; the desk counts one more."""
    kenji, hanako = visit(), visit()
    kenji.login("partner")
    kenji.page.goto("/partner/opportunities")
    kenji.page.get_by_role("link", name=re.compile("きょうの一斉清掃")).first.click()
    kenji.page.goto(f"{kenji.page.url}/checkin")
    kenji.shot("matching-6-desk")
    picture = Image.open(io.BytesIO(kenji.page.locator(".qr-frame").first.screenshot()))
    (code,) = zxingcpp.read_barcodes(picture)
    hanako.login("volunteer")
    hanako.page.goto(urlsplit(code.text).path)
    hanako.page.get_by_role("button", name=re.compile("来ました")).first.click()
    expect(hanako.page.locator("main")).to_contain_text(re.compile("受付|ありがとう"))
    hanako.shot("matching-7-arrived")


def test_wishes_are_said_once_and_give_reasons(visit: Visit) -> None:
    hanako = visit()
    hanako.login("volunteer")
    page = hanako.page
    page.goto("/me/preferences")
    page.get_by_role("checkbox", name=re.compile("日曜.*午前")).first.check(force=True)
    page.get_by_role("button", name="保存する").last.click()
    page.goto("/opportunities")
    reasons = page.locator("article.activity").first
    expect(reasons).to_contain_text(re.compile("家から約|空いています|人手|はじめて"))
    hanako.shot("matching-8-reasons")
    desk = visit(DESK)
    desk.login("staff")
    desk.page.goto("/staff/matching")
    desk.shot("matching-9-staff")
