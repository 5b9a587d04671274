"""Reading and applying imported files in the background."""

import time
import uuid
from collections.abc import Awaitable, Callable

import structlog
from anyio import from_thread
from procrastinate import Blueprint, JobContext
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from geo.files import FileError, ReadResult
from server.accounts.models import AccountRole
from server.areas import import_records as records
from server.areas import importing
from server.areas.import_plan import Plan
from server.areas.import_records import Work
from server.jobcontext import Outside, outside
from server.policy import Actor

tasks = Blueprint()
log = structlog.get_logger("machipika")
PROGRESS_EVERY_S = 0.25


class Progress:
    """Writes how far a job is in transactions of its own, at most four times a second."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession], import_id: uuid.UUID) -> None:
        self.sessions = sessions
        self.import_id = import_id
        self.last_at = float("-inf")

    async def report(self, done: int, total: int) -> None:
        """From the job itself."""
        if time.monotonic() - self.last_at < PROGRESS_EVERY_S and done < total:
            return
        self.last_at = time.monotonic()
        async with self.sessions() as db, db.begin():
            await records.show_progress(db, self.import_id, done, total)

    def from_thread(self, done: int, total: int) -> None:
        """From the thread that reads the file."""
        from_thread.run(self.report, done, total)


@tasks.task(name="read_import", pass_context=True)
async def read_import(context: JobContext, import_id: str) -> None:
    """Read an uploaded file and prepare its preview; harmless when repeated."""
    world = outside(context)

    async def work(job: Work) -> None:
        async with world.sessions() as db, db.begin():
            city = await importing.city_shape(db)
        result = await _read(world, job, city)
        async with world.sessions() as db, db.begin():
            if result.needs:
                await records.ask(db, job.id, result)
            else:
                await importing.allow_slow_statements(db)
                plan = await importing.compare(db, result.rows, job.options, city)
                await records.show_plan(db, job.id, result, plan)

    await _run(world, uuid.UUID(import_id), ("queued", "reading"), work)


@tasks.task(name="apply_import", pass_context=True)
async def apply_import(context: JobContext, import_id: str) -> None:
    """Write what was previewed, or show the preview again if the register has changed since."""
    world = outside(context)

    async def work(job: Work) -> None:
        async with world.sessions() as db, db.begin():
            city = await importing.city_shape(db)
        result = await _read(world, job, city)
        plan = await _write(world, job, result, city)
        if plan is not None:
            async with world.sessions() as db, db.begin():
                await records.show_plan(db, job.id, result, plan, notice="changed")

    await _run(world, uuid.UUID(import_id), ("applying",), work)


async def _read(world: Outside, job: Work, city: importing.CityShape) -> ReadResult:
    progress = Progress(world.sessions, job.id).from_thread
    return await importing.read_content(job.content, job.filename, job.options, city, progress)


async def _write(
    world: Outside, job: Work, result: ReadResult, city: importing.CityShape
) -> Plan | None:
    """All of it in one transaction; or nothing, and the plan as it would be now."""
    report = Progress(world.sessions, job.id).report
    async with world.sessions() as db, db.begin():
        await importing.lock_areas(db)
        plan = await importing.compare(db, result.rows, job.options, city)
        if plan.fingerprint != job.fingerprint or plan.blocked:
            return plan
        await importing.write(db, plan, report)
        await records.mark_applied(db, job.id, result, plan)
        actor = await _actor(db, job)
        importing.note(db, actor, job.id, job.filename, job.content, plan)
    return None


async def _actor(db: AsyncSession, job: Work) -> Actor | None:
    """Who pressed the button, with the role they had then."""
    if job.applied_by is None:
        return None
    held = await db.scalars(
        select(AccountRole.role).where(AccountRole.account_id == job.applied_by)
    )
    roles = frozenset(held) | ({job.role} if job.role else set())
    return Actor(job.applied_by, "", roles=roles)


async def _run(
    world: Outside,
    import_id: uuid.UUID,
    states: tuple[str, ...],
    work: Callable[[Work], Awaitable[None]],
) -> None:
    """Take the file in hand, and whatever happens, leave it in a state that says so."""
    async with world.sessions() as db, db.begin():
        job = await records.take(db, import_id, states)
    if job is None:
        return  # discarded meanwhile, or done by an earlier run
    try:
        await work(job)
    except FileError as error:
        await _fail(world, import_id, error.code, error.detail)
    except IntegrityError as error:
        log.warning("area import refused by the database", error=type(error.orig).__name__)
        await _fail(world, import_id, "database", {})
    except Exception:
        await _fail(world, import_id, "internal", {})
        raise


async def _fail(world: Outside, import_id: uuid.UUID, code: str, detail: dict[str, object]) -> None:
    async with world.sessions() as db, db.begin():
        if code == "unreadable_encoding":
            await records.ask_encoding(db, import_id)
        await records.fail(db, import_id, code, detail)  # unless somebody is asked now


@tasks.periodic(cron="*/10 * * * *")
@tasks.task(name="tidy_imports", pass_context=True)
async def tidy_imports(context: JobContext, timestamp: int) -> None:
    """Forget old uploads and set free those whose worker died."""
    world = outside(context)
    async with world.sessions() as db, db.begin():
        await records.tidy(db)
