"""The main jobs of the programme by keyboard alone. (The desk's rows: test_desk.py.)"""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import DESK, Visit, Visitor
from tests.browser.test_ways import press_until

# What is focused, whether a ring is drawn around it or its frame, and whether it is on the screen.
FOCUS = """() => {
  const here = document.activeElement;
  if (!here || here === document.body) return null;
  const frames = [here, here.closest(".choice, .number, .select"), here.nextElementSibling];
  const ring = one => one && (getComputedStyle(one).outlineStyle !== "none"
    && parseFloat(getComputedStyle(one).outlineWidth) > 0);
  const inside = getComputedStyle(here, "::after");  // maps draw theirs over the tiles
  const drawn = inside.content !== "none" && parseFloat(inside.borderTopWidth) > 0;
  const box = here.getBoundingClientRect();
  here.dataset.reached = "yes";
  return {
    name: here.tagName + "#" + here.id + "." + here.className + " " + here.innerText?.slice(0, 20),
    ring: frames.some(ring) || drawn,
    seen: box.bottom > 0 && box.top < innerHeight,
  };
}"""
LEFT_OUT = """() => [...document.querySelectorAll(
    "main :is(a[href], button, input, select, textarea, summary):not([type=hidden], :disabled)")]
  .filter(one => one.checkVisibility({visibilityProperty: true}) && !one.dataset.reached
    && one.tabIndex >= 0 && !one.closest("[data-map]"))
  .filter(one => one.type !== "radio" || !document.querySelector(
    `[data-reached][name="${one.name}"]`))  // one stop for a group of radio buttons
  .map(one => one.outerHTML.slice(0, 90))"""


def summary_of(page: Page) -> Locator:
    """The list of mistakes, and that it has the focus."""
    summary = page.locator(".error-summary")
    expect(summary).to_be_visible()
    focused = page.locator(".error-summary:focus, .error-summary :focus")
    expect(focused).to_be_visible()
    return summary


def press(page: Page, selector: str, key: str = "Enter") -> None:
    """Go to a control with Tab and press a key on it."""
    press_until(page, selector, times=160)
    page.keyboard.press(key)


def write(page: Page, selector: str, text: str) -> None:
    press_until(page, selector, times=160)
    page.keyboard.press("Control+a")
    page.keyboard.type(text)


def open_as(visitor: Visitor, role: str, path: str) -> Page:
    visitor.expected_statuses = {422}
    visitor.login(role)
    visitor.page.goto(path)
    return visitor.page


def test_apply(visit: Visit) -> None:
    """Begin an application, be told what is missing, fill in a part, save it, stop half-way."""
    page = open_as(visit(), "volunteer", "/applications/new")
    press(page, "main button[type=submit]")
    expect(summary_of(page)).to_contain_text("だれとして")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # the link of the summary leads to the field
    press(page, "input[name=subject]", "Space")
    page.keyboard.press("ArrowDown")  # 市民個人 → 町内会・自治会
    expect(page.locator("input[name=subject]:checked")).to_have_value("neighbourhood")
    press(page, "main button[type=submit]")
    page.wait_for_url(re.compile("/edit/group$"))
    write(page, "#name", "見本キーボード町会")
    write(page, "#people", "たくさん")
    page.keyboard.press("Enter")
    expect(summary_of(page)).to_contain_text("構成員")
    expect(page.locator("#name")).to_have_value("見本キーボード町会")
    write(page, "#people", "12")
    press(page, "button:not([name])[type=submit]")
    page.wait_for_url(re.compile("/edit/people$"))
    press(page, "button[name=later]")
    page.wait_for_url(re.compile("/applications/[0-9a-f-]{36}$"))
    expect(page.locator("main")).to_contain_text("見本キーボード町会")


def test_ask_for_a_pickup(visit: Visit) -> None:
    page = open_as(visit(), "partner", "/partner/pickups/new")
    write(page, "#place_note", "")
    page.keyboard.press("Enter")
    expect(summary_of(page)).to_contain_text("置き場所の目印")
    write(page, "#place_note", "見本の掲示板の下")
    write(page, "#litter-0-quantity", "３")
    press(page, "main .actions button")
    expect(page.locator("main h1")).to_contain_text("回収依頼")
    expect(page.locator("main")).to_contain_text("見本の掲示板の下")
    expect(page.locator("main")).to_contain_text("燃やせるごみ 3袋")


def test_reserve_a_mower(visit: Visit) -> None:
    page = open_as(visit(), "partner", "/partner/loans/new")
    for field, day in (("#first", "08102026"), ("#last", "08122026")):
        press_until(page, field, times=160)
        page.keyboard.type(day)  # month, day, year in this browser
    assert page.locator("#first").input_value() == "2026-08-10"
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("first=2026-08-10"))
    press(page, "main .actions button")
    expect(summary_of(page)).to_contain_text("機械")
    press(page, "input[name=unit]", "Space")
    write(page, "#purpose", "土手の草刈り")
    press(page, "main .actions button")
    expect(page.locator("main h1")).to_contain_text("草刈り機 K-0")
    expect(page.locator("main")).to_contain_text("予約")
    expect(page.locator("main")).to_contain_text("土手の草刈り")


def test_staff_decide_a_request(visit: Visit) -> None:
    page = open_as(visit(DESK), "staff", "/staff/supplies?state=requested")
    press(page, "main a[href^='/partner/supplies/']")
    expect(page.locator("main h1")).to_have_text("支給の申請")
    form = "section[aria-labelledby=approve]"
    write(page, f"{form} .number__input", "0")
    press_until(page, f"{form} [data-step='1']")
    page.keyboard.press("Space")
    expect(page.locator(f"{form} .number__input").first).to_have_value("1")
    press(page, f"{form} button[type=submit]")
    expect(page.locator("main .chip").first).to_have_text("承認")
    expect(page.locator(".history li").first).to_contain_text("承認")


@pytest.mark.parametrize(
    ("role", "path"),
    [
        ("", "/faults/new"), ("volunteer", "/applications/new"), ("partner", "/partner/agreement"),
        ("partner", "/partner/pickups/new"), ("partner", "/partner/loans/new"),
        ("coordinator", "/centre/announcements/new"), ("staff", "/staff/pickups/calendar"),
        ("staff", "/staff/partners/MP-0001"),
    ],
)  # fmt: skip
def test_focus_is_seen_and_never_trapped(visit: Visit, role: str, path: str) -> None:
    """Tab reaches every control, each with a ring and on the screen, and leaves the page again."""
    visitor = visit(DESK)
    if role:
        visitor.login(role)
    page = visitor.page
    page.goto(path)
    page.wait_for_load_state("networkidle")
    hidden: list[str] = []
    for _ in range(300):
        page.keyboard.press("Tab")
        focus = page.evaluate(FOCUS)
        if focus is None:
            break
        if not (focus["ring"] and focus["seen"]):
            hidden.append(focus["name"])
    else:
        raise AssertionError("Tab never left the page")
    assert hidden == []
    assert page.evaluate(LEFT_OUT) == []
