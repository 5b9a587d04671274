"""The people of a partner who may use a machine (操作する人)."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.actions import record
from server.db.context import now
from server.errors import Invalid, NotFound
from server.http.i18n import gettext as _
from server.ledgers.partners import must_be_own, sent_before
from server.loans.models import PartnerOperator
from server.policy import Actor


@dataclass(frozen=True)
class Person:
    """Somebody to be registered."""

    partner_id: uuid.UUID
    name: str
    course: str
    course_on: dt.date | None


async def register(
    db: AsyncSession, actor: Actor, id: uuid.UUID, person: Person, today: dt.date
) -> None:
    """Register a person. A second send does nothing; no name goes into the audit trail."""
    must_be_own(actor, person.partner_id)
    if person.course_on and person.course_on > today:
        raise Invalid(_("講習を受けた日に、先の日付は入れられません。"), "course_on")
    if await sent_before(db, "partner_operators", id, person.partner_id):
        return
    row = pg_insert(PartnerOperator).values(
        id=id, partner_id=person.partner_id, name=person.name, course=person.course,
        course_on=person.course_on, created_at=now(db),
    )  # fmt: skip
    added = row.on_conflict_do_nothing(index_elements=["id"]).returning(PartnerOperator.id)
    if await db.scalar(added) is not None:
        by_proxy = person.partner_id not in actor.partner_ids
        record(db, actor, "operator.register", "partner", person.partner_id, by_proxy=by_proxy)


async def leave(
    db: AsyncSession, actor: Actor, id: uuid.UUID, partners: Sequence[uuid.UUID], today: dt.date
) -> None:
    """A person of one of these partners does not use machines any more; loans of the past keep
    the name. Raises NotFound."""
    for partner in partners:
        must_be_own(actor, partner)
    found = select(PartnerOperator.partner_id).where(
        PartnerOperator.id == id, PartnerOperator.partner_id.in_(partners)
    )
    partner_id = await db.scalar(found)
    if partner_id is None:
        raise NotFound(_("この人は登録されていません。"))
    here = (PartnerOperator.id == id, PartnerOperator.left_on.is_(None))
    gone = update(PartnerOperator).where(*here).values(left_on=today).returning(PartnerOperator.id)
    if await db.scalar(gone) is not None:
        by_proxy = partner_id not in actor.partner_ids
        record(db, actor, "operator.leave", "partner", partner_id, by_proxy=by_proxy)
