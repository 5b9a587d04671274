"""Every page as a person meets it: axe (WCAG 2.2 AA), and nothing cut sideways at any width.

With ``MACHIPIKA_SCREENS=1`` a picture of each page is kept under ``var/screens`` for eyes.
"""

import os
import re

import pytest

from server.routes import ROWS
from tests.browser.conftest import DESK, PHONE, Visit
from tests.browser.tour import NOT_VISITED, TOURS, Walk, route_of

NARROW = {"width": 320, "height": 640}  # 400 % zoom of a desk, WCAG 1.4.10
MISSING = "/no-such-page"
# There the bar under the thumb stands in its own place and covers nothing.
END = "window.scrollTo(0, document.body.scrollHeight)"
PICTURES = bool(os.environ.get("MACHIPIKA_SCREENS"))


def test_every_page_is_visited() -> None:
    """A new page stands on a tour, or on the list of those that need none with its reason."""
    visited = {route_of(stop) for _, stops in TOURS.values() for stop in stops}
    pages = {row.name for row in ROWS if "GET" in row.methods and not row.name.startswith("layer_")}
    assert sorted(pages - visited - set(NOT_VISITED)) == []
    assert sorted(set(NOT_VISITED) - pages) == []
    assert sorted(set(NOT_VISITED) & visited) == []


def name_of(role: str, path: str, width: int) -> str:
    plain = re.sub(r"[^\w]+", "-", re.sub(r"[0-9a-f-]{36}", "id", path)).strip("-") or "home"
    return f"{role or 'anyone'}-{plain}-{width}"


@pytest.mark.parametrize("tour", TOURS)
def test_pages(visit: Visit, tour: str) -> None:
    """Each page is loaded once and looked at in three widths, as when a window is resized."""
    role, stops = TOURS[tour]
    visitor = visit(DESK)
    visitor.expected_statuses = {404}
    if role:
        visitor.login(role)
    walk = Walk(visitor)
    problems: list[str] = []
    for stop in stops:
        visitor.page.set_viewport_size(DESK)  # type: ignore[arg-type]
        path, status = walk.go(stop)
        if status != (404 if path == MISSING else 200):
            problems.append(f"{path}: status {status}")
        for size in (DESK, PHONE, NARROW):
            visitor.page.set_viewport_size(size)  # type: ignore[arg-type]
            width = size["width"]
            if visitor.sideways() > 0:
                problems.append(f"{path} at {width}: {visitor.sideways()} px cut off at the side")
            if size is not NARROW:
                visitor.page.evaluate(END)
                problems += [f"{path} at {width}: {found}" for found in visitor.axe()]
                if PICTURES:
                    visitor.shot(name_of(role, path, width))
    assert not problems, "\n".join(problems)


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
