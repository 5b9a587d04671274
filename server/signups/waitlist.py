"""The waiting list (キャンセル待ち): timed offers in fair order.

Everything here happens under the lock of the activity's row, so two changes never see the same free
place. The rules:

* Whenever places get free they are offered strictly in the order of arrival (``place``).
* A group that is larger than what is free, or whose slot is full, is passed over *and keeps its
  place*: nothing stays idle for its sake, and it is the first to be asked once enough is free.
* An offer holds its places until it is answered or its time is over; then the next is asked.
* So a place that is free for a newcomer is one that nobody in the queue can use.
"""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.actions import record
from server.citysettings.queries import load_rules
from server.db.context import enqueue, now, signer
from server.opportunities.models import WaitlistEntry
from server.signups import letters, locked
from server.signups.locked import Locked, Queued, Room

SHARE = 4  # an offer lasts at most this part of the time that is left, so that others get a chance
SHORTEST = dt.timedelta(minutes=15)


@dataclass(frozen=True)
class Plan:
    """What is to be done with a queue."""

    expired: list[Queued] = field(default_factory=list)
    homeless: list[Queued] = field(default_factory=list)  # their slot was taken off
    withdrawn: list[Queued] = field(default_factory=list)  # offers that no place is left for
    offered: list[Queued] = field(default_factory=list)


def plan(queue: Sequence[Queued], room: Room, moment: dt.datetime) -> Plan:
    """Who gets an offer, whose is over. ``queue`` is in the order of places."""
    made, places, slots = Plan(), room.places, dict(room.slots)
    rest: list[Queued] = []
    for one in queue:
        if one.is_expired(moment):
            made.expired.append(one)
        elif one.slot_id is not None and one.slot_id not in slots:
            made.homeless.append(one)
        else:
            rest.append(one)
    # Offers that are out come first, whatever their place: they were promised.
    for one in [*(e for e in rest if e.offered_at), *(e for e in rest if not e.offered_at)]:
        free = places if one.slot_id is None else min(places, slots[one.slot_id])
        if one.people > free:
            if one.offered_at:  # the host has cut the places down
                made.withdrawn.append(one)
            continue
        places -= one.people
        if one.slot_id is not None:
            slots[one.slot_id] -= one.people
        if not one.offered_at:
            made.offered.append(one)
    return made


def offer_ends(moment: dt.datetime, closes_at: dt.datetime, offer_hours: int) -> dt.datetime:
    """Until when an offer made now is good: a share of what is left, within bounds."""
    share = (closes_at - moment) / SHARE
    lifetime = max(SHORTEST, min(dt.timedelta(hours=offer_hours), share))
    return min(moment + lifetime, closes_at)


def token_of(db: AsyncSession, entry_id: uuid.UUID, expires_at: dt.datetime) -> str:
    """The signed link's token for an offer: good for this entry until the offer ends."""
    return signer(db).sign("offer", str(entry_id), expires_at)


async def settle(db: AsyncSession, opportunity_id: uuid.UUID) -> Locked:
    """Lock the activity and bring its queue up to date: end what is over, offer what is free.

    Called before and after everything that takes or gives places. Harmless when repeated.
    """
    activity = await locked.lock(db, opportunity_id)
    queue = await locked.queue(db, opportunity_id)
    if not queue:
        return activity
    moment = now(db)
    if activity.state != "published" or activity.closes_at <= moment:
        await _close(db, activity, queue)
        return activity
    made = plan(queue, await locked.room(db, activity), moment)
    await _end(db, made.expired, "expired")
    await _end(db, made.homeless, "closed")
    await letters.tell_closed(db, activity, made.homeless)
    await _withdraw(db, activity, made.withdrawn)
    if made.offered:
        await _offer(db, activity, made.offered)
    return activity


async def places_changed(db: AsyncSession, opportunity_id: uuid.UUID) -> None:
    """To be called by whoever changes capacity, slots, times or state of an activity."""
    await db.flush()
    await settle(db, opportunity_id)


async def _offer(db: AsyncSession, activity: Locked, chosen: Sequence[Queued]) -> None:
    moment = now(db)
    rules = await load_rules(db)
    until = offer_ends(moment, activity.closes_at, rules.offer_hours)
    for one in chosen:
        await db.execute(
            update(WaitlistEntry)
            .where(WaitlistEntry.id == one.id)
            .values(offered_at=moment, offer_expires_at=until)
        )
        record(db, None, "waitlist.offer", "opportunity", activity.id,
               entry=str(one.id), people=one.people)  # fmt: skip
        await letters.tell_offer(db, activity, one, until, token_of(db, one.id, until))
    await enqueue(db, "signups:sweep", at=until, opportunity_id=str(activity.id))


async def _withdraw(db: AsyncSession, activity: Locked, offers: Sequence[Queued]) -> None:
    """Back into the queue, at the place they had."""
    for one in offers:
        await db.execute(
            update(WaitlistEntry)
            .where(WaitlistEntry.id == one.id)
            .values(offered_at=None, offer_expires_at=None)
        )
        record(db, None, "waitlist.withdraw", "opportunity", activity.id, entry=str(one.id))
        await letters.tell_withdrawn(db, activity, one)


async def _close(db: AsyncSession, activity: Locked, queue: Sequence[Queued]) -> None:
    """Over, called off, or past its deadline: nobody waits any more."""
    moment = now(db)
    await _end(db, [one for one in queue if one.is_expired(moment)], "expired")
    waiting = [one for one in queue if not one.is_expired(moment)]
    await _end(db, waiting, "closed")
    if activity.state == "published":  # of the calling off they are told by who did it
        await letters.tell_closed(db, activity, waiting)


async def _end(db: AsyncSession, entries: Sequence[Queued], how: str) -> None:
    if entries:
        await db.execute(
            update(WaitlistEntry)
            .where(WaitlistEntry.id.in_([one.id for one in entries]))
            .values(ended_at=now(db), ended_how=how)
        )
