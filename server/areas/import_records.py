"""The life of an uploaded file: queued → reading → asking or ready → applying → applied, or failed.

Every step is one short transaction and says which state it expects, so that a job that runs twice,
or two people at once, do no harm. The file itself is kept only until it is applied or given up.
"""

import datetime as dt
import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import CursorResult, delete, literal, select, text, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from geo.files import ReadResult
from server.areas.import_json import about_json, line_json, storable
from server.areas.import_plan import Plan
from server.areas.importing import ImportOptions, allow_slow_statements
from server.areas.models import AreaImport
from server.audit.actions import record
from server.db.context import enqueue, now
from server.errors import Conflict, NotFound
from server.http.i18n import gettext as _
from server.policy import Actor

PAGE_ROWS = 100
RECENT = 10
KEEP = dt.timedelta(days=7)
SILENT = dt.timedelta(minutes=5)  # a job that said nothing for so long is dead
RUNNING = ("queued", "reading", "applying")


@dataclass(frozen=True)
class Import:
    """An uploaded file without its content and rows."""

    id: uuid.UUID
    filename: str
    state: str
    options: ImportOptions
    summary: Mapping[str, Any]
    done: int
    total: int
    created_at: dt.datetime
    applied_at: dt.datetime | None

    @property
    def running(self) -> bool:
        """A job has it in hand, or soon will."""
        return self.state in RUNNING

    @property
    def counts(self) -> Mapping[str, int]:
        """Rows by action; empty before the file was read."""
        found: Mapping[str, int] = self.summary.get("counts", {})
        return found

    @property
    def notice(self) -> str | None:
        """Why the preview is shown again (``changed``, ``interrupted``)."""
        said: str | None = self.summary.get("notice") if self.state == "ready" else None
        return said

    @property
    def can_apply(self) -> bool:
        """Nothing is refused and something would change."""
        counts = self.counts
        changes = counts.get("create", 0) + counts.get("change", 0)
        return self.state == "ready" and bool(changes) and not counts.get("refused")


@dataclass(frozen=True)
class Work:
    """What a job needs of an uploaded file."""

    id: uuid.UUID
    filename: str
    content: bytes
    options: ImportOptions
    fingerprint: str
    applied_by: uuid.UUID | None
    role: str


@dataclass(frozen=True)
class RowPage:
    """One page of the preview; ``rows`` as made by ``import_json.line_json``."""

    action: str
    number: int
    total: int
    rows: tuple[Mapping[str, Any], ...]

    @property
    def more(self) -> bool:
        """Whether a page follows."""
        return self.number * PAGE_ROWS < self.total


# ---- for the pages ----


def _scope(actor: Actor) -> list[Any]:
    """One's own uploads; administrators see all."""
    return [] if actor.is_admin else [AreaImport.created_by == actor.account_id]


_SHOWN = (
    AreaImport.id, AreaImport.filename, AreaImport.state, AreaImport.options, AreaImport.summary,
    AreaImport.progress_done, AreaImport.progress_total, AreaImport.created_at,
    AreaImport.applied_at,
)  # fmt: skip


def _import(row: Any) -> Import:
    options = ImportOptions.from_json(row[3])
    return Import(row[0], row[1], row[2], options, row[4], *row[5:])


async def get_import(db: AsyncSession, actor: Actor, import_id: uuid.UUID) -> Import:
    """One upload. Raises NotFound, also for other people's."""
    statement = select(*_SHOWN).where(AreaImport.id == import_id, *_scope(actor))
    row = (await db.execute(statement)).first()
    if row is None:
        raise NotFound(_("取りこみが見つかりません。"))
    return _import(row)


async def recent_imports(db: AsyncSession, actor: Actor) -> list[Import]:
    """The last uploads, newest first."""
    newest = select(*_SHOWN).where(*_scope(actor)).order_by(AreaImport.id.desc()).limit(RECENT)
    return [_import(row) for row in await db.execute(newest)]


_PAGE = text("""
SELECT row, count(*) OVER () AS total
FROM area_imports, jsonb_array_elements(rows) WITH ORDINALITY AS r(row, n)
WHERE id = :id AND (:action = 'all' OR row ->> 'action' = :action)
ORDER BY n LIMIT :limit OFFSET :offset
""")


async def row_page(db: AsyncSession, import_id: uuid.UUID, action: str, number: int) -> RowPage:
    """Rows of one action (or ``all``); ``number`` counts from 1. Check the scope before."""
    asked = {
        "id": import_id, "action": action, "limit": PAGE_ROWS, "offset": (number - 1) * PAGE_ROWS
    }  # fmt: skip
    found = (await db.execute(_PAGE, asked)).all()
    return RowPage(action, number, found[0].total if found else 0, tuple(r.row for r in found))


async def create_import(db: AsyncSession, actor: Actor, filename: str, content: bytes) -> uuid.UUID:
    """Keep an uploaded file and queue its reading, in one transaction."""
    await allow_slow_statements(db)
    made = AreaImport(
        filename=filename, content=content, sha256=hashlib.sha256(content).digest(),
        options=ImportOptions().to_json(), state="queued", summary={"beat": _stamp(db)}, rows=[],
        created_by=actor.account_id, created_at=now(db),
    )  # fmt: skip
    db.add(made)
    await db.flush()
    record(
        db, actor, "areas.import.upload", "area_import", made.id,
        filename=filename, bytes=len(content),
    )  # fmt: skip
    await enqueue(db, "areas:read_import", import_id=str(made.id))
    return made.id


async def answer(
    db: AsyncSession, actor: Actor, import_id: uuid.UUID, options: ImportOptions
) -> None:
    """Read the file again with other options. Raises NotFound or Conflict."""
    await _move(
        db, actor, import_id, ("asking", "ready"), state="queued", options=options.to_json(),
        summary={"beat": _stamp(db)}, rows=[], progress_done=0, progress_total=0,
    )  # fmt: skip
    await enqueue(db, "areas:read_import", import_id=str(import_id))


async def start_apply(
    db: AsyncSession, actor: Actor, import_id: uuid.UUID, fingerprint: str
) -> None:
    """Queue the writing of what was previewed. Raises NotFound or Conflict."""
    found = await get_import(db, actor, import_id)
    if not found.can_apply or found.summary.get("fingerprint") != fingerprint:
        raise Conflict(_("内容が変わりました。新しい内容を確かめてください。"))
    summary = {**found.summary, "role": actor.main_role, "by": str(actor.account_id)}
    summary |= {"beat": _stamp(db), "notice": None}
    await _move(
        db, actor, import_id, ("ready",), state="applying", summary=summary,
        progress_done=0, progress_total=0,
    )  # fmt: skip
    await enqueue(db, "areas:apply_import", import_id=str(import_id))


async def discard(db: AsyncSession, actor: Actor, import_id: uuid.UUID) -> None:
    """Forget an upload that has not been applied. Doing it again is harmless for everybody."""
    removed = await db.execute(
        delete(AreaImport)
        .where(AreaImport.id == import_id, *_scope(actor))
        .where(AreaImport.state.not_in(("applying", "applied")))
        .returning(AreaImport.filename)
    )
    filename = removed.scalar_one_or_none()
    if filename is None:
        await get_import(db, actor, import_id)
        raise Conflict(_("取りこみが進んでいるか、終わっています。"))
    record(db, actor, "areas.import.discard", "area_import", import_id, filename=filename)


async def _move(
    db: AsyncSession, actor: Actor, import_id: uuid.UUID, states: tuple[str, ...], **values: Any
) -> None:
    moved = await db.execute(
        update(AreaImport)
        .where(AreaImport.id == import_id, AreaImport.state.in_(states), *_scope(actor))
        .values(**values)
    )
    if not _hit(moved):
        await get_import(db, actor, import_id)
        raise Conflict(_("ほかの操作と重なりました。新しい内容を確かめてください。"))


# ---- for the jobs ----


async def take(db: AsyncSession, import_id: uuid.UUID, states: tuple[str, ...]) -> Work | None:
    """The file, if it is still in one of ``states``; a queued one is then being read."""
    await allow_slow_statements(db)
    row = (
        await db.execute(
            select(
                AreaImport.filename, AreaImport.content, AreaImport.options, AreaImport.summary,
                AreaImport.created_by, AreaImport.state,
            )
            .where(AreaImport.id == import_id, AreaImport.state.in_(states))
            .with_for_update()
        )
    ).first()  # fmt: skip
    if row is None or row.content is None:
        return None
    if row.state == "queued":
        await _set(db, import_id, ("queued",), state="reading", summary={"beat": _stamp(db)})
    by = row.summary.get("by")
    return Work(
        import_id, row.filename, bytes(row.content), ImportOptions.from_json(row.options),
        row.summary.get("fingerprint", ""), uuid.UUID(by) if by else row.created_by,
        row.summary.get("role", ""),
    )  # fmt: skip


async def show_progress(db: AsyncSession, import_id: uuid.UUID, done: int, total: int) -> None:
    """How far the job is; also the sign that it lives."""
    beat = _with(beat=_stamp(db))
    await _set(
        db, import_id, RUNNING, progress_done=done, progress_total=total, summary=beat
    )  # fmt: skip


async def ask(db: AsyncSession, import_id: uuid.UUID, result: ReadResult) -> None:
    """The file cannot be read before somebody says its CRS or layer."""
    await _set(db, import_id, ("reading",), state="asking", summary=about_json(result))


async def ask_encoding(db: AsyncSession, import_id: uuid.UUID) -> None:
    """The texts cannot be read before somebody says their encoding."""
    about = {"needs": "encoding", "layers": [], "notes": [], "columns": {}}
    await _set(db, import_id, ("reading",), state="asking", summary=about)


async def show_plan(
    db: AsyncSession,
    import_id: uuid.UUID,
    result: ReadResult,
    plan: Plan,
    notice: str | None = None,
) -> None:
    """The preview is ready, for the first time or again (``notice`` says why)."""
    await allow_slow_statements(db)
    summary = about_json(result) | {
        "counts": plan.counts, "fingerprint": plan.fingerprint, "notice": notice
    }  # fmt: skip
    rows = [line_json(line) for line in plan.lines]
    await _set(
        db, import_id, ("reading", "applying"), state="ready", summary=summary, rows=rows
    )  # fmt: skip


async def mark_applied(
    db: AsyncSession, import_id: uuid.UUID, result: ReadResult, plan: Plan
) -> None:
    """In the transaction that writes the areas. Raises Conflict if another run was quicker."""
    summary = about_json(result) | {"counts": plan.counts}
    done = await _set(
        db, import_id, ("applying",), state="applied", summary=summary, content=None,
        applied_at=now(db),
    )  # fmt: skip
    if not done:
        raise Conflict("applied by another run")


async def add_applied(
    db: AsyncSession, filename: str, content: bytes, result: ReadResult, plan: Plan
) -> uuid.UUID:
    """A file that the command line brought in, for the list of imports."""
    made = AreaImport(
        filename=filename, sha256=hashlib.sha256(content).digest(), state="applied",
        summary=about_json(result) | {"counts": plan.counts}, rows=[], created_at=now(db),
        applied_at=now(db), options={},
    )  # fmt: skip
    db.add(made)
    await db.flush()
    return made.id


async def fail(
    db: AsyncSession, import_id: uuid.UUID, code: str, detail: Mapping[str, Any]
) -> None:
    """The file cannot be taken; its content is not kept."""
    summary = {"error": code, "detail": storable(dict(detail))}
    await _set(
        db, import_id, RUNNING, state="failed", summary=summary, content=None, rows=[]
    )  # fmt: skip


async def tidy(db: AsyncSession) -> None:
    """Forget what is a week old, and set free what a killed worker left behind."""
    moment = now(db)
    old = AreaImport.created_at < moment - KEEP
    await db.execute(delete(AreaImport).where(old, AreaImport.state != "applied"))
    await db.execute(update(AreaImport).where(old).values(rows=[], content=None))
    beat = AreaImport.summary["beat"].as_string()
    silent = beat < (moment - SILENT).isoformat()
    await db.execute(
        update(AreaImport)
        .where(AreaImport.state == "reading", silent)
        .values(state="failed", summary={"error": "interrupted", "detail": {}}, content=None)
    )
    await db.execute(
        update(AreaImport)
        .where(AreaImport.state == "applying", silent)
        .values(state="ready", summary=_with(notice="interrupted"))
    )


async def _set(
    db: AsyncSession, import_id: uuid.UUID, states: tuple[str, ...], **values: Any
) -> bool:
    statement = update(AreaImport).where(AreaImport.id == import_id, AreaImport.state.in_(states))
    return _hit(await db.execute(statement.values(**values)))


def _with(**values: object) -> Any:
    """The stored summary with some keys replaced."""
    return AreaImport.summary.op("||")(literal(values, JSONB))


def _hit(result: Any) -> bool:
    assert isinstance(result, CursorResult)  # noqa: S101 - told to mypy
    return result.rowcount > 0


def _stamp(db: AsyncSession) -> str:
    return now(db).astimezone(dt.UTC).isoformat()
