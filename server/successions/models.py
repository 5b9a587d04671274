"""Areas a partner offers to others (引き継ぎ), and who raised a hand."""

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import DATERANGE, Range
from sqlalchemy.orm import Mapped, mapped_column

from server.db.base import Base, CreatedAt, Geom, UuidPk, geometry_column, one_of
from server.successions.machine import SUCCESSION


class Succession(Base):
    """An offer of one area, whole or in part (``part`` drawn)."""

    __tablename__ = "successions"
    __table_args__ = (
        CheckConstraint(one_of("state", tuple(SUCCESSION.states)), name="state_known"),
        CheckConstraint(
            "state NOT IN ('trial', 'handed_over') OR "
            "(other_partner_id IS NOT NULL AND trial IS NOT NULL)",
            name="trial_with_somebody",
        ),
        CheckConstraint("other_partner_id <> partner_id", name="not_to_itself"),
        Index(
            "uq_successions_one_open", "partner_id", "area_id", unique=True,
            postgresql_where=text("state IN ('offered', 'trial')"),
        ),
        Index("ix_successions_state", "state", "section"),
    )  # fmt: skip

    id: Mapped[UuidPk]
    partner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("partners.id"))
    area_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("areas.id"))
    state: Mapped[str] = mapped_column(default="offered")
    part: Mapped[Geom | None] = mapped_column(geometry_column())
    part_note: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(default="")
    until_on: Mapped[dt.date | None]  # how long the partner would go on
    other_partner_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("partners.id"))
    trial: Mapped[Range[dt.date] | None] = mapped_column(DATERANGE)
    section: Mapped[str] = mapped_column(default="")
    requested_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("accounts.id"))
    created_at: Mapped[CreatedAt]


class SuccessionHand(Base):
    """A partner that would take the area on."""

    __tablename__ = "succession_hands"

    succession_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("successions.id", ondelete="CASCADE"), primary_key=True
    )
    partner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("partners.id"), primary_key=True)
    message: Mapped[str] = mapped_column(default="")
    raised_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("accounts.id"))
    created_at: Mapped[CreatedAt]
