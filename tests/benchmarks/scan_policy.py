"""The time and requests of a scan in docs/scan.md, measured on virtual time.

python -m tests.benchmarks.scan_policy
"""

from __future__ import annotations

from random import Random

from tests.benchmarks.measuring import table
from tests.scan import test_policy as policy


def in_two_minutes(random: Random) -> int:
    """More than eighty a second: what a request reaches over is most of a page."""
    return policy.START + random.randrange(120 * policy.SECOND)


SPREADS = {
    "evenly over three years": policy.uniform,
    "more and more of them": policy.growing,
    "at both ends of a long silence": policy.with_a_silence,
    "half of them on seven instants": policy.half_on_seven_instants,
    "in 200 bursts of an hour, the largest with a sixth of all": policy.in_bursts,
    "nine tenths on one day of imports": policy.on_a_day_of_imports,
    "one in a hundred ten years ago, the others in ten days": policy.a_few_long_ago,
    "all in two minutes": in_two_minutes,
    "all in one second": policy.in_one_second,
}
SEEDS = range(4)


def _between(figures: list[float], digits: int) -> str:
    ends = [f"{figure:.{digits}f}" for figure in (min(figures), max(figures))]
    return ends[0] if ends[0] == ends[1] else " to ".join(ends)


def main() -> None:
    """Print the table."""
    rows: list[list[str]] = []
    for name, spread in SPREADS.items():
        measured = [policy.measure(spread, seed=seed) for seed in SEEDS]
        rows.append(
            [
                name,
                _between([scan.seconds for scan in measured], 1),
                _between([scan.requests for scan in measured], 0),
                _between([scan.throttled for scan in measured], 0),
            ]
        )
    print(table(["created", "time, s", "requests", "throttled"], rows))


if __name__ == "__main__":
    main()
