"""Agreements (合意) between the city and a partner, and the areas they cover over time."""

import datetime as dt
import uuid

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, DATERANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from server.db.base import Base, CreatedAt, UuidPk

# 協働の形態, in the words and order of the guideline.
FORMS = (
    "subsidy", "endorsement", "cohosting", "cooperation", "information",
    "committee", "commission", "planning",
)  # fmt: skip
END_REASONS = ("expired", "withdrawn", "cancelled", "replaced")
_FORMS_SQL = ", ".join(f"'{f}'" for f in FORMS)


class Agreement(Base):
    """What city and partner agreed, for a period ``[from, to)`` in days. Never overwritten."""

    __tablename__ = "agreements"
    __table_args__ = (
        UniqueConstraint("id", "partner_id"),
        CheckConstraint("NOT isempty(period) AND NOT lower_inf(period)", name="period_real"),
        CheckConstraint(f"forms <@ ARRAY[{_FORMS_SQL}]::text[]", name="forms_known"),
        CheckConstraint("cardinality(forms) >= 1", name="forms_some"),
        Index("ix_agreements_partner", "partner_id"),
    )

    id: Mapped[UuidPk]
    partner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("partners.id"))
    period: Mapped[Range[dt.date]] = mapped_column(DATERANGE)
    purpose: Mapped[str] = mapped_column(default="")
    partner_role: Mapped[str] = mapped_column(default="")
    city_role: Mapped[str] = mapped_column(default="")
    forms: Mapped[list[str]] = mapped_column(
        ARRAY(Text), server_default=text("ARRAY['cooperation']::text[]")
    )
    section: Mapped[str] = mapped_column(default="")
    planned_times_per_year: Mapped[int | None]
    agreed_on: Mapped[dt.date]
    created_at: Mapped[CreatedAt]


class AgreementArea(Base):
    """An area under an agreement for a period. One live row per partner and area at any day.

    Several partners may share an area (for different work); the same partner may not hold it
    twice at once, which the exclusion constraint guards.
    """

    __tablename__ = "agreement_areas"
    __table_args__ = (
        ForeignKeyConstraint(
            ["agreement_id", "partner_id"], ["agreements.id", "agreements.partner_id"]
        ),
        ExcludeConstraint(
            ("area_id", "="), ("partner_id", "="), ("period", "&&"),  # also finds by area
            name="ex_agreement_areas_one_live", using="gist",
        ),
        CheckConstraint("NOT isempty(period) AND NOT lower_inf(period)", name="period_real"),
        Index("ix_agreement_areas_partner", "partner_id"),
        Index("ix_agreement_areas_agreement", "agreement_id"),
    )  # fmt: skip

    id: Mapped[UuidPk]
    agreement_id: Mapped[uuid.UUID]
    partner_id: Mapped[uuid.UUID]
    area_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("areas.id"))
    period: Mapped[Range[dt.date]] = mapped_column(DATERANGE)
    end_reason: Mapped[str | None]
