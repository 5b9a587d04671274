"""The URL table: documented, unambiguous, and without placeholders."""

import re

import pytest

from server.http.routing import PageRoute
from server.routes import ROWS
from server.settings import ROOT
from tests.routes import label

_LINE = re.compile(r"^\| `(/[^`]*)` \| `(\w+)` \| ([A-Z, ]+) \| ([^|]+) \| (.+) \|$", re.M)
_WHO = {
    "public": "everybody",
    "signed_in": "logged in",
    "partner": "partner",
    "partner_manager": "partner manager",
    "partner_or_staff": "partner, staff",
    "partner_or_centre": "partner, coordinator, staff",
    "coordinator": "coordinator, staff, admin",
    "staff": "staff, admin",
    "admin": "admin",
}


def test_docs_and_table_are_equal() -> None:
    text = (ROOT / "docs/urls.md").read_text(encoding="utf-8")
    documented = [(path, name, methods, who) for path, name, methods, who, _ in _LINE.findall(text)]
    existing = [
        (
            row.path,
            row.name,
            ", ".join(row.methods),
            _WHO[row.policy.name] + (" (demo)" if row.demo_only else ""),
        )
        for row in ROWS
    ]
    assert documented == existing


def test_names_and_paths_are_unique() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS)
    assert len({row.path for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=label)
def test_no_placeholder_is_left(row: PageRoute) -> None:
    assert row.page.__name__ != "soon", f"{row.path} has no page yet"
    assert row.page.__doc__, f"the page of {row.path} says nothing about itself"
