"""Reading the city and its rules."""

import time
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from server.citysettings.models import CitySetting, Municipality
from server.citysettings.registry import CityRules, read_rules

CACHE_SECONDS = 10


@dataclass(frozen=True)
class City:
    """The city as pages need it. ``centre`` is lon, lat (WGS84)."""

    code: str
    name: str
    short: str
    prefecture: str
    plane_srid: int
    zone: ZoneInfo
    centre: tuple[float, float]
    rules: CityRules


UNSET = City("", "まちピカ", "", "", 6680, ZoneInfo("Asia/Tokyo"), (140.9743, 42.3154), CityRules())


async def load_city(db: AsyncSession) -> City:
    """The municipality and its rules, in one statement; ``UNSET`` before anything is loaded."""
    rules = select(func.jsonb_object_agg(CitySetting.key, CitySetting.value)).scalar_subquery()
    row = (
        await db.execute(
            select(
                Municipality,
                func.ST_X(Municipality.centre).label("lon"),
                func.ST_Y(Municipality.centre).label("lat"),
                rules.label("rules"),
            )
        )
    ).first()
    if row is None:
        return UNSET
    city = row.Municipality
    return City(
        city.code, city.name, city.short_name, city.prefecture, city.plane_srid,
        ZoneInfo(city.timezone), (row.lon, row.lat), read_rules(row.rules or {}),
    )  # fmt: skip


class CityCache:
    """Keeps the city for a few seconds, since every page shows its name and few change it."""

    def __init__(self) -> None:
        self._city: City | None = None
        self._until = 0.0

    async def get(self, db: AsyncSession) -> City:
        """The city, at most ``CACHE_SECONDS`` old."""
        if self._city is None or time.monotonic() > self._until:
            self._city = await load_city(db)
            self._until = time.monotonic() + CACHE_SECONDS
        return self._city

    def forget(self) -> None:
        """Read again next time, after a change."""
        self._until = 0.0
