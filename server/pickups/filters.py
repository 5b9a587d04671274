"""What staff ask of the queue: read from the address, so that a link shows the same."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from server.areas.search import search_text
from server.http.forms import nfkc
from server.pickups.machine import PICKUP

WAITING = "waiting"  # everything that is still to be done
ALL = "all"


@dataclass(frozen=True)
class PickupFilter:
    """Empty = not filtered. ``state`` is one state, ``waiting`` or ``all``."""

    state: str = WAITING
    section: str = ""
    day: dt.date | None = None
    q: str = ""
    page: int = 1

    @property
    def states(self) -> tuple[str, ...]:
        """The states this means."""
        if self.state == WAITING:
            return PICKUP.waiting
        return tuple(PICKUP.states) if self.state == ALL else (self.state,)

    def query(self, **changes: object) -> str:
        """The same question as a query string, with changes; defaults are left out."""
        asked = replace(self, **changes)  # type: ignore[arg-type]
        values = {
            "state": asked.state if asked.state != WAITING else "",
            "section": asked.section,
            "day": asked.day.isoformat() if asked.day else "",
            "q": asked.q,
            "page": asked.page if asked.page > 1 else "",
        }
        return urlencode({name: value for name, value in values.items() if value})


def read_day(text: str | None) -> dt.date | None:
    """``2026-07-24``; None for anything else."""
    try:
        return dt.date.fromisoformat(nfkc(text).replace("/", "-"))
    except ValueError:
        return None


def read_page(text: str | None) -> int:
    """A page number; 1 for anything else."""
    digits = (text or "").strip()
    return max(1, int(digits)) if digits.isascii() and digits.isdigit() and len(digits) < 6 else 1


def read_filter(params: Mapping[str, str]) -> PickupFilter:
    """Read a filter; what is not on the lists is as if it had not been asked."""
    state = params.get("state", "")
    return PickupFilter(
        state=state if state in PICKUP.states or state == ALL else WAITING,
        section=search_text(params.get("section")),
        day=read_day(params.get("day")),
        q=search_text(params.get("q")),
        page=read_page(params.get("page")),
    )
