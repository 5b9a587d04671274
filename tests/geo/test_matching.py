"""The score of a person and an activity: hard rules first, then a mean that can be explained."""

import datetime as dt
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.matching import (
    CRITERIA,
    HARD_RULES,
    WEIGHED,
    WEIGHTS,
    Activity,
    Person,
    Weights,
    nearness,
    rank,
    score,
    total,
)

START = dt.datetime(2026, 6, 14, 0, 0, tzinfo=dt.UTC)
TIMES = [f"{day}-{band}" for day in range(1, 8) for band in ("morning", "afternoon", "evening")]
WORKS = ["litter", "weeding", "flowerbed", "planting", "winter_cover", "patrol", "other"]
STRENGTHS = ["light", "normal", "hard"]
LANGUAGES = ["ja", "easy", "en", "zh", "ko", "vi"]
KINDS = ["cleanup", "joint", "help", "training"]
CARES = ["fresh", "due", "overdue", "never", "resting", "unassigned", ""]


def some(values: list[str]) -> st.SearchStrategy[frozenset[str]]:
    return st.frozensets(st.sampled_from(values), max_size=4)


people = st.builds(
    Person,
    reach_m=st.floats(200, 50_000),
    travel=st.sampled_from(["walk", "bicycle", "car"]),
    free_times=some(TIMES),
    works=some(WORKS),
    kinds=some(KINDS),
    strength=st.sampled_from(STRENGTHS),
    with_children=st.booleans(),
    step_free=st.booleans(),
    tools=some(["mower_course", "mower"]),
    group_people=st.integers(1, 50),
    languages=some(LANGUAGES),
    age=st.none() | st.integers(6, 99),
)
activities = st.builds(
    Activity,
    id=st.text("abcdef0123456789", min_size=1, max_size=4),
    host=st.sampled_from(["H-1", "H-2"]),
    starts_at=st.integers(0, 5).map(lambda n: START + dt.timedelta(days=n)),
    time=st.sampled_from(TIMES),
    hours_until=st.floats(-5, 2_000),
    capacity=st.integers(1, 2_000),
    places_left=st.integers(0, 2_000),
    taken=st.integers(0, 2_000),
    distance_m=st.none() | st.floats(0, 60_000),
    works=some(WORKS),
    kind=st.sampled_from(KINDS),
    strength=st.sampled_from(STRENGTHS),
    children_ok=st.booleans(),
    step_free=st.booleans(),
    languages=some(LANGUAGES),
    needs_course=st.booleans(),
    min_age=st.none() | st.integers(0, 99),
    min_people=st.none() | st.integers(1, 50),
    wants_hands=st.booleans(),
    area_care=st.sampled_from(CARES),
    been_before=st.integers(0, 2_000),
    host_fill=st.none() | st.floats(0, 1),
    agreement_active=st.booleans(),
)
amounts = st.floats(0, 1e6)
weightings = st.builds(
    lambda values: Weights("any", **dict(zip(WEIGHED, values, strict=True))),
    st.lists(amounts, min_size=len(WEIGHED), max_size=len(WEIGHED)).filter(lambda v: sum(v) > 0),
)


def activity(**changes: object) -> Activity:
    base = Activity(id="a", host="H-1", starts_at=START, time="7-morning", hours_until=100,
                    capacity=20, places_left=15, taken=5)  # fmt: skip
    return replace(base, **changes)  # type: ignore[arg-type]


# --- what holds for everybody, every activity and any weights -------------------------------------


@given(people, activities, weightings)
def test_the_total_is_a_share_and_the_parts_add_up_to_it(
    person: Person, offer: Activity, weights: Weights
) -> None:
    result = score(person, offer, weights)
    assert 0 <= result.total <= 1
    assert [part.key for part in result.parts] == [criterion.key for criterion in CRITERIA]
    assert all(part.value is None or 0 <= part.value <= 1 for part in result.parts)
    if result.blocked:
        assert result.total == 0
    else:
        assert result.total == pytest.approx(sum(part.points for part in result.parts))
    assert len(result.reasons) <= 3


@given(people, activities, weightings)
def test_the_short_way_gives_the_same_total(
    person: Person, offer: Activity, weights: Weights
) -> None:
    result = score(person, offer, weights)
    assert total(person, offer, weights) == (None if result.blocked else result.total)


@given(people, st.lists(activities, max_size=8), weightings)
def test_no_weights_bring_a_blocked_activity_onto_the_list(
    person: Person, offers: list[Activity], weights: Weights
) -> None:
    listed = rank(person, offers, weights)
    broken = [offer for offer in offers if any(rule.broken(person, offer) for rule in HARD_RULES)]
    assert all(row.activity not in broken for row in listed)
    assert len(listed) == len(offers) - len(broken)


@given(people, activities, weightings, st.floats(0, 60_000), st.floats(0, 60_000))
def test_nearer_is_never_worse(
    person: Person, offer: Activity, weights: Weights, one: float, other: float
) -> None:
    near, far = sorted((one, other))
    totals = [score(person, replace(offer, distance_m=d), weights).total for d in (near, far)]
    assert totals[0] >= totals[1]


@given(people, st.lists(activities, max_size=8, unique_by=lambda a: a.id), st.randoms())
def test_the_order_does_not_depend_on_the_order_of_the_input(
    person: Person, offers: list[Activity], chance: random.Random
) -> None:
    shuffled = list(offers)
    chance.shuffle(shuffled)
    listed = rank(person, offers)
    assert listed == rank(person, shuffled)
    keys = [(-row.score.total, row.activity.starts_at, row.activity.id) for row in listed]
    assert keys == sorted(keys)


@given(activities, st.sampled_from(TIMES), some(WORKS), st.sampled_from(STRENGTHS))
def test_who_has_said_nothing_is_not_moved_by_what_nobody_asked_about(
    offer: Activity, time: str, works: frozenset[str], strength: str
) -> None:
    silent = Person(group_people=1)
    changed = replace(offer, time=time, works=works, strength=strength, languages=frozenset())
    assert score(silent, offer).total == score(silent, changed).total
    unknown = {part.key for part in score(silent, offer).parts if part.value is None}
    assert {"time", "work", "kind", "strength", "language"} <= unknown


@given(people, activities)
def test_reasons_are_ordered_by_points_and_only_good_answers_speak(
    person: Person, offer: Activity
) -> None:
    result = score(person, offer)
    speaking = {part.reason: part for part in result.parts if part.reason}
    points = [speaking[reason.key].points for reason in result.reasons]
    assert points == sorted(points, reverse=True)
    assert all(part.value is not None and part.value >= 0.6 for part in speaking.values())
    known = {key for criterion in CRITERIA for key in criterion.reason_keys}
    assert set(speaking) <= known


# --- each hard rule, broken alone -----------------------------------------------------------------

BROKEN = {
    "agreement": (Person(), activity(agreement_active=False)),
    "begun": (Person(), activity(hours_until=0)),
    "capacity": (Person(group_people=4), activity(places_left=3)),
    "course": (Person(tools=frozenset({"mower"})), activity(needs_course=True)),
    "age": (Person(age=15), activity(min_age=16)),
    "children": (Person(with_children=True), activity()),
    "step_free": (Person(step_free=True), activity()),
}
KEPT = [
    (Person(group_people=3), activity(places_left=3)),
    (Person(tools=frozenset({"mower_course"})), activity(needs_course=True)),
    (Person(age=16), activity(min_age=16)),
    (Person(), activity(min_age=16)),  # who has not said their age is asked at sign-up
    (Person(with_children=True), activity(children_ok=True)),
    (Person(step_free=True), activity(step_free=True)),
]


def test_every_hard_rule_is_tried() -> None:
    assert set(BROKEN) == {rule.key for rule in HARD_RULES}


@pytest.mark.parametrize("key", BROKEN)
def test_a_broken_rule_blocks_and_is_named(key: str) -> None:
    result = score(*BROKEN[key])
    assert (result.blocked, result.total) == ((key,), 0)


@pytest.mark.parametrize("pair", KEPT)
def test_a_kept_rule_does_not_block(pair: tuple[Person, Activity]) -> None:
    assert score(*pair).blocked == ()


# --- criteria -------------------------------------------------------------------------------------


def value(key: str, person: Person, offer: Activity) -> float | None:
    return next(part.value for part in score(person, offer).parts if part.key == key)


def test_near_depends_on_how_one_travels() -> None:
    walk, bicycle, car = (nearness(2_000, 9_999, by) for by in ("walk", "bicycle", "car"))
    assert walk < bicycle < car
    assert nearness(0, 200, "walk") == 1
    assert nearness(1_000 / 1.3, 3_000, "walk") == pytest.approx(0.5)  # 1,000 m on the way
    assert nearness(3_001, 3_000, "car") < nearness(3_000, 3_000, "car") / 3


def test_a_free_time_counts_whole_and_the_same_day_a_little() -> None:
    person = Person(free_times=frozenset({"7-morning"}))
    times = ("7-morning", "7-afternoon", "6-morning")
    assert [value("time", person, activity(time=t)) for t in times] == [1, 0.25, 0]


def test_urgency_grows_with_each_cause() -> None:
    calm = activity(taken=20, capacity=20, area_care="fresh")
    causes = [
        calm,
        replace(calm, area_care="due"),
        replace(calm, area_care="overdue"),
        replace(calm, area_care="overdue", wants_hands=True),
        replace(calm, area_care="overdue", wants_hands=True, taken=1, hours_until=24),
    ]
    values = [value("urgency", Person(), offer) or 0.0 for offer in causes]
    assert values == sorted(set(values))
    assert values[0] == 0


def test_few_signed_up_presses_only_when_the_day_is_near() -> None:
    few = activity(taken=2, capacity=20)
    assert value("urgency", Person(), replace(few, hours_until=24 * 20)) == 0
    assert value("urgency", Person(), replace(few, hours_until=24)) > 0.6  # type: ignore[operator]
    assert value("urgency", Person(), replace(few, min_people=2, hours_until=24)) == 0


def test_places_been_to_wear_off() -> None:
    values = [value("newness", Person(), activity(been_before=n)) for n in (0, 1, 2)]
    assert values == [1, 0.5, 0.25]


def test_reasons_carry_what_a_sentence_needs() -> None:
    person = Person(free_times=frozenset({"7-morning"}), works=frozenset({"litter"}))
    offer = activity(distance_m=200.0, works=frozenset({"litter"}), wants_hands=True)
    reasons = {reason.key: reason.values for reason in score(person, offer).reasons}
    assert len(reasons) == 3
    parts = {part.reason: part.values for part in score(person, offer).parts if part.reason}
    assert parts["distance"] == {"distance_m": 200.0, "travel": "walk"}
    assert parts["time"] == {"time": "7-morning", "weekday": 7, "band": "morning"}
    assert parts["work"] == {"works": "litter"}
    assert parts["hands"] == {"places_left": 15}


def test_a_list_can_be_cut() -> None:
    offers = [activity(id=str(n), distance_m=100.0 * n) for n in range(9)]
    assert [row.activity.id for row in rank(Person(), offers, limit=2)] == ["0", "1"]


# --- weights --------------------------------------------------------------------------------------


@pytest.mark.parametrize("weight", [-1, float("nan"), float("inf")])
def test_weights_are_numbers_from_nought(weight: float) -> None:
    with pytest.raises(ValueError, match="not negative"):
        Weights("bad", distance=weight)


def test_some_weight_is_needed() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Weights("none")


def test_only_proportions_matter() -> None:
    tenfold = Weights("x10", **{key: 10 * getattr(WEIGHTS, key) for key in WEIGHED})
    person, offer = Person(works=frozenset({"litter"})), activity(distance_m=900.0)
    assert score(person, offer, tenfold).total == pytest.approx(score(person, offer).total)


def test_each_criterion_has_its_weight_and_the_other_way_round() -> None:
    assert tuple(criterion.key for criterion in CRITERIA) == WEIGHED
    assert WEIGHTS.version
