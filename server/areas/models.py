"""Areas (活動区域): where partners work; their versions; and files that bring areas in."""

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint, Computed, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import BYTEA, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from server.citysettings.registry import MONTH_DAY
from server.db.base import Base, CreatedAt, Geom, UuidPk, geometry_column, one_of

KINDS = ("national_road", "prefectural_road", "city_road", "park", "river", "beach", "other")
MANAGERS = ("state", "prefecture", "city", "port", "other")
MAX_VERTICES = 20_000

AREA_SHAPE = (
    "ST_IsValid(geom) AND NOT ST_IsEmpty(geom) AND ST_NDims(geom) = 2 AND GeometryType(geom) IN "
    "('LINESTRING', 'MULTILINESTRING', 'POLYGON', 'MULTIPOLYGON') AND "
    f"ST_NPoints(geom) <= {MAX_VERTICES} AND "
    "ST_XMin(geom) >= -180 AND ST_XMax(geom) <= 180 AND "
    "ST_YMin(geom) >= -90 AND ST_YMax(geom) <= 90"
)


class Area(Base):
    """An area as it is today. A trigger copies every state into ``area_versions``."""

    __tablename__ = "areas"
    __table_args__ = (
        CheckConstraint(one_of("kind", KINDS), name="kind_known"),
        CheckConstraint(one_of("manager", MANAGERS), name="manager_known"),
        CheckConstraint(r"code ~ '^A-[0-9]{4,}$'", name="code_shape"),
        CheckConstraint("char_length(name) BETWEEN 1 AND 120", name="name_length"),
        CheckConstraint(AREA_SHAPE, name="geom_sound"),
        CheckConstraint(
            "(season_from IS NULL) = (season_to IS NULL)", name="season_both_or_neither"
        ),
        CheckConstraint(f"season_from ~ '{MONTH_DAY}'", name="season_from_shape"),
        CheckConstraint(f"season_to ~ '{MONTH_DAY}'", name="season_to_shape"),
        Index("ix_areas_geom", "geom", postgresql_using="gist"),
        Index("ix_areas_geog", text("(geom::geography)"), postgresql_using="gist"),
        Index("uq_areas_source", "source_ref", unique=True),
        Index("ix_areas_kind_manager", "kind", "manager"),
    )

    id: Mapped[UuidPk]
    code: Mapped[str] = mapped_column(
        unique=True, server_default=text("next_code('A', 'area_code_seq')")
    )
    name: Mapped[str]
    name_kana: Mapped[str] = mapped_column(default="")
    kind: Mapped[str]
    manager: Mapped[str]
    section: Mapped[str] = mapped_column(default="")
    geom: Mapped[Geom] = mapped_column(geometry_column())
    length_m: Mapped[float] = mapped_column(Computed("ST_Length(geom::geography)", persisted=True))
    area_m2: Mapped[float] = mapped_column(Computed("ST_Area(geom::geography)", persisted=True))
    season_from: Mapped[str | None]  # MM-DD; both empty = the city's season
    season_to: Mapped[str | None]
    safety_notes: Mapped[str] = mapped_column(default="")
    source_ref: Mapped[str | None]  # id in the file it came from, so that a re-import finds it
    retired_on: Mapped[dt.date | None]
    version: Mapped[int] = mapped_column(server_default=text("1"))  # kept by the trigger
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]


class AreaVersion(Base):
    """An area as it was between two moments; cleanups point at the shape of their day."""

    __tablename__ = "area_versions"
    __table_args__ = (Index("ix_area_versions_geom", "geom", postgresql_using="gist"),)

    area_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("areas.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    kind: Mapped[str]
    manager: Mapped[str]
    section: Mapped[str]
    geom: Mapped[Geom] = mapped_column(geometry_column())
    valid_from: Mapped[dt.datetime]
    valid_to: Mapped[dt.datetime | None]


IMPORT_STATES = ("queued", "reading", "asking", "ready", "applying", "applied", "failed")


class AreaImport(Base):
    """A file brought in by staff: read by a job, previewed, applied whole or not at all."""

    __tablename__ = "area_imports"
    __table_args__ = (CheckConstraint(one_of("state", IMPORT_STATES), name="state_known"),)

    id: Mapped[UuidPk]
    filename: Mapped[str]
    content: Mapped[bytes | None] = mapped_column(BYTEA, deferred=True)
    sha256: Mapped[bytes] = mapped_column(BYTEA)
    options: Mapped[dict[str, object]] = mapped_column(JSONB, default=dict)
    state: Mapped[str]
    progress_done: Mapped[int] = mapped_column(default=0)
    progress_total: Mapped[int] = mapped_column(default=0)
    summary: Mapped[dict[str, object]] = mapped_column(JSONB, default=dict)
    rows: Mapped[list[object]] = mapped_column(JSONB, default=list, deferred=True)
    created_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("accounts.id"))
    created_at: Mapped[CreatedAt]
    applied_at: Mapped[dt.datetime | None]


LINEAGES = ("split", "merge")


class AreaLineage(Base):
    """Which area came out of which: old reports stay with the old one, and this leads to them."""

    __tablename__ = "area_lineage"
    __table_args__ = (
        CheckConstraint(one_of("kind", LINEAGES), name="kind_known"),
        CheckConstraint("from_area_id <> to_area_id", name="not_itself"),
        Index("ix_area_lineage_to", "to_area_id"),
    )

    from_area_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("areas.id"), primary_key=True)
    to_area_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("areas.id"), primary_key=True)
    kind: Mapped[str]
    on_day: Mapped[dt.date]
    by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("accounts.id"))
