"""Who of the staff has taken a waiting thing. What waits is the view ``desk_items`` (SQL)."""

import uuid

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from server.db.base import Base, CreatedAt


class DeskAssignment(Base):
    """One thing of the desk in one person's hands."""

    __tablename__ = "desk_assignments"
    __table_args__ = (Index("ix_desk_assignments_account", "account_id"),)

    kind: Mapped[str] = mapped_column(primary_key=True)
    object_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id"))
    created_at: Mapped[CreatedAt]
