"""Opportunities (活動の募集) and sign-ups (参加申込)."""

import datetime as dt
import uuid

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Identity, Index, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from server.agreements.models import FORMS
from server.db.base import Base, CreatedAt, Geom, UuidPk, geometry_column, one_of

# 活動内容, in the order people choose them.
WORKS = ("litter", "weeding", "flowerbed", "planting", "winter_cover", "patrol", "other")
STATES = ("draft", "published", "cancelled")
# What kind of activity it is: cleanups, and what else the city's guideline counts as co-creation.
KINDS = (
    "cleanup", "joint", "help", "flowerbed", "training", "festival", "council", "briefing",
    "exchange", "other",
)  # fmt: skip
STRENGTHS = ("light", "normal", "hard")
GUARDIANS = ("none", "accompany", "consent")  # what under-15s need: nothing, an adult, a consent
ROLES = ("any", "reception", "litter", "mower", "planting", "guide", "other")
_WORKS_SQL = ", ".join(f"'{w}'" for w in WORKS)
_FORMS_SQL = ", ".join(f"'{f}'" for f in FORMS)


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
        CheckConstraint(one_of("kind", KINDS), name="kind_known"),
        CheckConstraint(
            f"forms <@ ARRAY[{_FORMS_SQL}]::text[] AND cardinality(forms) >= 1", name="forms_known"
        ),
        CheckConstraint(one_of("strength", STRENGTHS), name="strength_known"),
        CheckConstraint(one_of("guardian", GUARDIANS), name="guardian_known"),
        CheckConstraint("min_people BETWEEN 1 AND capacity", name="min_people_range"),
        CheckConstraint("deadline_at <= starts_at", name="deadline_before_start"),
        CheckConstraint("min_age BETWEEN 0 AND 99", name="min_age_range"),
        CheckConstraint("(series_id IS NULL) = (occurrence_on IS NULL)", name="series_day"),
        Index(
            "ix_opportunities_meeting_geog",
            text("(meeting_point::geography)"),
            postgresql_using="gist",
        ),
        Index("ix_opportunities_meeting_geom", "meeting_point", postgresql_using="gist"),
        Index("ix_opportunities_starts", "starts_at", postgresql_where=text("state = 'published'")),
        Index("ix_opportunities_partner", "partner_id", "starts_at"),
        Index("ix_opportunities_area", "area_id"),
        Index("uq_opportunities_occurrence", "series_id", "occurrence_on", unique=True),
        Index("ix_opportunities_published", "published_at"),
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
    kind: Mapped[str] = mapped_column(server_default="cleanup", default="cleanup")
    forms: Mapped[list[str]] = mapped_column(
        ARRAY(Text), server_default=text("'{cooperation}'"), default=lambda: ["cooperation"]
    )
    strength: Mapped[str] = mapped_column(server_default="normal", default="normal")
    min_people: Mapped[int | None]  # with fewer it may be called off
    deadline_at: Mapped[dt.datetime | None]  # sign-ups close; none = at the beginning
    min_age: Mapped[int | None]
    guardian: Mapped[str] = mapped_column(server_default="none", default="none")
    languages: Mapped[list[str]] = mapped_column(
        ARRAY(Text), server_default=text("'{}'"), default=list
    )
    wants_hands: Mapped[bool] = mapped_column(server_default=text("false"), default=False)
    series_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("opportunity_series.id"))
    occurrence_on: Mapped[dt.date | None]  # its day by the rule, also after it has been moved
    postponed_from: Mapped[dt.datetime | None]  # when it would have begun
    go_ahead_at: Mapped[dt.datetime | None]  # when the host said that the weather holds
    published_at: Mapped[dt.datetime | None]


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
        CheckConstraint("under15 BETWEEN 0 AND people", name="under15_range"),
        Index("ix_signups_account", "account_id"),
        Index("ix_signups_slot", "slot_id"),
    )

    id: Mapped[UuidPk]
    opportunity_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("opportunities.id"))
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id"))
    people: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[CreatedAt]
    cancelled_at: Mapped[dt.datetime | None]
    slot_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("opportunity_slots.id"))
    under15: Mapped[int] = mapped_column(server_default=text("0"), default=0)  # among the people
    guardian_name: Mapped[str] = mapped_column(server_default="", default="")
    consent_at: Mapped[dt.datetime | None]  # when a guardian's consent was given
    group_name: Mapped[str] = mapped_column(server_default="", default="")
    for_partner_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("partners.id"))


class OpportunitySlot(Base):
    """A part of an activity with places of its own: a time (時間帯), a role (班), or both."""

    __tablename__ = "opportunity_slots"
    __table_args__ = (
        CheckConstraint(one_of("role", ROLES), name="role_known"),
        CheckConstraint("capacity BETWEEN 1 AND 2000", name="capacity_range"),
        CheckConstraint("ends_at > starts_at", name="ends_after_start"),
        CheckConstraint("char_length(label) BETWEEN 1 AND 40", name="label_length"),
        Index("ix_opportunity_slots_opportunity", "opportunity_id", "position"),
    )

    id: Mapped[UuidPk]
    opportunity_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("opportunities.id"))
    position: Mapped[int] = mapped_column(default=0)
    label: Mapped[str]
    role: Mapped[str] = mapped_column(default="any")
    starts_at: Mapped[dt.datetime | None]  # none = the whole activity
    ends_at: Mapped[dt.datetime | None]
    capacity: Mapped[int]
    needs_course: Mapped[bool] = mapped_column(default=False)  # the course for mowers
    closed_at: Mapped[dt.datetime | None]  # taken off; its sign-ups stay in the record


class OpportunityHost(Base):
    """A second host of a joint cleanup (合同清掃), asked by the first one."""

    __tablename__ = "opportunity_hosts"
    __table_args__ = (Index("ix_opportunity_hosts_partner", "partner_id"),)

    opportunity_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("opportunities.id"), primary_key=True
    )
    partner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("partners.id"), primary_key=True)
    invited_at: Mapped[CreatedAt]
    accepted_at: Mapped[dt.datetime | None]
    declined_at: Mapped[dt.datetime | None]


class OpportunityArea(Base):
    """A further area of an activity that covers several."""

    __tablename__ = "opportunity_areas"
    __table_args__ = (Index("ix_opportunity_areas_area", "area_id"),)

    opportunity_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("opportunities.id"), primary_key=True
    )
    area_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("areas.id"), primary_key=True)


class OpportunitySeries(Base):
    """A repeating activity: the rule; each day of it is an opportunity of its own."""

    __tablename__ = "opportunity_series"

    id: Mapped[UuidPk]
    partner_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("partners.id"))
    rrule: Mapped[str]  # RFC 5545, without DTSTART
    first_on: Mapped[dt.date]
    exceptions: Mapped[list[dt.date]] = mapped_column(
        ARRAY(Date), server_default=text("'{}'"), default=list
    )
    created_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("accounts.id"))
    created_at: Mapped[CreatedAt]


class WaitlistEntry(Base):
    """A place in the queue (キャンセル待ち). Its state is read from its dates.

    waiting → offered (until ``offer_expires_at``) → taken as a sign-up, declined or expired.
    An open offer holds its places: the trigger of ``signups`` counts them.
    """

    __tablename__ = "waitlist_entries"
    __table_args__ = (
        CheckConstraint("people BETWEEN 1 AND 50", name="people_range"),
        CheckConstraint(
            "(offered_at IS NULL) = (offer_expires_at IS NULL)", name="offer_has_an_end"
        ),
        Index(
            "uq_waitlist_entries_one_live", "opportunity_id", "account_id", unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index(
            "ix_waitlist_entries_queue", "opportunity_id", "place",
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_waitlist_entries_account", "account_id"),
    )  # fmt: skip

    id: Mapped[UuidPk]
    opportunity_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("opportunities.id"))
    slot_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("opportunity_slots.id"))
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id"))
    place: Mapped[int] = mapped_column(BigInteger, Identity(always=True))  # order of arrival
    people: Mapped[int] = mapped_column(default=1)
    answers: Mapped[dict[str, object]] = mapped_column(default=dict)  # the rest of the sign-up form
    created_at: Mapped[CreatedAt]
    offered_at: Mapped[dt.datetime | None]
    offer_expires_at: Mapped[dt.datetime | None]
    ended_at: Mapped[dt.datetime | None]
    ended_how: Mapped[str] = mapped_column(default="")  # taken | declined | expired | left | closed
    signup_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("signups.id"))
