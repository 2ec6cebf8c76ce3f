"""The behavior of the service where it is not documented, as one set of options."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast, get_args

from partnercentral_list.emulator._faults import Fault, is_a
from partnercentral_list.emulator._messages import EndToken

BoundName = Literal[
    "AfterLastModifiedDate",
    "BeforeLastModifiedDate",
    "AfterCreatedDate",
    "BeforeCreatedDate",
    "AfterTargetCloseDate",
    "BeforeTargetCloseDate",
]
SortName = Literal[
    "LastModifiedDate", "Identifier", "CustomerCompanyName", "CreatedDate", "TargetCloseDate"
]
NullOrder = Literal["always_last", "always_first", "first", "last", "filtered_out"]
Precision = Literal["s", "ms", "ns"]
TokenKind = Literal["offset", "keyset", "snapshot"]
TieOrder = Literal["id", "reverse", "insertion", "random"]
CompanyMatch = Literal["casefold", "exact", "prefix", "contains"]
Nulls = Literal["as_stored", "absent", "null"]
RetryHint = Literal["x-amz-retry-after", "Retry-After"]

_CHOICES: Mapping[str, tuple[Any, ...]] = {
    "filter_precision": get_args(Precision),
    "company_match": get_args(CompanyMatch),
    "tie_order": get_args(TieOrder),
    "tokens": get_args(TokenKind),
    "end_token": get_args(EndToken),
    "nulls": get_args(Nulls),
    "timestamps": (None, *get_args(Precision)),
    "retry_hint": (None, *get_args(RetryHint)),
}
_FLAGS = ("token_at_end", "rejected_count")
_COUNTS = ("late_requests", "edits_per_request", "duplicate_events", "token_life_requests")
_AT_LEAST_ZERO = ("late_seconds", "late_requests", "edits_per_request", "duplicate_events")
_LIFETIMES = ("token_life_seconds", "token_life_requests")
_PROBABILITIES = ("empty_pages", "short_pages", "lost_events")


@dataclass(frozen=True, kw_only=True)
class Behavior:
    """The undocumented behavior of the service; each default is the likely or the simple one.

    Random choices are made from the emulator's seed and the number of the request or change.

    Attributes:
        exclusive_bounds: The bounds that exclude values equal to them, by AWS's names, such as
            ``"AfterLastModifiedDate"``; the others include them.
        filter_precision: How precisely dates are compared with bounds: both are cut to whole
            seconds or milliseconds first.
        company_match: How CustomerCompanyName matches: the whole name but for case
            (``"casefold"``), the whole name, its beginning, or any part of it (both but for case).
        null_order: Where records stand that are null in what they are sorted by, for each SortBy
            that is not ``"always_last"``: ``"first"`` is before the others ascending and after
            them descending, ``"last"`` the other way round; ``"filtered_out"`` leaves them out.
        tie_order: How tied records are ordered: by Id in the direction of the sort, by Id against
            it, in the order in which they were added, or anew for each request.
        tokens: Whether a token is a position in what matches when it is used, the record after
            which to resume, or a position in what matched when the listing began.
        token_life_seconds: Seconds of the emulator's clock for which a token is valid; None for
            ever.
        token_life_requests: The number of requests for which a token is valid: 1 is the next one.
        expired_token: The response to a token that has expired or is not one of this listing; a
            fault that replaces the response.
        end_token: What NextToken is on the last page: null, absent, or an empty string.
        token_at_end: Whether a last page that is full has a token, which leads to an empty page.
        empty_pages: The probability that a page is empty but for a token; less than 1.
        short_pages: The probability that a page is shorter than it could be; at most 1.
        edits_per_request: How many opportunities, chosen at random, are edited after each page.
        late_seconds: A change becomes visible up to so many seconds of the clock late, each change
            after a delay of its own, so that a later change may be visible first.
        late_requests: A change becomes visible up to so many requests late, likewise.
        timestamps: To what precision CreatedDate and LastModifiedDate are sent, cut or filled with
            zeros; as they are stored if None. Filters and sorts use what is stored.
        nulls: Whether members that are null are sent as they are stored, left out, or sent for
            every member of the model that a record lacks.
        throttling_status: The HTTP status of a ThrottlingException: 400, or 429.
        retry_hint: The header that says when to retry: ``"x-amz-retry-after"`` in milliseconds,
            ``"Retry-After"`` in seconds, or none.
        rejected_count: Whether requests above the quota count toward it too.
        duplicate_events: How many more times, at most, an event is delivered, under another id and
            at another place among those that wait to be taken.
        lost_events: The probability that an event is never delivered; at most 1.

    Raises:
        ValueError: A value is not one of those that its attribute can have.
    """

    exclusive_bounds: Collection[BoundName] = ()
    filter_precision: Precision = "ns"
    company_match: CompanyMatch = "casefold"
    null_order: Mapping[SortName, NullOrder] = field(default_factory=dict[SortName, NullOrder])
    tie_order: TieOrder = "id"
    tokens: TokenKind = "offset"
    token_life_seconds: float | None = None
    token_life_requests: int | None = None
    expired_token: Fault = field(default_factory=Fault.expired_token)
    end_token: EndToken = "null"
    token_at_end: bool = False
    empty_pages: float = 0.0
    short_pages: float = 0.0
    edits_per_request: int = 0
    late_seconds: float = 0.0
    late_requests: int = 0
    timestamps: Precision | None = None
    nulls: Nulls = "as_stored"
    throttling_status: Literal[400, 429] = 400
    retry_hint: RetryHint | None = None
    rejected_count: bool = False
    duplicate_events: int = 0
    lost_events: float = 0.0

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise ValueError(f"{name} must be one of {_listed(choices)}")
        for name in _FLAGS:
            # A string is true, whatever it says.
            if not isinstance(getattr(self, name), bool):
                raise ValueError(f"{name} must be True or False")
        _check_names("exclusive_bounds", self.exclusive_bounds, get_args(BoundName))
        if not is_a(self.null_order, Mapping):
            raise ValueError("null_order must be a mapping, from SortBy to a place")
        _check_names("null_order", self.null_order, get_args(SortName))
        _check_names("null_order", self.null_order.values(), get_args(NullOrder))
        for name in _AT_LEAST_ZERO:
            if not 0 <= _number(name, getattr(self, name)) < math.inf:
                raise ValueError(f"{name} must be 0 or more")
        for name in _LIFETIMES:
            lifetime = getattr(self, name)
            if lifetime is not None and not _number(name, lifetime) > 0:
                raise ValueError(f"{name} must be more than 0, or None for no limit")
        for name in _PROBABILITIES:
            if not 0 <= _number(name, getattr(self, name)) <= 1:
                raise ValueError(f"{name} must be in 0..1")
        if self.empty_pages == 1:
            raise ValueError("empty_pages must be less than 1: a listing has to end")
        if self.throttling_status not in (400, 429):
            raise ValueError("throttling_status must be 400 or 429")
        fault = self.expired_token
        if not is_a(fault, Fault) or fault.instead is None:
            raise ValueError("expired_token must be a fault that replaces the response")


def _number(name: str, value: object) -> float:
    kinds = int if name in _COUNTS else int | float
    if isinstance(value, bool) or not isinstance(value, kinds):
        raise ValueError(f"{name} must be a {'whole ' if name in _COUNTS else ''}number")
    return value


def _check_names(name: str, values: object, choices: tuple[str, ...]) -> None:
    if (
        isinstance(values, str)
        or not isinstance(values, Collection)
        or not all(value in choices for value in cast("Collection[object]", values))
    ):
        raise ValueError(f"{name} takes a list of {_listed(choices)}")


def _listed(choices: tuple[Any, ...]) -> str:
    return ", ".join(map(repr, choices))
