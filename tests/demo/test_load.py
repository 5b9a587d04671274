"""Loading the demo into a real database: once, whole, and never over a city's own data."""

import datetime as dt
from typing import Any

import psycopg
import pytest

from server.db.engine import libpq_url
from server.demo.build import build
from server.demo.load import DemoRefused, is_loaded, load

TODAY = dt.date(2026, 6, 14)
TABLES = ("accounts", "areas", "area_versions", "partners", "agreement_areas", "opportunities",
          "signups", "cleanups", "cleanup_litter", "city_settings")  # fmt: skip


def fetch(database_url: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(libpq_url(database_url)) as connection:
        return connection.execute(query).fetchall()


def execute(database_url: str, statement: str) -> None:
    with psycopg.connect(libpq_url(database_url)) as connection:
        connection.execute(statement)


def fingerprint(database_url: str) -> dict[str, tuple[Any, ...]]:
    """Count and hash of every row of the tables, so that any change shows."""
    return {
        table: fetch(
            database_url,
            f"SELECT count(*), md5(string_agg(t::text, '' ORDER BY t::text)) FROM {table} t",
        )[0]
        for table in TABLES
    }


def test_loading_twice_changes_nothing(database_url: str) -> None:
    assert not is_loaded(database_url)
    steps: list[tuple[str, int, int]] = []
    first = load(database_url, TODAY, 1, lambda *step: steps.append(step))
    before = fingerprint(database_url)
    assert first.loaded and is_loaded(database_url)
    assert steps == [("load", 0, 1), ("load", 1, 1), ("analyze", 0, 1), ("analyze", 1, 1)]
    assert first.rows["areas"] == 62 and first.rows["opportunities"] == 60
    assert first.rows_per_second > 0

    second = load(database_url, TODAY, 1)
    tomorrow = load(database_url, TODAY + dt.timedelta(days=1), 2)
    assert not second.loaded and not tomorrow.loaded
    assert (tomorrow.loaded_on, tomorrow.scale) == (TODAY, 1)
    assert fingerprint(database_url) == before


def test_rows_arrive_as_they_were_built(database_url: str) -> None:
    part = build(TODAY).part(0)
    summary = load(database_url, TODAY)
    for table in ("areas", "partners", "agreements", "opportunities", "signups", "cleanups"):
        assert summary.rows[table] == len(getattr(part, table))
    assert fetch(database_url, "SELECT count(*) FROM cleanup_litter") == [
        (sum(len(c.litter) for c in part.cleanups),)
    ]
    (area,) = [a for a in part.areas if a.redrawn_on]
    assert fetch(
        database_url,
        "SELECT v.version, v.valid_to IS NULL, ST_NPoints(v.geom) FROM area_versions v "
        f"WHERE area_id = '{area.id}' ORDER BY 1",
    ) == [
        (1, False, len(area.former.coords)),  # type: ignore[union-attr]
        (2, True, len(area.geom.coords)),
    ]
    wrong = "SELECT count(*) FROM cleanups c JOIN area_versions v ON v.area_id = c.area_id AND " \
        "v.version = c.area_version WHERE c.done_on < v.valid_from::date OR c.done_on > " \
        "coalesce(v.valid_to::date, 'infinity')"  # fmt: skip
    assert fetch(database_url, wrong) == [(0,)]
    inside = "SELECT bool_and(ST_Covers(m.boundary, a.geom)) FROM areas a, municipality m"
    assert fetch(database_url, inside) == [(True,)]


def test_new_areas_and_partners_get_the_next_code(database_url: str) -> None:
    load(database_url, TODAY, 2)
    # A-0125 is kept for the new area of an agreement on its way.
    assert fetch(database_url, "SELECT next_code('A', 'area_code_seq')") == [("A-0126",)]
    assert fetch(database_url, "SELECT next_code('MP', 'partner_code_seq')") == [("MP-0051",)]


def test_reset_loads_anew_also_over_an_audit_trail(database_url: str) -> None:
    load(database_url, TODAY)
    execute(
        database_url,
        "INSERT INTO audit_events (at, actor_id, actor_role, action, object_type, object_id, "
        "detail, request_id) SELECT now(), id, 'staff', 'test', 'x', 'x', '{}', '' "
        "FROM accounts LIMIT 1",
    )
    later = TODAY + dt.timedelta(days=60)
    again = load(database_url, later, reset=True)
    assert again.loaded and again.loaded_on == later
    assert fetch(database_url, "SELECT count(*) FROM audit_events") == [(0,)]
    assert fetch(
        database_url, "SELECT count(*) > 50 FROM opportunities WHERE starts_at >= '2026-08-13'"
    ) == [(True,)]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):  # the trail is guarded again
        execute(database_url, "TRUNCATE audit_events")


@pytest.mark.parametrize("reset", [False, True])
def test_data_of_a_city_is_never_touched(database_url: str, reset: bool) -> None:
    execute(
        database_url,
        "INSERT INTO accounts (id, email, display_name) "
        "VALUES (gen_random_uuid(), 'city@example.jp', '')",
    )
    with pytest.raises(DemoRefused, match="accounts"):
        load(database_url, TODAY, reset=reset)
    assert not is_loaded(database_url)
    assert fetch(database_url, "SELECT count(*) FROM accounts") == [(1,)]


def test_a_broken_load_leaves_nothing(database_url: str) -> None:
    def stop(step: str, done: int, total: int) -> None:
        if step == "analyze":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load(database_url, TODAY, 1, stop)
    assert not is_loaded(database_url)
    assert fetch(database_url, "SELECT count(*) FROM areas") == [(0,)]
    assert load(database_url, TODAY).loaded


def test_the_programme_shows_every_kind_of_standing(database_url: str) -> None:
    """One that rests, one that has ended and is nobody's to care for, and people as themselves."""
    load(database_url, TODAY, 1)
    states = dict(fetch(database_url, "SELECT state, count(*) FROM enrolments GROUP BY state"))
    assert states["paused"] == states["expired"] == 1
    ended = "SELECT partner_id FROM enrolments WHERE state = 'expired'"
    left = (
        "SELECT end_reason FROM agreement_areas"
        f" WHERE upper(period) <= '{TODAY}' AND partner_id = ({ended})"
    )
    assert ("expired",) in fetch(database_url, left)
    still = (
        f"SELECT 1 FROM agreement_areas WHERE period @> date '{TODAY}' AND partner_id = ({ended})"
    )
    assert fetch(database_url, still) == []
    hats = (
        "SELECT DISTINCT s.by_hat FROM state_changes s JOIN accounts a ON a.id = s.by"
        " WHERE a.display_name LIKE '%はなこ%'"
    )
    assert fetch(database_url, hats) == [("person",)]
