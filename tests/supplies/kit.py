"""A small store for tests of the ledgers: a place, bags, fuel, armbands, and a machine."""

import datetime as dt
import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.models import AuditEvent
from server.loans.models import LoanUnit, PartnerOperator
from server.partners.models import Partner
from server.supplies.models import StockMove, SupplyItem, SupplyPlace
from server.workflow.models import StateChange

TODAY = dt.date(2026, 6, 14)  # a Sunday


@dataclass
class Store:
    """What the tests ask for and hand out."""

    place: SupplyPlace
    bags: SupplyItem
    fuel: SupplyItem
    armband: SupplyItem
    mower: LoanUnit
    spare: LoanUnit


async def make_store(db: AsyncSession, *, bags: int = 100, litres: str = "20") -> Store:
    """A store with so many bags and litres, five armbands, and two machines."""
    place = SupplyPlace(name="見本窓口", address="見本町1-1", hours="平日9:00〜17:00")
    items = [
        SupplyItem(code="BAG", name="公用袋", unit="枚", category="bag", per_request=50,
                   per_year=80, position=1),
        SupplyItem(code="FUEL", name="混合燃料", unit="L", category="fuel", position=2),
        SupplyItem(code="ARM", name="腕章", unit="枚", category="armband", position=3),
    ]  # fmt: skip
    db.add_all([place, *items])
    await db.flush()
    units = [LoanUnit(code=f"K-0{n}", name="肩掛け式刈払機", place_id=place.id) for n in (1, 2)]
    db.add_all(units)
    for item, amount in zip(items, (bags, Decimal(litres), 5), strict=True):
        if amount:
            await deliver(db, item, place, amount)
    await db.flush()
    return Store(place, *items, *units)


async def deliver(
    db: AsyncSession, item: SupplyItem, place: SupplyPlace, amount: int | Decimal
) -> None:
    db.add(
        StockMove(item_id=item.id, place_id=place.id, quantity=amount, reason="delivery",
                  moved_on=dt.date(2026, 4, 1))
    )  # fmt: skip
    await db.flush()


async def operator(
    db: AsyncSession, of: Partner, *, course_on: dt.date | None = dt.date(2025, 5, 1)
) -> PartnerOperator:
    row = PartnerOperator(partner_id=of.id, name="見本みどり", course="刈払機の講習",
                          course_on=course_on)  # fmt: skip
    db.add(row)
    await db.flush()
    return row


async def level(db: AsyncSession, item: SupplyItem) -> Decimal:
    found = text("SELECT coalesce(sum(quantity), 0) FROM stock_levels WHERE item_id = :item")
    return Decimal(await db.scalar(found, {"item": item.id}))


async def acts(db: AsyncSession) -> list[str]:
    """All audited acts in their order."""
    return list(await db.scalars(select(AuditEvent.action).order_by(AuditEvent.id)))


async def steps(db: AsyncSession, id: uuid.UUID) -> list[str]:
    """The states a record has been in."""
    found = select(StateChange.to_state).where(StateChange.object_id == id)
    return list(await db.scalars(found.order_by(StateChange.id)))


async def count(db: AsyncSession, table: Any) -> int:
    return int(await db.scalar(select(func.count()).select_from(table)) or 0)
