"""The life of an enrolment after the agreement: begin, pause, resume, renew, end.

Decisions, in one place:

* A **pause** starts today. It cuts the partner's areas (``agreement_areas``), so that every page
  shows the truth by construction; what was cut is kept in the history of the step and opened again
  by ``resume``, which is always somebody's act and never the calendar's.
* **Renewal.** ``renewal_notice_days`` before the last day the case waits for its renewal, and the
  partner is asked. With ``auto_renew``, or when the term is the 年度, one tap of the partner goes
  on with the same text for the next period (``renew``). Fixed years without ``auto_renew`` need a
  new agreement: the tap notes the wish (``wish_renewal``) and the city prepares it. With
  ``auto_renew`` and no answer the job renews on the last day. A paused partner is never renewed
  without saying so: going on ends the pause.
* Nobody who wished to go on **expires** because the city is late; nor does a case whose change is
  under way.
* **Withdrawal** (辞退) and **dissolution** (解消) take effect on a day from today up to the end:
  the first day without the agreement. A coming day needs no job, for the periods are cut to it.
  What is open with the partner is closed at once or stays to be seen to: see ``closing``.
"""

import datetime as dt
import uuid

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncSession

from server.agreements.models import AgreementArea
from server.audit.actions import record
from server.citysettings.registry import CityRules
from server.db.context import now
from server.enrolments.closing import close_open_matters
from server.enrolments.life_queries import case_locked
from server.enrolments.life_rows import CaseNow
from server.enrolments.machine import ENROLMENT, NOTICE
from server.enrolments.models import ChangeNotice, Enrolment
from server.enrolments.periods import ONE_DAY, cut_agreements, cut_areas, next_period, open_again
from server.errors import Conflict, Invalid
from server.http.i18n import gettext as _
from server.policy import Actor
from server.workflow.actions import Stand, move
from server.workflow.models import StateChange

NOT_PAUSED = {"paused_from": None, "paused_until": None}
END_REASONS = {"withdraw": "withdrawn", "dissolve": "cancelled", "expire": "expired"}


# --- pause and resume ----------------------------------------------------------------------------


async def pause(
    db: AsyncSession, actor: Actor, case: CaseNow, today: dt.date, until: dt.date | None,
    reason: str,
) -> bool:  # fmt: skip
    """Pause from today. False when it is paused already. ``until`` is only a plan.

    Raises Invalid (``until``, ``comment``), Conflict, Forbidden.
    """
    if case.state == "paused":
        return False
    if until is not None and until <= today:
        raise Invalid(_("再開の予定の日は、あしたより後にしてください。"), "until")
    if until and case.last_day and until > case.last_day:
        raise Invalid(_("合意の期間の中の日を入れてください。"), "until")
    ENROLMENT.require(case.state, "pause")
    cut = await cut_areas(db, case.partner_id, today, "paused")
    await move(
        db, actor, ENROLMENT, case.stand(), "pause", comment=reason,
        values={"paused_from": today, "paused_until": until, "updated_at": now(db)},
        detail={"cut": [one.to_json() for one in cut], "day": today.isoformat(),
                "until": until.isoformat() if until else None},
    )  # fmt: skip
    return True


async def resume(db: AsyncSession, actor: Actor, case: CaseNow, today: dt.date) -> bool:
    """Go on from today with the areas that the pause had cut. False when it is not paused."""
    if case.state == "active":
        return False
    ENROLMENT.require(case.state, "resume")
    if case.last_day is not None and case.last_day < today:
        raise Conflict(_("合意の期間が終わっています。続けるには新しい合意が必要です。"))
    await _end_pause(db, case, today)
    values = {**NOT_PAUSED, "updated_at": now(db)}
    await move(db, actor, ENROLMENT, case.stand(), "resume", values=values)
    return True


async def _end_pause(db: AsyncSession, case: CaseNow, today: dt.date) -> None:
    """Open again what the last pause cut."""
    detail = await db.scalar(
        select(StateChange.detail)
        .where(
            StateChange.object_id == case.id, StateChange.machine == ENROLMENT.name,
            StateChange.verb == "pause",
        )
        .order_by(StateChange.at.desc(), StateChange.id.desc())
        .limit(1)
    )  # fmt: skip
    cut = (detail or {}).get("cut")
    await open_again(db, cut if isinstance(cut, list) else [], today)


# --- renewal -------------------------------------------------------------------------------------


def one_tap(rules: CityRules) -> bool:
    """Whether going on needs no new text, so that the partner's tap is enough."""
    return rules.auto_renew or rules.term_mode == "fiscal_year"


async def await_renewal(db: AsyncSession, actor: Actor | None, case: CaseNow) -> None:
    """The end is near: ask the partner. ``actor`` is None for the job."""
    values = {"updated_at": now(db)}
    await move(db, actor, ENROLMENT, case.stand(), "await_renewal", values=values)


async def renew(
    db: AsyncSession, actor: Actor | None, case: CaseNow, rules: CityRules, today: dt.date
) -> bool:
    """Go on with the same text for the next period; ends a pause. False when it was done already.

    ``actor`` is None for the job. Raises Conflict, Forbidden.
    """
    if case.state == "active":
        return False
    ENROLMENT.require(case.state, "renew")
    if case.last_day is None:
        raise Conflict(_("期限のない合意は、更新がいりません。"))
    if case.paused_from is not None:
        await _end_pause(db, case, today)
    first, last = next_period(rules, case.last_day)
    await _continue(db, actor, case.id, Range(first, last + ONE_DAY))
    await _renewed(db, actor, case, until=last.isoformat())
    return True


async def _continue(
    db: AsyncSession, actor: Actor | None, enrolment_id: uuid.UUID, period: Range[dt.date]
) -> None:
    # here, because concluding an agreement there calls after_conclusion here
    from server.agreements.continuing import continue_agreement  # noqa: PLC0415

    await continue_agreement(db, actor, enrolment_id, period)


async def _renewed(db: AsyncSession, actor: Actor | None, case: CaseNow, **detail: object) -> None:
    values = {**NOT_PAUSED, "renewal_wished_on": None, "updated_at": now(db)}
    await move(db, actor, ENROLMENT, case.stand(), "renew", values=values, detail=detail)


async def keep_going(db: AsyncSession, case: CaseNow, rules: CityRules) -> None:
    """Continue the agreement of a case whose change is under way; its state stays (a job)."""
    if case.last_day is not None:
        first, last = next_period(rules, case.last_day)
        await _continue(db, None, case.id, Range(first, last + ONE_DAY))


async def wish_renewal(db: AsyncSession, actor: Actor, case: CaseNow, today: dt.date) -> bool:
    """Note that the partner wishes to go on; the city prepares the agreement. False: known."""
    ENROLMENT.require(case.state, "renew")
    noted = await db.scalar(
        update(Enrolment)
        .where(Enrolment.id == case.id, Enrolment.renewal_wished_on.is_(None))
        .values(renewal_wished_on=today, updated_at=now(db))
        .returning(Enrolment.id)
    )
    if noted is None:
        return False
    hat = "partner" if case.partner_id in actor.partner_ids else "staff"
    db.add(
        StateChange(machine=ENROLMENT.name, object_id=case.id, from_state=case.state,
                    to_state=case.state, verb="wish_renewal", comment=_("続ける希望がありました。"),
                    at=now(db), by=actor.account_id, by_hat=hat)
    )  # fmt: skip
    record(db, actor, "enrolment.wish_renewal", "enrolment", case.id)
    return True


async def after_conclusion(
    db: AsyncSession, actor: Actor | None, enrolment_id: uuid.UUID, today: dt.date
) -> None:
    """What a concluded agreement (change or renewal) means for its case; for ``agreements``.

    A case under change is active again, one that waited for its renewal is renewed.
    """
    case = await case_locked(db, enrolment_id)
    if case.state == "changing":
        values = {"updated_at": now(db)}
        await move(db, actor, ENROLMENT, case.stand(), "finish_change", values=values)
    elif case.state == "renewal" and (case.last_day is None or case.last_day >= today):
        if case.paused_from is not None:
            await _end_pause(db, case, today)
        await _renewed(db, actor, case)


# --- the beginning and the end -------------------------------------------------------------------


async def begin(db: AsyncSession, actor: Actor | None, case: CaseNow, today: dt.date) -> None:
    """The period has begun. Raises Conflict before its first day."""
    if case.begins_on is None or case.begins_on > today:
        raise Conflict(_("合意の期間は、まだはじまっていません。"))
    values = {"updated_at": now(db)}
    await move(db, actor, ENROLMENT, case.stand(), "begin", values=values)


async def withdraw(
    db: AsyncSession, actor: Actor, case: CaseNow, today: dt.date, day: dt.date, reason: str
) -> bool:
    """The partner leaves on ``day`` (辞退), the first day without. False when it has left."""
    if case.state == "withdrawn":
        return False
    _check_end(case, today, day)
    await _end(db, actor, case, "withdraw", day, reason)
    return True


async def dissolve(
    db: AsyncSession, actor: Actor, case: CaseNow, today: dt.date, day: dt.date, reason: str
) -> bool:
    """The city ends the agreement on ``day`` (解消). False when it has."""
    if case.state == "cancelled":
        return False
    _check_end(case, today, day)
    await _end(db, actor, case, "dissolve", day, reason)
    return True


async def expire(db: AsyncSession, actor: Actor | None, case: CaseNow, today: dt.date) -> bool:
    """The period is over and nothing follows (満了). False when it is known."""
    if case.state == "expired":
        return False
    ENROLMENT.require(case.state, "expire")
    if case.last_day is None or case.last_day >= today:
        raise Conflict(_("合意の期間は、まだ終わっていません。"))
    day = case.last_day + ONE_DAY
    await db.execute(
        update(AgreementArea)
        .where(
            AgreementArea.partner_id == case.partner_id,
            func.upper(AgreementArea.period) == day,
            AgreementArea.end_reason.is_(None),
        )
        .values(end_reason="expired")
        .execution_options(synchronize_session=False)
    )
    await _end(db, actor, case, "expire", day, "")
    return True


def _check_end(case: CaseNow, today: dt.date, day: dt.date) -> None:
    if not case.is_live:
        raise Conflict(_("この合意は、もう終わっています。"))
    if day < today:
        raise Invalid(_("きょうより後の日を入れてください。"), "day")
    latest = max(case.last_day + ONE_DAY, today) if case.last_day else None
    if latest and day > latest:
        raise Invalid(_("合意の期間の中の日を入れてください。"), "day")


async def _end(
    db: AsyncSession, actor: Actor | None, case: CaseNow, verb: str, day: dt.date, reason: str
) -> None:
    """Cut the periods on ``day``, close what is open about the case, and end it."""
    if not reason.strip() and ENROLMENT.step(verb).comment:
        raise Invalid(_("理由を書いてください。"), "comment")
    cut = await cut_areas(db, case.partner_id, day, END_REASONS[verb])
    await cut_agreements(db, case.id, day)
    await _close_notices(db, case)
    await close_open_matters(db, actor, case.partner_id, day)
    await move(
        db, actor, ENROLMENT, case.stand(), verb, comment=reason,
        values={**NOT_PAUSED, "renewal_wished_on": None, "ended_on": day, "updated_at": now(db)},
        detail={"day": day.isoformat(), "areas": len(cut)},
    )  # fmt: skip


async def _close_notices(db: AsyncSession, case: CaseNow) -> None:
    """Nobody is to work on a notice of a case that is over."""
    waiting = await db.execute(
        select(ChangeNotice.id, ChangeNotice.state)
        .where(
            ChangeNotice.enrolment_id == case.id,
            ChangeNotice.state.in_(NOTICE.step("withdraw").sources),
        )
        .with_for_update()
    )
    for id, state in waiting.all():
        stand = Stand(id, state, case.partner_name, case.partner_id)
        comment = _("合意が終わったため。")
        await move(db, None, NOTICE, stand, "withdraw", comment=comment)
