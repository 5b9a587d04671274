"""The filters of a ledger's list, as its address says them."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from server.http.forms import nfkc
from server.http.i18n import fiscal_year

PAGE_ROWS = 50
FILE_ROWS = 20_000
FIRST_YEAR = 2004  # the programme began in June 2004
ALL_DAYS = (dt.date(1, 1, 1), dt.date(9999, 1, 1))


def days_of_year(year: int | None) -> tuple[dt.date, dt.date]:
    """First day and the day after the last of a 年度; None = all times."""
    return (dt.date(year, 4, 1), dt.date(year + 1, 4, 1)) if year else ALL_DAYS


def year_of(params: Mapping[str, str], today: dt.date) -> int | None:
    """The 年度 an address asks for, if it is one that can have rows."""
    asked = params.get("year", "")
    year = int(asked) if asked.isascii() and asked.isdigit() and len(asked) == 4 else 0
    return year if FIRST_YEAR <= year <= fiscal_year(today) + 1 else None


def years_to(today: dt.date) -> tuple[int, ...]:
    """The 年度 to choose from, the newest first; next year's are already being asked for."""
    return tuple(range(fiscal_year(today) + 1, FIRST_YEAR - 1, -1))


@dataclass(frozen=True)
class ListFilter:
    """``q`` is a partner's code or part of a name; empty values filter nothing."""

    state: str = ""
    q: str = ""
    year: int | None = None
    page: int = 1

    def query(self, **changed: Any) -> str:
        """The query of an address with some of it changed; the first page is not said."""
        now = replace(self, **{"page": 1, **changed})
        said = {"state": now.state, "q": now.q, "year": now.year}
        said["page"] = now.page if now.page > 1 else None
        return urlencode({key: value for key, value in said.items() if value})

    def bounds(self) -> dict[str, Any]:
        """Parameters of the statements: days, the words in all shapes, which rows."""
        first, after = days_of_year(self.year)
        return {"first": first, "after": after, "q": self.q, "like": like(self.q)}

    def rows(self, as_file: bool) -> dict[str, int]:
        """One row more than is shown, to know whether there are more."""
        if as_file:
            return {"rows": FILE_ROWS, "skip": 0}
        return {"rows": PAGE_ROWS + 1, "skip": (self.page - 1) * PAGE_ROWS}


def like(words: str) -> str:
    """A pattern for ILIKE that finds the words themselves."""
    escaped = words.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
    return f"%{escaped}%"


def read_list_filter(
    params: Mapping[str, str], states: tuple[str, ...], today: dt.date
) -> ListFilter:
    """The filter of an address; what makes no sense is left out."""
    state, page = params.get("state", ""), params.get("page", "")
    return ListFilter(
        state=state if state in states else "",
        q=nfkc(params.get("q"))[:80].replace("\x00", ""),
        year=year_of(params, today),
        page=max(1, int(page)) if page.isascii() and page.isdigit() and len(page) < 6 else 1,
    )
