"""Hostile input on every address and in every form: never a crash, whoever sends it.

A fixed corpus, so that a failure repeats. "No crash" is any answer below 500: what a page makes of
odd input is for the tests of its own folder.
"""

import datetime as dt
import json
import re
import uuid
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import httpx2
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from server.http.routing import PageRoute
from server.routes import ROWS
from tests import factories
from tests.conftest import FixedClock
from tests.personas import World
from tests.routes import READING, WRITING, label

pytestmark = pytest.mark.anyio

DEEP = "[" * 700 + "]" * 700
WORDS = (
    "", "\x00", "a\x00b", "'\";--", "%", "\\", "%s{0}${{7*7}}{{7*7}}", "\u2028\u202e\ufffe",
    "𠮷" * 50, "<script>alert(1)</script>", "=cmd|'/c'!A1", "../../etc/passwd", "x" * 5_000,
    "²", "１２",
)  # fmt: skip
NUMBERS = (
    "-1", "0", "1e400", "NaN", "-Infinity", "sNaN", str(10**30), "9" * 5_000, "2147483648",
    "9." + "9" * 40 + "e999999", "1e-400", "0x10", "1_000",
)  # fmt: skip
DAYS = ("0001-01-01", "9999-12-31", "2026-02-29", "10000-01-01", "0000-00-00", "2026-W24-1")
TIMES = ("00:00", "24:00", "23:59:59", "99:99")
PLACES = (
    "nan,nan,nan,nan", "inf,inf,inf,inf", "180,90,-180,-90", "1,2,3", "1e308,0,-1e308,0",
    "140.9,42.3,140.9,42.3", "A-0001", DEEP, f'{{"type":"Polygon","coordinates":{DEEP}}}',
    '{"type":"LineString","coordinates":[[1e400,0],[0,0]]}', "POLYGON EMPTY", "POINT(1e999 1)",
    '{"type":"GeometryCollection","geometries":[]}', "GEOMETRYCOLLECTION(" * 400,
)  # fmt: skip
HOSTILE = (*WORDS, *NUMBERS, *DAYS, *TIMES, *PLACES)

QUERIES = (
    "q", "page", "year", "kind", "manager", "section", "partner", "state", "sort", "format", "srid",
    "encoding", "bbox", "lon", "lat", "radius", "place", "day", "weekday", "band", "work", "today",
    "short", "next", "area", "action", "object", "since", "until", "before", "subject", "retired",
    "show", "done", "id", "pins", "first", "only",
)  # fmt: skip


@dataclass(frozen=True)
class Things:
    """What exists, for addresses that name something."""

    opportunity: uuid.UUID
    cancelled: uuid.UUID
    draft: uuid.UUID
    cleanup: uuid.UUID


@pytest.fixture
async def things(db: AsyncSession, world: World, clock: FixedClock) -> Things:
    """One of each; and かんり, who is of the city, works for a partner too, so that every page
    is open to her."""
    starts = clock() + dt.timedelta(days=6)
    made = [
        await factories.opportunity(db, world.partner, starts=starts, area_id=world.street.id)
        for _state in range(3)
    ]
    made[1].state, made[1].cancelled_at = "cancelled", clock()
    made[2].state = "draft"
    await factories.signup(db, made[0], world.hanako)
    report = await factories.cleanup(db, world.partner, world.street, day=clock().date())
    await factories.member(db, world.partner, world.kanri, "manager")
    await db.commit()
    return Things(made[0].id, made[1].id, made[2].id, report.id)


@pytest.fixture(autouse=True)
def _no_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The corpus is sent faster than anybody may write."""

    async def unlimited(*_args: object) -> None:
        return None

    monkeypatch.setattr("server.http.routing.take", unlimited)
    monkeypatch.setattr("server.accounts.pages.take", unlimited)


def addresses(row: PageRoute, things: Things, world: World) -> list[str]:
    """The row with things that exist and with names that break parsers."""
    if "{code}" in row.path and "{kind}" not in row.path:
        good = world.partner.code if "/partners/" in row.path else world.street.code
        odd = ["%00", "%ff", "%ED%A0%80", "a%0d%0aX:%20y", "x" * 3_000, "..%2f..", "%27"]
        return [row.path.replace("{code}", code) for code in (good, *odd)]
    if "{name}" in row.path:
        return [row.path.replace("{name}", name) for name in ("areas", "%00", "..%2fx", "é")]
    if "{id:uuid}" in row.path and "{part}" not in row.path:
        made = (
            things.opportunity,
            things.cancelled,
            things.draft,
            things.cleanup,
            uuid.UUID(int=0),
        )
        return [row.path.replace("{id:uuid}", str(id)) for id in made]
    odd = ["%00", "%ff", "x" * 3_000, "..%2f..", "%27", "9999-99-99", "0000-00-00"]
    for name in ("part", "kind", "group", "day", "format"):
        if f"{{{name}}}" in row.path:
            there = row.path.replace("{id:uuid}", str(things.opportunity))
            return [re.sub(r"{\w+(:\w+)?}", value, there) for value in odd]
    return [row.path]


@pytest.fixture
async def crashes(client: httpx2.AsyncClient) -> AsyncIterator["Crashes"]:
    kept = Crashes(client)
    yield kept
    assert kept.seen == []


class Crashes:
    """Sends, and keeps what came back broken."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self.client = client
        self.seen: list[tuple[str, str, object, int]] = []

    async def send(self, method: str, path: str, what: object = "", **request: Any) -> None:
        answer = await self.client.request(method, path, **request)
        if answer.status_code >= 500 or "Traceback" in answer.text:
            self.seen.append((method, path[:80], str(what)[:60], answer.status_code))

    async def become(self, world: World, who: str) -> None:
        self.client.cookies.clear()
        if who:
            await world.login(self.client, getattr(world, who))


LISTS = frozenset({
    "opportunities", "places", "areas", "staff_areas", "partner_cleanups", "staff_coverage",
    "staff_partners", "staff_cleanups", "staff_audit", "layer_opportunities", "layer_areas",
    "layer_coverage", "layer_partner_areas", "cleanup_new", "opportunity_new", "staff_area_export",
})  # fmt: skip


def asked(turn: int) -> str:
    """Another value for every name; neighbouring names together meet all values.

    Every other time without the names whose nonsense is refused before the rest is read.
    """
    early = {"bbox", "format", "srid", "encoding"} if turn % 2 else set()
    values = {
        name: HOSTILE[(turn + number) % len(HOSTILE)][:1_000]
        for number, name in enumerate(QUERIES)
        if name not in early
    }
    return urlencode(values)


@pytest.mark.parametrize("row", READING, ids=label)
async def test_hostile_addresses(
    crashes: Crashes, world: World, things: Things, row: PageRoute
) -> None:
    await crashes.become(world, "kanri")
    paths = addresses(row, things, world)
    for path in paths:
        await crashes.send("GET", path)
    for turn in range(0, len(HOSTILE), 3 if row.name in LISTS else 20):
        await crashes.send("GET", f"{paths[0]}?{asked(turn)}", turn)
    await crashes.send("GET", f"{paths[0]}?q=%ED%A0%80&place=%ff&object=%F5%80&page=%00")


@pytest.mark.parametrize("who", ["", "kenji", "sato"])
async def test_hostile_addresses_by_others(
    crashes: Crashes, world: World, things: Things, who: str
) -> None:
    await crashes.become(world, who)
    for number, row in enumerate(READING):
        path, *others = addresses(row, things, world)
        await crashes.send("HEAD", path)
        for other in others[:2]:
            await crashes.send("GET", other)
        await crashes.send("GET", f"{path}?{asked(number)}", headers={"HX-Request": "true"})


# --- forms ----------------------------------------------------------------------------------------


def forms(world: World, things: Things) -> dict[str, tuple[str, dict[str, Any]]]:
    """Addresses that take a form, each with one that is in order."""
    shape = json.dumps({"type": "LineString", "coordinates": [[140.99, 42.32], [140.995, 42.325]]})
    report = {
        "partner": world.partner.code, "date": "2026-06-14", "area": world.street.code,
        "people": "8", "bags": "3", "bag_class": "burnable", "started_at": "9:00", "minutes": "60",
        "children": "1", "newcomers": "0", "works": "litter", "notes": "x", "next_plan": "y",
        "litter-0-class": "burnable", "litter-0-quantity": "1", "litter-0-unit": "kg",
        "geometry": "", "version": "1",
    }  # fmt: skip
    call = {
        "title": "浜のごみ拾い", "works": "litter", "area": f"{world.street.id}.{world.partner.id}",
        "day": "2026-06-20", "starts": "9:00", "ends": "10:30", "meeting_place": "浜の入口",
        "lon": "140.97", "lat": "42.311", "capacity": "12", "bring": "軍手", "description": "x",
        "safety_notes": "y", "point_area": "",
    }  # fmt: skip
    area = {
        "name": "臨海通り", "name_kana": "りんかい", "kind": "city_road", "manager": "city",
        "section": "土木課", "season_from": "5/15", "season_to": "10/31", "safety_notes": "",
        "retired_on": "", "geometry": shape, "swap": "1", "repair": "1", "token": "0",
    }  # fmt: skip
    found = {"lon": "140.97", "lat": "42.31", "radius": "500", "day": "2026-06-20", "page": "1"}
    return {
        "login": ("/login", {"email": "hanako@example.jp", "next": "/me"}),
        "code": ("/login/code", {"code": "123456", "next": "/me"}),
        "welcome": ("/welcome", {"display_name": "はなこ", "next": "/me"}),
        "me": ("/me", {"display_name": "はなこ"}),
        "search": ("/opportunities", found),
        "places": ("/places", {**found, "q": "母恋"}),
        "signup": (f"/opportunities/{things.opportunity}/signup", {"people": "2"}),
        "report": ("/partner/cleanups/new", report),
        "correction": (f"/cleanups/{things.cleanup}/edit", report),
        "review": (
            f"/staff/cleanups/{things.cleanup}/review",
            {"decision": "returned", "comment": "x", "version": "1"},
        ),
        "withdraw": (f"/cleanups/{things.cleanup}/withdraw", {"reason": "x"}),
        "call": ("/partner/opportunities/new", call),
        "change": (f"/opportunities/{things.opportunity}/edit", call),
        "call_off": (f"/opportunities/{things.opportunity}/cancel", {"reason": "x"}),
        "area": ("/staff/areas/new", area),
        "area_edit": (f"/staff/areas/{world.street.code}/edit", area),
        "demo": ("/demo/login", {"role": "staff", "next": "/me"}),
    }


FORMS = (
    "login", "code", "welcome", "me", "search", "places", "signup", "report", "correction",
    "review", "withdraw", "call", "change", "call_off", "area", "area_edit", "demo",
)  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
async def test_one_hostile_value_in_a_good_form(
    crashes: Crashes, world: World, things: Things, name: str
) -> None:
    """Each field in turn, so that nothing before it stops the reading."""
    await crashes.become(world, "kanri")
    path, good = forms(world, things)[name]
    for number, field in enumerate(good):
        for value in _fitting(field, number):
            given = {**good, field: value, "id": str(uuid.uuid4())}
            await crashes.send("POST", path, (field, value), data=given)
            if name in ("demo", "code"):
                await crashes.become(world, "kanri")


def _fitting(field: str, number: int) -> tuple[str, ...]:
    """The part of the corpus that this field's own reading could stumble over: all of it for most
    fields, for numbers (which share one reading) a third each."""
    few = ("a\x00\u2028\u202e\ufffeb", "x" * 5_000, "²")
    own: Mapping[str, tuple[str, ...]] = {
        **dict.fromkeys(("geometry", "lon", "lat"), (*PLACES, *NUMBERS)),
        **dict.fromkeys(("day", "date", "retired_on", "season_from", "season_to"), DAYS),
        **dict.fromkeys(("starts", "ends", "started_at"), TIMES),
        **dict.fromkeys(
            ("people", "bags", "minutes", "children", "capacity", "litter-0-quantity", "version",
             "radius", "page"),
            NUMBERS,
        ),
        **dict.fromkeys(("next", "email", "title", "notes", "reason", "comment", "name"), WORDS),
    }  # fmt: skip
    mine = own.get(field, ())
    return (*few, *(mine[number % 3 :: 3] if mine is NUMBERS else mine))


def multipart(fields: Mapping[str, bytes], *, charset: str = "", as_files: bool = False) -> bytes:
    lines = []
    for name, value in fields.items():
        filename = b'; filename="x"' if as_files else b""
        lines += [
            b"--b",
            b'Content-Disposition: form-data; name="%s"%s' % (name.encode(), filename),
        ]
        lines += [b"", value]
    return b"\r\n".join([*lines, b"--b--", b""])


@pytest.mark.parametrize("name", FORMS)
async def test_forms_sent_in_odd_ways(
    crashes: Crashes, world: World, things: Things, name: str
) -> None:
    await crashes.become(world, "kanri")
    path, good = forms(world, things)[name]
    raw = {field: str(value).encode() for field, value in good.items()}
    parts = "multipart/form-data; boundary=b"
    bodies = [
        ("multipart", parts, multipart(raw)),
        ("files for words", parts, multipart(raw, as_files=True)),
        ("no boundary", "multipart/form-data", multipart(raw)),
        ("not multipart", parts, b"nonsense"),
        ("json", "application/json", json.dumps(good).encode()),
        ("xml", "text/xml", b"<a/>"),
        ("nothing", "", b""),
        ("many fields", "application/x-www-form-urlencoded", b"&".join([b"x=1"] * 5_000)),
        ("a megabyte", "application/x-www-form-urlencoded", b"notes=" + b"x" * 1_000_000),
        ("twice", "application/x-www-form-urlencoded", 2 * (urlencode(good).encode() + b"&")),
        ("odd names", "application/x-www-form-urlencoded", _odd_names()),
        ("bad escapes", "application/x-www-form-urlencoded", b"people=%&date=%zz&=&&&%00=1"),
    ]
    for charset in ("utf-7", "unicode_escape", "idna", "punycode", "undefined", "utf-16", "zip"):
        hostile = {**dict.fromkeys(raw, b"+2AA-\\ud800"), "next": b"/+2AA-\\ud800"}
        bodies.append((charset, f"{parts}; charset={charset}", multipart(hostile)))
    for what, kind, body in bodies:
        await crashes.send("POST", path, what, content=body, headers={"Content-Type": kind})


def _odd_names() -> bytes:
    names = ("litter-²-quantity", "litter-" + "9" * 5_000 + "-class", "litter--", "litter-٣-unit")
    return "&".join(f"{quote(name)}=1" for name in (*names, "__class__", "data", "\x00")).encode()


@pytest.mark.parametrize("who", ["", "kenji", "sato"])
async def test_hostile_forms_by_others(
    crashes: Crashes, world: World, things: Things, who: str
) -> None:
    await crashes.become(world, who)
    names = sorted({field for _path, good in forms(world, things).values() for field in good})
    for number, row in enumerate(WRITING):
        if row.name == "logout":
            continue
        value = HOSTILE[(number * 5) % len(HOSTILE)]
        for path in addresses(row, things, world)[:3]:
            await crashes.send("POST", path, value, data=dict.fromkeys(names, value))
            if row.name == "demo_login":
                await crashes.become(world, who)


async def test_other_methods_are_refused(crashes: Crashes, world: World, things: Things) -> None:
    await crashes.become(world, "kanri")
    for row in ROWS:
        path = addresses(row, things, world)[0]
        for method in ("PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "X" * 200):
            answer = await crashes.client.request(method, path)
            assert answer.status_code == 405, (method, path)
    for path in (
        "/static/x/%00",
        "/static/x/" + "y" * 5_000,
        "/static/../../etc/passwd",
        "//",
        "/%00",
    ):
        await crashes.send("GET", path)
