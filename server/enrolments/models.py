"""Enrolments (届出から満了まで): the case of one partner, its wished areas, notices of change,
and what is known about the partner's people over time."""

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint, Computed, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import DATERANGE, JSONB, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from server.areas.models import AREA_SHAPE, KINDS
from server.db.base import Base, CreatedAt, Geom, UuidPk, geometry_column, one_of
from server.enrolments.machine import ENROLMENT, NOTICE
from server.partners.models import SUBJECTS

END_REASONS = ("expired", "withdrawn", "cancelled", "rejected")
NOTICE_KINDS = ("representative", "name", "contact", "areas")
CONTACT_ROLES = ("representative", "contact", "emergency")
_NEEDS_PARTNER = "'agreed', 'active', 'changing', 'paused', 'renewal', 'expired', 'cancelled'"


class Enrolment(Base):
    """A partner's case from the first draft of the application to its end.

    ``answers`` holds the fields of the form (a draft may be incomplete); once agreed, what counts
    is the agreement's frozen document, and the answers stay as they were filed.
    """

    __tablename__ = "enrolments"
    __table_args__ = (
        CheckConstraint(one_of("state", tuple(ENROLMENT.states)), name="state_known"),
        CheckConstraint(one_of("subject", SUBJECTS), name="subject_known"),
        CheckConstraint(r"code ~ '^N-[0-9]{4,}$'", name="code_shape"),
        CheckConstraint(
            f"state NOT IN ({_NEEDS_PARTNER}) OR partner_id IS NOT NULL", name="partner_once_agreed"
        ),
        CheckConstraint(
            "(state IN ('rejected', 'expired', 'withdrawn', 'cancelled')) = (ended_on IS NOT NULL)",
            name="ended_has_day",
        ),
        CheckConstraint("(state = 'paused') <= (paused_from IS NOT NULL)", name="paused_has_day"),
        CheckConstraint("paused_until > paused_from", name="pause_in_order"),
        CheckConstraint("by_proxy OR requested_by IS NOT NULL", name="somebody_filed_it"),
        Index("ix_enrolments_partner", "partner_id"),
        Index("ix_enrolments_requested_by", "requested_by"),
        Index("ix_enrolments_state", "state", "section"),
        # One live case per partner.
        Index(
            "uq_enrolments_one_live", "partner_id", unique=True,
            postgresql_where=text("state IN ('agreed', 'active', 'changing', 'paused', 'renewal')"),
        ),
    )  # fmt: skip

    id: Mapped[UuidPk]
    code: Mapped[str] = mapped_column(
        unique=True, server_default=text("next_code('N', 'enrolment_code_seq')")
    )
    state: Mapped[str] = mapped_column(default="draft")
    subject: Mapped[str]
    answers: Mapped[dict[str, object]] = mapped_column(JSONB, default=dict)
    partner_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("partners.id"))
    requested_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("accounts.id"))
    by_proxy: Mapped[bool] = mapped_column(server_default=text("false"))  # 代理入力: came on paper
    section: Mapped[str] = mapped_column(default="")
    submitted_at: Mapped[dt.datetime | None]
    paused_from: Mapped[dt.date | None]
    paused_until: Mapped[dt.date | None]
    renewal_wished_on: Mapped[dt.date | None]  # the partner wishes to go on (更新の希望)
    ended_on: Mapped[dt.date | None]  # the first day without
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]


class EnrolmentArea(Base):
    """An area asked for: one of the register, or a new one drawn by the applicant."""

    __tablename__ = "enrolment_areas"
    __table_args__ = (
        CheckConstraint("(area_id IS NULL) <> (geom IS NULL)", name="picked_or_drawn"),
        CheckConstraint(f"geom IS NULL OR ({AREA_SHAPE})", name="geom_sound"),
        CheckConstraint(f"kind IS NULL OR {one_of('kind', KINDS)}", name="kind_known"),
        Index("ix_enrolment_areas_enrolment", "enrolment_id"),
        Index(
            "uq_enrolment_areas_once", "enrolment_id", "area_id", unique=True,
            postgresql_where=text("area_id IS NOT NULL"),
        ),
    )  # fmt: skip

    id: Mapped[UuidPk]
    enrolment_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("enrolments.id", ondelete="CASCADE"))
    area_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("areas.id"))
    geom: Mapped[Geom | None] = mapped_column(geometry_column())
    name: Mapped[str] = mapped_column(default="")
    kind: Mapped[str | None]
    note: Mapped[str] = mapped_column(default="")
    # Only "about here": a circle around a named place, to be drawn when the city has looked at it.
    approximate: Mapped[bool] = mapped_column(server_default=text("false"))
    length_m: Mapped[float | None] = mapped_column(
        Computed("ST_Length(geom::geography)", persisted=True)
    )
    area_m2: Mapped[float | None] = mapped_column(
        Computed("ST_Area(geom::geography)", persisted=True)
    )
    created_at: Mapped[CreatedAt]


class ChangeNotice(Base):
    """A notice of change (変更届): what it was before, what it is to be. Applied when accepted."""

    __tablename__ = "change_notices"
    __table_args__ = (
        CheckConstraint(one_of("state", tuple(NOTICE.states)), name="state_known"),
        CheckConstraint(one_of("kind", NOTICE_KINDS), name="kind_known"),
        Index("ix_change_notices_partner", "partner_id"),
        Index("ix_change_notices_state", "state", "section"),
        # The same wish sent from two devices is one notice.
        Index(
            "uq_change_notices_one_open", "partner_id", "kind", unique=True,
            postgresql_where=text("state IN ('submitted', 'returned')"),
        ),
    )  # fmt: skip

    id: Mapped[UuidPk]
    enrolment_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("enrolments.id"))
    partner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("partners.id"))
    kind: Mapped[str]
    state: Mapped[str] = mapped_column(default="submitted")
    before: Mapped[dict[str, object]] = mapped_column(JSONB)
    after: Mapped[dict[str, object]] = mapped_column(JSONB)
    effective_on: Mapped[dt.date]
    reason: Mapped[str] = mapped_column(default="")
    section: Mapped[str] = mapped_column(default="")
    requested_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("accounts.id"))
    by_proxy: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[CreatedAt]


class PartnerContact(Base):
    """Who stands for a partner, from when to when. Private: staff and the partner itself only."""

    __tablename__ = "partner_contacts"
    __table_args__ = (
        CheckConstraint(one_of("role", CONTACT_ROLES), name="role_known"),
        CheckConstraint("NOT isempty(period) AND NOT lower_inf(period)", name="period_real"),
        ExcludeConstraint(
            ("partner_id", "="), ("role", "="), ("period", "&&"),
            name="ex_partner_contacts_one_at_a_time", using="gist",
        ),
    )  # fmt: skip

    id: Mapped[UuidPk]
    partner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("partners.id"))
    role: Mapped[str]
    period: Mapped[Range[dt.date]] = mapped_column(DATERANGE)
    name: Mapped[str]
    name_kana: Mapped[str] = mapped_column(default="")
    title: Mapped[str] = mapped_column(default="")
    postal_code: Mapped[str] = mapped_column(default="")
    address: Mapped[str] = mapped_column(default="")
    phone: Mapped[str] = mapped_column(default="")
    email: Mapped[str] = mapped_column(default="")


class PartnerPeople(Base):
    """How many people a partner had registered (登録人数) from a day on."""

    __tablename__ = "partner_people"
    __table_args__ = (
        CheckConstraint("people >= 1", name="people_positive"),
        CheckConstraint("minors BETWEEN 0 AND people", name="minors_within"),
    )

    partner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("partners.id"), primary_key=True)
    counted_on: Mapped[dt.date] = mapped_column(primary_key=True)
    people: Mapped[int]
    minors: Mapped[int | None]
