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
from sqlalchemy.dialects.postgresql import ARRAY, DATERANGE, JSONB, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from server.db.base import Base, CreatedAt, UuidPk, one_of

# 協働の形態, in the words and order of the guideline.
FORMS = (
    "subsidy", "endorsement", "cohosting", "cooperation", "information",
    "committee", "commission", "planning",
)  # fmt: skip
END_REASONS = (
    "expired",
    "withdrawn",
    "cancelled",
    "replaced",
    "paused",
    "handed_over",
    "reshaped",
    "trial_ended",
)
OCCASIONS = ("new", "change", "renewal")
SUPPORTS = (
    "bags",
    "armbands",
    "tools",
    "mower",
    "fuel",
    "pickup",
    "sign",
    "insurance",
    "publicity",
)
# carried: an automatic renewal, to which both agreed in the agreement before.
_HOW = "IN ('app', 'paper', 'carried')"
_FORMS_SQL = ", ".join(f"'{f}'" for f in FORMS)


class Agreement(Base):
    """What city and partner agreed, for a period ``[from, to)`` in days. Never overwritten."""

    __tablename__ = "agreements"
    __table_args__ = (
        UniqueConstraint("id", "partner_id"),
        # Empty = ended before its first day: it was concluded, and never in force.
        CheckConstraint("NOT lower_inf(period)", name="period_real"),
        CheckConstraint(f"forms <@ ARRAY[{_FORMS_SQL}]::text[]", name="forms_known"),
        CheckConstraint("cardinality(forms) >= 1", name="forms_some"),
        CheckConstraint("agreed_on IS NULL OR partner_id IS NOT NULL", name="agreed_with_somebody"),
        CheckConstraint(one_of("occasion", OCCASIONS), name="occasion_known"),
        # Nobody is bound by what one side alone has confirmed.
        CheckConstraint(
            "agreed_on IS NULL OR "
            "(partner_confirmed_at IS NOT NULL AND city_confirmed_at IS NOT NULL)",
            name="agreed_by_both",
        ),
        CheckConstraint(
            "(partner_confirmed_at IS NULL) = (partner_confirmed_how IS NULL) AND "
            "(city_confirmed_at IS NULL) = (city_confirmed_how IS NULL)",
            name="confirmed_somehow",
        ),
        CheckConstraint(
            f"partner_confirmed_how {_HOW} AND city_confirmed_how {_HOW}", name="how_known"
        ),
        CheckConstraint(
            "(partner_confirmed_how IS DISTINCT FROM 'app' AND city_confirmed_how IS DISTINCT FROM "
            "'app') OR document_sha256 <> ''",
            name="confirmed_a_text",
        ),
        Index("ix_agreements_partner", "partner_id"),
        Index("ix_agreements_enrolment", "enrolment_id"),
        # One proposal at a time.
        Index(
            "uq_agreements_one_proposal", "enrolment_id", unique=True,
            postgresql_where=text("agreed_on IS NULL"),
        ),
    )  # fmt: skip

    id: Mapped[UuidPk]
    # Empty while a new partner's agreement is a proposal: the partner begins with the agreement.
    partner_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("partners.id"))
    period: Mapped[Range[dt.date]] = mapped_column(DATERANGE)
    purpose: Mapped[str] = mapped_column(default="")
    partner_role: Mapped[str] = mapped_column(default="")
    city_role: Mapped[str] = mapped_column(default="")
    forms: Mapped[list[str]] = mapped_column(
        ARRAY(Text), server_default=text("ARRAY['cooperation']::text[]")
    )
    section: Mapped[str] = mapped_column(default="")
    planned_times_per_year: Mapped[int | None]
    planned_season: Mapped[str] = mapped_column(server_default=text("''"))
    supports: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'::text[]"))
    consent_name: Mapped[bool] = mapped_column(server_default=text("true"))  # 団体名の公表
    consent_areas: Mapped[bool] = mapped_column(server_default=text("true"))
    consent_photos: Mapped[bool] = mapped_column(server_default=text("false"))
    enrolment_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("enrolments.id"))
    occasion: Mapped[str] = mapped_column(server_default=text("'new'"))
    # The exact text, areas and names both sides confirm, frozen: a print never changes.
    document: Mapped[dict[str, object]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    document_sha256: Mapped[str] = mapped_column(server_default=text("''"))
    partner_confirmed_at: Mapped[dt.datetime | None]
    partner_confirmed_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("accounts.id"))
    partner_confirmed_how: Mapped[str | None]  # app | paper | carried
    partner_confirmed_name: Mapped[str] = mapped_column(server_default=text("''"))  # as of then
    city_confirmed_at: Mapped[dt.datetime | None]
    city_confirmed_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("accounts.id"))
    city_confirmed_how: Mapped[str | None]
    city_confirmed_name: Mapped[str] = mapped_column(server_default=text("''"))
    paper_file_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("files.id"))
    agreed_on: Mapped[dt.date | None]  # empty = a proposal that binds nobody yet
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
    trial: Mapped[bool] = mapped_column(server_default=text("false"))  # 引き継ぎのお試し
    end_reason: Mapped[str | None]


class AgreementTemplate(Base):
    """A version of the city's wording of the agreement. Only ever added to."""

    __tablename__ = "agreement_templates"

    version: Mapped[int] = mapped_column(primary_key=True)  # 1, 2, 3 …
    body: Mapped[str]
    note: Mapped[str] = mapped_column(default="")
    created_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("accounts.id"))
    created_at: Mapped[CreatedAt]
