"""A page larger than AWS's is parsed beside the event loop, and within the attempt's time."""

from __future__ import annotations

import asyncio
import gc
import threading
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from partnercentral_list import (
    ClientConfig,
    PartnerCentralClient,
    RequestTimeoutError,
    RetryPolicy,
)
from partnercentral_list.emulator import Fault, PartnerCentralEmulator
from tests.conftest import MakeClient
from tests.transport.raw import page, responding

RECORD = b'{"Catalog":"AWS","Id":"O1","New":"%b"}'
LARGE = b'{"OpportunitySummaries":[' + RECORD % (b"x" * 500_000) + b"]}"
UNUSUAL = RECORD % b"\\ud800"

# A thread that waits for the event loop must end if the event loop waits for the thread.
TIMEOUT_SECONDS = 20.0


class HeldThreads(ThreadPoolExecutor):
    """The event loop's threads, which begin what they are given when they are allowed to."""

    def __init__(self) -> None:
        super().__init__(2)
        self.entered = threading.Event()
        self.may_begin = threading.Event()
        self.was_released = False

    def submit(self, call: Callable[..., Any], /, *arguments: Any, **options: Any) -> Any:
        def held() -> Any:
            self.entered.set()
            self.was_released = self.may_begin.wait(TIMEOUT_SECONDS)
            return call(*arguments, **options)

        return super().submit(held)


async def opened(client: PartnerCentralClient) -> HeldThreads:
    """Hold the threads once the client has opened, which takes one too."""
    await client.list_opportunities(max_results=1)
    threads = HeldThreads()
    asyncio.get_running_loop().set_default_executor(threads)
    return threads


async def test_the_event_loop_runs_while_a_large_page_is_parsed(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    emulator.fail(Fault.body(LARGE), at=2)
    client = make_client(emulator)
    threads = await opened(client)
    call = asyncio.create_task(client.list_opportunities())
    while not threads.entered.is_set():  # noqa: ASYNC110 # another thread sets it
        await asyncio.sleep(0)
    threads.may_begin.set()
    (record,) = (await call).opportunity_summaries
    assert threads.was_released
    assert record.id == "O1"


async def test_parsing_a_large_page_ends_with_the_attempts_time(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    emulator.fail(Fault.body(LARGE), at=2)
    client = make_client(emulator, retry=RetryPolicy(max_attempts=1, attempt_timeout=0.5))
    threads = await opened(client)
    try:
        with pytest.raises(RequestTimeoutError):
            await client.list_opportunities()
    finally:
        threads.may_begin.set()
    assert threads.entered.is_set()


async def test_a_large_page_with_an_invalid_record_is_a_page(make_client: MakeClient) -> None:
    invalid: list[object] = []
    with responding(page(LARGE[:-2] + b"," + UNUSUAL + b"]}")) as (port, _):
        client = make_client(f"http://127.0.0.1:{port}")
        read = await client.list_opportunities(on_invalid=invalid.append)
    assert [record.id for record in read.opportunity_summaries] == ["O1"]
    assert len(invalid) == 1


def test_a_page_has_four_mebibytes_at_most_unless_more_are_allowed() -> None:
    assert ClientConfig().max_response_bytes == 4 * 1024 * 1024


async def test_a_connection_keeps_nothing_of_the_page_it_was_opened_for(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    emulator.fail(Fault.body(LARGE), at=1)
    client = make_client(emulator)
    tracemalloc.start()
    try:
        await client.list_opportunities()
        # The step of the event loop that brought the page from the thread ends here.
        await asyncio.sleep(0)
        gc.collect()
        blocks = tracemalloc.take_snapshot().traces
    finally:
        tracemalloc.stop()
    assert [str(block) for block in blocks if block.size >= len(LARGE)] == []
