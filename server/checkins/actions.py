"""Checking people in: by themselves with a code, or by the host's list. Never twice."""

import datetime as dt
import uuid

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from geo.distance import haversine_m
from server.audit.actions import record
from server.checkins import queries
from server.checkins.codes import opening
from server.checkins.models import Attendance
from server.checkins.queries import present_people as present_people  # for other domains
from server.citysettings.queries import City
from server.db.context import now
from server.errors import Conflict, Full, Invalid, NotFound
from server.http.i18n import gettext as _
from server.http.i18n import jdatetime
from server.http.i18n import lazy as _l
from server.opportunities.models import Signup
from server.opportunities.queries import Detail
from server.policy import Actor

_MISSING = _l("この人は一覧にありません。画面を新しくしてください。")


def must_be_open(
    activity: Detail, city: City, moment: dt.datetime, how: str = "list"
) -> None:  # fmt: skip
    """Raise Conflict, in words for who stands there, unless people can be checked in now."""
    if activity.state == "cancelled":
        raise Conflict(_("この活動は中止になりました。"))
    if activity.state != "published":
        raise Conflict(_("この活動はまだ公開されていません。"))
    times = opening(activity, city.rules.checkin_early_minutes, city.zone)
    if moment < times.opens_at:
        raise Conflict(_("受付は%(at)sからです。") % {"at": jdatetime(times.opens_at)})
    if not times.open_at(moment, how):
        raise Conflict(_("この活動の受付はおわりました。主催者に伝えてください。"))


async def arrive(
    db: AsyncSession, actor: Actor, activity: Detail, city: City, *, how: str, people: int,
    place: tuple[float, float] | None = None,
) -> None:  # fmt: skip
    """Somebody checks in with a code. Again is harmless.

    ``place`` (lon, lat in degrees) is only compared with the meeting point: what stays is whether
    it was near, never where it was. Raises Conflict outside the hours, Full for a walk-in without
    a place, Invalid for more people than signed up.
    """
    must_be_open(activity, city, now(db), how)
    mine = await queries.standing(db, activity.id, actor.account_id)
    if mine.here:
        return
    if not mine.signed_up:
        await _room_for_a_walk_in(db, activity.id, people)
    elif people > (mine.expected or 0):
        raise Invalid(_("申し込んだ人数より多いときは、主催者に声をかけてください。"), "people")
    near = None if place is None else _is_near(activity, place, city.rules.checkin_near_m)
    await _insert(
        db, actor, activity.id, signup_id=mine.signup_id, account_id=actor.account_id,
        for_partner_id=mine.for_partner_id, people=people, how=how, near=near,
    )  # fmt: skip


def _is_near(activity: Detail, place: tuple[float, float], near_m: int) -> bool:
    return haversine_m(*place, activity.lon, activity.lat) <= near_m


_PLACES = text("""
SELECT o.capacity
     - (SELECT coalesce(sum(people), 0) FROM signups
         WHERE opportunity_id = o.id AND cancelled_at IS NULL)
     - (SELECT coalesce(sum(people), 0) FROM attendances
         WHERE opportunity_id = o.id AND removed_at IS NULL AND signup_id IS NULL)
  FROM opportunities o WHERE o.id = :id
""")
_LOCK = text("SELECT 1 FROM opportunities WHERE id = :id FOR UPDATE")


async def _room_for_a_walk_in(db: AsyncSession, id: uuid.UUID, people: int) -> None:
    """Two walk-ins must not both take the last place: they wait for each other at the activity.

    The places are counted by a statement of its own: one that waited for the lock would still see
    the rows of before.
    """
    await db.execute(_LOCK, {"id": id})
    left = int(await db.scalar(_PLACES, {"id": id}) or 0)
    if left < people:
        raise Full(_("空いている場所がありません。主催者に声をかけてください。"))


async def _insert(
    db: AsyncSession, actor: Actor, opportunity_id: uuid.UUID, **columns: object
) -> uuid.UUID | None:
    """Add an attendance unless the person (or this very row) is there already."""
    moment = now(db)
    statement = (
        upsert(Attendance)
        .values(
            opportunity_id=opportunity_id, arrived_at=moment, created_at=moment,
            recorded_by=actor.account_id, **columns,
        )
        .on_conflict_do_nothing()
        .returning(Attendance.id)
    )  # fmt: skip
    found: uuid.UUID | None = await db.scalar(statement)
    if found is not None:
        record(db, actor, "attendance.arrive", "opportunity", opportunity_id,
               attendance=str(found), how=columns["how"], people=columns["people"])  # fmt: skip
    return found


async def tick(
    db: AsyncSession, actor: Actor, activity: Detail, city: City, signup_id: uuid.UUID,
    people: int | None = None,
) -> None:  # fmt: skip
    """The host ticks somebody who signed up. Again is harmless; raises NotFound, Conflict."""
    must_be_open(activity, city, now(db))
    signup = await db.scalar(
        select(Signup).where(
            Signup.id == signup_id, Signup.opportunity_id == activity.id,
            Signup.cancelled_at.is_(None),
        )
    )  # fmt: skip
    if signup is None:
        raise NotFound(_MISSING)
    await _insert(
        db, actor, activity.id, signup_id=signup.id, account_id=signup.account_id,
        for_partner_id=signup.for_partner_id, people=people or signup.people, how="list",
    )  # fmt: skip


async def walk_in(
    db: AsyncSession, actor: Actor, activity: Detail, city: City, id: uuid.UUID, people: int
) -> None:
    """The host counts people who came without a sign-up (飛び入り): a number, no names.

    ``id`` is made by the sender, so that sending twice counts once.
    """
    must_be_open(activity, city, now(db))
    await _insert(db, actor, activity.id, id=id, people=people, how="walk_in")


async def remove(
    db: AsyncSession, actor: Actor, activity: Detail, city: City, attendance_id: uuid.UUID
) -> None:
    """Take back a tick. The row stays, for the record; again is harmless."""
    must_be_open(activity, city, now(db))
    await _must_exist(db, activity.id, attendance_id)
    gone = await db.scalar(
        update(Attendance)
        .where(Attendance.id == attendance_id, Attendance.removed_at.is_(None))
        .values(removed_at=now(db))
        .returning(Attendance.id)
    )
    if gone:
        record(db, actor, "attendance.remove", "opportunity", activity.id, attendance=str(gone))


async def adjust(
    db: AsyncSession, actor: Actor, activity: Detail, city: City, attendance_id: uuid.UUID,
    *, people: int, minutes: int | None,
) -> None:  # fmt: skip
    """How many they really were, and how long; no minutes = the whole activity."""
    must_be_open(activity, city, now(db))
    await _must_exist(db, activity.id, attendance_id)
    changed = await db.scalar(
        update(Attendance)
        .where(
            Attendance.id == attendance_id, Attendance.removed_at.is_(None),
            (Attendance.people != people) | Attendance.minutes.is_distinct_from(minutes),
        )
        .values(people=people, minutes=minutes)
        .returning(Attendance.id)
    )  # fmt: skip
    if changed:
        record(db, actor, "attendance.adjust", "opportunity", activity.id,
               attendance=str(changed), people=people, minutes=minutes)  # fmt: skip


async def _must_exist(db: AsyncSession, opportunity_id: uuid.UUID, id: uuid.UUID) -> None:
    found = await db.scalar(
        select(Attendance.id).where(
            Attendance.id == id, Attendance.opportunity_id == opportunity_id
        )
    )
    if found is None:
        raise NotFound(_MISSING)
