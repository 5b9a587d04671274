"""From rows to recommendations: ``candidates`` reads them, ``geo.matching`` scores them."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from geo.matching import Activity, Person, Score, rank, score
from server.citysettings.queries import City
from server.db.context import now
from server.matching.candidates import Asked, statement
from server.matching.reasons import reasons
from server.opportunities.nearby import Card, Found
from server.opportunities.search import PAGE_SIZE, Search

HOUR_S = 3600
_CARD = tuple(name for name in Card.__dataclass_fields__ if name != "reasons")


@dataclass(frozen=True)
class Explained:
    """An activity with its score for one person, and everything that keeps it off their list."""

    card: Card
    score: Score
    blocked: tuple[str, ...]  # keys of ``reasons.BLOCKED``


async def _rows(
    db: AsyncSession,
    city: City,
    search: Search,
    account_id: uuid.UUID | None,
    only: uuid.UUID | None = None,
) -> list[Row[Any]]:
    moment = now(db)
    today = moment.astimezone(city.zone).date()
    asked = Asked(search, account_id, moment, today, city.zone.key, city.rules, only)
    return [row for row in await db.execute(statement(asked)) if row.id is not None]


async def recommend(
    db: AsyncSession,
    city: City,
    search: Search,
    account_id: uuid.UUID | None,
    size: int = PAGE_SIZE,
) -> Found:
    """One page of what suits somebody, in one statement. What cannot be recommended is counted."""
    rows = await _rows(db, city, search, account_id)
    if not rows:
        return Found([], False)
    by_id, moment = {str(row.id): row for row in rows}, now(db)
    free = [activity_of(row, moment) for row in rows if not _hindered(row)]
    ranked = rank(person_of(rows[0]), free)
    page = ranked[search.offset : search.offset + size]
    cards = [_card(by_id[one.activity.id], one.score, search) for one in page]
    return Found(cards, len(ranked) > search.offset + size, len(rows) - len(ranked))


async def explain(
    db: AsyncSession, city: City, account_id: uuid.UUID, only: uuid.UUID | None = None
) -> list[Explained]:
    """All candidates of a person, or ``only`` one activity, best first: also what is blocked."""
    search = Search(sort="fit", suited=True)
    rows, moment = await _rows(db, city, search, account_id, only), now(db)
    listed = []
    for row in rows:
        found = score(person_of(row), activity_of(row, moment))
        blocked = found.blocked + _hindered(row)
        listed.append(Explained(_card(row, found, search), found, blocked))
    return sorted(
        listed, key=lambda e: (bool(e.blocked), -e.score.total, e.card.starts_at, e.card.id)
    )


def _card(row: Row[Any], found: Score, search: Search) -> Card:
    values = {name: row._mapping[name] for name in _CARD}
    return Card(**values, reasons=reasons(found, row.distance_m, search))


def _hindered(row: Row[Any]) -> tuple[str, ...]:
    """What keeps an activity off the list beside the rules of the score."""
    hindrances = {
        "closed": row.state != "published",
        "joined": row.my_people is not None,
        "overlaps": row.overlaps,
    }
    return tuple(key for key, holds in hindrances.items() if holds)


def person_of(row: Row[Any]) -> Person:
    """The wishes in a row of the statement; nothing wished where nothing is known."""
    if row.my_known is None:
        return Person()
    return Person(
        reach_m=row.my_reach_m,
        travel=row.my_travel,
        free_times=frozenset(row.my_free_times),
        works=frozenset(row.my_works),
        kinds=frozenset(row.my_kinds),
        strength=row.my_strength,
        with_children=row.my_with_children,
        step_free=row.my_step_free,
        tools=frozenset(row.my_tools),
        group_people=row.my_group_people,
        languages=frozenset(row.my_languages),
    )


def activity_of(row: Row[Any], moment: dt.datetime) -> Activity:
    """The features of a candidate at ``moment``."""
    return Activity(
        id=str(row.id),
        host=str(row.partner_id or ""),
        starts_at=row.starts_at,
        time=row.time,
        hours_until=(row.starts_at - moment).total_seconds() / HOUR_S,
        capacity=row.capacity,
        places_left=max(0, row.capacity - row.taken - row.offered),
        taken=row.taken,
        distance_m=row.distance_m,
        works=frozenset(row.works),
        kind=row.kind,
        strength=row.strength,
        children_ok=row.children_ok,
        step_free=row.step_free,
        languages=frozenset(row.languages),
        needs_course=row.needs_course,
        min_age=row.min_age,
        min_people=row.min_people,
        wants_hands=row.wants_hands,
        area_care=row.area_care,
        been_before=row.been_before,
        host_fill=row.host_fill,
        agreement_active=row.agreement_active,
    )
