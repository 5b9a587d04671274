"""Photos and papers: what the table knows; the bytes are in the store (``store.py``)."""

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from server.db.base import Base, CreatedAt, UuidPk

MEDIA_TYPES = ("image/webp", "application/pdf")


class StoredFile(Base):
    """A photo (encoded anew, without metadata) or a PDF. ``owner`` is the kind of record it
    belongs to; who may see the record may see the file."""

    __tablename__ = "files"
    __table_args__ = (
        CheckConstraint("size > 0", name="size_positive"),
        Index("ix_files_owner", "owner", "owner_id"),
    )

    id: Mapped[UuidPk]
    owner: Mapped[str]
    owner_id: Mapped[uuid.UUID]
    purpose: Mapped[str] = mapped_column(default="")
    filename: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int]
    sha256: Mapped[str]
    created_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("accounts.id"))
    created_at: Mapped[CreatedAt]
    removed_at: Mapped[dt.datetime | None]
