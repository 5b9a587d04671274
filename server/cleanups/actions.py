"""Verbs on reports: log, edit, withdraw, review. Each keeps the state before it."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, insert, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.actions import record
from server.citysettings.queries import City
from server.cleanups import queries
from server.cleanups.content import CleanupInput, added_up, as_json, same
from server.cleanups.models import Cleanup, CleanupLitter, CleanupVersion
from server.cleanups.queries import Place, Report
from server.coverage.care import city_today
from server.db.context import now
from server.errors import Conflict, Invalid
from server.http.i18n import gettext as _
from server.http.i18n import jdate
from server.policy import Actor, PartnerRef

EXTENT_SLACK_M = 100  # how far outside its area a drawn extent may reach: paths bend, fingers slip


@dataclass(frozen=True)
class Logged:
    """``repeated``: the report was here already. ``differs``: and said something else."""

    id: uuid.UUID
    state: str
    repeated: bool = False
    differs: bool = False


class Changed(Conflict):
    """Somebody else changed the report since the form was opened; ``report`` is it now."""

    code = "changed"

    def __init__(self, report: Report) -> None:
        message = _("ほかの人が、先にこの記録を変えました。")
        super().__init__(message)
        self.report = report


async def log_cleanup(
    db: AsyncSession,
    actor: Actor,
    city: City,
    partner: PartnerRef,
    cleanup_id: uuid.UUID,
    given: CleanupInput,
) -> Logged:
    """Take a report under an id made by the sender, so that sending twice is harmless.

    Raises Invalid (with the field) before anything is written, Conflict if the id is taken by
    somebody else.
    """
    found = await queries.find_report(db, cleanup_id, None)
    if found:
        return _repeated(found, partner, given)
    place = await _checked_place(db, city, partner.id, given, None)
    state = _state_for(city)
    taken = await db.execute(
        pg_insert(Cleanup)
        .values(
            id=cleanup_id, partner_id=partner.id, state=state, logged_by=actor.account_id,
            created_at=now(db), updated_at=now(db), **_columns(given, place),
        )
        .on_conflict_do_nothing(index_elements=[Cleanup.id])
        .returning(Cleanup.id)
    )  # fmt: skip
    if taken.first() is None:
        # The same form, sent twice at once: the other one was quicker, and has committed by now.
        found = await queries.find_report(db, cleanup_id, None)
        assert found is not None  # noqa: S101 - reports are never deleted
        return _repeated(found, partner, given)
    await _write_litter(db, cleanup_id, given)
    record(db, actor, "cleanup.log", "cleanup", cleanup_id, state=state, area=given.area_code)
    return Logged(cleanup_id, state)


def _repeated(found: Report, partner: PartnerRef, given: CleanupInput) -> Logged:
    if found.partner_id != partner.id:
        raise Conflict(_("この記録の番号は、ほかの人が使っています。はじめから記録してください。"))
    return Logged(found.id, found.state, repeated=True, differs=not same(found.content, given))


def _state_for(city: City) -> str:
    return "accepted" if city.rules.auto_accept else "submitted"


def _columns(given: CleanupInput, place: Place) -> dict[str, Any]:
    return {
        "area_id": place.area_id,
        "area_version": place.version,
        "done_on": given.done_on,
        "started_at": given.started_at,
        "minutes": given.minutes,
        "people": given.people,
        "children": given.children,
        "newcomers": given.newcomers,
        "works": list(given.works),
        "extent": queries.from_geojson(given.extent),
        "notes": given.notes,
        "next_plan": given.next_plan,
    }


async def _write_litter(db: AsyncSession, cleanup_id: uuid.UUID, given: CleanupInput) -> None:
    rows = [
        {"cleanup_id": cleanup_id, "litter_class": x.litter_class, "unit": x.unit,
         "quantity": x.quantity}
        for x in added_up(list(given.litter))
    ]  # fmt: skip
    if rows:
        await db.execute(insert(CleanupLitter), rows)


# --- the rules ---------------------------------------------------------------------------------


async def _checked_place(
    db: AsyncSession,
    city: City,
    partner_id: uuid.UUID,
    given: CleanupInput,
    before: CleanupInput | None,
) -> Place:
    """The area in its shape of that day, after all rules of day and place. Raises Invalid.

    ``before`` is the report being corrected: an old day stays allowed as long as day and area
    stay, however late somebody corrects the number of people.
    """
    moved = before is None or (before.area_code, before.done_on) != (
        given.area_code,
        given.done_on,
    )
    if moved:
        _check_day(city_today(db, city), city.rules.log_days_back, given.done_on)
    place = await queries.find_place(
        db,
        partner_id,
        given.area_code,
        given.done_on,
        end_of_day(given.done_on, city),
        extent=given.extent,
        plane_srid=city.plane_srid,
        slack_m=EXTENT_SLACK_M,
    )
    if place is None:
        raise Invalid(
            _("このパートナーの活動区域ではありません。区域をえらび直してください。"), "area"
        )
    if moved and not place.live:
        raise Invalid(
            _("%sは、この区域の合意の期間に入っていません。日か場所をえらび直してください。")
            % jdate(given.done_on),
            "area",
        )
    if not place.near:
        raise Invalid(
            _("描いた範囲が、活動区域から100m以上はなれています。区域の近くに描き直してください。"),
            "geometry",
        )
    return place


def end_of_day(day: dt.date, city: City) -> dt.datetime:
    """Midnight after ``day`` on the city's clock."""
    return dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), city.zone)


def _check_day(today: dt.date, days_back: int, day: dt.date) -> None:
    if day > today:
        raise Invalid(_("これからの日は記録できません。きょうまでの日を入れてください。"), "date")
    first = today - dt.timedelta(days=days_back)
    if day < first:
        raise Invalid(
            _("%sより前の活動は記録できません。市にご相談ください。") % jdate(first), "date"
        )


# --- changes to a report -------------------------------------------------------------------------


async def edit_cleanup(
    db: AsyncSession,
    actor: Actor,
    city: City,
    cleanup_id: uuid.UUID,
    version: int,
    given: CleanupInput,
) -> None:
    """Correct a report that stood at ``version`` when the form was opened.

    A partner's correction is checked again (submitted or accepted, as a new one); the city's own
    leaves the state. Raises NotFound, Invalid, Conflict, Changed.
    """
    report = await queries.lock_report(db, cleanup_id, scope_of(actor))
    if report.state == "withdrawn":
        raise Conflict(_("取り消した記録は直せません。新しく記録してください。"))
    if same(report.content, given):
        return  # sent twice, or nothing changed: no version, no trace
    if report.version != version:
        raise Changed(report)
    place = await _checked_place(db, city, report.partner_id, given, report.content)
    by_partner = report.partner_id in actor.partner_ids
    await _keep(db, actor, report, "edit")
    await _change(
        db,
        report,
        state=_state_for(city) if by_partner else report.state,
        **_columns(given, place),
    )
    await db.execute(delete(CleanupLitter).where(CleanupLitter.cleanup_id == report.id))
    await _write_litter(db, report.id, given)
    record(db, actor, "cleanup.edit", "cleanup", report.id, version=report.version + 1)


async def withdraw_cleanup(
    db: AsyncSession, actor: Actor, cleanup_id: uuid.UUID, reason: str
) -> None:
    """Take a report back. It stays readable, counts nowhere; withdrawing twice is harmless."""
    report = await queries.lock_report(db, cleanup_id, scope_of(actor))
    if report.state == "withdrawn":
        return
    await _keep(db, actor, report, "withdraw", reason)
    await _change(db, report, state="withdrawn")
    record(db, actor, "cleanup.withdraw", "cleanup", report.id, version=report.version + 1)


async def review_cleanup(
    db: AsyncSession,
    actor: Actor,
    cleanup_id: uuid.UUID,
    version: int,
    decision: str,
    comment: str,
) -> None:
    """The city accepts a report (``accepted``) or asks for a correction (``returned``).

    Raises NotFound, Invalid (returned without a comment), Conflict (withdrawn), Changed.
    """
    if decision == "returned" and not comment:
        raise Invalid(_("直してほしいところを書いてください。"), "comment")
    report = await queries.lock_report(db, cleanup_id, scope_of(actor))
    if report.state == "withdrawn":
        raise Conflict(_("この記録は取り消されています。"))
    if (report.state, report.review_comment) == (decision, comment):
        return
    if report.version != version:
        raise Changed(report)
    await _keep(db, actor, report, "accept" if decision == "accepted" else "return", comment)
    await _change(db, report, state=decision, review_comment=comment)
    record(db, actor, "cleanup.review", "cleanup", report.id, decision=decision)


def scope_of(actor: Actor) -> tuple[uuid.UUID, ...] | None:
    """Whose reports the actor may touch: None = everybody's."""
    return None if actor.is_staff else actor.partner_ids


async def _keep(db: AsyncSession, actor: Actor, report: Report, act: str, reason: str = "") -> None:
    """Write the report as it stands into its history, with the act that is about to change it."""
    by = "partner" if report.partner_id in actor.partner_ids else "city"
    content = {
        **as_json(report.content),
        "state": report.state,
        "change": {"act": act, "by": by, "reason": reason},
    }
    db.add(
        CleanupVersion(
            cleanup_id=report.id, version=report.version, content=content,
            replaced_by=actor.account_id, replaced_at=now(db),
        )
    )  # fmt: skip


async def _change(db: AsyncSession, report: Report, **values: Any) -> None:
    await db.execute(
        update(Cleanup)
        .where(Cleanup.id == report.id)
        .values(version=report.version + 1, updated_at=now(db), **values)
    )
