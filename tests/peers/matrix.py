"""The requests that every peer makes, as data: each filter and option alone, and together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

from tests.peers.records import COMPANIES, REVIEWS, STAGES, identifier, records

Json = dict[str, Any]
SORT_NAMES = (
    *("LastModifiedDate", "Identifier", "CustomerCompanyName", "CreatedDate", "TargetCloseDate"),
)
SORTS = [
    {"SortBy": name, "SortOrder": order}
    for name in SORT_NAMES
    for order in ("ASCENDING", "DESCENDING")
]
LIBRARY = frozenset({"library"})
SERVICE_ERRORS = (
    *("AccessDeniedException", "InternalServerException", "ResourceNotFoundException"),
    *("ThrottlingException", "ValidationException", "SomethingNewException"),
)


@dataclass(frozen=True)
class Case:
    """One request, and the error that it ends in, if it does.

    ``server`` is the emulator it goes to: "pipeline", or the code of the error that it always
    returns. ``refused`` says who refuses the request before it is sent, and never sees AWS's code.
    """

    name: str
    parameters: Json
    call: str = "items"
    page_size: int | None = None
    max_items: int | None = None
    starting_token: str | None = None
    error: str | None = None
    server: str = "pipeline"
    refused: frozenset[str] = frozenset()

    def to_json(self, url: str) -> Json:
        return {
            "url": url,
            "call": self.call,
            "parameters": self.parameters,
            "page_size": self.page_size,
            "max_items": self.max_items,
            "starting_token": self.starting_token,
        }


def case(name: str, filters: Json | None = None, **options: Any) -> Case:
    return Case(name, {"Catalog": "AWS"} | (filters or {}), **options)


# Each filter by itself, in every form that a caller gives it.
ALONE: dict[str, list[Any]] = {
    "LifeCycleStage": [*([stage] for stage in STAGES), [*STAGES[1:3]], [*STAGES]],
    "LifeCycleReviewStatus": [*([status] for status in REVIEWS), [*REVIEWS[2:4]], [*REVIEWS]],
    "Identifier": [
        [identifier(0)],
        [identifier(4), identifier(5), identifier(13)],
        [identifier(index) for index in range(20)],
        ["O1", identifier(3)],
        ["O1"],
        [identifier(6), identifier(6)],
        [identifier(21)],
    ],
    "CustomerCompanyName": [
        *([name] for name in COMPANIES if name),
        ["Alder"],
        ["Nobody"],
        ["BÄCKEREI SÜD", "zinnia"],
    ],
    "LastModifiedDate": [
        {"AfterLastModifiedDate": "2025-03-16T00:00:00Z"},
        {"BeforeLastModifiedDate": "2025-03-16T00:00:00Z"},
        {
            "AfterLastModifiedDate": "2025-03-08T12:00:00+02:00",
            "BeforeLastModifiedDate": "2025-03-21T00:00:00Z",
        },
        *(
            {f"{bound}LastModifiedDate": record["LastModifiedDate"]}
            for record in (records()[5], records()[7])
            for bound in ("After", "Before")
        ),
        {"AfterLastModifiedDate": "2031-01-01T00:00:00Z"},
    ],
    "CreatedDate": [
        {"AfterCreatedDate": "2025-03-12T00:00:00Z"},
        {"BeforeCreatedDate": "2025-03-12T00:00:00Z"},
        {
            "AfterCreatedDate": "2025-03-05T22:30:00-01:30",
            "BeforeCreatedDate": "2025-03-20T00:00:00Z",
        },
        *(
            {f"{bound}CreatedDate": record["CreatedDate"]}
            for record in (records()[10], records()[12])
            for bound in ("After", "Before")
        ),
        {"BeforeCreatedDate": "2001-01-01T00:00:00Z"},
    ],
    "TargetCloseDate": [
        {"AfterTargetCloseDate": "2025-09-08"},
        {"BeforeTargetCloseDate": "2025-09-08"},
        {"AfterTargetCloseDate": "2025-09-04", "BeforeTargetCloseDate": "2025-09-11"},
        {"AfterTargetCloseDate": "2025-09-06", "BeforeTargetCloseDate": "2025-09-06"},
        {"AfterTargetCloseDate": "2031-01-01"},
    ],
}
# One wide value of each, so that several together still leave something.
WIDE: Json = {
    "LifeCycleStage": [*STAGES[:5]],
    "LifeCycleReviewStatus": [*REVIEWS[1:]],
    "Identifier": [identifier(index) for index in range(0, 60, 3)],
    "CustomerCompanyName": [*COMPANIES[2:6]],
    "LastModifiedDate": {"AfterLastModifiedDate": "2025-03-10T00:00:00Z"},
    "CreatedDate": {"BeforeCreatedDate": "2025-03-22T00:00:00Z"},
    "TargetCloseDate": {"AfterTargetCloseDate": "2025-09-03"},
}
INVALID: list[tuple[str, Json]] = [
    ("a misspelled stage", {"LifeCycleStage": ["Qualifed"]}),
    ("a stage among good ones", {"LifeCycleStage": ["Qualified", "Closed Won"]}),
    ("eleven stages", {"LifeCycleStage": [*STAGES, *STAGES[:4]]}),
    ("a review status in prose", {"LifeCycleReviewStatus": ["In Review"]}),
    ("eleven review statuses", {"LifeCycleReviewStatus": [*REVIEWS, *REVIEWS[:5]]}),
    ("an identifier of letters", {"Identifier": ["X1"]}),
    ("an identifier without digits", {"Identifier": ["O"]}),
    ("twenty-one identifiers", {"Identifier": [identifier(index) for index in range(21)]}),
    ("eleven companies", {"CustomerCompanyName": [f"Company {n}" for n in range(11)]}),
    ("an unknown sort", {"Sort": {"SortBy": "Stage", "SortOrder": "ASCENDING"}}),
    ("an unknown order", {"Sort": {"SortBy": "Identifier", "SortOrder": "UP"}}),
    ("a close date in words", {"TargetCloseDate": {"AfterTargetCloseDate": "soon"}}),
    ("a close date without zeros", {"TargetCloseDate": {"BeforeTargetCloseDate": "2025-9-1"}}),
    ("a catalog with a space", {"Catalog": "A B"}),
]


def alone() -> Iterator[Case]:
    yield case("nothing")
    for name, values in ALONE.items():
        for number, value in enumerate(values):
            yield case(f"{name} {number}", {name: value})
    yield case("Catalog Sandbox", {"Catalog": "Sandbox"})
    # The model leaves catalogs open; the library requires `Catalog.unknown` for others.
    yield case("Catalog Elsewhere", {"Catalog": "Elsewhere"}, refused=LIBRARY)
    for sort in SORTS:
        yield case("sorted by {SortBy} {SortOrder}".format(**sort), {"Sort": sort})


def together() -> Iterator[Case]:
    for size in (2, 3):
        for number, names in enumerate(combinations(WIDE, size)):
            # Every pair; of the triples every fourth.
            if size == 2 or number % 4 == 0:
                yield case(" and ".join(names), {name: WIDE[name] for name in names})
    yield case("all filters", WIDE)
    for number, sort in enumerate(SORTS):
        name = [*WIDE][number % len(WIDE)]
        title = "{SortBy} {SortOrder}".format(**sort)
        yield case(f"{name} sorted by {title}", {name: WIDE[name], "Sort": sort}, page_size=7)


def paging() -> Iterator[Case]:
    for size in (1, 2, 7, 20, 62, 63, 64, 100):
        yield case(f"pages of {size}", page_size=size)
        sort = {"Sort": SORTS[size % len(SORTS)]}
        yield case(f"one page of {size}", sort | {"MaxResults": size}, call="page")
    yield case("one page of the default size", call="page")
    for items in (1, 6, 7, 8, 20, 21, 62, 63, 64, 1000):
        yield case(f"the first {items}", max_items=items)
        yield case(f"the first {items} in sevens", max_items=items, page_size=7)
        yield case(f"the first {items} in twenties", max_items=items, page_size=20)
    yield case(
        "the first 2 of some, one by one", WIDE | {"Sort": SORTS[2]}, max_items=2, page_size=1
    )


def invalid() -> Iterator[Case]:
    for name, parameters in INVALID:
        yield case(name, parameters, error="ValidationException", refused=LIBRARY)
    yield case("pages of 101", page_size=101, error="ValidationException", refused=LIBRARY)
    size = {"MaxResults": 101}
    yield case("a page of 101", size, call="page", error="ValidationException", refused=LIBRARY)
    token = {"NextToken": "AAMA-nonsense"}
    yield case("a token of nobody's", token, call="page", error="ValidationException")
    for code in SERVICE_ERRORS:
        yield case(f"items end with {code}", error=code, server=code)
        yield case(f"a page ends with {code}", call="page", error=code, server=code)


def resumed() -> Iterator[tuple[Case, Case]]:
    """Yield listings that end early, each with the one that resumes from its token."""
    for number, (items, size) in enumerate(((1, 7), (7, 7), (10, 7), (30, 20), (50, 100), (40, 1))):
        parameters = {"Sort": SORTS[number % len(SORTS)], "LifeCycleStage": [*STAGES[:-1]]}
        if number % 2:
            parameters = {"CreatedDate": WIDE["CreatedDate"]}
        first = case(
            f"stopped after {items} of {size}", parameters, max_items=items, page_size=size
        )
        rest = replace(first, name=f"resumed after {items} of {size}", max_items=None)
        yield first, rest
        yield first, replace(rest, name=f"{rest.name}, and stopped", max_items=5)


CASES = [*alone(), *together(), *paging(), *invalid()]
