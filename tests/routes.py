"""Walking over the URL table: every row as an address that can be asked for."""

import re
import uuid

from server.http.routing import PageRoute
from server.http.security import SAFE_METHODS
from server.routes import ROWS

NOBODY = uuid.UUID("01900000-0000-7000-8000-000000000000")
_PARAMETERS = {
    "id": str(NOBODY), "code": "A-9999", "name": "nothing", "part": "nothing", "kind": "nothing",
    "group": "nothing", "day": "2026-06-15", "format": "csv", "token": "nothing",
}  # fmt: skip
# Whose record stands behind {id}: the machine of the pages that show it.
MACHINE_OF = {
    "/applications": "enrolment", "/layers/application": "enrolment",
    "/staff/applications": "enrolment", "/partner/notices": "notice", "/successions": "succession",
    "/layers/succession": "succession", "/partner/supplies": "supply", "/partner/loans": "loan",
    "/partner/signs": "sign", "/partner/pickups": "pickup", "/faults": "fault",
    "/partner/accidents": "accident", "/board": "post", "/meetings": "meeting",
    "/centre/meetings": "meeting", "/help-calls": "help_call",
}  # fmt: skip


def address(row: PageRoute, **known: object) -> str:
    """A path that fits the row; it names nothing that exists unless ``known`` says what does."""
    values = {**_PARAMETERS, **{name: str(value) for name, value in known.items()}}
    return re.sub(r"{(\w+)(?::\w+)?}", lambda found: values[found[1]], row.path)


def machine_of(row: PageRoute) -> str | None:
    """The state machine of the record a row is about, if it has one."""
    start, found, _ = row.path.partition("/{id")
    return MACHINE_OF.get(start) if found else None


def unsafe(row: PageRoute) -> bool:
    return bool(set(row.methods) - SAFE_METHODS)


def label(row: PageRoute) -> str:
    return row.name


WRITING = [row for row in ROWS if unsafe(row)]
READING = [row for row in ROWS if "GET" in row.methods]
GUARDED = [row for row in ROWS if not row.policy.public]
