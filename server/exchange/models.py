"""Information exchange (情報交換): announcements, the yearly meeting, the board."""

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from server.db.base import Base, CreatedAt, UuidPk, one_of
from server.exchange.machine import MEETING, POST


class Announcement(Base):
    """News for all or some partners. ``audience``: {} = all, else subjects, kinds, partners."""

    __tablename__ = "announcements"
    __table_args__ = (Index("ix_announcements_sent", "sent_at"),)

    id: Mapped[UuidPk]
    title: Mapped[str]
    body: Mapped[str]
    audience: Mapped[dict[str, object]] = mapped_column(JSONB, default=dict)
    by_centre: Mapped[bool] = mapped_column(default=False)
    created_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("accounts.id"))
    created_at: Mapped[CreatedAt]
    sent_at: Mapped[dt.datetime | None]


class AnnouncementRecipient(Base):
    """A partner an announcement went to, and when somebody there first read it."""

    __tablename__ = "announcement_recipients"
    __table_args__ = (Index("ix_announcement_recipients_partner", "partner_id"),)

    announcement_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("announcements.id", ondelete="CASCADE"), primary_key=True
    )
    partner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("partners.id"), primary_key=True)
    read_at: Mapped[dt.datetime | None]


class Meeting(Base):
    """An exchange meeting (情報交換会). Its table of figures is made from the ledgers."""

    __tablename__ = "meetings"
    __table_args__ = (
        CheckConstraint(one_of("state", tuple(MEETING.states)), name="state_known"),
        CheckConstraint("ends_at > starts_at", name="times_in_order"),
    )

    id: Mapped[UuidPk]
    state: Mapped[str] = mapped_column(default="draft")
    fiscal_year: Mapped[int]  # the year the figures are about
    title: Mapped[str]
    starts_at: Mapped[dt.datetime]
    ends_at: Mapped[dt.datetime]
    place: Mapped[str]
    agenda: Mapped[str] = mapped_column(default="")
    minutes: Mapped[str] = mapped_column(default="")
    partner_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("partners.id"))
    section: Mapped[str] = mapped_column(default="")
    requested_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("accounts.id"))
    created_at: Mapped[CreatedAt]


class MeetingReply(Base):
    """A partner's answer and, on the day, how many came."""

    __tablename__ = "meeting_replies"
    __table_args__ = (
        CheckConstraint(
            "people BETWEEN 0 AND 100 AND attended BETWEEN 0 AND 100", name="people_sane"
        ),
    )

    meeting_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("meetings.id", ondelete="CASCADE"), primary_key=True
    )
    partner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("partners.id"), primary_key=True)
    people: Mapped[int]  # 0 = does not come
    note: Mapped[str] = mapped_column(default="")
    attended: Mapped[int | None]
    replied_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("accounts.id"))
    created_at: Mapped[CreatedAt]


class Post(Base):
    """A question on the board, or an answer to one (``answers``). Shown once published."""

    __tablename__ = "posts"
    __table_args__ = (
        CheckConstraint(one_of("state", tuple(POST.states)), name="state_known"),
        CheckConstraint("(answers IS NULL) = (title <> '')", name="questions_have_titles"),
        Index("ix_posts_state", "state", "created_at"),
        Index("ix_posts_answers", "answers"),
    )

    id: Mapped[UuidPk]
    state: Mapped[str] = mapped_column(default="pending")
    answers: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("posts.id"))
    title: Mapped[str] = mapped_column(default="")
    body: Mapped[str]
    voice: Mapped[str]  # partner | centre | city: as whom it was written
    partner_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("partners.id"))
    section: Mapped[str] = mapped_column(default="")
    requested_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("accounts.id"))
    created_at: Mapped[CreatedAt]
