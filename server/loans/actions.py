"""Reserving a mower, handing it out, taking it back. Database first, never a commit.

A machine is promised to one partner a day: ``ex_loans_unit_once`` refuses anything else. The row of
the machine is locked first, so that two people at the same moment come one after the other and the
second gets a clear answer instead of a deadlock.
"""

import datetime as dt
import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Table, select, text
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.actions import record
from server.citysettings.registry import CityRules
from server.db.context import now
from server.errors import Conflict, Forbidden, Invalid
from server.http.i18n import gettext as _
from server.ledgers.partners import lock_partner, must_be_live, must_be_own, sent_before
from server.loans import models
from server.loans.machine import LOAN
from server.loans.models import CHECKS, LoanUnit
from server.loans.queries import Choices, Loan, Operator, choices
from server.policy import Actor
from server.supplies.bookings import Move, broken_rule, write_move
from server.workflow.actions import begin, move


class Taken(Conflict):
    """Somebody else has the machine on one of these days."""

    code = "taken"


@dataclass(frozen=True)
class Reservation:
    """What a partner wants: a machine from ``first`` to ``last``, both included."""

    partner_id: uuid.UUID
    unit_id: uuid.UUID
    first: dt.date
    last: dt.date
    area_id: uuid.UUID | None
    operator_id: uuid.UUID | None
    purpose: str


def check_days(first: dt.date, last: dt.date, today: dt.date, rules: CityRules) -> None:
    """Raises Invalid beside the day that the city's rules do not allow."""
    if first < today:
        raise Invalid(_("今日より前の日は選べません。"), "first")
    if first > today + dt.timedelta(days=rules.loan_ahead_days):
        words = _("予約できるのは、今日から%(n)s日先までです。")
        raise Invalid(words % {"n": rules.loan_ahead_days}, "first")
    if last < first:
        raise Invalid(_("返す日は、借りる日より後にしてください。"), "last")
    if (last - first).days >= rules.loan_max_days:
        words = _("借りられるのは、続けて%(n)s日までです。")
        raise Invalid(words % {"n": rules.loan_max_days}, "last")


async def reserve(
    db: AsyncSession, actor: Actor, id: uuid.UUID, wish: Reservation, rules: CityRules,
    today: dt.date, *, by_proxy: bool = False,
) -> bool:  # fmt: skip
    """Reserve a machine, under an id made when the form was opened; False for a second send.

    Raises Taken when somebody was quicker, Invalid for days, places or people that do not fit.
    """
    must_be_own(actor, wish.partner_id)
    await lock_partner(db, wish.partner_id)
    if await sent_before(db, "loans", id, wish.partner_id):
        return False
    check_days(wish.first, wish.last, today, rules)
    known = await choices(db, wish.partner_id, today)
    must_be_live(known.live)
    if known.open_loans >= rules.loan_open_per_partner:
        words = _("同時に予約できるのは%(n)s台までです。返した後に、もう一度予約してください。")
        raise Conflict(words % {"n": rules.loan_open_per_partner})
    _check_people(known, wish, rules)
    await _lock_unit(db, wish.unit_id, today)
    row = (
        pg_insert(models.Loan)
        .values(id=id, unit_id=wish.unit_id, partner_id=wish.partner_id, state="reserved",
                period=days(wish.first, wish.last), area_id=wish.area_id,
                operator_id=wish.operator_id, purpose=wish.purpose, section=rules.section_loans,
                by_proxy=by_proxy, requested_by=None if by_proxy else actor.account_id,
                check_note="", created_at=now(db))
    )  # fmt: skip
    try:
        async with db.begin_nested():
            await db.execute(row)
    except IntegrityError as error:
        raise _refusal(error) from error
    hat = "staff" if by_proxy else "partner"
    begin(db, actor, LOAN, id, "reserved", hat=hat, by_proxy=by_proxy)
    return True


def days(first: dt.date, last: dt.date) -> Range[dt.date]:
    """``[first, last]`` as the database keeps it."""
    return Range(first, last + dt.timedelta(days=1))


def _refusal(error: IntegrityError) -> Exception:
    if broken_rule(error) in ("ex_loans_unit_once", "uq_loans_unit_out_once"):
        return Taken(
            _("ほかの人が、この機械を先に予約しました。別の機械か、別の日を選んでください。")
        )
    return error


def _check_people(known: Choices, wish: Reservation, rules: CityRules) -> None:
    if wish.area_id is not None and wish.area_id not in {area.id for area in known.areas}:
        raise Invalid(_("使う場所を、活動区域から選んでください。"), "area")
    if wish.operator_id is not None:
        check_operator(known, wish.operator_id, wish.last, rules)


def check_operator(
    known: Choices, operator_id: uuid.UUID, day: dt.date, rules: CityRules
) -> Operator:
    """The operator of the partner who may work on ``day``. Raises Invalid with the reason."""
    found = next((one for one in known.operators if one.id == operator_id), None)
    if found is None:
        raise Invalid(_("操作する人を選んでください。"), "operator")
    if not found.may_on(day, rules):
        until = found.valid_until(rules)
        if until is None:
            words = _("%(name)sさんの講習の日が登録されていません。")
            raise Invalid(words % {"name": found.name}, "operator")
        words = _("%(name)sさんの講習は%(day)sで切れています。講習を受けた人を選んでください。")
        raise Invalid(words % {"name": found.name, "day": f"{until:%Y/%m/%d}"}, "operator")
    return found


_LATE = text("SELECT EXISTS (SELECT FROM loans WHERE unit_id = :unit AND state = 'out' "
             "AND upper(period) <= :today AND id IS DISTINCT FROM CAST(:but AS uuid))")  # fmt: skip


async def _lock_unit(
    db: AsyncSession, unit_id: uuid.UUID, today: dt.date, but: uuid.UUID | None = None
) -> LoanUnit:
    """Wait for whoever works on this machine; refuse one that cannot be lent."""
    statement = select(LoanUnit).where(LoanUnit.id == unit_id)
    statement = statement.with_for_update(key_share=True)
    unit = (await db.execute(statement.execution_options(populate_existing=True))).scalar()
    if unit is None:
        raise Invalid(_("機械を選んでください。"), "unit")
    if unit.condition != "good":
        raise Taken(_("この機械は、いま使えません。別の機械を選んでください。"))
    if await db.scalar(_LATE, {"unit": unit_id, "today": today, "but": but}):
        raise Taken(_("この機械は、まだ返ってきていません。別の機械を選んでください。"))
    return unit


@dataclass(frozen=True)
class HandOut:
    """What is settled at the counter when the machine goes out."""

    unit_id: uuid.UUID
    operator_id: uuid.UUID | None
    fuel_litres: Decimal | None


async def hand_out(
    db: AsyncSession, actor: Actor, loan: Loan, given: HandOut, rules: CityRules, today: dt.date
) -> None:
    """The machine leaves (the reserved one, or another that is free). A day or two early moves the
    first day of the loan. Fuel that is handed over goes into the stock book."""
    LOAN.require(loan.state, "hand_out")
    if today > loan.last:
        raise Conflict(_("予約の期間が過ぎています。取り消して、予約し直してください。"))
    if given.operator_id is None:
        raise Invalid(_("操作する人を選んでください。"), "operator")
    known = await choices(db, loan.partner_id, today)
    check_operator(known, given.operator_id, loan.last, rules)
    unit = await _lock_unit(db, given.unit_id, today, loan.id)
    values = {
        "unit_id": unit.id, "operator_id": given.operator_id, "out_on": today,
        "fuel_litres": given.fuel_litres, "period": days(min(loan.first, today), loan.last),
    }  # fmt: skip
    try:
        async with db.begin_nested():
            detail = {"unit": unit.code}
            await move(db, actor, LOAN, loan.stand, "hand_out", values=values, detail=detail)
            await db.flush()
    except IntegrityError as error:
        raise _refusal(error) from error
    await _book_fuel(db, actor, loan, unit, given.fuel_litres, today)


_FUEL_ITEM = text("SELECT id FROM supply_items WHERE category = 'fuel' AND active "
                  "ORDER BY position, code LIMIT 1")  # fmt: skip


async def _book_fuel(
    db: AsyncSession, actor: Actor, loan: Loan, unit: LoanUnit, litres: Decimal | None,
    today: dt.date,
) -> None:  # fmt: skip
    """Take the fuel out of the stock at the machine's place, if the city keeps a stock of it."""
    item = await db.scalar(_FUEL_ITEM) if litres else None
    if item is None or not litres:
        return
    out = Move(
        item, unit.place_id, -litres, "handout", today, partner_id=loan.partner_id,
        loan_id=loan.id, note=unit.code,
    )  # fmt: skip
    await write_move(db, actor, out, field="fuel_litres")


@dataclass(frozen=True)
class TakeBack:
    """How and when the machine came back."""

    returned_on: dt.date
    checked: str
    note: str


async def take_back(
    db: AsyncSession, actor: Actor, loan: Loan, back: TakeBack, today: dt.date
) -> None:
    """The machine is back. Days that were left of the loan are free for others at once."""
    LOAN.require(loan.state, "take_back")
    if back.checked not in CHECKS or back.checked == "broken":
        raise Invalid(_("点検の結果を選んでください。"), "checked")
    await move(
        db, actor, LOAN, loan.stand, "take_back", comment=back.note,
        values=_back_values(loan, back, today), detail={"checked": back.checked},
    )  # fmt: skip


async def report_damage(
    db: AsyncSession, actor: Actor, loan: Loan, back: TakeBack, today: dt.date
) -> None:
    """The machine is back and broken: it is not lent again before somebody says it is repaired."""
    LOAN.require(loan.state, "report_damage")
    if not actor.is_staff:
        raise Forbidden(_("この操作をする権限がありません。"))
    statement = select(LoanUnit).where(LoanUnit.id == loan.unit_id)
    unit = (await db.execute(statement.with_for_update(key_share=True))).scalar_one()
    unit.condition, unit.note = "repair", back.note
    values = _back_values(loan, TakeBack(back.returned_on, "broken", back.note), today)
    await move(
        db, actor, LOAN, loan.stand, "report_damage", comment=back.note, values=values,
        detail={"unit": unit.code},
    )  # fmt: skip


def _back_values(loan: Loan, back: TakeBack, today: dt.date) -> dict[str, Any]:
    if loan.out_on and back.returned_on < loan.out_on:
        raise Invalid(_("返した日が、貸し出した日より前になっています。"), "returned_on")
    if back.returned_on > today:
        raise Invalid(_("先の日付は入れられません。"), "returned_on")
    last = max(loan.first, min(loan.last, back.returned_on))
    return {
        "returned_on": back.returned_on, "checked": back.checked, "check_note": back.note,
        "period": days(loan.first, last),
    }  # fmt: skip


async def cancel(db: AsyncSession, actor: Actor, loan: Loan) -> None:
    """Give a reservation up; its days are free at once. A second time does nothing."""
    if loan.state != "cancelled":
        await move(db, actor, LOAN, loan.stand, "cancel")


async def save_unit(db: AsyncSession, actor: Actor, id: uuid.UUID, values: dict[str, Any]) -> None:
    """Add a machine, or change the one of this id. Raises Invalid for a code that is taken."""
    table = LoanUnit.__table__
    assert isinstance(table, Table)  # noqa: S101 - for the type checker
    row = pg_insert(table).values(id=id, **values)
    try:
        async with db.begin_nested():
            await db.execute(row.on_conflict_do_update(index_elements=["id"], set_=values))
    except IntegrityError as error:
        if broken_rule(error) != "uq_loan_units_code":
            raise
        raise Invalid(_("この番号はほかの機械が使っています。"), "code") from error
    said = {key: values[key] for key in ("code", "condition")}
    record(db, actor, "loan_unit.save", "loan_unit", id, **said)
