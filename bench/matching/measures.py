"""What a season is judged by, and the one number the weights are chosen by."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median, stdev

from bench.matching.season import Played


@dataclass(frozen=True, slots=True)
class Measure:
    """A column of the report. ``share`` in the objective; 0 = only reported."""

    key: str
    title: str
    explains: str
    more_is_better: bool
    percent: bool
    share: float


MEASURES = (
    Measure("match", "match rate", "looks at the list that end in a sign-up", True, True, 0.35),
    Measure("calls", "calls filled", "places of help calls that are taken", True, True, 0.20),
    Measure("overdue", "overdue held",
            "activities on overdue or never cleaned areas with enough hands to be held",
            True, True, 0.15),
    Measure("gini", "Gini of helpers", "between hosts, helpers per activity; 0 = all alike",
            False, False, 0.15),
    Measure("travel", "mean way (m)", "home to activity on the map, of those who joined",
            False, False, 0.10),
    Measure("repeats", "repeats", "sign-ups for an area one has been to", False, True, 0.05),
    Measure("way", "median way (m)", "the same, the middle one", False, False, 0.0),
)  # fmt: skip

Result = dict[str, float]


def judge(played: Played) -> Result:
    """All measures of one season."""
    joins, events = played.joins, played.events
    ways = [join.distance_m for join in joins] or [0.0]
    calls = [e for e in events if e.host.asks]
    late = [e for e in events if e.overdue]
    helpers, held = Counter[str](), Counter[str]()
    for event in events:
        helpers[event.host.id] += event.taken
        held[event.host.id] += 1
    return {
        "match": len(joins) / max(1, played.looks),
        "calls": sum(e.taken for e in calls) / max(1, sum(e.capacity for e in calls)),
        "overdue": sum(e.held for e in late) / max(1, len(late)),
        "gini": gini([helpers[host] / held[host] for host in sorted(held)]),
        "travel": fmean(ways),
        "repeats": sum(join.been_before > 0 for join in joins) / max(1, len(joins)),
        "way": median(ways),
    }


def gini(amounts: Sequence[float]) -> float:
    """0 when all have the same, towards 1 when one has everything."""
    ordered, whole = sorted(amounts), sum(amounts)
    if not whole:
        return 0.0
    count = len(ordered)
    return sum((2 * i - count - 1) * x for i, x in enumerate(ordered, 1)) / (count * whole)


def objective(ours: Result, distance: Result) -> float:
    """A season against distance-only in the same city: 1 = as good, 1.1 = a tenth better.

    The weighted mean of the measures' ratios. Where less is better the ratio is of what is
    left to 1 (Gini, repeats), and of the other way round for metres.
    """
    return sum(m.share * _ratio(m, ours[m.key], distance[m.key]) for m in MEASURES)


def _ratio(measure: Measure, ours: float, other: float) -> float:
    if measure.key in ("travel", "way"):
        ours, other = other, ours
    elif not measure.more_is_better:
        ours, other = 1 - ours, 1 - other
    return ours / other if other else 1.0


@dataclass(frozen=True, slots=True)
class Spread:
    """Mean and standard deviation over seeds."""

    mean: float
    sd: float


def over_seeds(values: Sequence[float]) -> Spread:
    """Of one measure. One seed has no spread."""
    return Spread(fmean(values), stdev(values) if len(values) > 1 else 0.0)
