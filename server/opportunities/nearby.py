"""The list and the map of coming activities: one statement each, from the same conditions.

Distances run over the index on ``meeting_point::geography``: real metres, and nearest first without
sorting everything. Days, weekdays and times of day are those of the city's clock.
"""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    Integer,
    Interval,
    Select,
    and_,
    case,
    cast,
    extract,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import UserDefinedType

from geo.crs import WGS84
from server.opportunities.models import Opportunity, Signup
from server.opportunities.search import PAGE_SIZE, WHOLE_CITY, Search
from server.partners.models import Partner

LAYER_CAP = 2_000
SHORT = dt.timedelta(hours=1)
NOON, EVENING = 12, 16


class Geog(UserDefinedType[Any]):
    """The bare type ``geography``: the index is on this cast, and only the same cast finds it."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "geography"


@dataclass(frozen=True)
class Card:
    """A coming activity as lists show it. Distances in metres, lon/lat in degrees."""

    id: uuid.UUID
    title: str
    works: list[str]
    starts_at: dt.datetime
    ends_at: dt.datetime
    meeting_place: str
    lon: float
    lat: float
    capacity: int
    children_ok: bool
    empty_handed_ok: bool
    step_free: bool
    bring: str
    host: str | None  # None = a private person who stays unnamed; "" = the city itself
    host_code: str | None
    taken: int
    my_people: int | None
    distance_m: float | None

    @property
    def left(self) -> int:
        """Places that are still free."""
        return max(0, self.capacity - self.taken)


@dataclass(frozen=True)
class Found:
    """One page of results."""

    cards: list[Card]
    has_more: bool


def point(lon: float, lat: float) -> ColumnElement[Any]:
    """A geography point of degrees."""
    return cast(func.ST_SetSRID(func.ST_MakePoint(lon, lat), WGS84), Geog)


def meeting_geog() -> ColumnElement[Any]:
    """The indexed expression for distances."""
    return cast(Opportunity.meeting_point, Geog)


def taken_places() -> ColumnElement[int]:
    """How many people hold a place in the activity of the enclosing query."""
    total = select(func.coalesce(func.sum(Signup.people), 0)).where(
        Signup.opportunity_id == Opportunity.id, Signup.cancelled_at.is_(None)
    )
    return cast(total.correlate(Opportunity).scalar_subquery(), Integer)


def places_held_by(account_id: uuid.UUID | None) -> ColumnElement[int | None]:
    """With how many people somebody has signed up, or null."""
    if account_id is None:
        return literal(None, Integer)
    mine = select(Signup.people).where(
        Signup.opportunity_id == Opportunity.id,
        Signup.account_id == account_id,
        Signup.cancelled_at.is_(None),
    )
    return mine.correlate(Opportunity).scalar_subquery()


def host_name() -> ColumnElement[str | None]:
    """Public name of the host: null for a person who wants no name, empty for the city."""
    return case(
        (Opportunity.partner_id.is_(None), ""),
        (Partner.name_public, Partner.name),
        else_=None,
    )


def _local(moment: ColumnElement[dt.datetime], zone: str) -> ColumnElement[dt.datetime]:
    return func.timezone(zone, moment)


def conditions(search: Search, now: dt.datetime, zone: str) -> list[ColumnElement[bool]]:
    """What the filters mean in SQL, for list and map alike (without the distance)."""
    starts = _local(Opportunity.starts_at, zone)
    rules = [Opportunity.state == "published", Opportunity.starts_at > now]
    rules += _days(search, cast(starts, Date), cast(_local(literal(now), zone), Date))
    if search.weekday:
        rules.append(extract("isodow", starts) == int(search.weekday))
    if search.band:
        hour = extract("hour", starts)
        bands = {
            "morning": hour < NOON,
            "afternoon": and_(hour >= NOON, hour < EVENING),
            "evening": hour >= EVENING,
        }
        rules.append(bands[search.band])
    if search.work:
        rules.append(Opportunity.works.contains([search.work]))
    traits = {
        "short": Opportunity.ends_at - Opportunity.starts_at <= literal(SHORT, Interval),
        "empty_handed": Opportunity.empty_handed_ok.is_(True),
        "children": Opportunity.children_ok.is_(True),
        "step_free": Opportunity.step_free.is_(True),
    }
    return rules + [traits[name] for name in sorted(search.traits)]


def _days(
    search: Search, day: ColumnElement[dt.date], today: ColumnElement[dt.date]
) -> list[ColumnElement[bool]]:
    if search.when == "today":
        return [day == today]
    if search.when == "weekend":
        monday = cast(func.date_trunc("week", today), Date)
        return [day.between(monday + 5, monday + 6)]
    if search.when == "day":
        return [day == literal(search.day, Date)]
    return []


def within(search: Search) -> list[ColumnElement[bool]]:
    """The distance condition, if there is a place and a radius."""
    if search.where is None or search.radius_m == WHOLE_CITY:
        return []
    here = point(search.where.lon, search.where.lat)
    return [func.ST_DWithin(meeting_geog(), here, search.radius_m)]


def order(search: Search) -> list[ColumnElement[Any]]:
    """Nearest or soonest first, and never by chance."""
    soonest: list[Any] = [Opportunity.starts_at, Opportunity.id]
    if search.where is None or search.sort == "soon":
        return soonest
    here = point(search.where.lon, search.where.lat)
    return [meeting_geog().op("<->")(here), *soonest]


def list_statement(
    search: Search, *, now: dt.datetime, zone: str, account_id: uuid.UUID | None, limit: int
) -> Select[Any]:
    """One page of cards: candidates by index first, then what is shown of these few."""
    here = point(search.where.lon, search.where.lat) if search.where else None
    candidates = (
        select(Opportunity.id, func.row_number().over(order_by=order(search)).label("rank"))
        .where(*conditions(search, now, zone), *within(search))
        .order_by(*order(search))
        .limit(limit)
        .offset(search.offset)
        .cte("candidates")
    )
    return (
        select(
            Opportunity.id, Opportunity.title, Opportunity.works,
            Opportunity.starts_at, Opportunity.ends_at, Opportunity.meeting_place,
            func.ST_X(Opportunity.meeting_point).label("lon"),
            func.ST_Y(Opportunity.meeting_point).label("lat"),
            Opportunity.capacity, Opportunity.children_ok, Opportunity.empty_handed_ok,
            Opportunity.step_free, Opportunity.bring, host_name().label("host"),
            case((Partner.name_public, Partner.code), else_=None).label("host_code"),
            taken_places().label("taken"), places_held_by(account_id).label("my_people"),
            (literal(None) if here is None else func.ST_Distance(meeting_geog(), here))
            .label("distance_m"),
        )
        .join(candidates, candidates.c.id == Opportunity.id)
        .outerjoin(Partner, Partner.id == Opportunity.partner_id)
        .order_by(candidates.c.rank)
    )  # fmt: skip


async def find(
    db: AsyncSession,
    search: Search,
    *,
    now: dt.datetime,
    zone: str,
    account_id: uuid.UUID | None = None,
    size: int = PAGE_SIZE,
) -> Found:
    """One page of coming activities, in one statement; one row more tells whether there are more."""
    statement = list_statement(search, now=now, zone=zone, account_id=account_id, limit=size + 1)
    cards = [Card(**row._mapping) for row in await db.execute(statement)]
    return Found(cards[:size], len(cards) > size)


# --- the map -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LayerWish:
    """What the map asks for beside the filters: the box (degrees) and the numbers of its pins.

    ``pins`` are the results of the list's page in order; the first one is number ``first``.
    ``only`` leaves out everything else: a list around a private position has no address to filter
    by, but its results have.
    """

    bbox: tuple[float, float, float, float] | None = None
    pins: Sequence[uuid.UUID] = ()
    first: int = 1
    only: bool = False


def _state(account_id: uuid.UUID | None) -> ColumnElement[str]:
    """Key of ``geo/palette.py``."""
    return case(
        (Opportunity.state == "cancelled", "cancelled"),
        (places_held_by(account_id).is_not(None), "joined"),
        (taken_places() >= Opportunity.capacity, "full"),
        else_="open",
    )


def _feature(card_path: str, label: Any, account_id: uuid.UUID | None) -> ColumnElement[Any]:
    identity = func.cast(Opportunity.id, literal_column("text"))
    identity = cast(Opportunity.id, literal("").type)
    return func.json_build_object(
        "type", "Feature",
        "geometry", cast(func.ST_AsGeoJSON(Opportunity.meeting_point, 6), JSONB),
        "properties", func.json_build_object(
            "id", identity, "name", Opportunity.title, "state", _state(account_id),
            "label", label, "url", func.replace(card_path, "{id}", identity),
        ),
    )  # fmt: skip


def layer_statement(
    search: Search,
    wish: LayerWish,
    *,
    now: dt.datetime,
    zone: str,
    account_id: uuid.UUID | None,
    card_path: str,
) -> Select[Any]:
    """A GeoJSON FeatureCollection with the same conditions as the list, at most ``LAYER_CAP``."""
    pins = literal(list(wish.pins), ARRAY(UUID(as_uuid=True)))
    number = func.array_position(pins, Opportunity.id) + (wish.first - 1)
    label = func.coalesce(cast(number, literal("").type), "")
    rules = [*conditions(search, now, zone), *within(search)]
    if wish.only:
        rules.append(Opportunity.id == func.any(pins))
    if wish.bbox:
        rules.append(Opportunity.meeting_point.op("&&")(func.ST_MakeEnvelope(*wish.bbox, WGS84)))
    numbered_first = case((number.is_not(None), 0), else_=1)
    rows = (
        select(
            _feature(card_path, label, account_id).label("feature"),
            func.row_number().over(order_by=[numbered_first, *order(search)]).label("n"),
        )
        .where(*rules)
        .order_by(numbered_first, *order(search))
        .limit(LAYER_CAP + 1)
        .subquery()
    )
    features = func.coalesce(
        func.json_agg(rows.c.feature).filter(rows.c.n <= LAYER_CAP), literal_column("'[]'::json")
    )
    return select(
        cast(
            func.json_build_object(
                "type", "FeatureCollection",
                "features", features,
                "truncated", func.count() > LAYER_CAP,
            ),
            literal("").type,
        )
    ).select_from(rows)  # fmt: skip


async def layer(
    db: AsyncSession,
    search: Search,
    wish: LayerWish,
    *,
    now: dt.datetime,
    zone: str,
    account_id: uuid.UUID | None,
    card_path: str,
) -> str:
    """The map's features as GeoJSON text, in one statement. ``card_path`` holds ``{id}``."""
    statement = layer_statement(
        search, wish, now=now, zone=zone, account_id=account_id, card_path=card_path
    )
    return str(await db.scalar(statement))
