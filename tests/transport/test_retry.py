"""The retry layer: AWS's formula, its limits, and how many requests are really sent."""

from __future__ import annotations

import pytest
from tenacity import RetryCallState, stop_after_attempt, stop_never, wait_fixed

from partnercentral_list import (
    ConfigurationError,
    InternalServerException,
    PartnerCentralError,
    RetryPolicy,
    ThrottlingException,
    TransportError,
    ValidationException,
)
from partnercentral_list.emulator import Fault, PartnerCentralEmulator
from tests.conftest import MakeClient
from tests.transport.retrying import BROKEN, Attempts, Clock, fetch_with_faults, throttled


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def test_a_success_is_not_repeated(clock: Clock, attempts: Attempts) -> None:
    assert await attempts(clock.policy()) == 1
    assert clock.slept == []


async def test_transient_failures_wait_from_50_ms_doubling(
    clock: Clock, attempts: Attempts
) -> None:
    assert await attempts(clock.policy(), *[BROKEN] * 5) == 6
    assert clock.slept == [0.05, 0.1, 0.2, 0.4, 0.8]


async def test_throttling_waits_from_a_second_up_to_the_ceiling(
    clock: Clock, attempts: Attempts
) -> None:
    assert await attempts(clock.policy(), *[throttled()] * 6) == 7
    assert clock.slept == [1.0, 2.0, 4.0, 8.0, 16.0, 20.0]


async def test_the_wait_is_a_random_part_of_that(clock: Clock, attempts: Attempts) -> None:
    await attempts(clock.policy(random=lambda: 0.25), throttled(), throttled())
    assert clock.slept == [0.25, 0.5]


@pytest.mark.parametrize(
    ("hint", "waited"), [(0.0, 1.0), (0.5, 1.0), (3.0, 3.0), (6.0, 6.0), (60.0, 6.0)]
)
async def test_a_hint_is_clamped_to_the_formula_and_five_seconds_more(
    clock: Clock, attempts: Attempts, hint: float, waited: float
) -> None:
    await attempts(clock.policy(), throttled(hint))
    assert clock.slept == [waited]


async def test_a_bare_429_counts_as_throttling(clock: Clock, attempts: Attempts) -> None:
    await attempts(clock.policy(), Fault.http(429))
    assert clock.slept == [1.0]


async def test_the_last_error_is_raised_with_the_number_of_attempts(
    clock: Clock, attempts: Attempts
) -> None:
    with pytest.raises(InternalServerException) as caught:
        await attempts(
            clock.policy(max_attempts=4), *[BROKEN] * 3, Fault.error("InternalServerException")
        )
    assert caught.value.attempts == 4
    assert "4 attempts" in str(caught.value)


async def test_an_error_that_will_not_pass_is_not_retried(clock: Clock, attempts: Attempts) -> None:
    with pytest.raises(ValidationException) as caught:
        await attempts(clock.policy(), Fault.error("ValidationException"))
    assert caught.value.attempts == 1


async def test_a_wait_strategy_of_tenacity_replaces_the_formula(
    clock: Clock, attempts: Attempts
) -> None:
    policy = clock.policy(wait=wait_fixed(3) + wait_fixed(0.5))
    assert await attempts(policy, BROKEN, throttled(), throttled(7.0), throttled(60.0)) == 5
    assert clock.slept == [3.5, 3.5, 7.0, 8.5]


async def test_a_stop_strategy_of_tenacity_ends_the_retries_too(
    clock: Clock, attempts: Attempts
) -> None:
    for options in ({"stop": stop_after_attempt(3)}, {"stop": stop_never, "max_attempts": 3}):
        with pytest.raises(TransportError) as caught:
            await attempts(clock.policy(**options), *[BROKEN] * 9)
        assert caught.value.attempts == 3


async def test_a_stop_strategy_sees_the_attempt_and_its_error(
    clock: Clock, attempts: Attempts
) -> None:
    seen: list[tuple[int, type[BaseException], float]] = []

    def stop(state: RetryCallState) -> bool:
        assert state.outcome is not None
        seen.append((state.attempt_number, type(state.outcome.exception()), state.upcoming_sleep))
        return False

    await attempts(clock.policy(stop=stop), BROKEN, throttled())
    assert seen == [(1, TransportError, 0.05), (2, ThrottlingException, 2.0)]


@pytest.mark.parametrize("name", ["wait", "stop"])
def test_a_strategy_must_be_callable(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"RetryPolicy.{name} must be a strategy"):
        RetryPolicy(**{name: 3})


async def test_no_attempt_starts_after_the_elapsed_time(clock: Clock, attempts: Attempts) -> None:
    policy = clock.policy(max_elapsed=10.0, max_attempts=50)
    with pytest.raises(ThrottlingException) as caught:
        await attempts(policy, *[throttled()] * 50)
    assert clock.slept == [1.0, 2.0, 4.0]
    assert caught.value.attempts == 4


async def test_no_limit_of_elapsed_time_is_zero(clock: Clock, attempts: Attempts) -> None:
    policy = clock.policy(max_elapsed=0, max_attempts=30)
    assert await attempts(policy, *[throttled()] * 29) == 30


async def test_the_quota_is_shared_by_all_calls_and_refilled_by_successes(
    clock: Clock, make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    client = make_client(emulator, retry=clock.policy(quota=28))

    async def attempts_of_outage() -> int:
        with pytest.raises(TransportError) as caught:
            await fetch_with_faults(client, emulator, *[BROKEN] * 9)
        return caught.value.attempts

    assert await attempts_of_outage() == 3  # two retries at 14 tokens
    assert await attempts_of_outage() == 1  # nothing is left
    for _ in range(13):
        assert await fetch_with_faults(client, emulator) == 1
    assert await attempts_of_outage() == 1
    assert await fetch_with_faults(client, emulator) == 1
    assert await fetch_with_faults(client, emulator, BROKEN) == 2  # the 14th success paid for it
    assert await fetch_with_faults(client, emulator, BROKEN) == 2  # and its cost was returned


async def test_a_throttling_retry_costs_less(clock: Clock, attempts: Attempts) -> None:
    with pytest.raises(ThrottlingException) as caught:
        await attempts(clock.policy(quota=28), *[throttled()] * 9)
    assert caught.value.attempts == 6


@pytest.mark.parametrize("most", [1, 3, 8])
async def test_no_more_requests_go_out_than_the_policy_says(
    make_client: MakeClient,
    emulator: PartnerCentralEmulator,
    monkeypatch: pytest.MonkeyPatch,
    clock: Clock,
    most: int,
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "10")
    monkeypatch.setenv("AWS_RETRY_MODE", "adaptive")
    emulator.fail("InternalServerException", times=None)
    client = make_client(emulator, retry=clock.policy(max_attempts=most))
    with pytest.raises(InternalServerException) as caught:
        await client.list_opportunities()
    assert len(emulator.requests) == caught.value.attempts == most


@pytest.mark.parametrize(
    "fault",
    [
        Fault.error("ThrottlingException"),
        Fault.error("ThrottlingException", status=429),
        Fault.error("InternalServerException"),
        Fault.http(503),
        Fault.http(429),
        Fault.body(b""),
        Fault.body(b"{}"),
        Fault.body(b"<html></html>"),
        Fault.truncate(),
        Fault.reset("before"),
        Fault.reset("during"),
        Fault.reset("after"),
    ],
    ids=repr,
)
@pytest.mark.parametrize("at", [1, 2, 3])
async def test_a_listing_is_complete_whatever_goes_wrong_once(
    make_client: MakeClient,
    emulator: PartnerCentralEmulator,
    clock: Clock,
    fault: Fault,
    at: int,
) -> None:
    emulator.fail(fault, at=at, times=1)
    listed = await make_client(emulator, retry=clock.policy()).iter_opportunities().collect()
    assert len({item.id for item in listed}) == len(listed) == 250


@pytest.mark.parametrize(
    "fault", [Fault.truncate(), Fault.body(b""), Fault.body(b"{}"), Fault.http(502)], ids=repr
)
@pytest.mark.parametrize("at", [1, 2, 3])
async def test_a_listing_that_fails_raises_and_can_be_completed(
    make_client: MakeClient,
    emulator: PartnerCentralEmulator,
    clock: Clock,
    fault: Fault,
    at: int,
) -> None:
    emulator.fail(fault, at=at, times=None)
    client = make_client(emulator, retry=clock.policy(max_attempts=3))
    seen: list[str] = []
    with pytest.raises(PartnerCentralError) as caught:
        async for item in client.iter_opportunities():
            seen.append(item.id)
    emulator.clear_faults()
    rest = client.iter_opportunities(starting_token=caught.value.resume_token)
    seen += [item.id for item in await rest.collect()]
    assert len(set(seen)) == len(seen) == 250
