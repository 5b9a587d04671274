"""Private calendar addresses."""

import uuid

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from server.db.base import Base, CreatedAt


class CalendarAddress(Base):
    """How often somebody asked for a new address: the old ones stop working."""

    __tablename__ = "calendar_addresses"

    account_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True
    )
    version: Mapped[int] = mapped_column(default=1)
    changed_at: Mapped[CreatedAt]
