"""Coming activities of the next eight weeks, and who has taken places in them."""

import datetime as dt
import random
from dataclasses import dataclass, replace
from typing import Final

from shapely.geometry import Point

from server.demo import events
from server.demo.events import EventSeed
from server.demo.ids import demo_uuid, dice
from server.demo.model import Area, Opportunity, Partner, Signup, at
from server.demo.network import Network
from server.demo.personas import HANAKO, VOLUNTEERS
from server.demo.shapes import meeting_point

COUNT: Final = 60
WEEKS: Final = 8
EVENING: Final = 17
BY_THE_CITY: Final = 6
WEEKEND_WEIGHT: Final = 6

# Positions in the list (by date) that show a state every screen must be able to show.
LONG_TITLE_AT: Final = 5
FULL_AT: Final = 3
NEARLY_FULL_AT: Final = (7, 19, 31)
CANCELLED_AT: Final = 11
HANAKO_AT: Final = (2, 9)

KIRAN: Final = ("生涯学習センターきらん", Point(141.0190, 42.3510))
FERRY: Final = ("追直漁港 渡船のりばの前", Point(140.9662, 42.3128))
EMPTY_HANDED: Final = "手ぶらでどうぞ。必要なものはこちらで用意します。"
SAFETY: Final = "ガラスや注射器にはさわらず、近くの係に知らせてください。"


@dataclass(frozen=True)
class _Host:
    """Who calls for hands, and where. No partner = the city."""

    partner: Partner | None
    area: Area


def make_opportunities(
    network: Network, today: dt.date, seed: int, copy: int
) -> tuple[Opportunity, ...]:
    """The coming activities of copy number ``copy``, in order of time."""
    rng = dice(seed, "coming", copy, today)
    hosts = _hosts(network, today, rng)
    days = _days(today, rng)
    made = [_opportunity(hosts[n % len(hosts)], day, today, copy, n, rng)
            for n, day in enumerate(days)]  # fmt: skip
    made.sort(key=lambda o: (o.starts_at, o.id))
    made[LONG_TITLE_AT] = _long_title(made[LONG_TITLE_AT], copy)
    made.sort(key=lambda o: (o.starts_at, o.id))
    made[FULL_AT] = replace(made[FULL_AT], capacity=12)
    made[CANCELLED_AT] = replace(
        made[CANCELLED_AT],
        state="cancelled",
        cancelled_at=at(today - dt.timedelta(days=1), 17, 5),
        cancel_reason="同じ日に地域の行事が重なったため、中止します。次の回でお待ちしています。",
    )
    return tuple(made)


def _hosts(network: Network, today: dt.date, rng: random.Random) -> list[_Host]:
    """Each agreed area once (people who act alone do not call for others), some by the city."""
    areas = {a.id: a for a in network.areas}
    partners = {p.id: p for p in network.partners}
    live = network.live_on(today)
    hosts = [
        _Host(partners[row.partner_id], areas[row.area_id])
        for row in live
        if partners[row.partner_id].subject != "citizen"
    ]
    taken = {row.area_id for row in live}
    vacant = [_Host(None, a) for a in network.areas if a.id not in taken]
    hosts += rng.sample(vacant, min(BY_THE_CITY, len(vacant)))
    rng.shuffle(hosts)
    return hosts


def _days(today: dt.date, rng: random.Random) -> list[dt.date]:
    """The days of the activities: mostly weekends, some in every week, more in the nearest."""
    made: list[dt.date] = []
    for week in range(WEEKS):
        days = [today + dt.timedelta(days=7 * week + n) for n in range(1, 8)]
        weights = [WEEKEND_WEIGHT if _weekend(day) else 1 for day in days]
        made += rng.choices(days, weights, k=COUNT // WEEKS + (week < COUNT % WEEKS))
    return made


def _weekend(day: dt.date) -> bool:
    return day.weekday() >= 5


def _opportunity(
    host: _Host, day: dt.date, today: dt.date, copy: int, number: int, rng: random.Random
) -> Opportunity:
    seed_row = _seed_row(host.area, day, rng)
    hours = [h for h in seed_row.hours if h < EVENING or not _weekend(day)]
    starts_at = at(day, rng.choice(hours), rng.choice((0, 0, 30)))
    empty_handed = seed_row.indoor or rng.random() < 0.55
    created_at = at(today - dt.timedelta(days=rng.randint(3, 28)), rng.randint(9, 20))
    place, point = _meeting(host, seed_row, copy)
    notes = "" if seed_row.indoor else " ".join(filter(None, (host.area.safety_notes, SAFETY)))
    return Opportunity(
        id=demo_uuid(created_at, "opportunity", copy, number),
        partner_id=host.partner.id if host.partner else None,
        area_id=None if seed_row.indoor else host.area.id,
        title=_title(host, seed_row),
        description=seed_row.description,
        works=seed_row.works,
        starts_at=starts_at,
        ends_at=starts_at + dt.timedelta(minutes=rng.choice(seed_row.minutes)),
        meeting_place=place,
        meeting_point=point,
        capacity=rng.choice((8, 10, 12, 15, 20, 20, 30, 40)),
        children_ok=seed_row.children_ok and rng.random() < 0.65,
        empty_handed_ok=empty_handed,
        step_free=seed_row.indoor or (host.area.kind == "park" and rng.random() < 0.7),
        bring=EMPTY_HANDED if empty_handed else seed_row.bring,
        safety_notes=notes,
        created_at=created_at,
    )


def _seed_row(area: Area, day: dt.date, rng: random.Random) -> EventSeed:
    closed = "冬" in area.safety_notes
    fitting = events.fitting(day.month, area.kind, _plain(area.name), closed)
    return rng.choices(fitting, [s.weight for s in fitting])[0]


def _title(host: _Host, seed_row: EventSeed) -> str:
    before = _plain(host.area.name)
    if seed_row.by_host:
        before = host.partner.name if host.partner else "まちピカ"
    return f"{before} {seed_row.title}"


def _plain(name: str) -> str:
    """A name without what stands in brackets."""
    return name.split("(", 1)[0]


def _meeting(host: _Host, seed_row: EventSeed, copy: int) -> tuple[str, Point]:
    """Where people meet, in words and as a point (lon/lat)."""
    area, name = host.area, _plain(host.area.name)
    if copy == 0 and seed_row.indoor and host.partner is None:
        return KIRAN
    if copy == 0 and area.kind == "other":
        return FERRY  # nobody gathers on an island
    point = meeting_point(area.geom)
    if seed_row.indoor:
        return f"見本会館({name} ちかく)", point
    places = {
        "park": "入口の案内板の前",
        "beach": "降り口(旗が目印)",
        "river": "橋のたもと(旗が目印)",
    }
    return f"{name} {places.get(area.kind, '起点の歩道(旗が目印)')}", point


def _long_title(opportunity: Opportunity, copy: int) -> Opportunity:
    """A joint activity of many districts, called by the city, with as long a name as they have."""
    winter = opportunity.starts_at.month in events.WINTER_MONTHS
    place, point = KIRAN if copy == 0 else (opportunity.meeting_place, opportunity.meeting_point)
    return replace(
        opportunity,
        partner_id=None,
        area_id=None,
        title=events.LONG_TITLE_WINTER if winter else events.LONG_TITLE,
        description=events.LONG_DESCRIPTION,
        works=("other",) if winter else ("litter",),
        starts_at=opportunity.starts_at.replace(hour=10, minute=0),
        ends_at=opportunity.starts_at.replace(hour=12, minute=0),
        meeting_place=place,
        meeting_point=point,
        safety_notes="" if winter else SAFETY,
    )


def make_signups(
    opportunities: tuple[Opportunity, ...], today: dt.date, seed: int, copy: int
) -> tuple[Signup, ...]:
    """Places taken by sample volunteers, never more than there are."""
    made: list[Signup] = []
    for position, opportunity in enumerate(opportunities):
        rng = dice(seed, "signups", copy, position, today)
        made += _signups(opportunity, position, today, copy, rng)
    return tuple(made)


def _wanted(opportunity: Opportunity, position: int, rng: random.Random) -> int:
    """How many places shall be taken."""
    if position == FULL_AT:
        return opportunity.capacity
    if position in NEARLY_FULL_AT:
        return opportunity.capacity - rng.randint(1, 2)
    return int(opportunity.capacity * rng.choice((0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)))


def _signups(
    opportunity: Opportunity, position: int, today: dt.date, copy: int, rng: random.Random
) -> list[Signup]:
    people = list(VOLUNTEERS)
    rng.shuffle(people)
    if copy == 0 and position in HANAKO_AT:
        people.insert(0, HANAKO)
    left = _wanted(opportunity, position, rng)
    if people[0] is HANAKO:
        left = max(1, left)
    made = []
    for person in people:
        if left <= 0:
            break
        together = 1 if person is HANAKO else min(left, rng.choice((1, 1, 1, 2, 2, 3)))
        left -= together
        days_open = (today - opportunity.created_at.date()).days
        taken_on = today - dt.timedelta(days=rng.randint(1, max(1, min(days_open - 1, 20))))
        created_at = at(taken_on, rng.randint(7, 16), rng.randrange(60))
        cancelled_at = opportunity.cancelled_at  # a place in a cancelled activity ends with it
        made.append(
            Signup(
                id=demo_uuid(created_at, "signup", copy, opportunity.id, person.key),
                opportunity_id=opportunity.id,
                account_id=person.id,
                people=together,
                created_at=created_at,
                cancelled_at=cancelled_at,
            )
        )
    return made
