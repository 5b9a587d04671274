"""Opportunities (活動の募集) and sign-ups (参加申込)."""

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from server.db.base import Base, CreatedAt, Geom, UuidPk, geometry_column, one_of

# 活動内容, in the order people choose them.
WORKS = ("litter", "weeding", "flowerbed", "planting", "winter_cover", "patrol", "other")
STATES = ("draft", "published", "cancelled")
_WORKS_SQL = ", ".join(f"'{w}'" for w in WORKS)


class Opportunity(Base):
    """A dated call for hands. Full, closed and finished are computed, not stored."""

    __tablename__ = "opportunities"
    __table_args__ = (
        CheckConstraint(one_of("state", STATES), name="state_known"),
        CheckConstraint("ends_at > starts_at", name="ends_after_start"),
        CheckConstraint("ends_at <= starts_at + interval '24 hours'", name="at_most_a_day"),
        CheckConstraint("capacity BETWEEN 1 AND 2000", name="capacity_range"),
        CheckConstraint("char_length(title) BETWEEN 1 AND 80", name="title_length"),
        CheckConstraint(f"works <@ ARRAY[{_WORKS_SQL}]::text[]", name="works_known"),
        CheckConstraint("cardinality(works) >= 1", name="works_some"),
        CheckConstraint("(state = 'cancelled') = (cancelled_at IS NOT NULL)", name="cancel_dated"),
        CheckConstraint("NOT ST_IsEmpty(meeting_point)", name="point_real"),
        Index(
            "ix_opportunities_meeting_geog",
            text("(meeting_point::geography)"),
            postgresql_using="gist",
        ),
        Index("ix_opportunities_meeting_geom", "meeting_point", postgresql_using="gist"),
        Index("ix_opportunities_starts", "starts_at", postgresql_where=text("state = 'published'")),
        Index("ix_opportunities_partner", "partner_id", "starts_at"),
        Index("ix_opportunities_area", "area_id"),
    )

    id: Mapped[UuidPk]
    partner_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("partners.id"))  # none = city
    area_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("areas.id"))
    title: Mapped[str]
    description: Mapped[str] = mapped_column(default="")
    works: Mapped[list[str]] = mapped_column(ARRAY(Text))
    starts_at: Mapped[dt.datetime]
    ends_at: Mapped[dt.datetime]
    meeting_place: Mapped[str]
    meeting_point: Mapped[Geom] = mapped_column(geometry_column("POINT"))
    capacity: Mapped[int]
    children_ok: Mapped[bool] = mapped_column(default=False)
    empty_handed_ok: Mapped[bool] = mapped_column(default=False)
    step_free: Mapped[bool] = mapped_column(default=False)
    bring: Mapped[str] = mapped_column(default="")
    safety_notes: Mapped[str] = mapped_column(default="")
    state: Mapped[str] = mapped_column(default="published")
    cancelled_at: Mapped[dt.datetime | None]
    cancel_reason: Mapped[str] = mapped_column(default="")
    sequence: Mapped[int] = mapped_column(default=0)  # iCalendar SEQUENCE: rises with each change
    created_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("accounts.id"))
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]


class Signup(Base):
    """A place taken. A trigger counts places under a row lock, so capacity holds under any race."""

    __tablename__ = "signups"
    __table_args__ = (
        CheckConstraint("people BETWEEN 1 AND 50", name="people_range"),
        Index(
            "uq_signups_one_live",
            "opportunity_id",
            "account_id",
            unique=True,
            postgresql_where=text("cancelled_at IS NULL"),
        ),
        Index("ix_signups_account", "account_id"),
    )

    id: Mapped[UuidPk]
    opportunity_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("opportunities.id"))
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id"))
    people: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[CreatedAt]
    cancelled_at: Mapped[dt.datetime | None]
