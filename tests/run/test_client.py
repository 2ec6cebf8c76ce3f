"""One client, used with await in a running loop and with run() beside it."""

from __future__ import annotations

import asyncio
import threading

import pytest

from partnercentral_list import (
    ClientClosedError,
    ListOpportunitiesResponse,
    PartnerCentralClient,
    run,
)
from partnercentral_list.emulator import PartnerCentralEmulator
from tests.aiobotocore_clients import Clients, is_open
from tests.conftest import MakeClient
from tests.transport.queue import Queue

Calls = list[asyncio.Task[ListOpportunitiesResponse]]


@pytest.fixture
def session() -> Clients:
    return Clients()


@pytest.fixture
def client(
    make_client: MakeClient, emulator: PartnerCentralEmulator, session: Clients
) -> PartnerCentralClient:
    return make_client(emulator, session=session)


async def test_await_and_run_share_a_client_and_each_keeps_its_connections(
    client: PartnerCentralClient, session: Clients
) -> None:
    counts = [len(await client.iter_opportunities().collect())]
    counts.append(len(run(client.iter_opportunities().collect())))
    counts.append(len(await client.iter_opportunities().collect()))
    counts.append(len(run(client.iter_opportunities().collect())))
    assert counts == [250] * 4
    assert len(session.made) == 2


async def test_a_listing_that_began_in_one_cell_continues_in_the_next(
    client: PartnerCentralClient,
) -> None:
    pages = client.iter_opportunities(page_size=100).pages()
    sizes = [len(run(pages.__anext__()).opportunity_summaries) for _ in range(3)]
    assert sizes == [100, 100, 50]
    with pytest.raises(StopAsyncIteration):
        run(pages.__anext__())


async def test_closing_with_await_closes_the_connections_of_run_too(
    client: PartnerCentralClient, session: Clients
) -> None:
    run(client.list_opportunities())
    await client.list_opportunities()
    assert [is_open(connection) for connection in session.made] == [True, True]
    await client.aclose()
    assert [is_open(connection) for connection in session.made] == [False, False]


async def test_closing_with_run_does_not_wait_for_the_loop_that_it_blocks(
    client: PartnerCentralClient, session: Clients
) -> None:
    run(client.list_opportunities())
    await client.list_opportunities()
    # A minute stands for forever: it would wait for a loop that waits for it.
    run(asyncio.wait_for(client.aclose(), 60))
    with pytest.raises(ClientClosedError):
        run(client.list_opportunities())
    # It waits for its turn in this loop.
    for _ in range(20):
        await asyncio.sleep(0)
    assert [is_open(connection) for connection in session.made] == [False, False]


async def begun(client: PartnerCentralClient) -> asyncio.Task[ListOpportunitiesResponse]:
    """Return a call that has begun to open its connection, or to fetch its page."""
    call = asyncio.ensure_future(client.list_opportunities())
    await asyncio.sleep(0)
    return call


async def check_drained(client: PartnerCentralClient, session: Clients, calls: Calls) -> None:
    """Check that every call has its page, and that the connection is then closed."""
    assert [len((await call).opportunity_summaries) for call in calls] == [20] * len(calls)
    await client.aclose()
    assert [is_open(connection) for connection in session.made] == [False]


@pytest.mark.parametrize("is_open_before", [False, True])
async def test_draining_with_run_lets_calls_of_the_loop_that_it_blocks_finish(
    client: PartnerCentralClient, session: Clients, is_open_before: bool
) -> None:
    if is_open_before:
        await client.list_opportunities()
    calls = [await begun(client) for _ in range(3)]
    run(asyncio.wait_for(client.aclose(drain=True), 60))
    with pytest.raises(ClientClosedError):
        await client.list_opportunities()
    await check_drained(client, session, calls)


async def test_draining_with_run_lets_queued_calls_of_a_blocked_loop_finish(
    make_client: MakeClient, emulator: PartnerCentralEmulator, session: Clients
) -> None:
    queue = Queue()
    client = make_client(emulator, session=session, rate_limit=queue.limiter)
    calls = [await begun(client) for _ in range(6)]
    await queue.filled(3)
    run(asyncio.wait_for(client.aclose(drain=True), 60))
    queue.release()
    await check_drained(client, session, calls)


async def test_closing_with_run_ends_calls_of_the_loop_that_it_blocks(
    make_client: MakeClient, emulator: PartnerCentralEmulator, session: Clients
) -> None:
    queue = Queue()
    client = make_client(emulator, session=session, rate_limit=queue.limiter)
    calls = [await begun(client) for _ in range(6)]
    await queue.filled(3)
    run(asyncio.wait_for(client.aclose(), 60))
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(isinstance(result, ClientClosedError) for result in results) >= 3
    await client.aclose()
    assert [is_open(connection) for connection in session.made] == [False]


def test_two_threads_with_loops_of_their_own_share_a_client(
    emulator: PartnerCentralEmulator, credentials: None
) -> None:
    client = PartnerCentralClient("AWS", endpoint_url=emulator.url, rate_limit=None)
    counts: list[int] = []

    async def cell() -> None:
        counts.append(len(run(client.iter_opportunities().collect())))

    threads = [threading.Thread(target=lambda: asyncio.run(cell())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    asyncio.run(client.aclose())
    assert counts == [250, 250]
