"""Which activities fit a person, how well, and why: a score anybody can check by hand.

Hard rules first (course, age, places, agreement …): a broken one blocks, whatever the weights.
What is left is judged by ten criteria, each a small function that answers 0 to 1, or nothing
when it cannot know. Nothing counts as ``NEUTRAL``: who has not said what they like is neither
drawn to an activity nor kept from it. The score is the weighted mean of the answers, so it is
0 to 1, and each criterion's share of it (``points``) is what the reasons are ordered by.

Pure: no clock, no chance, no database. ``docs/matching.md`` explains it and shows how the
default weights were found.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from math import inf
from typing import Final, NamedTuple

from geo.matching_criteria import (
    CRITERIA,
    HARD_RULES,
    NOTHING,
    Activity,
    Criterion,
    HardRule,
    Person,
    Reason,
    Values,
    nearness,
)

__all__ = [
    "CRITERIA",
    "HARD_RULES",
    "NEUTRAL",
    "REASONS_SHOWN",
    "SPEAKING",
    "WEIGHED",
    "WEIGHTS",
    "Activity",
    "Criterion",
    "HardRule",
    "Part",
    "Person",
    "Ranked",
    "Reason",
    "Score",
    "Weights",
    "blocked_by",
    "nearness",
    "rank",
    "score",
    "total",
]

NEUTRAL: Final = 0.5  # what an unknown answer counts
REASONS_SHOWN: Final = 3
SPEAKING: Final = 0.6  # a criterion below this is no reason to go


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each criterion counts; only proportions matter. None negative, not all 0."""

    version: str
    distance: float = 0.0
    time: float = 0.0
    work: float = 0.0
    kind: float = 0.0
    strength: float = 0.0
    language: float = 0.0
    places: float = 0.0
    urgency: float = 0.0
    newness: float = 0.0
    fairness: float = 0.0
    by_key: Mapping[str, float] = field(init=False, repr=False, compare=False)
    """Each criterion's share of the whole; they sum to 1."""

    def __post_init__(self) -> None:
        given = {key: float(getattr(self, key)) for key in WEIGHED}
        if not all(0 <= weight < inf for weight in given.values()):
            raise ValueError("weights must be finite and not negative")
        whole = sum(given.values())
        if not 0 < whole < inf:
            raise ValueError("at least one weight must be more than 0")
        shares = {key: weight / whole for key, weight in given.items()}
        object.__setattr__(self, "by_key", shares)


WEIGHED: Final = tuple(f.name for f in fields(Weights) if f.name not in ("version", "by_key"))

# The one place of the weights. A change gets a new version and a new run of `make evaluate`.
WEIGHTS: Final = Weights(
    version="2026-11-1",
    distance=20,
    time=20,
    work=8,
    kind=4,
    strength=13,
    language=4,
    places=3,
    urgency=20,
    newness=3,
    fairness=3,
)


class Part(NamedTuple):
    """One criterion's share of a score. ``value`` None = unknown, counted as ``NEUTRAL``."""

    key: str
    value: float | None
    weight: float  # of all weights together, 0 to 1
    points: float  # weight × value; the points of a score sum to its total
    reason: str = ""  # "" = nothing worth saying
    values: Values = NOTHING


@dataclass(frozen=True, slots=True)
class Score:
    """How well a person and an activity fit. ``blocked`` names every broken hard rule."""

    total: float
    blocked: tuple[str, ...]
    parts: tuple[Part, ...]

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """At most three reasons to go, the weightiest first."""
        speaking = sorted((p for p in self.parts if p.reason), key=lambda p: (-p.points, p.key))
        return tuple(Reason(p.reason, p.values) for p in speaking[:REASONS_SHOWN])


@dataclass(frozen=True, slots=True)
class Ranked:
    """An activity in its place on a person's list."""

    activity: Activity
    score: Score


def blocked_by(person: Person, activity: Activity) -> tuple[str, ...]:
    """The keys of the hard rules that are broken, in their order."""
    return tuple(rule.key for rule in HARD_RULES if rule.broken(person, activity))


def score(person: Person, activity: Activity, weights: Weights = WEIGHTS) -> Score:
    """The score with all its parts. A blocked activity has parts too, but its total is 0."""
    parts = tuple(_part(c, person, activity, weights.by_key[c.key]) for c in CRITERIA)
    blocked = blocked_by(person, activity)
    total = 0.0 if blocked else min(1.0, sum(part.points for part in parts))
    return Score(total, blocked, parts)


def _part(criterion: Criterion, person: Person, activity: Activity, weight: float) -> Part:
    value = criterion.measure(person, activity)
    points = weight * (NEUTRAL if value is None else value)
    reason = criterion.say(person, activity) if value is not None and value >= SPEAKING else None
    if reason is None:
        return Part(criterion.key, value, weight, points, "", NOTHING)
    return Part(criterion.key, value, weight, points, reason.key, reason.values)


def total(person: Person, activity: Activity, weights: Weights = WEIGHTS) -> float | None:
    """``score(...).total`` without the parts, for long lists; None when a hard rule blocks."""
    for rule in HARD_RULES:
        if rule.broken(person, activity):
            return None
    points, shares = 0.0, weights.by_key
    for criterion in CRITERIA:
        value = criterion.measure(person, activity)
        points += shares[criterion.key] * (NEUTRAL if value is None else value)
    return min(1.0, points)


def rank(
    person: Person,
    activities: Iterable[Activity],
    weights: Weights = WEIGHTS,
    limit: int | None = None,
) -> list[Ranked]:
    """Best first; equals by when they begin, then by id. Blocked activities are left out."""
    totals = ((total(person, activity, weights), activity) for activity in activities)
    order = sorted(
        ((-points, activity.starts_at, activity.id, activity)
         for points, activity in totals if points is not None),
        key=lambda row: row[:3],
    )  # fmt: skip
    return [Ranked(row[3], score(person, row[3], weights)) for row in order[:limit]]
