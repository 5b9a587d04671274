"""The yearly review (評価): partner and city each look at the year's co-creation."""

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from server.db.base import Base, CreatedAt, UuidPk, one_of

SIDES = ("partner", "city")
GRADES = ("A", "B", "C", "D")


class Review(Base):
    """One side's view of one fiscal year. ``scores`` is point → grade, ``remarks`` point → words.
    A draft until submitted; then it stands, and each side sees the other's once both have."""

    __tablename__ = "reviews"
    __table_args__ = (
        UniqueConstraint("partner_id", "fiscal_year", "side"),
        CheckConstraint(one_of("side", SIDES), name="side_known"),
        CheckConstraint("fiscal_year BETWEEN 2004 AND 2200", name="year_sane"),
    )

    id: Mapped[UuidPk]
    partner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("partners.id"))
    fiscal_year: Mapped[int]
    side: Mapped[str]
    scores: Mapped[dict[str, object]] = mapped_column(JSONB, default=dict)
    remarks: Mapped[dict[str, object]] = mapped_column(JSONB, default=dict)
    comment: Mapped[str] = mapped_column(default="")
    submitted_at: Mapped[dt.datetime | None]
    submitted_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("accounts.id"))
    created_at: Mapped[CreatedAt]
