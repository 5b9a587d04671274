"""What happens to jobs when a worker is killed, or the database is restarted under it."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import anyio
import psycopg
import pytest

from server.db import embedded
from server.db.context import enqueue
from server.db.engine import libpq_url, make_engine, make_sessions
from server.db.migrate import create_database_if_missing, upgrade
from server.jobcontext import Outside
from server.jobs import make_jobs, worker
from server.services import NoMailer, Services
from server.settings import Settings
from tests.conftest import FixedClock

pytestmark = pytest.mark.anyio
LOST = """
WITH dead AS (
  INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '5 minutes')
  RETURNING id)
UPDATE procrastinate_jobs SET status = 'doing', worker_id = (SELECT id FROM dead)
"""


async def test_a_dead_workers_job_runs_again(database_url: str, clock: FixedClock) -> None:
    jobs = make_jobs(database_url)
    engine = make_engine(database_url, 2)
    sessions = make_sessions(engine, clock=clock, jobs=jobs)
    services = Services(clock=clock, mailer=NoMailer())
    settings = Settings(demo=True, database_url=database_url)
    async with sessions() as db, db.begin():
        await enqueue(db, "accounts:housekeeping", timestamp=0)
    with psycopg.connect(libpq_url(database_url), autocommit=True) as raw:
        raw.execute(LOST)
        async with jobs.open_async():
            await jobs.tasks["jobs:rescue"].defer_async(timestamp=0)
            await jobs.run_worker_async(
                wait=False,
                additional_context={"outside": Outside(sessions, services, settings)},
                install_signal_handlers=False,
                concurrency=1,
            )
        states = raw.execute("SELECT task_name, status FROM procrastinate_jobs").fetchall()
    await engine.dispose()
    assert ("accounts:housekeeping", "succeeded") in states, states


@pytest.fixture
def cluster() -> Iterator[embedded.Cluster]:
    """A server of our own that a test may stop."""
    folder = Path(f"/tmp/machipika-rescue-{os.getpid()}")  # noqa: S108
    folder.mkdir(mode=0o755)
    yield embedded.ensure(folder)
    embedded.stop_if_running(folder)
    shutil.rmtree(folder)


def waiting_jobs(url: str) -> int:
    with psycopg.connect(libpq_url(url)) as raw:
        row = raw.execute("SELECT count(*) FROM procrastinate_jobs").fetchone()
    return int(row[0]) if row else -1


async def test_the_worker_outlives_a_restart_of_the_database(
    cluster: embedded.Cluster, clock: FixedClock
) -> None:
    url = cluster.url()
    create_database_if_missing(url)
    upgrade(url)
    jobs = make_jobs(url)
    engine = make_engine(url, 2)
    sessions = make_sessions(engine, clock=clock, jobs=jobs)
    services = Services(clock=clock, mailer=NoMailer())
    async with worker(jobs, sessions, services, Settings(demo=True, database_url=url)):
        await anyio.to_thread.run_sync(embedded.stop, cluster)
        await anyio.to_thread.run_sync(embedded.ensure, cluster.directory)
        async with sessions() as db, db.begin():
            await enqueue(db, "accounts:housekeeping", timestamp=0)
        with anyio.fail_after(60):  # another process ends the job, so there is no event to wait for
            while await anyio.to_thread.run_sync(waiting_jobs, url):  # noqa: ASYNC110
                await anyio.sleep(0.2)
    await engine.dispose()
