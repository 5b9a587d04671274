"""What staff ask of the coverage: read from the address, so that a link shows the same."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from geo.palette import CARE_STATES
from server.areas.models import KINDS, MANAGERS
from server.areas.search import search_text
from server.http.i18n import fiscal_year

SORTS = ("code", "name", "kind", "manager", "section", "state", "last", "times", "people")
STATES = (*CARE_STATES, "dormant")
FIRST_FISCAL_YEAR = 2004  # the programme began in June 2004


@dataclass(frozen=True)
class CoverageFilter:
    """Empty text = not filtered. ``year`` is a 年度; ``day`` is what the picture is as of."""

    day: dt.date
    year: int
    kind: str = ""
    manager: str = ""
    section: str = ""
    partner: str = ""
    state: str = ""
    q: str = ""
    sort: str = "state"
    down: bool = True
    page: int = 1

    @property
    def year_began(self) -> dt.date:
        return dt.date(self.year, 4, 1)

    def query(self, **changes: object) -> str:
        """The same question as a query string, with changes; what is at its default is left out."""
        asked = replace(self, **changes)  # type: ignore[arg-type]
        values: dict[str, object] = {
            name: getattr(asked, name)
            for name in ("kind", "manager", "section", "partner", "state", "q")
        }
        values["year"] = "" if asked.year == fiscal_year(asked.day) == self.year else asked.year
        default = CoverageFilter(self.day, self.year)
        if (asked.sort, asked.down) != (default.sort, default.down):
            values["sort"] = f"{'-' if asked.down else ''}{asked.sort}"
        values["page"] = asked.page if asked.page > 1 else ""
        return urlencode({name: value for name, value in values.items() if value})

    def sorted_by(self, name: str) -> str:
        """The query string of a column head: sort by it, or turn the order round."""
        return self.query(sort=name, down=not self.down if name == self.sort else False, page=1)


def _number(text: str | None, low: int, high: int, default: int) -> int:
    digits = (text or "").strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) < 9):
        return default
    return int(digits) if low <= int(digits) <= high else default


def read_filter(params: Mapping[str, str], today: dt.date) -> CoverageFilter:
    """Read a filter; what is not on the lists is as if it had not been asked.

    A past 年度 is shown as of its 31 March, the running one as of ``today``.
    """

    def known(name: str, values: tuple[str, ...]) -> str:
        asked = params.get(name, "")
        return asked if asked in values else ""

    now_year = fiscal_year(today)
    year = _number(params.get("year"), FIRST_FISCAL_YEAR, now_year, now_year)
    order = params.get("sort", "-state")
    sort = order.removeprefix("-")
    return CoverageFilter(
        day=today if year == now_year else dt.date(year + 1, 3, 31),
        year=year,
        kind=known("kind", KINDS),
        manager=known("manager", MANAGERS),
        section=search_text(params.get("section")),
        partner=search_text(params.get("partner")),
        state=known("state", STATES),
        q=search_text(params.get("q")),
        sort=sort if sort in SORTS else "state",
        down=order.startswith("-") if sort in SORTS else True,
        page=_number(params.get("page"), 1, 100_000, 1),
    )
