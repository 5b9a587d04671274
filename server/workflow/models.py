"""What the database knows of state machines: the steps that exist, and every step ever taken."""

import datetime as dt
import uuid

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from server.db.base import Base, UuidPk


class WorkflowEdge(Base):
    """A step that may be taken; ``from_state`` is empty for the birth of a record.

    Written by migrations from the declared machines; a test compares the two.
    """

    __tablename__ = "workflow_edges"

    machine: Mapped[str] = mapped_column(primary_key=True)
    from_state: Mapped[str] = mapped_column(primary_key=True)
    to_state: Mapped[str] = mapped_column(primary_key=True)


class StateChange(Base):
    """One step of one record: who, when, from where to where, and why. Only ever added to.

    ``transaction`` ties it to the change itself: a deferred trigger refuses a commit in which a
    state changed without its row here, whoever wrote the SQL.
    """

    __tablename__ = "state_changes"
    __table_args__ = (
        CheckConstraint("from_state <> to_state OR verb <> ''", name="real"),
        Index("ix_state_changes_object", "object_id", "at"),
    )

    id: Mapped[UuidPk]
    machine: Mapped[str]
    object_id: Mapped[uuid.UUID]
    from_state: Mapped[str] = mapped_column(default="")
    to_state: Mapped[str]
    verb: Mapped[str]
    comment: Mapped[str] = mapped_column(default="")
    detail: Mapped[dict[str, object]] = mapped_column(JSONB, default=dict)
    at: Mapped[dt.datetime]
    by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("accounts.id"))
    by_hat: Mapped[str]
    transaction: Mapped[int] = mapped_column(
        BigInteger, server_default=text("(pg_current_xact_id()::text::bigint)")
    )
