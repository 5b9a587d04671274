"""At 100,000 activities the list and the map still run over their indexes."""

import datetime as dt
import json
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession

from geo.shapes import Bounds
from server.db.engine import make_engine, make_sessions
from server.opportunities.nearby import LayerWish, find, layer_rows, list_statement
from server.opportunities.search import PAGE_SIZE, Search, Where
from tests import factories
from tests.conftest import START

pytestmark = pytest.mark.anyio
ROWS = 100_000
BOKOI = Where(140.9890, 42.3169, "母恋駅", "母恋駅")
NEAR = Search(where=BOKOI, radius_m=3_000, sort="near")
GEOG, GEOM = "ix_opportunities_meeting_geog", "ix_opportunities_meeting_geom"
STARTS = "ix_opportunities_starts"
# So few rows pass that fetching them all by index and sorting them may be the better plan
NARROW = {"weekend", "a day", "Saturday mornings"}

# A city of 20 km by 20 km, a year of activities, every kind and every trait.
FILL = f"""
INSERT INTO opportunities (id, partner_id, title, description, works, starts_at, ends_at,
    meeting_place, meeting_point, capacity, children_ok, empty_handed_ok, step_free, bring,
    safety_notes, state, cancel_reason, sequence)
SELECT gen_random_uuid(), :partner, '見本の活動 ' || n, '', ARRAY[(ARRAY['litter','weeding',
    'flowerbed'])[1 + n % 3]],
    :now + (n % 365 - 60) * interval '1 day' + (n % 9) * interval '1 hour',
    :now + (n % 365 - 60) * interval '1 day' + (n % 9 + 1 + n % 2) * interval '1 hour',
    '見本の広場', ST_SetSRID(ST_MakePoint(140.9 + 0.2 * random(), 42.27 + 0.15 * random()), 4326),
    10, n % 2 = 0, n % 3 = 0, n % 5 = 0, '', '', 'published', '', 0
FROM generate_series(1, {ROWS}) AS n
"""


@dataclass
class Crowded:
    """A session on a database of 100,000 activities."""

    db: AsyncSession


@pytest.fixture
async def crowded(database_url: str) -> AsyncIterator[Crowded]:
    engine = make_engine(database_url, pool_size=1, timeout_ms=0)
    sessions = make_sessions(engine, clock=lambda: START)
    async with sessions() as db:
        host = await factories.partner(db, "見本町会")
        await db.execute(text("SELECT setseed(0.4)"))
        await db.execute(text(FILL), {"partner": host.id, "now": START})
        await db.commit()
        await db.execute(text("ANALYZE opportunities"))
        await db.commit()
        yield Crowded(db)
    await engine.dispose()


async def plan_of(db: AsyncSession, statement: Select[Any]) -> list[dict[str, Any]]:
    """All nodes of the plan that PostgreSQL chooses, values included."""
    compiled = statement.compile(
        dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True}
    )
    connection = await db.connection()
    raw = await connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {compiled}".replace("%", "%%"))
    answer = raw.scalar_one()
    tree = answer if isinstance(answer, list) else json.loads(answer)
    return list(_nodes(tree[0]["Plan"]))


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _nodes(child)


def names(nodes: list[dict[str, Any]]) -> list[str]:
    """Readable nodes, for the message of a failing test."""
    return [f"{n['Node Type']} {n.get('Index Name', n.get('Relation Name', ''))}" for n in nodes]


SEARCHES = {
    "plain": NEAR,
    "500 m": replace(NEAR, radius_m=500),
    "10 km": replace(NEAR, radius_m=10_000),
    "whole city": replace(NEAR, radius_m=0),
    "weekend": replace(NEAR, days=frozenset({"weekend"})),
    "mornings": replace(NEAR, band="morning"),
    "Saturday mornings": replace(NEAR, weekday="6", band="morning"),
    "a day": replace(NEAR, day=dt.date(2026, 6, 20)),
    "weeding with children": replace(NEAR, work="weeding", traits=frozenset({"children"})),
    "all traits": replace(
        NEAR, traits=frozenset({"short", "children", "empty_handed", "step_free"})
    ),
    "page 3": replace(NEAR, page=3),
}


async def test_plans_use_the_spatial_indexes(crowded: Crowded) -> None:
    db = crowded.db
    for name, search in SEARCHES.items():
        statement = list_statement(
            search, now=START, zone="Asia/Tokyo", account_id=None, limit=PAGE_SIZE + 1
        )
        nodes = await plan_of(db, statement)
        assert not _whole_table(nodes), (name, names(nodes))
        if name in NARROW:
            assert {GEOG, STARTS} & {n.get("Index Name") for n in nodes}, (name, names(nodes))
            continue
        nearest = [n for n in nodes if n.get("Index Name") == GEOG and "Order By" in n]
        assert nearest and nearest[0]["Node Type"] == "Index Scan", (name, names(nodes))
        assert "<->" in nearest[0]["Order By"], name
    viewport = LayerWish(bbox=Bounds(140.98, 42.31, 141.0, 42.325), pins=(uuid4(),))
    for search in (Search(), replace(Search(), work="weeding"), NEAR):
        rows = layer_rows(search, viewport, now=START, zone="Asia/Tokyo", account_id=None)
        nodes = await plan_of(db, rows.limit(2_001))
        assert {GEOM, GEOG} & {n.get("Index Name") for n in nodes}, names(nodes)
        assert not _whole_table(nodes), names(nodes)


def _whole_table(nodes: list[dict[str, Any]]) -> bool:
    return any(
        n["Node Type"] == "Seq Scan" and n.get("Relation Name") == "opportunities" for n in nodes
    )


async def test_results_are_right_and_quick(crowded: Crowded) -> None:
    db = crowded.db
    for name, search in SEARCHES.items():
        started = time.perf_counter()
        found = await find(db, search, now=START, zone="Asia/Tokyo")
        took_ms = (time.perf_counter() - started) * 1000
        print(f"{name}: {took_ms:.0f} ms, {len(found.cards)} cards")
        assert took_ms < 1_000, name
        distances = [card.distance_m or 0 for card in found.cards]
        # in order as the index measures (a sphere), which is within 0.6 % of the truth
        assert all(b > a * 0.99 for a, b in pairwise(distances)), name
        assert not search.radius_m or all(d <= search.radius_m for d in distances), name
        assert all(card.starts_at > START for card in found.cards), name
    plain = await find(db, NEAR, now=START, zone="Asia/Tokyo")
    exact = await db.execute(
        text(
            "SELECT id FROM opportunities WHERE starts_at > :now ORDER BY "
            "ST_Distance(meeting_point::geography, ST_MakePoint(:lon, :lat)::geography, false) "
            "LIMIT 20"
        ),
        {"now": START, "lon": BOKOI.lon, "lat": BOKOI.lat},
    )
    assert [card.id for card in plain.cards] == [row.id for row in exact]
