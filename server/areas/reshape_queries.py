"""Reads for splitting, merging and handing over: shapes to work on, neighbours, who holds what."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from server.areas.lineage import Relative, heirs, read_relatives
from server.areas.models import Area
from server.areas.search import search_text
from server.errors import NotFound
from server.http.i18n import gettext as _

NEIGHBOURS, NEIGHBOUR_M = 20, 300.0


@dataclass(frozen=True)
class Ground:
    """An area to be reshaped, with its shape (lon, lat)."""

    id: uuid.UUID
    code: str
    name: str
    name_kana: str
    kind: str
    manager: str
    section: str
    season_from: str | None
    season_to: str | None
    safety_notes: str
    length_m: float
    area_m2: float
    version: int
    retired_on: dt.date | None
    heirs: tuple[Relative, ...]
    shape: BaseGeometry

    @property
    def line(self) -> bool:
        """Whether it is a line (and not a surface)."""
        return self.length_m > 0


_PLAIN = tuple(n for n in Ground.__dataclass_fields__ if n not in ("heirs", "shape"))


async def grounds(db: AsyncSession, codes: Sequence[str]) -> tuple[Ground, ...]:
    """These areas, in the order of their numbers; unknown codes are left out."""
    statement = (
        select(
            *(getattr(Area, name) for name in _PLAIN),
            heirs().label("heirs"), func.ST_AsBinary(Area.geom).label("wkb"),
        )
        .where(Area.code.in_([search_text(code) for code in codes]))
        .order_by(func.length(Area.code), Area.code)
    )  # fmt: skip
    return tuple(_ground(row) for row in (await db.execute(statement)).all())


async def ground(db: AsyncSession, code: str) -> Ground:
    """One area; raises NotFound."""
    found = await grounds(db, [code])
    if not found:
        raise NotFound(_("活動区域が見つかりません。"))
    return found[0]


def _ground(row: Any) -> Ground:
    values = {name: getattr(row, name) for name in _PLAIN}
    shape = shapely.from_wkb(bytes(row.wkb))
    return Ground(**values, heirs=read_relatives(row.heirs), shape=shape)


@dataclass(frozen=True)
class Neighbour:
    """An area of the same family close by, ``away_m`` from the one that is asked about."""

    code: str
    name: str
    kind: str
    length_m: float
    area_m2: float
    away_m: float


_NEIGHBOURS = text("""
SELECT b.code, b.name, b.kind, b.length_m, b.area_m2,
       ST_Distance(a.geom::geography, b.geom::geography) AS away_m
  FROM areas a
  JOIN areas b ON b.id <> a.id AND ST_DWithin(a.geom::geography, b.geom::geography, :most)
              AND ST_Dimension(a.geom) = ST_Dimension(b.geom)
 WHERE a.code = :code AND (b.retired_on IS NULL OR b.retired_on > CAST(:day AS date))
 ORDER BY away_m, length(b.code), b.code LIMIT :count
""")


async def neighbours(db: AsyncSession, code: str, day: dt.date) -> tuple[Neighbour, ...]:
    """Areas in force of the same family within ``NEIGHBOUR_M``, the nearest first."""
    values = {"code": search_text(code), "day": day, "most": NEIGHBOUR_M, "count": NEIGHBOURS}
    return tuple(Neighbour(**row._mapping) for row in await db.execute(_NEIGHBOURS, values))


@dataclass(frozen=True)
class Holder:
    """A partner that holds the area now or later. ``last_day`` None = without end; ``offered``:
    it looks for somebody to take the area over."""

    id: uuid.UUID
    code: str
    name: str
    first_day: dt.date
    last_day: dt.date | None
    trial: bool
    offered: bool


@dataclass(frozen=True)
class Holding:
    """Who holds an area, and who could take it over: (code, name) of partners under agreement."""

    holders: tuple[Holder, ...]
    candidates: tuple[tuple[str, str], ...]


_HOLDING = text("""
SELECT (SELECT json_agg(json_build_array(p.id, p.code, p.name, lower(x.period),
                 upper(x.period) - 1, x.trial,
                 EXISTS (SELECT FROM successions s WHERE s.area_id = x.area_id
                          AND s.partner_id = p.id AND s.state IN ('offered', 'trial')))
                 ORDER BY lower(x.period), p.code)
          FROM agreement_areas x JOIN partners p ON p.id = x.partner_id
         WHERE x.area_id = :area
           AND (upper_inf(x.period) OR upper(x.period) > CAST(:day AS date))) AS holders,
       (SELECT json_agg(json_build_array(p.code, p.name) ORDER BY p.name_kana, p.code)
          FROM partners p
         WHERE EXISTS (SELECT FROM agreements g WHERE g.partner_id = p.id
                        AND g.agreed_on IS NOT NULL AND g.period @> CAST(:day AS date))
           AND NOT EXISTS (SELECT FROM enrolments e WHERE e.partner_id = p.id
                            AND e.state = 'paused')) AS candidates
""")


async def holding(db: AsyncSession, area_id: uuid.UUID, day: dt.date) -> Holding:
    """Who holds the area from ``day`` on, and all partners under agreement on that day."""
    row = (await db.execute(_HOLDING, {"area": area_id, "day": day})).one()
    return Holding(
        tuple(_holder(one) for one in row.holders or ()),
        tuple((code, name) for code, name in row.candidates or ()),
    )


def _holder(one: list[Any]) -> Holder:
    id_, code, name, first, last, trial, offered = one
    day = dt.date.fromisoformat
    return Holder(
        uuid.UUID(id_), code, name, day(first), day(last) if last else None, trial, offered
    )


async def offered_part(
    db: AsyncSession, succession_id: uuid.UUID, code: str
) -> BaseGeometry | None:
    """The part of this area that a partner offers, as it drew it."""
    wkb = await db.scalar(
        text(
            "SELECT ST_AsBinary(s.part) FROM successions s JOIN areas a ON a.id = s.area_id"
            " WHERE s.id = :id AND a.code = :code AND s.part IS NOT NULL"
        ),
        {"id": succession_id, "code": search_text(code)},
    )
    return shapely.from_wkb(bytes(wkb)) if wkb is not None else None
