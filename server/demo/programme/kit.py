"""What the parts of the demo's programme are written with: insert a row, walk it to a state.

Everything here happens on the first copy of the city only; the other copies are for scale.
"""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from server.demo.build import partner_id
from server.demo.ids import demo_uuid
from server.demo.model import at
from server.demo.personas import PERSONAS, Persona
from server.workflow.machine import Machine


@dataclass(frozen=True)
class Demo:
    """The demo's database while it is being filled, as of ``today``."""

    connection: psycopg.Connection[tuple[Any, ...]]
    today: dt.date

    def day(self, offset: int) -> dt.date:
        """Today plus so many days."""
        return self.today + dt.timedelta(days=offset)

    def moment(self, offset: int, hour: int = 10, minute: int = 0) -> dt.datetime:
        """So many days from today by the clock on the wall."""
        return at(self.day(offset), hour, minute)

    def account(self, key: str) -> uuid.UUID:
        """A persona's account: hanako, kenji, toyo, sato, kanae, kanri."""
        return next(person.id for person in PERSONAS if person.key == key)

    def partner(self, code: str) -> uuid.UUID:
        """A partner by its code."""
        return partner_id(code)

    def area(self, code: str) -> uuid.UUID:
        """An area by its code."""
        found: uuid.UUID = self.value("SELECT id FROM areas WHERE code = %s", code)
        return found

    def value(self, query: str, *values: Any) -> Any:
        """The first column of the first row, or None."""
        row = self.connection.execute(query, values).fetchone()
        return row[0] if row else None

    def insert(self, table: str, **columns: Any) -> uuid.UUID:
        """Add a row and return its id (made from the table and its first text, so it is the same
        on every load); dicts become JSON, a geometry is given as EWKT text."""
        if "id" not in columns and table not in _WITHOUT_ID:
            columns = {"id": self._id(table, columns), **columns}
        values = [Jsonb(v) if isinstance(v, dict) else v for v in columns.values()]
        self.connection.execute(
            sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
                sql.Identifier(table),
                sql.SQL(", ").join(map(sql.Identifier, columns)),
                sql.SQL(", ").join(sql.Placeholder() * len(columns)),
            ),
            values,
        )
        found: uuid.UUID = columns.get("id", uuid.UUID(int=0))
        return found

    def _id(self, table: str, columns: dict[str, Any]) -> uuid.UUID:
        moment = columns.get("created_at") or self.moment(-30)
        return demo_uuid(moment, table, *map(str, columns.values()))

    def live(
        self, machine: Machine, row: dict[str, Any], way: Sequence[tuple[str, int, str, str]],
        **at_end: Any,
    ) -> uuid.UUID:  # fmt: skip
        """Add a record and lead it along its life.

        ``way`` is (state, day offset, who, comment) for each state in turn, the first being its
        birth; ``who`` is a persona's key, or "" for a job. ``at_end`` are columns set with the last
        step (what the state asks for, such as a day of return).
        """
        born, offset, who, _comment = way[0]
        row = {"state": born, "created_at": self.moment(offset, 9), **row}
        id = self.insert(machine.table, **row)
        self._note(machine, id, ("", born), offset, who, "")
        for (before, *_rest), (after, on, by, comment) in pairwise(way):
            last = (after, on, by, comment) == tuple(way[-1])
            extra = at_end if last else {}
            self._update(machine, id, after, extra)
            self._note(machine, id, (before, after), on, by, comment)
        return id

    def _update(self, machine: Machine, id: uuid.UUID, state: str, extra: dict[str, Any]) -> None:
        columns = {"state": state, **extra}
        pairs = sql.SQL(", ").join(
            sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder()) for name in columns
        )
        query = sql.SQL("UPDATE {} SET {} WHERE id = %s").format(
            sql.Identifier(machine.table), pairs
        )
        self.connection.execute(query, [*columns.values(), id])

    def _note(
        self, machine: Machine, id: uuid.UUID, change: tuple[str, str], offset: int, who: str,
        comment: str,
    ) -> None:  # fmt: skip
        verb = next(
            (s.verb for s in machine.steps if s.target == change[1] and change[0] in s.sources),
            "create",
        )
        person = next((p for p in PERSONAS if p.key == who), None)
        self.insert(
            "state_changes", machine=machine.name, object_id=id, from_state=change[0],
            to_state=change[1], verb=verb, comment=comment, detail={},
            at=self.moment(offset, 9, 30), by=person.id if person else None,
            by_hat=_hat(person),
        )  # fmt: skip


_WITHOUT_ID = {
    "stock_levels", "supply_lines", "pickup_contents", "collection_days", "succession_hands",
    "announcement_recipients", "meeting_replies", "partner_people", "desk_assignments",
    "agreement_templates", "area_lineage", "partner_members", "opportunity_hosts",
    "opportunity_areas", "preferences",
}  # fmt: skip


def _hat(person: Persona | None) -> str:
    """What somebody is in the history: by its role, for its partner, or only a person."""
    if person is None:
        return "system"
    return person.roles[0] if person.roles else "partner" if person.partner_code else "person"
