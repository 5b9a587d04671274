"""Writing a mail: a plain-text template becomes a row of the outbox and a job, in one transaction.

The first line of a template is the subject, the rest is the body. Nothing is sent here: the job
sends after the commit, so a rolled-back act never writes to anybody.
"""

from collections.abc import Sequence
from functools import lru_cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts.models import OutboxMail
from server.db.base import uuid7
from server.db.context import enqueue, now
from server.http import i18n
from server.settings import ROOT

TEMPLATES = ROOT / "templates/email"


@lru_cache
def _environment() -> Environment:
    env = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=False,  # noqa: S701 - plain text; "&amp;" in a mail would be a mistake
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    env.install_gettext_callables(i18n.gettext, i18n.ngettext, newstyle=True)  # type: ignore[attr-defined]
    env.filters.update(i18n.FILTERS)
    return env


def compose(template: str, **values: object) -> tuple[str, str]:
    """Subject and body of ``templates/email/<template>.txt``."""
    text = _environment().get_template(f"{template}.txt").render(values)
    subject, _, body = text.strip().partition("\n")
    return subject.strip(), body.strip() + "\n"


async def post(db: AsyncSession, to: str, template: str, **values: object) -> None:
    """Put a mail made of a template into the outbox and its sending into the queue."""
    subject, body = compose(template, **values)
    await post_to_all(db, [to], subject, body)


async def post_to_all(db: AsyncSession, addresses: Sequence[str], subject: str, body: str) -> None:
    """The same mail to many, each with a job of its own: a bad address delays nobody else."""
    moment = now(db)
    mails = [
        {"id": uuid7(), "to_address": to, "subject": subject, "body": body, "created_at": moment}
        for to in addresses
    ]
    if mails:
        await db.execute(insert(OutboxMail), mails)
    for mail in mails:
        await enqueue(db, "accounts:send_mail", mail_id=str(mail["id"]))
