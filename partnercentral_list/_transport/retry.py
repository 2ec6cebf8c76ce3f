"""The one retry layer: AWS's retry standard of 2026, on tenacity, for one page at a time."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_attempt,
    wait_exponential,
)

from partnercentral_list.config import RetryPolicy
from partnercentral_list.errors import (
    DailyLimitError,
    PartnerCentralError,
    RateLimitTimeoutError,
    ServiceError,
    ThrottlingException,
)

T = TypeVar("T")

OnRetry = Callable[[int, float, PartnerCentralError], None]
Wait = Callable[[RetryCallState], float]
Stop = Callable[[RetryCallState], bool]

RETRY_COST = 14
THROTTLING_RETRY_COST = 5
NO_RETRY_INCREMENT = 1
MAX_HINT_EXCESS_SECONDS = 5.0


class RetryQuota:
    """The tokens that all retries of a client share; safe to use from several threads."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._available = capacity
        self._lock = threading.Lock()

    def acquire(self, cost: int) -> bool:
        """Acquire the tokens of a retry, if there are enough; return whether there were."""
        with self._lock:
            if cost > self._available:
                return False
            self._available -= cost
            return True

    def release(self, tokens: int) -> None:
        """Return tokens after a success, up to the capacity."""
        with self._lock:
            self._available = min(self._capacity, self._available + tokens)


class Retrier:
    """Retries what failed and may succeed, as a `RetryPolicy` says."""

    def __init__(self, policy: RetryPolicy) -> None:
        self._policy = policy
        self._quota = RetryQuota(policy.quota)
        self._wait = _respect_hint(policy.wait or _full_jitter(policy))
        self._stops: list[Stop] = [stop_after_attempt(policy.max_attempts)]
        if policy.stop is not None:
            self._stops.append(policy.stop)

    async def call(
        self, attempt: Callable[[int], Awaitable[T]], on_retry: OnRetry | None = None
    ) -> T:
        """Call `attempt` with the number of the attempt, from 1, until it succeeds.

        Args:
            attempt: The function that may fail.
            on_retry: Called before the wait for a retry, with the number of the attempt that
                failed, the seconds to wait, and the error.

        Raises:
            PartnerCentralError: The last attempt's error, with the number of attempts.
        """
        policy = self._policy
        started_at = policy.clock()
        number = cost = 0
        failed: PartnerCentralError | None = None

        async def run() -> T:
            nonlocal number
            number += 1
            return await attempt(number)

        def stop(state: RetryCallState) -> bool:
            nonlocal cost
            elapsed = policy.clock() - started_at
            if 0 < policy.max_elapsed < elapsed + state.upcoming_sleep:
                return True
            if any(stops(state) for stops in self._stops):
                return True
            # Last, because it takes tokens.
            cost = THROTTLING_RETRY_COST if _is_throttling(_error_of(state)) else RETRY_COST
            return not self._quota.acquire(cost)

        def before_sleep(state: RetryCallState) -> None:
            nonlocal failed
            error = _error_of(state)
            if isinstance(error, PartnerCentralError):
                failed = error
                if on_retry is not None:
                    on_retry(state.attempt_number, state.upcoming_sleep, error)

        # One for each call: a shared AsyncRetrying mixes up the state of concurrent tasks.
        retrying = AsyncRetrying(
            sleep=policy.sleep,
            stop=stop,
            wait=self._wait,
            retry=retry_if_exception(_is_retryable),
            before_sleep=before_sleep,
            reraise=True,
        )
        try:
            result: T = await retrying(run)
        except PartnerCentralError as error:
            # The rate limiter refuses an attempt before it is sent.
            error.attempts = number - isinstance(error, DailyLimitError | RateLimitTimeoutError)
            if failed is None or not isinstance(error, RateLimitTimeoutError):
                raise
            failed.attempts = error.attempts
        else:
            self._quota.release(cost or NO_RETRY_INCREMENT)
            return result
        # Outside the handler, without a context: a retry that cannot be sent in time is not made.
        raise failed


def _full_jitter(policy: RetryPolicy) -> Wait:
    # tenacity's wait_random_exponential, but with the policy's source of random numbers.
    transient = wait_exponential(multiplier=policy.transient_base, max=policy.max_delay)
    throttling = wait_exponential(multiplier=policy.throttling_base, max=policy.max_delay)

    def wait(state: RetryCallState) -> float:
        longest = throttling if _is_throttling(_error_of(state)) else transient
        return policy.random() * longest(state)

    return wait


def _respect_hint(wait: Wait) -> Wait:
    """Wait as long as AWS says, if it does, within the bounds of AWS's standard."""

    def hinted(state: RetryCallState) -> float:
        delay, error = wait(state), _error_of(state)
        hint = error.retry_after if isinstance(error, ServiceError) else None
        return delay if hint is None else min(max(hint, delay), delay + MAX_HINT_EXCESS_SECONDS)

    return hinted


def _is_retryable(error: BaseException) -> bool:
    return isinstance(error, PartnerCentralError) and error.retryable


def _error_of(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


def _is_throttling(error: BaseException | None) -> bool:
    return isinstance(error, ThrottlingException) or (
        isinstance(error, ServiceError) and error.http_status == 429
    )
