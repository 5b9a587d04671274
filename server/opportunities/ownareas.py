"""Where somebody may post: the areas of their partners; for the city any area."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from geoalchemy2 import Geometry
from sqlalchemy import ColumnElement, Date, func, literal, null, select
from sqlalchemy.ext.asyncio import AsyncSession

from server.agreements.models import AgreementArea
from server.areas.models import Area
from server.partners.models import Partner


@dataclass(frozen=True)
class OwnArea:
    """An area somebody may post for; lon/lat of its beginning in degrees. No partner = the city."""

    id: uuid.UUID
    code: str
    name: str
    partner_id: uuid.UUID | None
    partner_name: str | None
    lon: float
    lat: float

    @property
    def key(self) -> str:
        """Names the area together with the partner that acts there."""
        return area_key(self.id, self.partner_id)


def area_key(area_id: uuid.UUID | None, partner_id: uuid.UUID | None) -> str:
    """An area and the partner acting there, as one value of a form."""
    return f"{area_id or ''}.{partner_id or ''}"


def _beginning(axis: str) -> ColumnElement[float]:
    """Where a line begins; for surfaces a point on them."""
    first = func.ST_StartPoint(func.ST_GeometryN(Area.geom, 1, type_=Geometry))
    inside = func.ST_PointOnSurface(Area.geom)
    read = func.ST_X if axis == "lon" else func.ST_Y
    return read(func.coalesce(first, inside))


async def own_areas(
    db: AsyncSession, partner_ids: Sequence[uuid.UUID], today: dt.date
) -> list[OwnArea]:
    """The areas that these partners have under agreement today."""
    rows = await db.execute(
        select(
            Area.id, Area.code, Area.name, Partner.id.label("partner_id"),
            Partner.name.label("partner_name"),
            _beginning("lon").label("lon"), _beginning("lat").label("lat"),
        )
        .join(AgreementArea, AgreementArea.area_id == Area.id)
        .join(Partner, Partner.id == AgreementArea.partner_id)
        .where(
            AgreementArea.partner_id.in_(partner_ids),
            AgreementArea.period.contains(literal(today, Date)),
            Area.retired_on.is_(None) | (Area.retired_on > literal(today, Date)),
        )
        .order_by(Partner.code, Area.code)
    )  # fmt: skip
    return [OwnArea(**row._mapping) for row in rows]


async def area_by_code(db: AsyncSession, code: str) -> OwnArea | None:
    """An area by the code people say aloud, for an activity of the city itself."""
    row = (
        await db.execute(
            select(
                Area.id, Area.code, Area.name, null().label("partner_id"),
                null().label("partner_name"),
                _beginning("lon").label("lon"), _beginning("lat").label("lat"),
            ).where(Area.code == code.strip().upper())
        )
    ).first()  # fmt: skip
    return OwnArea(**row._mapping) if row else None
