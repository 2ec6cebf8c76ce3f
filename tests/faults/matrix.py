"""Check that a listing is complete, or raises and can then be completed exactly."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import aiohttp
from aiobotocore.session import AioSession

from partnercentral_list import (
    Credentials,
    OpportunitySummary,
    PartnerCentralClient,
    PartnerCentralError,
    RequestEvent,
    RequestFailed,
    RequestSent,
    RetryPolicy,
)
from partnercentral_list.emulator import PartnerCentralEmulator
from tests.expected import expected_ids
from tests.faults.cases import Case

RECORDS, PAGE_SIZE = 25, 10
ATTEMPTS = 3
TIMEOUT_SECONDS = 60.0
# What is more is stopped: requests of one listing, and turns of the loop after a timeout is due.
REQUESTS, TURNS = 100, 10_000


SESSION = AioSession()


class Endless(BaseException):
    """A listing does not end; no error of a callback's would stop it."""


class Loop(asyncio.SelectorEventLoop):
    """Time that the tests can move on, so that a timeout of a minute takes none."""

    ahead = 0.0

    def time(self) -> float:
        return super().time() + self.ahead


async def no_wait(seconds: float) -> None:
    """Stands in for asyncio.sleep between attempts."""


class Listing(Protocol):
    """The listing under test: its opportunities, and its resume token."""

    @property
    def resume_token(self) -> str | None: ...

    def __aiter__(self) -> AsyncIterator[OpportunitySummary]: ...


class Hit:
    """One fault on one page of one listing."""

    attempts = ATTEMPTS
    patience = TIMEOUT_SECONDS

    def __init__(
        self, case: Case, page: int, times: int | None, emulator: PartnerCentralEmulator
    ) -> None:
        self.case, self.page, self.times = case, page, times
        self.emulator = emulator
        self.events: list[RequestEvent] = []
        self._lifted = False
        self._counts = {"connect": itertools.count(1), "source": itertools.count(0)}
        # The first request fetches credentials twice: when the client opens, and when it signs.
        self._sent = 0
        self.reading: asyncio.Task[PartnerCentralError | None] | None = None
        self._stalling: set[asyncio.Task[None]] = set()
        if case.fault is not None:
            emulator.fail(case.fault, at=page, times=times)

    def lift(self) -> None:
        self._lifted = True
        self.emulator.clear_faults()

    def strikes(self, kind: str) -> bool:
        number = next(self._counts[kind])
        last = number if self.times is None else self.page
        return not self._lifted and self.page <= number <= last

    async def credentials(self) -> Credentials:
        if self.case.source is not None and self.strikes("source"):
            raise self.case.source()
        # Near its end, so that each request fetches them anew.
        return Credentials("AKIDEXAMPLE", "secret", None, datetime.now(UTC) + timedelta(minutes=5))

    def on_event(self, event: RequestEvent) -> None:
        self.events.append(event)
        if isinstance(event, RequestSent):
            self._sent += 1
            if self._sent > REQUESTS:
                raise Endless
            last = self._sent if self.times is None else self.page
            if self.case.stalls and not self._lifted and self.page <= self._sent <= last:
                stalling = asyncio.get_running_loop().create_task(self._let_time_pass())
                self._stalling.add(stalling)
                stalling.add_done_callback(self._stalling.discard)

    async def _let_time_pass(self) -> None:
        number, emitted = self._sent, len(self.events)
        while len(self.emulator.requests) < number:  # noqa: ASYNC110 # threads fill it
            await asyncio.sleep(0)
        loop = asyncio.get_running_loop()
        assert isinstance(loop, Loop)
        loop.ahead += TIMEOUT_SECONDS + 1
        for _ in range(TURNS):
            if len(self.events) > emitted:
                return
            await asyncio.sleep(0)
        assert self.reading is not None
        self.reading.cancel()

    async def read(self, pager: Listing, seen: list[str]) -> PartnerCentralError | None:
        """Read to the end, or to an error, which is returned; what was read is in `seen`.

        Raises:
            AssertionError: It never ends.
        """
        self.reading = asyncio.ensure_future(read(pager, seen))
        await asyncio.wait([self.reading])
        try:
            return self.reading.result()
        except (Endless, asyncio.CancelledError):
            raise AssertionError("it never ends") from None

    @contextmanager
    def connecting(self) -> Iterator[None]:
        original = aiohttp.TCPConnector.connect

        async def connect(connector: Any, *arguments: Any, **options: Any) -> Any:
            if self.case.connect is not None and self.strikes("connect"):
                raise self.case.connect()
            return await original(connector, *arguments, **options)

        aiohttp.TCPConnector.connect = connect
        try:
            yield
        finally:
            aiohttp.TCPConnector.connect = original

    def client(self) -> PartnerCentralClient:
        return PartnerCentralClient(
            "AWS",
            endpoint_url=self.emulator.url,
            session=SESSION,
            credentials=self.credentials,
            retry=RetryPolicy(
                max_attempts=self.attempts,
                attempt_timeout=self.patience,
                max_elapsed=0,
                sleep=no_wait,
            ),
            rate_limit=None,
            on_event=self.on_event,
        )

    def listing(self, client: PartnerCentralClient, **options: Any) -> Listing:
        """Begin to list; the tests of the matrix itself put a defect here."""
        return client.iter_opportunities(page_size=PAGE_SIZE, **options)


class Altered:
    """A listing with a defect, for the tests of the tests: other errors than those of a pager."""

    def __init__(self, listing: Listing) -> None:
        self.listing = listing

    @property
    def resume_token(self) -> str | None:
        return self.listing.resume_token

    async def __aiter__(self) -> AsyncIterator[OpportunitySummary]:
        try:
            async for opportunity in self.listing:
                yield opportunity
        except PartnerCentralError as error:
            changed = self.change(error)
            if changed is not None:
                raise changed from changed.__cause__

    def change(self, error: PartnerCentralError) -> Exception | None:
        """Return what is raised instead; None: it ends as if it were complete."""
        return error


async def read(pager: Listing, seen: list[str]) -> PartnerCentralError | None:
    try:
        async for opportunity in pager:
            seen.append(opportunity.id)
    except PartnerCentralError as error:
        return error
    return None


async def check_listing(hit: Hit, ids: list[str], prefetch: int) -> PartnerCentralError | None:
    """Check that one listing is complete, or can be completed; returns the error that ended it.

    Raises:
        AssertionError: The listing is neither; the message says how.
    """
    client = hit.client()
    try:
        seen: list[str] = []
        pager = hit.listing(client, prefetch=prefetch)
        error = await hit.read(pager, seen)
        expected = hit.case.expected(hit.page, hit.times)
        assert type(error) is (expected or type(None)), f"raised {error!r}, not {expected}"
        failed = any(isinstance(event, RequestFailed) for event in hit.events)
        assert error or hit.case.fails in (failed, None), "the fault did not strike"
        if error is None:
            assert seen == ids, "it ended and is not complete"
            assert pager.resume_token is None, "it is complete and says that it is not"
            return None
        assert error.resume_token == pager.resume_token is not None, "it raised without its place"
        hit.lift()
        rest = hit.listing(client, prefetch=prefetch, starting_token=error.resume_token)
        again = await hit.read(rest, seen)
        assert again is None, f"it cannot be resumed: {again!r}"
        assert seen == ids, "resumed, it is not complete, or not without repetition"
        return error
    finally:
        await client.aclose()


def run(
    case: Case, page: int, times: int | None, prefetch: int = 1, kind: type[Hit] = Hit
) -> tuple[Hit, PartnerCentralError | None]:
    """Check a listing in an event loop and with a server of its own."""
    with PartnerCentralEmulator(RECORDS) as emulator:
        hit = kind(case, page, times, emulator)
        ids = expected_ids(emulator.opportunities, {"Catalog": "AWS"})
        with hit.connecting(), asyncio.Runner(loop_factory=Loop) as runner:
            return hit, runner.run(check_listing(hit, ids, prefetch))


def combinations(cases: list[Case]) -> list[tuple[Case, int, int | None]]:
    return [
        (case, page, times)
        for case in cases
        for page in case.pages
        for times in (1, case.repetitions)
    ]


def broken(cases: list[Case], kind: type[Hit]) -> list[str]:
    """Check all of these; returns the failures, for the tests of the matrix itself."""
    found: list[str] = []
    for case, page, times in combinations(cases):
        try:
            run(case, page, times, prefetch=0, kind=kind)
        except Exception as error:
            found.append(f"{case} on page {page}, {times or 'always'}: {error}")
    return found
