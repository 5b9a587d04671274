"""GeoJSON straight from the database: one statement makes the whole collection."""

from typing import Any

from sqlalchemy import ColumnElement, Float, Select, Text, cast, func, literal_column, select
from sqlalchemy.dialects.postgresql import JSON, aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from geo.crs import WGS84
from geo.shapes import Bounds

FEATURE_CAP = 2_000  # more than this is slow on a phone and unreadable on any map
DECIMALS = 6  # about 0.1 m
PROPERTIES = ("id", "name", "state", "label", "url")


def in_box(
    geom: ColumnElement[Any] | InstrumentedAttribute[Any], box: Bounds | None
) -> list[ColumnElement[bool]]:
    """Conditions for ``.where(*…)``: the shape's box meets the box. Uses the GiST index."""
    if box is None:
        return []
    envelope = func.ST_MakeEnvelope(*(cast(side, Float) for side in box), WGS84)
    return [geom.bool_op("&&")(envelope)]


async def collect(
    db: AsyncSession, rows: Select[*tuple[object, ...]], cap: int = FEATURE_CAP
) -> str:
    """The FeatureCollection of ``rows`` as JSON text, at most ``cap`` features.

    ``rows`` selects ``geom`` and some of ``id, name, state, label, url``, ordered as they should
    be kept when there are too many; ``truncated`` then says so.
    """
    some = rows.limit(cap + 1).cte("some")
    numbered = select(some, func.row_number().over().label("n")).subquery("numbered")
    names = [name for name in PROPERTIES if name in numbered.c]
    properties = func.json_build_object(*(part for n in names for part in (n, numbered.c[n])))
    shape = cast(func.ST_AsGeoJSON(numbered.c.geom, DECIMALS), JSON)
    feature = func.json_build_object(
        "type", "Feature", "id", numbered.c.id, "geometry", shape, "properties", properties
    )
    kept = func.json_agg(aggregate_order_by(feature, numbered.c.n)).filter(numbered.c.n <= cap)
    collection = func.json_build_object(
        "type", "FeatureCollection",
        "truncated", func.count() > cap,
        "features", func.coalesce(kept, literal_column("'[]'::json")),
    )  # fmt: skip
    return str(await db.scalar(select(cast(collection, Text)).select_from(numbered)))
