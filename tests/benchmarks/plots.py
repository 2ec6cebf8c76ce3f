"""The plots of docs/performance.md."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def growth(
    path: Path, measured: Mapping[str, Mapping[int, float]], names: Mapping[str, str]
) -> None:
    """CPU time by the number of records, both axes logarithmic: a straight line is linear."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "performance"
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4.2))
    for side, points in measured.items():
        width = 2.4 if side == "ours" else 1.2
        axes.plot(list(points), list(points.values()), "o-", label=names[side], linewidth=width)
    axes.set(xscale="log", yscale="log", xlabel="records", ylabel="CPU seconds")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
