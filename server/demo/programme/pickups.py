"""The demo's pick-ups: a queue, days with a route, results of the last weeks, an exception."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from server.citysettings.registry import CityRules
from server.demo.programme.kit import Demo
from server.pickups.calendar import CrewCalendar, crew_calendar
from server.pickups.machine import PICKUP

PLACES = (
    "会館の前、ガードレールの内側", "公園の入口の右", "バス停のうしろ", "坂の下の電柱の横",
    "海岸の駐車場のすみ", "階段の下", "ごみステーションの横", "広場のベンチのうら",
)  # fmt: skip
NOTES = ("", "", "草の袋は重いので、二人で来てください", "", "朝9時より前は門が閉まっています")
HEAPS: tuple[tuple[tuple[str, str, float], ...], ...] = (
    (("burnable", "bag", 6),),
    (("burnable", "bag", 4), ("nonburnable", "bag", 2)),
    (("grass", "bag", 12),),
    (("burnable", "bag", 3), ("recyclable", "bag", 1), ("bulky", "item", 1)),
    (("grass", "m3", 1.5),),
)


@dataclass(frozen=True)
class Spot:
    """An area of a partner, and a point on it."""

    partner_id: Any
    area_id: Any
    manager: str
    point: str


def fill(demo: Demo) -> None:
    """Fill the requests and an exception of the calendar."""
    days = crew_calendar(CityRules(), {}, {})
    closed = days.open_from(demo.day(12)) or demo.day(12)
    demo.insert("collection_days", on_day=closed, open=False, capacity=None,
                note="収集車の点検(見本)")  # fmt: skip
    own, others = _spots(demo, "MP-0001"), _spots(demo, None)
    if not own or not others:
        return
    number = iter(range(1000))
    _mine(demo, days, own, number)
    soon = days.open_from(demo.day(1)) or demo.day(1)
    later = days.open_from(soon + dt.timedelta(days=1)) or demo.day(2)
    for n in range(7):
        _add(demo, others[n % len(others)], next(number), "scheduled", soon)
    for n in range(3):
        _add(demo, others[(n + 7) % len(others)], next(number), "scheduled", later)
    for n, state in enumerate(("requested",) * 5 + ("accepted",) * 3):
        wish = days.open_from(demo.day(3 + n)) or demo.day(3 + n)
        _add(demo, others[(n + 3) % len(others)], next(number), state, wish)
    for n, state in enumerate(("collected",) * 9 + ("partly", "refused", "cancelled")):
        day = days.open_from(demo.day(-24 + 2 * n)) or demo.day(-24 + 2 * n)
        _add(demo, others[(n * 2) % len(others)], next(number), state, min(day, demo.day(-1)))


def _mine(demo: Demo, days: CrewCalendar, own: list[Spot], number: Iterator[int]) -> None:
    """Some of each for けんじ."""
    soon = days.open_from(demo.day(1)) or demo.day(1)
    wish = days.open_from(demo.day(5)) or demo.day(5)
    for n, (state, day) in enumerate((
        ("requested", wish), ("scheduled", soon), ("collected", demo.day(-8)),
        ("partly", demo.day(-22)), ("collected", demo.day(-36)),
    )):  # fmt: skip
        _add(demo, own[n % len(own)], next(number), state, day, who="kenji")


def _spots(demo: Demo, code: str | None) -> list[Spot]:
    rows = demo.connection.execute(
        "SELECT g.partner_id, a.id, a.manager, ST_AsEWKT(ST_PointOnSurface(a.geom))"
        "  FROM agreement_areas g JOIN areas a ON a.id = g.area_id"
        "  JOIN partners p ON p.id = g.partner_id"
        " WHERE g.period @> %s::date AND a.retired_on IS NULL"
        "   AND (p.code = %s OR (%s::text IS NULL AND p.code <> 'MP-0001'))"
        " ORDER BY p.code, a.code LIMIT 24",
        (demo.today, code, code),
    ).fetchall()
    return [Spot(*row) for row in rows]


def _way(state: str, asked: int, done: int, who: str) -> list[tuple[str, int, str, str]]:
    """The life up to ``state``: (state, day offset, who, comment)."""
    words = {"partly": "2袋は一人で持てない重さでした。小さく分けてください。",
             "refused": "タイヤは回収できません。処分の方法を電話で案内しました。"}  # fmt: skip
    path = [("requested", asked, who, "")]
    if state == "accepted":
        path.append(("accepted", asked + 1, "sato", ""))
    if state in ("scheduled", "collected", "partly"):
        path.append(("scheduled", asked + 1, "sato", ""))
    if state in ("collected", "partly", "refused", "cancelled"):
        path.append((state, done, who if state == "cancelled" else "sato", words.get(state, "")))
    return path


def _add(demo: Demo, spot: Spot, n: int, state: str, day: dt.date, who: str = "") -> None:
    offset = (day - demo.today).days
    asked = min(offset - 5, -1 - n % 3)
    fixed = state in ("scheduled", "collected", "partly")
    at_end = {"collected_on": day} if state in ("collected", "partly") else {}
    row = {
        "partner_id": spot.partner_id, "area_id": spot.area_id, "manager": spot.manager,
        "point": spot.point, "place_note": PLACES[n % len(PLACES)], "wished_on": day,
        "scheduled_on": day if fixed else None, "covered": n % 3 == 0, "note": NOTES[n % 5],
        "section": "環境課" if spot.manager == "city" else "土木課維持係",
        "requested_by": demo.account(who) if who else None, "by_proxy": not who and n % 4 == 0,
    }  # fmt: skip
    way = _way(state, asked, min(offset, 0), who)
    id = demo.live(PICKUP, row, way, **at_end)
    for kind, unit, quantity in HEAPS[n % len(HEAPS)]:
        taken = {"collected": quantity, "partly": max(quantity - 2, 0)}.get(state)
        demo.insert("pickup_contents", pickup_id=id, unit=unit, quantity=quantity,
                    collected=taken, **{"class": kind})  # fmt: skip
