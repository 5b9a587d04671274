"""Cleanups (活動報告): finished work, what was collected, and how the report changed."""

import datetime as dt
import decimal
import uuid

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Numeric, Text

from server.db.base import Base, CreatedAt, Geom, UuidPk, geometry_column, one_of

STATES = ("submitted", "accepted", "returned", "withdrawn")
LITTER_CLASSES = ("burnable", "nonburnable", "recyclable", "grass", "bulky", "other")
LITTER_UNITS = ("bag", "kg", "m3", "item")


class Cleanup(Base):
    """One day's work on one area. ``area_version`` is the shape of that day; ``extent`` what was
    drawn as really cleaned (nothing drawn = the whole area)."""

    __tablename__ = "cleanups"
    __table_args__ = (
        ForeignKeyConstraint(
            ["area_id", "area_version"], ["area_versions.area_id", "area_versions.version"]
        ),
        CheckConstraint(one_of("state", STATES), name="state_known"),
        CheckConstraint("people BETWEEN 1 AND 5000", name="people_range"),
        CheckConstraint("children BETWEEN 0 AND people", name="children_within"),
        CheckConstraint("newcomers BETWEEN 0 AND people", name="newcomers_within"),
        CheckConstraint("minutes BETWEEN 1 AND 1440", name="minutes_range"),
        CheckConstraint(
            "extent IS NULL OR (ST_IsValid(extent) AND NOT ST_IsEmpty(extent) AND "
            "GeometryType(extent) IN ('LINESTRING','MULTILINESTRING','POLYGON','MULTIPOLYGON'))",
            name="extent_sound",
        ),
        Index(
            "ix_cleanups_accepted_area_day",
            "area_id",
            text("done_on DESC"),
            postgresql_where=text("state = 'accepted'"),
        ),
        Index("ix_cleanups_partner_day", "partner_id", text("done_on DESC")),
        Index("ix_cleanups_state", "state", "created_at"),
        Index("ix_cleanups_newest", text("done_on DESC"), text("created_at DESC"), "id"),
        Index("ix_cleanups_extent", "extent", postgresql_using="gist"),
    )

    id: Mapped[UuidPk]  # may be made by the client, so that sending twice is harmless
    partner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("partners.id"))
    area_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("areas.id"))
    area_version: Mapped[int]
    opportunity_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("opportunities.id"))
    done_on: Mapped[dt.date]
    started_at: Mapped[dt.time | None]
    minutes: Mapped[int | None]
    people: Mapped[int]
    children: Mapped[int | None]
    newcomers: Mapped[int | None]
    works: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'::text[]"))
    extent: Mapped[Geom | None] = mapped_column(geometry_column())
    notes: Mapped[str] = mapped_column(default="")
    next_plan: Mapped[str] = mapped_column(default="")
    state: Mapped[str] = mapped_column(default="submitted")
    review_comment: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column(server_default=text("1"))
    logged_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("accounts.id"))
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]


class CleanupLitter(Base):
    """What was collected: quantity + unit + class, never converted into kilograms."""

    __tablename__ = "cleanup_litter"
    __table_args__ = (
        CheckConstraint(one_of("class", LITTER_CLASSES), name="class_known"),
        CheckConstraint(one_of("unit", LITTER_UNITS), name="unit_known"),
        CheckConstraint("quantity > 0 AND quantity <= 100000", name="quantity_range"),
    )

    cleanup_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("cleanups.id", ondelete="CASCADE"), primary_key=True
    )
    litter_class: Mapped[str] = mapped_column("class", primary_key=True)
    unit: Mapped[str] = mapped_column(primary_key=True)
    quantity: Mapped[decimal.Decimal] = mapped_column(Numeric(9, 2))


class CleanupVersion(Base):
    """A report as it stood before a change; written by the action that changes it."""

    __tablename__ = "cleanup_versions"

    cleanup_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cleanups.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[dict[str, object]] = mapped_column(JSONB)
    replaced_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("accounts.id"))
    replaced_at: Mapped[CreatedAt]
