"""Background work: the procrastinate app with the tasks of every domain.

Tasks are named functions in ``<domain>/jobs.py``. They run at least once, so each must be harmless
when repeated. They reach the database and the outside world through the job's context.
"""

import asyncio
import contextlib
import copy
from collections.abc import AsyncIterator

import psycopg
import structlog
from procrastinate import App, Blueprint, JobContext, PsycopgConnector
from procrastinate.exceptions import ConnectorException
from psycopg_pool import PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from server.accounts.jobs import tasks as accounts_tasks
from server.areas.jobs import tasks as areas_tasks
from server.db.engine import libpq_url
from server.enrolments.jobs import tasks as enrolments_tasks
from server.faults.jobs import tasks as faults_tasks
from server.files.jobs import tasks as files_tasks
from server.helpcalls.jobs import tasks as helpcalls_tasks
from server.jobcontext import Outside
from server.loans.jobs import tasks as loans_tasks
from server.notices.jobs import tasks as notices_tasks
from server.opportunities.jobs import tasks as opportunities_tasks
from server.services import Services
from server.settings import Settings
from server.signups.jobs import tasks as signups_tasks

STOP_S = 5
RETRY_S = 5
log = structlog.get_logger("machipika")

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
    app = App(connector=PsycopgConnector(conninfo=libpq_url(database_url), max_size=4, timeout=5))
    # Copies: add_tasks_from renames the tasks it is given, so a second app in this process (every
    # test makes one) would otherwise get "accounts:accounts:send_mail".
    app.add_tasks_from(copy.deepcopy(own_tasks), namespace="jobs")
    app.add_tasks_from(copy.deepcopy(accounts_tasks), namespace="accounts")
    app.add_tasks_from(copy.deepcopy(areas_tasks), namespace="areas")
    app.add_tasks_from(copy.deepcopy(enrolments_tasks), namespace="enrolments")
    app.add_tasks_from(copy.deepcopy(faults_tasks), namespace="faults")
    app.add_tasks_from(copy.deepcopy(files_tasks), namespace="files")
    app.add_tasks_from(copy.deepcopy(helpcalls_tasks), namespace="helpcalls")
    app.add_tasks_from(copy.deepcopy(loans_tasks), namespace="loans")
    app.add_tasks_from(copy.deepcopy(opportunities_tasks), namespace="opportunities")
    app.add_tasks_from(copy.deepcopy(notices_tasks), namespace="notices")
    app.add_tasks_from(copy.deepcopy(signups_tasks), namespace="signups")
    return app


async def _keep_working(jobs: App, outside: Outside) -> None:
    """Run jobs, and go on after the database was away: a restart of it must not end the worker."""
    while True:
        try:
            await jobs.run_worker_async(
                additional_context={"outside": outside}, install_signal_handlers=False,
                concurrency=2, delete_jobs="successful", shutdown_graceful_timeout=STOP_S,
            )  # fmt: skip
        except (ConnectorException, psycopg.Error, PoolTimeout) as error:
            log.warning("the worker lost the database", error=type(error).__name__)
            await asyncio.sleep(RETRY_S)


@contextlib.asynccontextmanager
async def worker(
    jobs: App, sessions: async_sessionmaker[AsyncSession], services: Services, settings: Settings
) -> AsyncIterator[asyncio.Task[None]]:
    """Run a worker beside whatever else the process does; leaving the block stops it in order.

    In order means: jobs at work may finish for ``STOP_S``. Without a database there is nothing to
    finish, so a second cancellation ends the waiting for it.
    """
    outside = Outside(sessions, services, settings)
    async with jobs.open_async():
        running = asyncio.create_task(_keep_working(jobs, outside))
        try:
            yield running
        finally:
            for _ in range(2):
                running.cancel()
                await asyncio.wait({running}, timeout=STOP_S)
