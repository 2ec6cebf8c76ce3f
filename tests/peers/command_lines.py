"""Command lines of list-opportunities, good and bad, made from a seed."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable, Sequence

STAGES = (
    "Prospect",
    "Qualified",
    "Technical Validation",
    "Business Validation",
    "Committed",
    "Launched",
    "Closed Lost",
)
STATUSES = ("Pending Submission", "Submitted", "In review", "Approved", "Rejected")
SORTS = ("LastModifiedDate", "Identifier", "CustomerCompanyName", "CreatedDate", "TargetCloseDate")
DAYS = ("2025-01-15", "2025-06-01", "2025-12-24", "2026-03-01")

Words = list[str]


class CommandLines:
    """Makes command lines from what there is to be found.

    Args:
        seed: What they are made from.
        identifiers: Some that exist.
        companies: Some that exist.
    """

    def __init__(self, seed: int, identifiers: Sequence[str], companies: Sequence[str]) -> None:
        self._random = random.Random(seed)
        self._identifiers = identifiers
        self._companies = companies

    def valid(self) -> Words:
        """Make a valid command line."""
        filters = self._random.sample(self._filters(), self._random.randint(0, 2))
        words = ["--catalog", "AWS" if self._chance(0.95) else "Sandbox"]
        for make in filters:
            words += make()
        words += self._random.choice((self._paging, self._one_page))()
        return words + self._output()

    def invalid(self) -> Words:
        """Make one that is not."""
        return [*self.valid(), *self._random.choice(MISTAKES)]

    def _filters(self) -> list[Callable[[], Words]]:
        return [
            lambda: self._list("--life-cycle-stage", STAGES),
            lambda: self._list("--life-cycle-st", STAGES),
            lambda: self._list("--life-cycle-review-status", STATUSES),
            lambda: self._list("--identifier", [*self._identifiers, "O999999999"]),
            lambda: self._list("--customer-company-name", [*self._companies, "Nobody"]),
            lambda: self._span("--last-modified-date", "LastModifiedDate", self._moment),
            lambda: self._span("--created-date", "CreatedDate", self._moment),
            lambda: self._span("--target-close-date", "TargetCloseDate", self._day),
            self._sort,
            self._input,
        ]

    def _chance(self, probability: float) -> bool:
        return self._random.random() < probability

    def _list(self, option: str, values: Sequence[str]) -> Words:
        chosen = self._random.sample(list(values), self._random.randint(1, 3))
        form = self._random.randrange(4)
        if form == 0:
            return [option, json.dumps(chosen)]
        if form == 1:
            return [f"{option}={chosen[0]}"]
        if form == 2:
            return [option, "Nothing at all", option, *chosen]
        return [option, *chosen]

    def _span(self, option: str, name: str, bound: Callable[[], str]) -> Words:
        bounds = {f"After{name}": min(DAYS), f"Before{name}": bound()}
        if self._chance(0.5):
            bounds = {f"After{name}": bound()}
        if self._chance(0.4):
            return [option, json.dumps(bounds)]
        quote = self._random.choice(("", '"', "'"))
        return [option, ",".join(f"{key}={quote}{bounds[key]}{quote}" for key in bounds)]

    def _day(self) -> str:
        return self._random.choice(DAYS)

    def _moment(self) -> str:
        forms = ("", "T12:30:00Z", "T00:00:00+02:00", " 08:00:00", "T23:59:59.123456Z")
        if self._chance(0.2):
            return str(self._random.randint(1_735_000_000, 1_780_000_000))
        return self._day() + self._random.choice(forms)

    def _sort(self) -> Words:
        sort = {
            "SortBy": self._random.choice(SORTS),
            "SortOrder": self._random.choice(("ASCENDING", "DESCENDING")),
        }
        if self._chance(0.4):
            return ["--sort", json.dumps(sort)]
        return ["--sort", ",".join(f"{name}={value}" for name, value in sort.items())]

    def _input(self) -> Words:
        request = {"Catalog": "Sandbox", "LifeCycleStage": self._random.sample(STAGES, 2)}
        return ["--cli-input-json", json.dumps(request)]

    def _paging(self) -> Words:
        words: Words = []
        if self._chance(0.5):
            words += ["--page-size", str(self._random.randint(10, 100))]
        if self._chance(0.6):
            words += ["--max-items", str(self._random.choice((0, 1, 7, 20, 25, 40, 60, 1000)))]
        if self._chance(0.3):
            # Not beyond a page: the AWS CLI then loses count of what is to be skipped.
            start = {"NextToken": None, "boto_truncate_amount": self._random.randint(0, 9)}
            token = base64.b64encode(json.dumps(start).encode()).decode()
            words += [f"--starting-token={token}"]
        return words

    def _one_page(self) -> Words:
        if self._chance(0.5):
            return ["--no-paginate"]
        return ["--max-results", str(self._random.randint(1, 100))]

    def _output(self) -> Words:
        words = ["--output", self._random.choice(("json", "json", "text", "text", "table"))]
        if self._chance(0.3):
            words += ["--query", self._random.choice(QUERIES)]
        return words


QUERIES = (
    "OpportunitySummaries[].Id",
    "OpportunitySummaries[].[Id, LifeCycle.Stage, Customer.Account.CompanyName]",
    "OpportunitySummaries[].{id: Id, spend: Project.ExpectedCustomerSpend[].Amount}",
    "length(OpportunitySummaries)",
    "OpportunitySummaries[?LifeCycle.Stage == 'Qualified'] | [0]",
    "OpportunitySummaries[-1].Customer",
    "NextToken",
    "Nothing",
)

#: Each is refused by both.
MISTAKES: Sequence[Words] = (
    ["--sort", "SortBy=Identifier"],
    ["--sort", "SortBy=Identifier,SortOrder=ASCENDING,SortBy=Identifier"],
    ["--sort", "Direction=up"],
    ["--sort", "SortBy"],
    ["--sort", '{"SortBy"'],
    ["--sort", "SortBy=Size,SortOrder=ASCENDING"],
    ["--life-cycle-stage", "Qualifed"],
    ["--life-cycle-stage", "Qualified,Committed"],
    ["--life-cycle-stage", '["Qualified"'],
    ["--life-cycle-review-status", "In Review"],
    ["--last-modified-date", "AfterLastModifiedDate=yesterday evening"],
    ["--last-modified-date", "After=2025-01-01"],
    ["--last-modified-date", "AfterLastModifiedDate"],
    ["--created-date", "AfterCreatedDate=2025-13-45"],
    ["--identifier", *(f"O{number}" for number in range(1, 22))],
    ["--identifier", "file://no-such-file.json"],
    ["--page-size", "x"],
    ["--max-items", "1.5"],
    ["--output", "xml"],
    ["--query", "bad["],
    ["--no-such-option"],
    ["--cli-input-json", "{bad"],
    ["--cli-input-json", '{"Nope": 1}'],
    ["--cli-input-json", "[1]"],
    ["--no-paginate", "--page-size", "3"],
    ["--max-results", "3", "--max-items", "3"],
    ["--cli-read-timeout", "soon"],
    ["--color", "green"],
    ["stray"],
)
