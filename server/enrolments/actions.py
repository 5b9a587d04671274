"""Writing an application: begin it, fill it in, send it, take it back; and the city's answers.

Every verb takes the database first, raises a ``DomainError`` and never commits.
"""

import datetime as dt
import uuid

from sqlalchemy import exists, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.actions import record
from server.citysettings.queries import City
from server.citysettings.registry import CityRules, section_for
from server.db.context import now
from server.enrolments.answers import GROUPS, Answers, Person
from server.enrolments.complete import gaps
from server.enrolments.machine import ENROLMENT, LIVE
from server.enrolments.models import Enrolment
from server.enrolments.parts import pledges
from server.enrolments.queries import Case, case_of
from server.errors import Conflict, Forbidden, Invalid
from server.http.i18n import gettext as _
from server.partners.models import Partner
from server.policy import Actor
from server.workflow.actions import begin, move

# The steps of this half of the life; the rest belongs to the agreement.
BEFORE_AGREEMENT = ("draft", "submitted", "checking", "returned")
STAFF_VERBS = ("take_up", "send_back", "reject", "withdraw")
MAX_PAPERS = 12


def may_edit(actor: Actor, case: Case) -> bool:
    """Whether somebody may change the form now: its own people, or staff for a paper."""
    if not case.editable:
        return False
    return case.belongs_to(actor) or (actor.is_staff and case.by_proxy)


def may_edit_areas(actor: Actor, case: Case) -> bool:
    """Whether somebody may change the areas: staff also while they look at them (現地確認)."""
    looking = actor.is_staff and case.state in ("submitted", "checking")
    return looking or may_edit(actor, case)


def require(allowed: bool) -> None:
    """Raise Forbidden with words when something may not be changed (any more)."""
    if not allowed:
        raise Forbidden(_("いまは、この届出を直せません。"))


async def start(
    db: AsyncSession, actor: Actor, id: uuid.UUID, subject: str, *, partner_code: str = "",
    by_proxy: bool = False,
) -> str:  # fmt: skip
    """A new draft; returns who applies (協働の主体). The same ``id`` again changes nothing.

    ``partner_code`` names a partner that was there before and begins anew. Staff file for others
    (``by_proxy``); then nobody but them is the one who asked.
    """
    partner = await _former(db, actor, partner_code, by_proxy) if partner_code else None
    subject, moment = partner.subject if partner else subject, now(db)
    made = await db.scalar(
        insert(Enrolment)
        .values(
            id=id, state="draft", subject=subject,
            answers=_first_answers(actor, subject, partner, by_proxy).to_json(),
            partner_id=partner.id if partner else None, by_proxy=by_proxy,
            requested_by=None if by_proxy else actor.account_id,
            created_at=moment, updated_at=moment,
        )
        .on_conflict_do_nothing(index_elements=[Enrolment.id])
        .returning(Enrolment.id)
    )  # fmt: skip
    if made is not None:
        hat = "staff" if by_proxy else "person"
        begin(db, actor, ENROLMENT, id, "draft", hat=hat, by_proxy=by_proxy)
    return subject


async def _former(db: AsyncSession, actor: Actor, code: str, by_proxy: bool) -> Partner:
    under_way = ("agreed", *LIVE)
    live = exists().where(Enrolment.partner_id == Partner.id, Enrolment.state.in_(under_way))
    found = select(Partner, live.label("live")).where(Partner.code == code)
    if not by_proxy:
        found = found.where(Partner.id.in_(actor.partner_ids))
    row = (await db.execute(found)).first()
    if row is None:
        raise Invalid(_("この番号のパートナーは見つかりません。"), "partner")
    if row.live:
        words = _("このパートナーには、いまの合意があります。変更は変更届で出してください。")
        raise Invalid(words, "partner")
    partner: Partner = row.Partner
    return partner


def _first_answers(actor: Actor, subject: str, partner: Partner | None, by_proxy: bool) -> Answers:
    """What is known before anything is asked: the former name, one's own address of mail."""
    email = "" if by_proxy else actor.email or ""
    if partner is None:
        return Answers(representative=Person(email=email))
    person = Person(email=email)
    if partner.subject not in GROUPS:
        person = Person(name=partner.name, name_kana=partner.name_kana, email=email)
    return Answers(
        name=partner.name, name_kana=partner.name_kana, representative=person,
        people=partner.registered_people,
    )  # fmt: skip


async def save_part(
    db: AsyncSession, actor: Actor, case: Case, part: str, answers: Answers
) -> None:
    """Keep what a part of the form says. ``case`` is locked. Saving without a change is nothing."""
    require(may_edit(actor, case))
    before, after = case.answers.to_json(), answers.to_json()
    changed = sorted(name for name in after if before[name] != after[name])
    if not changed:
        return
    await touch(db, case.id, answers=after)
    record(db, actor, "enrolment.save", "enrolment", case.id, part=part, changed=changed)


async def touch(db: AsyncSession, id: uuid.UUID, **values: object) -> None:
    """Set columns of a case, and that it was changed now."""
    statement = update(Enrolment).where(Enrolment.id == id).values(**values, updated_at=now(db))
    await db.execute(statement.execution_options(synchronize_session=False))


async def submit(db: AsyncSession, actor: Actor, city: City, id: uuid.UUID) -> Case:
    """Send the application to the city. Raises Invalid while something is missing.

    What was promised, in the words of that day, goes into the history.
    """
    case = await case_of(db, id, actor, lock=True)
    if case.state == "submitted":  # sent twice: it is with the city
        return case
    require(may_edit(actor, case))
    missing = gaps(case, city.rules, today(db, city))
    if missing:
        raise Invalid(missing[0].message, missing[0].field)
    moment = now(db)
    values = {
        "submitted_at": moment, "section": _section(case, city.rules), "updated_at": moment,
    }  # fmt: skip
    promised = {"pledge": city.rules.pledge} if pledges(case.subject) else {}
    detail = {**promised, "privacy": city.rules.privacy_purpose, "by_proxy": case.by_proxy}
    await move(db, actor, ENROLMENT, case.stand(), "submit", values=values, detail=detail)
    return case


def _section(case: Case, rules: CityRules) -> str:
    """The section in charge: that of the first place asked for."""
    first = case.areas[0]
    return section_for(rules, first.kind, first.section)


def today(db: AsyncSession, city: City) -> dt.date:
    """Today on the city's calendar."""
    return now(db).astimezone(city.zone).date()


async def withdraw(db: AsyncSession, actor: Actor, city: City, id: uuid.UUID, comment: str) -> Case:
    """Take an application back before there is an agreement. Twice is harmless."""
    case = await case_of(db, id, actor, lock=True)
    if case.state == "withdrawn":
        return case
    if case.state not in BEFORE_AGREEMENT:
        raise Conflict(_("合意のあとは、パートナーの画面から辞退を届け出てください。"))
    reason = comment or (_("下書きをやめました。") if case.state == "draft" else "")
    values = {"ended_on": today(db, city), "updated_at": now(db)}
    await move(db, actor, ENROLMENT, case.stand(), "withdraw", comment=reason, values=values)
    return case


async def answer(
    db: AsyncSession, actor: Actor, city: City, id: uuid.UUID, verb: str, comment: str
) -> Case:
    """A step of the city: take up, hand back, refuse, or take back for somebody who phoned."""
    case = await case_of(db, id, actor, lock=True)
    if verb not in STAFF_VERBS:
        raise Invalid(_("この操作はここではできません。"))
    if verb == "withdraw":
        return await withdraw(db, actor, city, id, comment)
    values: dict[str, object] = {"updated_at": now(db)}
    if verb == "reject":
        values["ended_on"] = today(db, city)
    await move(db, actor, ENROLMENT, case.stand(), verb, comment=comment, values=values)
    return case
