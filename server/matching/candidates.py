"""One SQL statement: what could suit somebody, and all that its score needs.

1. **Candidates by index.** The ``NEAREST`` activities within reach (KNN over the geography index)
   and the ``SOONEST`` within reach (index on the beginning). What is both far and late is not
   looked at: it would not come first anyway. Filters of the list and hard limits of time (begun,
   sign-up closed) apply here. Without a place to start from only the soonest count.
2. **Features of these few**: places left, care of the area, agreement, earlier participation,
   how full the host's activities were. Each is computed for the candidates only.

The home of a person never leaves the database: the statement reads it itself.
"""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Date,
    Float,
    Integer,
    Select,
    Uuid,
    and_,
    case,
    cast,
    extract,
    func,
    literal,
    or_,
    select,
    true,
    union,
)
from sqlalchemy.orm import aliased

from server.agreements.models import Agreement
from server.citysettings.registry import CityRules
from server.coverage.care import care_of_areas
from server.matching.models import Preferences
from server.opportunities import nearby
from server.opportunities.models import Opportunity, OpportunitySlot, Signup
from server.opportunities.nearby import Geog, meeting_geog
from server.opportunities.search import EVENING, NOON, WHOLE_CITY, Search
from server.partners.models import Partner

NEAREST = SOONEST = 150
HORIZON = dt.timedelta(days=90)  # nearest ones later than this are not searched for
HOST_DAYS = 90
HOST_ACTIVITIES = 20  # the latest of a host's activities that say how full they usually are


@dataclass(frozen=True)
class Asked:
    """For whom, where and when activities are looked for. ``today`` by the city's clock."""

    search: Search
    account_id: uuid.UUID | None
    now: dt.datetime
    today: dt.date
    zone: str
    rules: CityRules
    only: uuid.UUID | None = None  # explain this one, whether it is near or not


def statement(asked: Asked) -> Select[Any]:
    """One row for each candidate, with the person's wishes beside it; one row if there is none."""
    me = _me(asked)
    here, radius_m = _start(asked)
    chosen = _only(asked.only) if asked.only else _candidates(asked, here, radius_m)
    rows = _features(asked, chosen, here).cte("rows")
    return (
        select(rows, *(column.label(f"my_{column.name}") for column in me.c))
        .select_from(me.outerjoin(rows, true()))
        .order_by(rows.c.starts_at, rows.c.id)
    )


# --- the person and the place ---------------------------------------------------------------------


def _me(asked: Asked) -> CTE:
    """The wishes, always as one row: empty ones for somebody who has told nothing."""
    names = ("reach_m", "travel", "free_times", "works", "kinds", "strength", "with_children",
             "step_free", "tools", "company", "group_people", "languages")  # fmt: skip
    one = select(literal(1).label("n")).subquery("one")
    columns = [getattr(Preferences, name) for name in names]
    mine = Preferences.account_id == literal(asked.account_id, Uuid)
    known = select(*columns, Preferences.account_id.label("known")).where(mine).subquery("known")
    return select(known).select_from(one.outerjoin(known, true())).cte("me")


def _start(asked: Asked) -> tuple[ColumnElement[Any] | None, ColumnElement[float] | None]:
    """Where distances begin and how far they go (metres; None = no limit)."""
    where, search = asked.search.where, asked.search
    if where is not None:
        limit = None if search.radius_m == WHOLE_CITY else literal(float(search.radius_m), Float)
        return nearby.point(where.lon, where.lat), limit
    if asked.account_id is None:
        return None, None
    mine = Preferences.account_id == asked.account_id
    home = select(cast(Preferences.home, Geog)).where(mine).scalar_subquery()
    return home, select(cast(Preferences.reach_m, Float)).where(mine).scalar_subquery()


# --- candidates -----------------------------------------------------------------------------------


def _candidates(
    asked: Asked, here: ColumnElement[Any] | None, radius_m: ColumnElement[float] | None
) -> CTE:
    """Ids of the nearest and the soonest, each by its own index."""
    open_ones = [
        *nearby.conditions(asked.search, asked.now, asked.zone),
        or_(Opportunity.deadline_at.is_(None), Opportunity.deadline_at > asked.now),
    ]
    soonest: list[ColumnElement[Any]] = [
        Opportunity.starts_at.expression,
        Opportunity.id.expression,
    ]
    first = select(Opportunity.id).where(*open_ones).order_by(*soonest).limit(SOONEST)
    if here is None:
        return select(first.subquery().c.id).cte("chosen")
    within = [] if radius_m is None else [func.ST_DWithin(meeting_geog(), here, radius_m)]
    parts = [first.where(*within), _nearest(asked, open_ones, here, radius_m)]
    if asked.search.where is None:  # a person whose home is not known
        parts.append(first.where(here.is_(None)))
    return union(*(select(part.subquery().c.id) for part in parts)).cte("chosen")


def _nearest(
    asked: Asked,
    rules: list[ColumnElement[bool]],
    here: ColumnElement[Any],
    radius_m: ColumnElement[float] | None,
) -> Select[Any]:
    if not asked.search.day:
        rules = [*rules, Opportunity.starts_at <= asked.now + HORIZON]
    enough = nearby.reach_from(here, radius_m, rules, NEAREST)
    metres = meeting_geog().op("<->", return_type=Float())(here)
    order: list[ColumnElement[Any]] = [
        metres,
        Opportunity.starts_at.expression,
        Opportunity.id.expression,
    ]
    near = func.ST_DWithin(meeting_geog(), here, enough)
    return select(Opportunity.id).where(*rules, near).order_by(*order).limit(NEAREST)


def _only(id: uuid.UUID) -> CTE:
    return select(Opportunity.id).where(Opportunity.id == id).cte("chosen")


# --- features -------------------------------------------------------------------------------------


def _features(asked: Asked, chosen: CTE, here: ColumnElement[Any] | None) -> Select[Any]:
    """What a card shows and what a score asks about each candidate."""
    care, past, fill = _care(asked, chosen), _past(asked), _host_fill(asked, chosen)
    here_before = case(
        (Opportunity.area_id.is_not(None), past.c.area_id == Opportunity.area_id),
        else_=past.c.partner_id == Opportunity.partner_id,
    )
    before = select(func.count()).select_from(past).where(here_before)
    return (
        select(
            *nearby.card_columns(asked.account_id, here),
            Opportunity.partner_id, Opportunity.area_id, Opportunity.state, Opportunity.kind,
            Opportunity.strength, Opportunity.languages, Opportunity.min_age,
            Opportunity.min_people, Opportunity.wants_hands,
            _time(asked.zone).label("time"),
            _needs_course().label("needs_course"),
            func.coalesce(care.c.state, "").label("area_care"),
            before.scalar_subquery().label("been_before"),
            fill.c.fill.label("host_fill"),
            _agreement_active(asked.today).label("agreement_active"),
            _overlaps(asked).label("overlaps"),
        )
        .join(chosen, chosen.c.id == Opportunity.id)
        .outerjoin(Partner, Partner.id == Opportunity.partner_id)
        .outerjoin(care, care.c.area_id == Opportunity.area_id)
        .outerjoin(fill, fill.c.partner_id == Opportunity.partner_id)
    )  # fmt: skip


def _time(zone: str) -> ColumnElement[str]:
    """Weekday and part of the day by the city's clock, as in ``models.FREE_TIMES``."""
    local = func.timezone(zone, Opportunity.starts_at)
    hour = extract("hour", local)
    band = case((hour < NOON, "morning"), (hour < EVENING, "afternoon"), else_="evening")
    return func.concat(cast(extract("isodow", local), Integer), "-", band)


def _care(asked: Asked, chosen: CTE) -> CTE:
    """The care of the candidates' areas, by the same rule as the coverage map."""
    areas = (
        select(Opportunity.area_id)
        .join(chosen, chosen.c.id == Opportunity.id)
        .where(Opportunity.area_id.is_not(None))
        .distinct()
        .cte("chosen_areas")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    care = care_of_areas(asked.today, asked.rules)
    return (
        select(care.c.area_id, care.c.state)
        .join(areas, areas.c.area_id == care.c.area_id)
        .cte("care_now")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )


def _past(asked: Asked) -> CTE:
    """Where the person has taken part before."""
    then = aliased(Opportunity)
    return (
        select(then.partner_id, then.area_id)
        .join(Signup, Signup.opportunity_id == then.id)
        .where(
            Signup.account_id == literal(asked.account_id, Uuid),
            Signup.cancelled_at.is_(None),
            then.state == "published",
            then.starts_at <= asked.now,
        )
        .cte("past")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )


def _host_fill(asked: Asked, chosen: CTE) -> CTE:
    """How full (0 to 1) the latest activities of each candidate's host were."""
    hosts = (
        select(Opportunity.partner_id)
        .join(chosen, chosen.c.id == Opportunity.id)
        .where(Opportunity.partner_id.is_not(None))
        .distinct()
        .cte("chosen_hosts")
    )
    then = aliased(Opportunity)
    people = (
        select(func.coalesce(func.sum(Signup.people), 0))
        .where(Signup.opportunity_id == then.id, Signup.cancelled_at.is_(None))
        .scalar_subquery()
    )
    since = asked.now - dt.timedelta(days=HOST_DAYS)
    latest = (
        select(then.capacity, people.label("people"))
        .where(
            then.partner_id == hosts.c.partner_id,
            then.state == "published",
            then.starts_at.between(since, asked.now),
        )
        .order_by(then.starts_at.desc(), then.id)
        .limit(HOST_ACTIVITIES)
        .lateral("latest")
    )
    filled = func.least(1.0, cast(func.sum(latest.c.people), Float) / func.sum(latest.c.capacity))
    return (
        select(hosts.c.partner_id, filled.label("fill"))
        .join(latest, true())
        .group_by(hosts.c.partner_id)
        .cte("host_fill")
    )


def _needs_course() -> ColumnElement[bool]:
    """Whether every open part of the activity is for people with the course for mowers."""
    parts = select(func.coalesce(func.bool_and(OpportunitySlot.needs_course), False)).where(
        OpportunitySlot.opportunity_id == Opportunity.id, OpportunitySlot.closed_at.is_(None)
    )
    return parts.correlate(Opportunity).scalar_subquery()


def _agreement_active(today: dt.date) -> ColumnElement[bool]:
    """Whether the host may act today: the city always, a partner with an agreement in force."""
    live = select(Agreement.id).where(
        Agreement.partner_id == Opportunity.partner_id,
        Agreement.agreed_on.is_not(None),
        Agreement.period.contains(cast(today, Date)),
    )
    return or_(Opportunity.partner_id.is_(None), live.correlate(Opportunity).exists())


def _overlaps(asked: Asked) -> ColumnElement[bool]:
    """Whether the person has another place at the same time."""
    other = aliased(Opportunity)
    same_time = (
        select(Signup.id)
        .join(other, other.id == Signup.opportunity_id)
        .where(
            Signup.account_id == literal(asked.account_id, Uuid),
            Signup.cancelled_at.is_(None),
            and_(other.id != Opportunity.id, other.state == "published"),
            other.starts_at < Opportunity.ends_at,
            other.ends_at > Opportunity.starts_at,
        )
    )
    return same_time.correlate(Opportunity).exists()
