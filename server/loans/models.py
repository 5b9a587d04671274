"""Mowers (草刈り機) and their loans; who of a partner may use one."""

import datetime as dt
import decimal
import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import DATERANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Numeric

from server.db.base import Base, CreatedAt, UuidPk, one_of
from server.loans.machine import LOAN

CONDITIONS = ("good", "repair", "retired")
CHECKS = ("good", "dirty", "worn", "broken")  # what was found on return


class LoanUnit(Base):
    """One machine with its number."""

    __tablename__ = "loan_units"
    __table_args__ = (CheckConstraint(one_of("condition", CONDITIONS), name="condition_known"),)

    id: Mapped[UuidPk]
    code: Mapped[str] = mapped_column(unique=True)  # K-01, as on its label
    name: Mapped[str]
    place_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("supply_places.id"))
    condition: Mapped[str] = mapped_column(server_default=text("'good'"))
    note: Mapped[str] = mapped_column(default="")


class PartnerOperator(Base):
    """A person of a partner who has learnt to use a machine."""

    __tablename__ = "partner_operators"
    __table_args__ = (Index("ix_partner_operators_partner", "partner_id"),)

    id: Mapped[UuidPk]
    partner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("partners.id"))
    name: Mapped[str]
    course: Mapped[str] = mapped_column(default="")
    course_on: Mapped[dt.date | None]
    left_on: Mapped[dt.date | None]
    created_at: Mapped[CreatedAt]


class Loan(Base):
    """A machine for some days. The exclusion constraint is what makes a double booking impossible;
    ``period`` is ``[first day, day after the last)``."""

    __tablename__ = "loans"
    __table_args__ = (
        CheckConstraint(one_of("state", tuple(LOAN.states)), name="state_known"),
        CheckConstraint(
            "NOT isempty(period) AND NOT lower_inf(period) AND NOT upper_inf(period)",
            name="period_real",
        ),
        CheckConstraint(
            "state NOT IN ('out', 'returned', 'damaged') OR "
            "(out_on IS NOT NULL AND operator_id IS NOT NULL)",
            name="out_with_operator",
        ),
        CheckConstraint(
            "(state IN ('returned', 'damaged')) = (returned_on IS NOT NULL)",
            name="returned_has_day",
        ),
        CheckConstraint("(returned_on IS NULL) = (checked IS NULL)", name="returned_was_checked"),
        CheckConstraint(f"checked IS NULL OR {one_of('checked', CHECKS)}", name="checked_known"),
        CheckConstraint("returned_on >= out_on", name="days_in_order"),
        ExcludeConstraint(
            ("unit_id", "="), ("period", "&&"), where=text("state IN ('reserved', 'out')"),
            name="ex_loans_unit_once", using="gist",
        ),
        # A machine that is not back yet cannot be handed out to the next one.
        Index(
            "uq_loans_unit_out_once", "unit_id", unique=True,
            postgresql_where=text("state = 'out'"),
        ),
        Index("ix_loans_partner", "partner_id", "created_at"),
        Index("ix_loans_state", "state", "section"),
    )  # fmt: skip

    id: Mapped[UuidPk]
    unit_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("loan_units.id"))
    partner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("partners.id"))
    state: Mapped[str] = mapped_column(default="reserved")
    period: Mapped[Range[dt.date]] = mapped_column(DATERANGE)
    area_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("areas.id"))
    operator_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("partner_operators.id"))
    fuel_litres: Mapped[decimal.Decimal | None] = mapped_column(Numeric(6, 1))
    purpose: Mapped[str] = mapped_column(default="")
    out_on: Mapped[dt.date | None]
    returned_on: Mapped[dt.date | None]
    checked: Mapped[str | None]
    check_note: Mapped[str] = mapped_column(default="")
    reminded_on: Mapped[dt.date | None]  # the last mail that it is overdue
    section: Mapped[str] = mapped_column(default="")
    requested_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("accounts.id"))
    by_proxy: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[CreatedAt]
