"""A fake of the service in this process, for the tests of scans and of listings.

Use it where a test needs what no emulator can give: thousands of runs, a virtual clock, edits
between two responses, or pages cut at will. It runs below the library's own client, with its
retries and its rate limiter; only aiobotocore's client is replaced. Use the emulator everywhere
else, because it goes through HTTP, signing and AWS's own validation.

The simulation of syncs has a fake of its own, in tests/sync/simulated_service.py. Private names
that several test modules need are imported here, once, with the reason.
"""

from __future__ import annotations

import asyncio
import selectors
from bisect import bisect_left, insort
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Literal, TypeVar

from botocore.paginate import TokenEncoder
from pydantic_core import to_json

from partnercentral_list import (
    ListOpportunitiesRequest,
    OpportunityPager,
    OpportunityScan,
    PartnerCentralClient,
    PartnerCentralError,
    RateLimit,
    RateLimiter,
    RequestEvent,
    RetryPolicy,
    ScanFinished,
    ThrottlingException,
    TransportError,
)

# private: the proof of tied records is tested by itself and in weaker forms, which no client takes.
from partnercentral_list._tied_records import TiedRecords

# private: the fake puts a body where the HTTP session would, and its parsing is tested alone.
from partnercentral_list._transport.response import current_attempt, parse_page

# private: each of the cursor's safeguards is taken away once to show that it is needed.
from partnercentral_list.sync._cursor import CursorPage, DateCursor

# private: thousands of simulated syncs read such pages, and a client would make them too slow.
from partnercentral_list.sync._source import (
    SortKey,
    SourcePage,
    SourceQuery,
    SourceRow,
    valid_row,
)

T = TypeVar("T")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _Selector(selectors.SelectSelector):
    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            raise RuntimeError("everybody waits for something that never comes")
        self.now += max(0.0, timeout)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._moving = _Selector()
        super().__init__(self._moving)

    def time(self) -> float:
        return self._moving.now


def run(main: Coroutine[Any, Any, T]) -> T:
    """asyncio.run on virtual time; nothing may be left over."""

    async def checked() -> T:
        try:
            return await main
        finally:
            left = asyncio.all_tasks() - {asyncio.current_task()}
            assert not left, left

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(checked())


@dataclass(slots=True, eq=False)
class Record:
    """An opportunity: when it was created, in milliseconds since 1970, and what can be edited."""

    id: str
    created: int | None
    stage: str = "Qualified"
    shown_to_the_second: bool = False
    data: bytes = b""

    def __post_init__(self) -> None:
        wire: dict[str, Any] = {"Catalog": "AWS", "Id": self.id, "CreatedDate": None}
        if self.created is not None:
            moment = EPOCH + timedelta(milliseconds=self.created)
            wire["CreatedDate"] = f"{moment:%Y-%m-%dT%H:%M:%S}"
            if not self.shown_to_the_second:
                wire["CreatedDate"] += f".{self.created % 1000:03d}"
            wire["CreatedDate"] += "Z"
        self.data = self.data or to_json(wire)


@dataclass(frozen=True, slots=True)
class _Connection:
    """Stands for an open aiobotocore client."""

    client: Service

    async def aclose(self) -> None:
        pass


@dataclass(slots=True)
class Service:
    """Responds as AWS may: everything that nobody outside AWS knows is an option.

    Tokens are positions in what matches at the moment. With a quota, requests above it in any
    window of one second are throttled, by when they arrive.
    """

    records: list[Record]
    inclusive: bool = True
    filters_to_the_second: bool = False
    nulls: Literal["first", "last", "low", "high"] = "last"
    latency: float = 0.0
    jitter: float = 0.0
    quota: int | None = None
    empty_pages: float = 0.0
    edit: Callable[[Service], None] | None = None
    broken: Callable[[Service, Mapping[str, Any]], Exception | None] | None = None
    random: Random = field(default_factory=lambda: Random(0))
    asked: list[Mapping[str, Any]] = field(default_factory=list[Mapping[str, Any]])
    accepted: list[float] = field(default_factory=list[float])
    finished: list[ScanFinished] = field(default_factory=list[ScanFinished])
    throttled: int = 0
    under_way: int = 0
    most_under_way: int = 0

    async def list_opportunities(self, **parameters: Any) -> dict[str, Any]:
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            return await self._respond(parameters)
        finally:
            self.under_way -= 1

    async def _respond(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        await asyncio.sleep(self.random.uniform(0, self.jitter))
        self.asked.append(parameters)
        now = asyncio.get_running_loop().time()
        if self.quota is not None:
            if len(self.accepted) - bisect_left(self.accepted, now - 1.0) >= self.quota:
                self.throttled += 1
                raise ThrottlingException("ThrottlingException", "Rate exceeded", retryable=True)
            insort(self.accepted, now)
        await asyncio.sleep(self.latency)
        failure = self.broken(self, parameters) if self.broken else None
        if failure is not None:
            raise failure
        body = self.page(parameters)
        if self.edit is not None:
            self.edit(self)
        attempt = current_attempt.get()
        assert attempt is not None
        attempt.body = body
        return {"ResponseMetadata": {"HTTPStatusCode": 200}}

    def page(self, parameters: Mapping[str, Any]) -> bytes:
        matching = self._matching(parameters)
        place, _, number = parameters.get("NextToken", "0/0").partition("/")
        start, is_empty = int(place), self.random.random() < self.empty_pages
        end = start if is_empty else start + parameters["MaxResults"]
        token = f"{end}/{int(number) + 1}" if end < len(matching) else None
        listed = b",".join(record.data for record in matching[start:end])
        return b'{"OpportunitySummaries":[' + listed + b'],"NextToken":' + to_json(token) + b"}"

    def _matching(self, parameters: Mapping[str, Any]) -> list[Record]:
        span = parameters.get("CreatedDate", {})
        after, before = (_ms(span.get(f"{end}CreatedDate")) for end in ("After", "Before"))
        stages = parameters.get("LifeCycleStage")
        unit = 1000 if self.filters_to_the_second else 1

        def matches(record: Record) -> bool:
            if stages is not None and record.stage not in stages:
                return False
            if after is None and before is None:
                return True
            if record.created is None:
                return False
            at = record.created // unit
            low = True if after is None else at - after // unit >= (0 if self.inclusive else 1)
            high = True if before is None else before // unit - at >= (0 if self.inclusive else 1)
            return low and high

        down = parameters["Sort"]["SortOrder"] == "DESCENDING"
        found = [record for record in self.records if matches(record)]
        dated = [record for record in found if record.created is not None]
        dated.sort(key=lambda record: (record.created, record.id), reverse=down)
        nulls = [record for record in found if record.created is None]
        is_first = self.nulls in ("first", "high" if down else "low")
        return nulls + dated if is_first else dated + nulls

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

    def client(self, **options: Any) -> PartnerCentralClient:
        """Return a client whose requests end here."""
        client = PartnerCentralClient("AWS", **options)
        # private: a session= makes aiobotocore read files in a thread, which virtual time outruns.
        client._transport.loops._open_connection = self._connect  # type: ignore[assignment]
        return client

    async def _connect(self) -> _Connection:
        return _Connection(self)

    def _on_event(self, event: RequestEvent) -> None:
        if isinstance(event, ScanFinished):
            self.finished.append(event)

    def limiter(self) -> RateLimiter:
        loop = asyncio.get_running_loop()
        return RateLimiter(RateLimit(10.0, clock=loop.time))

    async def ids(self, **options: Any) -> list[str]:
        return [record.id async for record in self.scan(**options)]


class PagedService(Service):
    """Responds with the pages it was given; each but the last has a token of its own."""

    def __init__(self, pages: Sequence[Sequence[Mapping[str, Any]]]) -> None:
        super().__init__([], broken=self._fail)
        self.pages = pages or [[]]
        self.broken_at: int | None = None

    def _fail(self, service: Service, parameters: Mapping[str, Any]) -> Exception | None:
        if self.broken_at is not None and len(self.asked) > self.broken_at:
            return TransportError("the line is down", retryable=True)
        return None

    def page(self, parameters: Mapping[str, Any]) -> bytes:
        number = int(parameters.get("NextToken", "page-0").removeprefix("page-"))
        is_last = number + 1 == len(self.pages)
        body = {
            "OpportunitySummaries": self.pages[number],
            "NextToken": None if is_last else f"page-{number + 1}",
        }
        return to_json(body)

    def pager(self, **listing: Any) -> OpportunityPager:
        """List with a client that does not retry."""
        client = self.client(retry=RetryPolicy(max_attempts=1), rate_limit=None)
        return client.iter_opportunities(**listing)


def record(number: int, **members: Any) -> dict[str, Any]:
    return {"Catalog": "AWS", "Id": f"O{number}", **members}


def invalid(number: int) -> dict[str, Any]:
    return record(number, LifeCycle="a structure belongs here")


def resume_token(page_token: str | None, skip: int | None = 0) -> str:
    """Return the token that the AWS CLI makes for a place in a listing."""
    content: dict[str, Any] = {"NextToken": page_token}
    if skip is not None:
        content["boto_truncate_amount"] = skip
    return str(TokenEncoder().encode(content))


def _ms(text: str | None) -> int | None:
    if text is None:
        return None
    return round((datetime.fromisoformat(text) - EPOCH).total_seconds() * 1000)


def records(instants: Iterable[int | None], **options: Any) -> list[Record]:
    return [Record(f"O{number}", at, **options) for number, at in enumerate(instants, start=1)]


__all__ = [
    "CursorPage",
    "DateCursor",
    "PagedService",
    "PartnerCentralError",
    "Record",
    "Service",
    "SortKey",
    "SourcePage",
    "SourceQuery",
    "SourceRow",
    "TiedRecords",
    "invalid",
    "parse_page",
    "record",
    "records",
    "resume_token",
    "run",
    "valid_row",
]
