"""The staff's desk by keyboard alone, and with the letters switched off."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import DESK, Visit
from tests.browser.test_ways import press_until

OPEN = "[data-desk-open]"


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id"))


def test_the_queue_by_keyboard_alone(visit: Visit) -> None:
    sato = visit(DESK)
    sato.login("staff")
    page = sato.page
    page.goto("/staff/desk?section=all&who=free")
    page.wait_for_load_state("networkidle")
    page.keyboard.press("j")  # outside the list a letter is only a letter
    assert focused(page) == ""
    press_until(page, OPEN)
    ids = page.locator(OPEN).evaluate_all("links => links.map(one => one.id)")
    assert len(ids) > 3
    for key, at in (("j", 1), ("ArrowDown", 2), ("k", 1), ("ArrowUp", 0), ("ArrowUp", 0)):
        page.keyboard.press(key)
        assert focused(page) == ids[at], key
    page.keyboard.press("x")
    expect(page.locator("[data-desk-row] input:checked")).to_have_count(1)
    page.keyboard.press("x")
    expect(page.locator("[data-desk-row] input:checked")).to_have_count(0)
    page.keyboard.press("a")  # taken: the row leaves the list of the free ones, the next is focused
    expect(page.locator(".said")).to_contain_text("1件を受け持ちました。")
    expect(page.locator(f"#{ids[0]}")).to_have_count(0)
    expect(page.locator(f"#{ids[1]}")).to_be_focused()
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_have_attribute("open", "")
    assert sato.axe() == []
    press_until(page, "#keys-on")
    page.keyboard.press("Space")
    page.locator(f"#{ids[1]}").focus()
    page.keyboard.press("x")  # switched off; the arrows, which are no letters, stay
    expect(page.locator("[data-desk-row] input:checked")).to_have_count(0)
    page.keyboard.press("ArrowDown")
    assert focused(page) == ids[2]
    page.reload()
    expect(page.locator("#keys-on")).not_to_be_checked()
    press_until(page, OPEN)
    page.keyboard.press("Enter")
    expect(page).not_to_have_url(re.compile("/staff/desk"))


def test_a_filter_keeps_the_focus(visit: Visit) -> None:
    sato = visit(DESK)
    sato.login("staff")
    page = sato.page
    page.goto("/staff/desk?section=all")
    page.locator("#who").focus()
    page.keyboard.press("ArrowDown")
    expect(page).to_have_url(re.compile(r"/staff/desk\?section=all&who=mine$"))
    expect(page.locator("#who")).to_be_focused()


def test_the_yearly_table_is_one_click_away(visit: Visit) -> None:
    sato = visit(DESK)
    sato.login("staff")
    page = sato.page
    page.get_by_role("link", name="情報交換会資料").click()
    expect(page.get_by_role("rowheader", name="活動区域数 (か所)")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Excelで保存").click()
    assert download.value.suggested_filename == "exchange-2026.xlsx"
