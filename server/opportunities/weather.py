"""The call on the morning: it goes ahead, or it is postponed. (Calling off: ``actions.cancel``.)"""

import datetime as dt
from dataclasses import replace

from sqlalchemy import func, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.actions import record
from server.db.context import now
from server.errors import Conflict, Invalid
from server.http.i18n import gettext as _
from server.opportunities.actions import check, draft_of, must_be_open, shift_slots
from server.opportunities.letters import Letter, presses, tell_participants
from server.opportunities.models import Opportunity
from server.opportunities.queries import Detail
from server.policy import Actor
from server.signups.waitlist import places_changed


async def go_ahead(db: AsyncSession, actor: Actor, before: Detail, note: str) -> None:
    """Say that the activity takes place, and tell everybody. A second time does nothing.

    Calendars stay as they are, so the sequence does not rise. Raises Conflict when it is over.
    """
    must_be_open(before, now(db))
    hit = await db.scalar(
        update(Opportunity)
        .where(Opportunity.id == before.id, Opportunity.state == "published",
               Opportunity.go_ahead_at.is_(None))
        .values(go_ahead_at=now(db), updated_at=now(db))
        .returning(Opportunity.sequence)
    )  # fmt: skip
    if hit is None:
        return
    record(db, actor, "opportunity.go_ahead", "opportunity", before.id, people=before.taken)
    await tell_participants(
        db, before.id, Letter.goes_ahead(before, note), key=f"goes_ahead:{before.id}:{hit}",
        pressing=presses(db, before.starts_at),
    )  # fmt: skip


async def postpone(
    db: AsyncSession, actor: Actor, before: Detail, starts_at: dt.datetime, margin_m: int, note: str
) -> None:
    """Move the activity to another moment, as long as before, and tell everybody.

    Sign-ups stay (people can leave), the deadline and the slots move along, and what the calendar
    first said is kept. Raises Invalid for a bad moment, Conflict when it is over or was changed.
    """
    must_be_open(before, now(db))
    by = starts_at - before.starts_at
    if not by:
        raise Invalid(_("新しい日時を入れてください。"), "day")
    deadline = before.deadline_at + by if before.deadline_at else None
    later = replace(
        draft_of(before), starts_at=starts_at, ends_at=before.ends_at + by, deadline_at=deadline
    )
    await check(db, later, margin_m)
    await shift_slots(db, before.id, by)
    sequence = await db.scalar(
        update(Opportunity)
        .where(Opportunity.id == before.id, Opportunity.state == "published",
               Opportunity.sequence == before.sequence)
        .values(starts_at=later.starts_at, ends_at=later.ends_at, deadline_at=deadline,
                postponed_from=func.coalesce(Opportunity.postponed_from, Opportunity.starts_at),
                go_ahead_at=None, sequence=Opportunity.sequence + 1, updated_at=now(db))
        .returning(Opportunity.sequence)
    )  # fmt: skip
    if sequence is None:
        raise Conflict(_("ほかの人が先に直しました。新しい内容を確かめてください。"))
    record(
        db, actor, "opportunity.postpone", "opportunity", before.id,
        before=before.starts_at.isoformat(), after=starts_at.isoformat(), people=before.taken,
    )  # fmt: skip
    await places_changed(db, before.id)
    await tell_participants(
        db, before.id, Letter.postponed(later, before.starts_at, note),
        key=f"postponed:{before.id}:{sequence}",
        pressing=presses(db, before.starts_at, starts_at),
    )  # fmt: skip
