"""The one retry layer: AWS's retry standard of 2026, on tenacity, for one page at a time."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt
from tenacity.stop import stop_base
from tenacity.wait import wait_base

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

TRANSIENT_COST = 14
THROTTLING_COST = 5
HINT_MARGIN = 5.0


class RetryQuota:
    """The tokens that all retries of a client draw from; safe to share between threads."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._available = capacity
        self._lock = threading.Lock()

    def draw(self, cost: int) -> bool:
        """Take tokens for a retry, if there are enough."""
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
    """Calls again what failed and may succeed, as a `RetryPolicy` says."""

    def __init__(self, policy: RetryPolicy) -> None:
        self._policy = policy
        self._quota = RetryQuota(policy.quota)

    async def call(
        self, attempt: Callable[[int], Awaitable[T]], on_retry: OnRetry | None = None
    ) -> T:
        """Call `attempt` with the attempt's number, from 1, until it succeeds.

        Args:
            attempt: What may fail.
            on_retry: Told of each retry before the wait: the number of the attempt that failed,
                the seconds to wait, and the error.

        Raises:
            PartnerCentralError: The last attempt's error, with the number of attempts.
        """
        stop = _Stop(self._policy, self._quota)
        failed: PartnerCentralError | None = None

        def before_sleep(retry_state: RetryCallState) -> None:
            nonlocal failed
            error = _error_of(retry_state)
            if isinstance(error, PartnerCentralError):
                failed = error
                if on_retry is not None:
                    on_retry(retry_state.attempt_number, retry_state.upcoming_sleep, error)

        # Made for each call: a shared AsyncRetrying mixes up the state of concurrent tasks.
        retrying = AsyncRetrying(
            sleep=self._policy.sleep,
            stop=stop,
            wait=_Wait(self._policy),
            retry=retry_if_exception(_may_pass),
            reraise=True,
            before_sleep=before_sleep,
        )
        number = 0

        async def run() -> T:
            nonlocal number
            number += 1
            return await attempt(number)

        try:
            result: T = await retrying(run)
        except PartnerCentralError as error:
            # The limiter refuses an attempt before it is sent.
            error.attempts = number - isinstance(error, DailyLimitError | RateLimitTimeoutError)
            if failed is None or not isinstance(error, RateLimitTimeoutError):
                raise
            # A retry that cannot be sent in time is none.
            failed.attempts = error.attempts
        else:
            self._quota.release(stop.last_cost or 1)
            return result
        raise failed


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, PartnerCentralError) and error.retryable


class _Wait(wait_base):
    def __init__(self, policy: RetryPolicy) -> None:
        self._policy = policy

    def __call__(self, retry_state: RetryCallState) -> float:
        policy, error = self._policy, _error_of(retry_state)
        base = policy.throttling_base if _is_throttling(error) else policy.transient_base
        # Doubling ends long before a float does.
        ceiling = min(base * 2.0 ** min(retry_state.attempt_number - 1, 60), policy.max_delay)
        delay = policy.random() * ceiling
        hint = error.retry_after if isinstance(error, ServiceError) else None
        return delay if hint is None else min(max(hint, delay), delay + HINT_MARGIN)


class _Stop(stop_base):
    """Ends the retries: by number, by time, or by quota, which is drawn last."""

    def __init__(self, policy: RetryPolicy, quota: RetryQuota) -> None:
        self._policy = policy
        self._quota = quota
        self._started = policy.clock()
        self._by_number = stop_after_attempt(policy.max_attempts)
        self.last_cost = 0

    def __call__(self, retry_state: RetryCallState) -> bool:
        if self._by_number(retry_state) or self._is_too_late(retry_state.upcoming_sleep):
            return True
        cost = THROTTLING_COST if _is_throttling(_error_of(retry_state)) else TRANSIENT_COST
        if not self._quota.draw(cost):
            return True
        self.last_cost = cost
        return False

    def _is_too_late(self, wait: float) -> bool:
        elapsed = self._policy.clock() - self._started
        return 0 < self._policy.max_elapsed < elapsed + wait


def _error_of(retry_state: RetryCallState) -> BaseException | None:
    return retry_state.outcome.exception() if retry_state.outcome else None


def _is_throttling(error: BaseException | None) -> bool:
    return isinstance(error, ThrottlingException) or (
        isinstance(error, ServiceError) and error.http_status == 429
    )
