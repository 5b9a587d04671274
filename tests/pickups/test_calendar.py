"""The days of the crew: rules, holidays, exceptions, and the first possible day."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.citysettings.registry import CityRules
from server.pickups.calendar import (
    CrewCalendar,
    SetApart,
    crew_calendar,
    holiday_name,
    suggest,
)

DAY = dt.date
CLOSED, OPEN = SetApart(False), SetApart(True)


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def earliest_day(asked_at: dt.datetime, rules: CityRules, apart: dict[dt.date, SetApart]):
    """The first day that the rules alone leave."""
    return crew_calendar(rules, apart, {}).earliest(asked_at)


def plan(taken=None, apart=None, **rules) -> CrewCalendar:
    return crew_calendar(CityRules(**rules), apart or {}, taken or {})


def test_friday_evening_before_a_holiday_monday() -> None:
    """2026-07-20 is 海の日. Asked in the evening of Friday the 17th, it counts as asked on Tuesday;
    Wednesday and Thursday lie between."""
    assert holiday_name(DAY(2026, 7, 20)) == "海の日"
    assert earliest_day(at("2026-07-17 20:00"), CityRules(), {}) == DAY(2026, 7, 24)


@pytest.mark.parametrize(
    ("asked", "rules", "expected"),
    [
        # before the cutoff on Friday: Friday itself counts, Tuesday and Wednesday lie between
        ("2026-07-17 16:00", {}, "2026-07-23"),
        ("2026-07-17 17:15", {}, "2026-07-23"),  # the minute of the cutoff is in time
        ("2026-07-17 17:16", {}, "2026-07-24"),
        ("2026-07-17 20:00", {"pickup_cutoff": "21:00"}, "2026-07-23"),
        ("2026-07-17 20:00", {"pickup_on_holidays": True}, "2026-07-23"),
        ("2026-07-17 20:00", {"pickup_lead_days": 0}, "2026-07-22"),
        ("2026-07-17 20:00", {"pickup_lead_days": 5}, "2026-07-29"),
        # a city that drives on Tuesday and Friday only
        ("2026-07-17 20:00", {"pickup_weekdays": (1, 4), "pickup_lead_days": 1}, "2026-07-28"),
        ("2026-07-17 09:00", {"pickup_weekdays": (1, 4), "pickup_lead_days": 1}, "2026-07-24"),
        # asked on the weekend counts as asked on Monday
        ("2026-06-13 08:00", {}, "2026-06-18"),
        # year end: 元日 is a holiday, 2 and 3 January are a weekend in 2027
        ("2026-12-30 18:00", {}, "2027-01-06"),
        ("2026-12-31 10:00", {"pickup_lead_days": 0}, "2027-01-04"),
        # Golden Week 2026: 3 May is a Sunday, so 6 May is 振替休日
        ("2026-05-01 18:00", {"pickup_lead_days": 0}, "2026-05-08"),
        ("2026-04-28 10:00", {}, "2026-05-07"),
        # 国民の休日 between 敬老の日 and 秋分の日: five days without crew
        ("2026-09-18 18:00", {"pickup_lead_days": 0}, "2026-09-25"),
    ],
)
def test_settings_decide(asked: str, rules: dict[str, object], expected: str) -> None:
    assert earliest_day(at(asked), CityRules(**rules), {}) == DAY.fromisoformat(expected)


def test_substitute_holiday_has_its_name() -> None:
    assert holiday_name(DAY(2026, 5, 6)) == "振替休日"
    assert holiday_name(DAY(2026, 5, 7)) is None


def test_a_closed_day_is_no_day_of_the_crew() -> None:
    apart = {DAY(2026, 7, 22): CLOSED}
    assert earliest_day(at("2026-07-17 20:00"), CityRules(), apart) == DAY(2026, 7, 27)


def test_a_day_opened_on_a_saturday_counts() -> None:
    apart = {DAY(2026, 7, 18): OPEN}  # the Saturday before the holiday
    assert earliest_day(at("2026-07-17 20:00"), CityRules(), apart) == DAY(2026, 7, 23)


def test_a_full_day_leads_to_the_next() -> None:
    calendar = plan({DAY(2026, 7, 24): 10})
    assert calendar.with_room_from(DAY(2026, 7, 24)) == DAY(2026, 7, 27)
    assert calendar.offer(DAY(2026, 7, 24), 2) == (DAY(2026, 7, 27), DAY(2026, 7, 28))


def test_capacity_of_a_day_set_apart() -> None:
    calendar = plan({DAY(2026, 7, 24): 2}, {DAY(2026, 7, 24): SetApart(True, 3)})
    assert calendar.room_on(DAY(2026, 7, 24)) == 1
    assert plan({}, {DAY(2026, 7, 24): SetApart(True, 0)}).room_on(DAY(2026, 7, 24)) == 0
    assert plan({}, {DAY(2026, 7, 24): CLOSED}).capacity_of(DAY(2026, 7, 24)) == 0
    assert plan({DAY(2026, 7, 24): 99}).room_on(DAY(2026, 7, 24)) == 0


def test_without_any_day_there_is_none() -> None:
    assert earliest_day(at("2026-07-17 09:00"), CityRules(pickup_weekdays=()), {}) is None
    assert plan(pickup_weekdays=()).with_room_from(DAY(2026, 7, 17)) is None
    assert plan().open_from(DAY.max) == DAY.max  # a Friday; nothing runs over the edge


def test_suggestions_do_not_overfill_a_day() -> None:
    calendar = plan({DAY(2026, 6, 16): 9})
    wishes = [DAY(2026, 6, 16), DAY(2026, 6, 16), DAY(2026, 6, 10), DAY(2026, 6, 20)]
    assert suggest(calendar, wishes, DAY(2026, 6, 15)) == [
        DAY(2026, 6, 16), DAY(2026, 6, 17), DAY(2026, 6, 15), DAY(2026, 6, 22),
    ]  # fmt: skip


# --- against an oracle that goes day by day ------------------------------------------------------

days = st.dates(DAY(2025, 1, 1), DAY(2027, 12, 31))
moments = st.datetimes(at("2025-01-01"), at("2027-06-30"))
rule_sets = st.fixed_dictionaries({
    "pickup_weekdays": st.sets(st.integers(0, 6), min_size=1).map(lambda s: tuple(sorted(s))),
    "pickup_on_holidays": st.booleans(),
    "pickup_lead_days": st.integers(0, 6),
    "pickup_cutoff": st.times().map(lambda t: f"{t:%H:%M}"),
})  # fmt: skip


def oracle(asked_at: dt.datetime, rules: dict, apart: dict[DAY, SetApart]) -> DAY | None:
    """The rule word by word: mark each day open or shut, then count."""
    first = asked_at.date()
    marks = []
    for n in range(400):
        day = first + dt.timedelta(days=n)
        is_open = day.weekday() in rules["pickup_weekdays"]
        if not rules["pickup_on_holidays"] and holiday_name(day) is not None:
            is_open = False
        if day in apart:
            is_open = apart[day].open
        marks.append((day, is_open))
    if asked_at.strftime("%H:%M:%S.%f") > rules["pickup_cutoff"] + ":00.000000":
        marks = marks[1:]
    of_crew = [day for day, is_open in marks if is_open]
    wanted = rules["pickup_lead_days"] + 1  # 0 is the day it counts as asked
    return of_crew[wanted] if len(of_crew) > wanted else None


@settings(max_examples=150)
@given(moments, rule_sets, st.dictionaries(days, st.sampled_from([OPEN, CLOSED]), max_size=6))
def test_earliest_day_is_what_counting_says(asked_at, rules, apart) -> None:
    found = earliest_day(asked_at, CityRules(**rules), apart)
    assert found == oracle(asked_at, rules, apart)
    assert found is not None and found > asked_at.date()
    assert crew_calendar(CityRules(**rules), apart, {}).is_open(found)


@settings(max_examples=60)
@given(moments, rule_sets, st.integers(0, 3))
def test_asking_later_never_comes_earlier(asked_at, rules, more_days) -> None:
    later = asked_at + dt.timedelta(days=more_days, hours=3)
    one, other = (earliest_day(moment, CityRules(**rules), {}) for moment in (asked_at, later))
    assert one is not None and other is not None and one <= other
