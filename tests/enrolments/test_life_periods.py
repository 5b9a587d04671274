"""The next period of an agreement, and what the calendar asks of a case: pure functions."""

import datetime as dt
import uuid

import pytest

from server.citysettings.registry import CityRules
from server.enrolments.jobs import due_step
from server.enrolments.life import one_tap
from server.enrolments.life_rows import CaseNow
from server.enrolments.periods import anniversary, next_period

D = dt.date
YEARLY = CityRules()
TWO_YEARS = CityRules(term_mode="years", term_years=2, auto_renew=False)
TODAY = D(2027, 3, 31)


@pytest.mark.parametrize(
    ("last", "first", "until"),
    [
        (D(2027, 3, 31), D(2027, 4, 1), D(2028, 3, 31)),
        (D(2028, 3, 31), D(2028, 4, 1), D(2029, 3, 31)),  # over 29 February
        (D(2026, 6, 13), D(2026, 6, 14), D(2027, 3, 31)),  # a short one first
        (D(2027, 2, 28), D(2027, 3, 1), D(2027, 3, 31)),
        (D(2028, 2, 29), D(2028, 3, 1), D(2028, 3, 31)),
        (D(2026, 12, 31), D(2027, 1, 1), D(2027, 3, 31)),  # in winter
        (D(2027, 3, 30), D(2027, 3, 31), D(2027, 3, 31)),
    ],
)
def test_by_the_fiscal_year(last: dt.date, first: dt.date, until: dt.date) -> None:
    assert next_period(YEARLY, last) == (first, until)


@pytest.mark.parametrize(
    ("years", "last", "first", "until"),
    [
        (2, D(2027, 3, 31), D(2027, 4, 1), D(2029, 3, 31)),
        (2, D(2028, 2, 28), D(2028, 2, 29), D(2030, 2, 28)),
        (4, D(2028, 2, 28), D(2028, 2, 29), D(2032, 2, 28)),
        (1, D(2027, 2, 28), D(2027, 3, 1), D(2028, 2, 29)),
        (1, D(2028, 2, 29), D(2028, 3, 1), D(2029, 2, 28)),
        (3, D(2026, 12, 31), D(2027, 1, 1), D(2029, 12, 31)),
        (10, D(2026, 6, 13), D(2026, 6, 14), D(2036, 6, 13)),
    ],
)
def test_by_years(years: int, last: dt.date, first: dt.date, until: dt.date) -> None:
    rules = CityRules(term_mode="years", term_years=years)
    assert next_period(rules, last) == (first, until)


def test_periods_follow_without_a_gap_for_ever() -> None:
    for rules in (YEARLY, TWO_YEARS, CityRules(term_mode="years", term_years=3)):
        last = D(2023, 7, 9)
        for _ in range(20):
            first, until = next_period(rules, last)
            assert first == last + dt.timedelta(days=1) and until >= first
            last = until


def test_anniversary_of_a_leap_day() -> None:
    assert anniversary(D(2028, 2, 29), 4) == D(2032, 2, 29)
    assert anniversary(D(2028, 2, 29), 1) == D(2029, 3, 1)


def case(state: str, **other: object) -> CaseNow:
    values: dict[str, object] = {
        "id": uuid.UUID(int=1), "code": "N-0001", "state": state, "section": "",
        "requested_by": None, "partner_id": uuid.UUID(int=2), "partner_code": "MP-0001",
        "partner_name": "見本", "subject": "npo", "paused_from": None, "paused_until": None,
        "renewal_wished_on": None, "ended_on": None, "begins_on": D(2026, 4, 1),
        "last_day": D(2027, 3, 31),
    }  # fmt: skip
    return CaseNow(**{**values, **other})  # type: ignore[arg-type]


AUTO, ASKED = CityRules(), CityRules(auto_renew=False)
PAUSED = {"paused_from": D(2027, 1, 5)}


@pytest.mark.parametrize(
    ("state", "rules", "today", "other", "verb"),
    [
        ("agreed", AUTO, D(2026, 3, 31), {}, None),
        ("agreed", AUTO, D(2026, 4, 1), {}, "begin"),
        ("active", AUTO, D(2027, 1, 29), {}, None),  # 61 days before the end
        ("active", AUTO, D(2027, 1, 30), {}, "await_renewal"),
        ("paused", AUTO, D(2027, 1, 30), PAUSED, "await_renewal"),
        ("active", AUTO, D(2027, 1, 30), {"last_day": None}, None),
        ("renewal", AUTO, D(2027, 3, 30), {}, None),
        ("renewal", AUTO, D(2027, 3, 31), {}, "renew"),
        ("renewal", AUTO, D(2027, 4, 9), {}, "renew"),  # the worker was away
        ("renewal", AUTO, D(2027, 3, 31), PAUSED, None),  # nobody is woken up
        ("renewal", AUTO, D(2027, 4, 1), PAUSED, "expire"),
        ("changing", AUTO, D(2027, 3, 31), {}, "keep_going"),
        ("changing", ASKED, D(2027, 4, 1), {}, None),  # the city is late, not the partner
        ("renewal", ASKED, D(2027, 3, 31), {}, None),
        ("renewal", ASKED, D(2027, 4, 1), {}, "expire"),
        ("renewal", ASKED, D(2027, 4, 1), {"renewal_wished_on": D(2027, 2, 1)}, None),
        ("expired", AUTO, D(2027, 4, 1), {}, None),
        ("submitted", AUTO, D(2027, 4, 1), {"last_day": None}, None),
    ],
)
def test_what_the_calendar_asks(
    state: str, rules: CityRules, today: dt.date, other: dict[str, object], verb: str | None
) -> None:
    assert due_step(case(state, **other), rules, today) == verb


def test_one_tap_is_enough_unless_fixed_years_need_a_new_text() -> None:
    assert one_tap(AUTO) and one_tap(ASKED)
    assert one_tap(CityRules(term_mode="years")) and not one_tap(TWO_YEARS)
