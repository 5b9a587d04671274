"""The order of a crew's day: complete, deterministic, close to the best one."""

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.distance import haversine_m
from geo.route import tour_length_m, visiting_order

HALL = (140.9743, 42.3154)
lonlat = st.tuples(st.floats(140.90, 141.05), st.floats(42.29, 42.42))


def ordered(start, stops):
    return [stops[i] for i in visiting_order(start, stops)]


def test_nothing_to_visit_is_an_empty_tour() -> None:
    assert visiting_order(HALL, []) == ()
    assert tour_length_m(HALL, []) == 0


def test_stops_along_a_street_come_in_their_order() -> None:
    street = [(140.975 + n * 0.004, 42.316 + n * 0.001) for n in range(8)]
    shuffled = [street[i] for i in (5, 0, 7, 2, 6, 1, 4, 3)]
    assert ordered(HALL, shuffled) == street


def test_a_crossing_is_undone() -> None:
    # always to the nearest would go 0, 1, 3, -4: back over the start
    stops = [(HALL[0] + east / 1000, HALL[1]) for east in (1, -1.5, 3, -8, 5)]
    greedy = [stops[0], stops[1], stops[2], stops[4], stops[3]]
    found = ordered(HALL, stops)
    assert tour_length_m(HALL, found) < tour_length_m(HALL, greedy)


def test_equal_places_keep_the_order_of_the_list() -> None:
    assert visiting_order(HALL, [HALL, HALL, HALL]) == (0, 1, 2)


@given(st.lists(lonlat, max_size=12))
def test_every_stop_once_and_always_the_same(stops) -> None:
    order = visiting_order(HALL, stops)
    assert sorted(order) == list(range(len(stops)))
    assert visiting_order(HALL, stops) == order


@settings(max_examples=40)
@given(st.lists(lonlat, min_size=2, max_size=6))
def test_not_much_longer_than_the_best(stops) -> None:
    best = min(tour_length_m(HALL, list(way)) for way in permutations(stops))
    assert tour_length_m(HALL, ordered(HALL, stops)) <= best * 1.35 + 1


@settings(max_examples=40)
@given(st.lists(lonlat, min_size=3, max_size=14))
def test_no_single_turn_makes_it_shorter(stops) -> None:
    way = ordered(HALL, stops)
    length = tour_length_m(HALL, way)
    for a in range(len(way) - 1):
        for b in range(a + 1, len(way)):
            turned = way[:a] + way[a : b + 1][::-1] + way[b + 1 :]
            assert tour_length_m(HALL, turned) >= length - 1e-3


def test_lengths_are_metres() -> None:
    stop = (140.9890, 42.3169)
    assert tour_length_m(HALL, [stop]) == pytest.approx(haversine_m(*HALL, *stop), rel=1e-3)
