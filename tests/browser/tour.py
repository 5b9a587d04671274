"""Which pages the browser visits as whom, and how it finds a real record for each of them."""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from starlette.routing import Match, Route

from server.routes import ROWS
from tests.browser.conftest import Visitor

PARTS = {"id": "[0-9a-f-]{36}", "code": r"[A-Z]+-\d{4}", "day": r"\d{4}-\d\d-\d\d"}
SAMPLES = {"id": "01900000-0000-7000-8000-000000000000", "code": "A-0001", "day": "2026-06-15"}
LINKS = """() => [...document.querySelectorAll("main a[href]")].map(
    a => [a.getAttribute("href"), (a.closest("li, tr, article, .card") ?? a).innerText])"""
# Rows that only repeat what stands above them cost time and teach nothing.
TRIM = """() => document.querySelectorAll(
    "tbody tr:nth-child(n+13), .rows > li:nth-child(n+13), .queue > li:nth-child(n+13)"
    ).forEach(one => one.remove())"""


@dataclass(frozen=True)
class Stop:
    """A page. What stands for ``{id}``, ``{code}`` or ``{day}`` is read from a link.

    The link is the first one on the page ``on`` (an address, or the shape of an earlier stop) that
    begins like ``like``, or else like the shape itself; with ``text``, in a row that says that.
    """

    shape: str
    on: str = ""
    text: str = ""
    like: str = ""


@dataclass
class Walk:
    """One person's way through the pages."""

    visitor: Visitor
    known: dict[str, str] = field(default_factory=dict)  # shape → the address that was visited
    links: dict[str, list[tuple[str, str]]] = field(default_factory=dict)  # address → href, row

    def go(self, stop: Stop) -> tuple[str, int]:
        """Open the page; returns its address and the status of the answer."""
        address = self._address(stop)
        answer = self.visitor.page.goto(address)
        if self.visitor.page.locator("[data-map]").count():
            self.visitor.page.wait_for_load_state("networkidle")  # what the map fetches
        self.known.setdefault(stop.shape, address)
        self.links[address] = [tuple(one) for one in self.visitor.page.evaluate(LINKS)]
        self.visitor.page.evaluate(TRIM)
        return address, answer.status if answer else 0

    def _address(self, stop: Stop) -> str:
        if not stop.on:
            return stop.shape
        start = self.known.get(stop.on, stop.on)
        if start not in self.links:
            self.go(Stop(start))
        begins = _pattern(stop.like or stop.shape)
        for href, row in self.links[start]:
            found = begins.match(href)
            if found and stop.text in row:
                return re.sub(r"{(\w+)}", found[1], stop.shape)
        raise AssertionError(f"{start} has no link like {begins.pattern} ({stop.text})")


def _pattern(shape: str) -> re.Pattern[str]:
    """How a link to such a page begins: the shape up to its first part that varies."""
    start, name, _ = re.split(r"{(\w+)}", shape, maxsplit=1)
    return re.compile(f"{re.escape(start)}({PARTS[name]})(?=$|[/?#.])")


def route_of(stop: Stop) -> str:
    """The name in the URL table of the page behind a stop."""
    path = re.sub(r"{(\w+)}", lambda name: SAMPLES[name[1]], urlsplit(stop.shape).path)
    scope = {"type": "http", "method": "GET", "path": path, "root_path": ""}
    for row in ROWS:
        route = Route(row.path, row.page, methods=["GET"])
        if "GET" in row.methods and route.matches(scope)[0] is Match.FULL:
            return row.name
    return ""


S = Stop

ANYONE = (
    S("/"), S("/opportunities"), S("/opportunities?place=母恋駅"),
    S("/opportunities?day=2031-01-01"),
    S("/opportunities/{id}", "/opportunities"), S("/areas"), S("/areas/A-0025"),
    S("/partners/MP-0001"), S("/places"), S("/help"), S("/privacy"), S("/accessibility"),
    S("/login"), S("/no-such-page"), S("/styleguide"), S("/demo/outbox"), S("/join"), S("/faults"),
    S("/faults?category=dumping"), S("/faults/{id}", "/faults"), S("/faults/new"),
    S("/faults/new?lon=140.9889&lat=42.3164"), S("/easy"), S("/calendars"), S("/embed/next"),
    S("/verify"), S("/verify/MACHPKA23456"), S("/help-calls"), S("/help-calls/{id}", "/help-calls"),
)  # fmt: skip

VOLUNTEER = (
    S("/"), S("/me"), S("/me/signups"), S("/me/reports"),
    S("/opportunities/{id}", "/opportunities"),
    S("/opportunities/{id}/signup", "/opportunities/{id}"),
    S("/opportunities/{id}/signup/cancel", "/me/signups"),
    S("/opportunities/{id}/signup/change", "/me/signups"),
    S("/opportunities/{id}/waitlist", "/me/signups"),
    S("/me/preferences"), S("/me/notices"), S("/me/alerts"), S("/me/line"), S("/me/calendar"),
    S("/me/participation"), S("/help-calls"), S("/help-calls/{id}", "/help-calls"),
    S("/applications/new"), S("/applications/{id}", "/applications/new", "下書き"),
    S("/applications/{id}/edit/people", "/applications/{id}"),
    S("/applications/{id}/edit/areas", "/applications/{id}"),
    S("/applications/{id}/edit/areas?way=draw", "/applications/{id}"),
    S("/applications/{id}/edit/areas?way=place&q=母恋", "/applications/{id}"),
    S("/applications/{id}/edit/plan", "/applications/{id}"),
    S("/applications/{id}/edit/consents", "/applications/{id}"),
    S("/applications/{id}/edit/group", "/applications/new", "差戻し"),
    S("/applications/{id}/submit", "/applications/new", "差戻し"),
    S("/applications/{id}/withdraw", "/applications/{id}"),
    S("/applications/{id}?", "/applications/new", "確認中"),
    S("/agreements/{id}", "/applications/{id}?"),
)  # fmt: skip

PARTNER_WORK = (
    S("/partner"), S("/partner/areas"), S("/partner/cleanups"), S("/partner/cleanups/new"),
    S("/cleanups/{id}", "/partner/cleanups"), S("/cleanups/{id}/edit", "/cleanups/{id}"),
    S("/cleanups/{id}/withdraw", "/cleanups/{id}"), S("/partner/opportunities"),
    S("/partner/opportunities/new"), S("/opportunities/{id}/people", "/partner/opportunities"),
    S("/opportunities/{id}/edit", "/partner"), S("/opportunities/{id}/cancel", "/partner"),
    S("/partner/pickups"), S("/partner/pickups/new"),
    S("/partner/pickups/{id}", "/partner/pickups"),
    S("/partner/pickups/{id}/edit", "/partner/pickups"), S("/me/reports"), S("/faults/new"),
    S("/faults/{id}", "/me/reports"), S("/partner/accidents/new"),
    S("/partner/accidents/{id}", "/me/reports"),
)  # fmt: skip

PARTNER_MATCHING = (
    S("/partner/opportunities"), S("/partner/opportunities/new"),
    S("/opportunities/{id}", "/partner/opportunities", "海岸の草刈り"),
    S("/opportunities/{id}/slots", "/opportunities/{id}"),
    S("/opportunities/{id}/hosts", "/opportunities/{id}"),
    S("/opportunities/{id}/weather", "/opportunities/{id}"),
    S("/opportunities/{id}/people", "/opportunities/{id}"),
    S("/opportunities/{id}/checkin", "/opportunities/{id}"),
    S("/opportunities/{id}/checkin/poster", "/opportunities/{id}/checkin"),
    S("/partner/series/{id}", "/partner/opportunities"), S("/partner/participation"),
    S("/partner/help-calls"), S("/partner/help-calls/new"),
    S("/help-calls/{id}", "/partner/help-calls"),
)  # fmt: skip

PARTNER_PROGRAMME = (
    S("/partner/agreement"), S("/partner/notices/new/representative"),
    S("/partner/notices/new/contact"), S("/partner/notices/new/name"),
    S("/partner/notices/new/areas"), S("/partner/notices/{id}", "/partner/agreement"),
    S("/partner/pause"), S("/partner/withdraw"), S("/agreements/{id}", "/partner/agreement"),
    S("/applications/{id}", "/applications/new"), S("/successions"),
    S("/successions/new?area=A-0025"), S("/successions/{id}", "/successions"),
    S("/partner/supplies"), S("/partner/supplies/new"),
    S("/partner/supplies/{id}", "/partner/supplies"), S("/partner/loans/new"),
    S("/partner/loans/new?first=2026-07-06&last=2026-07-08"),
    S("/partner/loans/{id}", "/partner/supplies"), S("/partner/operators"),
    S("/partner/signs/new"), S("/partner/signs/{id}", "/partner/supplies"), S("/partner/review"),
    S("/announcements"), S("/announcements/{id}", "/announcements"),
    S("/meetings/{id}", "/announcements", "情報交換会", "/announcements/{id}"),
    S("/board"), S("/board/new"), S("/board/{id}", "/board"),
)  # fmt: skip

CENTRE = (
    S("/centre"), S("/centre/partners"), S("/centre/board"), S("/centre/supports"),
    S("/centre/announcements/new"), S("/centre/meetings"), S("/centre/meetings/new"),
    S("/centre/meetings/{id}", "/centre/meetings", "案内中"),
    S("/meetings/{id}", "/centre/meetings/{id}"), S("/announcements"),
    S("/announcements/{id}", "/announcements"), S("/board"), S("/board/{id}", "/centre"),
    S("/successions"), S("/successions/{id}", "/successions"), S("/centre/help-calls"),
)  # fmt: skip

STAFF = (
    S("/staff"), S("/staff/coverage"), S("/staff/partners"), S("/staff/cleanups"),
    S("/staff/desk?section=all"), S("/staff/reports"), S("/staff/reports/exchange"),
    S("/staff/settings"), S("/staff/areas"), S("/staff/areas/new"), S("/staff/areas/A-0025/edit"),
    S("/staff/areas/import"), S("/staff/areas/A-0025/split"), S("/staff/areas/A-0025/merge"),
    S("/staff/areas/A-0025/handover"), S("/cleanups/{id}", "/staff/cleanups"),
    S("/staff/opportunities"), S("/staff/opportunities/new"), S("/staff/matching"),
    S("/staff/messages"),
)  # fmt: skip

STAFF_PROGRAMME = (
    S("/staff/applications"), S("/staff/applications?tab=all"), S("/staff/applications/new"),
    S("/staff/applications/{id}", "/staff/applications", "確認中"),
    S("/staff/applications/{id}/agreement", "/staff/applications/{id}"),
    S("/staff/agreement-text"), S("/staff/partners/MP-0001"),
    S("/staff/partners/MP-0001/operators"), S("/agreements/{id}", "/staff/partners/MP-0001"),
    S("/staff/agreements/{id}/paper", "/staff/partners/MP-0001", like="/agreements/{id}"),
    S("/staff/partners/MP-0001/notices/new/representative"), S("/staff/reviews"),
    S("/staff/partners/{code}/review?year=2025", "/staff/reviews"), S("/successions"),
    S("/successions/{id}", "/successions"), S("/board"),
    S("/partner/notices/{id}", "/staff/partners/MP-0001"),
)  # fmt: skip

STAFF_LEDGERS = (
    S("/staff/ledgers"), S("/staff/supplies"), S("/staff/supplies/new"),
    S("/partner/supplies/{id}", "/staff/supplies"), S("/staff/stock"), S("/staff/supply-items"),
    S("/staff/loans"), S("/staff/loans/new"), S("/partner/loans/{id}", "/staff/loans"),
    S("/staff/loan-units"), S("/staff/signs"), S("/staff/signs/new"),
    S("/partner/signs/{id}", "/staff/signs"), S("/staff/pickups"), S("/staff/pickups/new"),
    S("/staff/pickups/new?partner=MP-0001"), S("/partner/pickups/{id}", "/staff/pickups"),
    S("/staff/pickups/days/{day}", "/staff/pickups"),
    S("/staff/pickups/days/{day}/route", "/staff/pickups"), S("/staff/pickups/calendar"),
    S("/staff/faults"), S("/faults/{id}", "/staff/faults"), S("/staff/accidents"),
    S("/staff/accidents/new"), S("/partner/accidents/{id}", "/staff/accidents"),
)  # fmt: skip

ADMIN = (S("/staff/audit"), S("/staff/settings"), S("/staff/settings/pickups"))

# name of the tour → who walks it, and where
TOURS: dict[str, tuple[str, tuple[Stop, ...]]] = {
    "anyone": ("", ANYONE), "volunteer": ("volunteer", VOLUNTEER),
    "partner-work": ("partner", PARTNER_WORK), "partner-programme": ("partner", PARTNER_PROGRAMME),
    "partner-matching": ("partner", PARTNER_MATCHING),
    "centre": ("coordinator", CENTRE), "staff": ("staff", STAFF),
    "staff-programme": ("staff", STAFF_PROGRAMME), "staff-ledgers": ("staff", STAFF_LEDGERS),
    "admin": ("admin", ADMIN),
}  # fmt: skip

# GET rows of the URL table that no tour visits, each with its reason.
NOT_VISITED = {
    "opportunity_ics": "a calendar file", "calendar_city": "a calendar file",
    "calendar_partner": "a calendar file", "calendar_district": "a calendar file",
    "calendar_mine": "a calendar file: test_matching", "meeting_ics": "a calendar file",
    "opportunity_image": "a picture", "sitemap": "for machines", "robots": "for machines",
    "service_worker": "a script", "certificate_pdf": "a PDF", "attendance_csv": "a file",
    "partner_participation_csv": "a file", "checkin_qr": "a fragment of the desk",
    "checkin": "needs a code: test_matching", "offer_answer": "a link in a mail: test_matching",
    "help_answer": "a link in a mail: test_matching",
    "unsubscribe": "a link in a mail: test_matching",
 "agreement_pdf": "a PDF; test_programme looks at it",
    "staff_pickup_route_pdf": "a PDF", "staff_report_exchange_file": "a file",
    "staff_area_export": "a file", "file": "a photo or a paper", "map_script": "a script",
    "healthz": "for machines", "readyz": "for machines",
    "opportunity_card": "a fragment in the sheet", "area_card": "a fragment in the sheet",
    "login_code": "needs a code from a mail: test_programme", "welcome": "once: test_programme",
    "partner_resume": "the sample partner is active: test_programme",
    "partner_renew": "the sample partner is not due: test_programme",
    "staff_area_import_preview": "needs an uploaded file: tests/areas",
}  # fmt: skip
