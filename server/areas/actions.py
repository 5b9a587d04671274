"""Changing the register of areas. Shapes and descriptions are kept as versions by a trigger."""

import datetime as dt
import uuid
from dataclasses import dataclass

from geoalchemy2 import Geography, Geometry
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Text, cast, func, literal_column, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from server.areas.models import Area
from server.areas.search import search_text
from server.areas.shapes import for_database
from server.audit.actions import record
from server.citysettings.models import Municipality
from server.citysettings.registry import CityRules
from server.db.context import now
from server.errors import Conflict, Invalid, NotFound
from server.http.i18n import gettext as _
from server.policy import Actor


@dataclass(frozen=True)
class AreaValues:
    """What staff say about an area; ``shape`` in lon/lat, clean. Seasons are ``MM-DD`` or None."""

    name: str
    name_kana: str
    kind: str
    manager: str
    section: str
    season_from: str | None
    season_to: str | None
    safety_notes: str
    retired_on: dt.date | None
    shape: BaseGeometry

    def plain(self) -> dict[str, object]:
        """All but the shape, as column values."""
        return {name: getattr(self, name) for name in PLAIN}


PLAIN = tuple(name for name in AreaValues.__dataclass_fields__ if name != "shape")


async def check_place(db: AsyncSession, shape: BaseGeometry, rules: CityRules) -> None:
    """The whole shape lies in the city, with the margin the city allows. Raises Invalid."""
    zone = cast(
        func.ST_Buffer(cast(Municipality.boundary, Geography), rules.import_margin_m), Geometry
    )
    inside = await db.scalar(select(func.ST_Covers(zone, for_database(shape))))
    if inside is False:  # None: the city has no boundary on file, so nothing can be outside
        raise Invalid(_("区域が市の外に出ています。場所を確かめてください。"), "geometry")


def _for_audit(values: dict[str, object]) -> dict[str, object]:
    return {k: v.isoformat() if isinstance(v, dt.date) else v for k, v in values.items()}


async def create_area(
    db: AsyncSession, actor: Actor, area_id: uuid.UUID, values: AreaValues, rules: CityRules
) -> str:
    """A new area; returns its code. The same ``area_id`` again changes nothing."""
    await check_place(db, values.shape, rules)
    moment = now(db)
    code = await db.scalar(
        insert(Area)
        .values(
            id=area_id, geom=for_database(values.shape), created_at=moment, updated_at=moment,
            **values.plain(),
        )
        .on_conflict_do_nothing(index_elements=[Area.id])
        .returning(Area.code)
    )  # fmt: skip
    if code is None:
        return str(await db.scalar(select(Area.code).where(Area.id == area_id)))
    record(db, actor, "area.create", "area", area_id, code=code, after=_for_audit(values.plain()))
    return str(code)


async def edit_area(
    db: AsyncSession, actor: Actor, code: str, token: str, values: AreaValues, rules: CityRules
) -> None:
    """Change an area that is still as it was when the form was opened (``token``).

    Raises NotFound, Invalid (outside the city) or Conflict (somebody else was quicker). Saving
    without a change changes nothing.
    """
    seen = cast(literal_column("areas.xmin"), Text)
    geom = for_database(values.shape)
    same = func.ST_OrderingEquals(Area.geom, geom).label("same_shape")
    row = (
        await db.execute(
            select(Area, seen.label("token"), same)
            .where(Area.code == search_text(code))
            .with_for_update(of=Area)
        )
    ).first()
    if row is None:
        raise NotFound(_("活動区域が見つかりません。"))
    before = {name: getattr(row.Area, name) for name in PLAIN}
    after = values.plain()
    changed = [name for name in PLAIN if before[name] != after[name]]
    if not changed and row.same_shape:
        return
    if row.token != token:
        raise Conflict(
            _("開いているあいだに、ほかの人がこの区域を直しました。ページを開き直してください。")
        )
    if not row.same_shape:
        await check_place(db, values.shape, rules)
    shape = {} if row.same_shape else {"geom": geom}
    old_length_m = row.Area.length_m
    new_length_m = await db.scalar(
        update(Area)
        .where(Area.id == row.Area.id)
        .values(**after, **shape, updated_at=now(db))
        .returning(Area.length_m)
        .execution_options(synchronize_session=False)
    )
    record(
        db, actor, "area.edit", "area", row.Area.id,
        code=row.Area.code,
        before=_for_audit({name: before[name] for name in changed}),
        after=_for_audit({name: after[name] for name in changed}),
        shape_changed=not row.same_shape,
        length_m=[round(old_length_m), round(new_length_m or 0)],
    )  # fmt: skip
