"""How the weights are found: a coordinate search from equal weights, on seeds of their own."""

from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.pool import Pool
from statistics import fmean

from bench.matching.city import MIXED, Spot, make_city
from bench.matching.measures import judge, objective
from bench.matching.policies import POLICIES, START, TUNED, by_score
from bench.matching.season import play
from geo.matching import WEIGHED, Weights

TRAINING_SEEDS = (101, 102, 103)
FACTORS = (2.5, 1.6)  # one pass over all criteria each, up and down
LEAST_GAIN = 0.002  # less is not worth a step
NEARER = (1.6, 2.5, 4.0)  # at last, distance up
TIE = 0.005  # rounding alone moves the objective by more than this


@dataclass(frozen=True, slots=True)
class Step:
    """A change that was kept, and the objective after it (mean over the training seeds)."""

    key: str
    factor: float
    objective: float


def search(pool: Pool, centres: Sequence[Spot]) -> tuple[Weights, list[Step]]:
    """The weights found, in whole numbers, and the way to them."""
    best, value = START, _mean(pool, [START], centres)[0]
    trail = [Step("start", 1.0, value)]
    for factor in FACTORS:
        for key in TUNED:
            factors = (factor, 1 / factor)
            tries = [_changed(best, key, f) for f in factors]
            values = _mean(pool, tries, centres)
            top = max(range(len(tries)), key=lambda index: values[index])
            if values[top] >= value + LEAST_GAIN:
                best, value = tries[top], values[top]
                trail.append(Step(key, factors[top], value))
    return _nearer(pool, centres, _rounded(best), trail), trail


def _nearer(pool: Pool, centres: Sequence[Spot], found: Weights, trail: list[Step]) -> Weights:
    """As much distance as the objective bears: of alike good weights those with short ways."""
    factors = (1.0, *NEARER)
    tries = [_rounded(_changed(found, "distance", factor)) for factor in factors]
    values = _mean(pool, tries, centres)
    fine = [index for index, value in enumerate(values) if value >= values[0] - TIE]
    trail.append(Step("rounded", 1.0, values[0]))
    if fine[-1]:
        trail.append(Step("distance", factors[fine[-1]], values[fine[-1]]))
    return tries[fine[-1]]


def _changed(weights: Weights, key: str, factor: float) -> Weights:
    now = {name: float(getattr(weights, name)) for name in WEIGHED}
    return Weights("tried", **(now | {key: now[key] * factor}))


def _rounded(weights: Weights) -> Weights:
    """Of a hundred, in whole numbers; the version is for a person to set."""
    whole = {key: float(round(100 * share)) for key, share in weights.by_key.items()}
    return Weights("found", **whole)


def _mean(pool: Pool, tries: Sequence[Weights], centres: Sequence[Spot]) -> list[float]:
    jobs = [(weights, seed, centres) for weights in tries for seed in TRAINING_SEEDS]
    values = pool.starmap(_one, jobs, chunksize=1)
    count = len(TRAINING_SEEDS)
    return [fmean(values[n * count : (n + 1) * count]) for n in range(len(tries))]


_distance_only: dict[int, dict[str, float]] = {}  # per process: the yardstick of a seed


def _one(weights: Weights, seed: int, centres: Sequence[Spot]) -> float:
    city = make_city(seed, MIXED, centres)
    if seed not in _distance_only:
        _distance_only[seed] = judge(play(city, POLICIES["distance"]))
    return objective(judge(play(city, by_score(weights))), _distance_only[seed])
