"""Signs (表示板) on areas."""

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from server.db.base import Base, CreatedAt, Geom, UuidPk, geometry_column, one_of
from server.signs.machine import SIGN


class Sign(Base):
    """A sign with a partner's name on an area, from the wish to its removal."""

    __tablename__ = "signs"
    __table_args__ = (
        CheckConstraint(one_of("state", tuple(SIGN.states)), name="state_known"),
        CheckConstraint(
            "state NOT IN ('installed', 'removed') OR (wording <> '' AND installed_on IS NOT NULL)",
            name="installed_has_wording",
        ),
        CheckConstraint("(state = 'removed') = (removed_on IS NOT NULL)", name="removed_has_day"),
        Index("ix_signs_area", "area_id"),
        Index("ix_signs_partner", "partner_id"),
    )

    id: Mapped[UuidPk]
    partner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("partners.id"))
    area_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("areas.id"))
    state: Mapped[str] = mapped_column(default="wished")
    wished_wording: Mapped[str] = mapped_column(default="")
    wording: Mapped[str] = mapped_column(default="")  # agreed between partner and city
    point: Mapped[Geom | None] = mapped_column(geometry_column("POINT"))
    installed_on: Mapped[dt.date | None]
    removed_on: Mapped[dt.date | None]
    section: Mapped[str] = mapped_column(default="")
    requested_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("accounts.id"))
    created_at: Mapped[CreatedAt]
