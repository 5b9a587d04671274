"""The stock book: deliveries, corrections, returns, hand-outs; and the items and places of it."""

import datetime as dt
import uuid
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from psycopg.errors import Error as PsycopgError
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.actions import record
from server.db.base import uuid7
from server.db.context import now
from server.errors import Invalid
from server.http.i18n import gettext as _
from server.ledgers.files import plain_number
from server.policy import Actor
from server.supplies import stock
from server.supplies.models import StockMove, SupplyItem, SupplyPlace


@dataclass(frozen=True)
class Move:
    """A move to be written: positive into the place, negative out of it."""

    item_id: uuid.UUID
    place_id: uuid.UUID
    quantity: Decimal
    reason: str
    moved_on: dt.date
    partner_id: uuid.UUID | None = None
    request_id: uuid.UUID | None = None
    loan_id: uuid.UUID | None = None
    note: str = ""


def broken_rule(error: IntegrityError) -> str:
    """The name of the constraint that a statement ran into."""
    cause = error.orig
    return (cause.diag.constraint_name or "") if isinstance(cause, PsycopgError) else ""


async def write_move(
    db: AsyncSession, actor: Actor, move: Move, *, field: str | None = None,
    id: uuid.UUID | None = None,
) -> bool:  # fmt: skip
    """Write a line of the book. False when a line of this ``id`` is there already.

    The level is kept by the database under a row lock; below zero it refuses, and the Invalid
    raised here (beside ``field``) says what is left of which thing.
    """
    row = (
        pg_insert(StockMove)
        .values(id=id or uuid7(), by=actor.account_id, created_at=now(db), **asdict(move))
        .on_conflict_do_nothing(index_elements=["id"])
        .returning(StockMove.id)
    )
    try:
        async with db.begin_nested():
            written = await db.scalar(row)
    except IntegrityError as error:
        if broken_rule(error) != "ck_stock_levels_not_below_zero":
            raise
        name, unit, left = await stock.level(db, move.item_id, move.place_id)
        words = _("「%(name)s」の在庫が足りません。のこりは%(n)s%(unit)sです。")
        values = {"name": name, "n": plain_number(left), "unit": unit}
        raise Invalid(words % values, field) from error
    return written is not None


async def book_move(
    db: AsyncSession, actor: Actor, id: uuid.UUID, move: Move, today: dt.date
) -> None:
    """A delivery, a correction or a return, entered by the staff. A second send does nothing."""
    if move.moved_on > today:
        raise Invalid(_("先の日付は入れられません。"), "moved_on")
    if not move.quantity:
        raise Invalid(_("0ではない数を入れてください。"), "quantity")
    if move.reason == "correction" and not move.note:
        raise Invalid(_("数を訂正する理由を書いてください。"), "note")
    if move.reason == "return" and move.partner_id is None:
        raise Invalid(_("どのパートナーからもどったかを選んでください。"), "partner")
    if await write_move(db, actor, move, field="quantity", id=id):
        detail = {"quantity": plain_number(move.quantity), "reason": move.reason}
        record(db, actor, f"stock.{move.reason}", "supply_item", move.item_id, **detail)


async def save_item(db: AsyncSession, actor: Actor, id: uuid.UUID, values: dict[str, Any]) -> None:
    """Add an item, or change the one of this id. Raises Invalid for a code that is taken."""
    await _save(db, SupplyItem, id, values, ("code", _("この記号はほかの品目が使っています。")))
    record(db, actor, "supply_item.save", "supply_item", id, **_said(values))


async def save_place(db: AsyncSession, actor: Actor, id: uuid.UUID, values: dict[str, Any]) -> None:
    """Add a place, or change the one of this id. Raises Invalid for a name that is taken."""
    await _save(db, SupplyPlace, id, values, ("name", _("同じ名前の場所があります。")))
    record(db, actor, "supply_place.save", "supply_place", id, **_said(values))


async def _save(
    db: AsyncSession, table: type[SupplyItem] | type[SupplyPlace], id: uuid.UUID,
    values: dict[str, Any], taken: tuple[str, str],
) -> None:  # fmt: skip
    row = pg_insert(table).values(id=id, **values)
    try:
        async with db.begin_nested():
            await db.execute(row.on_conflict_do_update(index_elements=["id"], set_=values))
    except IntegrityError as error:
        if not broken_rule(error).startswith("uq_"):
            raise
        raise Invalid(taken[1], taken[0]) from error


def _said(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value not in ("", None)}
