"""Asking for supplies, granting, handing out. Database first, DomainError when it cannot be done,
never a commit."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from sqlalchemy import insert, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.ext.asyncio import AsyncSession

from server.citysettings.registry import CityRules
from server.db.context import now
from server.errors import Conflict, Invalid
from server.http.i18n import gettext as _
from server.ledgers.files import plain_number
from server.ledgers.partners import lock_partner, must_be_live, must_be_own, sent_before
from server.policy import Actor
from server.supplies.bookings import Move, write_move
from server.supplies.machine import SUPPLY
from server.supplies.models import SupplyLine, SupplyRequest
from server.supplies.requests import Line, Offer, OfferedItem, Request, offer, request_of
from server.workflow.actions import begin, move

Amounts = Mapping[uuid.UUID, Decimal]
FARTHEST_DAYS = 366


@dataclass(frozen=True)
class Ask:
    """What somebody asks for; amounts by item, without zeros."""

    partner_id: uuid.UUID
    place_id: uuid.UUID
    wanted_on: dt.date
    purpose: str
    people: int | None
    amounts: Amounts


def field_of(item_id: uuid.UUID) -> str:
    """The name of an item's field in the forms."""
    return f"q-{item_id}"


def over_limit(item: OfferedItem, amount: Decimal) -> str | None:
    """Why a partner cannot have so much, with what is left of it; None when it can."""
    if item.per_year and item.used + amount > item.per_year:
        left = max(Decimal(0), item.per_year - item.used)
        words = _("今年度の上限は%(most)s%(unit)sで、のこりは%(left)s%(unit)sです。")
        return words % {"most": item.per_year, "unit": item.unit, "left": plain_number(left)}
    if item.per_request and amount > item.per_request:
        words = _("一度に申請できるのは%(most)s%(unit)sまでです。")
        return words % {"most": item.per_request, "unit": item.unit}
    return None


async def ask(
    db: AsyncSession, actor: Actor, id: uuid.UUID, given: Ask, rules: CityRules, today: dt.date,
    *, by_proxy: bool = False, beyond_limits: bool = False,
) -> bool:  # fmt: skip
    """File a request, under an id made when the form was opened; False for a second send.

    Staff file ``by_proxy`` for a partner who phoned or stands before them (代理入力): no lead
    days, and ``beyond_limits`` if they decide so.
    Raises Invalid (with the field), Conflict, NotFound.
    """
    must_be_own(actor, given.partner_id)
    await lock_partner(db, given.partner_id)
    if await sent_before(db, "supply_requests", id, given.partner_id):
        return False
    found = await offer(db, given.partner_id, given.wanted_on)
    must_be_live(found.live)
    _check_day(given.wanted_on, today, 0 if by_proxy else rules.supply_lead_days)
    _check_amounts(found, given, beyond_limits and by_proxy)
    row = (
        pg_insert(SupplyRequest)
        .values(id=id, partner_id=given.partner_id, state="requested", place_id=given.place_id,
                wanted_on=given.wanted_on, purpose=given.purpose, people=given.people,
                section=rules.section_scheme, by_proxy=by_proxy, created_at=now(db),
                requested_by=None if by_proxy else actor.account_id)
        .on_conflict_do_nothing(index_elements=["id"])
        .returning(SupplyRequest.id)
    )  # fmt: skip
    if await db.scalar(row) is None:
        raise Conflict(_("この内容は送れません。もう一度、はじめから書いてください。"))
    lines = [
        {"request_id": id, "item_id": item, "asked": asked} for item, asked in given.amounts.items()
    ]
    await db.execute(insert(SupplyLine), lines)
    begin(
        db, actor, SUPPLY, id, "requested", hat="staff" if by_proxy else "partner",
        by_proxy=by_proxy, beyond_limits=beyond_limits and by_proxy,
    )  # fmt: skip
    return True


def _check_day(wanted_on: dt.date, today: dt.date, lead_days: int) -> None:
    first = today + dt.timedelta(days=lead_days)
    if wanted_on < first:
        words = _("%(n)s日前までに申請してください。%(month)s月%(day)s日より後の日を選べます。")
        before = first - dt.timedelta(days=1)
        values = {"n": lead_days, "month": before.month, "day": before.day}
        raise Invalid(
            words % values if lead_days else _("今日より前の日は選べません。"), "wanted_on"
        )
    if wanted_on > today + dt.timedelta(days=FARTHEST_DAYS):
        raise Invalid(_("1年より先の日は選べません。"), "wanted_on")


def _check_amounts(found: Offer, given: Ask, beyond_limits: bool) -> None:
    items = {item.id: item for item in found.items}
    if given.place_id not in {place.id for place in found.places}:
        raise Invalid(_("受け取る場所を選んでください。"), "place")
    if not given.amounts:
        raise Invalid(_("ほしい物の数を、一つ以上入れてください。"), "amounts")
    for id, amount in given.amounts.items():
        if id not in items:
            raise Invalid(_("いまは申請できない物が入っています。"), "amounts")
        problem = None if beyond_limits else over_limit(items[id], amount)
        if problem:
            raise Invalid(problem, field_of(id))


async def approve(
    db: AsyncSession, actor: Actor, request: Request, granted: Amounts, comment: str = ""
) -> None:
    """Grant so much of each line: not more than asked for, not more than lies there."""
    amounts = {line.item_id: granted.get(line.item_id, Decimal(0)) for line in request.lines}
    for line in request.lines:
        _within(line, amounts[line.item_id], line.asked, _("申請の数"))
        _within(line, amounts[line.item_id], line.stock, _("在庫"))
    if not any(amounts.values()):
        raise Invalid(_("渡すものがないときは、却下にしてください。"), "amounts")
    await move(db, actor, SUPPLY, request.stand, "approve", comment=comment)
    await _write(db, request, "granted", amounts)


async def hand_over(
    db: AsyncSession, actor: Actor, request: Request, handed: Amounts, today: dt.date
) -> None:
    """Write down what was handed over; the book and the request change together.

    Raises Invalid beside the item that there is not enough of, with what is left.
    """
    amounts = {line.item_id: handed.get(line.item_id, Decimal(0)) for line in request.lines}
    for line in request.lines:
        _within(line, amounts[line.item_id], line.granted or Decimal(0), _("承認した数"))
    if not any(amounts.values()):
        raise Invalid(_("お渡しした数を入れてください。"), "amounts")
    await move(db, actor, SUPPLY, request.stand, "hand_over", values={"handed_on": today})
    await _write(db, request, "handed", amounts)
    for line in sorted(request.lines, key=lambda one: one.item_id):  # one order: no deadlocks
        if amounts[line.item_id]:
            out = Move(
                line.item_id, request.place_id, -amounts[line.item_id], "handout", today,
                partner_id=request.partner_id, request_id=request.id,
            )  # fmt: skip
            await write_move(db, actor, out, field=field_of(line.item_id))


def _within(line: Line, amount: Decimal, most: Decimal, what: str) -> None:
    if amount > most:
        words = _("%(what)s(%(n)s%(unit)s)より多くできません。")
        values = {"what": what, "n": plain_number(most), "unit": line.unit}
        raise Invalid(words % values, field_of(line.item_id))


async def _write(db: AsyncSession, request: Request, column: str, amounts: Amounts) -> None:
    for item_id, amount in amounts.items():
        here = (SupplyLine.request_id == request.id, SupplyLine.item_id == item_id)
        await db.execute(update(SupplyLine).where(*here).values({column: amount}))


async def reject(db: AsyncSession, actor: Actor, request: Request, comment: str) -> None:
    """Say no, with a reason."""
    await move(db, actor, SUPPLY, request.stand, "reject", comment=comment)


async def cancel(db: AsyncSession, actor: Actor, request: Request) -> None:
    """Take a request back. A second time does nothing."""
    if request.state != "cancelled":
        await move(db, actor, SUPPLY, request.stand, "cancel")


async def at_the_counter(
    db: AsyncSession, actor: Actor, id: uuid.UUID, given: Ask, rules: CityRules, today: dt.date,
    *, beyond_limits: bool, handed_now: bool,
) -> None:  # fmt: skip
    """The staff's one form: file for somebody, and (``handed_now``) grant and hand over at once."""
    given = replace(given, wanted_on=today) if handed_now else given
    is_new = await ask(
        db, actor, id, given, rules, today, by_proxy=True, beyond_limits=beyond_limits
    )
    if not (is_new and handed_now):
        return
    asked = await request_of(db, id, actor)
    assert asked is not None  # noqa: S101 - written a moment ago
    await approve(db, actor, asked, given.amounts)
    granted = await request_of(db, id, actor)
    assert granted is not None  # noqa: S101
    await hand_over(db, actor, granted, given.amounts, today)
