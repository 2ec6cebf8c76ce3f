"""The fake service: it responds in this process, as AWS may, for the tests of listings and scans.

Use it where a test needs what no emulator can give: thousands of runs, a virtual clock, edits
between two responses, or pages cut at will. Use the emulator everywhere else, because it goes
through HTTP, signing and AWS's own validation.

A client reaches it in one of two ways. `Service.client` is a client with its retries and its rate
limiter, of which only aiobotocore's client is replaced. `DirectClient` needs no event loop: for
simulations of syncs, whose records change as time passes (tests/edited_service.py). What matches a
request, and in which order, is computed by the oracle of tests/expected.py.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left, insort
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from random import Random
from types import SimpleNamespace
from typing import Any, Literal, TypeAlias

from botocore.paginate import TokenEncoder
from pydantic import ValidationError
from pydantic_core import to_json

from partnercentral_list import (
    InvalidOpportunity,
    ListOpportunitiesRequest,
    ListOpportunitiesResponse,
    OpportunityPager,
    OpportunityScan,
    OpportunitySummary,
    PartnerCentralClient,
    RateLimit,
    RateLimiter,
    RequestEvent,
    RetryPolicy,
    ScanFinished,
    ThrottlingException,
    TransportError,
    ValidationException,
)
from partnercentral_list.models import ResponseMetadata
from partnercentral_list.models.response import ResponseSource
from tests.expected import Rules, in_order, matching

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Record(dict[str, Any]):
    """An opportunity as the service has it, in wire form.

    Attributes:
        shows: The members that a response shows otherwise.
    """

    shows: Mapping[str, Any] = {}

    def __copy__(self) -> Record:
        other = Record(self)
        other.shows = self.shows
        return other

    @property
    def shown(self) -> Mapping[str, Any]:
        return {**self, **self.shows} if self.shows else self

    @cached_property
    def parsed(self) -> OpportunitySummary | None:
        """None if it is invalid; only of a record that does not change."""
        try:
            return OpportunitySummary.model_validate(self.shown)
        except ValidationError:
            return None


def record(number: int, **members: Any) -> Record:
    return Record(Catalog="AWS", Id=f"O{number}", **members)


def invalid(number: int) -> Record:
    return record(number, LifeCycle="a structure belongs here")


def created(identifier: str, at: int | None, *, shown_to_the_second: bool = False) -> Record:
    """Return a record that was created at a time, in milliseconds since 1970."""
    text = timestamp(at)
    made = Record(Catalog="AWS", Id=identifier, CreatedDate=text, LifeCycle={"Stage": "Qualified"})
    # No test reads the stage, and parsing it would make scans a third slower.
    made.shows = {"LifeCycle": None}
    if text and shown_to_the_second:
        made.shows = {**made.shows, "CreatedDate": to_the_second(text)}
    return made


def records(instants: Iterable[int | None]) -> list[Record]:
    return [created(f"O{number}", at) for number, at in enumerate(instants, start=1)]


def timestamp(at: int | None) -> str | None:
    if at is None:
        return None
    return (EPOCH + timedelta(milliseconds=at)).isoformat(timespec="milliseconds")[:23] + "Z"


def to_the_second(text: str) -> str:
    return text[:19] + "Z"


Page: TypeAlias = tuple[Sequence[Record], str | None]


@dataclass
class Service:
    """Responds as AWS may: everything that nobody outside AWS knows is an option.

    A token leads to a position in what matches at the moment ("offset"), behind the last record
    ("keyset"), or on through what matched at first ("snapshot"); only the latest `kept_tokens` are
    accepted. `empty_pages`, `short_pages` and `disorder` are shares of all pages. Requests above
    `quota` in any window of one second are throttled, by when they arrive.
    """

    records: list[Record] = field(default_factory=list[Record])
    rules: Rules = field(default_factory=Rules)
    is_shuffled: bool = False
    tokens: Literal["offset", "keyset", "snapshot"] = "offset"
    kept_tokens: int | None = None
    has_token_at_end: bool = False
    page_size: int = 100
    empty_pages: float = 0.0
    short_pages: float = 0.0
    disorder: float = 0.0
    latency: float = 0.0
    jitter: float = 0.0
    quota: int | None = None
    edit: Callable[[Any], None] | None = None
    broken: Callable[[Any, Mapping[str, Any]], Exception | None] | None = None
    random: Random = field(default_factory=lambda: Random(0))
    requests: list[Mapping[str, Any]] = field(default_factory=list[Mapping[str, Any]])
    accepted: list[float] = field(default_factory=list[float])
    finished: list[ScanFinished] = field(default_factory=list[ScanFinished])
    throttled: int = 0
    in_flight: int = 0
    most_in_flight: int = 0

    def __post_init__(self) -> None:
        self._places: list[Any] = []

    # What a request gets

    def respond(self, parameters: Mapping[str, Any]) -> Page:
        """Return a page's records and the next token, or raise; then the records are edited."""
        failure = self.broken(self, parameters) if self.broken else None
        if failure is not None:
            raise failure
        page, token = self.page(parameters)
        if self.edit is not None:
            page = [copy(record) for record in page]
            self.edit(self)
        return page, token

    def page(self, parameters: Mapping[str, Any]) -> Page:
        found = self.listed(parameters)
        begin = 0
        if token := parameters.get("NextToken"):
            found, begin = self._resumed(token, found, parameters)
        size = self._size(parameters)
        shown = found[begin : begin + size]
        if self._happens(self.disorder):
            # Only what can be seen to be wrong: nobody could tell a wrong page that is sorted.
            wrong = found[::-1][begin : begin + size]
            is_sorted = in_order(wrong, parameters, replace(self.rules, ties="as given")) == wrong
            shown = shown if is_sorted else wrong
        end = begin + len(shown)
        is_full = self.has_token_at_end and size > 0 and len(shown) == size
        if end >= len(found) and not is_full:
            return shown, None
        self._places.append(self._place(found, end))
        return shown, f"{end}/{len(self._places)}"

    def listed(self, parameters: Mapping[str, Any]) -> list[Record]:
        """Return all records that match, in order."""
        found = matching(self.visible(), parameters, self.rules)
        if self.is_shuffled:
            self.random.shuffle(found)
        return in_order(found, parameters, self.rules)

    def visible(self) -> Iterable[Record]:
        return self.records

    def clock(self) -> datetime | None:
        """Return the date of a response; None if it has none."""
        return None

    def _size(self, parameters: Mapping[str, Any]) -> int:
        size = min(self.page_size, parameters["MaxResults"])
        # Drawn even if there are none: examples of the tests are seeds that were found so.
        if self.random.random() < self.empty_pages:
            return 0
        return self.random.randint(1, size) if self._happens(self.short_pages) else size

    def _happens(self, frequency: float) -> bool:
        return frequency > 0 and self.random.random() < frequency

    def _place(self, found: list[Record], end: int) -> Any:
        if self.tokens == "snapshot":
            return found
        return copy(found[end - 1]) if self.tokens == "keyset" and end else None

    def _resumed(
        self, token: str, found: list[Record], parameters: Mapping[str, Any]
    ) -> tuple[list[Record], int]:
        end, number = (int(part) for part in token.split("/"))
        if self.kept_tokens is not None and len(self._places) - number > self.kept_tokens:
            raise ValidationException("ValidationException", "token expired")
        place = self._places[number - 1]
        if isinstance(place, list):
            return place, end
        if place is None:
            return found, end
        # The order is stable: it comes behind its equals.
        order = in_order([*found, place], parameters, self.rules)
        return found, next(index for index, record in enumerate(order) if record is place)

    # Behind a client of its own

    async def list_opportunities(self, parameters: Mapping[str, Any]) -> bytes:
        """Return the body of a response."""
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await asyncio.sleep(self.random.uniform(0, self.jitter))
            self.requests.append(parameters)
            self._check_quota()
            await asyncio.sleep(self.latency)
            page, token = self.respond(parameters)
        finally:
            self.in_flight -= 1
        shown = [record.shown for record in page]
        return to_json({"OpportunitySummaries": shown, "NextToken": token})

    def _check_quota(self) -> None:
        if self.quota is None:
            return
        now = asyncio.get_running_loop().time()
        if len(self.accepted) - bisect_left(self.accepted, now - 1.0) >= self.quota:
            self.throttled += 1
            raise ThrottlingException("ThrottlingException", "Rate exceeded", retryable=True)
        insort(self.accepted, now)

    def client(self, **options: Any) -> PartnerCentralClient:
        """Return a client whose requests end here."""
        return PartnerCentralClient(
            "AWS", session=_Session(self), endpoint_url=_Connection.endpoint_url, **options
        )

    def scan(
        self,
        concurrency: int = 8,
        limiter: RateLimiter | None = None,
        on_invalid: Any = "raise",
        policy: RetryPolicy | None = None,
        **parameters: Any,
    ) -> OpportunityScan:
        """Scan with a client whose requests end here; `parameters` are in wire form."""
        client = self.client(
            retry=policy or RetryPolicy(clock=lambda: 0.0, random=self.random.random),
            rate_limit=limiter,
            on_event=self._on_event,
        )
        request = {"Catalog": "AWS", "MaxResults": 100, **parameters}
        return client.scan_opportunities(
            ListOpportunitiesRequest.model_validate_json(to_json(request)),
            concurrency=concurrency,
            on_invalid=on_invalid,
        )

    async def ids(self, **options: Any) -> list[str]:
        return [record.id async for record in self.scan(**options)]

    def limiter(self) -> RateLimiter:
        return RateLimiter(RateLimit(10.0, clock=asyncio.get_running_loop().time))

    def _on_event(self, event: RequestEvent) -> None:
        if isinstance(event, ScanFinished):
            self.finished.append(event)


class PagedService(Service):
    """Responds with the pages it was given; each but the last has a token of its own."""

    def __init__(self, pages: Sequence[Sequence[Record]]) -> None:
        super().__init__(broken=self._fail)
        self.pages = pages or [[]]
        self.broken_at: int | None = None

    def _fail(self, service: Service, parameters: Mapping[str, Any]) -> Exception | None:
        if self.broken_at is not None and len(self.requests) > self.broken_at:
            return TransportError("the line is down", retryable=True)
        return None

    def page(self, parameters: Mapping[str, Any]) -> Page:
        number = int(parameters.get("NextToken", "page-0").removeprefix("page-"))
        is_last = number + 1 == len(self.pages)
        return self.pages[number], None if is_last else f"page-{number + 1}"

    def pager(self, **listing: Any) -> OpportunityPager:
        """List with a client that does not retry."""
        client = self.client(retry=RetryPolicy(max_attempts=1), rate_limit=None)
        return client.iter_opportunities(**listing)


class _Session:
    """Stands for an aiobotocore session: what it opens is a `_Connection`."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def get_component(self, name: str) -> Any:
        # A loader of data files, of which none are needed.
        return SimpleNamespace(load_data_with_path=str, load_service_model=lambda *_, **__: None)

    def get_config_variable(self, name: str) -> None:
        """Return nothing: nothing is configured."""

    @asynccontextmanager
    async def create_client(self, *_: Any, **__: Any) -> AsyncGenerator[_Connection, None]:
        yield _Connection(self._service)


class _Connection:
    """Stands for an aiobotocore client: a body goes through its event before it is parsed."""

    endpoint_url = "http://localhost"

    def __init__(self, service: Service) -> None:
        self._service = service
        self._handlers: dict[str, Callable[..., None]] = {}
        shape = SimpleNamespace(input_shape=SimpleNamespace(members={}))
        self.meta = SimpleNamespace(
            endpoint_url=self.endpoint_url,
            partition="aws",
            events=SimpleNamespace(register=self._handlers.__setitem__),
            service_model=SimpleNamespace(
                resolved_protocol="json", operation_model=lambda name: shape
            ),
        )

    async def list_opportunities(self, **parameters: Any) -> dict[str, Any]:
        body = await self._service.list_opportunities(parameters)
        take_body = self._handlers["before-parse.partnercentral-selling.ListOpportunities"]
        take_body({"status_code": 200, "body": body})
        return {"ResponseMetadata": {"HTTPStatusCode": 200}}


class DirectClient(PartnerCentralClient):
    """Reads single pages of a fake service, without an event loop, retries or a rate limiter."""

    def __init__(self, service: Service) -> None:
        super().__init__("AWS", rate_limit=None)
        self._service = service

    async def list_opportunities(  # type: ignore[override] # as syncs call it
        self, *, on_invalid: Callable[[InvalidOpportunity], object], **members: Any
    ) -> ListOpportunitiesResponse:
        request = ListOpportunitiesRequest(catalog=self.catalog, **members)
        page, token = self._service.respond(
            request.model_dump(mode="json", by_alias=True, exclude_none=True)
        )
        for index, record in enumerate(page):
            if record.parsed is None:
                problems = ("LifeCycle: not a structure",)
                on_invalid(InvalidOpportunity(record["Id"], 1, index, problems, record.shown))
        valid = tuple(record.parsed for record in page if record.parsed is not None)
        metadata = ResponseMetadata(attempts=1, date=self._service.clock())
        return ListOpportunitiesResponse.model_validate(
            {"OpportunitySummaries": valid, "NextToken": token}, context=ResponseSource(metadata)
        )


def resume_token(page_token: str | None, skip: int | None = 0) -> str:
    """Return the token that the AWS CLI makes for a place in a listing."""
    content: dict[str, Any] = {"NextToken": page_token}
    if skip is not None:
        content["boto_truncate_amount"] = skip
    return str(TokenEncoder().encode(content))
