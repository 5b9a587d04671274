"""Both sides have confirmed: the partner, its areas and its case begin, in one transaction."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from shapely.geometry import shape
from sqlalchemy import insert, select, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts.models import PartnerMember
from server.agreements.document import AgreedArea, Document
from server.agreements.models import Agreement, AgreementArea
from server.agreements.proposals import locked_case
from server.agreements.queries import AgreementView
from server.areas.models import Area
from server.areas.shapes import for_database
from server.audit.actions import record
from server.citysettings.queries import City
from server.db.base import uuid7
from server.db.context import now
from server.enrolments.answers import Answers, Person
from server.enrolments.life import after_conclusion
from server.enrolments.machine import ENROLMENT, LIVE
from server.enrolments.models import Enrolment, PartnerContact, PartnerPeople
from server.enrolments.periods import CutArea, cut_agreements, cut_areas
from server.errors import Conflict
from server.http.i18n import gettext as _
from server.partners.models import Partner
from server.policy import Actor
from server.workflow.actions import Stand, move


async def conclude(
    db: AsyncSession, actor: Actor | None, city: City, row: Agreement, view: AgreementView
) -> None:
    """Make a confirmed proposal the agreement. ``row`` and its case are locked by the caller."""
    document, case_id = view.document, view.case_id
    if document is None or case_id is None or view.partner is None or view.city is None:
        raise Conflict(_("合意書の内容がありません。"))
    case = await locked_case(db, case_id)
    await _only_case(db, case)
    partner_id = case.partner_id or await _new_partner(db, actor, case, document, row)
    await _register(db, actor, city, document.areas)
    first: dt.date = row.period.lower or document.first
    await replace_areas(db, case.id, partner_id, row, [area.id for area in document.areas], first)
    row.partner_id = partner_id
    row.agreed_on = max(one.at.astimezone(city.zone).date() for one in (view.partner, view.city))
    await db.execute(
        update(Partner).where(Partner.id == partner_id).values(name_public=row.consent_name)
    )
    await db.flush()
    record(db, actor, "agreement.conclude", "agreement", row.id, case=case.code,
           occasion=row.occasion, agreed_on=row.agreed_on.isoformat())  # fmt: skip
    await _move_on(db, actor, city, case, partner_id, row, document.partner_name)


async def _only_case(db: AsyncSession, case: Enrolment) -> None:
    """A partner that was there before may have begun anew twice; one of the two is agreed."""
    twin = await db.scalar(
        select(Enrolment.code).where(
            Enrolment.partner_id == case.partner_id,
            Enrolment.id != case.id,
            Enrolment.state.in_(("agreed", *LIVE)),
        )
    )
    if twin is not None:
        raise Conflict(
            _("このパートナーには、ほかの合意(%(code)s)があります。変更は変更届でします。")
            % {"code": twin}
        )


async def _move_on(
    db: AsyncSession, actor: Actor | None, city: City, case: Enrolment, partner_id: uuid.UUID,
    row: Agreement, name: str,
) -> None:  # fmt: skip
    """The case takes its step; a new one begins at once if its period has begun."""
    today = now(db).astimezone(city.zone).date()
    if row.occasion != "new":
        await after_conclusion(db, actor, case.id, today)
        return
    stand = Stand(case.id, case.state, f"{case.code} {name}", partner_id, case.requested_by)
    values = {"partner_id": partner_id, "updated_at": now(db)}
    detail = {"agreement": str(row.id)}
    await move(db, actor, ENROLMENT, stand, "agree", values=values, detail=detail)
    if row.period.lower is not None and row.period.lower <= today:
        await move(db, None, ENROLMENT, replace(stand, state="agreed"), "begin")


# --- a new partner --------------------------------------------------------------------------------


async def _new_partner(
    db: AsyncSession, actor: Actor | None, case: Enrolment, document: Document, row: Agreement
) -> uuid.UUID:
    """The partner of the application, with who stands for it and how many they are."""
    answers = Answers.from_json(case.answers)
    partner = Partner(
        id=uuid7(), name=document.partner_name, name_kana=answers.name_kana, subject=case.subject,
        name_public=row.consent_name, registered_people=max(answers.people or 1, 1),
        since=document.first, created_at=now(db),
    )  # fmt: skip
    db.add(partner)
    await db.flush()
    for role in ("representative", "contact", "emergency"):
        person: Person | None = getattr(answers, role)
        if person:
            lasting = Range(document.first, None)
            at = {"partner_id": partner.id, "role": role, "period": lasting}
            db.add(PartnerContact(**at, **asdict(person)))
    minors = answers.minors
    db.add(
        PartnerPeople(
            partner_id=partner.id, counted_on=document.first, people=partner.registered_people,
            minors=min(minors, partner.registered_people) if minors is not None else None,
        )
    )  # fmt: skip
    if case.requested_by and not case.by_proxy:
        db.add(PartnerMember(partner_id=partner.id, account_id=case.requested_by, role="manager"))
    await db.flush()
    record(db, actor, "partner.create", "partner", partner.id, case=case.code)
    return partner.id


# --- areas ----------------------------------------------------------------------------------------


async def _register(
    db: AsyncSession, actor: Actor | None, city: City, areas: Sequence[AgreedArea]
) -> None:
    """The drawn areas enter the register, as they were agreed; the others must still be in it."""
    moment = now(db)
    today = moment.astimezone(city.zone).date()
    for area in (one for one in areas if one.new):
        geom = for_database(shape(area.geometry))
        await db.execute(
            insert(Area).values(
                id=area.id, code=area.code, name=area.name, kind=area.kind, manager=area.manager,
                section=area.section, geom=geom, created_at=moment, updated_at=moment,
            )
        )  # fmt: skip
        record(db, actor, "area.create", "area", area.id, code=area.code, by="agreement")
    gone = await db.scalars(
        select(Area.code).where(Area.id.in_([area.id for area in areas]), Area.retired_on <= today)
    )
    names = "、".join(gone)
    if names:
        raise Conflict(
            _("使わなくなった区域(%(codes)s)が入っています。市の担当が合意書の案を直します。")
            % {"codes": names}
        )


async def replace_areas(
    db: AsyncSession, case_id: uuid.UUID, partner_id: uuid.UUID, row: Agreement,
    area_ids: Sequence[uuid.UUID], first: dt.date,
) -> None:  # fmt: skip
    """From ``first`` on the partner holds these areas, under this agreement and no earlier one.

    Areas on trial (引き継ぎのお試し) go on beside them to the end of their trial.
    """
    await cut_agreements(db, case_id, first)
    cut = await cut_areas(db, partner_id, first, "replaced")
    trials = [one for one in cut if one.trial and one.area_id not in area_ids]
    row.partner_id = partner_id
    await db.flush()  # areas name the agreement together with its partner
    for area_id in area_ids:
        db.add(_holding(row, partner_id, area_id, row.period))
    for one in trials:
        period = _rest(one, first)
        if period:
            db.add(_holding(row, partner_id, one.area_id, period, trial=True))
    await db.flush()


def _holding(
    row: Agreement, partner_id: uuid.UUID, area_id: uuid.UUID, period: Any, *, trial: bool = False
) -> AgreementArea:
    return AgreementArea(
        agreement_id=row.id, partner_id=partner_id, area_id=area_id, period=period, trial=trial
    )


def _rest(cut: CutArea, first: dt.date) -> Range[dt.date] | None:
    """What is left of a trial from ``first`` on."""
    start = max(cut.first, first)
    return None if cut.until and cut.until <= start else Range(start, cut.until)
