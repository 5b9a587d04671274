"""A real server with the demo city, and Debian's Chromium at phone size.

Any console error, CSP report, page error or request off this machine fails the test that caused it.
"""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.conftest import ROOT, run_statement, sql, url_of

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 800}
SCREENS = ROOT / "var/screens"
ARGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_ready(base: str, process: "subprocess.Popen[bytes]", seconds: float = 90) -> None:
    """Poll /readyz; fails with the server's exit code if it dies first."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.fail(f"the server ended with code {process.returncode}")
        try:
            with urllib.request.urlopen(f"{base}/readyz", timeout=2) as answer:  # noqa: S310
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    pytest.fail("the server was not ready in time")


@contextlib.contextmanager
def serving(cluster_url: str, now: str) -> Iterator[str]:
    """``machipika serve --demo`` on a database of its own, its clock starting at ``now``."""
    name = f"machipika_demo_{uuid.uuid4().hex[:8]}"
    port = free_port()
    log = ROOT / f"var/test/{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    environment = {
        **os.environ,
        "MACHIPIKA_DATABASE_URL": url_of(cluster_url, name),
        "MACHIPIKA_MAP_TILES_URL": "",
        "MACHIPIKA_DEMO_NOW": now,
        "PORT": str(port),
    }
    with open(log, "wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "server.cli", "serve", "--demo"],
            cwd=ROOT, env=environment, stdout=output, stderr=output,
        )  # fmt: skip
        try:
            base = f"http://127.0.0.1:{port}"
            wait_until_ready(base, process)
            yield base
        finally:
            process.terminate()
            process.wait(20)
            drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            run_statement(cluster_url, drop)


@pytest.fixture(scope="session")
def demo_server(cluster_url: str) -> Iterator[str]:
    """The demo on a Sunday morning in June, whatever day it is outside."""
    with serving(cluster_url, "2026-06-14T10:00:00+09:00") as base:
        yield base


@pytest.fixture(scope="module")
def winter_server(cluster_url: str) -> Iterator[str]:
    """The demo inside the winter pause."""
    with serving(cluster_url, "2027-01-20T10:00:00+09:00") as base:
        yield base


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium")
    assert path, "Debian's chromium is missing: run deploy/setup.sh test"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*ARGS, "--lang=ja"])
        yield browser
        browser.close()


Visit = Callable[..., "Visitor"]


class Visitor:
    """A person with a browser of their own. ``page`` is where they are."""

    def __init__(
        self, browser: Browser, base: str, size: dict[str, int], **options: object
    ) -> None:
        self.base = base
        self.allowed = urlsplit(base).netloc
        self.complaints: list[str] = []
        self.expected_statuses: set[int] = set()
        self.context: BrowserContext = browser.new_context(
            base_url=base, viewport=size, locale="ja-JP", timezone_id="Asia/Tokyo", **options
        )  # type: ignore[arg-type]
        self.page: Page = self.context.new_page()
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda e: self.complaints.append(f"page error: {e}"))
        self.page.on("request", self._request)

    def _console(self, message: object) -> None:
        text = getattr(message, "text", "")
        if getattr(message, "type", "") not in ("error", "warning"):
            return
        status = re.search(r"status of (\d{3})", text)
        if status and int(status.group(1)) in self.expected_statuses:
            return
        self.complaints.append(f"console: {text}")

    def _request(self, request: object) -> None:
        url = urlsplit(getattr(request, "url", ""))
        if url.scheme in ("http", "https") and url.netloc != self.allowed:
            self.complaints.append(f"request off the machine: {url.geturl()}")

    def login(self, role: str) -> None:
        """The one-tap demo log-in."""
        self.page.goto("/login")
        self.page.locator(f"form[action='/demo/login'] button[value='{role}']").click()
        self.page.wait_for_load_state("networkidle")

    def shot(self, name: str, *, full: bool = True) -> Path:
        """Keep a picture under var/screens for eyes."""
        SCREENS.mkdir(parents=True, exist_ok=True)
        path = SCREENS / f"{name}.png"
        self.page.screenshot(path=path, full_page=full)
        return path

    def sideways(self) -> int:
        """How many pixels the page scrolls sideways (should be 0)."""
        return int(
            self.page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
        )

    def axe(self) -> list[str]:
        """Violations of WCAG 2.2 A and AA that axe-core finds on the current page."""
        if not self.page.evaluate("'axe' in window"):
            source = (ROOT / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")
            self.page.evaluate(source + "; void 0")  # by the debugger, so CSP need not allow it
        found = self.page.evaluate(
            """async () => (await axe.run(document, {resultTypes: ['violations'], preload: false,
               runOnly: ['wcag2a','wcag2aa','wcag21a','wcag21aa','wcag22aa']})).violations
               .flatMap(v => v.nodes.map(n => v.id + ': ' + n.target.join(' ')))
            """
        )
        # WCAG 2.5.8 lets targets overlap where the same page offers another way: pins that stand
        # close have their list, and a tap between them opens a chooser.
        pins = ("aria-label", ".map-pin")
        return [one for one in found if not ("target-size" in one and any(p in one for p in pins))]

    def close(self) -> None:
        self.context.close()
        assert not self.complaints, "\n".join(self.complaints)


@pytest.fixture
def visit(chromium: Browser, demo_server: str) -> Iterator[Visit]:
    """``visit()`` opens a browser for one more person; all are checked at the end."""
    visitors: list[Visitor] = []

    def make(size: dict[str, int] = PHONE, base: str = demo_server, **options: object) -> Visitor:
        visitors.append(Visitor(chromium, base, size, **options))
        return visitors[-1]

    yield make
    for visitor in visitors:
        visitor.close()
