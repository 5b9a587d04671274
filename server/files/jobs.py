"""Forgetting the bytes of files that were taken away."""

from procrastinate import Blueprint, JobContext

from server.files.actions import forget_removed
from server.jobcontext import outside

tasks = Blueprint()


@tasks.periodic(cron="43 3 * * *")
@tasks.task(name="sweep", pass_context=True)
async def sweep(context: JobContext, timestamp: int) -> None:
    """Delete removed bytes, every night. Harmless when repeated."""
    world = outside(context)
    async with world.sessions() as db, db.begin():
        await forget_removed(db, world.services.files)
