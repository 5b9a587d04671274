"""Walking over the URL table: every row as an address that can be asked for."""

import re
import uuid

from server.http.routing import PageRoute
from server.http.security import SAFE_METHODS
from server.routes import ROWS

NOBODY = uuid.UUID("01900000-0000-7000-8000-000000000000")
_PARAMETERS = {"id": str(NOBODY), "code": "A-9999", "name": "nothing"}


def address(row: PageRoute) -> str:
    """A path that fits the row but names nothing that exists."""
    return re.sub(r"{(\w+)(?::\w+)?}", lambda found: _PARAMETERS[found[1]], row.path)


def unsafe(row: PageRoute) -> bool:
    return bool(set(row.methods) - SAFE_METHODS)


def label(row: PageRoute) -> str:
    return row.name


WRITING = [row for row in ROWS if unsafe(row)]
READING = [row for row in ROWS if "GET" in row.methods]
GUARDED = [row for row in ROWS if not row.policy.public]
