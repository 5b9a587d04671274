"""Writes the demo city into a database: one transaction, streamed with COPY."""

import datetime as dt
import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from server.db.engine import libpq_url
from server.db.tables import Base
from server.demo import rows
from server.demo.build import build
from server.demo.ids import SEED
from server.demo.model import Area, DemoCity, Part, at
from server.demo.partners import PARTNERS
from server.demo.programme import fill
from server.demo.programme.kit import Demo
from server.demo.rows import Rows
from server.demo.shapes import drawn_areas
from server.enrolments.machine import ENROLMENT

Progress = Callable[[str, int, int], None]
Connection = psycopg.Connection[tuple[Any, ...]]

MARKER: Final = "demo.loaded_on"
BATCH: Final = 10  # copies of the city per round of COPY: what is in memory at once
LOCK: Final = 20040601
KEPT: Final = ("workflow_edges",)  # belongs to the schema
SEQUENCES: Final = ("area_code_seq", "partner_code_seq", "enrolment_code_seq", "pickup_code_seq",
                    "fault_code_seq")  # fmt: skip
# Where rows would mean that a city uses this database. Log-ins and rate limits do not count.
REAL_DATA: Final = ("municipality", "accounts", "partners", "areas", "opportunities", "cleanups",
                    "audit_events")  # fmt: skip


class DemoRefused(Exception):
    """The database holds data that is not the demo's; nothing was changed."""


@dataclass(frozen=True)
class DemoSummary:
    """What a load did. ``loaded`` is False when the demo was already there."""

    loaded: bool
    loaded_on: dt.date
    scale: int
    rows: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def rows_per_second(self) -> float:
        """Rows of all tables per second of the whole load."""
        return sum(self.rows.values()) / self.seconds if self.seconds else 0.0


def is_loaded(database_url: str) -> bool:
    """Whether the database holds the demo."""
    with psycopg.connect(libpq_url(database_url)) as connection:
        return _marker(connection) is not None


def load(
    database_url: str,
    today: dt.date,
    scale: int = 1,
    progress: Progress = lambda step, done, total: None,
    *,
    reset: bool = False,
    seed: int = SEED,
) -> DemoSummary:
    """Fill an empty database with the demo as it stands on ``today``.

    A demo that is already there stays as it is (also on another day or at another scale), unless
    ``reset`` asks to empty the tables and begin anew. ``progress(step, done, total)`` is called
    with step ``load`` (copies of the city) and ``analyze``. Raises DemoRefused, and changes
    nothing, when the database holds other data.
    """
    started = time.monotonic()
    city = build(today, scale, seed)
    with psycopg.connect(libpq_url(database_url)) as connection:
        connection.execute("SET LOCAL statement_timeout = 0")
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])  # two at once: one loads
        found = _marker(connection)
        if found is not None and not reset:
            return found
        if found is not None:
            _empty(connection)
        else:
            _require_empty(connection)
        counts = _write(connection, city, progress)
    return DemoSummary(True, today, scale, counts, time.monotonic() - started)


def _marker(connection: Connection) -> DemoSummary | None:
    found = connection.execute("SELECT value FROM city_settings WHERE key = %s", [MARKER])
    row = found.fetchone()
    if row is None:
        return None
    return DemoSummary(False, dt.date.fromisoformat(row[0]["on"]), int(row[0]["scale"]))


def _require_empty(connection: Connection) -> None:
    for table in REAL_DATA:
        query = sql.SQL("SELECT EXISTS (SELECT FROM {})").format(sql.Identifier(table))
        row = connection.execute(query).fetchone()
        if row and row[0]:
            raise DemoRefused(
                f"このデータベースにはデモ以外のデータがあります({table})。何も変更していません。"
            )


def _empty(connection: Connection) -> None:
    """Empty the tables of the application, also those that triggers protect."""
    names = [sql.Identifier(name) for name in Base.metadata.tables if name not in KEPT]
    for table in names:
        connection.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(table))
    connection.execute(sql.SQL("TRUNCATE {}").format(sql.SQL(", ").join(names)))
    for table in names:
        connection.execute(sql.SQL("ALTER TABLE {} ENABLE TRIGGER USER").format(table))
    for sequence in SEQUENCES:
        connection.execute("SELECT setval(%s::regclass, 1, false)", [sequence])


def _write(connection: Connection, city: DemoCity, progress: Progress) -> dict[str, int]:
    progress("load", 0, city.scale)
    counts: Counter[str] = Counter()
    _copy_all(connection, rows.before_parts(city), counts)
    done = 0
    for batch in _batches(city.parts()):
        _copy_all(connection, rows.for_parts(batch), counts)
        if done == 0:
            _analyze(connection)  # triggers planned while tables were empty would stay slow
        done += len(batch)
        progress("load", done, city.scale)
    _copy_all(connection, rows.after_parts(city), counts)
    _advance_codes(connection, city)
    _lead_cases(connection)
    fill(Demo(connection, city.today))
    connection.execute("SET CONSTRAINTS ALL IMMEDIATE")  # the histories are checked here
    _mark(connection, city)
    progress("analyze", 0, 1)
    _analyze(connection)
    progress("analyze", 1, 1)
    return dict(counts)


def _batches(parts: Iterator[Part]) -> Iterator[list[Part]]:
    while batch := list(itertools.islice(parts, BATCH)):
        yield batch


def _copy_all(connection: Connection, tables: Iterable[Rows], counts: Counter[str]) -> None:
    for table in tables:
        counts[table.table] += _copy(connection, table)
        _redraw(connection, table.redrawn)  # at once: later cleanups refer to version 2


def _copy(connection: Connection, table: Rows) -> int:
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table.table), sql.SQL(", ").join(map(sql.Identifier, table.columns))
    )
    count = 0
    with connection.cursor().copy(statement) as copy:
        for count, row in enumerate(table.values, 1):  # noqa: B007 - the last number is the count
            copy.write_row(row)
    return count


def _redraw(connection: Connection, areas: tuple[Area, ...]) -> None:
    """Give redrawn areas their present shape; the trigger keeps the former one."""
    for area in areas:
        if area.redrawn_on is not None:
            connection.execute(
                "UPDATE areas SET geom = %s::geometry, updated_at = %s WHERE id = %s",
                [rows.ewkb(area.geom), at(area.redrawn_on, 0), area.id],
            )


def _advance_codes(connection: Connection, city: DemoCity) -> None:
    """The next area and partner that people create get the codes after the demo's."""
    last = {
        "area_code_seq": len(drawn_areas()) * city.scale,
        "partner_code_seq": len(PARTNERS) * city.scale,
    }
    for sequence, value in last.items():
        connection.execute("SELECT setval(%s::regclass, %s)", [sequence, value])


def _lead_cases(connection: Connection) -> None:
    """Lead the case of every partner from its draft to "active", with the history of each step."""
    for n, (before, after) in enumerate(pairwise(["", *ENROLMENT.path_to("active")])):
        verb = next((s.verb for s in ENROLMENT.steps if s.target == after), "create")
        if before:
            connection.execute("UPDATE enrolments SET state = %s WHERE state = %s", [after, before])
        connection.execute(
            "INSERT INTO state_changes (id, machine, object_id, from_state, to_state, verb,"
            " comment, detail, at, by_hat) SELECT gen_random_uuid(), 'enrolment', id, %s, %s, %s,"
            " '', '{}', created_at + %s * interval '1 day', 'staff' FROM enrolments",
            [before, after, verb, n],
        )


def _mark(connection: Connection, city: DemoCity) -> None:
    value = Jsonb({"on": city.today.isoformat(), "scale": city.scale, "seed": city.seed})
    connection.execute(
        "INSERT INTO city_settings (key, value, changed_at) VALUES (%s, %s, now())",
        [MARKER, value],
    )


def _analyze(connection: Connection) -> None:
    tables = sql.SQL(", ").join(sql.Identifier(name) for name in Base.metadata.tables)
    connection.execute(sql.SQL("ANALYZE {}").format(tables))
