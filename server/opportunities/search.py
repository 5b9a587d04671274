"""What somebody is looking for: place, day, kind; read from a form and written into an address.

A named place may stand in an address, so that a search can be shared. A position from the browser
or from a tap on the map may not: it travels in the body of a POST and is forgotten afterwards.
"""

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from geo.gazetteer import Gazetteer, Place
from server.http.forms import nfkc, tidy
from server.http.i18n import gettext as _
from server.http.i18n import lazy as _l
from server.labels import BANDS, WORKS

RADII_M = (500, 1_000, 2_000, 3_000, 5_000, 10_000)
WHOLE_CITY = 0
PAGE_SIZE = 20
MAX_PAGE = 500
POSITION_DECIMALS = 4  # about 10 m: enough for a walk, not for a front door
NAMED_WITHIN_M = 4_000

DAYS = {"today": _l("今日"), "weekend": _l("今週末")}
WEEKDAYS = {
    "1": _l("月曜"), "2": _l("火曜"), "3": _l("水曜"), "4": _l("木曜"),
    "5": _l("金曜"), "6": _l("土曜"), "7": _l("日曜"),
}  # fmt: skip
NOON, EVENING = 12, 16  # the hours at which 午後 and 夕方 begin
TRAITS = {
    "short": _l("1時間以内"),
    "empty_handed": _l("手ぶらOK"),
    "children": _l("子ども可"),
    "step_free": _l("車いす可"),
}
SORTS = {"fit": _l("おすすめ順"), "near": _l("近い順"), "soon": _l("早い順")}


@dataclass(frozen=True)
class Where:
    """A point to search around (degrees, WGS84). ``place`` is its public name, if it has one."""

    lon: float
    lat: float
    label: str
    place: str | None = None


@dataclass(frozen=True)
class Search:
    """All filters of the list and the map. Unknown input falls back to "no filter"."""

    where: Where | None = None
    radius_m: int = WHOLE_CITY
    days: frozenset[str] = frozenset()  # any of DAYS
    day: dt.date | None = None
    weekday: str = ""
    band: str = ""
    work: str = ""
    traits: frozenset[str] = frozenset()
    sort: str = "soon"
    page: int = 1
    suited: bool = False  # whether the person's wishes are known: then what suits comes first

    @property
    def sorts(self) -> dict[str, str]:
        """The orders to choose from: near needs a place, and what suits a place or wishes."""
        known = {"near": self.where is not None, "fit": self.suited or self.where is not None}
        return {name: label for name, label in SORTS.items() if known.get(name, True)}

    @property
    def default_sort(self) -> str:
        """The order that nobody needs to ask for."""
        return "fit" if self.suited else "near" if self.where else "soon"

    @property
    def from_home(self) -> bool:
        """Whether distances begin at the person's own place, which no address may hold."""
        return self.where is None and self.sort == "fit"

    @property
    def is_private(self) -> bool:
        """Whether it holds a position that must not appear in an address."""
        return self.where is not None and self.where.place is None

    @property
    def offset(self) -> int:
        """How many results lie before this page."""
        return (self.page - 1) * PAGE_SIZE

    @property
    def detailed(self) -> bool:
        """Whether a filter is set that hides behind "more filters"."""
        return bool(self.day or self.weekday or self.band or self.work)

    @property
    def narrowed(self) -> bool:
        """Whether anything but the place limits the results."""
        return bool(self.filters())

    def filters(self) -> list[tuple[str, str]]:
        """The shareable filters as pairs, without place, order and page."""
        ticked = self.days | self.traits
        pairs = [(name, "1") for name in (*DAYS, *TRAITS) if name in ticked]
        pairs += [("day", self.day.isoformat() if self.day else ""),
                  ("weekday", self.weekday), ("band", self.band), ("work", self.work)]  # fmt: skip
        return [(name, value) for name, value in pairs if value]

    def pairs(self) -> list[tuple[str, str]]:
        """Everything that may stand in an address; never a position."""
        pairs = self.filters()
        if self.where is not None and self.where.place is not None:
            pairs += [("place", self.where.place), ("radius", str(self.radius_m))]
        if not self.is_private and self.sort != self.default_sort:
            pairs.append(("sort", self.sort))
        return pairs + ([("page", str(self.page))] if self.page > 1 else [])

    def query(self, **changes: object) -> str:
        """The address part after ``?``; ``changes`` replace fields first."""
        return urlencode(replace(self, **changes).pairs())  # type: ignore[arg-type]

    def at(self, place: Place, radius_m: int) -> "Search":
        """The same wishes around a named place."""
        where = Where(place.lon, place.lat, place.name, place.name)
        there = replace(self, where=where, radius_m=radius_m, page=1)
        return replace(there, sort=there.default_sort)

    def wider(self, radii_m: tuple[int, ...]) -> int | None:
        """The next larger radius (0 = the whole city), or None when it is the largest."""
        if self.where is None or self.radius_m == WHOLE_CITY:
            return None
        return next((r for r in radii_m if r > self.radius_m), WHOLE_CITY)


@dataclass(frozen=True)
class Parsed:
    """A search and what could not be understood of it."""

    search: Search
    problem: str = ""
    unknown_place: str = ""


def radii(default_m: int) -> tuple[int, ...]:
    """The radii to choose from, with the city's own default among them."""
    return tuple(sorted({*RADII_M, default_m}))


def parse(
    values: Mapping[str, object], places: Gazetteer, default_radius_m: int, *, suited: bool = False
) -> Parsed:
    """Read a search. Never raises: what makes no sense is left out, a bad place is reported."""
    get = {name: tidy(nfkc(v[:100])) for name, v in values.items() if isinstance(v, str)}.get
    where, problem, unknown = _where(get("lon", ""), get("lat", ""), get("place", ""), places)
    search = Search(
        where=where,
        radius_m=_radius(get("radius", ""), default_radius_m) if where else WHOLE_CITY,
        days=frozenset(name for name in DAYS if get(name, "") == "1"),
        day=_day(get("day", "")),
        weekday=_known(get("weekday", ""), WEEKDAYS),
        band=_known(get("band", ""), BANDS),
        work=_known(get("work", ""), WORKS),
        traits=frozenset(name for name in TRAITS if get(name, "") == "1"),
        page=_page(get("page", "")),
        suited=suited,
    )
    sort = _known(get("sort", ""), search.sorts) or search.default_sort
    return Parsed(replace(search, sort=sort), problem, unknown)


def _where(lon: str, lat: str, name: str, places: Gazetteer) -> tuple[Where | None, str, str]:
    if lon or lat:
        point = position(lon, lat)
        if point is None:
            return None, _("場所を読み取れませんでした。駅や町の名前でさがしてください。"), ""
        near = places.nearest(*point, max_m=NAMED_WITHIN_M)
        label = _("%(place)sの近く") % {"place": near.name} if near else _("選んだ場所")
        return Where(*point, label), "", ""
    if not name:
        return None, "", ""
    place = exact(places, name)
    if place is None:
        return None, "", name
    return Where(place.lon, place.lat, place.name, place.name), "", ""


def exact(places: Gazetteer, name: str) -> Place | None:
    """The place that a name means without doubt: the only match, or the one called exactly so."""
    found = places.search(name, limit=8)
    same = [place for place in found if place.name == name]
    if same:
        return same[0]
    return found[0] if len(found) == 1 else None


def position(lon: str, lat: str) -> tuple[float, float] | None:
    """Longitude and latitude in degrees, rounded; None unless both are real places on Earth."""
    try:
        point = float(lon), float(lat)
    except ValueError:
        return None
    if not all(map(math.isfinite, point)) or abs(point[0]) > 180 or abs(point[1]) > 90:
        return None
    return round(point[0], POSITION_DECIMALS), round(point[1], POSITION_DECIMALS)


def _known(value: str, choices: Mapping[str, str]) -> str:
    return value if value in choices else ""


def _day(value: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(value.replace("/", "-"))
    except ValueError:
        return None


def _small_number(value: str) -> int | None:
    # ASCII digits only, and few: int() would take "²" to an error and a million digits for minutes
    return int(value) if value.isascii() and value.isdigit() and len(value) <= 7 else None


def _radius(value: str, default_m: int) -> int:
    number = _small_number(value)
    if number is None or number not in {WHOLE_CITY, *radii(default_m)}:
        return default_m
    return number


def _page(value: str) -> int:
    return min(MAX_PAGE, max(1, _small_number(value) or 1))
