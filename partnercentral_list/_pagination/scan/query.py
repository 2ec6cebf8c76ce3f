"""The requests of a scan, and the facts that it reads from their pages.

A position is a whole second since 1970. AWS shows some timestamps to the second and some to the
millisecond, and nobody knows whether its bounds are included. So a position stands for its whole
second, and every request reaches `OVERLAP_SECONDS` further than what is known.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final, Literal, TypeAlias, cast

from partnercentral_list._pagination.tokens import TOKEN_KEY
from partnercentral_list._tied_records import TiedRecords
from partnercentral_list._transport.response import InvalidEntry, Page, Record
from partnercentral_list.errors import MalformedResponseError
from partnercentral_list.models.fields import MAX_PAGE_SIZE

Direction: TypeAlias = Literal[1, -1]
ASCENDING: Final = 1
DESCENDING: Final = -1

FIRST_SECOND: Final = int(datetime(1, 1, 1, tzinfo=UTC).timestamp())
LAST_SECOND: Final = int(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp())

#: The members of a request under which no record leaves what matches while it exists. It lists
#: what is safe: under any other member, a new one too, the scan reads tied records more than once.
IMMUTABLE: Final = frozenset({"Catalog", "Identifier", "CreatedDate", "MaxResults"})

#: How much further every request reaches, because AWS may exclude what is equal to a bound.
OVERLAP_SECONDS: Final = 1
#: How far from a tied second its reading goes, and its boundary continues: a request that
#: continued nearer would reach into the tied records, and fetch all of them again.
REACH_SECONDS: Final = 1 + OVERLAP_SECONDS

AFTER: Final = "AfterCreatedDate"
BEFORE: Final = "BeforeCreatedDate"

ONE_SECOND: Final = "More opportunities than a page holds were created in a second"
UNDATED: Final = "More opportunities than a page holds have no creation date"
ADVICE: Final = (
    "Scan again, or without the filters that edits change, if there are any, and filter the result."
)


@dataclass(frozen=True, slots=True)
class ScanPage:
    """The facts that a scan reads from a page.

    Attributes:
        seconds: When its valid records were created, in their order.
        has_undated: Whether a valid record has no creation date.
        ends_undated: Whether the last valid record has none.
        versions: The key of each record, with what an edit of the record changes.
        token: AWS's token of the next page; None on the last one.
    """

    seconds: Sequence[int]
    has_undated: bool
    ends_undated: bool
    versions: Mapping[str, object]
    token: str | None

    @classmethod
    def from_response(cls, page: Page, direction: Direction) -> ScanPage:
        """Examine a page that was requested in the order of CreatedDate.

        Raises:
            MalformedResponseError: It is not sorted, so that completeness cannot be proven.
        """
        valid = page.response.opportunity_summaries
        dates = [record.created_date for record in valid]
        seconds = [int(date.timestamp() // 1) for date in dates if date is not None]
        for before, after in pairwise(seconds):
            if direction * (after - before) < 0:
                raise MalformedResponseError(
                    "AWS returned a page that is not sorted by CreatedDate, as it was requested. "
                    "The scan would not be complete.",
                    operation="ListOpportunities",
                    request_id=page.response.response_metadata.request_id,
                )
        return cls(
            seconds=seconds,
            has_undated=None in dates,
            ends_undated=bool(dates) and dates[-1] is None,
            versions={key_of(record): _version_of(record) for record in page.records},
            token=page.response.next_token,
        )


def key_of(record: Record) -> str:
    """Return a key that is the same on every page: the identifier, or the whole raw record."""
    if isinstance(record, InvalidEntry) and record.id is None:
        return json.dumps(record.raw, sort_keys=True)
    return str(record.id)


def _version_of(record: Record) -> object:
    if isinstance(record, InvalidEntry):
        return json.dumps(record.raw, sort_keys=True)
    return record.last_modified_date


class PageSequence:
    """One query and the pages that its tokens lead to.

    Attributes:
        records: Proves that the records on those pages are complete.
    """

    def __init__(self, parameters: Mapping[str, object], records: TiedRecords) -> None:
        self._parameters = parameters
        self.records = records

    def request(self) -> Mapping[str, object]:
        """Return the parameters of the next page."""
        token = self.records.token
        return self._parameters if token is None else {**self._parameters, TOKEN_KEY: token}


@dataclass(frozen=True, slots=True)
class ScanQuery:
    """The filters of a scan, to be combined with intervals of creation time.

    Args:
        parameters: The request's members as they go over the wire, without Sort and NextToken.
    """

    parameters: Mapping[str, object]

    @property
    def page_size(self) -> int:
        """The number of records on a full page."""
        return cast("int", self.parameters["MaxResults"])

    @property
    def can_lose_records(self) -> bool:
        """True if a record may cease to match while it exists."""
        return not self.parameters.keys() <= IMMUTABLE

    def between(self, direction: Direction, after: int | None, before: int | None) -> PageSequence:
        """Query the records created after and before these seconds; None sets no bound."""
        return PageSequence(self._sorted(direction, after, before), self.tied_records(UNDATED))

    def around(self, second: int) -> PageSequence:
        """Query the records created within `REACH_SECONDS` of a second, on pages of 100."""
        parameters = self._sorted(ASCENDING, second - REACH_SECONDS, second + REACH_SECONDS)
        parameters["MaxResults"] = MAX_PAGE_SIZE
        return PageSequence(parameters, self.tied_records(ONE_SECOND))

    def tied_records(self, description: str) -> TiedRecords:
        """Create the proof of completeness for records that are read by token."""
        return TiedRecords(description, ADVICE, can_leave=self.can_lose_records)

    def _sorted(
        self, direction: Direction, after: int | None, before: int | None
    ) -> dict[str, object]:
        order = "ASCENDING" if direction == ASCENDING else "DESCENDING"
        bounds = self._narrowed(after, before)
        parameters = {**self.parameters, "Sort": {"SortBy": "CreatedDate", "SortOrder": order}}
        return parameters | ({"CreatedDate": bounds} if bounds else {})

    def _narrowed(self, after: int | None, before: int | None) -> dict[str, str]:
        """Combine the caller's bounds with these, the narrower of each pair."""
        bounds = dict(cast("Mapping[str, str]", self.parameters.get("CreatedDate", {})))
        earliest, latest = _parse(bounds.get(AFTER)), _parse(bounds.get(BEFORE))
        ours = _from_second(before)
        if ours is not None and (latest is None or ours < latest):
            latest, bounds[BEFORE] = ours, _format(ours)
        ours = _from_second(after)
        if ours is not None and (earliest is None or ours > earliest):
            # AWS refuses an interval that ends before it begins.
            bounds[AFTER] = _format(min(ours, latest or ours))
        return bounds


def _parse(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _from_second(second: int | None) -> datetime | None:
    if second is None or not FIRST_SECOND <= second <= LAST_SECOND:
        return None
    return datetime.fromtimestamp(second, UTC)


def _format(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
