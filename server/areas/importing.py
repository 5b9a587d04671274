"""Bringing areas in from a file: read in a child process, compared with the register, written.

The staff screens and the command line take this same road. Writing is all or nothing: one
transaction, under a lock that lets people read but nobody else write areas.
"""

import hashlib
import tempfile
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import shapely
from anyio import to_thread
from shapely.geometry.base import BaseGeometry
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from geo.crs import WGS84
from geo.files import AreaRow, ReadOptions, ReadResult, run_isolated
from server.areas.import_plan import (
    LOOKALIKES,
    Existing,
    Line,
    Plan,
    Progress,
    area_code,
    make_plan,
)
from server.audit.actions import record
from server.citysettings.models import Municipality
from server.citysettings.queries import load_city
from server.db.base import uuid7
from server.db.context import now
from server.policy import Actor

SLOW_STATEMENTS_MS = 300_000
BATCH_ROWS = 2_000
Report = Callable[[int, int], Awaitable[None]]


@dataclass(frozen=True)
class ImportOptions:
    """What the user answered about a file. None and "" = find out, or as in the file."""

    srid: int | None = None
    swap_axes: bool | None = None
    layer: str | None = None
    encoding: str | None = None
    repair: bool = False
    kind: str = ""
    manager: str = ""
    section: str = ""

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "ImportOptions":
        """As kept in ``area_imports.options``; unknown keys of other versions are left out."""
        return cls(**{key: stored[key] for key in cls.__dataclass_fields__ if key in stored})

    def to_json(self) -> dict[str, object]:
        """For ``area_imports.options``."""
        return asdict(self)


@dataclass(frozen=True)
class CityShape:
    """What files are checked against. ``boundary`` is EPSG:4326; None = nothing is outside."""

    boundary: BaseGeometry | None
    margin_m: int
    plane_srid: int


async def city_shape(db: AsyncSession) -> CityShape:
    """The city's boundary and how far beyond it an area may lie."""
    city = await load_city(db)
    wkb = await db.scalar(select(func.ST_AsBinary(Municipality.boundary)))
    boundary = shapely.from_wkb(bytes(wkb)) if wkb else None
    return CityShape(boundary, city.rules.import_margin_m, city.plane_srid)


def read_options(options: ImportOptions, city: CityShape) -> ReadOptions:
    """The options of the file reader."""
    defaults = {key: getattr(options, key) for key in ("kind", "manager", "section")}
    return ReadOptions(
        srid=options.srid,
        swap_axes=options.swap_axes,
        layer=options.layer,
        encoding=options.encoding,
        defaults={key: value for key, value in defaults.items() if value},
        boundary=city.boundary,
        margin_m=city.margin_m,
    )


async def read_content(
    content: bytes,
    filename: str,
    options: ImportOptions,
    city: CityShape,
    progress: Progress | None = None,
) -> ReadResult:
    """Read a file in a child process. ``progress`` is called in a thread. Raises FileError."""

    def work() -> ReadResult:
        with tempfile.TemporaryDirectory(prefix="area-import-") as folder:
            path = Path(folder) / "file"  # the user's name never touches the disk
            path.write_bytes(content)
            return run_isolated(path, filename, read_options(options, city), progress=progress)

    return await to_thread.run_sync(work, abandon_on_cancel=True)


async def compare(
    db: AsyncSession, rows: Sequence[AreaRow], options: ImportOptions, city: CityShape
) -> Plan:
    """What these rows would do to the register as it is now."""
    existing = await _existing(db, rows)
    return await to_thread.run_sync(
        lambda: make_plan(rows, existing, accept_repairs=options.repair, plane_srid=city.plane_srid)
    )


async def allow_slow_statements(db: AsyncSession) -> None:
    """Raise the limit of five seconds a statement, for this transaction only."""
    await db.execute(text(f"SET LOCAL statement_timeout = {SLOW_STATEMENTS_MS}"))


async def lock_areas(db: AsyncSession) -> None:
    """Keep everybody else from writing areas until this transaction ends; reading goes on."""
    await allow_slow_statements(db)
    await db.execute(text("LOCK TABLE areas IN SHARE ROW EXCLUSIVE MODE"))


_CANDIDATES = text("""
SELECT id, code, name, name_kana, kind, manager, section, source_ref,
       retired_on IS NOT NULL AS retired, ST_AsBinary(geom) AS wkb
FROM areas
WHERE code = ANY(:codes) OR source_ref = ANY(:refs)
   OR replace(translate(name, :apart, :alike), '　', ' ') = ANY(:names)
""")


async def _existing(db: AsyncSession, rows: Sequence[AreaRow]) -> list[Existing]:
    """Every area the rows may mean, in one statement."""
    codes = {code for row in rows if (code := area_code(row.code))}
    asked = {
        "codes": sorted(codes),
        "refs": sorted({_plain(row.code) for row in rows if row.code}),
        "names": sorted({_plain(row.name).translate(LOOKALIKES) for row in rows if row.name}),
        "apart": "".join(map(chr, LOOKALIKES)),
        "alike": "".join(map(chr, LOOKALIKES.values())),
    }
    found = (await db.execute(_CANDIDATES, asked)).all()
    shapes = shapely.from_wkb([bytes(row.wkb) for row in found])
    return [_area(row, shape) for row, shape in zip(found, shapes, strict=True)]


def _area(row: Any, shape: BaseGeometry) -> Existing:
    names = [name for name in Existing.__dataclass_fields__ if name != "geometry"]
    return Existing(**{name: getattr(row, name) for name in names}, geometry=shape)


def _plain(value: str) -> str:
    """Without the apostrophe of our own CSV."""
    return value.removeprefix("'") if value[1:2] in "=+-@＝＋－＠" else value


# ---- writing ----

_STAGE = text("""
CREATE TEMP TABLE area_import_rows (
    n integer PRIMARY KEY, id uuid NOT NULL, is_new boolean NOT NULL, code text, name text,
    name_kana text, kind text, manager text, section text, source_ref text,
    geom geometry(Geometry, 4326)
) ON COMMIT DROP
""")
_COLUMNS = ("name", "name_kana", "kind", "manager", "section", "source_ref")
_COPY = (
    "COPY area_import_rows (n, id, is_new, code, name, name_kana, kind, manager, section, "
    "source_ref, geom) FROM STDIN"
)
# Our own numbers go on after the highest one that a file brought.
_ADVANCE_CODES = text("""
SELECT setval('area_code_seq', :highest) FROM area_code_seq WHERE last_value <= :highest
""")
# The inner order is kept, so that numbers are given in the order of the file.
_INSERT = text("""
INSERT INTO areas (id, code, name, name_kana, kind, manager, section, safety_notes, source_ref,
                   geom, created_at, updated_at)
SELECT id, coalesce(code, next_code('A', 'area_code_seq')), name, coalesce(name_kana, ''), kind,
       manager, coalesce(section, ''), '', source_ref, geom, :moment, :moment
FROM (SELECT * FROM area_import_rows
      WHERE is_new AND n >= :first AND n < :after ORDER BY n OFFSET 0) AS rows
""")
# An area without a value in the file keeps its own; a trigger writes the versions.
_UPDATE = text("""
UPDATE areas SET
  name = coalesce(r.name, areas.name), name_kana = coalesce(r.name_kana, areas.name_kana),
  kind = coalesce(r.kind, areas.kind), manager = coalesce(r.manager, areas.manager),
  section = coalesce(r.section, areas.section),
  source_ref = coalesce(r.source_ref, areas.source_ref),
  geom = coalesce(r.geom, areas.geom), updated_at = :moment
FROM area_import_rows AS r
WHERE areas.id = r.id AND NOT r.is_new AND r.n >= :first AND r.n < :after
""")


async def write(db: AsyncSession, plan: Plan, report: Report | None = None) -> None:
    """Do what the plan says; call only under ``lock_areas`` with a plan made under it.

    Raises ValueError for a plan with refused rows: they must never come this far.
    """
    if plan.blocked:
        raise ValueError("a plan with refused rows is never written")
    lines = [line for line in plan.lines if line.action in ("create", "change")]
    await db.execute(_STAGE)
    await _stage(db, lines)
    numbers = [int(code[2:]) for line in lines if (code := line.values["code"])]
    if numbers:
        await db.execute(_ADVANCE_CODES, {"highest": max(1, *numbers)})
    moment = now(db)
    for first in range(0, len(lines), BATCH_ROWS):
        part = {"moment": moment, "first": first, "after": first + BATCH_ROWS}
        await db.execute(_INSERT, part)
        await db.execute(_UPDATE, part)
        if report:
            await report(min(first + BATCH_ROWS, len(lines)), len(lines))


def note(
    db: AsyncSession,
    actor: Actor | None,
    import_id: uuid.UUID,
    filename: str,
    content: bytes,
    plan: Plan,
) -> None:
    """The audit event of a file that was brought in."""
    record(
        db, actor, "areas.import", "area_import", import_id, filename=filename,
        sha256=hashlib.sha256(content).hexdigest(), counts=plan.counts,
    )  # fmt: skip


async def _stage(db: AsyncSession, lines: Iterable[Line]) -> None:
    """Stream the rows into a temporary table with COPY."""
    raw = await (await db.connection()).get_raw_connection()
    driver: Any = raw.driver_connection
    async with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
        for n, line in enumerate(lines):
            await copy.write_row(_staged(n, line))


def _staged(n: int, line: Line) -> tuple[object, ...]:
    """What an area does not change is left empty, so that nobody's writing is undone."""
    target = line.target
    keep = {change.field for change in line.changes} if target else {*_COLUMNS, "geometry"}
    texts = [line.values[name] if name in keep else None for name in _COLUMNS]
    shape = ewkb(line.geometry) if line.geometry is not None and "geometry" in keep else None
    area_id: uuid.UUID = target.id if target else uuid7()
    return (n, area_id, target is None, line.values["code"], *texts, shape)


def ewkb(shape: BaseGeometry) -> str:
    """A lon/lat shape as PostGIS reads it."""
    written: str = shapely.to_wkb(shapely.set_srid(shape, WGS84), hex=True, include_srid=True)
    return written
