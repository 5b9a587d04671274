"""The municipality this installation serves, and the rules it has chosen."""

import datetime as dt

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from server.db.base import Base, Geom, geometry_column


class Municipality(Base):
    """One row: the city. ``boundary`` is generous land + shore, for checks, not a legal border."""

    __tablename__ = "municipality"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, default=1)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    short_name: Mapped[str]
    prefecture: Mapped[str]
    plane_srid: Mapped[int]
    timezone: Mapped[str]
    centre: Mapped[Geom] = mapped_column(geometry_column("POINT"))
    boundary: Mapped[Geom | None] = mapped_column(geometry_column("MULTIPOLYGON"))


class CitySetting(Base):
    """A rule the city changed from its default; see ``registry.py`` for what exists."""

    __tablename__ = "city_settings"

    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[object] = mapped_column(JSONB)
    changed_at: Mapped[dt.datetime]
    changed_by: Mapped[object] = mapped_column(ForeignKey("accounts.id"), nullable=True)
