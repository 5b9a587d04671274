"""Season arithmetic: against counting day by day, and the SQL against the Python."""

import datetime as dt
import random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from geo.coverage import ONE_DAY, AreaFacts, CareRules, Season, care_state
from server.coverage.care import in_season, season_days, season_first, season_last

D = dt.date
MURORAN = Season("04-01", "11-30")
RULES = CareRules(MURORAN, fresh_days=14, due_days=45)
# Every MM-DD a rule may hold, also days that no year has (the registry allows 02-31).
MONTH_DAYS = [f"{m:02}-{d:02}" for m in range(1, 13) for d in range(1, 32)]
days = st.dates(D(2015, 1, 1), D(2032, 12, 31))
seasons = st.builds(Season, st.sampled_from(MONTH_DAYS), st.sampled_from(MONTH_DAYS))


def naive_in_season(season: Season, day: dt.date) -> bool:
    today = f"{day.month:02}-{day.day:02}"
    if season.opens <= season.closes:
        return season.opens <= today <= season.closes
    return today >= season.opens or today <= season.closes


def naive_days(season: Season, after: dt.date, until: dt.date) -> int:
    count, day = 0, after + ONE_DAY
    while day <= until:
        count += naive_in_season(season, day)
        day += ONE_DAY
    return count


@given(seasons, days)
@example(Season("02-29", "02-29"), D(2024, 2, 29))
@example(Season("11-01", "02-29"), D(2025, 2, 28))
def test_contains_agrees_with_the_calendar(season: Season, day: dt.date) -> None:
    assert season.contains(day) == naive_in_season(season, day)


@given(seasons, days, days)
@example(Season("03-01", "02-29"), D(2023, 1, 1), D(2024, 12, 31))
@example(Season("12-01", "03-31"), D(2024, 2, 28), D(2024, 3, 1))
@example(Season("02-30", "03-01"), D(2024, 2, 1), D(2025, 4, 1))
def test_days_between_agrees_with_counting(season: Season, a: dt.date, b: dt.date) -> None:
    assert season.days_between(a, b) == naive_days(season, a, b)


@given(seasons, days)
def test_next_day_is_the_first_from_today(season: Season, day: dt.date) -> None:
    found = season.next_day(day)
    if season.span(found.year)[0] <= season.span(found.year)[1]:  # a season that this year has
        assert found >= day
        assert naive_days(season, day - ONE_DAY, found) == 1 if found > day else True


@pytest.mark.parametrize(
    ("after", "until", "expected"),
    [
        (D(2026, 6, 1), D(2026, 6, 1), 0),
        (D(2026, 6, 1), D(2026, 6, 15), 14),
        (D(2025, 11, 30), D(2026, 4, 1), 1),  # the whole winter is one day
        (D(2025, 11, 30), D(2026, 3, 31), 0),
        (D(2026, 1, 15), D(2026, 4, 10), 10),  # cleaned in the pause
        (D(2025, 4, 1), D(2026, 4, 1), 244),
        (D(2026, 6, 2), D(2026, 6, 1), 0),
    ],
)
def test_muroran_winter_does_not_count(after: dt.date, until: dt.date, expected: int) -> None:
    assert MURORAN.days_between(after, until) == expected


def state(last: dt.date | None, day: dt.date, carer: bool = True, own: Season | None = None) -> str:
    return care_state(AreaFacts(last, carer, own), RULES, day)


def test_time_alone_moves_the_state_on() -> None:
    last = D(2026, 6, 1)
    assert state(last, D(2026, 6, 15)) == "fresh"
    assert state(last, D(2026, 6, 16)) == "due"
    assert state(last, D(2026, 7, 16)) == "due"
    assert state(last, D(2026, 7, 17)) == "overdue"
    assert state(last, D(2028, 3, 31)) == "overdue"
    assert state(last, D(2028, 4, 1)) == "never"


def test_never_means_nothing_in_this_and_the_last_season() -> None:
    assert state(None, D(2026, 6, 1)) == "never"
    assert state(D(2025, 4, 1), D(2026, 6, 1)) == "overdue"
    assert state(D(2025, 3, 31), D(2026, 6, 1)) == "never"
    # In the pause, "this season" is the one that has ended.
    assert state(D(2024, 4, 1), D(2026, 2, 1)) == "overdue"
    assert state(D(2024, 3, 31), D(2026, 2, 1)) == "never"


def test_winter_keeps_the_state_of_the_seasons_end() -> None:
    for last in (D(2025, 11, 20), D(2025, 10, 20), D(2025, 9, 1), None):
        at_end = state(last, D(2025, 11, 30))
        assert state(last, D(2025, 12, 1)) == state(last, D(2026, 3, 31)) == at_end


def test_resting_is_only_an_areas_own_pause() -> None:
    summer = Season("06-01", "09-30")
    assert state(D(2026, 9, 30), D(2026, 10, 15), own=summer) == "resting"
    assert state(D(2026, 9, 30), D(2026, 12, 15), own=summer) == "fresh"  # the whole city pauses
    assert state(None, D(2026, 10, 15), carer=False, own=summer) == "unassigned"
    all_year = Season("01-01", "12-31")
    assert state(D(2025, 11, 30), D(2026, 2, 1), own=all_year) == "overdue"


def random_season(rng: random.Random) -> Season:
    odd = ["02-28", "02-29", "02-30", "03-01", "01-01", "12-31", "04-31"]
    pick = lambda: rng.choice(odd if rng.random() < 0.4 else MONTH_DAYS)  # noqa: E731
    return Season(pick(), pick())


@pytest.mark.anyio
async def test_sql_and_python_agree(db: AsyncSession) -> None:
    rng = random.Random(20260614)  # noqa: S311 - reproducible
    first = D(2015, 1, 1)
    cases = []
    for _ in range(1500):
        season = random_season(rng)
        after = first + dt.timedelta(rng.randrange(6000))
        cases.append((season, after, after + dt.timedelta(rng.randrange(-40, 1200))))
    statement = f"""
        SELECT {season_days("c.opens", "c.closes", "c.a", "c.b")},
               {in_season("c.opens", "c.closes", "c.b")},
               {season_first("c.opens", "extract(year FROM c.b)::int")},
               {season_last("c.opens", "c.closes", "extract(year FROM c.b)::int")}
          FROM unnest(CAST(:opens AS text[]), CAST(:closes AS text[]), CAST(:a AS date[]),
                      CAST(:b AS date[])) WITH ORDINALITY AS c(opens, closes, a, b, n)
         ORDER BY c.n"""
    rows = await db.execute(
        text(statement),
        {
            "opens": [s.opens for s, _, _ in cases],
            "closes": [s.closes for s, _, _ in cases],
            "a": [a for _, a, _ in cases],
            "b": [b for _, _, b in cases],
        },
    )
    for (season, a, b), row in zip(cases, rows, strict=True):
        expected = (season.days_between(a, b), season.contains(b), *season.span(b.year))
        assert tuple(row) == expected, (season, a, b)
