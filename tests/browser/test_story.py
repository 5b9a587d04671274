"""The main job, end to end: join → log → see it on the coverage map → everybody can read it."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import DESK, Visit, Visitor

AREA = "A-0025"  # 母恋〜輪西 歩道, cared for by 見本母恋町会 (けんじ)


WORDS = {"fresh": "14日以内", "due": "45日以内", "overdue": "45日より前"}


def coverage_state(staff: Visitor) -> str:
    """What map and table say about the area; they must agree."""
    page = staff.page
    with page.expect_response(re.compile("/layers/coverage")) as answer:
        page.goto(f"/staff/coverage?q={AREA}")
    features = answer.value.json()["features"]
    assert [f["properties"]["name"] for f in features] == ["母恋〜輪西 歩道"]
    state = str(features[0]["properties"]["state"])
    row = page.locator("tr[data-feature-id]")
    expect(row).to_have_count(1)
    if state in WORDS:
        expect(row).to_contain_text(WORDS[state])
    else:
        expect(row).to_contain_text("記録なし")
    # the map drew it: a line in the colour of that state
    expect(page.locator(f"#map-coverage path.map-state-{state}").first).to_be_attached()
    return state


def join_the_next_activity(hanako: Visitor) -> str:
    """Find by kana, two taps, see it among my sign-ups; returns the title."""
    hanako.login("volunteer")
    page = hanako.page
    page.goto("/")
    page.get_by_label("駅や町の名前").fill("ぼこい")
    page.get_by_role("button", name="さがす", exact=True).click()
    page.wait_for_load_state("networkidle")
    if "/places" in page.url:
        page.get_by_role("link", name=re.compile("母恋駅")).first.click()
    card = page.locator("article.activity", has_text="見本母恋町会").filter(
        has=page.get_by_role("link", name="参加する")
    )
    title = card.first.locator(".card__title a").inner_text()
    card.first.get_by_role("link", name="参加する").click()  # tap one
    page.locator("#sheet").get_by_role("button", name="参加を申し込む").click()  # tap two
    expect(page.get_by_text("参加の申込みができました。")).to_be_visible()
    page.goto("/me/signups")
    expect(page.get_by_text(title).first).to_be_visible()
    hanako.shot("story-1-signed-up")
    return title


def log_the_work(kenji: Visitor, title: str) -> None:
    """The partner sees the new helper and logs the finished work: area, people, bags, send."""
    kenji.login("partner")
    page = kenji.page
    page.goto("/partner/opportunities")
    expect(page.get_by_text(title).first).to_be_visible()
    page.goto("/partner")
    page.get_by_role("link", name="活動を記録する").first.click()
    page.locator("#area").select_option(AREA)
    page.locator("#people").fill("14")
    page.locator("#bags").fill("6")
    kenji.shot("story-2-log")
    page.get_by_role("button", name="記録する").click()
    expect(page.get_by_role("heading", name="おつかれさまでした")).to_be_visible()
    expect(page.get_by_text("この区域は、いま「きれい」です。")).to_be_visible()
    kenji.shot("story-3-thanks")


def test_the_main_job(visit: Visit) -> None:
    staff, hanako, kenji, admin, anyone = (
        visit(DESK), visit(), visit(), visit(DESK), visit()
    )  # fmt: skip
    staff.login("staff")
    before = coverage_state(staff)
    assert before != "fresh"

    title = join_the_next_activity(hanako)
    log_the_work(kenji, title)

    assert coverage_state(staff) == "fresh"
    staff.shot("story-4-coverage")

    anyone.page.goto(f"/areas/{AREA}")
    expect(anyone.page.get_by_text("14人").first).to_be_visible()
    expect(anyone.page.get_by_text("6月14日").first).to_be_visible()
    anyone.shot("story-5-public-area")

    admin.login("admin")
    admin.page.goto("/staff/audit")
    trail = admin.page.locator("main")
    expect(trail).to_contain_text("見本けんじ")
    expect(trail).to_contain_text("見本はなこ")
