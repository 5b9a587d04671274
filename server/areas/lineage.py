"""Which area came out of which: parts of queries, and what they select."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import aliased

from server.areas.models import Area, AreaLineage


@dataclass(frozen=True)
class Relative:
    """An area this one came out of (前身) or that came out of it (後継); ``kind`` split | merge."""

    code: str
    name: str
    kind: str
    on_day: dt.date


def elders() -> Any:
    """SQL, beside ``Area``: JSON of the areas it came out of."""
    return _relatives(AreaLineage.from_area_id, AreaLineage.to_area_id)


def heirs() -> Any:
    """SQL, beside ``Area``: JSON of the areas that came out of it."""
    return _relatives(AreaLineage.to_area_id, AreaLineage.from_area_id)


def _relatives(theirs: Any, mine: Any) -> Any:
    other = aliased(Area)
    one = func.json_build_array(other.code, other.name, AreaLineage.kind, AreaLineage.on_day)
    return (
        select(func.json_agg(aggregate_order_by(one, func.length(other.code), other.code)))
        .select_from(AreaLineage)
        .join(other, other.id == theirs)
        .where(mine == Area.id)
        .correlate(Area)
        .scalar_subquery()
    )


def read_relatives(rows: Sequence[Sequence[str]] | None) -> tuple[Relative, ...]:
    """What ``elders`` and ``heirs`` select."""
    return tuple(
        Relative(code, name, kind, dt.date.fromisoformat(day))
        for code, name, kind, day in rows or ()
    )


@dataclass(frozen=True)
class Heir:
    """An area in force that an area lives on in (itself, if it was never reshaped)."""

    id: uuid.UUID
    code: str
    name: str
    length_m: float
    area_m2: float
