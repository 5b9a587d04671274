"""What people tell the city: dumped rubbish, damage, danger (情報提供)."""

import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import BYTEA
from sqlalchemy.orm import Mapped, mapped_column

from server.areas.models import MANAGERS
from server.db.base import Base, CreatedAt, Geom, UuidPk, geometry_column, one_of
from server.faults.machine import FAULT

CATEGORIES = ("dumping", "damage", "danger", "other")


class Fault(Base):
    """One report at one place. Without an account, the reporter holds a secret link
    (``track_hash`` is its SHA-256). Coordinates are public only on the map of open reports."""

    __tablename__ = "faults"
    __table_args__ = (
        CheckConstraint(one_of("state", tuple(FAULT.states)), name="state_known"),
        CheckConstraint(one_of("category", CATEGORIES), name="category_known"),
        CheckConstraint(one_of("manager", MANAGERS), name="manager_known"),
        CheckConstraint(r"code ~ '^F-[0-9]{4,}$'", name="code_shape"),
        Index("ix_faults_geog", text("(point::geography)"), postgresql_using="gist"),
        Index("ix_faults_point", "point", postgresql_using="gist"),
        Index("ix_faults_state", "state", "section"),
        Index("ix_faults_requested_by", "requested_by"),
        Index("uq_faults_track", "track_hash", unique=True),
    )

    id: Mapped[UuidPk]
    code: Mapped[str] = mapped_column(
        unique=True, server_default=text("next_code('F', 'fault_code_seq')")
    )
    state: Mapped[str] = mapped_column(default="received")
    category: Mapped[str]
    point: Mapped[Geom] = mapped_column(geometry_column("POINT"))
    place_note: Mapped[str] = mapped_column(default="")
    description: Mapped[str]
    manager: Mapped[str]
    partner_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("partners.id"))
    area_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("areas.id"))
    cleanup_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("cleanups.id"))
    requested_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("accounts.id"))
    track_hash: Mapped[bytes | None] = mapped_column(BYTEA)
    seen_by_others: Mapped[int] = mapped_column(server_default=text("0"))  # 「同じものを見ました」
    section: Mapped[str] = mapped_column(default="")
    created_at: Mapped[CreatedAt]


class FaultSighting(Base):
    """Somebody says 「同じものを見ました」; once per account or browser.

    ``seen_by`` is the SHA-256 of the account's id or of a random cookie: it tells two people
    apart and names nobody.
    """

    __tablename__ = "fault_sightings"

    fault_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("faults.id"), primary_key=True)
    seen_by: Mapped[bytes] = mapped_column(BYTEA, primary_key=True)
    seen_at: Mapped[CreatedAt]
