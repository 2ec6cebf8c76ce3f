"""Pipelines for scans to read, and the strategies that make them."""

from __future__ import annotations

from random import Random

from hypothesis import strategies as st

from tests.expected import Rules
from tests.service import Record, created

START = 1_700_000_000_000
HOUR, DAY, YEAR = 3_600_000, 86_400_000, 365 * 86_400_000

spans = st.sampled_from([0, 1, 900, 2_500, 10_000, 60_000, HOUR, DAY, 8 * YEAR])
sizes = st.one_of(
    st.integers(0, 12),
    st.sampled_from([99, 100, 101, 199, 200, 201, 300]),
    st.integers(0, 900),
)
concurrencies = st.integers(1, 16)
services = st.fixed_dictionaries(
    {
        "rules": st.builds(
            Rules, exclusive=st.booleans(), precision=st.sampled_from(["exact", "second"])
        ),
        "empty_pages": st.sampled_from([0.0, 0.3, 0.6]),
        "jitter": st.sampled_from([0.0, 0.3]),
    }
)


def dataset(size: int, span: int, seed: int) -> list[Record]:
    """Records spread over a span, with ties, bursts, silence and both ways to show a time."""
    random = Random(seed)
    centers = [START + random.randint(0, span) for _ in range(random.randint(1, 5))]
    clustered, to_the_second = random.random(), random.choice([0.0, 0.5, 1.0])
    width = random.choice([0, 0, 1_000, 5_000, HOUR])
    unit = random.choice([1, 1_000])
    made: list[Record] = []
    for number in range(size):
        at = START + random.randint(0, span)
        if random.random() < clustered:
            at = random.choice(centers) + random.randint(0, width)
        shown = random.random() < to_the_second
        made.append(created(f"O{number}", at // unit * unit, shown_to_the_second=shown))
    return made


def ids(listed: list[Record]) -> list[str]:
    return sorted(record["Id"] for record in listed)
