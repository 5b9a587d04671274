"""State machines as data: states, steps, who may take a step, what it needs, who is told.

One declaration per kind of record (``<domain>/machine.py``) is the single source: the action that
moves a record, the table the database checks steps against, the buttons on the pages and the
diagrams in ``docs/states.md`` all come from it.
"""

from collections import deque
from dataclasses import dataclass, field

from server.errors import Conflict
from server.http.i18n import gettext as _

# Hats: what somebody is towards a record. ``person`` sent it in, ``partner`` acts for its partner,
# ``other`` acts for a second partner named in it, ``system`` is a job.
HATS = ("person", "partner", "other", "coordinator", "staff", "admin", "system")
# Who a step tells by mail. Staff see everything on their desk and get no mails.
AUDIENCES = ("person", "partner", "other")


@dataclass(frozen=True)
class Step:
    """One verb. ``holds`` says in words what else must be true; an action or the database checks
    it. ``words`` is the sentence in the mail; empty = only the new state."""

    verb: str
    label: str
    sources: tuple[str, ...]
    target: str
    by: frozenset[str]
    comment: bool = False  # whether a reason must be given
    holds: str = ""
    tells: tuple[str, ...] = ()
    words: str = ""


def step(
    verb: str, label: str, sources: str, target: str, by: str, *, comment: bool = False,
    holds: str = "", tells: str = "", words: str = "",
) -> Step:  # fmt: skip
    """A step; ``sources``, ``by`` and ``tells`` are names with spaces between."""
    return Step(
        verb, label, tuple(sources.split()), target, frozenset(by.split()), comment, holds,
        tuple(tells.split()), words,
    )  # fmt: skip


@dataclass(frozen=True)
class Machine:
    """The life of one kind of record. ``table`` has the columns id, state, partner_id, section and
    requested_by; ``path`` is where its people read about it, with ``{id}``."""

    name: str
    noun: str
    table: str
    states: dict[str, str]
    initial: tuple[str, ...]
    steps: tuple[Step, ...]
    path: str = ""
    waiting: tuple[str, ...] = ()  # states in which the city's staff must act
    _by_verb: dict[str, Step] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        verbs = {one.verb: one for one in self.steps}
        assert len(verbs) == len(self.steps), f"{self.name}: a verb stands twice"  # noqa: S101
        for one in self.steps:
            assert {*one.sources, one.target} <= set(self.states), f"{self.name}.{one.verb}"  # noqa: S101
            assert one.by <= set(HATS) and set(one.tells) <= set(AUDIENCES), one.verb  # noqa: S101
        object.__setattr__(self, "_by_verb", verbs)

    def step(self, verb: str) -> Step:
        """The step of that verb. KeyError for a typing error of ours."""
        return self._by_verb[verb]

    def open_to(self, state: str, hats: frozenset[str]) -> tuple[Step, ...]:
        """The steps somebody may take from ``state``: the buttons of a page."""
        return tuple(s for s in self.steps if state in s.sources and s.by & hats)

    def require(self, state: str, verb: str) -> Step:
        """The step, or Conflict when it does not lead on from ``state``."""
        found = self._by_verb[verb]
        if state not in found.sources:
            raise Conflict(
                _("いまは「%(state)s」なので、この操作はできません。画面を新しくしてください。")
                % {"state": self.states[state]}
            )
        return found

    def edges(self) -> set[tuple[str, str]]:
        """All (from, to) the database lets pass; from is empty for a new record."""
        born = {("", state) for state in self.initial}
        return born | {(source, s.target) for s in self.steps for source in s.sources}

    def path_to(self, state: str) -> list[str]:
        """The states on the shortest way to ``state``, beginning with the first one."""
        queue = deque([[start] for start in self.initial])
        seen = set(self.initial)
        while queue:
            way = queue.popleft()
            if way[-1] == state:
                return way
            for source, target in sorted(self.edges()):
                if source == way[-1] and target not in seen:
                    seen.add(target)
                    queue.append([*way, target])
        raise LookupError(f"{self.name}: no way to {state}")
