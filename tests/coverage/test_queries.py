"""Coverage in the database: states over time, filters, and totals that agree with the rows."""

import datetime as dt
import json
import random
from dataclasses import replace

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncSession

from geo.coverage import AreaFacts, CareRules, Season, care_state
from server.agreements.models import AgreementArea
from server.areas.models import Area, AreaLineage
from server.citysettings.registry import CityRules
from server.coverage.care import care_of_areas, season_of
from server.coverage.filters import CoverageFilter, read_filter
from server.coverage.queries import coverage, coverage_layer, filter_choices
from tests import factories
from tests.personas import World

pytestmark = pytest.mark.anyio
D = dt.date
TODAY = D(2026, 6, 14)
RULES = CityRules()


def asked(day: dt.date = TODAY, **values: str) -> CoverageFilter:
    return read_filter(values, day)


async def states(db: AsyncSession, day: dt.date, rules: CityRules = RULES) -> dict[str, str]:
    care = care_of_areas(day, rules)
    rows = await db.execute(select(Area.name, care.c.state).join(care, care.c.area_id == Area.id))
    return {name: state for name, state in rows}


async def test_time_alone_turns_an_area_overdue(db: AsyncSession, world: World) -> None:
    await factories.cleanup(db, world.partner, world.street, day=D(2026, 6, 1))
    name = world.street.name
    assert (await states(db, D(2026, 6, 15)))[name] == "fresh"
    assert (await states(db, D(2026, 6, 16)))[name] == "due"
    assert (await states(db, D(2026, 7, 16)))[name] == "due"
    assert (await states(db, D(2026, 7, 17)))[name] == "overdue"


async def test_only_accepted_cleanups_count(db: AsyncSession, world: World) -> None:
    for state in ("submitted", "returned", "withdrawn"):
        await factories.cleanup(db, world.partner, world.street, day=TODAY, state=state)
    assert (await states(db, TODAY))[world.street.name] == "never"


async def test_a_later_cleanup_is_not_seen_before_its_day(db: AsyncSession, world: World) -> None:
    await factories.cleanup(db, world.partner, world.street, day=TODAY)
    assert (await states(db, TODAY - dt.timedelta(1)))[world.street.name] == "never"


async def test_without_agreement_nobody_cares_for_it(db: AsyncSession, world: World) -> None:
    await factories.cleanup(db, world.partner, world.street, day=TODAY)
    await db.execute(
        update(AgreementArea)
        .where(AgreementArea.area_id == world.street.id)
        .values(period=Range(D(2025, 4, 1), TODAY))
    )
    assert (await states(db, TODAY - dt.timedelta(1)))[world.street.name] == "never"
    assert (await states(db, TODAY))[world.street.name] == "unassigned"


async def test_retired_areas_leave_on_their_day(db: AsyncSession, world: World) -> None:
    world.street.retired_on = TODAY
    await db.flush()
    assert world.street.name in await states(db, TODAY - dt.timedelta(1))
    assert world.street.name not in await states(db, TODAY)


async def heir(db: AsyncSession, name: str, of: Area, day: dt.date, kind: str = "split") -> Area:
    """A new area that came out of another on that day."""
    area = await factories.area(db, name)
    db.add(AreaLineage(from_area_id=of.id, to_area_id=area.id, kind=kind, on_day=day))
    await db.flush()
    return area


async def test_a_part_inherits_the_last_cleanup(db: AsyncSession, world: World) -> None:
    await factories.cleanup(db, world.partner, world.street, day=D(2026, 6, 1))
    world.street.retired_on = D(2026, 6, 10)
    part = await heir(db, "東の半分", world.street, D(2026, 6, 10))
    grandchild = await heir(db, "東の端", part, D(2026, 6, 12), "merge")
    await factories.agreement(db, world.partner, [part, grandchild], since=D(2026, 6, 10))
    found = await states(db, TODAY)
    assert world.street.name not in found
    assert (found[part.name], found[grandchild.name]) == ("fresh", "fresh")
    row = next(r for r in (await coverage(db, asked(), RULES)).rows if r.name == grandchild.name)
    assert row.last_on == D(2026, 6, 1)
    # a younger cleanup of its own counts more
    await factories.cleanup(db, world.partner, part, day=D(2026, 6, 13))
    row = next(r for r in (await coverage(db, asked(), RULES)).rows if r.name == part.name)
    assert (row.last_on, row.times) == (D(2026, 6, 13), 1)


async def test_a_part_is_not_seen_before_its_day(db: AsyncSession, world: World) -> None:
    """The picture of a past day shows the old area, not the same ground twice."""
    world.street.retired_on = TODAY
    part = await heir(db, "東の半分", world.street, TODAY)
    before = await states(db, TODAY - dt.timedelta(1))
    assert world.street.name in before and part.name not in before
    after = await states(db, TODAY)
    assert world.street.name not in after and part.name in after


async def test_a_part_of_a_dormant_area_is_dormant(db: AsyncSession, world: World) -> None:
    await db.execute(update(AgreementArea).values(period=Range(D(2020, 4, 1), None)))
    part = await heir(db, "東の半分", world.street, D(2026, 6, 1))
    world.street.retired_on = D(2026, 6, 1)
    await factories.agreement(db, world.partner, [part], since=D(2027, 6, 1))
    found = await coverage(db, asked(q=part.name), RULES)
    assert found.total("dormant") == 1


async def test_dormant_needs_a_whole_season_of_silence(db: AsyncSession, world: World) -> None:
    world.street.created_at = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    await db.execute(update(AgreementArea).values(period=Range(D(2020, 4, 1), None)))
    await factories.cleanup(db, world.partner, world.street, day=D(2025, 6, 14))

    async def dormant(day: dt.date) -> bool:
        found = await coverage(db, asked(day, state="dormant", q=world.street.name), RULES)
        return bool(found.rows)

    assert not await dormant(D(2026, 4, 1))  # the first day of a season puts nobody to sleep
    assert not await dormant(D(2026, 6, 13))
    assert await dormant(D(2026, 6, 14))


async def test_a_new_agreement_is_not_dormant(db: AsyncSession, world: World) -> None:
    await db.execute(update(AgreementArea).values(period=Range(D(2026, 5, 1), None)))
    found = await coverage(db, asked(), RULES)
    assert found.total("dormant") == 0
    assert {row.state for row in found.rows} == {"never"}


async def test_the_sql_states_are_those_of_python(db: AsyncSession, world: World) -> None:
    """Random last days, seasons and agreements, on many days: one truth in two languages."""
    rng = random.Random(41)  # noqa: S311 - reproducible
    seasons = [None, Season("06-01", "09-30"), Season("01-01", "12-31"), Season("10-15", "02-29")]
    facts: dict[str, AreaFacts] = {}
    for n in range(40):
        area = await factories.area(db, f"区域{n}")
        season = rng.choice(seasons)
        if season:
            area.season_from, area.season_to = season.opens, season.closes
        last = D(2024, 1, 1) + dt.timedelta(rng.randrange(900)) if rng.random() < 0.8 else None
        carer = rng.random() < 0.8
        if last:
            await factories.cleanup(db, world.partner, area, day=last, bags=0)
        if carer:
            await factories.agreement(db, world.partner, [area], since=D(2024, 1, 1), years=5)
        facts[area.name] = AreaFacts(last, carer, season)
    for rules in (RULES, CityRules(season_from="11-01", season_to="03-31", due_days=20)):
        plain = CareRules(season_of(rules), rules.fresh_days, rules.due_days)
        for step in range(0, 800, 61):
            day = D(2024, 2, 29) + dt.timedelta(step)
            found = await states(db, day, rules)
            for name, fact in facts.items():
                past = fact.last_on if fact.last_on and fact.last_on <= day else None
                seen = replace(fact, last_on=past)
                assert found[name] == care_state(seen, plain, day), (name, day, fact)


async def test_rows_totals_and_map_agree(db: AsyncSession, world: World) -> None:
    await factories.cleanup(db, world.partner, world.street, day=TODAY, people=8)
    await factories.cleanup(db, world.partner, world.street, day=D(2026, 5, 2), people=5)
    await factories.cleanup(db, world.partner, world.street, day=D(2026, 3, 20), people=99)
    await factories.area(db, "だれもいない道")
    for values in ({}, {"kind": "city_road"}, {"state": "fresh"}, {"q": "母恋"}):
        question = asked(**values)
        found = await coverage(db, question, RULES)
        layer = json.loads(await coverage_layer(db, question, RULES, None))
        assert found.areas == len(found.rows) == len(layer["features"])
        for state, total in found.by_state.items():
            rows = [row for row in found.rows if row.state == state]
            assert total.areas == len(rows)
            assert total.length_m == pytest.approx(sum(row.length_m for row in rows))
            drawn = [f for f in layer["features"] if f["properties"]["state"] == state]
            assert len(drawn) == len(rows)
    street = next(r for r in found.rows if r.name == world.street.name)
    assert (street.times, street.people, street.season_days) == (2, 13, 0)
    assert street.partners == ((world.partner.code, world.partner.name),)


async def test_totals_cover_all_pages(db: AsyncSession, world: World) -> None:
    found = await coverage(db, asked(), RULES, limit=1)
    assert (len(found.rows), found.areas) == (1, 3)
    beyond = await coverage(db, asked(page="9"), RULES, limit=1)
    assert (len(beyond.rows), beyond.areas) == (0, 3)
    nothing = await coverage(db, asked(q="そんな区域はない"), RULES)
    assert (nothing.areas, nothing.cared_percent) == (0, None)


async def test_filters(db: AsyncSession, world: World) -> None:
    async def names(**values: str) -> set[str]:
        return {row.name for row in (await coverage(db, asked(**values), RULES)).rows}

    street, park, shore = world.street.name, world.park.name, world.other_area.name
    assert await names() == {street, park, shore}
    assert await names(kind="park") == {park}
    assert await names(manager="state") == set()
    assert await names(partner=world.other_partner.code) == {shore}
    assert await names(section="土木課維持係") == {street, park, shore}
    assert await names(q="A-") == {street, park, shore}
    assert await names(q="a-" + world.park.code[2:]) == {park}
    assert await names(q="100%_") == set()
    assert await names(q="母恋\x00") == {street}


async def test_year_in_the_past_is_seen_from_its_end(db: AsyncSession, world: World) -> None:
    await db.execute(update(AgreementArea).values(period=Range(D(2020, 4, 1), None)))
    await factories.cleanup(db, world.partner, world.street, day=D(2025, 10, 1), people=7)
    question = asked(year="2025")
    assert (question.day, question.year) == (D(2026, 3, 31), 2025)
    row = next(r for r in (await coverage(db, question, RULES)).rows if r.name == world.street.name)
    assert (row.state, row.times, row.people, row.season_days) == ("overdue", 1, 7, 60)


@pytest.mark.parametrize("sort", ["code", "name", "kind", "manager", "section", "last", "times"])
async def test_every_column_sorts_both_ways(db: AsyncSession, world: World, sort: str) -> None:
    await factories.cleanup(db, world.partner, world.street, day=TODAY)
    await factories.cleanup(db, world.partner, world.park, day=D(2026, 5, 1))
    field = {"name": "code", "last": "season_days", "times": "times"}.get(sort, sort)
    for order in (sort, f"-{sort}"):
        rows = (await coverage(db, asked(sort=order), RULES)).rows
        found = [getattr(r, field) for r in rows]
        worst = 10**6 if sort == "last" else None
        values = [worst if v is None else v for v in found]
        if sort != "name":
            assert values == sorted(values, reverse=order.startswith("-")), order
        assert len(rows) == 3


async def test_choices(db: AsyncSession, world: World) -> None:
    await factories.cleanup(db, world.partner, world.street, day=D(2025, 5, 1))
    choices = await filter_choices(db)
    assert choices.sections == ("土木課維持係",)
    assert {name for _, name in choices.partners} == {world.partner.name, world.other_partner.name}
    assert choices.first_year_day == D(2025, 5, 1)


MANY_CLEANUPS = text("""
INSERT INTO cleanups (id, partner_id, area_id, area_version, done_on, people, notes, next_plan,
                      state, review_comment)
SELECT gen_random_uuid(), :partner, a.id, a.version, date '2020-04-01' + n % 2000, 5, '', '',
       'accepted', ''
FROM areas a, generate_series(1, 1000) n
""")


async def test_last_cleanup_uses_its_index(db: AsyncSession, world: World) -> None:
    # enough rows and fresh statistics: on an empty table every index costs the same to the planner
    await db.execute(MANY_CLEANUPS, {"partner": world.partner.id})
    await db.execute(text("ANALYZE cleanups"))
    await db.execute(text("SET LOCAL enable_seqscan = off"))
    care = care_of_areas(TODAY, RULES)
    compiled = select(care).compile(db.get_bind())
    connection = await db.connection()
    plan = await connection.exec_driver_sql(f"EXPLAIN {compiled}", compiled.params)
    assert "ix_cleanups_accepted_area_day" in "\n".join(line for (line,) in plan)
