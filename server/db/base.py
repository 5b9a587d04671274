"""Base class of all tables, naming rules, and column helpers that repeat."""

import datetime as dt
import secrets
import time
import uuid
from typing import Annotated

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import DateTime, MetaData, Text, func
from sqlalchemy.dialects.postgresql import JSONB, UUID
from sqlalchemy.orm import DeclarativeBase, mapped_column

from geo.crs import WGS84

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def uuid7() -> uuid.UUID:
    """A UUIDv7 (RFC 9562): time-ordered, so that indexes stay compact and ids sort by age."""
    value = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return uuid.UUID(int=value)


class Base(DeclarativeBase):
    """All tables of the application."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it from the class
        str: Text,
        dt.datetime: DateTime(timezone=True),
        dict[str, object]: JSONB,
        uuid.UUID: UUID(as_uuid=True),
    }


UuidPk = Annotated[uuid.UUID, mapped_column(primary_key=True, default=uuid7)]
CreatedAt = Annotated[dt.datetime, mapped_column(server_default=func.now())]


def geometry_column(kind: str = "GEOMETRY") -> Geometry:
    """A WGS84 geometry column type without GeoAlchemy2's own index (each table names its own)."""
    return Geometry(geometry_type=kind, srid=WGS84, spatial_index=False)


def point_text(point: tuple[float, float] | None) -> str | None:
    """A point (lon, lat in degrees) as a geometry column takes it."""
    return f"SRID=4326;POINT({point[0]!r} {point[1]!r})" if point else None


Geom = WKBElement


def one_of(column: str, values: tuple[str, ...]) -> str:
    """SQL text of a CHECK that keeps ``column`` to a code list known to the program."""
    return f"{column} IN ({', '.join(repr(v) for v in values)})"
