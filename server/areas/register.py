"""Reads for the register of areas (区域台帳): staff only."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Text, case, cast, func, literal_column, select, true
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from server.areas.models import Area, AreaVersion
from server.areas.queries import AreaFilter, conditions
from server.areas.search import search_text
from server.coverage.queries import live_partners
from server.errors import NotFound
from server.http.i18n import gettext as _

PAGE_ROWS = 100
GEOMETRY_DECIMALS = 7


@dataclass(frozen=True)
class RegisterLine:
    """A row of the register; ``partners`` are those with an agreement today."""

    id: uuid.UUID
    code: str
    name: str
    name_kana: str
    kind: str
    manager: str
    section: str
    length_m: float
    area_m2: float
    season_from: str | None
    season_to: str | None
    retired_on: dt.date | None
    version: int
    updated_at: dt.datetime
    partners: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class RegisterPage:
    """One page of the register and how many areas there are in all."""

    rows: tuple[RegisterLine, ...]
    total: int


async def register(
    db: AsyncSession, asked: AreaFilter, day: dt.date, *, retired: bool = False
) -> RegisterPage:
    """The areas in force, or the retired ones, by number."""
    gone = Area.retired_on.is_not(None) & (Area.retired_on <= day)
    names = [n for n in RegisterLine.__dataclass_fields__ if n != "partners"]
    wanted = (gone if retired else ~gone, *conditions(asked, day))
    total = select(func.count().label("total")).select_from(Area).where(*wanted).subquery("counted")
    page = (
        select(*(getattr(Area, name) for name in names))
        .where(*wanted)
        .order_by(func.length(Area.code), Area.code)
        .limit(PAGE_ROWS)
        .offset((asked.page - 1) * PAGE_ROWS)
        .subquery("page")
    )
    carers = live_partners(page.c.id, day)
    statement = (
        select(total.c.total, page, carers.c.all.label("partners"))
        .select_from(total.outerjoin(page, true()).outerjoin(carers, true()))
        .order_by(func.length(page.c.code), page.c.code)
    )
    answer = (await db.execute(statement)).all()
    return RegisterPage(tuple(_line(r) for r in answer if r.id is not None), answer[0].total)


def _line(row: Any) -> RegisterLine:
    values = {name: getattr(row, name) for name in RegisterLine.__dataclass_fields__}
    values["partners"] = tuple((code, name) for code, name in row.partners or ())
    return RegisterLine(**values)


@dataclass(frozen=True)
class PastVersion:
    """A shape and description the area had from one moment to another."""

    version: int
    name: str
    kind: str
    length_m: float
    area_m2: float
    valid_from: dt.datetime
    valid_to: dt.datetime | None


@dataclass(frozen=True)
class EditableArea:
    """An area to be edited. ``token`` changes with every change of the row."""

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
    retired_on: dt.date | None
    version: int
    token: str
    geometry: str  # GeoJSON
    versions: tuple[PastVersion, ...]


async def editable_area(db: AsyncSession, code: str) -> EditableArea:
    """An area with its shape as GeoJSON and the versions it had; raises NotFound."""
    past = func.json_build_array(
        AreaVersion.version, AreaVersion.name, AreaVersion.kind,
        case((func.ST_Dimension(AreaVersion.geom) == 1, _length()), else_=0),
        func.ST_Area(func.geography(AreaVersion.geom)),
        AreaVersion.valid_from, AreaVersion.valid_to,
    )  # fmt: skip
    versions = (
        select(func.json_agg(aggregate_order_by(past, AreaVersion.version.desc())))
        .where(AreaVersion.area_id == Area.id)
        .scalar_subquery()
    )
    names = [n for n in EditableArea.__dataclass_fields__ if hasattr(Area, n)]
    row = (
        await db.execute(
            select(
                *(getattr(Area, name) for name in names),
                cast(literal_column("areas.xmin"), Text).label("token"),
                func.ST_AsGeoJSON(Area.geom, GEOMETRY_DECIMALS).label("geometry"),
                versions.label("versions"),
            ).where(Area.code == search_text(code))
        )
    ).first()
    if row is None:
        raise NotFound(_("活動区域が見つかりません。"))
    values = {name: getattr(row, name) for name in EditableArea.__dataclass_fields__}
    values["versions"] = tuple(_past(one) for one in row.versions or ())
    return EditableArea(**values)


def _length() -> Any:
    return func.ST_Length(func.geography(AreaVersion.geom))


def _past(one: list[Any]) -> PastVersion:
    version, name, kind, length, area, starts, ends = one
    parse = dt.datetime.fromisoformat
    return PastVersion(
        version, name, kind, length, area, parse(starts), parse(ends) if ends else None
    )
