"""What happens to a series later: days fall out, times change from a day on, it ends."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from sqlalchemy import Case, case, func, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.actions import record
from server.db.context import now
from server.errors import Invalid, NotFound
from server.http.i18n import gettext as _
from server.opportunities import actions
from server.opportunities.letters import Letter, presses, tell_participants
from server.opportunities.models import Opportunity, OpportunitySeries, OpportunitySlot
from server.opportunities.queries import Detail
from server.policy import Actor


@dataclass(frozen=True)
class Following:
    """What is written for a day and all that follow. Times are on the city's clock."""

    title: str
    starts: dt.time
    ends: dt.time
    meeting_place: str
    bring: str
    description: str


def changeable(days: Sequence[Detail], moment: dt.datetime) -> list[Detail]:
    """The days that have not begun and not been called off."""
    return [one for one in days if not one.is_cancelled and not one.has_begun(moment)]


async def change_following(
    db: AsyncSession, actor: Actor, days: Sequence[Detail], start: dt.date, wish: Following,
    zone: ZoneInfo,
) -> int:  # fmt: skip
    """Change a day of the rule and all later ones; how many. Each keeps its own date.

    People are told when time or place of their day is another, not for other words. Raises Invalid
    when a day would begin in the past.
    """
    left = [one for one in changeable(days, now(db)) if (one.occurrence_on or start) >= start]
    if not left:
        raise NotFound(_("これからの日がありません。"))
    after = [_as_wished(one, wish, zone) for one in left]
    if any(one.starts_at <= now(db) for one in after):
        raise Invalid(_("これからの日時を入れてください。"), "starts")
    await _shift(db, left, after)
    await db.execute(
        update(Opportunity)
        .where(Opportunity.id.in_([one.id for one in after]))
        .values(
            starts_at=_by_id({one.id: one.starts_at for one in after}),
            ends_at=_by_id({one.id: one.ends_at for one in after}),
            deadline_at=Opportunity.deadline_at
            + (_by_id({one.id: one.starts_at for one in after}) - Opportunity.starts_at),
            title=wish.title, meeting_place=wish.meeting_place, bring=wish.bring,
            description=wish.description, sequence=Opportunity.sequence + 1, updated_at=now(db),
        )
    )  # fmt: skip
    record(db, actor, "series.change", "series", str(left[0].series_id), days=len(left),
           start=start.isoformat())  # fmt: skip
    for before, new in zip(left, after, strict=True):
        await _tell_if_moved(db, before, new)
    return len(after)


def _by_id(moments: dict[uuid.UUID, dt.datetime]) -> Case[dt.datetime]:
    """One moment for each row of an update."""
    return case(moments, value=Opportunity.id)


def _as_wished(one: Detail, wish: Following, zone: ZoneInfo) -> Detail:
    day = one.starts_at.astimezone(zone).date()
    return replace(
        one, title=wish.title, meeting_place=wish.meeting_place,
        starts_at=dt.datetime.combine(day, wish.starts, zone).astimezone(dt.UTC),
        ends_at=dt.datetime.combine(day, wish.ends, zone).astimezone(dt.UTC),
    )  # fmt: skip


async def _shift(db: AsyncSession, before: list[Detail], after: list[Detail]) -> None:
    """Slots with times of their own move along."""
    pairs = zip(before, after, strict=True)
    by = {
        old.id: new.starts_at - old.starts_at
        for old, new in pairs
        if new.starts_at != old.starts_at
    }
    if by:
        shift = case(by, value=OpportunitySlot.opportunity_id)
        await db.execute(
            update(OpportunitySlot)
            .where(OpportunitySlot.opportunity_id.in_(by), OpportunitySlot.starts_at.is_not(None))
            .values(
                starts_at=OpportunitySlot.starts_at + shift, ends_at=OpportunitySlot.ends_at + shift
            )
        )


async def _tell_if_moved(db: AsyncSession, before: Detail, after: Detail) -> None:
    facts = [(one.starts_at, one.ends_at, one.meeting_place) for one in (before, after)]
    # nobody waits for a place in an activity that nobody has joined
    if facts[0] == facts[1] or before.state != "published" or not before.taken:
        return
    await tell_participants(
        db, before.id, Letter.changed(after), key=f"changed:{before.id}:{before.sequence + 1}",
        pressing=presses(db, before.starts_at, after.starts_at),
    )  # fmt: skip


async def drop_day(db: AsyncSession, actor: Actor, day: Detail, reason: str) -> None:
    """Take one day out of the rule: the day is called off, and noted as an exception.

    Raises Invalid when people have signed up and no reason is given to them.
    """
    if day.taken and not reason:
        raise Invalid(_("申し込んだ人に伝える理由を書いてください。"), "reason")
    if day.state == "draft":
        await actions.discard(db, actor, day)
    else:
        await actions.cancel(db, actor, day, reason or _("この日はお休みです。"))
    await db.execute(
        update(OpportunitySeries)
        .where(OpportunitySeries.id == day.series_id,
               func.array_position(OpportunitySeries.exceptions, day.occurrence_on).is_(None))
        .values(exceptions=func.array_append(OpportunitySeries.exceptions, day.occurrence_on))
    )  # fmt: skip


async def end(db: AsyncSession, actor: Actor, days: Sequence[Detail], reason: str) -> int:
    """Call off all days that are left; how many. Days that have been stay as they were."""
    left = changeable(days, now(db))
    if any(one.taken for one in left) and not reason:
        raise Invalid(_("申し込んだ人に伝える理由を書いてください。"), "reason")
    for one in left:
        await drop_day(db, actor, one, reason or _("くり返しを終わりにしました。"))
    if left:
        record(db, actor, "series.end", "series", str(left[0].series_id), days=len(left))
    return len(left)


async def publish_all(db: AsyncSession, actor: Actor, days: Sequence[Detail], margin_m: int) -> int:
    """Make all coming drafts of a series public; how many. Raises Invalid as ``publish_draft``."""
    drafts = [one for one in changeable(days, now(db)) if one.state == "draft"]
    for one in drafts:
        await actions.publish_draft(db, actor, one, margin_m)
    return len(drafts)
