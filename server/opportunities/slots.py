"""Slots (時間帯・班): parts of an activity with places of their own.

The activity's capacity goes on holding over all of them: slots share it out, and their sum may be
more than there are places, so that people can choose.
"""

import datetime as dt
import uuid
from dataclasses import asdict, dataclass

from sqlalchemy import Integer, cast, func, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import ReturningUpdate

from server.audit.actions import record
from server.db.context import now
from server.errors import Conflict, Invalid, NotFound
from server.http.i18n import gettext as _
from server.opportunities.actions import broken_rule, must_be_open
from server.opportunities.models import OpportunitySlot, Signup, WaitlistEntry
from server.opportunities.queries import Detail
from server.policy import Actor
from server.signups.waitlist import places_changed

MOST_SLOTS = 20


@dataclass(frozen=True)
class SlotView:
    """A slot with its places. Without times of its own it lasts as long as the activity."""

    id: uuid.UUID
    label: str
    role: str
    starts_at: dt.datetime | None
    ends_at: dt.datetime | None
    capacity: int
    taken: int
    offered: int
    needs_course: bool
    closed_at: dt.datetime | None = None

    @property
    def left(self) -> int:
        """Places of the slot that are neither taken nor held by an open offer."""
        return max(0, self.capacity - self.taken - self.offered)

    @property
    def is_open(self) -> bool:
        return self.closed_at is None


async def slots_of(db: AsyncSession, id: uuid.UUID, *, with_closed: bool = False) -> list[SlotView]:
    """The slots of an activity in the host's order; closed ones only on wish. One statement."""
    taken = select(func.coalesce(func.sum(Signup.people), 0)).where(
        Signup.slot_id == OpportunitySlot.id, Signup.cancelled_at.is_(None)
    )
    offered = select(func.coalesce(func.sum(WaitlistEntry.people), 0)).where(
        WaitlistEntry.slot_id == OpportunitySlot.id,
        WaitlistEntry.ended_at.is_(None),
        WaitlistEntry.offer_expires_at > now(db),
    )
    statement = (
        select(
            OpportunitySlot.id, OpportunitySlot.label, OpportunitySlot.role,
            OpportunitySlot.starts_at, OpportunitySlot.ends_at, OpportunitySlot.capacity,
            cast(taken.correlate(OpportunitySlot).scalar_subquery(), Integer).label("taken"),
            cast(offered.correlate(OpportunitySlot).scalar_subquery(), Integer).label("offered"),
            OpportunitySlot.needs_course, OpportunitySlot.closed_at,
        )
        .where(OpportunitySlot.opportunity_id == id)
        .order_by(OpportunitySlot.position, OpportunitySlot.starts_at, OpportunitySlot.id)
    )  # fmt: skip
    if not with_closed:
        statement = statement.where(OpportunitySlot.closed_at.is_(None))
    return [SlotView(**row._mapping) for row in await db.execute(statement)]


@dataclass(frozen=True)
class SlotDraft:
    """A slot as its host writes it. Times are aware and both there or both missing."""

    label: str
    role: str
    starts_at: dt.datetime | None
    ends_at: dt.datetime | None
    capacity: int
    needs_course: bool


def _check(activity: Detail, draft: SlotDraft) -> None:
    if draft.capacity > activity.capacity:
        message = _("活動全体の定員(%(n)s人)より多くできません。")
        raise Invalid(message % {"n": activity.capacity}, "capacity")
    if (draft.starts_at is None) != (draft.ends_at is None):
        raise Invalid(_("始まりと終わりを、両方入れてください。"), "ends")
    if draft.starts_at is None or draft.ends_at is None:
        return
    if draft.ends_at <= draft.starts_at:
        raise Invalid(_("終わりの時刻は、始まりより後にしてください。"), "ends")
    if draft.starts_at < activity.starts_at or draft.ends_at > activity.ends_at:
        raise Invalid(_("活動の時間の中にしてください。"), "starts")


async def add_slot(
    db: AsyncSession, actor: Actor, activity: Detail, id: uuid.UUID, draft: SlotDraft
) -> None:
    """Add a slot under an id made when the form was opened: a double send makes one.

    Raises Invalid (with the field), Conflict when the activity is over or has too many slots.
    """
    _still_ahead(db, activity)
    _check(activity, draft)
    there = await db.scalar(
        select(func.count()).where(OpportunitySlot.opportunity_id == activity.id)
    )
    if (there or 0) >= MOST_SLOTS:
        raise Conflict(_("時間帯・班は20までです。"))
    added = await db.scalar(
        pg_insert(OpportunitySlot)
        .values(id=id, opportunity_id=activity.id, position=there or 0, **asdict(draft))
        .on_conflict_do_nothing(index_elements=["id"])
        .returning(OpportunitySlot.id)
    )
    if added is not None:
        record(db, actor, "slot.add", "opportunity", activity.id, label=draft.label)
        await places_changed(db, activity.id)


async def change_slot(
    db: AsyncSession, actor: Actor, activity: Detail, id: uuid.UUID, draft: SlotDraft
) -> None:
    """Change an open slot of this activity. Raises NotFound, or Invalid with the field."""
    _still_ahead(db, activity)
    _check(activity, draft)
    try:
        hit = await db.scalar(_open_slot(activity, id).values(**asdict(draft)))
    except IntegrityError as error:
        if broken_rule(error) == "ck_opportunity_slots_capacity_taken":
            raise Invalid(_("すでに申し込んだ人数より少なくできません。"), "capacity") from error
        raise
    if hit is None:
        raise NotFound(_("この時間帯・班は見つかりません。"))
    record(db, actor, "slot.change", "opportunity", activity.id, label=draft.label)
    await places_changed(db, activity.id)


async def close_slot(db: AsyncSession, actor: Actor, activity: Detail, id: uuid.UUID) -> None:
    """Take no more sign-ups for a slot; those who hold a place in it keep it. Harmless twice."""
    hit = await db.scalar(_open_slot(activity, id).values(closed_at=now(db)))
    if hit is not None:
        record(db, actor, "slot.close", "opportunity", activity.id, slot=str(id))
        await places_changed(db, activity.id)


def _open_slot(activity: Detail, id: uuid.UUID) -> ReturningUpdate[tuple[uuid.UUID]]:
    return (
        update(OpportunitySlot)
        .where(
            OpportunitySlot.id == id,
            OpportunitySlot.opportunity_id == activity.id,
            OpportunitySlot.closed_at.is_(None),
        )
        .returning(OpportunitySlot.id)
    )


def _still_ahead(db: AsyncSession, activity: Detail) -> None:
    if activity.state != "draft":
        must_be_open(activity, now(db))
