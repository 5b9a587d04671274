"""Whom a step concerns."""

import uuid
from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts.models import Account, PartnerMember


async def people(
    db: AsyncSession, *, partners: Sequence[uuid.UUID], person: uuid.UUID | None,
    without: uuid.UUID | None, of: uuid.UUID | None = None,
) -> list[uuid.UUID]:  # fmt: skip
    """The accounts of these partners' people and of one person, each once, in one statement.

    The person counts only while he or she acts for the partner ``of``, if one is named. By which
    way they are told is for ``notices`` to know; disabled accounts are left out.
    """
    who: ColumnElement[bool] = Account.id == person
    if of is not None:
        members = select(PartnerMember.account_id).where(PartnerMember.partner_id == of)
        who = and_(who, Account.id.in_(members))
    of_partner = select(PartnerMember.account_id).where(PartnerMember.partner_id.in_(partners))
    statement = (
        select(Account.id)
        .where(
            or_(Account.id.in_(of_partner), who),
            Account.id.is_distinct_from(without),
            Account.disabled_at.is_(None),
        )
        .order_by(Account.id)
    )
    return list(await db.scalars(statement))
