"""What is asked about a person and an activity: hard rules and criteria of ``geo.matching``.

One small function each. A hard rule is broken or not; a criterion answers 0 (speaks against) to
1 (speaks for), or None when it cannot know, and says in a key and values what a page may say.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import exp2
from types import MappingProxyType
from typing import Final, NamedTuple

Value = str | int | float
Values = Mapping[str, Value]
NOTHING: Final[Values] = MappingProxyType({})

# Metres on the way for one metre of the map, whatever one travels by. Cities measure 1.2 to 1.4;
# Muroran climbs from the shore, so the upper half is assumed. It cannot see a certain hill, nor
# the harbour in between: that takes a route, and a route takes the home (docs/matching.md).
DETOUR: Final = 1.3
# On the way: after how many metres an activity is half as near. Assumed, not measured.
HALF_M: Final[Mapping[str, float]] = {"walk": 1_000.0, "bicycle": 2_500.0, "car": 6_000.0}
BEYOND_REACH: Final = 0.25  # factor for what lies farther than the person said

STRENGTH_LEVEL: Final[Mapping[str, int]] = {"light": 0, "normal": 1, "hard": 2}
CARE_URGENCY: Final[Mapping[str, float]] = {"overdue": 0.6, "never": 0.4, "due": 0.2}
HANDS_URGENCY: Final = 0.7  # the host asks
FEW_URGENCY: Final = 0.7  # on the last day; less the farther off
FEW_SHARE: Final = 0.3  # of the places taken
NEAR_HOURS: Final = 14 * 24
ROOM_SHARE: Final = 0.5  # with half its places free there is room enough


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody's wishes. Empty sets and None mean "has not said"."""

    reach_m: float = 3_000  # on the map
    travel: str = "walk"
    free_times: frozenset[str] = frozenset()  # ISO weekday and band: "7-morning"
    works: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    strength: str = "hard"  # the hardest that is welcome; "hard" = no limit
    with_children: bool = False
    step_free: bool = False
    tools: frozenset[str] = frozenset()
    group_people: int = 1
    languages: frozenset[str] = frozenset()
    age: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """One dated call for hands, as one person sees it. ``distance_m`` is as the crow flies."""

    id: str
    host: str
    starts_at: dt.datetime
    time: str
    hours_until: float
    capacity: int
    places_left: int
    taken: int
    distance_m: float | None = None  # None = the person has no place
    works: frozenset[str] = frozenset()
    kind: str = "cleanup"
    strength: str = "normal"
    children_ok: bool = False
    step_free: bool = False
    languages: frozenset[str] = frozenset()
    needs_course: bool = False  # every place in it is for people with the course for mowers
    min_age: int | None = None
    min_people: int | None = None
    wants_hands: bool = False
    area_care: str = ""  # fresh | due | overdue | never | resting | unassigned | "" = no area
    been_before: int = 0  # how often the person has been to this area, or to this host without one
    host_fill: float | None = None  # how full the host's activities were, 0 to 1; None = first one
    agreement_active: bool = True  # True also where none is needed (the city itself)


class Reason(NamedTuple):
    """Why an activity is shown: a key for a sentence, and the values in it."""

    key: str
    values: Values = NOTHING


# --- hard rules -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HardRule:
    """A rule that no weight outweighs. ``broken`` is True only when it is known to be broken."""

    key: str
    explains: str
    broken: Callable[[Person, Activity], bool]


HARD_RULES: Final = (
    HardRule(
        "agreement", "the host has an agreement in force", lambda p, a: not a.agreement_active
    ),
    HardRule("begun", "the activity has not begun", lambda p, a: a.hours_until <= 0),
    HardRule(
        "capacity",
        "places are left for the whole group",
        lambda p, a: a.places_left < max(1, p.group_people),
    ),
    HardRule(
        "course",
        "the course for mowers, where every place needs it",
        lambda p, a: a.needs_course and "mower_course" not in p.tools,
    ),
    HardRule(
        "age",
        "the least age, where the person has said theirs",
        lambda p, a: a.min_age is not None and p.age is not None and p.age < a.min_age,
    ),
    HardRule(
        "children",
        "with children only where children may come",
        lambda p, a: p.with_children and not a.children_ok,
    ),
    HardRule(
        "step_free",
        "step-free for those who need it",
        lambda p, a: p.step_free and not a.step_free,
    ),
)


# --- criteria -------------------------------------------------------------------------------------


def nearness(distance_m: float, reach_m: float, travel: str) -> float:
    """1 at the door, halved every ``HALF_M`` on the way, quartered beyond the person's reach."""
    near = exp2(-distance_m * DETOUR / HALF_M[travel])
    return near if distance_m <= reach_m else near * BEYOND_REACH


def _distance(person: Person, activity: Activity) -> float | None:
    if activity.distance_m is None:
        return None
    return nearness(activity.distance_m, person.reach_m, person.travel)


def _say_distance(person: Person, activity: Activity) -> Reason | None:
    if activity.distance_m is None or activity.distance_m > person.reach_m:
        return None
    return Reason("distance", {"distance_m": activity.distance_m, "travel": person.travel})


def _time(person: Person, activity: Activity) -> float | None:
    if not person.free_times:
        return None
    if activity.time in person.free_times:
        return 1.0
    same_day = any(slot[:2] == activity.time[:2] for slot in person.free_times)
    return 0.25 if same_day else 0.0  # the day is free: the hours can perhaps be moved


def _say_time(person: Person, activity: Activity) -> Reason | None:
    if activity.time not in person.free_times:
        return None
    weekday, _, band = activity.time.partition("-")
    return Reason("time", {"time": activity.time, "weekday": int(weekday), "band": band})


def _work(person: Person, activity: Activity) -> float | None:
    if not person.works or not activity.works:
        return None
    liked = len(person.works & activity.works)
    return 0.5 + 0.5 * liked / len(activity.works) if liked else 0.0


def _say_work(person: Person, activity: Activity) -> Reason | None:
    liked = sorted(person.works & activity.works)
    return Reason("work", {"works": ",".join(liked)}) if liked else None


def _kind(person: Person, activity: Activity) -> float | None:
    return float(activity.kind in person.kinds) if person.kinds else None


def _say_kind(person: Person, activity: Activity) -> Reason | None:
    return Reason("kind", {"kind": activity.kind}) if activity.kind in person.kinds else None


def _strength(person: Person, activity: Activity) -> float | None:
    if person.strength == "hard":
        return None
    too_hard = STRENGTH_LEVEL[activity.strength] - STRENGTH_LEVEL[person.strength]
    return 1.0 if too_hard <= 0 else 0.25 if too_hard == 1 else 0.0


def _say_strength(person: Person, activity: Activity) -> Reason | None:
    if person.strength == "hard":
        return None
    return Reason("strength", {"strength": activity.strength})


def _language(person: Person, activity: Activity) -> float | None:
    if not person.languages or not activity.languages:
        return None
    return float(not person.languages.isdisjoint(activity.languages))


def _say_language(person: Person, activity: Activity) -> Reason | None:
    shared = sorted(person.languages & activity.languages)
    return Reason("language", {"languages": ",".join(shared)}) if shared else None


def _places(person: Person, activity: Activity) -> float | None:
    room = activity.places_left - person.group_people
    return max(0.0, min(1.0, room / (activity.capacity * ROOM_SHARE)))


def _say_places(person: Person, activity: Activity) -> Reason | None:
    return Reason("places", {"places_left": activity.places_left})


def _few(activity: Activity) -> float:
    """How pressing it is that few have signed up: nothing two weeks before, most on the day."""
    if activity.min_people is not None:
        few = activity.taken < activity.min_people
    else:
        few = activity.taken < FEW_SHARE * activity.capacity
    soon = 1 - activity.hours_until / NEAR_HOURS
    return FEW_URGENCY * min(soon, 1.0) if few and soon > 0 else 0.0


def _urgency(person: Person, activity: Activity) -> float | None:
    calm = 1 - CARE_URGENCY.get(activity.area_care, 0.0)
    if activity.wants_hands:
        calm *= 1 - HANDS_URGENCY
    return 1 - calm * (1 - _few(activity))


def _say_urgency(person: Person, activity: Activity) -> Reason | None:
    if activity.wants_hands:
        return Reason("hands", {"places_left": activity.places_left})
    if _few(activity) > CARE_URGENCY.get(activity.area_care, 0.0):
        missing = max(0, (activity.min_people or 0) - activity.taken)
        return Reason("few", {"taken": activity.taken, "missing": missing})
    return Reason("overdue", {"area_care": activity.area_care})


def _newness(person: Person, activity: Activity) -> float | None:
    return exp2(-activity.been_before)


def _say_newness(person: Person, activity: Activity) -> Reason | None:
    return Reason("new") if activity.been_before == 0 else None


def _fairness(person: Person, activity: Activity) -> float | None:
    return None if activity.host_fill is None else 1 - min(1.0, max(0.0, activity.host_fill))


def _say_fairness(person: Person, activity: Activity) -> Reason | None:
    return Reason("quiet_host")


@dataclass(frozen=True, slots=True)
class Criterion:
    """One question about a person and an activity: how much it speaks for going, and in words."""

    key: str
    explains: str
    measure: Callable[[Person, Activity], float | None]
    say: Callable[[Person, Activity], Reason | None]
    reason_keys: tuple[str, ...]


CRITERIA: Final = (
    Criterion("distance", "near home, by the way one travels", _distance, _say_distance,
              ("distance",)),
    Criterion("time", "at a time the person is free", _time, _say_time, ("time",)),
    Criterion("work", "the work the person likes", _work, _say_work, ("work",)),
    Criterion("kind", "the kind of activity the person looks for", _kind, _say_kind, ("kind",)),
    Criterion("strength", "not harder than is welcome", _strength, _say_strength, ("strength",)),
    Criterion("language", "in a language the person speaks", _language, _say_language,
              ("language",)),
    Criterion("places", "room left after the group has joined", _places, _say_places, ("places",)),
    Criterion("urgency", "hands wanted, an area overdue, or few people and the day near",
              _urgency, _say_urgency, ("hands", "overdue", "few")),
    Criterion("newness", "a place the person has not been to", _newness, _say_newness, ("new",)),
    Criterion("fairness", "a host whose activities stay empty", _fairness, _say_fairness,
              ("quiet_host",)),
)  # fmt: skip
