"""How much the indexes are worth: the main queries on a big demo city, with and without them.

``make bench`` (SCALE=20 by default) loads the city into a database of its own and prints, per
query, the median time and how many times longer the same statement takes when the planner may
not use indexes. Times belong to the machine; the ratio travels.
"""

import asyncio
import datetime as dt
import os
import statistics
import time
import uuid
from collections.abc import Awaitable, Callable

import psycopg
from psycopg import sql
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from geo.shapes import Bounds
from server.citysettings.queries import load_city
from server.coverage.filters import read_filter
from server.coverage.queries import coverage
from server.db import embedded
from server.db.engine import libpq_url, make_engine, make_sessions
from server.db.migrate import create_database_if_missing, upgrade
from server.demo.load import load
from server.maps.features import collect
from server.maps.places import place_names
from server.opportunities import nearby, search
from server.settings import ROOT

TODAY = dt.date(2026, 6, 14)
NOW = dt.datetime(2026, 6, 14, 1, 0, tzinfo=dt.UTC)
RUNS, SLOW_RUNS = 15, 3
NO_INDEX = "SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off"

Query = Callable[[AsyncSession], Awaitable[object]]


def queries() -> dict[str, Query]:
    """The statements people wait for, by name."""
    places = place_names()
    near = search.parse({"place": "母恋駅", "radius": "3000"}, places, 3000).search
    wish = nearby.LayerWish(bbox=Bounds(140.97, 42.31, 141.0, 42.33))
    everything = search.parse({}, places, 3000).search

    async def coverage_table(db: AsyncSession) -> object:
        city = await load_city(db)
        return await coverage(db, read_filter({}, TODAY), city.rules)

    return {
        "near a place, page 1": lambda db: nearby.find(db, near, now=NOW, zone="Asia/Tokyo"),
        "soonest first, page 1": lambda db: nearby.find(db, everything, now=NOW, zone="Asia/Tokyo"),
        "map of activities, one view": lambda db: collect(
            db, nearby.layer_rows(everything, wish, now=NOW, zone="Asia/Tokyo", account_id=None)
        ),
        "coverage table, whole city": coverage_table,
    }


async def median_ms(sessions: Callable[[], AsyncSession], query: Query, *, indexes: bool) -> float:
    """Median after one warm-up, each run in a transaction of its own."""
    times = []
    for _ in range((RUNS if indexes else SLOW_RUNS) + 1):
        async with sessions() as db, db.begin():
            if not indexes:
                for statement in NO_INDEX.split(";"):
                    await db.execute(text(statement))
            started = time.perf_counter()
            await query(db)
            times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times[1:])


async def report(url: str) -> None:
    """Measure and print a table."""
    engine = make_engine(url, timeout_ms=0)
    sessions = make_sessions(engine, clock=lambda: NOW)
    print(f"{'query':32} {'ms':>8} {'without indexes':>16}")
    for name, query in queries().items():
        fast = await median_ms(sessions, query, indexes=True)
        slow = await median_ms(sessions, query, indexes=False)
        print(f"{name:32} {fast:8.1f} {slow / fast:15.1f}×")
    await engine.dispose()


def main() -> None:
    """Load, measure, drop."""
    scale = int(os.environ.get("SCALE", "20"))
    with embedded.running(ROOT / "var/test/db") as cluster:
        name = f"machipika_bench_{uuid.uuid4().hex[:8]}"
        url = cluster.url(name)
        create_database_if_missing(url)
        try:
            upgrade(url)
            summary = load(url, TODAY, scale=scale)
            print(f"scale {scale}: {sum(summary.rows.values()):,} rows")
            asyncio.run(report(url))
        finally:
            drop(cluster.url("postgres"), name)


def drop(admin_url: str, name: str) -> None:
    """Remove the bench database."""
    with psycopg.connect(libpq_url(admin_url), autocommit=True) as connection:
        statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        connection.execute(statement.format(sql.Identifier(name)))


if __name__ == "__main__":
    main()
