"""The waiting list as columns of other domains' queries. Depends on tables only."""

import datetime as dt
import uuid

from sqlalchemy import ColumnElement, DateTime, Integer, cast, func, literal, select
from sqlalchemy.orm import aliased

from server.opportunities.models import Opportunity, WaitlistEntry


def waiting_groups() -> ColumnElement[int]:
    """How many groups wait for the enclosing query's activity; those with an offer left out."""
    number = select(func.count()).where(
        WaitlistEntry.opportunity_id == Opportunity.id,
        WaitlistEntry.ended_at.is_(None),
        WaitlistEntry.offered_at.is_(None),
    )
    return cast(number.correlate(Opportunity).scalar_subquery(), Integer)


def my_number(account_id: uuid.UUID | None) -> ColumnElement[int | None]:
    """As which in the queue somebody waits, counted from 1; null for who does not wait."""
    if account_id is None:
        return literal(None, Integer)
    mine, before = aliased(WaitlistEntry), aliased(WaitlistEntry)
    number = (
        select(func.count())
        .where(
            before.opportunity_id == mine.opportunity_id,
            before.ended_at.is_(None),
            before.offered_at.is_(None),
            before.place <= mine.place,
        )
        .correlate(mine)
        .scalar_subquery()
    )
    found = select(cast(number, Integer)).where(
        mine.opportunity_id == Opportunity.id,
        mine.account_id == account_id,
        mine.ended_at.is_(None),
        mine.offered_at.is_(None),
    )
    return found.correlate(Opportunity).scalar_subquery()


def my_offer_until(account_id: uuid.UUID | None) -> ColumnElement[dt.datetime | None]:
    """Until when a place is kept for somebody who waited; null without an offer."""
    if account_id is None:
        return literal(None, DateTime(timezone=True))
    until = select(WaitlistEntry.offer_expires_at).where(
        WaitlistEntry.opportunity_id == Opportunity.id,
        WaitlistEntry.account_id == account_id,
        WaitlistEntry.ended_at.is_(None),
    )
    return until.correlate(Opportunity).scalar_subquery()
