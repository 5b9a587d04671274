"""What staff ask of the desk: read from the address, so that a link shows the same."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from server.areas.search import search_text
from server.citysettings.registry import CityRules
from server.desk.kinds import KINDS
from server.policy import Actor

ALL, NONE = "all", "-"  # every section; no section at all
WHO = ("mine", "free")
MAX_PAGE = 100_000


@dataclass(frozen=True)
class DeskFilter:
    """Empty text = not filtered. ``section`` is always said, since an empty one in an address
    means the person's own; ``own`` is that one."""

    section: str = ALL
    kind: str = ""
    who: str = ""
    overdue: bool = False
    q: str = ""
    page: int = 1
    own: str = ALL

    def query(self, **changes: object) -> str:
        """The same question as a query string, with changes; what is at its default is left out."""
        asked = replace(self, **changes)  # type: ignore[arg-type]
        values: dict[str, object] = {
            "kind": asked.kind,
            "section": asked.section if asked.section != asked.own else "",
            "who": asked.who,
            "overdue": "1" if asked.overdue else "",
            "q": asked.q,
            "page": asked.page if asked.page > 1 else "",
        }
        return urlencode({name: value for name, value in values.items() if value})

    @property
    def narrowed(self) -> bool:
        """Whether anything but the section is filtered."""
        return bool(self.kind or self.who or self.overdue or self.q)


def own_section(actor: Actor, rules: CityRules) -> str:
    """The section whose things somebody sees first: the own one, if the city still has it."""
    return actor.section if actor.section in rules.sections else ALL


def read_filter(params: Mapping[str, str], actor: Actor, rules: CityRules) -> DeskFilter:
    """Read a filter; what is not on the lists is as if it had not been asked."""
    own = own_section(actor, rules)
    kind, who, page = params.get("kind", ""), params.get("who", ""), params.get("page", "1")
    number = int(page) if page.isascii() and page.isdigit() and len(page) < 7 else 1
    return DeskFilter(
        section=search_text(params.get("section")) or own,
        kind=kind if kind in KINDS else "",
        who=who if who in WHO else "",
        overdue=params.get("overdue") == "1",
        q=search_text(params.get("q")),
        page=min(max(1, number), MAX_PAGE),
        own=own,
    )
