"""The places an application asks for: picked from the register, drawn, or "about here"."""

import uuid
from dataclasses import dataclass
from math import isfinite
from typing import Any

from geoalchemy2 import Geography, Geometry
from shapely.geometry.base import BaseGeometry
from sqlalchemy import cast, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from geo.crs import WGS84
from server.areas.actions import check_place
from server.areas.models import Area
from server.areas.search import search_text
from server.areas.shapes import for_database, read_shape
from server.audit.actions import record
from server.citysettings.queries import City
from server.db.base import uuid7
from server.db.context import now
from server.enrolments.actions import may_edit_areas, require, today, touch
from server.enrolments.models import EnrolmentArea
from server.enrolments.queries import Case
from server.errors import Conflict, Invalid, NotFound
from server.http.i18n import gettext as _
from server.policy import Actor

MAX_AREAS = 40
AROUND_M = 30  # a circle that says "about here" and cannot be taken for a measured place


@dataclass(frozen=True)
class Wish:
    """A new place: ``shape`` as text (GeoJSON, WKT), or else a point in degrees as typed."""

    id: uuid.UUID
    name: str
    kind: str | None
    note: str
    shape: str = ""
    lon: str = ""
    lat: str = ""
    repair: bool = False  # unravel a crossing, and
    swap: bool = False  # turn the axes: offered after the first try


async def pick(db: AsyncSession, actor: Actor, city: City, case: Case, code: str) -> None:
    """Ask for an area of the register. Twice is harmless. ``case`` is locked."""
    _may_add(actor, case)
    day = today(db, city)
    in_force = Area.retired_on.is_(None) | (Area.retired_on > day)
    area = await db.scalar(select(Area.id).where(Area.code == search_text(code), in_force))
    if area is None:
        raise NotFound(_("活動区域が見つかりません。"))
    statement = insert(EnrolmentArea).values(
        id=uuid7(), enrolment_id=case.id, area_id=area, created_at=now(db)
    )
    hit = await db.scalar(statement.on_conflict_do_nothing().returning(EnrolmentArea.id))
    if hit is not None:
        await touch(db, case.id)
        record(db, actor, "enrolment.area_add", "enrolment", case.id, area=code)


async def propose(db: AsyncSession, actor: Actor, city: City, case: Case, wish: Wish) -> None:
    """Ask for a new place, or change the one of that id. Raises Invalid on ``geometry``.

    The same wish again changes nothing but what it says. ``case`` is locked.
    """
    known = next((one for one in case.areas if one.id == wish.id), None)
    if known is None:
        _may_add(actor, case)
    require(may_edit_areas(actor, case))
    if known is not None and not known.proposed:
        raise Conflict(_("区域台帳にある場所の形は、ここでは直せません。"))
    drawn = bool(wish.shape.strip())
    shape = _drawn(wish) if drawn else await _around(db, wish)
    await check_place(db, shape, city.rules)
    values: dict[str, Any] = {
        "geom": for_database(shape), "name": wish.name, "kind": wish.kind, "note": wish.note,
        "approximate": not drawn,
    }  # fmt: skip
    statement = insert(EnrolmentArea).values(
        id=wish.id, enrolment_id=case.id, created_at=now(db), **values
    )
    hit = await db.scalar(
        statement.on_conflict_do_update(
            index_elements=[EnrolmentArea.id], set_=values,
            where=EnrolmentArea.enrolment_id == case.id,
        ).returning(EnrolmentArea.id)
    )  # fmt: skip
    if hit is None:  # an id of another application: nobody's browser sends that
        raise NotFound(_("活動区域が見つかりません。"))
    await touch(db, case.id)
    verb = "enrolment.area_change" if known else "enrolment.area_add"
    record(db, actor, verb, "enrolment", case.id, name=wish.name, approximate=not drawn)


def _drawn(wish: Wish) -> BaseGeometry:
    return read_shape(wish.shape, repair=wish.repair, swap=wish.swap)


def _may_add(actor: Actor, case: Case) -> None:
    require(may_edit_areas(actor, case))
    if len(case.areas) >= MAX_AREAS:
        words = _("1つの届出の場所は%(n)sか所までです。")
        raise Invalid(words % {"n": MAX_AREAS}, "geometry")


async def _around(db: AsyncSession, wish: Wish) -> BaseGeometry:
    """A circle of ``AROUND_M`` metres around the point."""
    lon, lat = _degrees(wish.lon, 180), _degrees(wish.lat, 90)
    if lon is None or lat is None:
        raise Invalid(_("地図に線か面を描くか、場所を1点選んでください。"), "geometry")
    point = func.ST_SetSRID(func.ST_MakePoint(lon, lat), WGS84)
    circle = cast(func.ST_Buffer(cast(point, Geography), AROUND_M), Geometry)
    return read_shape(str(await db.scalar(select(func.ST_AsGeoJSON(circle)))))


def _degrees(text: str, most: float) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if isfinite(number) and abs(number) <= most else None


async def remove(db: AsyncSession, actor: Actor, case: Case, id: uuid.UUID | None) -> None:
    """Take a place off the application; one that is gone already is fine. ``case`` is locked."""
    require(may_edit_areas(actor, case))
    gone = next((one for one in case.areas if one.id == id), None)
    if gone is None:
        return
    await db.execute(delete(EnrolmentArea).where(EnrolmentArea.id == gone.id))
    await touch(db, case.id)
    name = gone.code or gone.name
    record(db, actor, "enrolment.area_remove", "enrolment", case.id, area=name)


async def shape_text(db: AsyncSession, case: Case, id: uuid.UUID) -> str:
    """The drawn shape of a wish as GeoJSON, for the form; empty when there is none."""
    statement = select(func.ST_AsGeoJSON(EnrolmentArea.geom, 7)).where(
        EnrolmentArea.id == id, EnrolmentArea.enrolment_id == case.id
    )
    return await db.scalar(statement) or ""
