"""Reads for the register of areas (区域台帳): staff only."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Text, case, cast, exists, func, literal_column, select, true
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from server.areas.lineage import Relative, elders, heirs, read_relatives
from server.areas.models import Area, AreaLineage, AreaVersion
from server.areas.queries import AreaFilter, conditions
from server.areas.search import reading, search_text
from server.coverage.queries import live_partners
from server.errors import NotFound
from server.http.i18n import gettext as _
from server.signs.models import Sign

PAGE_ROWS = 100
GEOMETRY_DECIMALS = 7


@dataclass(frozen=True)
class RegisterLine:
    """A row of the register; ``partners`` are those with an agreement today, ``sign`` the state of
    the newest sign there, ``heirs`` the codes of what came out of it."""

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
    safety_notes: str
    retired_on: dt.date | None
    version: int
    updated_at: dt.datetime
    partners: tuple[tuple[str, str], ...]
    sign: str | None
    heirs: tuple[str, ...]


@dataclass(frozen=True)
class RegisterPage:
    """One page of the register and how many areas there are in all."""

    rows: tuple[RegisterLine, ...]
    total: int


IN_USE, RETIRED, RESHAPED = "", "1", "reshaped"
_SELECTED = ("partners", "sign", "heirs")


def _orders() -> dict[str, list[Any]]:
    """What the register can be sorted by."""
    return {
        "code": [func.length(Area.code), Area.code],
        "name": [reading(Area.name_kana, Area.name), Area.code],
        "kind": [Area.kind, Area.code],
        "manager": [Area.manager, Area.code],
        "section": [Area.section, Area.code],
        "size": [func.greatest(Area.length_m, func.sqrt(Area.area_m2)), Area.code],
        "updated": [Area.updated_at, Area.code],
    }


SORTS = ("code", "name", "kind", "manager", "section", "size", "updated")


def read_sort(text: str | None) -> tuple[str, bool]:
    """``name`` or ``-name`` as (column, downwards); nonsense is by number."""
    name = (text or "").removeprefix("-")
    return (name, (text or "").startswith("-")) if name in SORTS else ("code", False)


def _in_force(use: str, day: dt.date) -> list[ColumnElement[bool]]:
    gone = Area.retired_on.is_not(None) & (Area.retired_on <= day)
    if use == RESHAPED:
        return [gone, exists().where(AreaLineage.from_area_id == Area.id)]
    return [gone if use == RETIRED else ~gone]


def _newest_sign(area_id: Any) -> Any:
    newest = select(Sign.state).where(Sign.area_id == area_id)
    return newest.order_by(Sign.created_at.desc(), Sign.id.desc()).limit(1).scalar_subquery()


def _heirs(area_id: Any) -> Any:
    heir = aliased(Area)
    codes = aggregate_order_by(heir.code, func.length(heir.code), heir.code)
    return (
        select(func.array_agg(codes))
        .join(AreaLineage, AreaLineage.to_area_id == heir.id)
        .where(AreaLineage.from_area_id == area_id)
        .scalar_subquery()
    )


async def register(
    db: AsyncSession, asked: AreaFilter, day: dt.date, *, use: str = IN_USE,
    sort: tuple[str, bool] = ("code", False),
) -> RegisterPage:  # fmt: skip
    """One page of the areas in force (or of those that ended, or ended by a split or merge)."""
    names = [n for n in RegisterLine.__dataclass_fields__ if n not in _SELECTED]
    wanted = (*_in_force(use, day), *conditions(asked, day))
    keys = [key.desc() if sort[1] else key.asc() for key in _orders()[sort[0]]]
    total = select(func.count().label("total")).select_from(Area).where(*wanted).subquery("counted")
    page = (
        select(
            *(getattr(Area, name) for name in names),
            func.row_number().over(order_by=keys).label("n"),
        )
        .where(*wanted)
        .order_by(literal_column("n"))
        .limit(PAGE_ROWS)
        .offset((asked.page - 1) * PAGE_ROWS)
        .subquery("page")
    )
    carers = live_partners(page.c.id, day)
    statement = (
        select(
            total.c.total, page, carers.c.all.label("partners"),
            _newest_sign(page.c.id).label("sign"), _heirs(page.c.id).label("heirs"),
        )
        .select_from(total.outerjoin(page, true()).outerjoin(carers, true()))
        .order_by(page.c.n)
    )  # fmt: skip
    answer = (await db.execute(statement)).all()
    return RegisterPage(tuple(_line(r) for r in answer if r.id is not None), answer[0].total)


def _line(row: Any) -> RegisterLine:
    values = {name: getattr(row, name) for name in RegisterLine.__dataclass_fields__}
    values["partners"] = tuple((code, name) for code, name in row.partners or ())
    values["heirs"] = tuple(row.heirs or ())
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
    elders: tuple[Relative, ...]
    heirs: tuple[Relative, ...]


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
                elders().label("elders"),
                heirs().label("heirs"),
            ).where(Area.code == search_text(code))
        )
    ).first()
    if row is None:
        raise NotFound(_("活動区域が見つかりません。"))
    values = {name: getattr(row, name) for name in EditableArea.__dataclass_fields__}
    values["versions"] = tuple(_past(one) for one in row.versions or ())
    values["elders"], values["heirs"] = read_relatives(row.elders), read_relatives(row.heirs)
    return EditableArea(**values)


def _length() -> Any:
    return func.ST_Length(func.geography(AreaVersion.geom))


def _past(one: list[Any]) -> PastVersion:
    version, name, kind, length, area, starts, ends = one
    parse = dt.datetime.fromisoformat
    return PastVersion(
        version, name, kind, length, area, parse(starts), parse(ends) if ends else None
    )
