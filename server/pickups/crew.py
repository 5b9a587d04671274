"""What staff and crew do: fix the day, order the stops, write down what came of each."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from decimal import Decimal

from sqlalchemy import bindparam, func, select, text, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.ext.asyncio import AsyncSession

from geo.route import visiting_order
from server.audit.actions import record
from server.citysettings.queries import City
from server.coverage.care import city_today
from server.errors import Conflict, Full, Invalid, NotFound
from server.http.i18n import gettext as _
from server.http.i18n import jdate
from server.pickups import queries
from server.pickups.calendar import SetApart, crew_calendar
from server.pickups.machine import PICKUP
from server.pickups.models import CollectionDay, PickupContent
from server.pickups.models import Pickup as PickupRow
from server.pickups.queries import STOP_STATES, Pickup
from server.policy import Actor
from server.workflow.actions import move

Day = dt.date


async def _hold_days(db: AsyncSession, days: Sequence[Day]) -> None:
    """Whoever fixes a stop to a day, or changes the day, does so alone: two people who fill the
    last place at once would otherwise both count one free. Sorted, so that they never deadlock."""
    for day in sorted(set(days)):
        key = func.hashtextextended(f"pickup-day {day.isoformat()}", 0)
        await db.execute(select(func.pg_advisory_xact_lock(key)))


async def schedule(
    db: AsyncSession, actor: Actor, city: City, days: Mapping[uuid.UUID, Day]
) -> list[Pickup]:
    """Fix a day for each of these requests: all of them or, when one does not fit, none.

    Raises Invalid (field ``day``) for a day without crew or in the past, Full when a day has no
    room for all, Conflict when one of them has moved on, NotFound for an unknown id.
    """
    await _hold_days(db, list(days.values()))
    found = await queries.some(db, list(days))
    if len(found) != len(days):
        raise NotFound(_("回収依頼が見つかりません。"))
    await _check_days(db, city, list(days.values()))
    for one in found:
        day = days[one.id]
        values = {"scheduled_on": day, "route_position": None}
        await move(db, actor, PICKUP, one.stand, "schedule", values=values,
                   comment=_("回収日: %(day)s") % {"day": jdate(day)},
                   detail={"day": day.isoformat()})  # fmt: skip
    return found


async def _check_days(db: AsyncSession, city: City, wanted: Sequence[Day]) -> None:
    today = city_today(db, city)
    if min(wanted) < today:
        raise Invalid(_("今日より前の日には決められません。"), "day")
    calendar = await queries.calendar(db, city.rules, today)
    for day in sorted(set(wanted)):
        if not calendar.is_open(day):
            raise Invalid(_("%(day)sは回収しない日です。") % {"day": jdate(day)}, "day")
        if wanted.count(day) > calendar.room_on(day):
            message = _("%(day)sは、あと%(room)s件までです。%(n)s件は入りません。")
            values = {"day": jdate(day), "room": calendar.room_on(day), "n": wanted.count(day)}
            raise Full(message % values)


# --- the order of the day ------------------------------------------------------------------------


def in_route_order(stops: Sequence[Pickup], start: tuple[float, float]) -> tuple[Pickup, ...]:
    """The stops of a day as they are driven: those placed by hand first, the rest by the way.

    ``start`` is lon, lat; cancelled requests are no stops.
    """
    driven = [one for one in stops if one.state in STOP_STATES]
    placed = [one for one in driven if one.route_position is not None]
    rest = [one for one in driven if one.route_position is None]
    begin = (placed[-1].lon, placed[-1].lat) if placed else start
    order = visiting_order(begin, [(one.lon, one.lat) for one in rest])
    return (*placed, *(rest[index] for index in order))


async def shift(
    db: AsyncSession, actor: Actor, city: City, day: Day, id: uuid.UUID, by: int
) -> None:
    """Move a stop earlier (-1) or later (+1); at either end nothing happens."""
    await _hold_days(db, [day])
    start, rows = await queries.on_day(db, city, day)
    stops = list(in_route_order(rows, start.point))
    at = next((n for n, one in enumerate(stops) if one.id == id), None)
    if at is None:
        raise NotFound(_("回収依頼が見つかりません。"))
    to = at + by
    if not 0 <= to < len(stops):
        return
    stops[at], stops[to] = stops[to], stops[at]
    placing = (
        update(PickupRow.__table__)  # type: ignore[arg-type]
        .where(PickupRow.__table__.c.id == bindparam("stop"))
        .values(route_position=bindparam("position"))
    )
    await db.execute(placing, [{"stop": one.id, "position": n} for n, one in enumerate(stops, 1)])
    record(db, actor, "pickup.reorder", "collection_day", day.isoformat(), stop=str(id), by=by)


async def by_the_way(db: AsyncSession, actor: Actor, day: Day) -> None:
    """Forget the order set by hand."""
    await _hold_days(db, [day])
    placed = PickupRow.scheduled_on == day, PickupRow.route_position.is_not(None)
    hit = await db.scalars(
        update(PickupRow).where(*placed).values(route_position=None).returning(PickupRow.id)
    )
    if hit.all():
        record(db, actor, "pickup.reorder", "collection_day", day.isoformat(), by="route")


# --- what came of it -----------------------------------------------------------------------------


async def collect(
    db: AsyncSession, actor: Actor, city: City, pickup: Pickup,
    taken: Mapping[tuple[str, str], Decimal] | None = None, comment: str = "",
) -> None:  # fmt: skip
    """The crew has been there. ``taken`` by class and unit when some was left behind (then a
    reason is needed); None = everything. A second time the same does nothing.

    Raises Invalid for a day to come or amounts that are not a part of what was there.
    """
    if (pickup.state, taken) == ("collected", None):
        return
    today = city_today(db, city)
    if pickup.scheduled_on is None or pickup.scheduled_on > today:
        raise Invalid(_("回収日になってから記録してください。"))
    whole = {(x.litter_class, x.unit): x.quantity for x in pickup.contents}
    amounts = whole if taken is None else _checked_part(whole, taken)
    verb = "collect" if taken is None else "collect_part"
    values = {"collected_on": pickup.scheduled_on}
    await move(db, actor, PICKUP, pickup.stand, verb, comment=comment, values=values)
    table = PickupContent.__table__
    writing = (
        update(table)  # type: ignore[arg-type]
        .where(
            table.c.pickup_id == pickup.id, table.c["class"] == bindparam("kind"),
            table.c.unit == bindparam("in_unit"),
        )
        .values(collected=bindparam("amount"))
    )  # fmt: skip
    rows = [{"kind": k, "in_unit": u, "amount": amount} for (k, u), amount in amounts.items()]
    await db.execute(writing, rows)


def _checked_part(
    whole: Mapping[tuple[str, str], Decimal], taken: Mapping[tuple[str, str], Decimal]
) -> dict[tuple[str, str], Decimal]:
    amounts = {key: taken.get(key, Decimal()) for key in whole}
    if any(not 0 <= amount <= whole[key] for key, amount in amounts.items()):
        raise Invalid(_("回収した量は、依頼の量までの数にしてください。"), "amount")
    if amounts == dict(whole):
        raise Invalid(_("全部回収したときは「回収した」を押してください。"), "amount")
    if not any(amounts.values()):
        raise Invalid(_("何も回収しなかったときは「回収できない」を押してください。"), "amount")
    return amounts


async def put_back(db: AsyncSession, actor: Actor, pickup: Pickup, comment: str = "") -> None:
    """Take a request off its day, to fix another one."""
    values = {"scheduled_on": None, "route_position": None}
    await move(db, actor, PICKUP, pickup.stand, "put_back", comment=comment, values=values)


# --- the calendar --------------------------------------------------------------------------------


async def set_apart(
    db: AsyncSession, actor: Actor, city: City, day: Day, special: SetApart | None
) -> None:
    """Make a day differ from the weekly rule; None = as usual again.

    Raises Conflict when stops are fixed on it that would no longer fit.
    """
    await _hold_days(db, [day])
    calendar = await queries.calendar(db, city.rules, day, days=0)
    others = {k: v for k, v in calendar.set_apart.items() if k != day}
    after = crew_calendar(
        city.rules, others if special is None else {**others, day: special}, calendar.taken
    )
    fixed = calendar.taken.get(day, 0)
    if fixed > after.capacity_of(day):
        message = _("%(day)sは%(n)s件の回収が決まっています。先に、別の日に決め直してください。")
        raise Conflict(message % {"day": jdate(day), "n": fixed})
    if special is None:
        await db.execute(text("DELETE FROM collection_days WHERE on_day = :day"), {"day": day})
        record(db, actor, "collection_day.reset", "collection_day", day.isoformat())
        return
    values = {"open": special.open, "capacity": special.capacity, "note": special.note}
    await db.execute(
        pg_insert(CollectionDay)
        .values(on_day=day, **values)
        .on_conflict_do_update(index_elements=["on_day"], set_=values)
    )
    record(db, actor, "collection_day.set", "collection_day", day.isoformat(), **values)
