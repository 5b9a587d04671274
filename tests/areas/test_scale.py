"""The layers at 100,000 areas: their viewport goes through the GiST index."""

from typing import Any

import pytest
from sqlalchemy import event, text

from geo.shapes import Bounds
from server.areas.queries import AreaFilter, areas_layer
from server.citysettings.registry import CityRules
from server.coverage.filters import read_filter
from server.coverage.queries import coverage_layer
from server.db.engine import make_engine, make_sessions
from server.maps.features import FEATURE_CAP
from tests.conftest import START, FixedClock

pytestmark = pytest.mark.anyio
MANY = 100_000
FILL = """
INSERT INTO areas (id, code, name, name_kana, kind, manager, section, geom, safety_notes)
SELECT gen_random_uuid(), 'A-' || (10000 + n), '区域' || n, '', 'city_road', 'city', '',
       ST_SetSRID(ST_MakeLine(ST_MakePoint(x, y), ST_MakePoint(x + 0.001, y + 0.001)), 4326), ''
  FROM (SELECT n, 140.8 + (n % 400) * 0.001 AS x, 42.2 + (n / 400) * 0.001 AS y
          FROM generate_series(0, :many - 1) AS n) AS grid"""


async def test_viewport_uses_the_index(database_url: str, clock: FixedClock) -> None:
    engine = make_engine(database_url, pool_size=1, timeout_ms=0)
    seen: list[tuple[str, Any]] = []
    event.listen(
        engine.sync_engine, "before_cursor_execute", lambda *sent: seen.append((sent[2], sent[3]))
    )
    try:
        async with make_sessions(engine, clock=clock)() as db:
            await db.execute(text("ALTER TABLE areas DISABLE TRIGGER USER"))
            await db.execute(text(FILL), {"many": MANY})
            await db.commit()
            await db.execute(text("ANALYZE areas"))
            box = Bounds(140.98, 42.31, 140.99, 42.32)
            day, rules = START.date(), CityRules()
            asked = read_filter({}, day)
            for layer in (
                lambda: areas_layer(db, AreaFilter(), day, rules, box),
                lambda: coverage_layer(db, asked, rules, box),
            ):
                body = await layer()
                statement, parameters = seen[-1]
                connection = await db.connection()
                lines = await connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)
                plan = "\n".join(line for (line,) in lines)
                assert "ix_areas_geom" in plan, plan
                assert "Seq Scan on areas" not in plan, plan
                assert 100 < body.count('"Feature"') < 200
                assert '"truncated" : false' in body
            wide = await areas_layer(db, AreaFilter(), day, rules, Bounds(140, 42, 142, 43))
            assert wide.count('"Feature"') == FEATURE_CAP
            assert '"truncated" : true' in wide
    finally:
        await engine.dispose()
