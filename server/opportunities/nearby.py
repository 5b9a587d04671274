"""The list and the map of coming activities: one statement each, from the same conditions.

Distances run over the index on ``meeting_point::geography``: real metres, and nearest first without
sorting everything. Days, weekdays and times of day are those of the city's clock.
"""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    DateTime,
    Float,
    Integer,
    Interval,
    Select,
    Text,
    and_,
    case,
    cast,
    extract,
    func,
    literal,
    or_,
    select,
    union,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY, UUID
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import UserDefinedType

from geo.crs import WGS84
from geo.shapes import Bounds
from server.areas.models import Area
from server.maps.features import in_box
from server.opportunities.models import Opportunity, OpportunityArea, Signup, WaitlistEntry
from server.opportunities.search import EVENING, NOON, PAGE_SIZE, WHOLE_CITY, Search
from server.partners.models import Partner

SHORT = dt.timedelta(hours=1)


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
    offered: int
    my_people: int | None
    distance_m: float | None
    deadline_at: dt.datetime | None = None
    reasons: tuple[str, ...] = ()  # why it is recommended, in plain words

    @property
    def left(self) -> int:
        """Places that are still free: neither taken nor held by an open offer."""
        return max(0, self.capacity - self.taken - self.offered)


@dataclass(frozen=True)
class Found:
    """One page of results."""

    cards: list[Card]
    has_more: bool
    left_out: int = 0  # what is near but cannot be recommended: full, no longer open, too young


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


def offered_places() -> ColumnElement[int]:
    """How many places open offers of the waiting list hold in the enclosing query's activity."""
    total = select(func.coalesce(func.sum(WaitlistEntry.people), 0)).where(
        WaitlistEntry.opportunity_id == Opportunity.id,
        WaitlistEntry.ended_at.is_(None),
        WaitlistEntry.offered_at.is_not(None),
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
    starts = _local(Opportunity.starts_at.expression, zone)
    rules = [Opportunity.state == "published", Opportunity.starts_at > now]
    rules += _days(search, cast(_local(literal(now), zone), Date), zone)
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


def _days(search: Search, today: ColumnElement[dt.date], zone: str) -> list[ColumnElement[bool]]:
    """Days as spans of time, so that the index on ``starts_at`` can help."""

    def between(first: ColumnElement[dt.date], days: int) -> ColumnElement[bool]:
        begin, end = (func.timezone(zone, cast(day, DateTime)) for day in (first, first + days))
        return and_(Opportunity.starts_at >= begin, Opportunity.starts_at < end)

    saturday = cast(func.date_trunc("week", today), Date) + 5
    wishes = {"today": between(today, 1), "weekend": between(saturday, 2)}
    rules: list[ColumnElement[bool]] = []
    if search.days:
        rules.append(or_(*(wishes[name] for name in sorted(search.days))))
    if search.day:
        rules.append(between(cast(search.day, Date), 1))
    return rules


def within(search: Search) -> list[ColumnElement[bool]]:
    """The distance condition, if there is a place and a radius."""
    if search.where is None or search.radius_m == WHOLE_CITY:
        return []
    here = point(search.where.lon, search.where.lat)
    return [func.ST_DWithin(meeting_geog(), here, search.radius_m)]


def reach_m(
    search: Search, rules: list[ColumnElement[bool]], limit: int
) -> ColumnElement[float | None]:
    """How far one must go from the search's place for its first ``limit`` results."""
    assert search.where is not None  # noqa: S101 - nothing is near without a place
    here = point(search.where.lon, search.where.lat)
    radius_m = None if search.radius_m == WHOLE_CITY else literal(float(search.radius_m), Float)
    return reach_from(here, radius_m, rules, limit)


def reach_from(
    here: ColumnElement[Any],
    radius_m: ColumnElement[float] | None,
    rules: list[ColumnElement[bool]],
    limit: int,
) -> ColumnElement[float | None]:
    """How far one must go from ``here`` for ``limit`` results: the KNN scan, nearest first.

    The scan may order by distance only, or the index is not used; and equal distances (one meeting
    place, many days) come in any order. So it says how far, and the list takes everything within.
    """
    metres = meeting_geog().op("<->", return_type=Float())(here)
    if radius_m is not None:
        # A box, since the planner counts ST_DWithin twice and then expects nothing to be found
        rules = [*rules, meeting_geog().bool_op("&&")(_disc(here, radius_m))]
    nearest = select(metres.label("m")).where(*rules).order_by(metres).limit(limit).cte("nearest")
    # <-> measures on a sphere, ST_DWithin on the spheroid: up to 0.6 % apart
    enough = func.max(nearest.c.m) * 1.01 + 1
    bounds = [] if radius_m is None else [radius_m]
    return select(func.least(enough, *bounds)).scalar_subquery()


def _disc(here: ColumnElement[Any], radius_m: ColumnElement[float]) -> ColumnElement[Any]:
    """A polygon around a disc (ST_Buffer stays inside of it, hence a little more)."""
    return cast(func.ST_Buffer(here, radius_m * 1.05 + 1), Geog)


def order(search: Search) -> list[ColumnElement[Any]]:
    """Nearest or soonest first, and never by chance."""
    soonest: list[Any] = [Opportunity.starts_at, Opportunity.id]
    if search.where is None or search.sort == "soon":
        return soonest
    here = point(search.where.lon, search.where.lat)
    return [meeting_geog().op("<->")(here), *soonest]


def card_columns(
    account_id: uuid.UUID | None, here: ColumnElement[Any] | None
) -> tuple[ColumnElement[Any], ...]:
    """What a ``Card`` holds; the query joins ``Partner`` (outer)."""
    metres = cast(None, Float) if here is None else func.ST_Distance(meeting_geog(), here)
    return (
        Opportunity.id.expression, Opportunity.title.expression, Opportunity.works.expression,
        Opportunity.starts_at.expression, Opportunity.ends_at.expression,
        Opportunity.meeting_place.expression,
        func.ST_X(Opportunity.meeting_point).label("lon"),
        func.ST_Y(Opportunity.meeting_point).label("lat"),
        Opportunity.capacity.expression, Opportunity.children_ok.expression,
        Opportunity.empty_handed_ok.expression, Opportunity.step_free.expression,
        Opportunity.bring.expression, host_name().label("host"),
        case((Partner.name_public, Partner.code), else_=None).label("host_code"),
        taken_places().label("taken"), offered_places().label("offered"),
        places_held_by(account_id).label("my_people"), metres.label("distance_m"),
        Opportunity.deadline_at.expression,
    )  # fmt: skip


def list_statement(
    search: Search, *, now: dt.datetime, zone: str, account_id: uuid.UUID | None, limit: int
) -> Select[Any]:
    """One page of cards: candidates by index first, then what is shown of these few."""
    here = point(search.where.lon, search.where.lat) if search.where else None
    rules = conditions(search, now, zone)
    if here is None or search.sort == "soon":
        near = within(search)
    else:
        reach = reach_m(search, rules, search.offset + limit)
        near = [func.ST_DWithin(meeting_geog(), here, reach)]
    candidates = (
        select(Opportunity.id)
        .where(*rules, *near)
        .order_by(*order(search))
        .limit(limit)
        .offset(search.offset)
        .cte("candidates")
    )
    return (
        select(*card_columns(account_id, here))
        .join(candidates, candidates.c.id == Opportunity.id)
        .outerjoin(Partner, Partner.id == Opportunity.partner_id)
        .order_by(*order(search))
    )


async def find(
    db: AsyncSession,
    search: Search,
    *,
    now: dt.datetime,
    zone: str,
    account_id: uuid.UUID | None = None,
    size: int = PAGE_SIZE,
) -> Found:
    """One page of coming activities, in one statement; one row more tells if there are more."""
    statement = list_statement(search, now=now, zone=zone, account_id=account_id, limit=size + 1)
    cards = [Card(**row._mapping) for row in await db.execute(statement)]
    return Found(cards[:size], len(cards) > size)


# --- the map -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LayerWish:
    """What the map asks for beside the filters: its box (degrees) and the numbers of its pins.

    ``pins`` are the results on the list's page, in order; the first one is number ``first``.
    ``only`` leaves out all others: a list around a private position has no address to filter by,
    but its results have.
    """

    bbox: Bounds | None = None
    pins: tuple[uuid.UUID, ...] = ()
    first: int = 1
    only: bool = False


def layer_rows(
    search: Search, wish: LayerWish, *, now: dt.datetime, zone: str, account_id: uuid.UUID | None
) -> Select[Any]:
    """What the map draws, under the same conditions as the list; numbered ones come first."""
    ids = ARRAY(UUID(as_uuid=True))
    pins = cast(literal(list(wish.pins), ids), ids)
    number = func.array_position(pins, Opportunity.id) + (wish.first - 1)
    rules = [*conditions(search, now, zone), *within(search)]
    if wish.only:
        rules.append(Opportunity.id == func.any(pins))
    return (
        select(
            Opportunity.meeting_point.label("geom"), *_shown(account_id),
            func.coalesce(cast(number, Text), "").label("label"),
            func.concat("/opportunities/", Opportunity.id, "/card").label("url"),
        )
        .where(*rules, *in_box(Opportunity.meeting_point.expression, wish.bbox))
        .order_by(number.asc().nulls_last(), *order(search))
    )  # fmt: skip


def _shown(account_id: uuid.UUID | None) -> tuple[ColumnElement[Any], ...]:
    """Id, name and the key of ``geo/palette.py`` for a feature."""
    state = case(
        (Opportunity.state == "cancelled", "cancelled"),
        (places_held_by(account_id).is_not(None), "joined"),
        (taken_places() + offered_places() >= Opportunity.capacity, "full"),
        else_="open",
    )
    title = Opportunity.title.label("name")
    return cast(Opportunity.id, Text).label("id"), title, state.label("state")


def point_and_area_rows(id: uuid.UUID, account_id: uuid.UUID | None) -> Select[Any]:
    """One activity's meeting point, and the areas it covers as context."""
    public = (Opportunity.id == id, Opportunity.state != "draft")
    here = select(
        Opportunity.meeting_point.label("geom"), *_shown(account_id), literal("").label("label")
    ).where(*public)
    own = select(Opportunity.area_id).where(*public)
    more = (
        select(OpportunityArea.area_id)
        .join(Opportunity, Opportunity.id == OpportunityArea.opportunity_id)
        .where(*public)
    )
    around = select(
        Area.geom.label("geom"), cast(Area.id, Text).label("id"), Area.name.label("name"),
        literal("context").label("state"), literal("").label("label"),
    ).where(Area.id.in_(union(own, more)))  # fmt: skip
    return select(union_all(here, around).subquery())
