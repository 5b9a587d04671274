"""Joining an activity and leaving it; posting, changing and cancelling one.

Each verb takes the database first, raises a ``DomainError`` when it cannot, and never commits.
"""

import datetime as dt
import uuid
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from psycopg.errors import Error as PsycopgError
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.actions import record
from server.db.context import now
from server.errors import Conflict, Invalid, NotFound
from server.http.i18n import gettext as _
from server.opportunities.letters import Letter, presses, tell_participants
from server.opportunities.models import (
    Opportunity,
    OpportunityArea,
    OpportunityHost,
    OpportunitySlot,
    WaitlistEntry,
)
from server.opportunities.queries import Detail, is_in_city
from server.policy import Actor
from server.signups.waitlist import places_changed

LONGEST = dt.timedelta(hours=12)
FARTHEST_AHEAD = dt.timedelta(days=730)
# What people must be told of when it is another.
MOVES = {"starts_at", "ends_at", "meeting_place", "lon", "lat"}


@dataclass(frozen=True)
class Draft:
    """What a host writes. Moments are aware; lon/lat in degrees."""

    area_id: uuid.UUID | None
    title: str
    description: str
    works: list[str]
    starts_at: dt.datetime
    ends_at: dt.datetime
    meeting_place: str
    lon: float
    lat: float
    capacity: int
    children_ok: bool
    empty_handed_ok: bool
    step_free: bool
    bring: str
    safety_notes: str
    kind: str = "cleanup"
    forms: list[str] = field(default_factory=lambda: ["cooperation"])
    strength: str = "normal"
    min_people: int | None = None
    deadline_at: dt.datetime | None = None
    min_age: int | None = None
    guardian: str = "none"
    languages: list[str] = field(default_factory=list)
    wants_hands: bool = False


def broken_rule(error: IntegrityError) -> str:
    """The name of the constraint that a statement ran into."""
    cause = error.orig
    return (cause.diag.constraint_name or "") if isinstance(cause, PsycopgError) else ""


def must_be_open(activity: Detail, moment: dt.datetime) -> None:
    """Raise Conflict unless the activity is public and has not begun."""
    if activity.is_cancelled:
        raise Conflict(_("この活動は中止になりました。"))
    if activity.state != "published" or activity.has_begun(moment):
        raise Conflict(_("この活動の申込みは終わりました。"))


# --- posting -------------------------------------------------------------------------------------


def may_post(actor: Actor, partner_id: uuid.UUID | None) -> None:
    """Raise NotFound unless the actor acts for this partner; the city (None) is for staff."""
    if not (actor.is_staff if partner_id is None else partner_id in actor.partner_ids):
        raise NotFound(_("パートナーが見つかりません。"))


async def is_new(db: AsyncSession, actor: Actor, id: uuid.UUID) -> bool:
    """Whether no activity has this id yet; a stranger's raises Conflict."""
    row = (await db.execute(select(Opportunity.partner_id).where(Opportunity.id == id))).first()
    if row is None:
        return True
    if not (actor.is_staff or row.partner_id in actor.partner_ids):
        raise Conflict(_("この内容は送れません。もう一度、はじめから書いてください。"))
    return False


async def publish(
    db: AsyncSession, actor: Actor, id: uuid.UUID, partner_id: uuid.UUID | None, draft: Draft,
    margin_m: int, *, as_draft: bool = False,
) -> None:  # fmt: skip
    """Publish an activity under an id made when the form was opened, so that a double send is one.

    ``as_draft`` keeps it to its hosts, and asks for less. Raises Invalid (with the field) for a bad
    time or place, NotFound for a stranger's partner.
    """
    may_post(actor, partner_id)
    if not await is_new(db, actor, id):
        return
    await check(db, draft, margin_m, as_draft=as_draft)
    row = {"id": id, "partner_id": partner_id, **born(db, actor, draft, as_draft=as_draft)}
    added = await db.scalar(
        pg_insert(Opportunity)
        .values(row)
        .on_conflict_do_nothing(index_elements=["id"])
        .returning(Opportunity.id)
    )
    if added is not None:
        verb = "opportunity.draft" if as_draft else "opportunity.publish"
        record(db, actor, verb, "opportunity", id, title=draft.title)


def born(db: AsyncSession, actor: Actor, draft: Draft, *, as_draft: bool) -> dict[str, Any]:
    """The columns of a new activity, but for its id, its partner and its series."""
    moment = now(db)
    return {
        "created_by": actor.account_id, "state": "draft" if as_draft else "published",
        "published_at": None if as_draft else moment, "cancel_reason": "", "sequence": 0,
        "created_at": moment, "updated_at": moment, **columns(draft),
    }  # fmt: skip


async def change(
    db: AsyncSession, actor: Actor, before: Detail, draft: Draft, margin_m: int, *,
    publish: bool = False,
) -> None:  # fmt: skip
    """Change a coming activity or a draft; tell people when time or place is another.

    ``publish`` makes a draft public with it. Raises Invalid for bad input or fewer places than
    people, Conflict when over or cancelled.
    """
    if before.state != "draft":
        must_be_open(before, now(db))
    stays_draft = before.state == "draft" and not publish
    await check(db, draft, margin_m, as_draft=stays_draft)
    changed = _changes(before, draft)
    goes_public = before.state == "draft" and publish
    if not changed and not goes_public:
        return
    state = {"state": "published", "published_at": now(db)} if goes_public else {}
    await shift_slots(db, before.id, draft.starts_at - before.starts_at)
    sequence = await _write(db, before, {**state, **columns(draft)})
    verb = "opportunity.publish" if goes_public else "opportunity.change"
    record(db, actor, verb, "opportunity", before.id, fields=changed)
    await places_changed(db, before.id)
    if before.state == "published" and MOVES & set(changed):
        await tell_participants(
            db, before.id, Letter.changed(draft), key=f"changed:{before.id}:{sequence}",
            pressing=presses(db, before.starts_at, draft.starts_at),
        )  # fmt: skip


async def _write(db: AsyncSession, before: Detail, values: dict[str, Any]) -> int:
    """Update the row if nobody else did meanwhile; its new sequence."""
    try:
        hit = await db.scalar(
            update(Opportunity)
            .where(
                Opportunity.id == before.id,
                Opportunity.state == before.state,
                Opportunity.sequence == before.sequence,
            )
            .values(sequence=Opportunity.sequence + 1, updated_at=now(db), **values)
            .returning(Opportunity.sequence)
        )
    except IntegrityError as error:
        if broken_rule(error) == "ck_opportunities_capacity_taken":
            message = _("すでに%(n)s人の申込みがあります。定員はそれより少なくできません。")
            raise Invalid(message % {"n": before.taken}, "capacity") from error
        raise
    if hit is None:  # changed or called off by somebody else a moment ago
        raise Conflict(_("ほかの人が先に直しました。新しい内容を確かめてください。"))
    return int(hit)


async def shift_slots(db: AsyncSession, id: uuid.UUID, by: dt.timedelta) -> None:
    """Slots with times of their own move along with their activity."""
    if by:
        await db.execute(
            update(OpportunitySlot)
            .where(OpportunitySlot.opportunity_id == id, OpportunitySlot.starts_at.is_not(None))
            .values(starts_at=OpportunitySlot.starts_at + by, ends_at=OpportunitySlot.ends_at + by)
        )


async def publish_draft(db: AsyncSession, actor: Actor, before: Detail, margin_m: int) -> None:
    """Make a draft public as it is. Raises Invalid with the field that is still missing.

    An activity that is public already is left alone: a second tap is harmless.
    """
    if before.state != "published":
        if before.is_cancelled:
            raise Conflict(_("この活動は中止になりました。"))
        await change(db, actor, before, draft_of(before), margin_m, publish=True)


async def discard(db: AsyncSession, actor: Actor, before: Detail) -> None:
    """Throw a draft away. Nobody else has ever seen it, so nothing of it needs to be kept."""
    if before.state != "draft":
        raise Conflict(_("公開した募集は消せません。中止にしてください。"))
    for table in (OpportunitySlot, OpportunityHost, OpportunityArea):
        await db.execute(delete(table).where(table.opportunity_id == before.id))
    await db.execute(
        delete(Opportunity).where(Opportunity.id == before.id, Opportunity.state == "draft")
    )
    record(db, actor, "opportunity.discard", "opportunity", before.id, title=before.title)


async def cancel(db: AsyncSession, actor: Actor, before: Detail, reason: str) -> None:
    """Call an activity off and tell everybody who signed up or waits. A second time does nothing.

    The waiting list ends with it.
    """
    if before.is_cancelled:
        return
    must_be_open(before, now(db))
    hit = await db.scalar(
        update(Opportunity)
        .where(Opportunity.id == before.id, Opportunity.state == "published")
        .values(state="cancelled", cancelled_at=now(db), cancel_reason=reason,
                sequence=Opportunity.sequence + 1, updated_at=now(db))
        .returning(Opportunity.id)
    )  # fmt: skip
    if hit is None:
        return
    record(db, actor, "opportunity.cancel", "opportunity", before.id, people=before.taken)
    await tell_participants(
        db, before.id, Letter.cancelled(before, reason), key=f"cancelled:{before.id}",
        pressing=presses(db, before.starts_at),
    )  # fmt: skip
    await db.execute(
        update(WaitlistEntry)
        .where(WaitlistEntry.opportunity_id == before.id, WaitlistEntry.ended_at.is_(None))
        .values(ended_at=now(db), ended_how="closed")
    )


async def check(db: AsyncSession, draft: Draft, margin_m: int, *, as_draft: bool = False) -> None:
    """The rules that need the clock or the map. Raises Invalid with the field.

    A draft may lie in the past and have no meeting place yet; when it is published, all is asked.
    """
    _check_times(draft, None if as_draft else now(db))
    if draft.min_people is not None and draft.min_people > draft.capacity:
        raise Invalid(_("最少人数は、定員より多くできません。"), "min_people")
    if not as_draft and not draft.meeting_place:
        raise Invalid(_("集合場所を書いてください。"), "meeting_place")
    if not await is_in_city(db, draft.lon, draft.lat, margin_m):
        raise Invalid(_("集合場所が市の外になっています。地図でえらび直してください。"), "lon")


def _check_times(draft: Draft, moment: dt.datetime | None) -> None:
    if moment and draft.starts_at <= moment:
        raise Invalid(_("これからの日時を入れてください。"), "day")
    if moment and draft.starts_at > moment + FARTHEST_AHEAD:
        raise Invalid(_("2年より先の日は入れられません。"), "day")
    if draft.ends_at <= draft.starts_at:
        raise Invalid(_("終わりの時刻は、始まりより後にしてください。"), "ends")
    if draft.ends_at - draft.starts_at > LONGEST:
        raise Invalid(_("活動は12時間までにしてください。"), "ends")
    if draft.deadline_at and draft.deadline_at > draft.starts_at:
        raise Invalid(_("しめきりは、活動の始まりより前にしてください。"), "deadline_day")


def columns(draft: Draft) -> dict[str, Any]:
    """What a host wrote, as columns of the table."""
    values = asdict(draft)
    lon, lat = values.pop("lon"), values.pop("lat")
    return {**values, "meeting_point": func.ST_SetSRID(func.ST_MakePoint(lon, lat), 4326)}


def draft_of(activity: Detail) -> Draft:
    """An activity as its host would have written it."""
    return Draft(**{one.name: getattr(activity, one.name) for one in fields(Draft)})


def _changes(before: Detail, draft: Draft) -> list[str]:
    """Names of the fields that differ; a point that moved less than a step has not moved."""
    old, new = asdict(draft_of(before)), asdict(draft)
    for axis in ("lon", "lat"):
        old[axis], new[axis] = round(old[axis], 5), round(new[axis], 5)
    return [name for name in new if new[name] != old[name]]
