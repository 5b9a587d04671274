"""A made-up city of a fifth of Muroran's size: hosts, areas, people and their hidden tastes.

Counts come from the newsletter of December 2013 (217 groups, 476 areas), divided by five. What
people want is not known from anywhere: every such number below is an assumption, written here
once. Places are the real ones of the gazetteer; nobody and no group in here exists.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, log, radians
from random import Random

from geo.matching import Person

SCALE = 5
GROUPS, AREAS = 217 // SCALE, 476 // SCALE
CITIZENS = 300
FIRST_DAY, LAST_DAY = dt.date(2026, 4, 1), dt.date(2026, 11, 30)
DAYS = (LAST_DAY - FIRST_DAY).days + 1
# 国道 6, 道道 36, 市道 280, 公園 105, その他 49 of 476: how many metres an area is long.
AREA_KINDS = ((6, 900), (36, 700), (280, 450), (105, 200), (49, 500))
WORKS = ("litter", "weeding", "flowerbed", "planting")
WORK_STRENGTH = {"litter": "light", "weeding": "hard", "flowerbed": "normal", "planting": "normal"}
BANDS = ("morning", "afternoon")
SLOTS = tuple(f"{day}-{band}" for day in range(1, 8) for band in BANDS)
WEEKEND = ("6-morning", "7-morning", "6-afternoon", "7-afternoon")


@dataclass(frozen=True, slots=True)
class Spot:
    """Metres east and north of the middle of the city."""

    east: float
    north: float

    def metres_to(self, other: "Spot") -> float:
        """As the crow flies."""
        return float(((self.east - other.east) ** 2 + (self.north - other.north) ** 2) ** 0.5)


@dataclass(frozen=True, slots=True)
class Area:
    """A stretch to care for: a line; people meet at its middle. ``idle_days`` on 1 April."""

    id: str
    start: Spot
    end: Spot
    idle_days: int | None  # days of the season since somebody cleaned; None = never

    @property
    def middle(self) -> Spot:
        return Spot((self.start.east + self.end.east) / 2, (self.start.north + self.end.north) / 2)


@dataclass(frozen=True, slots=True)
class Host:
    """A group. ``appeal`` is hidden: how gladly people go there, whatever else."""

    id: str
    areas: tuple[Area, ...]
    slot: str  # its usual day and time
    every_weeks: int
    first_week: int
    lead_days: int  # how long before it publishes
    turnout: int  # members who come
    asks: bool  # it is short of hands, and says so
    works: tuple[str, ...]
    appeal: float


@dataclass(frozen=True, slots=True)
class Citizen:
    """Somebody who may help. ``says`` is all the ranking knows; the rest only the choice."""

    id: int
    home: Spot
    says: Person
    free: dict[str, float]  # how likely free at a slot, any week
    tastes: dict[str, float]
    stamina: int  # the hardest that is fine: 0 light, 1 normal, 2 hard
    per_minute: float  # how much a minute of the way puts off
    herd: float  # drawn by those who have signed up
    habit: float  # drawn (or bored) by where one has been
    kindness: float  # moved by a call for hands
    looks_per_week: float


@dataclass(frozen=True, slots=True)
class City:
    """Everything fixed before the season begins."""

    seed: int
    hosts: tuple[Host, ...]
    citizens: tuple[Citizen, ...]


@dataclass(frozen=True, slots=True)
class Temper:
    """What the people of a city are like: the choice models that are compared."""

    key: str
    explains: str
    travel: float = 1.0  # factor on how much the way puts off
    taste: float = 1.0  # factor on all that is not the way
    free: float = 1.0  # factor on how often people are free
    slots: tuple[int, int] = (2, 6)  # how many slots a week are usually free


MIXED = Temper("mixed", "people weigh way, time, work and company; the weights are tuned on these")
NEAR = Temper("near", "the way decides: it puts off 2.5 times as much, all else half", 2.5, 0.5)
BUSY = Temper("busy", "one or two free times a week, and not always", 1.0, 1.0, 0.7, (1, 2))
TEMPERS = (MIXED, NEAR, BUSY)


def make_city(seed: int, temper: Temper, centres: Sequence[Spot], citizens: int = CITIZENS) -> City:
    """The city of a seed. Hosts and areas do not depend on the people's temper."""
    places = Random(f"places/{seed}")
    areas = [_area(number, places, centres) for number in range(AREAS)]
    hosts = tuple(_host(number, areas[number::GROUPS], places) for number in range(GROUPS))
    people = Random(f"people/{seed}")
    return City(seed, hosts, tuple(_citizen(n, people, centres, temper) for n in range(citizens)))


def spots(places: Sequence[tuple[float, float]]) -> tuple[Spot, ...]:
    """Lon/lat as metres around their mean."""
    lon0 = sum(lon for lon, _ in places) / len(places)
    lat0 = sum(lat for _, lat in places) / len(places)
    per_lon = 111_195 * cos(radians(lat0))
    return tuple(Spot((lon - lon0) * per_lon, (lat - lat0) * 111_195) for lon, lat in places)


def _around(spot: Spot, metres: float, chance: Random) -> Spot:
    return Spot(chance.gauss(spot.east, metres), chance.gauss(spot.north, metres))


def _area(number: int, chance: Random, centres: Sequence[Spot]) -> Area:
    shares = [share for share, _ in AREA_KINDS]
    length_m = chance.choices([length for _, length in AREA_KINDS], shares)[0]
    start = _around(chance.choice(centres), 500, chance)
    end = _around(start, length_m / 2, chance)
    idle = None if chance.random() < 0.15 else chance.randrange(5, 150)
    return Area(f"A-{number:04}", start, end, idle)


def _host(number: int, areas: Sequence[Area], chance: Random) -> Host:
    small = chance.random() < 0.45  # ageing groups: the city's stated problem
    weekend = chance.random() < 0.75
    return Host(
        id=f"H-{number:03}",
        areas=tuple(areas),
        slot=chance.choices(WEEKEND, (3, 5, 1, 1))[0] if weekend else chance.choice(SLOTS[:10]),
        every_weeks=chance.choice((1, 2, 2, 3, 4, 4)),
        first_week=chance.randrange(4),
        lead_days=chance.randrange(7, 29),
        turnout=chance.randrange(1, 4) if small else chance.randrange(4, 13),
        asks=small and chance.random() < 0.6,
        works=tuple(chance.sample(WORKS, chance.choice((1, 1, 2)))),
        appeal=chance.gauss(0, 0.5),
    )


def _citizen(number: int, chance: Random, centres: Sequence[Spot], temper: Temper) -> Citizen:
    free = {slot: 0.05 for slot in SLOTS}
    for slot in chance.sample(SLOTS + 3 * WEEKEND, chance.randint(*temper.slots)):
        free[slot] = 0.85 * temper.free
    tastes = {work: chance.gauss(0, 0.8) * temper.taste for work in WORKS}
    stamina = chance.choice((0, 1, 1, 2))
    return Citizen(
        id=number,
        home=_around(chance.choice(centres), 700, chance),
        says=_says(chance, free, tastes, stamina),
        free=free,
        tastes=tastes,
        stamina=stamina,
        per_minute=temper.travel * 0.05 * 2 ** chance.gauss(0, 0.7),
        herd=temper.taste * max(0.0, chance.gauss(0.3, 0.2)),
        habit=temper.taste * chance.gauss(0.2, 0.5),
        kindness=temper.taste * max(0.0, chance.gauss(0.3, 0.3)),
        looks_per_week=chance.choice((0.05, 0.1, 0.25, 0.6)),
    )


def _says(chance: Random, free: dict[str, float], tastes: dict[str, float], stamina: int) -> Person:
    """What somebody has filled in: parts are left out, and what is said is coarse."""
    usual = frozenset(slot for slot, likely in free.items() if likely > 0.5)
    liked = frozenset(work for work, taste in tastes.items() if taste > 0.3)
    travel = chance.choices(("walk", "bicycle", "car"), (3, 2, 5))[0]
    tells = [chance.random() < share for share in (0.6, 0.5, 0.4)]
    return Person(
        travel=travel,
        reach_m={"walk": 1_500, "bicycle": 3_000, "car": 6_000}[travel],
        free_times=usual if tells[0] else frozenset(),
        works=liked if tells[1] else frozenset(),
        strength=("light", "normal", "hard")[stamina] if tells[2] else "hard",
        with_children=chance.random() < 0.2,
        step_free=chance.random() < 0.04,
        tools=frozenset({"mower_course"} if chance.random() < 0.1 else ()),
        group_people=chance.choices((1, 2, 3, 4), (70, 15, 10, 5))[0],
    )


def logged(people: int) -> float:
    """The first few matter most: log(1 + n)."""
    return log(1 + people)
