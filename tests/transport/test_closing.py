"""Closing a client while calls wait for permits, for a backoff, or for a response."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime, timedelta

import pytest

from partnercentral_list import (
    ClientClosedError,
    Credentials,
    DailyLimitError,
    ListOpportunitiesResponse,
    PartnerCentralClient,
    RateLimit,
    RateLimiter,
    RetryPolicy,
)
from partnercentral_list.emulator import Fault, PartnerCentralEmulator
from tests.aiobotocore_clients import Clients, is_open
from tests.conftest import MakeClient
from tests.transport.queue import Queue

Results = list[ListOpportunitiesResponse | BaseException]


def call_many(client: PartnerCentralClient, number: int) -> asyncio.Future[Results]:
    calls = (client.list_opportunities() for _ in range(number))
    return asyncio.gather(*calls, return_exceptions=True)


async def test_closing_ends_queued_calls_and_releases_their_permits(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    queue = Queue(per_day=10)
    client = make_client(emulator, rate_limit=queue.limiter)
    calls = [asyncio.ensure_future(client.list_opportunities()) for _ in range(60)]
    await queue.filled(57)
    for _, call in zip(range(3), asyncio.as_completed(calls), strict=False):
        await call  # the burst
    await client.aclose()
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(isinstance(result, ClientClosedError) for result in results) == 57
    assert queue.waiting == 0

    queue.now += 10
    for _ in range(7):  # nobody is before us, and the day is not spent
        await queue.limiter.acquire(max_wait=2)
        queue.now += 1
    with pytest.raises(DailyLimitError):
        await queue.limiter.acquire()


async def test_a_closed_clients_listing_can_be_resumed(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    queue = Queue()
    client = make_client(emulator, rate_limit=queue.limiter)
    pager = client.iter_opportunities(page_size=50, prefetch=0)
    seen: list[str] = []

    async def read() -> None:
        async for opportunity in pager:
            seen.append(opportunity.id)

    reading = asyncio.create_task(read())
    await queue.filled(1)
    await client.aclose()
    with pytest.raises(ClientClosedError) as caught:
        await reading
    other = make_client(emulator)
    rest = await other.iter_opportunities(starting_token=caught.value.resume_token).collect()
    assert len({*seen, *(opportunity.id for opportunity in rest)}) == 250


async def test_closing_releases_permits_whose_requests_have_not_left(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    chosen = 0
    hanging = asyncio.Event()

    async def credentials() -> Credentials:
        nonlocal chosen
        chosen += 1
        if chosen == 2:
            hanging.set()
            await asyncio.Event().wait()
        return Credentials("AKIDEXAMPLE", "secret", None, datetime.now(UTC) + timedelta(minutes=5))

    limiter = RateLimiter(RateLimit(per_day=1))
    client = make_client(emulator, rate_limit=limiter, credentials=credentials)
    calls = call_many(client, 1)
    await hanging.wait()
    await client.aclose()
    assert isinstance((await calls)[0], ClientClosedError)
    assert emulator.requests == []
    await limiter.acquire()
    with pytest.raises(DailyLimitError):
        await limiter.acquire()


async def test_a_request_that_was_never_sent_is_none_of_the_days(make_client: MakeClient) -> None:
    limiter = RateLimiter(RateLimit(per_day=1))
    client = make_client(
        "http://127.0.0.1:1", rate_limit=limiter, retry=RetryPolicy(max_attempts=1)
    )
    with pytest.raises(Exception, match="127"):
        await client.list_opportunities()
    await limiter.acquire()


async def test_closing_ends_a_wait_before_a_retry(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    backing_off = asyncio.Event()

    async def sleep(seconds: float) -> None:
        backing_off.set()
        await asyncio.Event().wait()

    emulator.fail("InternalServerException")
    client = make_client(emulator, retry=RetryPolicy(sleep=sleep))
    calls = call_many(client, 1)
    await backing_off.wait()
    await client.aclose()
    assert isinstance((await calls)[0], ClientClosedError)


async def test_closing_ends_a_wait_for_a_response(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    emulator.fail(Fault.hang(), times=None)
    client = make_client(emulator)
    calls = call_many(client, 1)
    while not emulator.requests:  # noqa: ASYNC110 # another thread fills it
        await asyncio.sleep(0)
    await client.aclose()
    assert isinstance((await calls)[0], ClientClosedError)


async def test_draining_lets_queued_calls_finish_and_takes_no_more(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    queue = Queue()
    emulator.fail("InternalServerException", at=2, times=1)
    client = make_client(emulator, rate_limit=queue.limiter)
    calls = call_many(client, 20)
    await queue.filled(17)
    closing = asyncio.create_task(client.aclose(drain=True))
    await asyncio.sleep(0)
    with pytest.raises(ClientClosedError):
        await client.list_opportunities()
    assert not closing.done()
    queue.release()
    await closing
    assert [type(result) for result in await calls] == [ListOpportunitiesResponse] * 20
    assert len(emulator.requests) == 21
    await client.aclose()


async def test_closing_ends_what_draining_waits_for(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    queue = Queue()
    client = make_client(emulator, rate_limit=queue.limiter)
    calls = call_many(client, 5)
    await queue.filled(2)
    draining = asyncio.create_task(client.aclose(drain=True))
    await asyncio.sleep(0)
    await client.aclose()
    await draining
    results = await calls
    assert sum(isinstance(result, ClientClosedError) for result in results) >= 2


@pytest.mark.parametrize("drain", [False, True])
async def test_calls_of_another_thread_end_too(
    make_client: MakeClient, emulator: PartnerCentralEmulator, drain: bool
) -> None:
    queue = Queue()
    is_filled, may_move = threading.Event(), threading.Event()
    results: Results = []
    client = make_client(emulator, rate_limit=queue.limiter)

    async def beside() -> None:
        calls = call_many(client, 6)
        await queue.filled(3)
        is_filled.set()
        while not may_move.is_set():  # noqa: ASYNC110 # another thread sets it
            await asyncio.sleep(0)
        if drain:
            queue.release()
        results.extend(await calls)

    thread = threading.Thread(target=asyncio.run, args=[beside()])
    thread.start()
    await asyncio.to_thread(is_filled.wait)
    may_move.set()
    await client.aclose(drain=drain)
    thread.join()
    closed = sum(isinstance(result, ClientClosedError) for result in results)
    assert closed == 0 if drain else closed >= 3


async def test_a_drain_that_was_given_up_can_be_followed_by_closing(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    queue, session = Queue(), Clients()
    client = make_client(emulator, session=session, rate_limit=queue.limiter)
    calls = call_many(client, 6)
    await queue.filled(3)
    draining = asyncio.create_task(client.aclose(drain=True))
    await asyncio.sleep(0)
    draining.cancel()
    with pytest.raises(asyncio.CancelledError):
        await draining
    await client.aclose()
    assert sum(isinstance(result, ClientClosedError) for result in await calls) >= 3
    assert [is_open(connection) for connection in session.made] == [False]


@pytest.mark.usefixtures("credentials")
def test_calls_of_a_loop_that_is_not_running_end_when_it_runs_again(
    emulator: PartnerCentralEmulator,
) -> None:
    queue, session = Queue(), Clients()
    client = PartnerCentralClient(
        "AWS", endpoint_url=emulator.url, session=session, rate_limit=queue.limiter
    )

    async def begin() -> asyncio.Future[Results]:
        calls = call_many(client, 6)
        await queue.filled(3)
        return calls

    async def results(calls: asyncio.Future[Results]) -> Results:
        return await asyncio.wait_for(calls, 60)

    with asyncio.Runner() as paused:
        calls = paused.run(begin())
        asyncio.run(client.aclose())
        closed = [isinstance(result, ClientClosedError) for result in paused.run(results(calls))]
    assert sum(closed) >= 3
    assert queue.waiting == 0
    assert [is_open(connection) for connection in session.made] == [False]


async def test_another_loop_says_when_it_has_closed(
    make_client: MakeClient, emulator: PartnerCentralEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    # private: nobody polls the other loop, which does not stop, for an hour: waking is enough.
    monkeypatch.setattr("partnercentral_list._transport.event_loops.POLL_INTERVAL_SECONDS", 3600)
    session = Clients()
    client = make_client(emulator, session=session)
    responded, closed = threading.Event(), threading.Event()

    async def beside() -> None:
        await client.list_opportunities()
        responded.set()
        await asyncio.to_thread(closed.wait)

    thread = threading.Thread(target=asyncio.run, args=[beside()])
    thread.start()
    await asyncio.to_thread(responded.wait)
    try:
        await asyncio.wait_for(client.aclose(), 60)
        assert [is_open(connection) for connection in session.made] == [False]
    finally:
        closed.set()
        thread.join()


async def test_closing_ends_an_opening_and_the_calls_that_wait_for_it(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    session = Clients()
    client = make_client(emulator, session=session)
    opening = asyncio.Event()

    async def hang(connection: object) -> None:
        opening.set()
        await asyncio.Event().wait()

    session.on_made = hang
    calls = call_many(client, 3)
    await opening.wait()
    await client.aclose()
    assert [type(result) for result in await calls] == [ClientClosedError] * 3
    assert len(session.made) == 1


async def test_the_next_call_opens_where_the_one_that_was_opening_is_cancelled(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    session = Clients()
    client = make_client(emulator, session=session)
    opening = asyncio.Event()

    async def hang_once(connection: object) -> None:
        if not opening.is_set():
            opening.set()
            await asyncio.Event().wait()

    session.on_made = hang_once
    first = asyncio.create_task(client.list_opportunities())
    calls = call_many(client, 3)
    await opening.wait()
    first.cancel()
    assert [type(result) for result in await calls] == [ListOpportunitiesResponse] * 3
    assert first.cancelled()
    await client.aclose()
    assert not any(is_open(connection) for connection in session.made)
