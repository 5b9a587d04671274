"""What is asked of the reports: read from the address, so that a link shows the same."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from server.areas.models import MANAGERS
from server.areas.search import search_text
from server.faults.machine import FAULT
from server.faults.models import CATEGORIES
from server.pickups.filters import ALL, WAITING, read_page


@dataclass(frozen=True)
class FaultFilter:
    """Empty = not filtered. ``state`` is one state, ``waiting`` or ``all``; ``exact`` is the
    staff's view: everything, at its real place."""

    state: str = WAITING
    category: str = ""
    section: str = ""
    manager: str = ""
    q: str = ""
    page: int = 1
    exact: bool = False

    @property
    def states(self) -> tuple[str, ...]:
        """The states this means."""
        if self.state == WAITING:
            return FAULT.waiting
        return tuple(FAULT.states) if self.state == ALL else (self.state,)

    def query(self, **changes: object) -> str:
        """The same question as a query string, with changes; defaults are left out."""
        asked = replace(self, **changes)  # type: ignore[arg-type]
        names = ("category", "section", "manager", "q")
        values = {name: getattr(asked, name) for name in names}
        default = WAITING if asked.exact else ALL
        values["state"] = asked.state if asked.state != default else ""
        values["page"] = asked.page if asked.page > 1 else ""
        return urlencode({name: value for name, value in values.items() if value})


def read_filter(params: Mapping[str, str], *, exact: bool) -> FaultFilter:
    """Read a filter; what is not on the lists is as if it had not been asked."""
    state, category = params.get("state", ""), params.get("category", "")
    manager = params.get("manager", "")
    known = state in FAULT.states or state in (ALL, WAITING)
    return FaultFilter(
        state=state if known else (WAITING if exact else ALL),
        category=category if category in CATEGORIES else "",
        section=search_text(params.get("section")) if exact else "",
        manager=manager if manager in MANAGERS and exact else "",
        q=search_text(params.get("q")) if exact else "",
        page=read_page(params.get("page")),
        exact=exact,
    )
