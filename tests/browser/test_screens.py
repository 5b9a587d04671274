"""Every page as a person meets it: a picture for eyes, axe (WCAG 2.2 AA), and nothing cut sideways.

Pictures are kept under ``var/screens`` for looking at; the checks decide.
"""

import re

import pytest

from tests.browser.conftest import DESK, PHONE, Visit, Visitor

NARROW = {"width": 320, "height": 640}  # 400 % zoom of a desk, WCAG 1.4.10

PAGES: dict[str, list[str]] = {
    "": [
        "/", "/opportunities", "/opportunities?place=母恋駅", "/opportunities?day=2031-01-01",
        "{opportunity}", "/areas", "/areas/A-0025", "/partners/MP-0001", "/places", "/help",
        "/privacy", "/accessibility", "/login", "/no-such-page", "/styleguide",
    ],
    "volunteer": ["/", "/me", "/me/signups", "{opportunity}", "{opportunity}/signup"],
    "partner": [
        "/partner", "/partner/areas", "/partner/cleanups", "/partner/cleanups/new", "{cleanup}",
        "{cleanup}/edit", "{cleanup}/withdraw", "/partner/opportunities",
        "/partner/opportunities/new",
    ],
    "staff": [
        "/staff", "/staff/coverage", "/staff/areas", "/staff/areas/new", "/staff/areas/A-0025/edit",
        "/staff/areas/import", "/staff/partners", "/staff/cleanups",
    ],
    "admin": ["/staff/audit"],
}  # fmt: skip


def resolve(visitor: Visitor, path: str) -> str:
    """Put a real address where a page stands for one of many."""
    if "{opportunity}" in path:
        visitor.page.goto("/opportunities")
        link = visitor.page.locator("article .card__title a").first.get_attribute("href")
        return path.replace("{opportunity}", str(link))
    if "{cleanup}" in path:
        visitor.page.goto("/partner/cleanups")
        link = visitor.page.locator("main a[href^='/cleanups/']").first.get_attribute("href")
        return path.replace("{cleanup}", str(link))
    return path


def name_of(role: str, path: str, width: int) -> str:
    plain = re.sub(r"[^\w]+", "-", path).strip("-") or "home"
    return f"{role or 'anyone'}-{plain}-{width}"


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("role", PAGES)
def test_pages(visit: Visit, role: str, size: dict[str, int]) -> None:
    visitor = visit(size)
    visitor.expected_statuses = {404}
    if role:
        visitor.login(role)
    problems: list[str] = []
    for path in PAGES[role]:
        visitor.page.goto(resolve(visitor, path))
        visitor.page.wait_for_load_state("networkidle")
        visitor.shot(name_of(role, path, size["width"]))
        problems += [f"{path}: {found}" for found in visitor.axe()]
        if visitor.sideways() > 0:
            problems.append(f"{path}: {visitor.sideways()} px cut off at the side")
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("role", PAGES)
def test_narrow(visit: Visit, role: str) -> None:
    """320 px wide: everything reflows."""
    visitor = visit(NARROW)
    visitor.expected_statuses = {404}
    if role:
        visitor.login(role)
    wide = []
    for path in PAGES[role]:
        visitor.page.goto(resolve(visitor, path))
        if visitor.sideways() > 0:
            wide.append(f"{path}: {visitor.sideways()} px")
    assert not wide, "\n".join(wide)


@pytest.mark.parametrize(
    "path", ["/", "/opportunities", "/areas", "/areas/A-0025", "/login", "/help"]
)
def test_without_javascript(visit: Visit, path: str) -> None:
    visitor = visit(PHONE, java_script_enabled=False)
    visitor.page.goto(path)
    assert visitor.page.locator("main h1").first.is_visible()
    visitor.shot(name_of("nojs", path, 390))


@pytest.mark.parametrize("scheme", ["dark"])
def test_dark(visit: Visit, scheme: str) -> None:
    visitor = visit(PHONE, color_scheme=scheme)
    problems = []
    for path in ("/", "/opportunities", "/areas/A-0025", "/login"):
        visitor.page.goto(path)
        visitor.page.wait_for_load_state("networkidle")
        visitor.shot(name_of(scheme, path, 390))
        problems += [f"{path}: {found}" for found in visitor.axe()]
    assert not problems, "\n".join(problems)


def test_winter(visit: Visit, winter_server: str) -> None:
    """Inside the pause the map shows the season's end and says so; coming activities fit."""
    anyone = visit(PHONE, base=winter_server)
    anyone.page.goto("/")
    anyone.shot("winter-home-390")
    assert anyone.page.locator("article.activity").count() >= 3
    staff = visit(DESK, base=winter_server)
    staff.login("staff")
    staff.page.goto("/staff/coverage")
    staff.page.wait_for_load_state("networkidle")
    staff.shot("winter-coverage-1280")
    text = staff.page.locator("main").inner_text()
    assert "冬" in text
    assert "11月30日" in text
