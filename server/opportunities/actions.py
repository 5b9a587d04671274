"""Joining an activity and leaving it; posting, changing and cancelling one.

Each verb takes the database first, raises a ``DomainError`` when it cannot, and never commits.
"""

import datetime as dt
import uuid
from dataclasses import asdict, dataclass
from typing import Any

from psycopg.errors import Error as PsycopgError
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.actions import record
from server.db.base import uuid7
from server.db.context import now
from server.errors import Conflict, Full, Invalid, NotFound
from server.http.i18n import gettext as _
from server.opportunities import queries
from server.opportunities.letters import Letter, tell_participants
from server.opportunities.models import Opportunity, Signup
from server.opportunities.queries import Detail
from server.policy import Actor

MAX_PEOPLE = 10
LONGEST = dt.timedelta(hours=12)
FARTHEST_AHEAD = dt.timedelta(days=730)


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


def _broken_rule(error: IntegrityError) -> str:
    """The name of the constraint that a statement ran into."""
    cause = error.orig
    return (cause.diag.constraint_name or "") if isinstance(cause, PsycopgError) else ""


def _must_be_open(activity: Detail, moment: dt.datetime) -> None:
    if activity.is_cancelled:
        raise Conflict(_("この活動は中止になりました。"))
    if activity.state != "published" or activity.has_begun(moment):
        raise Conflict(_("この活動の申込みは終わりました。"))


# --- taking part ---------------------------------------------------------------------------------


async def sign_up(db: AsyncSession, actor: Actor, activity: Detail, people: int) -> bool:
    """Take ``people`` places. False when the person already holds some: nothing is changed then.

    Raises Full when not enough places are left, Conflict when the activity is over or cancelled.
    The trigger counts under a row lock, so whoever comes later sees who came first.
    """
    if activity.my_people is not None:
        return False
    _must_be_open(activity, now(db))
    if not 1 <= people <= MAX_PEOPLE:
        raise Invalid(_("人数は1人から10人までです。"), "people")
    place = (
        pg_insert(Signup)
        .values(id=uuid7(), opportunity_id=activity.id, account_id=actor.account_id,
                people=people, created_at=now(db))
        .on_conflict_do_nothing(
            index_elements=["opportunity_id", "account_id"],
            index_where=Signup.cancelled_at.is_(None),
        )
        .returning(Signup.id)
    )  # fmt: skip
    try:
        taken = await db.scalar(place)
    except IntegrityError as error:
        raise _refusal(_broken_rule(error)) from error
    if taken is None:  # the same person on another device, a moment ago
        return False
    record(db, actor, "signup.create", "opportunity", activity.id, people=people)
    return True


def _refusal(rule: str) -> Conflict:
    if rule == "ck_signups_capacity":
        return Full(_("申込みが定員に達しました。"))
    return Conflict(_("この活動の申込みは終わりました。"))


async def cancel_signup(db: AsyncSession, actor: Actor, activity: Detail) -> bool:
    """Give the places back. False when none are held (a second tap). Not after the beginning."""
    if activity.my_people is None:
        return False
    if activity.has_begun(now(db)):
        raise Conflict(_("始まった活動の参加は取り消せません。"))
    freed = await db.scalar(
        update(Signup)
        .where(
            Signup.opportunity_id == activity.id,
            Signup.account_id == actor.account_id,
            Signup.cancelled_at.is_(None),
        )
        .values(cancelled_at=now(db))
        .returning(Signup.id)
    )
    if freed is None:
        return False
    record(db, actor, "signup.cancel", "opportunity", activity.id, people=activity.my_people)
    return True


# --- posting -------------------------------------------------------------------------------------


async def publish(
    db: AsyncSession, actor: Actor, id: uuid.UUID, partner_id: uuid.UUID, draft: Draft,
    margin_m: int,
) -> None:  # fmt: skip
    """Publish an activity under an id made when the form was opened, so that a double send is one.

    Raises Invalid (with the field) for a bad time or place, NotFound for a stranger's partner.
    """
    if partner_id not in actor.partner_ids:
        raise NotFound(_("パートナーが見つかりません。"))
    owner = await db.scalar(select(Opportunity.partner_id).where(Opportunity.id == id))
    if owner is not None:
        if owner not in actor.partner_ids:
            raise Conflict(_("この内容は送れません。もう一度、はじめから書いてください。"))
        return
    await _check(db, draft, margin_m)
    added = await db.scalar(
        pg_insert(Opportunity)
        .values(id=id, partner_id=partner_id, created_by=actor.account_id, state="published",
                cancel_reason="", sequence=0, created_at=now(db), updated_at=now(db),
                **_columns(draft))
        .on_conflict_do_nothing(index_elements=["id"])
        .returning(Opportunity.id)
    )  # fmt: skip
    if added is not None:
        record(db, actor, "opportunity.publish", "opportunity", id, title=draft.title)


async def change(
    db: AsyncSession, actor: Actor, before: Detail, draft: Draft, margin_m: int, link: str
) -> None:
    """Change a coming activity; tell those who signed up when time or place is another.

    Raises Invalid for bad input or fewer places than people, Conflict when over or cancelled.
    """
    _must_be_open(before, now(db))
    await _check(db, draft, margin_m)
    changed = _changes(before, draft)
    if not changed:
        return
    try:
        hit = await db.scalar(
            update(Opportunity)
            .where(
                Opportunity.id == before.id,
                Opportunity.state == "published",
                Opportunity.sequence == before.sequence,
            )
            .values(sequence=Opportunity.sequence + 1, updated_at=now(db), **_columns(draft))
            .returning(Opportunity.id)
        )
    except IntegrityError as error:
        if _broken_rule(error) == "ck_opportunities_capacity_taken":
            message = _("すでに%(n)s人の申込みがあります。定員はそれより少なくできません。")
            raise Invalid(message % {"n": before.taken}, "capacity") from error
        raise
    if hit is None:  # changed or called off by somebody else a moment ago
        raise Conflict(_("ほかの人が先に直しました。新しい内容を確かめてください。"))
    record(db, actor, "opportunity.change", "opportunity", before.id, fields=changed)
    if {"starts_at", "ends_at", "meeting_place", "lon", "lat"} & set(changed):
        await tell_participants(db, before.id, Letter.changed(draft, link))


async def cancel(db: AsyncSession, actor: Actor, before: Detail, reason: str, link: str) -> None:
    """Call an activity off and tell everybody who signed up. A second time does nothing."""
    if before.is_cancelled:
        return
    _must_be_open(before, now(db))
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
    await tell_participants(db, before.id, Letter.cancelled(before, reason, link))


async def _check(db: AsyncSession, draft: Draft, margin_m: int) -> None:
    moment = now(db)
    if draft.starts_at <= moment:
        raise Invalid(_("これからの日時を入れてください。"), "day")
    if draft.starts_at > moment + FARTHEST_AHEAD:
        raise Invalid(_("2年より先の日は入れられません。"), "day")
    if draft.ends_at <= draft.starts_at:
        raise Invalid(_("終わりの時刻は、始まりより後にしてください。"), "ends")
    if draft.ends_at - draft.starts_at > LONGEST:
        raise Invalid(_("活動は12時間までにしてください。"), "ends")
    if not await queries.is_in_city(db, draft.lon, draft.lat, margin_m):
        raise Invalid(_("集合場所が市の外になっています。地図でえらび直してください。"), "lon")


def _columns(draft: Draft) -> dict[str, Any]:
    values = asdict(draft)
    lon, lat = values.pop("lon"), values.pop("lat")
    return {**values, "meeting_point": func.ST_SetSRID(func.ST_MakePoint(lon, lat), 4326)}


def _changes(before: Detail, draft: Draft) -> list[str]:
    """Names of the fields that differ; a point that moved less than a step has not moved."""
    old = {name: getattr(before, name) for name in asdict(draft)}
    new = asdict(draft)
    for axis in ("lon", "lat"):
        old[axis], new[axis] = round(old[axis], 5), round(new[axis], 5)
    return [name for name in new if new[name] != old[name]]
