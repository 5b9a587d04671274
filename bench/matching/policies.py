"""The orders of a list that are compared. All obey the same hard rules; only the order differs."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from bench.matching.season import Policy, Shown
from geo.matching import WEIGHTS, Person, Weights, total


def _by(key: Callable[[Shown], float]) -> Policy:
    def order(person: Person, shown: Sequence[Shown]) -> list[Shown]:
        return sorted(shown, key=lambda s: (key(s), s.activity.starts_at, s.activity.id))

    return order


def by_score(weights: Weights) -> Policy:
    """``geo.matching.rank`` without building the parts of every score."""

    def order(person: Person, shown: Sequence[Shown]) -> list[Shown]:
        keyed = [
            (-points, s.activity.starts_at, s.activity.id, s)
            for s in shown
            if (points := total(person, s.activity, weights)) is not None
        ]
        return [row[3] for row in sorted(keyed, key=lambda row: row[:3])]

    return order


def without_city(weights: Weights) -> Weights:
    """Only what the person wants: the same weights without urgency, newness and fairness."""
    return replace(weights, version="personal", urgency=0.0, newness=0.0, fairness=0.0)


POLICIES: dict[str, Policy] = {
    "distance": _by(lambda s: s.activity.distance_m or 0.0),
    "newest": _by(lambda s: -s.event.published),
    "soonest": _by(lambda s: float(s.event.day)),
    "ours": by_score(WEIGHTS),
}
# Where the search begins: every criterion alike, and the two that cannot be tuned half of it.
TUNED = ("distance", "time", "work", "strength", "places", "urgency", "newness", "fairness")
START = Weights("start", **dict.fromkeys(TUNED, 10.0), kind=5.0, language=5.0)
ABLATIONS: dict[str, Policy] = {
    "personal": by_score(without_city(WEIGHTS)),
    "equal": by_score(START),
}
