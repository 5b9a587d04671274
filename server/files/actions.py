"""Keeping a photo or a paper that came with a form, and taking it away again."""

import hashlib
import uuid
from collections.abc import Callable
from pathlib import PurePath

import anyio
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import UploadFile

from server.audit.actions import record
from server.db.base import uuid7
from server.db.context import now
from server.files import encode
from server.files.models import StoredFile
from server.files.store import FileStore
from server.http.forms import tidy
from server.policy import Actor

# A picture of 60 million points takes up to 700 MB while it is encoded, whatever its file weighs:
# they come one after the other.
_ENCODING = anyio.CapacityLimiter(1)


def is_sent(upload: object) -> bool:
    """Whether a file field was really filled (browsers send an empty part for an empty field)."""
    return isinstance(upload, UploadFile) and bool(upload.filename) and bool(upload.size)


async def keep_photo(
    db: AsyncSession, files: FileStore, actor: Actor | None, *, owner: str, owner_id: uuid.UUID,
    upload: UploadFile, purpose: str = "", field: str = "photo",
) -> StoredFile:  # fmt: skip
    """Encode a photo anew and keep it. Raises Invalid on ``field``."""
    return await _keep(db, files, actor, owner, owner_id, upload, purpose, field, encode.photo)


async def keep_paper(
    db: AsyncSession, files: FileStore, actor: Actor | None, *, owner: str, owner_id: uuid.UUID,
    upload: UploadFile, purpose: str = "", field: str = "paper",
) -> StoredFile:  # fmt: skip
    """Keep a PDF as it is, or a photographed paper. Raises Invalid on ``field``."""
    return await _keep(db, files, actor, owner, owner_id, upload, purpose, field, encode.paper)


async def _keep(
    db: AsyncSession, files: FileStore, actor: Actor | None, owner: str, owner_id: uuid.UUID,
    upload: UploadFile, purpose: str, field: str, encoder: Callable[[bytes, str], encode.Kept],
) -> StoredFile:  # fmt: skip
    """Store the bytes, then add the row. If the transaction fails, bytes without a row stay behind,
    which is harmless: their key is known to nobody."""
    await upload.seek(0)
    data = await upload.read()
    kept = await anyio.to_thread.run_sync(encoder, data, field, limiter=_ENCODING)
    row = StoredFile(
        id=uuid7(), owner=owner, owner_id=owner_id, purpose=purpose,
        filename=_name(upload.filename or "", kept.suffix), media_type=kept.media_type,
        size=len(kept.data), sha256=hashlib.sha256(kept.data).hexdigest(),
        created_by=actor.account_id if actor else None, created_at=now(db),
    )  # fmt: skip
    await files.put(str(row.id), kept.data)
    db.add(row)
    await db.flush()
    return row


def _name(sent: str, suffix: str) -> str:
    """The file's own name without folders, with the ending of what we keep."""
    stem = PurePath(tidy(sent).replace("\\", "/").replace("\n", " ")).stem[:80]
    return (stem or "file") + suffix


async def remove(db: AsyncSession, actor: Actor, id: uuid.UUID, owner: str) -> bool:
    """Take a file away: it is no longer listed or served. False when it is not there."""
    hit = await db.scalar(
        update(StoredFile)
        .where(StoredFile.id == id, StoredFile.owner == owner, StoredFile.removed_at.is_(None))
        .values(removed_at=now(db))
        .returning(StoredFile.owner_id)
    )
    if hit is not None:
        record(db, actor, "file.remove", owner, hit, file=str(id))
    return hit is not None


async def forget_removed(db: AsyncSession, files: FileStore) -> int:
    """Delete the bytes of files that were taken away; their rows stay. For the nightly job."""
    gone = (
        await db.scalars(
            select(StoredFile).where(StoredFile.removed_at.is_not(None), StoredFile.sha256 != "")
        )
    ).all()
    for row in gone:
        await files.delete(str(row.id))
        row.sha256 = ""
    return len(gone)
