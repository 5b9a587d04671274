"""A worker killed in the middle of a job: the job is done by the next one."""

import psycopg
import pytest

from server.db.context import enqueue
from server.db.engine import libpq_url, make_engine, make_sessions
from server.jobcontext import Outside
from server.jobs import make_jobs
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
