"""Offers on the map: what is offered, the drawn part of it, and faintly one's own areas."""

import datetime as dt
import uuid

from sqlalchemy import ColumnElement, Text, cast, func, literal, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from geo.shapes import Bounds
from server.agreements.models import AgreementArea
from server.areas.models import Area
from server.maps.features import collect, in_box
from server.successions.models import Succession
from server.successions.queries import Scope


def _own(scope: Scope, day: dt.date) -> object:
    held = select(AgreementArea.area_id).where(
        AgreementArea.partner_id.in_(scope.mine), AgreementArea.period.contains(day)
    )
    return (
        select(cast(Area.id, Text).label("id"), Area.name, literal("context").label("state"),
               func.concat("/areas/", Area.code, "/card").label("url"), Area.geom,
               literal(2).label("rank"))
        .where(Area.id.in_(held), or_(Area.retired_on.is_(None), Area.retired_on > day))
    )  # fmt: skip


def _seen(scope: Scope) -> ColumnElement[bool]:
    return or_(
        literal(scope.everything),
        Succession.state == "offered",
        Succession.partner_id.in_(scope.mine),
        Succession.other_partner_id.in_(scope.mine),
    )


async def offers_layer(db: AsyncSession, scope: Scope, day: dt.date, box: Bounds | None) -> str:
    """GeoJSON of the areas that look for somebody, and of one's own."""
    offered = (
        select(cast(Succession.id, Text).label("id"), Area.name, literal("open").label("state"),
               func.concat("/areas/", Area.code, "/card").label("url"), Area.geom,
               literal(1).label("rank"))
        .join(Area, Area.id == Succession.area_id)
        .where(Succession.state == "offered", *in_box(Area.geom, box))
    )  # fmt: skip
    own = _own(scope, day).where(*in_box(Area.geom, box))  # type: ignore[attr-defined]
    both = union_all(offered, own).subquery("both")
    return await collect(db, select(both).order_by(both.c.rank, both.c.id))


async def offer_layer(db: AsyncSession, id: uuid.UUID, scope: Scope, day: dt.date) -> str:
    """GeoJSON of one offer: the area and the part of it that was drawn.

    The part comes last, so that it is drawn on top. An offer somebody may not see gives an empty
    collection.
    """
    area = (
        select(cast(Area.id, Text).label("id"), Area.name, literal("open").label("state"),
               func.concat("/areas/", Area.code, "/card").label("url"), Area.geom,
               literal(1).label("rank"))
        .join(Succession, Succession.area_id == Area.id)
        .where(Succession.id == id, _seen(scope))
    )  # fmt: skip
    part = (
        select(cast(Succession.id, Text), literal(""), literal("needed"),
               func.concat("/areas/", Area.code, "/card"), Succession.part, literal(2))
        .join(Area, Area.id == Succession.area_id)
        .where(Succession.id == id, Succession.part.is_not(None), _seen(scope))
    )  # fmt: skip
    both = union_all(area, part).subquery("both")
    return await collect(db, select(both).order_by(both.c.rank))
