"""The versions of the city's wording: the one in use, all of them, a new one."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts.models import Account
from server.agreements.models import AgreementTemplate
from server.agreements.wording import Template, default_template, faults_of
from server.audit.actions import record
from server.db.context import now
from server.errors import Conflict, Invalid
from server.http.i18n import gettext as _
from server.policy import Actor


@dataclass(frozen=True)
class Version:
    """A version as the list shows it."""

    version: int
    note: str
    who: str
    at: dt.datetime


async def template_in_use(db: AsyncSession) -> Template:
    """The newest wording; the program's own (version 0) before the city wrote one."""
    newest = select(AgreementTemplate).order_by(AgreementTemplate.version.desc()).limit(1)
    row = (await db.execute(newest)).scalar_one_or_none()
    return Template(row.version, row.body) if row else default_template()


async def template_of(db: AsyncSession, version: int) -> Template:
    """A wording by its version, for an agreement that goes on unchanged."""
    row = await db.get(AgreementTemplate, version)
    return Template(row.version, row.body) if row else default_template()


async def versions(db: AsyncSession) -> tuple[Version, ...]:
    """All versions the city wrote, the newest first."""
    statement = (
        select(AgreementTemplate, Account.display_name)
        .outerjoin(Account, Account.id == AgreementTemplate.created_by)
        .order_by(AgreementTemplate.version.desc())
    )
    return tuple(
        Version(row.version, row.note, name or "", row.created_at)
        for row, name in (await db.execute(statement))
    )


async def save_version(db: AsyncSession, actor: Actor, seen: int, body: str, note: str) -> int:
    """A new version of the wording; returns its number. The same text again changes nothing.

    Raises Invalid (``body``) for what could not be printed, Conflict when somebody saved another
    version since ``seen``. Agreements made before keep their words.
    """
    faults = faults_of(body)
    if faults:
        raise Invalid("\n".join(fault.message for fault in faults), "body")
    used = await template_in_use(db)
    if used.body == body:
        return used.version
    row = {
        "version": used.version + 1, "body": body, "note": note,
        "created_by": actor.account_id, "created_at": now(db),
    }  # fmt: skip
    saved = None
    if used.version == seen:
        saved = await db.scalar(
            insert(AgreementTemplate)
            .values(**row)
            .on_conflict_do_nothing()
            .returning(AgreementTemplate.version)
        )
    if saved is None:
        raise Conflict(
            _("開いているあいだに、ほかの人が文面を直しました。新しい文面を確かめてください。")
        )
    record(db, actor, "agreement_text.save", "agreement_text", str(saved), note=note)
    return int(saved)
