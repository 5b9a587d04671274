"""Ids and dice of the demo: the same seed gives the same city, on every machine, for ever."""

import datetime as dt
import hashlib
import random
import uuid

SEED = 20040601  # the day the programme began
EPOCH = dt.datetime(2004, 6, 1, tzinfo=dt.UTC)


def demo_uuid(moment: dt.datetime, *key: object) -> uuid.UUID:
    """A UUIDv7 whose time is ``moment`` and whose random bits are a hash of ``key``.

    Shaped like the ids of real rows, so that indexes and "newest first by id" behave alike.
    """
    digest = hashlib.blake2b(":".join(map(str, key)).encode(), digest_size=10).digest()
    value = int(moment.timestamp() * 1000) << 80 | int.from_bytes(digest, "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return uuid.UUID(int=value)


def fixed_uuid(*key: object) -> uuid.UUID:
    """An id that does not depend on the day of loading: people, partners, areas."""
    return demo_uuid(EPOCH, *key)


def dice(*key: object) -> random.Random:
    """A generator of its own for each thing, so that adding one leaves the others alone."""
    return random.Random(":".join(map(str, key)))  # noqa: S311 - sample data, nothing secret
