"""Reading the city and its rules."""

import datetime as dt
import time
from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts.models import Account
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


async def load_rules(db: AsyncSession) -> CityRules:
    """The rules as they stand in the table, without the municipality and past any cache."""
    values = func.jsonb_object_agg(CitySetting.key, CitySetting.value)
    return read_rules((await db.execute(select(values))).scalar_one() or {})


@dataclass(frozen=True)
class RuleChange:
    """When a rule was last changed, and by whom (empty: from a file)."""

    at: dt.datetime
    who: str


@dataclass(frozen=True)
class SettingsView:
    """What the settings pages show: the rules, who changed which, and the city's bounds."""

    rules: CityRules
    changes: Mapping[str, RuleChange]
    boundary_km2: float | None
    boundary_vertices: int


async def settings_view(db: AsyncSession) -> SettingsView:
    """All rules with their changes, and the size of the boundary (km², plane), in one statement."""
    line = func.json_build_array(
        CitySetting.key, CitySetting.value, CitySetting.changed_at, Account.display_name
    )
    rows = (
        select(func.json_agg(line))
        .select_from(CitySetting)
        .outerjoin(Account, Account.id == CitySetting.changed_by)
        .scalar_subquery()
    )
    plane = func.ST_Transform(Municipality.boundary, Municipality.plane_srid)
    area = select(func.ST_Area(plane) / 1_000_000).select_from(Municipality).scalar_subquery()
    points = select(func.ST_NPoints(Municipality.boundary)).select_from(Municipality)
    row = (await db.execute(select(rows, area, points.scalar_subquery()))).one()
    found = row[0] or []
    return SettingsView(
        rules=read_rules({key: value for key, value, _at, _who in found}),
        changes={
            key: RuleChange(dt.datetime.fromisoformat(at), who or "")
            for key, _value, at, who in found
        },
        boundary_km2=row[1], boundary_vertices=row[2] or 0,
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
