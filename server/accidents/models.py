"""Accidents and near misses (事故・ヒヤリハット). Private: the partner and the staff."""

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from server.accidents.machine import ACCIDENT
from server.db.base import Base, CreatedAt, UuidPk, one_of

KINDS = ("injury", "property", "near_miss", "other")


class Accident(Base):
    """What happened, what was done. Names of the hurt do not belong here."""

    __tablename__ = "accidents"
    __table_args__ = (
        CheckConstraint(one_of("state", tuple(ACCIDENT.states)), name="state_known"),
        CheckConstraint(one_of("kind", KINDS), name="kind_known"),
        CheckConstraint("people_hurt BETWEEN 0 AND 1000", name="people_hurt_range"),
        Index("ix_accidents_partner", "partner_id", "created_at"),
    )

    id: Mapped[UuidPk]
    partner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("partners.id"))
    cleanup_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("cleanups.id"))
    area_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("areas.id"))
    state: Mapped[str] = mapped_column(default="submitted")
    kind: Mapped[str]
    happened_at: Mapped[dt.datetime]
    place_note: Mapped[str]
    people_hurt: Mapped[int] = mapped_column(default=0)
    description: Mapped[str]
    measures: Mapped[str] = mapped_column(default="")
    section: Mapped[str] = mapped_column(default="")
    requested_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("accounts.id"))
    created_at: Mapped[CreatedAt]
