"""The plots of the report: small SVGs with English words and the same bytes on every run."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from bench.matching.measures import MEASURES, Measure, Spread

COLOURS = {"distance": "#5b6770", "newest": "#a9b1b6", "soonest": "#d0b483", "ours": "#00736d"}
STYLE: Any = {
    "svg.hashsalt": "machipika",
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
Table = Mapping[str, Mapping[str, Spread]]  # policy → measure → spread


def bars(table: Table, folder: Path) -> Path:
    """Every measure of the report, one small panel each, a bar with its spread per ranking."""
    with mpl.rc_context(STYLE):
        _, axes = plt.subplots(2, 3, figsize=(9, 4.8), layout="constrained")
        for panel, measure in zip(axes.flat, MEASURES, strict=False):
            _panel(panel, table, measure)
        return _save(folder / "matching-measures.svg")


def _panel(panel: Axes, table: Table, measure: Measure) -> None:
    factor = 100 if measure.percent else 1
    for place, (policy, row) in enumerate(table.items()):
        spread = row[measure.key]
        panel.bar(place, spread.mean * factor, yerr=spread.sd * factor, capsize=3,
                  color=COLOURS[policy], width=0.7)  # fmt: skip
    panel.set_xticks(range(len(table)), list(table))
    arrow = "higher is better" if measure.more_is_better else "lower is better"
    panel.set_title(f"{measure.title}{' (%)' if measure.percent else ''}: {arrow}", fontsize=9)


def trade(rows: Sequence[tuple[str, str, float, float]], folder: Path) -> Path:
    """Match rate against the mean way: a point per ranking and kind of people."""
    markers = {"mixed": "o", "near": "s", "busy": "^"}
    with mpl.rc_context(STYLE):
        _, panel = plt.subplots(figsize=(6, 3.8), layout="constrained")
        for temper, policy, way_m, match in rows:
            panel.scatter(way_m, match * 100, s=60, marker=markers[temper], color=COLOURS[policy],
                          label=f"{policy}, {temper} people")  # fmt: skip
        panel.set_xlabel("mean way of those who join (m on the map)")
        panel.set_ylabel("match rate (%)")
        panel.legend(fontsize=7, frameon=False, ncols=2, loc="upper left",
                     bbox_to_anchor=(1.0, 1.0))  # fmt: skip
        return _save(folder / "matching-trade.svg")


def _save(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    plt.savefig(path, metadata={"Date": None, "Creator": None})
    plt.close()
    return path
