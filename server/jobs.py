"""Background work: the procrastinate app with the tasks of every domain.

Tasks are named functions in ``<domain>/jobs.py``. They run at least once, so each must be harmless
when repeated. They reach the database and the outside world through the job's context.
"""

import asyncio
import contextlib
import copy
from collections.abc import AsyncIterator

from procrastinate import App, Blueprint, JobContext, PsycopgConnector
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from server.accounts.jobs import tasks as accounts_tasks
from server.areas.jobs import tasks as areas_tasks
from server.db.engine import libpq_url
from server.jobcontext import Outside
from server.services import Services
from server.settings import Settings

own_tasks = Blueprint()


@own_tasks.periodic(cron="*/2 * * * *")
@own_tasks.task(name="rescue", pass_context=True)
async def rescue(context: JobContext, timestamp: int) -> None:
    """Put back jobs whose worker died in the middle (kill -9, power): they run again.

    A living worker sends heartbeats; a job of one that has been silent for 30 s is nobody's.
    """
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs():
        await manager.retry_job(job)


def make_jobs(database_url: str) -> App:
    """The job queue on this database; open it (``async with``) only to run a worker."""
    app = App(connector=PsycopgConnector(conninfo=libpq_url(database_url), max_size=4))
    # Copies: add_tasks_from renames the tasks it is given, so a second app in this process (every
    # test makes one) would otherwise get "accounts:accounts:send_mail".
    app.add_tasks_from(copy.deepcopy(own_tasks), namespace="jobs")
    app.add_tasks_from(copy.deepcopy(accounts_tasks), namespace="accounts")
    app.add_tasks_from(copy.deepcopy(areas_tasks), namespace="areas")
    return app


@contextlib.asynccontextmanager
async def worker(
    jobs: App, sessions: async_sessionmaker[AsyncSession], services: Services, settings: Settings
) -> AsyncIterator[asyncio.Task[None]]:
    """Run a worker beside whatever else the process does; leaving the block stops it in order."""
    context = {"outside": Outside(sessions, services, settings)}
    async with jobs.open_async():
        running = asyncio.create_task(
            jobs.run_worker_async(
                additional_context=context, install_signal_handlers=False, concurrency=2,
                delete_jobs="successful", shutdown_graceful_timeout=5,
            )
        )  # fmt: skip
        try:
            yield running
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running
