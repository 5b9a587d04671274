"""Keeping and forgetting what somebody wishes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from geo.cells import cell_middle
from geo.crs import WGS84
from geo.distance import haversine_m
from server.audit.actions import record
from server.citysettings.queries import City
from server.db.context import now
from server.errors import Invalid
from server.http.i18n import gettext as _
from server.matching.models import Preferences
from server.policy import Actor

FAR_M = 100_000  # a home farther off than this is a slip of the finger


@dataclass(frozen=True)
class Home:
    """Where somebody starts from: the middle of a cell (degrees), and what it is called."""

    lon: float
    lat: float
    label: str


def coarse_home(city: City, lon: float, lat: float, label: str) -> Home:
    """The cell that an exact position lies in. Raises Invalid for one that is not near the city."""
    try:
        spot = cell_middle(lon, lat, city.plane_srid)
    except ValueError:
        spot = None
    if spot is None or haversine_m(*spot, *city.centre) > FAR_M:
        raise Invalid(_("この場所は遠すぎます。市の近くの場所を選んでください。"), "place")
    return Home(*spot, label)


async def save(
    db: AsyncSession,
    actor: Actor,
    wishes: Mapping[str, Any],
    *,
    home: Home | None,
    forget_home: bool = False,
) -> None:
    """Keep somebody's wishes. Without ``home`` the place stays as it is, unless it is forgotten."""
    values: dict[str, Any] = {**wishes, "updated_at": now(db)}
    if home is not None:
        point = f"SRID={WGS84};POINT({home.lon} {home.lat})"
        values |= {"home": point, "home_label": home.label}
    elif forget_home:
        values |= {"home": None, "home_label": ""}
    statement = insert(Preferences).values(account_id=actor.account_id, **values)
    await db.execute(statement.on_conflict_do_update(index_elements=["account_id"], set_=values))
    place = "set" if home else "forgotten" if forget_home else "kept"
    record(db, actor, "preferences.save", "preferences", actor.account_id, place=place)


async def forget(db: AsyncSession, actor: Actor) -> None:
    """Delete all of somebody's wishes; harmless when there are none."""
    gone = await db.execute(
        delete(Preferences)
        .where(Preferences.account_id == actor.account_id)
        .returning(Preferences.account_id)
    )
    if gone.first() is not None:
        record(db, actor, "preferences.delete", "preferences", actor.account_id)
