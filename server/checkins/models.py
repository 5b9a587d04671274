"""Who was there, for how long, and the certificates made from it."""

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from server.db.base import Base, CreatedAt, UuidPk, one_of

HOWS = ("qr", "printed", "list", "walk_in")


class Attendance(Base):
    """Somebody who came: by the QR on the host's phone, the printed code, or the host's list."""

    __tablename__ = "attendances"
    __table_args__ = (
        CheckConstraint(one_of("how", HOWS), name="how_known"),
        CheckConstraint("people BETWEEN 1 AND 500", name="people_range"),
        CheckConstraint("minutes BETWEEN 0 AND 1440", name="minutes_range"),
        CheckConstraint("account_id IS NOT NULL OR how IN ('list', 'walk_in')", name="who"),
        Index(
            "uq_attendances_account", "opportunity_id", "account_id", unique=True,
            postgresql_where=text("removed_at IS NULL AND account_id IS NOT NULL"),
        ),
        Index("ix_attendances_opportunity", "opportunity_id"),
        Index("ix_attendances_account", "account_id"),
        Index("ix_attendances_partner", "for_partner_id"),
    )  # fmt: skip

    id: Mapped[UuidPk]
    opportunity_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("opportunities.id"))
    signup_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("signups.id"))
    account_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("accounts.id"))
    for_partner_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("partners.id"))
    people: Mapped[int] = mapped_column(default=1)
    how: Mapped[str]
    arrived_at: Mapped[dt.datetime]
    minutes: Mapped[int | None]  # none = the whole activity
    near: Mapped[bool | None]  # whether the phone was near the place; none = not asked
    recorded_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("accounts.id"))
    removed_at: Mapped[dt.datetime | None]  # ticked by mistake
    created_at: Mapped[CreatedAt]


class Certificate(Base):
    """A certificate of participation (参加証明書) as it was issued. Never changed."""

    __tablename__ = "certificates"
    __table_args__ = (
        CheckConstraint("to_on >= from_on", name="days_in_order"),
        CheckConstraint("code ~ '^[2-9A-HJKMNP-Z]{12}$'", name="code_shape"),
        Index("ix_certificates_account", "account_id"),
    )

    id: Mapped[UuidPk]
    code: Mapped[str] = mapped_column(unique=True)  # what somebody types to verify it
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id"))
    from_on: Mapped[dt.date]
    to_on: Mapped[dt.date]
    content: Mapped[dict[str, object]]  # name and activities as printed
    issued_at: Mapped[dt.datetime]
