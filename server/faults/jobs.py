"""Forgetting the photos of reports that nobody sent."""

from procrastinate import Blueprint, JobContext

from server.faults.actions import forget_drafts
from server.jobcontext import outside

tasks = Blueprint()


@tasks.periodic(cron="13 3 * * *")
@tasks.task(name="sweep", pass_context=True)
async def sweep(context: JobContext, timestamp: int) -> None:
    """Every night, before the bytes of removed files go. Harmless when repeated."""
    async with outside(context).sessions() as db, db.begin():
        await forget_drafts(db)
