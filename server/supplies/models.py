"""Supplies (支給品): what there is and where, who asked, what was handed out; the centre's help."""

import datetime as dt
import decimal
import uuid

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Numeric

from server.db.base import Base, CreatedAt, Geom, UuidPk, geometry_column, one_of
from server.supplies.machine import SUPPLY

CATEGORIES = ("bag", "fuel", "armband", "other")
MOVES = ("delivery", "handout", "return", "correction")
SUPPORT_KINDS = ("advice", "matching", "publicity", "equipment", "people", "other")
AMOUNT = Numeric(10, 2)


class SupplyPlace(Base):
    """Where things are handed out and kept."""

    __tablename__ = "supply_places"

    id: Mapped[UuidPk]
    name: Mapped[str] = mapped_column(unique=True)
    address: Mapped[str] = mapped_column(default="")
    hours: Mapped[str] = mapped_column(default="")
    point: Mapped[Geom | None] = mapped_column(geometry_column("POINT"))  # routes begin there
    position: Mapped[int] = mapped_column(server_default=text("0"))
    active: Mapped[bool] = mapped_column(server_default=text("true"))


class SupplyItem(Base):
    """A kind of thing the city gives. Limits are the city's, empty = none."""

    __tablename__ = "supply_items"
    __table_args__ = (
        CheckConstraint(one_of("category", CATEGORIES), name="category_known"),
        CheckConstraint("per_request > 0 AND per_year > 0", name="limits_positive"),
    )

    id: Mapped[UuidPk]
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    unit: Mapped[str]
    category: Mapped[str]
    per_request: Mapped[int | None]
    per_year: Mapped[int | None]
    position: Mapped[int] = mapped_column(server_default=text("0"))
    active: Mapped[bool] = mapped_column(server_default=text("true"))


class SupplyRequest(Base):
    """A partner asks for supplies (支給の申請)."""

    __tablename__ = "supply_requests"
    __table_args__ = (
        CheckConstraint(one_of("state", tuple(SUPPLY.states)), name="state_known"),
        CheckConstraint(
            "(state = 'handed_over') = (handed_on IS NOT NULL)", name="handed_over_has_day"
        ),
        Index("ix_supply_requests_partner", "partner_id", "created_at"),
        Index("ix_supply_requests_state", "state", "section"),
    )

    id: Mapped[UuidPk]
    partner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("partners.id"))
    state: Mapped[str] = mapped_column(default="requested")
    place_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("supply_places.id"))
    wanted_on: Mapped[dt.date]
    purpose: Mapped[str] = mapped_column(default="")
    people: Mapped[int | None]
    handed_on: Mapped[dt.date | None]
    section: Mapped[str] = mapped_column(default="")
    requested_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("accounts.id"))
    by_proxy: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[CreatedAt]


class SupplyLine(Base):
    """How much of one item: asked for, granted, handed over."""

    __tablename__ = "supply_lines"
    __table_args__ = (
        CheckConstraint("asked > 0 AND granted >= 0 AND handed >= 0", name="amounts_sane"),
        CheckConstraint("handed <= granted", name="not_more_than_granted"),
    )

    request_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("supply_requests.id", ondelete="CASCADE"), primary_key=True
    )
    item_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("supply_items.id"), primary_key=True)
    asked: Mapped[decimal.Decimal] = mapped_column(AMOUNT)
    granted: Mapped[decimal.Decimal | None] = mapped_column(AMOUNT)
    handed: Mapped[decimal.Decimal | None] = mapped_column(AMOUNT)


class StockLevel(Base):
    """What lies where now; kept by a trigger from the moves, never below zero."""

    __tablename__ = "stock_levels"
    __table_args__ = (CheckConstraint("quantity >= 0", name="not_below_zero"),)

    item_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("supply_items.id"), primary_key=True)
    place_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("supply_places.id"), primary_key=True)
    quantity: Mapped[decimal.Decimal] = mapped_column(AMOUNT)


class StockMove(Base):
    """A line of the stock book: positive into the place, negative out of it. Only ever added to.

    The yearly figures (公用袋支給枚数, 燃料総支給数) are sums over hand-outs minus returns.
    """

    __tablename__ = "stock_moves"
    __table_args__ = (
        ForeignKeyConstraint(["item_id"], ["supply_items.id"]),
        CheckConstraint(one_of("reason", MOVES), name="reason_known"),
        CheckConstraint("quantity <> 0", name="something_moved"),
        CheckConstraint(
            "(reason = 'handout') <= (quantity < 0) AND (reason = 'return') <= (quantity > 0) AND "
            "(reason = 'delivery') <= (quantity > 0)",
            name="sign_fits_reason",
        ),
        CheckConstraint(
            "reason NOT IN ('handout', 'return') OR partner_id IS NOT NULL",
            name="handout_to_partner",
        ),
        Index("ix_stock_moves_item", "item_id", "moved_on"),
        Index("ix_stock_moves_partner", "partner_id", "moved_on"),
    )

    id: Mapped[UuidPk]
    item_id: Mapped[uuid.UUID]
    place_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("supply_places.id"))
    quantity: Mapped[decimal.Decimal] = mapped_column(AMOUNT)
    reason: Mapped[str]
    partner_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("partners.id"))
    request_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("supply_requests.id"))
    loan_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("loans.id"))
    note: Mapped[str] = mapped_column(default="")
    moved_on: Mapped[dt.date]
    by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("accounts.id"))
    created_at: Mapped[CreatedAt]


class CentreSupport(Base):
    """What the citizens' activity centre did for partners (活センからの支援)."""

    __tablename__ = "centre_supports"
    __table_args__ = (
        CheckConstraint(one_of("kind", SUPPORT_KINDS), name="kind_known"),
        Index("ix_centre_supports_day", "on_day"),
    )

    id: Mapped[UuidPk]
    on_day: Mapped[dt.date]
    kind: Mapped[str]
    partner_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("partners.id"))
    description: Mapped[str]
    by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("accounts.id"))
    created_at: Mapped[CreatedAt]
