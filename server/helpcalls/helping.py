"""Saying yes or no to a call: by a signed link without a log-in, or on the call's page.

A yes to a dated call is a sign-up for its activity, with all that belongs to it (places, calendar,
check-in). To a call for any day it is a number of people and words about when they could come.
"""

import uuid
from dataclasses import dataclass, replace

from sqlalchemy import or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.actions import record
from server.citysettings.queries import City
from server.db.base import uuid7
from server.db.context import now, signer
from server.errors import Conflict, Forbidden, Invalid, NotFound
from server.helpcalls import queries
from server.helpcalls.machine import HELP_CALL
from server.helpcalls.models import HelpAsk
from server.helpcalls.queries import Ask, Call
from server.helpcalls.waves import PURPOSE
from server.http.i18n import gettext as _
from server.notices.actions import notify
from server.policy import Actor
from server.signups import actions as signups
from server.signups.answers import MOST_ALONE, Answers
from server.signups.queries import my_signup

MAX_PEOPLE = 50


@dataclass(frozen=True)
class Reply:
    """An answer: ``people`` come (with a yes), ``words`` say when they could (any day)."""

    yes: bool
    people: int = 1
    words: str = ""


async def asked_by(db: AsyncSession, token: str) -> Ask:
    """The ask of a signed link. Raises NotFound for a forged one, Expired after its time."""
    value = signer(db).read(PURPOSE, token, now(db))
    try:
        id = uuid.UUID(value)
    except ValueError:
        raise NotFound(_("このリンクは使えません。")) from None
    return await queries.ask(db, id)


async def helpers_of(db: AsyncSession, call_id: uuid.UUID) -> list[uuid.UUID]:
    """The accounts that said yes."""
    said = select(HelpAsk.account_id).where(HelpAsk.help_call_id == call_id)
    return list(await db.scalars(said.where(HelpAsk.answer == "yes")))


async def volunteer(db: AsyncSession, actor: Actor, call: Call) -> Ask:
    """Somebody who was not asked comes forward: an ask in wave 0, which counts for no limit."""
    if call.partner_id in actor.partner_ids:
        raise Forbidden(_("自分たちの募集には返事ができません。"))
    partner = actor.partners[0].id if actor.partners and call.to_partners else None
    await db.execute(
        insert(HelpAsk)
        .values(
            id=uuid7(), help_call_id=call.id, account_id=actor.account_id, for_partner_id=partner,
            wave=0, reasons={}, asked_at=now(db), people=1, words="",
        )
        .on_conflict_do_nothing(index_elements=["help_call_id", "account_id"])
    )  # fmt: skip
    mine = select(HelpAsk.id).where(
        HelpAsk.help_call_id == call.id, HelpAsk.account_id == actor.account_id
    )
    return await queries.ask(db, (await db.execute(mine)).scalar_one())


async def answer(db: AsyncSession, ask: Ask, reply: Reply, city: City) -> bool:
    """Keep an answer; False when it was the same already. It can be changed until the beginning.

    Raises Full when not enough places are left, Conflict when the call is over or called off.
    """
    call = await queries.call(db, ask.call_id, None, known=True)
    if reply.people > MOST_ALONE and ask.for_partner_id is None:
        raise Invalid(
            _("10人をこえるときは、活動のページから団体の名前で申し込んでください。"), "people"
        )
    moment = now(db)
    today = moment.astimezone(city.zone).date()
    if call.is_over(moment, today) or call.state in ("done", "cancelled"):
        raise Conflict(_("このお手伝い募集は終わりました。ありがとうございます。"))
    if reply.yes and not (call.may_answer(moment, today) or ask.answer == "yes"):
        raise Conflict(_("人数がそろいました。お気持ちをありがとうございます。"))
    if not await _write(db, ask, reply):
        return False
    if call.opportunity_id:
        await _sign_up(db, ask, call.opportunity_id, reply)
    record(db, ask.actor, f"help_call.say_{'yes' if reply.yes else 'no'}", "help_call", call.id,
           people=reply.people if reply.yes else 0)  # fmt: skip
    if reply.yes or ask.answer == "yes":
        await _tell_host(db, ask, call, reply)
    return True


async def _write(db: AsyncSession, ask: Ask, reply: Reply) -> bool:
    """Write the answer down; False when nothing changed (a second tap)."""
    said = "yes" if reply.yes else "no"
    people, words = (reply.people, reply.words) if reply.yes else (1, reply.words)
    changed = await db.scalar(
        update(HelpAsk)
        .where(
            HelpAsk.id == ask.id,
            or_(
                HelpAsk.answer.is_distinct_from(said), HelpAsk.people != people,
                HelpAsk.words != words,
            ),
        )
        .values(answer=said, answered_at=now(db), people=people, words=words)
        .returning(HelpAsk.id)
    )  # fmt: skip
    return changed is not None


async def _sign_up(db: AsyncSession, ask: Ask, opportunity_id: uuid.UUID, reply: Reply) -> None:
    """A yes takes places of the activity (another number changes them), a no gives them back."""
    if not reply.yes:
        await signups.cancel_signup(db, ask.actor, opportunity_id)
        return
    answers = Answers(people=reply.people, for_partner_id=ask.for_partner_id)
    if await signups.sign_up(db, ask.actor, opportunity_id, answers):
        return
    mine = await my_signup(db, opportunity_id, ask.account_id)
    if mine is not None:  # what was chosen on the activity's own page stays
        again = replace(mine.answers, people=reply.people)
        await signups.change_signup(db, ask.actor, opportunity_id, again)


async def _tell_host(db: AsyncSession, ask: Ask, call: Call, reply: Reply) -> None:
    """The host's people learn who comes, or who cannot come after all."""
    name = ask.name or _("名前のない方")
    if reply.yes:
        subject = _("【お手伝い】%(name)sさんが手伝います") % {"name": name}
        lines = [_("%(name)sさんから「手伝います」と返事がありました(%(n)s人)。")
                 % {"name": name, "n": reply.people}]  # fmt: skip
        if reply.words:
            lines.append(_("行けるとき: %(words)s") % {"words": reply.words})
    else:
        subject = _("【お手伝い】%(name)sさんは行けなくなりました") % {"name": name}
        lines = [_("%(name)sさんは、行けなくなったそうです。") % {"name": name}]
    people = await queries.people_of(db, call.partner_id, without=ask.account_id)
    moment = int(now(db).timestamp() * 1000)
    await notify(
        db, "partner", people, subject=subject, body="\n".join([call.title, "", *lines]),
        path=HELP_CALL.path.format(id=call.id), key=f"help_answer:{ask.id}:{moment}",
    )  # fmt: skip
