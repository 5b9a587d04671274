"""Two seasons of finished cleanups. Each partner keeps its own rhythm on each of its areas, so that
on any day of the year some areas are fresh, some due, some overdue and some were never cleaned."""

import datetime as dt
import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from server.demo import notes
from server.demo.ids import demo_uuid, dice
from server.demo.model import AgreementArea, Area, Cleanup, Litter, Partner, at
from server.demo.network import Network
from server.demo.partners import NEWCOMER, PARTNERS
from server.demo.personas import KENJI, TOYO
from server.demo.seasons import fiscal_year, last_working_day, season_end, year_start
from server.demo.shapes import piece

GAVE_UP: Final = 0  # stopped in the middle of last season
NOT_BEGUN: Final = -1
# Days between cleanups, dealt out in turn.
RHYTHMS: Final = (7, 28, 14, 60, 21, 35, 10, 90, 28, 14, GAVE_UP, 45, 21, 10, NOT_BEGUN)
GAVE_UP_MONTH: Final = 7
MONDAY_TO_SUNDAY: Final = {
    "neighbourhood": 6, "npo": 5, "university": 3, "company": 4, "government": 2,
}  # fmt: skip
PEOPLE: Final = {
    "neighbourhood": (6, 22), "npo": (5, 16), "university": (5, 20),
    "company": (6, 25), "government": (4, 12), "citizen": (1, 2),
}  # fmt: skip
LATE_AFTER_DAYS: Final = 10


@dataclass(frozen=True)
class _Link:
    """A partner on an area, with the periods in which it was agreed."""

    partner: Partner
    area: Area
    works: tuple[str, ...]
    periods: tuple[AgreementArea, ...]
    rhythm_days: int

    def agreed_on(self, day: dt.date) -> bool:
        return any(p.start <= day < p.end for p in self.periods)


def make_cleanups(network: Network, today: dt.date, seed: int, copy: int) -> tuple[Cleanup, ...]:
    """All cleanups of copy number ``copy`` up to yesterday, oldest first."""
    made = [
        _cleanup(link, day, today, dice(seed, "cleanup", copy, n, day), copy, n)
        for n, link in enumerate(_links(network, seed, copy))
        for day in _days(link, today, dice(seed, "days", copy, n))
    ]
    made.sort(key=lambda c: (c.done_on, c.id))
    return _with_states(made, today, dice(seed, "states", copy))


def _links(network: Network, seed: int, copy: int) -> list[_Link]:
    areas = {a.id: a for a in network.areas}
    partners = {p.id: (p, s) for p, s in zip(network.partners, PARTNERS, strict=True)}
    newcomer = network.partners[NEWCOMER - 1].id
    by_pair: dict[tuple[uuid.UUID, uuid.UUID], list[AgreementArea]] = {}
    for row in network.agreement_areas:
        if row.partner_id != newcomer:
            by_pair.setdefault((row.partner_id, row.area_id), []).append(row)
    rhythms = [RHYTHMS[n % len(RHYTHMS)] for n in range(len(by_pair))]
    dice(seed, "rhythms", copy).shuffle(rhythms)
    links = []
    for ((partner_id, area_id), rows), rhythm in zip(by_pair.items(), rhythms, strict=True):
        partner, seed_row = partners[partner_id]
        links.append(_Link(partner, areas[area_id], seed_row.works, tuple(rows), rhythm))
    return links


def _days(link: _Link, today: dt.date, rng: random.Random) -> Iterator[dt.date]:
    """The days on which one partner cleaned one area, oldest first."""
    if link.rhythm_days == NOT_BEGUN:
        return
    year = fiscal_year(today)
    until = last_working_day(today)
    for season in (year - 1, year):
        # some put the brooms away in October, most just before the snow
        stop = season_end(season) - dt.timedelta(int(50 * rng.random() ** 2))
        if link.rhythm_days == GAVE_UP:
            stop = dt.date(year - 1, GAVE_UP_MONTH, 31)
        first = year_start(season) + dt.timedelta(rng.randrange(2, 28))
        for day in _season_days(link, first, stop, rng):
            if day <= until and link.agreed_on(day):
                yield day


def _season_days(
    link: _Link, first: dt.date, stop: dt.date, rng: random.Random
) -> Iterator[dt.date]:
    """One season in the partner's rhythm, on its usual weekday; often with a closing cleanup."""
    weekday = MONDAY_TO_SUNDAY.get(link.partner.subject)
    rhythm = link.rhythm_days or 21
    last, day = first, first
    while True:
        real = day if weekday is None else day + dt.timedelta((weekday - day.weekday()) % 7)
        if real > stop:
            break
        yield real
        last = real
        day = real + dt.timedelta(max(7, rhythm + rng.randrange(-rhythm // 6, rhythm // 6 + 1)))
    closing = rng.random() < 0.4 and link.rhythm_days != GAVE_UP
    if closing and (stop - last).days >= 7:
        yield stop


def _cleanup(
    link: _Link, day: dt.date, today: dt.date, rng: random.Random, copy: int, number: int
) -> Cleanup:
    area, subject = link.area, link.partner.subject
    low, high = PEOPLE[subject]
    people = rng.randint(low, min(high, link.partner.registered_people + 4))
    people = min(people, 2) if subject == "citizen" else people
    works = _works(link, day, rng)
    families = subject in ("neighbourhood", "npo", "university") and people >= 6
    sent_on = min(day + dt.timedelta(rng.choice((0, 0, 0, 1, 2))), today - dt.timedelta(days=1))
    sent_at = at(sent_on, rng.randint(12, 20), rng.randrange(60))
    return Cleanup(
        id=demo_uuid(sent_at, "cleanup", copy, number, day),
        partner_id=link.partner.id,
        area_id=area.id,
        area_version=area.version_on(day),
        done_on=day,
        started_at=None if rng.random() < 0.15 else _start(day, subject, rng),
        minutes=None if rng.random() < 0.1 else rng.choice((30, 40, 45, 60, 60, 60, 90, 120)),
        people=people,
        children=rng.randint(1, people // 3) if families and rng.random() < 0.4 else None,
        newcomers=rng.randint(1, 3) if people >= 6 and rng.random() < 0.2 else None,
        works=works,
        extent=piece(area.shape_on(day), rng) if rng.random() < 0.12 else None,
        notes=_note(area.kind, day.month, rng) if rng.random() < 0.6 else "",
        next_plan=rng.choice(notes.NEXT_PLANS) if rng.random() < 0.2 else "",
        state="accepted",
        review_comment="",
        logged_by=_logged_by(link.partner.code, rng),
        created_at=sent_at,
        litter=tuple(_litter(area.kind, people, works, rng)),
    )


def _start(day: dt.date, subject: str, rng: random.Random) -> dt.time:
    if subject == "government":
        return dt.time(12, 10)
    early = 6 if day.month in (6, 7, 8) else 8
    return dt.time(early + rng.randrange(3), rng.choice((0, 0, 30)))


def _works(link: _Link, day: dt.date, rng: random.Random) -> tuple[str, ...]:
    """Litter nearly always; the partner's other works when their season has come."""
    chosen = ["litter"] if "litter" in link.works or rng.random() < 0.5 else []
    for work in link.works[1:] if "litter" in link.works else link.works:
        growing = work not in ("weeding", "flowerbed", "planting") or 5 <= day.month <= 10
        if growing and rng.random() < 0.35:
            chosen.append(work)
    if day.month >= 11 and link.area.kind == "park" and rng.random() < 0.5:
        chosen.append("winter_cover")
    return tuple(chosen) or ("litter",)


def _note(kind: str, month: int, rng: random.Random) -> str:
    return rng.choice(notes.ANYWHERE + notes.for_month(month) + notes.for_kind(kind) * 2)


def _logged_by(partner_code: str, rng: random.Random) -> uuid.UUID | None:
    if partner_code != KENJI.partner_code:
        return None
    return TOYO.id if rng.random() < 0.3 else KENJI.id


def _litter(kind: str, people: int, works: tuple[str, ...], rng: random.Random) -> Iterator[Litter]:
    """Amounts that grow with the number of people; classes that fit the place and the work."""
    bags = max(1, round(people * rng.uniform(0.15, 0.5)))
    yield Litter("burnable", "bag", Decimal(bags))
    if rng.random() < (0.9 if kind == "beach" else 0.55):
        yield Litter("nonburnable", "bag", Decimal(max(1, round(bags * rng.uniform(0.2, 0.7)))))
    if rng.random() < 0.4:
        yield Litter("recyclable", "bag", Decimal(rng.randint(1, 3)))
    if "weeding" in works:
        unit = "m3" if people >= 12 and rng.random() < 0.3 else "bag"
        amount = Decimal(rng.randint(2, 12)) / 4 if unit == "m3" else Decimal(rng.randint(2, 14))
        yield Litter("grass", unit, amount)
    if rng.random() < 0.06:
        yield Litter("bulky", "item", Decimal(rng.randint(1, 3)))
    if kind == "beach" and rng.random() < 0.3:
        yield Litter("other", "kg", Decimal(rng.randint(4, 60)) / 2)


def _with_states(made: list[Cleanup], today: dt.date, rng: random.Random) -> tuple[Cleanup, ...]:
    """Most reports are accepted; some of the newest wait; a few went back or were taken back."""
    newest = last_working_day(today)
    done: list[Cleanup] = []
    for position, cleanup in enumerate(made):
        left = len(made) - position
        recent = (newest - cleanup.done_on).days <= 12
        if left in (1, 2, 4) or (recent and rng.random() < 0.3):
            cleanup = _waiting(cleanup, today, rng)
        elif left == 3 or (left > 30 and rng.random() < 0.002):
            cleanup = replace(cleanup, state="returned", review_comment=notes.RETURNED)
        elif left == 40 or (left > 30 and rng.random() < 0.003):
            cleanup = replace(cleanup, state="withdrawn", notes=notes.WITHDRAWN)
        done.append(cleanup)
    return tuple(done)


def _waiting(cleanup: Cleanup, today: dt.date, rng: random.Random) -> Cleanup:
    """A report that staff have not looked at yet. In winter it is one that came late."""
    if (today - cleanup.done_on).days <= LATE_AFTER_DAYS:
        return replace(cleanup, state="submitted")
    sent_at = at(today - dt.timedelta(rng.randint(1, 5)), 19, rng.randrange(60))
    return replace(cleanup, state="submitted", notes=notes.LATE, created_at=sent_at)
