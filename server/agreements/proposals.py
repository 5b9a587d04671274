"""Preparing an agreement: staff write the terms and choose the areas, and the text is frozen."""

import datetime as dt
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts.outbox import compose
from server.agreements.document import AgreedArea, Parties, Terms, build, fingerprint, read_area
from server.agreements.models import Agreement
from server.agreements.queries import OCCASION_OF_STATE, ONE_DAY, newest
from server.agreements.texts import template_in_use
from server.audit.actions import record
from server.citysettings.queries import City
from server.db.base import uuid7
from server.db.context import now
from server.enrolments.answers import Answers
from server.enrolments.models import Enrolment, PartnerContact
from server.errors import Conflict, Invalid, NotFound
from server.http.i18n import gettext as _
from server.http.i18n import jdate
from server.notices.actions import notify
from server.partners.models import Partner
from server.policy import Actor
from server.workflow.audience import people


async def prepare(
    db: AsyncSession, actor: Actor, city: City, case_id: uuid.UUID, seen: str, terms: Terms,
    chosen: Sequence[AgreedArea],
) -> uuid.UUID:  # fmt: skip
    """Write the proposal of a case, or write it anew; returns its id.

    ``seen`` is the fingerprint of the proposal the form was filled in for (empty: none yet). What
    was confirmed of an older text no longer counts, and the people are told. The same content
    again changes nothing. Raises NotFound, Conflict (the case is not at that point, or somebody
    was quicker) and Invalid.
    """
    case = await locked_case(db, case_id)
    occasion = OCCASION_OF_STATE.get(case.state)
    if occasion is None:
        raise Conflict(_("いまは合意書の案を作れません。届出の状態を確かめてください。"))
    kept = await newest(db, case.id, concluded=False, lock=True)
    _check(terms, chosen)
    today = now(db).astimezone(city.zone).date()
    await must_follow(db, case.id, occasion, terms.first, today)
    areas = await _numbered(db, chosen, kept.document if kept else {})
    parties = await parties_of(db, case, today)
    document = build(city, parties, terms, areas, await template_in_use(db), occasion)
    sha256 = fingerprint(document)
    if kept and kept.document_sha256 == sha256:
        return kept.id
    if (kept.document_sha256 if kept else "") != seen:
        raise Conflict(
            _("開いているあいだに、ほかの人が合意書の案を直しました。ページを開き直してください。")
        )
    row = kept or Agreement(id=uuid7(), enrolment_id=case.id, created_at=now(db))
    confirmed = bool(kept and (kept.partner_confirmed_at or kept.city_confirmed_at))
    _write(row, case, occasion, terms, document)
    db.add(row)
    await db.flush()
    verb = "agreement.revise" if kept else "agreement.prepare"
    record(db, actor, verb, "agreement", row.id, case=case.code, sha256=sha256,
           cleared_confirmations=confirmed)  # fmt: skip
    await _tell(db, actor, case, row.id, parties.partner_name, revised=confirmed)
    return row.id


async def locked_case(db: AsyncSession, id: uuid.UUID) -> Enrolment:
    """The case, kept from others until the commit. NotFound."""
    statement = (
        select(Enrolment)
        .where(Enrolment.id == id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    case = (await db.execute(statement)).scalar_one_or_none()
    if case is None:
        raise NotFound(_("届出が見つかりません。"))
    return case


async def must_follow(
    db: AsyncSession, case_id: uuid.UUID, occasion: str, first: dt.date | None, today: dt.date
) -> None:
    """What is to come into force must not begin before what is in force, or it would undo it: an
    old proposal that the case has passed by. Raises Invalid on ``first``."""
    begun = await db.scalar(
        select(func.max(func.lower(Agreement.period))).where(
            Agreement.enrolment_id == case_id, Agreement.agreed_on.is_not(None),
            func.lower(Agreement.period) <= today,
        )
    )  # fmt: skip
    if begun is None or first is None or occasion == "new":
        return
    if first < begun or (first == begun and occasion == "renewal"):
        raise Invalid(
            _("いまの合意は%(day)sからです。それより後の日からにしてください。")
            % {"day": jdate(begun)},
            "first",
        )


async def parties_of(db: AsyncSession, case: Enrolment, day: dt.date) -> Parties:
    """Who agrees: from the register of partners; for a new one, from the application."""
    answers = Answers.from_json(case.answers)
    parties = Parties(
        partner_name=answers.name, representative=answers.representative.name,
        title=answers.representative.title, subject=case.subject, case_code=case.code,
    )  # fmt: skip
    if case.partner_id is None:
        return parties
    stands = and_(
        PartnerContact.partner_id == Partner.id, PartnerContact.role == "representative",
        PartnerContact.period.contains(day),
    )  # fmt: skip
    row = (
        await db.execute(
            select(Partner.name, Partner.code, Partner.subject, PartnerContact.name.label("person"),
                   PartnerContact.title)
            .outerjoin(PartnerContact, stands)
            .where(Partner.id == case.partner_id)
        )
    ).one()  # fmt: skip
    named = replace(parties, partner_name=row.name, partner_code=row.code, subject=row.subject)
    if row.person is None:
        return named
    return replace(named, representative=row.person, title=row.title)


def _check(terms: Terms, chosen: Sequence[AgreedArea]) -> None:
    if not chosen:
        raise Invalid(_("活動区域を1つ以上えらんでください。"), "areas")
    if terms.last and terms.last < terms.first:
        raise Invalid(_("おわりの日は、はじまりの日より後にしてください。"), "last")


async def _numbered(
    db: AsyncSession, chosen: Sequence[AgreedArea], before: Mapping[str, Any]
) -> list[AgreedArea]:
    """New areas get the id and the code they will have in the register, once for all revisions.

    The code is printed and confirmed before the area exists; if nobody agrees, the number stays
    unused.
    """
    given = {
        one.source: one for one in map(read_area, before.get("areas", ())) if one.new and one.source
    }
    areas = []
    for area in chosen:
        if not area.new:
            areas.append(area)
            continue
        old = given.get(area.source)
        code = old.code if old else await db.scalar(func.next_code("A", "area_code_seq"))
        areas.append(replace(area, id=old.id if old else uuid7(), code=str(code)))
    return sorted(areas, key=lambda area: area.code)


def _write(
    row: Agreement, case: Enrolment, occasion: str, terms: Terms, document: dict[str, Any]
) -> None:
    """Set all columns of a proposal; nobody has confirmed this text."""
    # Through JSON, so that the row holds what the database will give back.
    row.document = json.loads(json.dumps(document))
    row.document_sha256 = fingerprint(document)
    row.partner_id = case.partner_id
    row.occasion = occasion
    write_terms(row, terms)
    for side in ("partner", "city"):
        for part in ("at", "by", "how"):
            setattr(row, f"{side}_confirmed_{part}", None)
        setattr(row, f"{side}_confirmed_name", "")
    row.paper_file_id = None


def write_terms(row: Agreement, terms: Terms) -> None:
    """The terms as columns, for lists and reports."""
    row.period = Range(terms.first, terms.last + ONE_DAY if terms.last else None)
    row.purpose, row.partner_role = terms.purpose, terms.partner_role
    row.city_role, row.section = terms.city_role, terms.section
    row.forms, row.supports = list(terms.forms), list(terms.supports)
    row.planned_times_per_year, row.planned_season = terms.times_per_year, terms.season
    row.consent_name, row.consent_areas = terms.consent_name, terms.consent_areas
    row.consent_photos = terms.consent_photos


async def _tell(
    db: AsyncSession, actor: Actor, case: Enrolment, id: uuid.UUID, name: str, *, revised: bool
) -> None:
    """Ask the partner's side to read and confirm."""
    to = await people(
        db,
        partners=[case.partner_id] if case.partner_id else [],
        person=case.requested_by if case.partner_id is None else None,
        without=actor.account_id,
    )
    title = f"{case.code} {name}"
    subject, body = compose("agreement_proposal", title=title, revised=revised)
    await notify(
        db, "partner", to, subject=subject, body=body, path=f"/agreements/{id}",
        key=f"agreement_proposal:{id}:{uuid7()}",
    )  # fmt: skip
