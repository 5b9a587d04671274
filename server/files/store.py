"""Where the bytes of photos and papers lie: a local folder by default, any S3 by a URL.

The store knows keys and bytes, nothing else. Keys are random ids, so nothing can be guessed, and
nothing is ever served from the store directly.
"""

from pathlib import Path

import obstore
from obstore.store import LocalStore, MemoryStore, ObjectStore, from_url


class FileStore:
    """Three calls over an object store."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    async def put(self, key: str, data: bytes) -> None:
        """Keep bytes under a key."""
        await obstore.put_async(self._store, key, data)

    async def get(self, key: str) -> bytes:
        """The bytes. Raises FileNotFoundError when there are none."""
        found = await obstore.get_async(self._store, key)
        return bytes(await found.bytes_async())

    async def delete(self, key: str) -> None:
        """Forget the bytes; harmless when they are gone."""
        try:
            await obstore.delete_async(self._store, key)
        except FileNotFoundError:
            return


def in_memory() -> FileStore:
    """A store that ends with the process (tests)."""
    return FileStore(MemoryStore())


def open_store(url: str, folder: Path) -> FileStore:
    """The store of a URL such as ``s3://bucket/prefix``; without one, a private local folder."""
    if url:
        return FileStore(from_url(url))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return FileStore(LocalStore(prefix=folder))
