"""An agreement that goes on by itself: the same terms and areas for a further period."""

import datetime as dt
import uuid

from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncSession

from server.agreements.concluding import replace_areas
from server.agreements.document import AgreedArea, Terms, build, fingerprint, read
from server.agreements.models import Agreement
from server.agreements.proposals import locked_case, parties_of, write_terms
from server.agreements.queries import ONE_DAY, candidates, newest
from server.agreements.texts import template_in_use, template_of
from server.audit.actions import record
from server.citysettings.queries import load_city
from server.db.base import uuid7
from server.db.context import now
from server.errors import Conflict
from server.http.i18n import gettext as _
from server.policy import Actor


async def continue_agreement(
    db: AsyncSession, actor: Actor | None, enrolment_id: uuid.UUID, period: Range[dt.date]
) -> uuid.UUID:
    """Conclude the same agreement for ``period`` ``[first day, day after the last)``.

    For the automatic renewal that both sides agreed to before (``actor`` None = a job), so both
    confirmations are noted as ``carried``. The wording stays that of the old agreement; names are
    those of today; the areas are those the partner holds (or last held, if it is paused). The
    caller moves the case (``renew``). The same period again gives the same agreement.
    Raises NotFound, Conflict (nothing to go on from).
    """
    case = await locked_case(db, enrolment_id)
    old = await newest(db, enrolment_id, concluded=True, lock=True)
    if old is None or case.partner_id is None or period.lower is None:
        raise Conflict(_("もとになる合意がありません。"))
    if old.period.lower == period.lower:
        return old.id
    city = await load_city(db)
    areas = await _areas_of(db, case.partner_id, enrolment_id, old, period.lower)
    if not areas:
        raise Conflict(_("続ける活動区域がありません。合意書の案を作ってください。"))
    was = read(old.document)
    template = await (template_of(db, was.template_version) if was else template_in_use(db))
    parties = await parties_of(db, case, now(db).astimezone(city.zone).date())
    terms = _terms(old, period)
    document = build(city, parties, terms, areas, template, "renewal")
    row = Agreement(
        id=uuid7(), enrolment_id=case.id, partner_id=case.partner_id, occasion="renewal",
        document=document, document_sha256=fingerprint(document), created_at=now(db),
    )  # fmt: skip
    write_terms(row, terms)
    _carry(row, actor, old, now(db))
    db.add(row)
    await db.flush()
    await replace_areas(
        db, case.id, case.partner_id, row, [area.id for area in areas], period.lower
    )
    row.agreed_on = now(db).astimezone(city.zone).date()
    await db.flush()
    record(db, actor, "agreement.continue", "agreement", row.id, case=case.code,
           before=str(old.id))  # fmt: skip
    return row.id


async def _areas_of(
    db: AsyncSession, partner_id: uuid.UUID, case_id: uuid.UUID, old: Agreement, first: dt.date
) -> list[AgreedArea]:
    """What the partner holds on the last day before ``first``; else what was agreed last."""
    was = read(old.document)
    ids = [area.id for area in was.areas] if was else []
    found = await candidates(db, case_id, partner_id, first - ONE_DAY, ids=ids)
    usable = [one for one in found if not one.retired and not one.area.new]
    held = [one.area for one in usable if one.origin == "held"]
    return held or [one.area for one in usable if one.area.id in ids]


def _terms(old: Agreement, period: Range[dt.date]) -> Terms:
    assert period.lower is not None  # noqa: S101 - the caller looked
    return Terms(
        purpose=old.purpose, partner_role=old.partner_role, city_role=old.city_role,
        forms=tuple(old.forms), supports=tuple(old.supports),
        times_per_year=old.planned_times_per_year, season=old.planned_season, section=old.section,
        first=period.lower, last=period.upper - ONE_DAY if period.upper else None,
        consent_name=old.consent_name, consent_areas=old.consent_areas,
        consent_photos=old.consent_photos,
    )  # fmt: skip


def _carry(row: Agreement, actor: Actor | None, old: Agreement, at: dt.datetime) -> None:
    """Note for both sides that the agreement before said so; for one, who set it off."""
    row.partner_confirmed_at = row.city_confirmed_at = at
    row.partner_confirmed_how = row.city_confirmed_how = "carried"
    row.partner_confirmed_name = old.partner_confirmed_name
    row.city_confirmed_name = old.city_confirmed_name
    if actor is None:
        return
    if old.partner_id in actor.partner_ids:
        row.partner_confirmed_by, row.partner_confirmed_name = actor.account_id, actor.display_name
    elif actor.is_staff:
        row.city_confirmed_by, row.city_confirmed_name = actor.account_id, actor.display_name
