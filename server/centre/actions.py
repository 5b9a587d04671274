"""The log of what the centre did for partners (活センからの支援): a figure of the yearly table."""

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.actions import record
from server.db.context import now
from server.errors import Forbidden, Invalid
from server.http.i18n import gettext as _
from server.policy import Actor
from server.supplies.models import SUPPORT_KINDS, CentreSupport

EARLIEST = dt.date(2004, 6, 1)  # the programme began then


@dataclass(frozen=True)
class Done:
    """What the centre did; ``partner_id`` None = for all, or for none in particular."""

    on_day: dt.date
    kind: str
    partner_id: uuid.UUID | None
    description: str


def _must_keep(actor: Actor) -> None:
    if not actor.is_coordinator:
        raise Forbidden(_("この操作をする権限がありません。"))


async def log(db: AsyncSession, actor: Actor, id: uuid.UUID, done: Done, today: dt.date) -> bool:
    """Add a line under an id made when the form was opened. False when it is there already."""
    _must_keep(actor)
    if not EARLIEST <= done.on_day <= today:
        raise Invalid(_("きょうまでの日を入れてください。"), "on_day")
    if done.kind not in SUPPORT_KINDS:
        raise Invalid(_("種類を選んでください。"), "kind")
    added = await db.scalar(
        insert(CentreSupport)
        .values(id=id, on_day=done.on_day, kind=done.kind, partner_id=done.partner_id,
                description=done.description, by=actor.account_id, created_at=now(db))
        .on_conflict_do_nothing(index_elements=["id"])
        .returning(CentreSupport.id)
    )  # fmt: skip
    if added is None:
        return False
    record(
        db, actor, "centre_support.log", "centre_support", id,
        on_day=done.on_day.isoformat(), kind=done.kind,
    )  # fmt: skip
    return True


async def remove(db: AsyncSession, actor: Actor, id: uuid.UUID) -> None:
    """Take a mistaken line out. The audit trail keeps what it said. A second time does nothing."""
    _must_keep(actor)
    gone = (
        await db.execute(
            delete(CentreSupport)
            .where(CentreSupport.id == id)
            .returning(CentreSupport.on_day, CentreSupport.kind, CentreSupport.description)
        )
    ).one_or_none()
    if gone is not None:
        record(
            db, actor, "centre_support.remove", "centre_support", id,
            on_day=gone.on_day.isoformat(), kind=gone.kind, description=gone.description,
        )  # fmt: skip
