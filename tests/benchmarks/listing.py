"""A listing's time and memory, by its size, its latency and who consumes it."""

from __future__ import annotations

from collections.abc import Iterator

from tests.benchmarks.measuring import NAMES, Report, Rounds, compare, pages, run, shown, table

PEERS = [library for library in NAMES if library != "ours"]
#: Rounds by records.
SIZES = {1_000: 5, 10_000: 9, 100_000: 3}


def _sizes(report: Report) -> Iterator[tuple[int, Rounds]]:
    for size, rounds in SIZES.items():
        yield size, report.listed(size, rounds)


def cpu(report: Report) -> None:
    """CPU and wall time of a listing, by size."""
    rows: list[list[str]] = []
    growth: dict[str, dict[int, float]] = {}
    for size, measured in _sizes(report):
        for library, name in NAMES.items():
            spent, wall = measured.median(library, "cpu"), measured.median(library, "wall")
            ratio = shown(measured.ratios("ours", library, "cpu")) if library != "ours" else ""
            rows.append([f"{size:,}", name, f"{spent:.3f}", f"{wall:.3f}", ratio])
            growth.setdefault(library, {})[size] = spent
    head = ["records", "library", "CPU, s", "wall, s", "this library's CPU ÷ its"]
    report.parts["cpu"] = table(head, rows)
    report.plots["growth"] = growth
    _cpu_targets(report, report.listed(10_000, SIZES[10_000]))


def _cpu_targets(report: Report, measured: Rounds) -> None:
    report.plots["cpu"] = {
        library: measured.ratios(library, "ours", "cpu") for library in NAMES if library != "ours"
    }
    for library, name, must, goal in (
        ("aiobotocore", "aiobotocore's paginator", "0.30", "0.20"),
        ("capo", "capo", "1.35", "1.0"),
        ("floor", "the floor", "1.6", "1.4"),
    ):
        what = f"CPU for 10,000 records ÷ {name}"
        report.reach(what, measured.ratios("ours", library, "cpu"), must, goal)


def memory(report: Report) -> None:
    """Peak memory while iterating, by size; from the processes whose time was taken."""
    rows = [
        [name, *(f"{measured.median(library, 'peak'):.1f}" for _, measured in _sizes(report))]
        for library, name in NAMES.items()
    ]
    report.parts["memory"] = table(["peak, MB", *(f"{size:,}" for size in SIZES)], rows)
    report.plots["memory"] = {
        library: {size: measured.median(library, "peak") for size, measured in _sizes(report)}
        for library in NAMES
    }
    few, many = report.listed(1_000, 0), report.listed(100_000, 0)
    # Each of the larger against each of the smaller, since they are of no common round.
    more = [
        large - small for large in many.all("ours", "peak") for small in few.all("ours", "peak")
    ]
    what = "MB more at the peak, 100,000 records against 1,000"
    report.reach(what, more, "+20", "+5")


def profile(report: Report) -> None:
    """The time of a page by part, and the variants that would save some of it."""
    with pages(10_000) as url:
        under_profiler = run("profile", url)
        made = run("objects", url)["parts"]
        _variants(report, url)
    parts: dict[str, float] = under_profiler["parts"]
    whole = sum(parts.values())
    rows = [
        [part, f"{100 * spent / whole:.0f} %"]
        for part, spent in sorted(parts.items(), key=lambda item: -item[1])
    ]
    report.parts["profile"] = table(["", "of the time, under the profiler"], rows)
    rows = [[what, f"{number:,.0f}"] for what, number in made.items()]
    report.parts["objects"] = table(["objects of a page of 100 that the collector sees", ""], rows)


def _variants(report: Report, url: str) -> None:
    measured = Rounds()
    variants = {
        "": "as it is",
        "collector-off": "the program turns the garbage collector off",
        "frozen": "the program calls `gc.freeze()` after opening the client",
        "user-agent": 'the program passes `AioConfig(user_agent="...")`',
    }
    for _ in range(report.rounds(7)):
        for variant in variants:
            options = ("--variant", variant) if variant else ()
            measured.add(variant, run("ours", url, *options))
    rows = [
        [name, shown(measured.ratios(variant, "", "cpu"))] for variant, name in variants.items()
    ]
    report.parts["variants"] = table(["", "CPU ÷ as it is"], rows)


def latency(report: Report) -> None:
    """Wall time of a listing, by the latency of a page."""
    rows: list[list[str]] = []
    ratios: dict[float, dict[str, list[float]]] = {}
    for delay, size, rounds in ((0.0, 10_000, 9), (0.05, 2_000, 5), (0.3, 1_000, 3)):
        if delay:
            with pages(size, delay) as url:
                measured = compare(url, tuple(NAMES), report.rounds(rounds), size)
        else:
            measured = report.listed(size, rounds)
        for library, name in NAMES.items():
            wall = measured.median(library, "wall") / (size / 100) * 1000
            ratio = shown(measured.ratios("ours", library, "wall")) if library != "ours" else ""
            rows.append([f"{delay * 1000:.0f}", name, f"{wall:.1f}", ratio])
        ratios[delay] = {library: measured.ratios(library, "ours", "wall") for library in PEERS}
    head = ["latency, ms", "library", "ms from page to page", "this library's ÷ its"]
    report.parts["latency"] = table(head, rows)
    report.plots["latency"] = ratios


def prefetch(report: Report) -> None:
    """A consumer that takes as long for a page as the page takes."""
    rows: list[list[str]] = []
    with pages(2_000, 0.1) as url:
        measured = Rounds()
        for _ in range(report.rounds(3)):
            for ahead in ("0", "1", "4"):
                result = run("ours", url, "--work", "0.1", "--prefetch", ahead)
                measured.add(ahead, result)
    for ahead in measured.results:
        ratios = shown(measured.ratios(ahead, "0", "wall"))
        rows.append([ahead, f"{measured.median(ahead, 'wall'):.2f}", ratios])
    report.parts["prefetch"] = table(["prefetch", "wall, s", "÷ prefetch=0"], rows)
