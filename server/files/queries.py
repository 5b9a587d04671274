"""Which files belong to a record, and one of them for its page."""

import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from server.files.models import StoredFile


@dataclass(frozen=True)
class FileRef:
    """A file as pages link it. ``media_type`` is image/webp or application/pdf."""

    id: uuid.UUID
    filename: str
    media_type: str
    purpose: str
    size: int

    @property
    def is_photo(self) -> bool:
        """Whether it can be shown in an ``img``."""
        return self.media_type.startswith("image/")


async def files_of(
    db: AsyncSession, owner: str, ids: Iterable[uuid.UUID]
) -> dict[uuid.UUID, tuple[FileRef, ...]]:
    """The files of many records at once, oldest first; a record without files is not in it."""
    statement = (
        select(StoredFile)
        .where(
            StoredFile.owner == owner,
            StoredFile.owner_id.in_(list(ids)),
            StoredFile.removed_at.is_(None),
        )
        .order_by(StoredFile.created_at, StoredFile.id)
    )
    found: dict[uuid.UUID, list[FileRef]] = defaultdict(list)
    for row in await db.scalars(statement):
        ref = FileRef(row.id, row.filename, row.media_type, row.purpose, row.size)
        found[row.owner_id].append(ref)
    return {id: tuple(refs) for id, refs in found.items()}


async def file_row(db: AsyncSession, id: uuid.UUID) -> StoredFile | None:
    """A file that is still there."""
    statement = select(StoredFile).where(StoredFile.id == id, StoredFile.removed_at.is_(None))
    return (await db.execute(statement)).scalar_one_or_none()
