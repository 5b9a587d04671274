"""The order in which to visit places: nearest neighbour, then 2-opt. Same input, same order.

Good for a crew's day (tens of stops): within a few per cent of the best order, in milliseconds.
Distances are as the crow flies; streets are left to the driver, who may reorder by hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, hypot, radians
from typing import Final

Point = tuple[float, float]  # lon, lat in degrees

METRES_PER_DEGREE: Final = 111_195.0
_ROUNDS: Final = 50  # of 2-opt; a day settles after three or four
_GAIN_M: Final = 1e-6  # less is rounding, and could go round in circles


def visiting_order(start: Point, stops: Sequence[Point]) -> tuple[int, ...]:
    """Indexes of ``stops`` in the order to visit them, beginning near ``start``.

    ``start`` stays first and is not among the stops; where the tour ends is free.
    """
    places = _plane(start, stops)
    order = _nearest_neighbour(places)
    _uncross(places, order)
    return tuple(index - 1 for index in order[1:])


def tour_length_m(start: Point, stops: Sequence[Point]) -> float:
    """Length in metres of going from ``start`` through the stops in their order."""
    places = _plane(start, stops)
    return sum(_gap(places, a, a + 1) for a in range(len(places) - 1))


def _plane(start: Point, stops: Sequence[Point]) -> list[Point]:
    """Metres east and north of ``start``: exact enough within a city."""
    lon0, lat0 = start
    per_lon = METRES_PER_DEGREE * cos(radians(lat0))
    return [((lon - lon0) * per_lon, (lat - lat0) * METRES_PER_DEGREE)
            for lon, lat in (start, *stops)]  # fmt: skip


def _gap(places: Sequence[Point], one: int, other: int) -> float:
    return hypot(places[one][0] - places[other][0], places[one][1] - places[other][1])


def _nearest_neighbour(places: Sequence[Point]) -> list[int]:
    """From the start always to the nearest place left; of equals the first in the list."""
    order, left = [0], list(range(1, len(places)))
    while left:
        here = order[-1]
        nearest = min(left, key=lambda there: (_gap(places, here, there), there))
        left.remove(nearest)
        order.append(nearest)
    return order


def _uncross(places: Sequence[Point], order: list[int]) -> None:
    """Turn stretches round while that shortens the way (2-opt, end left open)."""
    pairs = [(a, b) for a in range(1, len(order) - 1) for b in range(a + 1, len(order))]
    for _round in range(_ROUNDS):
        turned = [_turn_if_shorter(places, order, first, last) for first, last in pairs]
        if not any(turned):
            return


def _turn_if_shorter(places: Sequence[Point], order: list[int], first: int, last: int) -> bool:
    """Turn ``order[first..last]`` round if that is shorter; whether it was."""
    before = _gap(places, order[first - 1], order[first])
    after = _gap(places, order[first - 1], order[last])
    if last + 1 < len(order):
        before += _gap(places, order[last], order[last + 1])
        after += _gap(places, order[first], order[last + 1])
    if before - after <= _GAIN_M:
        return False
    order[first : last + 1] = reversed(order[first : last + 1])
    return True
