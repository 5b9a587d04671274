"""City rules out of bounds do not take the pages down."""

from server.citysettings.registry import CityRules, read_rules


def test_a_bad_value_falls_back_to_its_default() -> None:
    rules = read_rules({"fresh_days": "soon", "due_days": 30, "season_from": "13-45"})
    assert rules == CityRules(due_days=30)


def test_unknown_keys_are_left_alone() -> None:
    assert read_rules({"demo.loaded_on": {"on": "2026-06-14"}}) == CityRules()
