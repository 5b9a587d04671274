"""Taking places, changing and giving them back; waiting for one, and answering an offer.

Each verb locks the activity's row first and settles its queue (see ``waitlist``), so that nobody
slips in before those who wait; the trigger of ``signups`` has the last word on capacity. Verbs take
the database first, raise a ``DomainError`` when they cannot, and never commit.
"""

import uuid
from dataclasses import asdict

from psycopg.errors import Error as PsycopgError
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.actions import record
from server.db.base import uuid7
from server.db.context import now
from server.errors import Conflict, Full
from server.http.i18n import gettext as _
from server.opportunities.models import Signup, WaitlistEntry
from server.policy import Actor
from server.signups import letters, queries
from server.signups.answers import Answers, must_be_open
from server.signups.locked import Locked
from server.signups.queries import Entry
from server.signups.waitlist import settle

# --- taking part ---------------------------------------------------------------------------------


async def sign_up(
    db: AsyncSession, actor: Actor, opportunity_id: uuid.UUID, answers: Answers
) -> bool:
    """Take places. False when the person already holds some: nothing is changed then.

    Ask ``answers.check`` first. Raises Full when not enough places are left once those who wait
    have been asked, Conflict when the activity is over, past its deadline or cancelled.
    """
    activity = await settle(db, opportunity_id)
    if await queries.my_signup(db, opportunity_id, actor.account_id):
        return False
    _must_be_open(db, activity)
    signup_id = await _take(db, activity, actor.account_id, answers)
    record(db, actor, "signup.create", "opportunity", activity.id, people=answers.people)
    if await _leave_queue(db, activity.id, actor.account_id, "taken", signup_id):
        await settle(db, activity.id)  # perhaps fewer places than had been kept
    return True


def _must_be_open(db: AsyncSession, activity: Locked) -> None:
    must_be_open(activity.state, activity.starts_at, activity.deadline_at, now(db))


async def _take(
    db: AsyncSession, activity: Locked, account_id: uuid.UUID, answers: Answers
) -> uuid.UUID:
    """Insert the sign-up and confirm it; its id. The lock is held, so there is no second one."""
    signup_id = uuid7()
    try:
        await db.execute(
            pg_insert(Signup).values(
                id=signup_id, opportunity_id=activity.id, account_id=account_id,
                created_at=now(db), **asdict(answers),
            )
        )  # fmt: skip
    except IntegrityError as error:
        raise _refusal(error) from error
    await letters.tell_signed_up(db, activity, account_id, signup_id, answers.people)
    return signup_id


def _refusal(error: IntegrityError) -> Conflict:
    """What the trigger's refusal means."""
    cause = error.orig
    rule = cause.diag.constraint_name if isinstance(cause, PsycopgError) else ""
    if rule == "ck_signups_capacity":
        return Full(_("申込みが定員に達しました。"))
    if rule == "ck_signups_slot":
        return Conflict(_("選んだ時間や班は、なくなりました。もう一度選んでください。"))
    return Conflict(_("この活動の申込みは終わりました。"))


async def change_signup(
    db: AsyncSession, actor: Actor, opportunity_id: uuid.UUID, answers: Answers
) -> bool:
    """Another number, slot or answer, without giving the place away in between.

    False when there is nothing to change. Raises Full when more is asked for than is free: the
    sign-up stays as it was. What gets free goes to those who wait.
    """
    activity = await settle(db, opportunity_id)
    mine = await queries.my_signup(db, opportunity_id, actor.account_id)
    if mine is None:
        raise Conflict(_("この活動には申し込んでいません。"))
    _must_be_open(db, activity)
    if mine.answers == answers:
        return False
    try:
        await db.execute(
            update(Signup)
            .where(Signup.id == mine.id, Signup.cancelled_at.is_(None))
            .values(**asdict(answers))
        )
    except IntegrityError as error:
        raise _refusal(error) from error
    record(db, actor, "signup.change", "opportunity", activity.id,
           people=answers.people, before=mine.answers.people)  # fmt: skip
    await settle(db, activity.id)
    return True


async def cancel_signup(db: AsyncSession, actor: Actor, opportunity_id: uuid.UUID) -> bool:
    """Give the places back. False when none are held (a second tap). Not after the beginning.

    The next in the queue is asked in the same transaction.
    """
    activity = await settle(db, opportunity_id)
    mine = await queries.my_signup(db, opportunity_id, actor.account_id)
    if mine is None:
        return False
    if activity.starts_at <= now(db):
        raise Conflict(_("始まった活動の参加は取り消せません。"))
    await db.execute(
        update(Signup)
        .where(Signup.id == mine.id, Signup.cancelled_at.is_(None))
        .values(cancelled_at=now(db))
    )
    record(db, actor, "signup.cancel", "opportunity", activity.id, people=mine.answers.people)
    await settle(db, activity.id)
    return True


# --- waiting -------------------------------------------------------------------------------------


async def join_queue(
    db: AsyncSession, actor: Actor, opportunity_id: uuid.UUID, answers: Answers
) -> bool:
    """Wait for a place, at the end of the queue. False for who waits or takes part already.

    Who would fit after all is made an offer at once.
    """
    activity = await settle(db, opportunity_id)
    if await queries.my_signup(db, opportunity_id, actor.account_id):
        return False
    _must_be_open(db, activity)
    added = await db.scalar(
        pg_insert(WaitlistEntry)
        .values(
            id=uuid7(), opportunity_id=activity.id, account_id=actor.account_id,
            slot_id=answers.slot_id, people=answers.people, answers=answers.rest(),
            created_at=now(db),
        )
        .on_conflict_do_nothing(
            index_elements=["opportunity_id", "account_id"],
            index_where=WaitlistEntry.ended_at.is_(None),
        )
        .returning(WaitlistEntry.id)
    )  # fmt: skip
    if added is None:
        return False
    record(db, actor, "waitlist.join", "opportunity", activity.id, people=answers.people)
    await settle(db, activity.id)
    return True


async def leave_queue(db: AsyncSession, actor: Actor, opportunity_id: uuid.UUID) -> bool:
    """Wait no longer; an offer goes to the next. False when nothing is left to leave."""
    activity = await settle(db, opportunity_id)
    if not await _leave_queue(db, activity.id, actor.account_id, "left", None):
        return False
    record(db, actor, "waitlist.leave", "opportunity", activity.id)
    await settle(db, activity.id)
    return True


async def _leave_queue(
    db: AsyncSession, opportunity_id: uuid.UUID, account_id: uuid.UUID, how: str,
    signup_id: uuid.UUID | None,
) -> bool:  # fmt: skip
    """End somebody's live entry, if there is one."""
    ended = await db.scalar(
        update(WaitlistEntry)
        .where(
            WaitlistEntry.opportunity_id == opportunity_id,
            WaitlistEntry.account_id == account_id,
            WaitlistEntry.ended_at.is_(None),
        )
        .values(ended_at=now(db), ended_how=how, signup_id=signup_id)
        .returning(WaitlistEntry.id)
    )
    return ended is not None


async def answer_offer(db: AsyncSession, actor: Actor | None, entry: Entry, *, accept: bool) -> str:
    """Accept or decline an offer; how the entry stands then: taken, declined, expired, closed,
    left, or waiting (an offer that was withdrawn).

    Whoever holds the signed link may answer, so ``actor`` may be nobody. An answer that comes
    again, or too late, changes nothing and says how it stands.
    """
    activity = await settle(db, entry.opportunity_id)
    state = (
        await db.execute(
            select(WaitlistEntry.ended_how, WaitlistEntry.offer_expires_at)
            .where(WaitlistEntry.id == entry.id)
        )
    ).one()  # fmt: skip
    if state.ended_how or state.offer_expires_at is None:
        return state.ended_how or "waiting"
    if not accept:
        await _leave_queue(db, activity.id, entry.account_id, "declined", None)
        record(db, actor, "waitlist.decline", "opportunity", activity.id, entry=str(entry.id))
        await settle(db, activity.id)
        return "declined"
    signup_id = await _take(db, activity, entry.account_id, entry.wrote())
    await _leave_queue(db, activity.id, entry.account_id, "taken", signup_id)
    record(db, actor, "signup.create", "opportunity", activity.id,
           people=entry.people, entry=str(entry.id))  # fmt: skip
    return "taken"
