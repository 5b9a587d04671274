"""The evaluation of the matching: it repeats itself exactly, and its report is of this code."""

import re
from collections.abc import Iterator
from multiprocessing.dummy import Pool as Threads
from pathlib import Path

import pytest

from bench.matching import plots
from bench.matching.city import AREAS, GROUPS, MIXED, TEMPERS, City, make_city
from bench.matching.measures import MEASURES, Spread, gini, judge, objective, over_seeds
from bench.matching.policies import POLICIES, START, TUNED, by_score
from bench.matching.report import NAMES, results_table
from bench.matching.runs import HELD_OUT_SEEDS, centres
from bench.matching.season import ENOUGH, Played, Shown, care, play
from bench.matching.tune import TRAINING_SEEDS
from geo.matching import CRITERIA, HARD_RULES, WEIGHED, WEIGHTS, Person, rank

DOC = Path(__file__).parents[2] / "docs/matching.md"
FEW = 25  # people: a season in a fraction of a second


@pytest.fixture(scope="module")
def city() -> City:
    return make_city(7, MIXED, centres(), citizens=FEW)


@pytest.fixture(scope="module")
def seasons(city: City) -> Iterator[dict[str, Played]]:
    yield {policy: play(city, order) for policy, order in POLICIES.items()}


def facts(played: Played) -> list[tuple[int, str, float]]:
    return [(join.citizen, join.event.id, join.distance_m) for join in played.joins]


def test_the_same_seed_plays_the_same_season(seasons: dict[str, Played]) -> None:
    again = play(make_city(7, MIXED, centres(), citizens=FEW), POLICIES["ours"])
    assert facts(again) == facts(seasons["ours"])
    assert judge(again) == judge(seasons["ours"])


def test_another_seed_plays_another(seasons: dict[str, Played]) -> None:
    other = play(make_city(8, MIXED, centres(), citizens=FEW), POLICIES["ours"])
    assert facts(other) != facts(seasons["ours"])


def test_seasons_side_by_side_do_not_disturb_each_other(
    city: City, seasons: dict[str, Played]
) -> None:
    with Threads(2) as pool:
        both = pool.starmap(play, [(city, POLICIES["distance"]), (city, POLICIES["ours"])])
    assert [facts(p) for p in both] == [facts(seasons["distance"]), facts(seasons["ours"])]


def test_the_city_has_the_size_it_says(city: City) -> None:
    assert len(city.hosts) == GROUPS
    assert sum(len(host.areas) for host in city.hosts) == AREAS
    assert len(city.citizens) == FEW


def test_capacity_and_double_days_hold(seasons: dict[str, Played]) -> None:
    for played in seasons.values():
        assert played.joins
        assert all(event.taken <= event.capacity for event in played.events)
        days = [(join.citizen, join.event.day) for join in played.joins]
        assert len(days) == len(set(days))
        assert all(e.held == (e.host.turnout + e.taken >= ENOUGH) for e in played.events)


def test_our_order_is_the_order_of_rank(city: City) -> None:
    seen: list[tuple[Person, list[Shown], list[Shown]]] = []

    def spy(person: Person, shown: list[Shown]) -> list[Shown]:
        order = by_score(WEIGHTS)(person, shown)
        seen.append((person, list(shown), order))
        return order

    play(make_city(9, MIXED, centres(), citizens=5), spy)  # type: ignore[arg-type]
    assert len(seen) > 5
    for person, shown, order in seen:
        expected = rank(person, [s.activity for s in shown])
        assert [s.activity.id for s in order] == [row.activity.id for row in expected]


def test_distance_only_travels_least(seasons: dict[str, Played]) -> None:
    ways = {policy: judge(played)["travel"] for policy, played in seasons.items()}
    assert ways["distance"] < ways["newest"]
    assert ways["distance"] < ways["soonest"]


# --- measures -------------------------------------------------------------------------------------


def test_gini() -> None:
    assert gini([3, 3, 3]) == 0
    assert gini([0, 0, 0, 8]) == pytest.approx(0.75)
    assert gini([0, 0]) == 0


def test_the_objective_of_the_yardstick_is_one(seasons: dict[str, Played]) -> None:
    result = judge(seasons["distance"])
    assert objective(result, result) == pytest.approx(1)
    assert sum(measure.share for measure in MEASURES) == pytest.approx(1)
    assert objective(result | {"match": 2 * result["match"]}, result) == pytest.approx(1.35)
    assert objective(result | {"travel": 2 * result["travel"]}, result) == pytest.approx(0.95)


def test_care_states() -> None:
    assert [care(last, 100) for last in (None, 90, 70, 10)] == ["never", "fresh", "due", "overdue"]


def test_spread() -> None:
    assert over_seeds([1.0, 3.0]) == Spread(2.0, pytest.approx(2**0.5))  # type: ignore[arg-type]
    assert over_seeds([5.0]) == Spread(5.0, 0.0)


# --- the report -----------------------------------------------------------------------------------


def doc_rows(first: str) -> list[list[str]]:
    """Rows of the page's tables whose first cell is ``first``."""
    rows = [line.strip("| ").split(" | ") for line in DOC.read_text("utf-8").splitlines()]
    return [row for row in rows if row[0] == first]


def test_the_report_is_of_these_weights() -> None:
    text = DOC.read_text("utf-8")
    assert f"version **{WEIGHTS.version}**" in text
    for criterion in CRITERIA:
        weight = f"{getattr(WEIGHTS, criterion.key):g}"
        assert doc_rows(f"`{criterion.key}`")[0][2] == weight
        start, found, default = doc_rows(criterion.key)[-1][1:]
        assert (start, default) == (f"{getattr(START, criterion.key):g}", weight)
        assert found == default
    assert all(doc_rows(f"`{rule.key}`") for rule in HARD_RULES)


def test_the_report_says_that_ours_wins_by_the_objective() -> None:
    for policy in ("distance", "newest", "soonest"):
        ours = [float(row[-1].split(" ")[0]) for row in doc_rows(NAMES["ours"])]
        others = [float(row[-1].split(" ")[0]) for row in doc_rows(NAMES[policy])]
        assert len(ours) == len(others) == len(TEMPERS)
        assert all(a > b for a, b in zip(ours, others, strict=True))


def test_the_report_names_its_losses_and_its_pictures() -> None:
    text = DOC.read_text("utf-8")
    assert "It loses" in text
    assert "mean way" in text.split("**It loses**")[1]
    for picture in re.findall(r"\]\((img/[^)]+)\)", text):
        assert (DOC.parent / picture).stat().st_size > 1_000


def test_training_and_held_out_seeds_are_apart() -> None:
    assert not set(TRAINING_SEEDS) & set(HELD_OUT_SEEDS)
    assert set(TUNED) <= set(WEIGHED)


def test_tables_and_plots_repeat_to_the_byte(tmp_path: Path, seasons: dict[str, Played]) -> None:
    table = {
        policy: {key: over_seeds([v]) for key, v in (judge(played) | {"objective": 1.0}).items()}
        for policy, played in seasons.items()
    }
    assert results_table(table).count("\n") == len(POLICIES) + 1
    one, other = (plots.bars(table, tmp_path / name).read_bytes() for name in "ab")
    assert one == other
    assert b"<svg" in one
