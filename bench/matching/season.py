"""One season, day by day: hosts publish, people look at the top of their list and join or not."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import exp
from random import Random

from bench.matching.city import DAYS, FIRST_DAY, WORK_STRENGTH, Area, Citizen, City, Host, logged
from geo.matching import Activity, Person, blocked_by

TOP = 8  # what people look at of a list
FRESH_DAYS, DUE_DAYS = 14, 45  # the defaults of the city's settings
ENOUGH = 5  # with fewer, members and helpers together, nobody goes out
SHOWN_REACHES = 1.5  # lists hold what is within so many reaches
METRES_PER_MINUTE = {"walk": 70, "bicycle": 180, "car": 450}
START_HOUR = {"morning": 9, "afternoon": 13}
EFFORT = -1.2  # of going at all
TOO_HARD = -1.2  # a step beyond one's stamina
LEVEL = {"light": 0, "normal": 1, "hard": 2}

Policy = Callable[[Person, "Sequence[Shown]"], "list[Shown]"]


@dataclass(slots=True)
class Event:
    """One activity of a host, with what happens to it."""

    id: str
    host: Host
    area: Area
    day: int
    starts_at: dt.datetime
    published: int
    works: frozenset[str]
    strength: str
    capacity: int
    children_ok: bool
    step_free: bool
    needs_course: bool
    min_people: int | None
    taken: int = 0
    overdue: bool = False  # on its day, before it is held
    held: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """An event as one person's list has it."""

    event: Event
    activity: Activity


@dataclass(frozen=True, slots=True)
class Join:
    """A sign-up."""

    citizen: int
    event: Event
    distance_m: float
    been_before: int


@dataclass(slots=True)
class Played:
    """A finished season."""

    events: list[Event]
    looks: int = 0
    joins: list[Join] = field(default_factory=list)


@dataclass(slots=True)
class _State:
    cleaned: dict[str, int | None]  # the day an area was cleaned last; None = never
    been: Counter[tuple[int, str]] = field(default_factory=Counter)
    busy: set[tuple[int, int]] = field(default_factory=set)  # citizen and day
    host_places: Counter[str] = field(default_factory=Counter)
    host_taken: Counter[str] = field(default_factory=Counter)
    ways: dict[tuple[int, str], float] = field(default_factory=dict)

    def distance_m(self, citizen: Citizen, area: Area) -> float:
        """As the crow flies; measured once."""
        pair = citizen.id, area.id
        if pair not in self.ways:
            self.ways[pair] = citizen.home.metres_to(area.middle)
        return self.ways[pair]


def play(city: City, policy: Policy) -> Played:
    """The season of a city whose lists are ordered by ``policy``. Same input, same season."""
    events = _events(city)
    played = Played(events)
    state = _State({a.id: _first_clean(a) for host in city.hosts for a in host.areas})
    lookers = _lookers(city)
    for day in range(DAYS):
        open_now = [e for e in events if e.published <= day < e.day]
        for citizen in lookers[day]:
            chance = Random(f"{city.seed}/{citizen.id}/{day}")  # the same under every policy
            _look(citizen, open_now, day, state, policy, chance, played)
        for event in events:
            if event.day == day:
                _hold(event, state)
    return played


def _lookers(city: City) -> list[list[Citizen]]:
    """Who looks on which day: the same under every policy."""
    chance = Random(f"looks/{city.seed}")
    return [[c for c in city.citizens if chance.random() < c.looks_per_week / 7]
            for _ in range(DAYS)]  # fmt: skip


def _events(city: City) -> list[Event]:
    chance = Random(f"events/{city.seed}")
    events = []
    for host in city.hosts:
        weekday = int(host.slot[0])
        first = (weekday - FIRST_DAY.isoweekday()) % 7 + 7 * host.first_week
        for turn, day in enumerate(range(first, DAYS, 7 * host.every_weeks)):
            # Its first area twice as often as the others: the favourite, in front of the door.
            area = host.areas[0] if turn % 2 else host.areas[turn // 2 % len(host.areas)]
            events.append(_event(host, area, day, turn, chance))
    return sorted(events, key=lambda e: (e.day, e.id))


def _event(host: Host, area: Area, day: int, turn: int, chance: Random) -> Event:
    return Event(
        id=f"{host.id}-{turn:02}",
        host=host,
        area=area,
        day=day,
        starts_at=_begin(day, host.slot),
        published=day - host.lead_days,
        works=frozenset(host.works),
        strength=max((WORK_STRENGTH[work] for work in host.works), key=LEVEL.__getitem__),
        capacity=chance.randrange(4, 16),
        children_ok=chance.random() < 0.6,
        step_free=chance.random() < 0.4,
        needs_course="weeding" in host.works and chance.random() < 0.15,
        min_people=max(1, ENOUGH - host.turnout) if host.turnout < ENOUGH else None,
    )


def _begin(day: int, slot: str) -> dt.datetime:
    clock = dt.time(START_HOUR[slot[2:]], tzinfo=dt.UTC)  # any zone does: only the order counts
    return dt.datetime.combine(FIRST_DAY + dt.timedelta(days=day), clock)


def _first_clean(area: Area) -> int | None:
    return None if area.idle_days is None else -area.idle_days


def care(last: int | None, day: int) -> str:
    """How an area stands: the states of ``geo.coverage``."""
    if last is None:
        return "never"
    idle = day - last
    return "fresh" if idle <= FRESH_DAYS else "due" if idle <= DUE_DAYS else "overdue"


def _hold(event: Event, state: _State) -> None:
    """The day comes: with enough hands the area is cleaned, else nobody goes out."""
    event.overdue = care(state.cleaned[event.area.id], event.day) in ("overdue", "never")
    event.held = event.host.turnout + event.taken >= ENOUGH
    if event.held:
        state.cleaned[event.area.id] = event.day
    state.host_places[event.host.id] += event.capacity
    state.host_taken[event.host.id] += event.taken


def _look(
    citizen: Citizen,
    open_now: Sequence[Event],
    day: int,
    state: _State,
    policy: Policy,
    chance: Random,
    played: Played,
) -> None:
    """Somebody looks at the top of their list, and joins one activity or none."""
    within_m = citizen.says.reach_m * SHOWN_REACHES
    shown = []
    for event in open_now:
        distance_m = state.distance_m(citizen, event.area)
        if distance_m <= within_m and (citizen.id, event.day) not in state.busy:
            seen = _as_seen(citizen, event, day, state, distance_m)
            if not blocked_by(citizen.says, seen.activity):
                shown.append(seen)
    if not shown:
        return
    played.looks += 1
    chosen = _choose(citizen, policy(citizen.says, shown)[:TOP], chance)
    if chosen is None:
        return
    event, activity = chosen.event, chosen.activity
    played.joins.append(
        Join(citizen.id, event, activity.distance_m or 0.0, state.been[citizen.id, event.area.id])
    )
    event.taken += citizen.says.group_people
    state.been[citizen.id, event.area.id] += 1
    state.busy.add((citizen.id, event.day))


def _as_seen(citizen: Citizen, event: Event, day: int, state: _State, distance_m: float) -> Shown:
    host = event.host
    places = state.host_places[host.id]
    activity = Activity(
        id=event.id,
        host=host.id,
        starts_at=event.starts_at,
        time=host.slot,
        hours_until=(event.day - day) * 24,
        capacity=event.capacity,
        places_left=event.capacity - event.taken,
        taken=event.taken,
        distance_m=distance_m,
        works=event.works,
        strength=event.strength,
        children_ok=event.children_ok,
        step_free=event.step_free,
        needs_course=event.needs_course,
        min_people=event.min_people,
        wants_hands=host.asks,
        area_care=care(state.cleaned[event.area.id], day),
        been_before=state.been[citizen.id, event.area.id],
        host_fill=state.host_taken[host.id] / places if places else None,
    )
    return Shown(event, activity)


# --- the choice: hidden tastes, a logit over the list and "not today" -----------------------------


def _choose(citizen: Citizen, seen: Sequence[Shown], chance: Random) -> Shown | None:
    """One of the list or none, with the chances of a multinomial logit (nothing has utility 0)."""
    free = {slot: chance.random() < likely for slot, likely in citizen.free.items()}
    drawn = chance.random()
    weights = [exp(utility(citizen, s)) if free.get(s.activity.time) else 0.0 for s in seen]
    left = drawn * (1.0 + sum(weights))
    for shown, weight in zip(seen, weights, strict=True):
        if left < weight:
            return shown
        left -= weight
    return None


def utility(citizen: Citizen, shown: Shown) -> float:
    """How gladly somebody would go. Minutes on a real way, company and habit are not in the score.

    It is not the score on purpose: it pulls against it where people do (they like full
    activities and places they know), and hosts have an appeal that no ranking sees.
    """
    activity, event = shown.activity, shown.event
    way_m = (activity.distance_m or 0.0) * _winding(citizen.id, event.area.id)
    minutes = 4 + way_m / METRES_PER_MINUTE[citizen.says.travel]
    works = activity.works
    return (
        EFFORT
        - citizen.per_minute * minutes
        + sum(citizen.tastes[work] for work in sorted(works)) / len(works)
        + TOO_HARD * max(0, LEVEL[activity.strength] - citizen.stamina)
        + citizen.herd * logged(activity.taken)
        + citizen.habit * logged(activity.been_before)
        + citizen.kindness * activity.wants_hands
        + event.host.appeal
    )


@lru_cache(maxsize=200_000)
def _winding(citizen: int, area: str) -> float:
    """Hidden: metres on the way for one on the map, 1.1 to 1.9 by what lies in between."""
    return 1.1 + 0.8 * Random(f"{citizen}/{area}").random()
