"""Spans of creation time: what a page shows of them, and how the next request asks for one.

Positions are whole seconds since 1970. AWS shows some timestamps to the second and some to the
millisecond, and nobody knows whether bounds are included: so a position means its whole second,
and every request reaches a second further than what is known.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from typing import cast

from partnercentral_list._pagination.tokens import TOKEN_KEY
from partnercentral_list._tied_records import TiedRecords
from partnercentral_list._transport.response import InvalidEntry, Page
from partnercentral_list.errors import MalformedResponseError
from partnercentral_list.models import OpportunitySummary
from partnercentral_list.models.request import PAGE_SIZE

ASCENDING, DESCENDING = 1, -1
FIRST = int(datetime(1, 1, 1, tzinfo=UTC).timestamp())
LAST = int(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp())

#: The members of a request under which no record leaves what matches, as long as it exists. It
#: lists what is safe: any other member, also one that is new, makes the scan prove more.
IMMUTABLE = frozenset({"Catalog", "Identifier", "CreatedDate", "MaxResults"})

#: How far behind a second the walk over it goes, and the side that met it goes on.
REACH = 2
ONE_SECOND = "More opportunities than a page holds were created in a second"
UNDATED = "More opportunities than a page holds have no creation date"
ADVICE = (
    "Scan again, or without the filters that edits change, if there are any, and filter what comes."
)

# AWS may order by what it does not show: two records of one second may seem to be out of order.
TOLERANCE = 1


@dataclass(frozen=True, slots=True)
class View:
    """What a scan needs to know of a page."""

    seconds: Sequence[int]
    """When its readable records were created, in their order."""
    has_undated: bool
    """Whether a readable record has no creation date."""
    ends_undated: bool
    """Whether its last readable record has no creation date."""
    versions: Mapping[str, object]
    """What its records are known by, each with what an edit of it changes."""
    token: str | None
    """AWS's token of the next page."""


def view_of(page: Page, direction: int) -> View:
    """Look at a page of a request sorted by CreatedDate.

    Raises:
        MalformedResponseError: It is not sorted, so that nothing could be promised.
    """
    readable = page.response.opportunity_summaries
    dates = [record.created_date for record in readable]
    seconds = [int(date.timestamp() // 1) for date in dates if date is not None]
    for before, after in pairwise(seconds):
        if direction * (after - before) < -TOLERANCE:
            raise MalformedResponseError(
                "AWS answered a request sorted by CreatedDate with opportunities that are not: a "
                "scan would not be complete.",
                operation="ListOpportunities",
                request_id=page.response.response_metadata.request_id,
            )
    return View(
        seconds=seconds,
        has_undated=None in dates,
        ends_undated=bool(dates) and dates[-1] is None,
        versions={key_of(record): _version_of(record) for record in page.records},
        token=page.next_token,
    )


def key_of(record: OpportunitySummary | InvalidEntry) -> str:
    """What a record is recognized by when another page holds it too: its id, or all of it."""
    if isinstance(record, InvalidEntry) and record.id is None:
        return json.dumps(record.raw, sort_keys=True)
    return str(record.id)


def _version_of(record: OpportunitySummary | InvalidEntry) -> object:
    if isinstance(record, InvalidEntry):
        return json.dumps(record.raw, sort_keys=True)
    return record.last_modified_date


class Chain:
    """One query, followed by its tokens."""

    def __init__(self, parameters: Mapping[str, object], records: TiedRecords) -> None:
        self._parameters = parameters
        self.records = records

    def request(self) -> Mapping[str, object]:
        """Give the parameters of the page that is next."""
        token = self.records.token
        return self._parameters if token is None else {**self._parameters, TOKEN_KEY: token}


@dataclass(frozen=True, slots=True)
class Query:
    """What a scan asks for: the user's filters, within spans of creation time."""

    parameters: Mapping[str, object]
    """The request's members as they go over the wire, without Sort and NextToken."""
    _bounds: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        bounds = cast("Mapping[str, str]", self.parameters.get("CreatedDate", {}))
        object.__setattr__(self, "_bounds", bounds)

    @property
    def page_size(self) -> int:
        """Records in a full page."""
        return cast("int", self.parameters["MaxResults"])

    @property
    def can_lose_records(self) -> bool:
        """Whether a record may leave what matches: it filters on more than what never changes."""
        return not self.parameters.keys() <= IMMUTABLE

    def within(self, direction: int, after: int | None, before: int | None) -> Chain:
        """Ask for what was created after and before these seconds; None is no bound of ours."""
        return Chain(self._sorted(direction, after, before), self.tied_records(UNDATED))

    def around(self, second: int) -> Chain:
        """Ask for what was created in a second and within `REACH` of it, in full pages."""
        parameters = self._sorted(ASCENDING, second - REACH, second + REACH)
        parameters["MaxResults"] = PAGE_SIZE.maximum
        return Chain(parameters, self.tied_records(ONE_SECOND))

    def tied_records(self, description: str) -> TiedRecords:
        """Make what tells whether pages that tokens lead to are complete."""
        return TiedRecords(description, ADVICE, can_leave=self.can_lose_records)

    def _sorted(self, direction: int, after: int | None, before: int | None) -> dict[str, object]:
        span = self._span(after, before)
        order = "ASCENDING" if direction == ASCENDING else "DESCENDING"
        parameters = {**self.parameters, "Sort": {"SortBy": "CreatedDate", "SortOrder": order}}
        return parameters | ({"CreatedDate": span} if span else {})

    def _span(self, after: int | None, before: int | None) -> dict[str, str]:
        span = dict(self._bounds)
        earliest, latest = _moment(span.get(AFTER)), _moment(span.get(BEFORE))
        ours = _of_second(before)
        if ours is not None and (latest is None or ours < latest):
            latest, span[BEFORE] = ours, _on_the_wire(ours)
        ours = _of_second(after)
        if ours is not None and (earliest is None or ours > earliest):
            # AWS refuses a span that ends before it begins.
            span[AFTER] = _on_the_wire(min(ours, latest or ours))
        return span


AFTER, BEFORE = "AfterCreatedDate", "BeforeCreatedDate"


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _of_second(second: int | None) -> datetime | None:
    if second is None or not FIRST <= second <= LAST:
        return None
    return datetime.fromtimestamp(second, UTC)


def _on_the_wire(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
