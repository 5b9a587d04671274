"""Sending what waits in the outbox, and forgetting what must not be kept."""

import datetime as dt
import uuid

from procrastinate import Blueprint, JobContext, RetryStrategy
from sqlalchemy import delete, select

from server.accounts.models import LoginCode, LoginSession, OutboxMail, RateBucket
from server.db.context import now
from server.jobcontext import outside

tasks = Blueprint()
RETRY = RetryStrategy(max_attempts=8, exponential_wait=3)
KEEP_MAILS = dt.timedelta(days=7)  # addresses of sent mails, to answer "did it go out?"


@tasks.task(name="send_mail", retry=RETRY, pass_context=True)
async def send_mail(context: JobContext, mail_id: str) -> None:
    """Send one mail of the outbox, once: a second run finds ``sent_at`` set and does nothing."""
    world = outside(context)
    async with world.sessions() as db, db.begin():
        statement = select(OutboxMail).where(OutboxMail.id == uuid.UUID(mail_id))
        mail = (await db.execute(statement.with_for_update())).scalar_one_or_none()
        if mail is None or mail.sent_at is not None:
            return
        await world.services.mailer.send(mail.id, mail.to_address, mail.subject, mail.body)
        mail.sent_at = now(db)
        if not world.settings.demo:
            mail.body = ""  # a log-in code has no business in a backup


@tasks.periodic(cron="17 * * * *")
@tasks.task(name="housekeeping", pass_context=True)
async def housekeeping(context: JobContext, timestamp: int) -> None:
    """Forget expired log-ins and codes, old mails and idle rate buckets, every hour."""
    world = outside(context)
    async with world.sessions() as db, db.begin():
        moment = now(db)
        await db.execute(delete(LoginSession).where(LoginSession.expires_at < moment))
        await db.execute(delete(LoginCode).where(LoginCode.expires_at < moment))
        await db.execute(delete(OutboxMail).where(OutboxMail.created_at < moment - KEEP_MAILS))
        idle = moment - dt.timedelta(days=1)
        await db.execute(delete(RateBucket).where(RateBucket.updated_at < idle))
