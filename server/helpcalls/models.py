"""Calls for hands (お手伝い募集) and whom the system asked."""

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from server.db.base import Base, CreatedAt, Geom, UuidPk, geometry_column, one_of
from server.helpcalls.machine import HELP_CALL
from server.opportunities.models import STRENGTHS

ANSWERS = ("yes", "no")


class HelpCall(Base):
    """What a partner asks for. A dated call has an opportunity, whose sign-ups are its helpers;
    without a date ("any day") the answers say when people can come."""

    __tablename__ = "help_calls"
    __table_args__ = (
        CheckConstraint(one_of("state", tuple(HELP_CALL.states)), name="state_known"),
        CheckConstraint("people_wanted BETWEEN 1 AND 200", name="people_range"),
        CheckConstraint("to_citizens OR to_partners", name="to_somebody"),
        CheckConstraint("ends_at > starts_at", name="ends_after_start"),
        CheckConstraint("(starts_at IS NULL) = (opportunity_id IS NULL)", name="dated_is_posted"),
        CheckConstraint("char_length(title) BETWEEN 1 AND 80", name="title_length"),
        CheckConstraint(one_of("strength", STRENGTHS), name="strength_known"),
        Index("ix_help_calls_state", "state", "section"),
        Index("ix_help_calls_partner", "partner_id"),
        Index("ix_help_calls_point_geog", text("(point::geography)"), postgresql_using="gist"),
    )

    id: Mapped[UuidPk]
    partner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("partners.id"))
    area_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("areas.id"))
    opportunity_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("opportunities.id"))
    state: Mapped[str] = mapped_column(default="open")
    title: Mapped[str]
    what_for: Mapped[str] = mapped_column(default="")
    works: Mapped[list[str]] = mapped_column(ARRAY(Text))
    strength: Mapped[str] = mapped_column(default="normal")
    needs_course: Mapped[bool] = mapped_column(default=False)  # the course for mowers
    place: Mapped[str]
    point: Mapped[Geom] = mapped_column(geometry_column("POINT"))
    starts_at: Mapped[dt.datetime | None]
    ends_at: Mapped[dt.datetime | None]
    until_on: Mapped[dt.date | None]  # of a call for any day
    people_wanted: Mapped[int]
    to_citizens: Mapped[bool] = mapped_column(default=True)
    to_partners: Mapped[bool] = mapped_column(default=True)
    section: Mapped[str] = mapped_column(default="")
    requested_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("accounts.id"))
    wave: Mapped[int] = mapped_column(default=0)  # the last one that was sent
    next_wave_at: Mapped[dt.datetime | None]
    created_at: Mapped[CreatedAt]


class HelpAsk(Base):
    """Somebody who was asked, in which wave and why; and the answer."""

    __tablename__ = "help_asks"
    __table_args__ = (
        CheckConstraint(f"answer IS NULL OR {one_of('answer', ANSWERS)}", name="answer_known"),
        CheckConstraint("people BETWEEN 1 AND 50", name="people_range"),
        CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", name="answer_dated"),
        Index("uq_help_asks_once", "help_call_id", "account_id", unique=True),
        Index("ix_help_asks_account", "account_id", "asked_at"),
    )

    id: Mapped[UuidPk]
    help_call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("help_calls.id"))
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id"))
    for_partner_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("partners.id"))
    wave: Mapped[int] = mapped_column(default=0)  # 0 = came by itself, was not asked
    reasons: Mapped[dict[str, object]] = mapped_column(default=dict)
    asked_at: Mapped[dt.datetime]
    answer: Mapped[str | None]
    answered_at: Mapped[dt.datetime | None]
    people: Mapped[int] = mapped_column(default=1)
    words: Mapped[str] = mapped_column(default="")  # when one could come, for a call for any day
