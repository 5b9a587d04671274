"""``make evaluate``: choose weights on training seeds, judge on others, write the report."""

import sys
import time
from collections.abc import Sequence
from multiprocessing import get_context
from multiprocessing.pool import Pool
from pathlib import Path

from bench.matching import plots
from bench.matching.city import MIXED, TEMPERS, Spot
from bench.matching.measures import MEASURES, Result, Spread, objective, over_seeds
from bench.matching.policies import ABLATIONS, POLICIES
from bench.matching.report import Findings, Table, markdown, results_table
from bench.matching.runs import HELD_OUT_SEEDS, centres, season
from bench.matching.tune import TRAINING_SEEDS, search
from geo.matching import WEIGHED, WEIGHTS

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PROCESSES = 2


def main() -> int:
    """Write docs/matching.md and its plots. Exit code 1 when WEIGHTS are not what was found."""
    began = time.monotonic()
    around = centres()
    print(f"training seeds {TRAINING_SEEDS}, held-out seeds {HELD_OUT_SEEDS}", flush=True)
    with get_context("spawn").Pool(PROCESSES) as pool:
        found, trail = search(pool, around)
        print(f"found in {time.monotonic() - began:.0f} s: {found}", *trail, sep="\n", flush=True)
        results = _all_results(pool, around)
    findings = Findings(found, trail, HELD_OUT_SEEDS, _tables(results), _wins(results))
    DOCS.joinpath("matching.md").write_text(markdown(findings), encoding="utf-8")
    _draw(findings)
    for temper, table in findings.tables.items():
        print(f"\n{temper}\n{results_table(table)}")
    print(f"\ndocs/matching.md written, {time.monotonic() - began:.0f} s")
    if any(getattr(found, key) != getattr(WEIGHTS, key) for key in WEIGHED):
        print("WEIGHTS in geo/matching.py are not the ones found", file=sys.stderr)
        return 1
    return 0


Results = dict[tuple[str, str], list[Result]]  # temper and ranking → a result per seed


def _all_results(pool: Pool, around: Sequence[Spot]) -> Results:
    pairs = [(t, p) for t in TEMPERS for p in (POLICIES | (ABLATIONS if t is MIXED else {}))]
    jobs = [(t, p, seed, around) for t, p in pairs for seed in HELD_OUT_SEEDS]
    flat, count = pool.starmap(season, jobs, chunksize=1), len(HELD_OUT_SEEDS)
    return {(t.key, p): flat[n * count : (n + 1) * count] for n, (t, p) in enumerate(pairs)}


def _tables(results: Results) -> dict[str, Table]:
    tables: dict[str, dict[str, dict[str, Spread]]] = {temper.key: {} for temper in TEMPERS}
    for (temper, policy), rows in results.items():
        pairs = list(zip(rows, results[temper, "distance"], strict=True))
        row = {m.key: over_seeds([r[m.key] for r in rows]) for m in MEASURES}
        tables[temper][policy] = row | {"objective": over_seeds([objective(*p) for p in pairs])}
    return dict(tables)


def _wins(results: Results) -> dict[str, dict[str, int]]:
    def better(temper: str, key: str, more: bool) -> int:
        pairs = zip(results[temper, "ours"], results[temper, "distance"], strict=True)
        return sum((a[key] > b[key]) if more else (a[key] < b[key]) for a, b in pairs)

    return {t.key: {m.key: better(t.key, m.key, m.more_is_better) for m in MEASURES}
            for t in TEMPERS}  # fmt: skip


def _draw(findings: Findings) -> None:
    plain = {policy: findings.tables[MIXED.key][policy] for policy in POLICIES}
    plots.bars(plain, DOCS / "img")
    plots.trade(
        [(temper.key, policy, row["travel"].mean, row["match"].mean)
         for temper in TEMPERS
         for policy, row in findings.tables[temper.key].items() if policy in POLICIES],
        DOCS / "img",
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
