"""Every form on every page, found by reading the page itself, sent with hostile values.

The fields come from the HTML, so a new form is covered the day it appears. A fixed corpus, rotated:
a failure repeats.
"""

import html
import itertools
import uuid
from collections.abc import AsyncIterator, Iterator
from html.parser import HTMLParser
from typing import Any

import httpx2
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from server.http.routing import PageRoute
from server.routes import ROWS
from server.workflow.registry import MACHINES
from tests import factories
from tests.conftest import FixedClock
from tests.personas import World
from tests.routes import READING, address, label, machine_of
from tests.test_fuzz import DAYS, NUMBERS, PLACES, TIMES, WORDS
from tests.workflow.born import NEEDS, born

pytestmark = pytest.mark.anyio
CORPUS = (*WORDS, *NUMBERS, *DAYS, *TIMES, *PLACES)
PER_FIELD = 4
KNOWN: dict[str, tuple[str, ...]] = {
    "part": ("group", "people", "areas", "plan", "consents"),
    "kind": ("representative", "name", "contact", "areas"),
    "group": ("programme", "pickups", "words", "sections"),
}


class Forms(HTMLParser):
    """Collects the posting forms of a page: action and the fields a browser would send."""

    def __init__(self, page: str, text: str) -> None:
        super().__init__()
        self.page = page
        self.found: list[tuple[str, dict[str, str]]] = []
        self._fields: dict[str, str] | None = None
        self._select: str | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._fields = None
            if given.get("method", "").lower() == "post":
                self._fields = {}
                self.found.append((html.unescape(given.get("action") or self.page), self._fields))
        elif self._fields is None:
            return
        elif tag == "option" and self._select:
            if "selected" in given or not self._fields[self._select]:
                self._fields[self._select] = given.get("value", "")
        elif not given.get("name"):
            return
        elif tag == "select":
            self._select = given["name"]
            self._fields[given["name"]] = ""
        elif tag in ("input", "textarea", "button") and given.get("type") != "file":
            self._fields.setdefault(given["name"], given.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._fields = None
        if tag == "select":
            self._select = None


@pytest.fixture(autouse=True)
def _no_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    async def unlimited(*_args: object) -> None:
        return None

    monkeypatch.setattr("server.http.routing.take", unlimited)


@pytest.fixture
async def someone(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> AsyncIterator[httpx2.AsyncClient]:
    """かんり, who is of the city, works for the partner too: every page is open to her."""
    await factories.member(db, world.partner, world.kanri, "manager")
    await db.commit()
    await world.login(client, world.kanri)
    yield client


def test_every_record_has_its_pages() -> None:
    found = {machine_of(row) for row in ROWS}
    assert found >= set(MACHINES)


async def _records(
    db: AsyncSession, row: PageRoute, world: World, clock: FixedClock
) -> Iterator[dict[str, object]]:
    """What to put into the row's address: real records in several states where there are any."""
    name = machine_of(row)
    codes = {"code": world.partner.code if "partners" in row.path else world.street.code}
    parts = [key for key in KNOWN if f"{{{key}}}" in row.path]
    choices = [dict(zip(parts, one, strict=True)) for one in itertools.product(
        *(KNOWN[key] for key in parts))]  # fmt: skip
    ids: list[dict[str, object]] = [{}]
    if name:
        machine = MACHINES[name]
        ids = []
        for state in list(dict.fromkeys([*machine.initial, *machine.waiting])):
            stand = await born(db, name, world)
            record = await db.get_one(_model(machine.table), stand.id)
            needs = NEEDS.get((name, state), {})
            await factories.bring_to(db, machine, record, state, **needs)
            ids.append({"id": stand.id})
            await db.commit()
            if name in ("succession", "loan", "enrolment"):
                break  # one at a time: the database allows no second open one
    return iter([{**codes, **one, **id} for id in ids for one in choices])


def _model(table: str) -> Any:
    from server.db.base import Base

    return next(m.class_ for m in Base.registry.mappers if m.local_table.name == table)


@pytest.mark.parametrize("row", READING, ids=label)
async def test_hostile_values_in_every_form_of_the_page(
    someone: httpx2.AsyncClient, db: AsyncSession, world: World, clock: FixedClock, row: PageRoute
) -> None:
    broken = []
    turn = 0
    for known in await _records(db, row, world, clock):
        path = address(row, **known)
        page = await someone.get(path)
        assert page.status_code < 500, path
        if page.status_code != 200 or "text/html" not in page.headers["content-type"]:
            continue
        for action, good in Forms(path, page.text).found:
            if action in ("/logout", "/demo/login"):
                continue
            for field in good:
                for _ in range(PER_FIELD):
                    turn += 1
                    value = CORPUS[(turn * 7) % len(CORPUS)]
                    fresh = {"id": str(uuid.uuid4())} if "id" in good and field != "id" else {}
                    sent = {**good, **fresh, field: value}
                    answer = await someone.post(action, data=sent)
                    if answer.status_code >= 500 or "Traceback" in answer.text:
                        broken.append((action, field, value[:40], answer.status_code))
    assert not broken, broken[:5]
