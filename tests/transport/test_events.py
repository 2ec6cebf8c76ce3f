"""Request events, as a program's callback and the log receive them."""

from __future__ import annotations

import asyncio
import itertools
import logging
from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from partnercentral_list import (
    ConfigurationError,
    InternalServerException,
    MalformedResponseError,
    PageReceived,
    PartnerCentralClient,
    RateLimit,
    RateLimited,
    RequestEvent,
    RequestFailed,
    RequestQueued,
    RequestSent,
    RetryPolicy,
    RetryScheduled,
)
from partnercentral_list.emulator import Fault, PartnerCentralEmulator
from tests.aiobotocore_clients import Clients
from tests.conftest import MakeClient
from tests.transport.retrying import Clock

LOGGER = "partnercentral_list"


@pytest.fixture
def events() -> list[RequestEvent]:
    return []


async def test_a_page_is_a_request_sent_and_a_page_received(
    make_client: MakeClient, emulator: PartnerCentralEmulator, events: list[RequestEvent]
) -> None:
    client = make_client(emulator, on_event=events.append)
    pages = [page async for page in client.iter_opportunities(prefetch=0).pages()]
    assert [type(event) for event in events] == [RequestSent, PageReceived] * 3
    received = [event for event in events if isinstance(event, PageReceived)]
    assert [event.opportunities for event in received] == [100, 100, 50]
    assert [event.is_last for event in received] == [False, False, True]
    for event, page in zip(received, pages, strict=True):
        assert event.request_id == page.response_metadata.request_id
        assert (event.attempt, event.http_status, event.invalid) == (1, 200, 0)
        assert event.elapsed > 0


async def test_all_attempts_at_a_page_share_an_invocation_id_on_the_wire(
    make_client: MakeClient, emulator: PartnerCentralEmulator, events: list[RequestEvent]
) -> None:
    emulator.fail("InternalServerException", at=2, times=2)
    client = make_client(emulator, on_event=events.append)
    await client.iter_opportunities(prefetch=0).collect()
    sent = [event for event in events if isinstance(event, RequestSent)]
    headers = [request.headers for request in emulator.requests]
    assert [event.invocation_id for event in sent] == [
        header["amz-sdk-invocation-id"] for header in headers
    ]
    assert [header["amz-sdk-request"] for header in headers] == [
        f"attempt={attempt}; max=8" for attempt in (1, 1, 2, 3, 1)
    ]
    pages = [[e.attempt for e in group] for _, group in itertools.groupby(sent, _invocation)]
    assert pages == [[1], [1, 2, 3], [1]]


def _invocation(event: RequestEvent) -> str:
    return event.invocation_id


async def test_the_numbers_are_not_signed_because_they_come_after_the_signature(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator
) -> None:
    await client.list_opportunities()
    (request,) = emulator.requests
    signed = request.headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0]
    assert "x-amz-target" in signed
    assert "amz-sdk" not in signed


async def test_calls_that_are_not_ours_keep_botocores_numbers(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    session = Clients()
    await make_client(emulator, session=session).list_opportunities()
    await session.made[0].list_opportunities(Catalog="AWS")
    ours, others = (request.headers["amz-sdk-request"] for request in emulator.requests)
    assert (ours, others) == ("attempt=1; max=8", "attempt=1")


async def test_a_failure_and_its_retry_are_events(
    make_client: MakeClient, emulator: PartnerCentralEmulator, events: list[RequestEvent]
) -> None:
    clock = Clock()
    emulator.fail("ThrottlingException", times=1)
    client = make_client(emulator, retry=clock.policy(), on_event=events.append)
    await client.list_opportunities()
    sent, failed, retry, again, received = events
    assert isinstance(failed, RequestFailed)
    assert (failed.error, failed.code) == ("ThrottlingException", "ThrottlingException")
    assert failed.retryable
    assert failed.http_status == emulator.requests[0].status
    assert failed.request_id
    assert isinstance(retry, RetryScheduled)
    assert (retry.attempt, [retry.delay]) == (1, clock.slept)
    assert isinstance(sent, RequestSent)
    assert isinstance(again, RequestSent)
    assert (sent.attempt, again.attempt) == (1, 2)
    assert isinstance(received, PageReceived)
    assert received.attempt == 2


async def test_a_last_failure_has_no_retry_after_it(
    make_client: MakeClient, emulator: PartnerCentralEmulator, events: list[RequestEvent]
) -> None:
    emulator.fail(Fault.body(b"<html>"), times=None)
    policy = RetryPolicy(max_attempts=2, sleep=Clock().sleep)
    with pytest.raises(MalformedResponseError):
        await make_client(emulator, retry=policy, on_event=events.append).list_opportunities()
    attempt = [RequestSent, RequestFailed]
    assert [type(event) for event in events] == [*attempt, RetryScheduled, *attempt]
    failed = events[-1]
    assert isinstance(failed, RequestFailed)
    assert (failed.error, failed.code, failed.http_status) == ("MalformedResponseError", None, 200)


async def test_invalid_records_are_counted(
    make_client: MakeClient, emulator: PartnerCentralEmulator, events: list[RequestEvent]
) -> None:
    def spoil(page: dict[str, Any]) -> dict[str, Any]:
        page["OpportunitySummaries"][3]["Id"] = None
        return page

    emulator.fail(Fault.edit_page(spoil))
    client = make_client(emulator, on_event=events.append)
    await client.iter_opportunities(on_invalid=lambda invalid: None).collect()
    first = events[1]
    assert isinstance(first, PageReceived)
    assert (first.opportunities, first.invalid) == (99, 1)


async def test_the_start_of_a_wait_is_an_event_with_its_length(
    make_client: MakeClient, emulator: PartnerCentralEmulator, events: list[RequestEvent]
) -> None:
    clock = Clock()
    limit = RateLimit(per_second=2, clock=lambda: clock.now)
    client = make_client(emulator, rate_limit=limit, on_event=events.append)
    waiting = [asyncio.create_task(client.list_opportunities()) for _ in range(6)]
    while sum(isinstance(event, RequestQueued) for event in events) < 4:  # noqa: ASYNC110 # calls fill it
        await asyncio.sleep(0)
    queued = [event for event in events if isinstance(event, RequestQueued)]
    assert [event.queue_length for event in queued] == [1, 2, 3, 4]
    assert [event.expected_wait for event in queued] == pytest.approx([1.06, 1.06, 2.12, 2.12])
    assert {event.attempt for event in queued} == {1}
    assert len({event.invocation_id for event in queued}) == 4
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_a_wait_for_a_permit_is_an_event_with_its_length(
    make_client: MakeClient, emulator: PartnerCentralEmulator, events: list[RequestEvent]
) -> None:
    clock = Clock()
    limit = RateLimit(per_second=2, clock=lambda: clock.now, sleep=clock.sleep)
    client = make_client(emulator, rate_limit=limit, on_event=events.append)
    for _ in range(3):
        await client.list_opportunities()
    waits = [event for event in events if isinstance(event, RateLimited)]
    assert sum(event.waited for event in waits) == pytest.approx(clock.now)
    assert len(waits) == 1
    assert waits[0].rate == pytest.approx(1.9)
    assert type(events[events.index(waits[0]) + 1]) is RequestSent


async def test_a_permit_that_is_free_is_no_wait_though_the_clock_moves(
    make_client: MakeClient, emulator: PartnerCentralEmulator, events: list[RequestEvent]
) -> None:
    ticks = itertools.count()
    limit = RateLimit(clock=lambda: next(ticks) * 1e-5)
    client = make_client(emulator, rate_limit=limit, on_event=events.append)
    await client.list_opportunities()
    assert [type(event) for event in events] == [RequestSent, PageReceived]


async def test_a_failing_callback_is_logged_and_ends_no_listing(
    make_client: MakeClient, emulator: PartnerCentralEmulator, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(event: RequestEvent) -> None:
        raise KeyError("a bug in the program")

    listed = await make_client(emulator, on_event=broken).iter_opportunities().collect()
    assert len(listed) == 250
    assert {record.name for record in caplog.records} == {LOGGER}
    assert caplog.records[0].getMessage() == "on_event failed with a RequestSent"


async def test_a_callback_that_cancels_ends_the_listing(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    def cancel(event: RequestEvent) -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await make_client(emulator, on_event=cancel).list_opportunities()


async def not_waited_for(event: RequestEvent) -> None:
    raise AssertionError(event)


class NotWaitedFor:
    async def __call__(self, event: RequestEvent) -> None:
        raise AssertionError(event)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (not_waited_for, "must not be async"),
        (NotWaitedFor(), "must not be async"),
        ("print", "a callable"),
    ],
)
def test_a_callback_must_be_a_plain_callable(wrong: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        PartnerCentralClient("AWS", on_event=wrong)


async def test_retries_are_logged_as_info_and_the_rest_as_debug(
    make_client: MakeClient, emulator: PartnerCentralEmulator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, LOGGER)
    emulator.fail("InternalServerException", times=1)
    clock = Clock()
    limit = RateLimit(per_second=1, clock=lambda: clock.now, sleep=clock.sleep)
    await make_client(emulator, retry=clock.policy(), rate_limit=limit).list_opportunities()
    said = [(r.levelname, r.getMessage()) for r in caplog.records if r.name == LOGGER]
    assert [level for level, _ in said] == ["DEBUG"] * 2 + ["INFO"] + ["DEBUG"] * 4
    texts = [text for _, text in said]
    assert texts[1].startswith("attempt 1 failed in ")
    assert ": InternalServerException (request id " in texts[1]
    assert texts[2] == "attempt 2 in 0.050 s, after InternalServerException"
    assert texts[3].startswith("waits about 1.0")
    assert texts[3].endswith(" for a permit, 1 queued")
    assert texts[4].startswith("waited 1.0")
    assert texts[5].endswith(", attempt 2")
    assert texts[6].startswith("page of 20 in ")
    assert texts[6].endswith(")")


async def test_nothing_is_logged_above_debugging_when_all_is_well(
    client: PartnerCentralClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    await client.iter_opportunities().collect()
    assert [record for record in caplog.records if record.name == LOGGER] == []


async def test_an_event_cannot_be_changed(
    make_client: MakeClient, emulator: PartnerCentralEmulator, events: list[RequestEvent]
) -> None:
    await make_client(emulator, on_event=events.append).list_opportunities()
    with pytest.raises(FrozenInstanceError):
        events[0].attempt = 2


async def test_an_error_with_an_unknown_code_is_an_event_with_it(
    make_client: MakeClient,
    emulator: PartnerCentralEmulator,
    events: list[RequestEvent],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, LOGGER)
    emulator.fail(Fault.http(503), times=None)
    client = make_client(emulator, retry=RetryPolicy(max_attempts=1), on_event=events.append)
    with pytest.raises(Exception, match="HTTP 503"):
        await client.list_opportunities()
    failed = events[-1]
    assert isinstance(failed, RequestFailed)
    assert (failed.error, failed.code, failed.http_status) == ("ServiceError", "HTTP 503", 503)
    assert "ServiceError HTTP 503" in caplog.messages[-1]
    assert InternalServerException.__name__ not in caplog.messages[-1]
