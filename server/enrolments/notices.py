"""Notices of change (変更届): filed by the partner or for it, accepted or sent back by the city.

``before`` and ``after`` are frozen into the notice; accepting one writes ``after`` into the
register with its own periods, so who stood for a partner on any past day stays known.
"""

import datetime as dt
import uuid
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import DATERANGE, Range
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.ext.asyncio import AsyncSession

from server.db.base import uuid7
from server.db.context import now
from server.enrolments.answers import Person
from server.enrolments.life_queries import case_locked
from server.enrolments.life_rows import CaseNow
from server.enrolments.machine import ENROLMENT, NOTICE
from server.enrolments.models import ChangeNotice, PartnerContact
from server.enrolments.notice_queries import Facts, Notice, facts_of, notice_of
from server.errors import Conflict, Invalid, NotFound
from server.http.i18n import gettext as _
from server.partners.models import Partner
from server.policy import Actor
from server.workflow.actions import begin, move

DAYS_BACK = 60
DAYS_AHEAD = 180


@dataclass(frozen=True)
class Draft:
    """What somebody files: ``after`` in the shape of ``Facts.before(kind)``."""

    after: dict[str, Any]
    effective_on: dt.date
    reason: str


async def file(
    db: AsyncSession, actor: Actor, case: CaseNow, kind: str, id: uuid.UUID, draft: Draft,
    *, section: str, today: dt.date,
) -> uuid.UUID:  # fmt: skip
    """File a notice under an id made when the form was opened; a double send makes one.

    Staff who do not act for the partner file it by proxy (代理入力). A notice about areas puts the
    case into the state "changing". Raises Invalid, Conflict, Forbidden.
    """
    earlier = await db.scalar(select(ChangeNotice.partner_id).where(ChangeNotice.id == id))
    if earlier is not None:
        if earlier != case.partner_id:
            raise Conflict(_("この内容は送れません。もう一度、はじめから書いてください。"))
        return id
    if not case.is_live:
        raise Conflict(_("合意の期間ではないため、変更届は出せません。"))
    before = _checked(await facts_of(db, case.partner_id, today), kind, draft, today)
    by_proxy = case.partner_id not in actor.partner_ids
    added = await db.scalar(
        pg_insert(ChangeNotice)
        .values(
            id=id, enrolment_id=case.id, partner_id=case.partner_id, kind=kind, state="submitted",
            before=before, after=draft.after, effective_on=draft.effective_on, reason=draft.reason,
            section=section, by_proxy=by_proxy, created_at=now(db),
            requested_by=None if by_proxy else actor.account_id,
        )
        .on_conflict_do_nothing()
        .returning(ChangeNotice.id)
    )  # fmt: skip
    if added is None:
        raise Conflict(
            _("同じ種類の変更届が、まだ受理されていません。先にそちらをごらんください。")
        )
    hat = "staff" if by_proxy else "partner"
    begin(db, actor, NOTICE, id, "submitted", hat=hat, kind=kind, by_proxy=by_proxy)
    if kind == "areas":
        await move(db, actor, ENROLMENT, case.stand(), "ask_change", values={"updated_at": now(db)})
    return id


def _checked(facts: Facts, kind: str, draft: Draft, today: dt.date) -> dict[str, Any]:
    """What it was before, if the draft may be filed."""
    first, last = today - dt.timedelta(days=DAYS_BACK), today + dt.timedelta(days=DAYS_AHEAD)
    if not first <= draft.effective_on <= last:
        raise Invalid(
            _("変更の日は、%(back)s日前から%(ahead)s日後までの日にしてください。")
            % {"back": DAYS_BACK, "ahead": DAYS_AHEAD},
            "effective_on",
        )
    before = facts.before(kind)
    if kind == "areas":
        if not (draft.after["give_up"] or draft.after["add"] or draft.after["text"]):
            raise Invalid(_("やめる区域か、くわえる区域を選んでください。"), "add")
    elif before == draft.after:
        raise Invalid(_("変わったところがありません。"))
    return before


# --- the city's answer ---------------------------------------------------------------------------


async def accept(db: AsyncSession, actor: Actor, id: uuid.UUID, today: dt.date) -> Notice:
    """Accept a notice and write it into the register; the notice as it was.

    A notice about areas changes nothing yet: a new agreement does, which staff prepare next. Does
    nothing to one that is accepted already. Raises Conflict, Forbidden, NotFound.
    """
    notice = await notice_of(db, id, actor, lock=True)
    if notice.state == "accepted":
        return notice
    if notice.kind == "name" and notice.effective_on > today:
        raise Conflict(_("変更の日になってから受理してください。"))
    await move(db, actor, NOTICE, notice.stand(), "accept", detail={"kind": notice.kind})
    if notice.kind == "name":
        await db.execute(
            update(Partner).where(Partner.id == notice.partner_id).values(
                name=notice.after["name"], name_kana=notice.after["name_kana"]
            )
        )  # fmt: skip
    elif notice.kind == "representative":
        await _stand(db, notice, "representative", _person(notice.after))
    elif notice.kind == "contact":
        for role in ("contact", "emergency"):
            await _stand(db, notice, role, _person(notice.after[role]))
    return notice


def _person(data: dict[str, Any] | None) -> Person | None:
    return Person(**data) if data else None


async def _stand(db: AsyncSession, notice: Notice, role: str, who: Person | None) -> None:
    """``who`` (or nobody) stands for the partner from the notice's day on, until the next change
    that is known already."""
    day, period = notice.effective_on, PartnerContact.period
    mine = (PartnerContact.partner_id == notice.partner_id, PartnerContact.role == role)
    later = await db.scalar(
        select(func.min(func.lower(period))).where(*mine, func.lower(period) > day)
    )
    await db.execute(delete(PartnerContact).where(*mine, func.lower(period) == day))
    await db.execute(
        update(PartnerContact)
        .where(*mine, period.contains(day))
        .values(period=func.daterange(func.lower(period), day, type_=DATERANGE))
        .execution_options(synchronize_session=False)
    )
    if who is not None:
        db.add(
            PartnerContact(
                id=uuid7(), partner_id=notice.partner_id, role=role, period=Range(day, later),
                **asdict(who),
            )
        )  # fmt: skip


async def send_back(db: AsyncSession, actor: Actor, id: uuid.UUID, comment: str) -> Notice:
    """Hand a notice back with what is to be corrected; a change of areas rests meanwhile."""
    notice = await notice_of(db, id, actor, lock=True)
    await move(db, actor, NOTICE, notice.stand(), "send_back", comment=comment)
    await _rest(db, actor, notice)
    return notice


async def resubmit(
    db: AsyncSession, actor: Actor, id: uuid.UUID, draft: Draft, today: dt.date
) -> Notice:
    """Send a corrected notice again; ``before`` is taken anew."""
    notice = await notice_of(db, id, actor, lock=True)
    before = _checked(await facts_of(db, notice.partner_id, today), notice.kind, draft, today)
    await move(
        db, actor, NOTICE, notice.stand(), "resubmit",
        values={"before": before, "after": draft.after, "effective_on": draft.effective_on,
                "reason": draft.reason},
    )  # fmt: skip
    if notice.kind == "areas":
        case = await case_locked(db, notice.enrolment_id)
        await move(db, actor, ENROLMENT, case.stand(), "ask_change", values={"updated_at": now(db)})
    return notice


async def take_back(db: AsyncSession, actor: Actor, id: uuid.UUID) -> Notice:
    """The partner takes its notice back. Does nothing to one that was."""
    notice = await notice_of(db, id, actor, lock=True)
    if notice.state != "withdrawn":
        await move(db, actor, NOTICE, notice.stand(), "withdraw")
        await _rest(db, actor, notice)
    return notice


async def _rest(db: AsyncSession, actor: Actor, notice: Notice) -> None:
    """The change of areas is off: the case goes on as before."""
    if notice.kind != "areas":
        return
    case = await case_locked(db, notice.enrolment_id)
    if case.state == "changing":
        values = {"updated_at": now(db)}
        await move(db, actor, ENROLMENT, case.stand(), "finish_change", values=values)


async def finish_change(db: AsyncSession, actor: Actor, case: CaseNow) -> bool:
    """End a change for which no new agreement is needed. False when none is under way.

    Raises Conflict while the notice about it waits for its answer.
    """
    if case.state == "active":
        return False
    waiting = await db.scalar(
        select(ChangeNotice.id).where(
            ChangeNotice.enrolment_id == case.id, ChangeNotice.kind == "areas",
            ChangeNotice.state == "submitted",
        )
    )  # fmt: skip
    if waiting is not None:
        raise Conflict(_("先に、活動区域の変更届に答えてください。"))
    values = {"updated_at": now(db)}
    await move(db, actor, ENROLMENT, case.stand(), "finish_change", values=values)
    return True


def checked_kind(kind: str, subject: str) -> str:
    """A kind of notice that fits the partner; NotFound otherwise (a citizen represents itself)."""
    if kind not in kinds_for(subject):
        raise NotFound(_("この変更届はありません。"))
    return kind


def kinds_for(subject: str) -> tuple[str, ...]:
    """The kinds of notices a partner may file, in the order people see."""
    if subject == "citizen":
        return ("name", "contact", "areas")
    return ("representative", "name", "contact", "areas")
