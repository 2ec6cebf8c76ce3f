"""Failures, expiry, invalid records and early ends lose nothing, and leave nothing behind."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from random import Random
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from partnercentral_list import (
    InternalServerException,
    InvalidOpportunity,
    InvalidOpportunityError,
    RateLimit,
    RateLimiter,
    RetryPolicy,
    TokenExpiredError,
    TransportError,
    ValidationException,
)
from tests.scan.data import (
    DAY,
    HOUR,
    START,
    YEAR,
    concurrencies,
    dataset,
    ids,
    sizes,
    spans,
)
from tests.service import Page, Service, records
from tests.virtual_time import run


@settings(max_examples=100)
@given(st.integers(101, 900), spans, st.integers(0, 10**6), concurrencies, st.integers(1, 12))
def test_a_failure_anywhere_is_one_error_and_leaves_nothing_behind(
    size: int, span: int, seed: int, concurrency: int, breaks_at: int
) -> None:
    def broken(service: Service, parameters: Mapping[str, Any]) -> Exception | None:
        if len(service.requests) < breaks_at:
            return None
        return TransportError("the line is down", operation="ListOpportunities")

    service = Service(dataset(size, span, seed), random=Random(seed), jitter=0.3, broken=broken)
    found: list[str] = []

    async def scan() -> None:
        try:
            async for record in service.scan(concurrency, service.limiter()):
                found.append(record.id)
        finally:
            # Nothing is in flight, not even for a moment.
            assert service.in_flight == 0

    failure: TransportError | None = None
    try:
        run(scan())
    except TransportError as error:
        failure = error
    if failure is None:
        assert sorted(found) == ids(service.records)
    else:
        assert failure.__cause__ is None
        assert failure.__context__ is None
        assert "the line is down" in str(failure)
    assert len(found) == len(set(found))


@pytest.mark.parametrize("at", [1, 2, 5])
def test_a_page_that_is_cancelled_from_within_ends_the_scan(
    at: int,
) -> None:
    """As by a credentials callable that waits for a task of the program that was cancelled."""

    class Cancelling(Service):
        def page(self, parameters: Mapping[str, Any]) -> Page:
            if len(self.requests) == at:
                raise asyncio.CancelledError
            return super().page(parameters)

    service = Cancelling(records(range(START, START + 900 * DAY, DAY)))
    with pytest.raises(asyncio.CancelledError):
        run(service.ids(concurrency=1))
    assert service.in_flight == 0


@settings(max_examples=25)
@given(st.integers(0, 10**6))
@example(161)
@example(395)
@example(408)
def test_an_unused_permit_keeps_no_page_from_being_fetched(seed: int) -> None:
    """When it was granted there was nothing to fetch; a page in flight left more to be fetched."""
    random = Random(seed)
    size = random.choice([150, 250, 320, 450, 700])
    span = random.choice([3_000, 60_000, HOUR, 90 * DAY, 900 * DAY])
    instants = [START + random.randrange(span) for _ in range(size)]
    if random.random() < 0.5:
        more = range(random.choice([20, 120]))
        instants += [START + span + random.randrange(10) * DAY for _ in more]
    latency, concurrency = random.choice([0.02, 0.15, 0.3, 0.8]), random.choice([2, 3, 8])
    rate = random.choice([3.0, 10.0, 30.0])
    jitter, empty = random.choice([0, 0.3]), random.choice([0, 0, 0.5])
    service = Service(
        records(instants), latency=latency, jitter=jitter, random=random, empty_pages=empty
    )

    async def scan() -> list[str]:
        limit = RateLimit(rate, clock=asyncio.get_running_loop().time)
        return await service.ids(concurrency=concurrency, limiter=RateLimiter(limit))

    assert sorted(run(scan())) == ids(service.records)


@settings(max_examples=60)
@given(st.integers(101, 900), spans, st.integers(0, 10**6), concurrencies)
def test_passing_failures_are_retried_and_nothing_is_lost(
    size: int, span: int, seed: int, concurrency: int
) -> None:
    random = Random(seed)

    def broken(service: Service, parameters: Mapping[str, Any]) -> Exception | None:
        if random.random() < 0.2:
            return InternalServerException("InternalServerException", "again", retryable=True)
        return None

    service = Service(dataset(size, span, seed), random=random, jitter=0.3, broken=broken)
    policy = RetryPolicy(max_attempts=50, max_elapsed=0, quota=10**6, random=random.random)
    assert sorted(run(service.ids(concurrency=concurrency, policy=policy))) == ids(service.records)


@settings(max_examples=40)
@given(st.integers(101, 600), st.integers(0, 10**6), concurrencies, st.integers(0, 400))
def test_breaking_out_anywhere_leaves_nothing_behind(
    size: int, seed: int, concurrency: int, amount: int
) -> None:
    service = Service(dataset(size, YEAR, seed), random=Random(seed), latency=0.3)

    async def scan() -> None:
        async with aclosing(aiter(service.scan(concurrency, service.limiter()))) as found:
            for _ in range(min(amount, size)):
                await anext(found)
        assert service.in_flight == 0

    run(scan())


@settings(max_examples=60)
@given(sizes, spans, st.integers(0, 10**6), concurrencies, st.booleans())
def test_an_invalid_record_is_reported_once(
    size: int, span: int, seed: int, concurrency: int, with_id: bool
) -> None:
    random = Random(seed)
    service = Service(dataset(size, span, seed), random=random)
    for record in service.records:
        if random.random() < 0.1:
            name = {} if with_id else {"Id": None, "Name": record["Id"]}
            record.shows = {**record.shows, **name, "LifeCycle": "wrong"}
    reported: list[InvalidOpportunity] = []
    found = run(service.ids(concurrency=concurrency, on_invalid=reported.append))
    raw: list[Any] = [invalid.raw for invalid in reported]
    named = [record["Id" if with_id else "Name"] for record in raw]
    assert sorted(found + named) == ids(service.records)


async def test_an_invalid_record_is_an_error_without_a_callable() -> None:
    service = Service(records(range(START, START + 500 * DAY, DAY)))
    service.records[300].shows = {"LifeCycle": 1}
    with pytest.raises(InvalidOpportunityError, match="O301") as caught:
        await service.ids()
    assert caught.value.resume_token is None


async def test_an_expired_token_makes_its_query_begin_again() -> None:
    service = Service(records([START] * 500 + list(range(START, START + 900 * DAY, DAY))))
    expires = iter([True, True])

    def broken(service: Service, parameters: Mapping[str, Any]) -> Exception | None:
        if "NextToken" in parameters and next(expires, False):
            return ValidationException("ValidationException", "token expired")
        return None

    service.broken = broken
    assert sorted(await service.ids()) == ids(service.records)


@pytest.mark.parametrize(("instant", "requests"), [(START, 10), (None, 9)])
def test_a_pass_that_begins_again_forgets_what_it_has_read(
    instant: int | None, requests: int
) -> None:
    """It would have to be repeated for a record that left before it began again."""
    service = Service(records([instant] * 250))
    begun = 2 if instant is not None else 1

    def broken(service: Service, parameters: Mapping[str, Any]) -> Exception | None:
        first = [one for one in service.requests if "NextToken" not in one]
        ascending = [one for one in first if one["Sort"]["SortOrder"] == "ASCENDING"]
        if "NextToken" not in parameters or len(ascending) != begun:
            return None
        service.records[0]["LifeCycle"] = {"Stage": "Launched"}
        return ValidationException("ValidationException", "token expired")

    service.broken = broken
    found = run(service.ids(concurrency=1, LifeCycleStage=["Qualified"]))
    assert sorted(found) == ids(service.records)
    assert len(service.requests) == requests


async def test_tokens_that_always_expire_are_an_error() -> None:
    def broken(service: Service, parameters: Mapping[str, Any]) -> Exception | None:
        if "NextToken" in parameters:
            return ValidationException("ValidationException", "token expired")
        return None

    service = Service(records([START] * 500), broken=broken)
    with pytest.raises(TokenExpiredError, match="again and again"):
        await service.ids()


async def test_a_refused_request_without_a_token_is_the_error_of_aws() -> None:
    def broken(service: Service, parameters: Mapping[str, Any]) -> Exception | None:
        return ValidationException("ValidationException", "no")

    with pytest.raises(ValidationException) as caught:
        await Service(records([START]), broken=broken).ids()
    assert type(caught.value) is ValidationException
