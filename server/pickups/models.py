"""Filled bags to be taken away (回収依頼), and the days on which the crew drives."""

import datetime as dt
import decimal
import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Numeric

from server.areas.models import MANAGERS
from server.cleanups.models import LITTER_CLASSES, LITTER_UNITS
from server.db.base import Base, CreatedAt, Geom, UuidPk, geometry_column, one_of
from server.pickups.machine import PICKUP


class Pickup(Base):
    """One pile (集積場所) to be collected."""

    __tablename__ = "pickups"
    __table_args__ = (
        CheckConstraint(one_of("state", tuple(PICKUP.states)), name="state_known"),
        CheckConstraint(one_of("manager", MANAGERS), name="manager_known"),
        CheckConstraint(r"code ~ '^K-[0-9]{4,}$'", name="code_shape"),
        CheckConstraint(
            "state NOT IN ('scheduled', 'collected', 'partly') OR scheduled_on IS NOT NULL",
            name="scheduled_has_day",
        ),
        CheckConstraint(
            "(state IN ('collected', 'partly')) = (collected_on IS NOT NULL)",
            name="collected_has_day",
        ),
        Index("ix_pickups_partner", "partner_id", "created_at"),
        Index("ix_pickups_state", "state", "section"),
        Index("ix_pickups_day", "scheduled_on"),
        Index("ix_pickups_point", "point", postgresql_using="gist"),
    )

    id: Mapped[UuidPk]
    code: Mapped[str] = mapped_column(
        unique=True, server_default=text("next_code('K', 'pickup_code_seq')")
    )
    partner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("partners.id"))
    cleanup_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("cleanups.id"))
    area_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("areas.id"))
    state: Mapped[str] = mapped_column(default="requested")
    point: Mapped[Geom] = mapped_column(geometry_column("POINT"))
    place_note: Mapped[str]
    manager: Mapped[str]
    covered: Mapped[bool] = mapped_column(server_default=text("false"))  # シートをかけた
    private_land: Mapped[bool] = mapped_column(server_default=text("false"))  # its owner agrees
    note: Mapped[str] = mapped_column(default="")
    wished_on: Mapped[dt.date]
    scheduled_on: Mapped[dt.date | None]
    route_position: Mapped[int | None]  # set by hand; empty = the computed order
    collected_on: Mapped[dt.date | None]
    section: Mapped[str] = mapped_column(default="")
    requested_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("accounts.id"))
    by_proxy: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[CreatedAt]


class PickupContent(Base):
    """What lies there by class and unit; ``collected`` once the crew has been."""

    __tablename__ = "pickup_contents"
    __table_args__ = (
        CheckConstraint(one_of("class", LITTER_CLASSES), name="class_known"),
        CheckConstraint(one_of("unit", LITTER_UNITS), name="unit_known"),
        CheckConstraint("quantity > 0 AND collected >= 0", name="quantity_range"),
    )

    pickup_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("pickups.id", ondelete="CASCADE"), primary_key=True
    )
    litter_class: Mapped[str] = mapped_column("class", primary_key=True)
    unit: Mapped[str] = mapped_column(primary_key=True)
    quantity: Mapped[decimal.Decimal] = mapped_column(Numeric(9, 2))
    collected: Mapped[decimal.Decimal | None] = mapped_column(Numeric(9, 2))


class CollectionDay(Base):
    """A day that differs from the weekly rule: closed, open in spite of it, or another capacity."""

    __tablename__ = "collection_days"
    __table_args__ = (CheckConstraint("capacity >= 0", name="capacity_sane"),)

    on_day: Mapped[dt.date] = mapped_column(primary_key=True)
    open: Mapped[bool]
    capacity: Mapped[int | None]
    note: Mapped[str] = mapped_column(default="")
