"""The plots of docs/performance.md."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks.measuring import NAMES

COLORS = {
    "ours": "#c2410c",
    "aiobotocore": "#1d4ed8",
    "pydantic": "#60a5fa",
    "boto3": "#0f766e",
    "capo": "#7c3aed",
    "floor": "#6b7280",
}
SHORT = {library: name.partition(":")[0] for library, name in NAMES.items()}


def growth(axes: Any, measured: Mapping[str, Mapping[int, float]]) -> None:
    """CPU time by the number of records, both axes logarithmic: a straight line is linear."""
    _by_records(axes, measured)
    axes.set(xscale="log", yscale="log", xlabel="records", ylabel="CPU, seconds")


def memory(axes: Any, measured: Mapping[str, Mapping[int, float]]) -> None:
    """Peak memory by the number of records: a level line keeps nothing."""
    _by_records(axes, measured)
    axes.set(xscale="log", xlabel="records", ylabel="peak memory, MB")
    axes.set_ylim(bottom=0)


def _by_records(axes: Any, measured: Mapping[str, Mapping[int, float]]) -> None:
    for library, points in measured.items():
        style = {"linewidth": 2.6 if library == "ours" else 1.3, "color": COLORS[library]}
        axes.plot(list(points), list(points.values()), "o-", label=SHORT[library], **style)
    axes.legend(fontsize=8)


def cpu(axes: Any, ratios: Mapping[str, Sequence[float]]) -> None:
    """Each library's CPU time over this library's, with its spread."""
    for place, (library, values) in enumerate(ratios.items()):
        middle = statistics.median(values)
        spread = [[middle - min(values)], [max(values) - middle]]
        axes.barh(place, middle, xerr=spread, color=COLORS[library], error_kw={"capsize": 3})
        axes.text(max(values) + 0.08, place, f"{middle:.2f}", va="center", fontsize=9)
    axes.axvline(1, color=COLORS["ours"], linewidth=2)
    axes.set_yticks(range(len(ratios)), [SHORT[library] for library in ratios])
    axes.invert_yaxis()
    axes.set(xlabel="CPU time for 10,000 records; this library's is 1")


def latency(axes: Any, ratios: Mapping[float, Mapping[str, Sequence[float]]]) -> None:
    """Each library's wall time over this library's, by the latency of a page."""
    width = 0.15
    for number, library in enumerate(next(iter(ratios.values()))):
        middles = [statistics.median(libraries[library]) for libraries in ratios.values()]
        places = [place + (number - 2) * width for place in range(len(ratios))]
        axes.bar(places, middles, width, color=COLORS[library], label=SHORT[library])
    axes.axhline(1, color=COLORS["ours"], linewidth=2)
    axes.set_xticks(range(len(ratios)), [f"{delay * 1000:.0f} ms" for delay in ratios])
    axes.set(xlabel="latency of a page", ylabel="wall time; this library's is 1")
    axes.legend(fontsize=8)


def stages(axes: Any, medians: Mapping[str, float]) -> None:
    """CPU time of each stage until the first record, one after the other."""
    begun = 0.0
    for place, spent in enumerate(medians.values()):
        axes.barh(place, spent, left=begun, color=COLORS["ours"])
        begun += spent
        axes.text(begun + 3, place, f"{spent:.0f}", va="center", fontsize=9)
    axes.set_yticks(range(len(medians)), list(medians))
    axes.invert_yaxis()
    axes.set(xlabel="CPU, ms since the process began", xlim=(0, begun * 1.1))


def scan(axes: Any, arrivals: Mapping[str, Sequence[float]]) -> None:
    """The records that have come, by time."""
    for (name, times), color in zip(
        arrivals.items(), ("#6b7280", COLORS["ours"], "#f59e0b"), strict=True
    ):
        # Every hundredth: a page at a time, and a small file.
        counts = range(100, len(times) + 1, 100)
        axes.step(times[99::100], counts, where="post", label=name, color=color)
    axes.set(xlabel="seconds, at 300 ms a page and 10 requests a second", ylabel="records")
    axes.legend(fontsize=8)


PLOTS: dict[str, Callable[[Any, Any], None]] = {
    plot.__name__: plot for plot in (growth, cpu, memory, latency, stages, scan)
}


def draw(measured: Mapping[str, Any], folder: Path) -> None:
    """Write a picture of each that was measured."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "performance"
    from matplotlib import pyplot

    for name, figures in measured.items():
        figure, axes = pyplot.subplots(figsize=(7.5, 4))
        axes.grid(alpha=0.25)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        PLOTS[name](axes, figures)
        figure.tight_layout()
        figure.savefig(folder / f"performance-{name}.svg", metadata={"Date": None})
        pyplot.close(figure)
