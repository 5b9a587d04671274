"""The partner programme end to end: a company applies, agrees, changes, rests, goes on."""

import re

import pypdfium2
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESK, SCREENS, Visit, Visitor

COMPANY = "見本髙﨑建設"
PRINTED = (
    COMPANY, "港をたずねる人を、きれいな通りで迎えます。", "見本の港通り", "令和8年6月14日",
    "令和9年3月31日", "代表取締役", "見本たかし", "土木課維持係", "室蘭市",
)  # fmt: skip
WORDS = re.compile(r"/applications/([0-9a-f-]{36})")


def log_in_by_mail(visitor: Visitor, email: str, name: str) -> None:
    """The way of somebody new: an address, a code from the mail, a name."""
    page = visitor.page
    page.goto("/login?next=/applications/new")
    page.get_by_label("メールアドレス").fill(email)
    page.get_by_role("button", name="コードを送る").click()
    page.wait_for_url("**/login/code**")
    with visitor.context.new_page() as outbox:
        outbox.goto("/demo/outbox")
        code = re.search(r"\b(\d{6})\b", outbox.locator(".mail-body").first.inner_text())
    assert code
    page.get_by_label("コード").fill(code[1])
    page.get_by_role("button", name="ログインする").click()
    page.get_by_label(re.compile("お名前")).fill(name)
    page.locator("main form button[type=submit]").last.click()
    page.wait_for_url("**/applications/new")


def draw_a_line(page: Page) -> None:
    """Along the street, by tapping on the map."""
    page.get_by_role("button", name="線を引く").click()
    page.locator("#map-draw").scroll_into_view_if_needed()
    box = page.locator("#map-draw").bounding_box()
    assert box
    for x, y in ((0.40, 0.40), (0.50, 0.46), (0.60, 0.42)):
        page.mouse.click(box["x"] + box["width"] * x, box["y"] + box["height"] * y)
    page.get_by_role("button", name="ここで終わる").click()
    expect(page.locator("[data-map-tools]")).to_contain_text(re.compile("長さ"))


def next_part(page: Page) -> None:
    page.get_by_role("button", name="保存して次へ").click()
    page.wait_for_load_state("networkidle")


def apply(kaisha: Visitor) -> str:
    """All parts of the application on a phone; returns the id of the case."""
    page = kaisha.page
    page.get_by_text("企業・団体", exact=True).click()
    page.get_by_role("button", name="つぎへ").click()
    page.wait_for_url("**/edit/group")
    page.get_by_label("団体名", exact=False).first.fill(COMPANY)
    page.locator("#name_kana").fill("みほんたかさきけんせつ")
    page.locator("#people").fill("２４")
    next_part(page)
    page.locator("#name").fill("見本たかし")
    page.locator("#name_kana").fill("ﾐﾎﾝﾀｶｼ")
    page.locator("#title").fill("代表取締役")
    page.locator("#postal_code").fill("0500083")
    page.locator("#address").fill("室蘭市東町")
    page.locator("#phone").fill("０１４３−２２−１１１１")
    page.locator("#emergency_name").fill("見本みつこ")
    page.locator("#emergency_phone").fill("090-0000-0000")
    kaisha.shot("programme-1-people")
    next_part(page)
    page.goto(page.url.split("?")[0] + "?way=draw")
    draw_a_line(page)
    page.locator("#wish-form #name").fill("見本の港通り")
    page.locator("#wish-form #kind").select_option("city_road")
    kaisha.shot("programme-2-drawn")
    page.get_by_role("button", name="この場所を加える").click()
    expect(page.locator("#chosen")).to_contain_text("見本の港通り")
    expect(page.locator("#chosen")).to_contain_text(re.compile(r"\d+(\.\d+)?k?m"))
    page.get_by_role("link", name="つぎへ進む").click()
    page.get_by_text("ごみ拾い", exact=True).click()
    page.locator("#times_per_year").fill("6")
    page.locator("#season").fill("4月から11月の第2土曜")
    page.get_by_text("公用袋", exact=True).click()
    next_part(page)
    page.locator("#pledged").check()
    page.locator("#privacy_agreed").check()
    for field in ("consent_name", "consent_photos"):
        page.locator(f"#{field}-0, [name={field}][value=yes]").first.check()
    next_part(page)
    kaisha.shot("programme-3-confirm")
    page.get_by_role("button", name="届け出る").click()
    expect(page.get_by_text("届出済").first).to_be_visible()
    found = WORDS.search(page.url)
    assert found
    return found[1]


def send_back_and_correct(staff: Visitor, kaisha: Visitor, case: str) -> None:
    page = staff.page
    page.goto(f"/staff/applications/{case}")
    staff.shot("programme-4-staff-case")
    page.get_by_role("button", name="確認をはじめる").click()
    expect(page.get_by_text("確認中").first).to_be_visible()
    page.locator("#comment").fill("ごみを置く場所を教えてください。")
    page.get_by_role("button", name="差し戻す").click()
    expect(page.get_by_text("差戻し").first).to_be_visible()
    page = kaisha.page
    page.goto(f"/applications/{case}")
    expect(page.get_by_text("ごみを置く場所を教えてください。").first).to_be_visible()
    kaisha.shot("programme-5-returned")
    page.goto(f"/applications/{case}/edit/plan")
    page.locator("#bag_place").fill("港通りの入口の空き地")
    next_part(page)
    page.goto(f"/applications/{case}/submit")
    page.get_by_role("button", name="届け出る").click()
    expect(page.get_by_text("届出済").first).to_be_visible()


def agree(staff: Visitor, kaisha: Visitor, case: str) -> str:
    """The city prepares the text, both confirm it; returns the address of the agreement."""
    page = staff.page
    page.goto(f"/staff/applications/{case}")
    page.get_by_role("button", name="確認をはじめる").click()
    page.get_by_role("link", name="合意書の案を作る").click()
    page.locator("#purpose").fill("港をたずねる人を、きれいな通りで迎えます。")
    staff.shot("programme-6-proposal")
    page.get_by_role("button", name="この案を保存して知らせる").click()
    expect(page.get_by_text("確認を待っています").first).to_be_visible()
    confirm(page)
    agreement = page.url.split("?")[0]
    page = kaisha.page
    page.goto(agreement)
    kaisha.shot("programme-7-agreement")
    assert kaisha.axe() == []
    confirm(page)
    expect(page.get_by_text("合意済").first).to_be_visible()
    return agreement


def confirm(page: Page) -> None:
    page.get_by_role("button", name="この内容で合意します").click()
    page.locator("dialog#confirm").get_by_role("button", name="合意します").click()
    page.wait_for_load_state("networkidle")


def look_at_the_pdf(kaisha: Visitor, agreement: str) -> None:
    """What comes out of the printer: text without tofu, the map drawn, Japanese years."""
    answer = kaisha.context.request.get(agreement + ".pdf")
    assert answer.status == 200 and answer.headers["content-type"] == "application/pdf"
    document = pypdfium2.PdfDocument(answer.body())
    text = re.sub(r"\s", "", "".join(p.get_textpage().get_text_range() for p in document))
    for words in PRINTED:
        assert words in text, words
    assert "\ufffd" not in text and "□□" not in text
    SCREENS.mkdir(parents=True, exist_ok=True)
    for number, page in enumerate(document, 1):
        picture = page.render(scale=2).to_pil()
        picture.save(SCREENS / f"programme-8-pdf-{number}.png")
        colours = picture.resize((200, 280)).getcolors(56_000)
        assert colours and len(colours) > 20  # neither blank nor black
        page.close()
    kept = (kaisha.context.request.get(agreement + ".pdf")).body()
    assert kept == answer.body()  # the same print every time
    document.close()


def change_the_representative(staff: Visitor, kaisha: Visitor) -> str:
    """A notice by the partner, accepted by the city; returns the partner's code."""
    page = kaisha.page
    page.goto("/partner/agreement")
    code = re.search(r"MP-\d{4}", page.locator("main").inner_text())
    assert code
    page.get_by_role("link", name="代表者の変更").click()
    page.locator("#name").fill("見本よしえ")
    page.locator("#name_kana").fill("みほんよしえ")
    page.locator("#address").fill("室蘭市東町")
    page.locator("#phone").fill("0143-22-1111")
    page.get_by_role("button", name="届け出る").click()
    expect(page.get_by_text("届出済").first).to_be_visible()
    notice = page.url
    assert "/partner/notices/" in notice or page.goto("/partner/agreement")
    staff.page.goto(f"/staff/desk?section=&q={COMPANY}")
    staff.page.goto(f"/staff/partners/{code[0]}")
    staff.page.get_by_role("link", name=re.compile("代表者の変更")).last.click()
    expect(staff.page.locator("main")).to_contain_text("見本たかし")
    expect(staff.page.locator("main")).to_contain_text("見本よしえ")
    staff.shot("programme-9-notice")
    staff.page.get_by_role("button", name="受理する").click()
    expect(staff.page.get_by_text("受理", exact=True).first).to_be_visible()
    page.goto("/partner/agreement")
    expect(page.locator("main")).to_contain_text("見本よしえ")
    return code[0]


def rest_and_go_on(kaisha: Visitor) -> None:
    page = kaisha.page
    page.goto("/partner/agreement")
    page.get_by_role("link", name="休止する").click()
    page.locator("#comment").fill("社屋の工事のため")
    page.get_by_role("button", name="休止する").click()
    expect(page.get_by_text("休止中").first).to_be_visible()
    kaisha.shot("programme-10-paused")
    page.goto("/partner/cleanups/new")
    expect(page.locator("main")).not_to_contain_text("見本の港通り")
    page.goto("/partner/agreement")
    page.get_by_role("link", name="再開する").click()
    page.get_by_role("button", name="再開する").click()
    expect(page.get_by_text("活動中").first).to_be_visible()
    page.goto("/partner/cleanups/new")
    expect(page.locator("main")).to_contain_text("見本の港通り")


def renew(staff: Visitor, kaisha: Visitor, code: str) -> None:
    staff.page.goto(f"/staff/partners/{code}")
    staff.page.get_by_role("button", name="更新の時期にする").click()
    expect(staff.page.get_by_text("更新待ち").first).to_be_visible()
    page = kaisha.page
    page.goto("/partner/agreement")
    kaisha.shot("programme-11-renewal")
    page.get_by_role("link", name="続ける").click()
    page.get_by_role("button", name="続ける").click()
    expect(page.get_by_text("活動中").first).to_be_visible()
    expect(page.locator("main")).to_contain_text(re.compile("2028年3月31日|令和10年"))
    kaisha.shot("programme-12-renewed")


def test_the_programme(visit: Visit) -> None:
    kaisha, staff = visit(), visit(DESK)
    staff.login("staff")
    log_in_by_mail(kaisha, "kaisha@example.jp", "見本みつこ")
    case = apply(kaisha)
    send_back_and_correct(staff, kaisha, case)
    agreement = agree(staff, kaisha, case)
    look_at_the_pdf(kaisha, agreement)
    code = change_the_representative(staff, kaisha)
    rest_and_go_on(kaisha)
    renew(staff, kaisha, code)

    anyone = visit()
    anyone.page.goto(f"/partners/{code}")
    expect(anyone.page.locator("main")).to_contain_text(COMPANY)
    expect(anyone.page.locator("main")).not_to_contain_text("見本よしえ")
    staff.page.goto(f"/staff/applications/{case}")
    for state in ("差戻し", "合意済", "休止中", "更新待ち"):
        expect(staff.page.locator("main")).to_contain_text(state)
    staff.shot("programme-13-history")
