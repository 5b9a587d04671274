"""Verbs of help calls: post one, answer, close, open again, end, take back, ask the next now.

Each takes the database first, raises a ``DomainError`` when it cannot, and never commits. Locks are
taken in one order (ask, activity, call); what still collides is tried again by the page.
"""

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.actions import record
from server.citysettings.queries import City
from server.citysettings.registry import section_for
from server.db.context import enqueue, now
from server.errors import Conflict, Forbidden, Invalid, NotFound
from server.exchange.board_actions import refuse_contacts
from server.helpcalls import queries
from server.helpcalls.helping import helpers_of
from server.helpcalls.machine import HELP_CALL
from server.helpcalls.models import HelpCall
from server.helpcalls.queries import Call
from server.helpcalls.waves import Asked, send_wave
from server.http.i18n import gettext as _
from server.notices.actions import notify
from server.opportunities import actions as opportunity_actions
from server.opportunities import queries as opportunity_queries
from server.opportunities.models import Opportunity
from server.policy import Actor
from server.workflow.actions import begin, move

LONGEST = dt.timedelta(hours=12)
FARTHEST_AHEAD = dt.timedelta(days=365)
VERBS = ("fill", "reopen", "finish", "cancel")


@dataclass(frozen=True)
class NewCall:
    """What a partner writes. Moments are aware; lon/lat in degrees. Either ``starts_at`` and
    ``ends_at`` or ``until_on`` is there."""

    id: uuid.UUID
    opportunity_id: uuid.UUID
    partner_id: uuid.UUID
    area_id: uuid.UUID | None
    title: str
    what_for: str
    works: list[str]
    strength: str
    needs_course: bool
    place: str
    lon: float
    lat: float
    starts_at: dt.datetime | None
    ends_at: dt.datetime | None
    until_on: dt.date | None
    people_wanted: int
    to_citizens: bool
    to_partners: bool


async def post_call(db: AsyncSession, actor: Actor, new: NewCall, city: City) -> None:
    """Post a call; a dated one with its activity. The same ``new.id`` again changes nothing.

    Raises Invalid (with the field) for a bad time or place and for contact data in words that
    everybody may read, NotFound for a stranger's partner.
    """
    if new.partner_id not in actor.partner_ids:
        raise NotFound(_("パートナーが見つかりません。"))
    owner = await db.scalar(select(HelpCall.partner_id).where(HelpCall.id == new.id))
    if owner is not None:
        if owner not in actor.partner_ids:
            raise Conflict(_("この内容は送れません。もう一度、はじめから書いてください。"))
        return
    await _check(db, new, city)
    if new.starts_at is not None:
        await _post_activity(db, actor, new)
    made = await db.scalar(
        insert(HelpCall)
        .values(
            id=new.id, partner_id=new.partner_id, area_id=new.area_id, state="open",
            opportunity_id=new.opportunity_id if new.starts_at else None, title=new.title,
            what_for=new.what_for, works=new.works, strength=new.strength,
            needs_course=new.needs_course, place=new.place, point=_point(new),
            starts_at=new.starts_at, ends_at=new.ends_at, until_on=new.until_on,
            people_wanted=new.people_wanted, to_citizens=new.to_citizens,
            to_partners=new.to_partners, section=section_for(city.rules, None),
            requested_by=actor.account_id, wave=0, next_wave_at=now(db), created_at=now(db),
        )
        .on_conflict_do_nothing(index_elements=["id"])
        .returning(HelpCall.id)
    )  # fmt: skip
    if made is not None:
        begin(db, actor, HELP_CALL, new.id, "open", hat="partner", people=new.people_wanted)
        await enqueue(db, "helpcalls:wave", call_id=str(new.id), after=0)


async def _check(db: AsyncSession, new: NewCall, city: City) -> None:
    moment, today = now(db), now(db).astimezone(city.zone).date()
    for field, words in (("title", new.title), ("what_for", new.what_for), ("place", new.place)):
        refuse_contacts(words, field, city.rules)
    if new.starts_at is not None and new.ends_at is not None:
        if not moment < new.starts_at <= moment + FARTHEST_AHEAD:
            raise Invalid(_("これからの日時を入れてください(1年以内)。"), "day")
        if new.ends_at <= new.starts_at:
            raise Invalid(_("終わりの時刻は、始まりより後にしてください。"), "ends")
        if new.ends_at - new.starts_at > LONGEST:
            raise Invalid(_("活動は12時間までにしてください。"), "ends")
    elif new.until_on is None or not today <= new.until_on <= today + FARTHEST_AHEAD:
        raise Invalid(_("これからの日を入れてください(1年以内)。"), "until_on")
    margin_m = city.rules.import_margin_m
    if not await opportunity_queries.is_in_city(db, new.lon, new.lat, margin_m):
        raise Invalid(_("場所が市の外になっています。地図でえらび直してください。"), "lon")


async def _post_activity(db: AsyncSession, actor: Actor, new: NewCall) -> None:
    """The activity of a dated call: its sign-ups, calendar and check-in are those of any other.

    Its id comes from the sender: one that is there already must be that of this very call (two
    sends at once). Else a call could be hung onto a stranger's activity and close its sign-ups.
    """
    moment = now(db)
    made = await db.scalar(
        insert(Opportunity)
        .values(
            id=new.opportunity_id, partner_id=new.partner_id, area_id=new.area_id, kind="help",
            title=new.title, description=new.what_for, works=new.works, strength=new.strength,
            starts_at=new.starts_at, ends_at=new.ends_at, meeting_place=new.place,
            meeting_point=_point(new), capacity=new.people_wanted, wants_hands=True,
            state="published", published_at=moment, created_by=actor.account_id,
            created_at=moment, updated_at=moment,
        )
        .on_conflict_do_nothing(index_elements=["id"])
        .returning(Opportunity.id)
    )  # fmt: skip
    if made is None:
        its_call = select(HelpCall.id).where(
            HelpCall.id == new.id, HelpCall.opportunity_id == new.opportunity_id,
            HelpCall.partner_id == new.partner_id,
        )  # fmt: skip
        if await db.scalar(its_call) is None:
            raise Conflict(_("この内容は送れません。もう一度、はじめから書いてください。"))
        return
    record(db, actor, "opportunity.publish", "opportunity", new.opportunity_id, title=new.title)


def _point(new: NewCall) -> object:
    return func.ST_SetSRID(func.ST_MakePoint(new.lon, new.lat), 4326)


async def take_step(db: AsyncSession, actor: Actor, call: Call, verb: str, comment: str) -> None:
    """One of ``VERBS`` by the host or the city. Closing a dated call closes its sign-ups too;
    taking it back calls its activity off, which tells everybody who signed up."""
    step = HELP_CALL.require(call.state, verb)
    if step.comment and not comment.strip():
        raise Invalid(_("理由を書いてください。"), "comment")
    values = {"next_wave_at": now(db) if verb == "reopen" else None}
    if verb == "cancel" and call.opportunity_id:
        activity = await opportunity_queries.hosted(db, call.opportunity_id, actor)
        if activity is None:
            raise Forbidden(_("この操作をする権限がありません。"))
        if not activity.is_cancelled:
            await opportunity_actions.cancel(db, actor, activity, comment)
    await move(db, actor, HELP_CALL, call.stand, verb, comment=comment, values=values)
    if verb in ("fill", "reopen") and call.opportunity_id:
        await _close_sign_ups(db, call.opportunity_id, verb == "fill")
    if verb == "reopen":
        await enqueue(db, "helpcalls:wave", call_id=str(call.id), after=call.wave)
    if verb == "cancel" and not call.opportunity_id:
        await _tell_helpers(db, call, comment)


async def _close_sign_ups(db: AsyncSession, opportunity_id: uuid.UUID, closed: bool) -> None:
    """Sign-ups end now, or are open to the beginning again."""
    moment = now(db)
    await db.execute(
        update(Opportunity)
        .where(
            Opportunity.id == opportunity_id, Opportunity.state == "published",
            Opportunity.starts_at > moment,
        )
        .values(deadline_at=moment if closed else None, updated_at=moment)
    )  # fmt: skip


async def _tell_helpers(db: AsyncSession, call: Call, comment: str) -> None:
    """Those who said yes to a call without a date learn that nobody has to come."""
    await notify(
        db, "help", await helpers_of(db, call.id),
        subject=_("【取りやめ】%(title)s") % {"title": call.title},
        body=_("手伝うと返事をしていただいた募集は、取りやめになりました。\n理由: %(why)s")
        % {"why": comment},
        path=HELP_CALL.path.format(id=call.id), key=f"help_cancelled:{call.id}", pressing=True,
    )  # fmt: skip


async def ask_now(db: AsyncSession, actor: Actor, call: Call, city: City) -> Asked:
    """The centre or the city asks the next people without waiting for their time.

    Raises Conflict when the call is not open any more, Forbidden for others.
    """
    if not actor.is_coordinator:
        raise Forbidden(_("この操作をする権限がありません。"))
    asked = await send_wave(db, call.id, city, early=True)
    if asked is None:
        raise Conflict(_("いまは、たずねる必要がありません。画面を新しくしてください。"))
    record(
        db, actor, "help_call.ask_now", "help_call", call.id, wave=asked.wave, people=asked.people
    )
    return asked


async def follow(db: AsyncSession, city: City, id: uuid.UUID | None = None) -> dict[str, int]:
    """Bring the state of calls (of one, or of all) to where their facts are; the verbs taken.

    Filled, over, called off with its activity, or open again because somebody cannot come.
    """
    moment = now(db)
    taken: dict[str, int] = {}
    today = moment.astimezone(city.zone).date()
    for due in await queries.calls_to_move(db, moment, today, id):
        comment = _("活動が中止になりました。") if due.verb == "cancel" else ""
        values = {"next_wave_at": moment if due.verb == "reopen" else None}
        await move(db, None, HELP_CALL, due.stand, due.verb, comment=comment, values=values)
        await db.flush()
        taken[due.verb] = taken.get(due.verb, 0) + 1
    return taken
