"""Other ways through: keyboard only, few taps, position kept private, drawing with the finger."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import DESK, Visit


def press_until(page: Page, selector: str, key: str = "Tab", times: int = 80) -> None:
    """Move the focus with the keyboard to ``selector``; fails if it never gets there."""
    for _ in range(times):
        if page.evaluate("s => document.activeElement?.matches(s) ?? false", selector):
            return
        page.keyboard.press(key)
    raise AssertionError(f"the keyboard never reached {selector}")


def test_log_by_keyboard_alone(visit: Visit) -> None:
    kenji = visit()
    kenji.expected_statuses = {422}
    kenji.login("partner")
    page = kenji.page
    page.goto("/partner/cleanups/new")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("本文へすすむ")
    press_until(page, "#people")
    page.keyboard.press("Control+a")
    page.keyboard.type("0")
    page.keyboard.press("Enter")
    # the summary takes the focus, and what was typed is still there
    expect(
        page.locator(".error-summary:focus, .error-summary :focus, [data-focus]:focus")
    ).to_be_visible()
    expect(page.locator("#people")).to_have_value("0")
    press_until(page, "#people")
    page.keyboard.press("Control+a")
    page.keyboard.type("９")  # full-width is fine
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="おつかれさまでした")).to_be_visible()
    expect(page.locator("main")).to_contain_text("9人")


def test_log_in_at_most_eight_taps(visit: Visit) -> None:
    kenji = visit(has_touch=True)
    kenji.login("partner")
    page = kenji.page
    page.goto("/partner")
    taps = 0

    def tap(selector: str) -> None:
        nonlocal taps
        taps += 1
        page.locator(selector).first.tap()

    tap("main a[href^='/partner/cleanups/new']")
    for _ in range(3):
        tap("[data-step='1'][aria-controls='bags']")
    tap("[data-step='1'][aria-controls='people']")
    tap("button[type=submit]:has-text('記録する')")
    expect(page.get_by_role("heading", name="おつかれさまでした")).to_be_visible()
    assert taps <= 8


def test_sheet_opens_and_gives_the_focus_back(visit: Visit) -> None:
    hanako = visit()
    hanako.login("volunteer")
    page = hanako.page
    page.goto("/opportunities")
    button = page.locator("article.activity a", has_text="参加する").first
    button.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#sheet").get_by_role("button", name="参加を申し込む")).to_be_visible()
    assert page.evaluate("document.querySelector('#sheet').contains(document.activeElement)")
    page.keyboard.press("Escape")
    expect(page.locator("#sheet").get_by_role("button", name="参加を申し込む")).to_be_hidden()
    expect(button).to_be_focused()


def test_my_position_is_in_no_address(visit: Visit) -> None:
    anyone = visit(
        geolocation={"longitude": 140.98905, "latitude": 42.31695}, permissions=["geolocation"]
    )
    asked: list[str] = []
    anyone.page.on("request", lambda request: asked.append(request.url))
    anyone.page.goto("/opportunities")
    anyone.page.locator("[data-locate]").first.click()
    expect(anyone.page.locator("article.activity").first).to_contain_text(re.compile(r"約\d"))
    anyone.page.wait_for_load_state("networkidle")
    leaked = [url for url in asked if "140.989" in url or "42.316" in url or "42.317" in url]
    assert leaked == []


def test_staff_draw_a_new_area(visit: Visit) -> None:
    staff = visit(DESK)
    staff.login("staff")
    page = staff.page
    page.goto("/staff/areas/new")
    page.get_by_role("button", name="線を引く").click()
    box = page.locator("#map-draw").bounding_box()
    assert box
    for x, y in ((0.35, 0.45), (0.45, 0.5), (0.55, 0.42)):
        page.mouse.click(box["x"] + box["width"] * x, box["y"] + box["height"] * y)
    page.get_by_role("button", name="ここで終わる").click()
    expect(page.locator("[data-map-tools]")).to_contain_text(re.compile("長さ"))
    page.locator("#name").fill("見本の新しい通り")
    page.locator("#kind").select_option("city_road")
    page.locator("#manager").select_option("city")
    staff.shot("staff-draw-1280")
    page.locator("#area-form button[type=submit]").last.click()
    expect(page.get_by_text("活動区域を登録しました。")).to_be_visible()
    page.goto("/areas?q=見本の新しい通り")
    expect(page.get_by_text("見本の新しい通り").first).to_be_visible()


def test_what_was_drawn_is_not_lost(visit: Visit) -> None:
    """On the way out the browser asks; the one main button at the thumb adds the place."""
    hanako = visit()
    hanako.login("volunteer")
    page = hanako.page
    page.goto("/applications/new")
    page.locator("main li", has_text="下書き").first.get_by_role("link").click()
    page.goto(page.url + "/edit/areas?way=draw")
    expect(page.locator(".actions .button:not(.button--quiet)")).to_have_text(["この場所を加える"])
    page.locator("#wish-form #name").fill("見本の小道")
    page.on("dialog", lambda dialog: dialog.dismiss())
    with page.expect_event("dialog") as asked:
        page.get_by_role("link", name="加えずにもどる").click(no_wait_after=True)
    assert asked.value.type == "beforeunload"
    expect(page.locator("#wish-form #name")).to_have_value("見本の小道")
