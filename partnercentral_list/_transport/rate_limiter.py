"""The rate limiter: a queue for permits, shared by clients in any event loop and thread."""

from __future__ import annotations

import itertools
import threading
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from math import exp, inf
from operator import attrgetter

from partnercentral_list.config import RateLimit
from partnercentral_list.errors import DailyLimitError, RateLimitTimeoutError

DAY_SECONDS = 86_400.0
# How long the queue waits for a request whose event loop is blocked.
STALLED_LOOP_TIMEOUT_SECONDS = 1.0
# All queued requests together poll at most once in this time.
SECONDS_BETWEEN_POLLS = 0.001
# Timers fire a little early; without it they would be set once more.
TIMER_TOLERANCE_SECONDS = 1e-6

# A request is in transit for up to 50 ms longer than another, so that requests that left a second
# apart arrive closer together. 10 in 1.06 s are never more than 10 in 1 s at AWS.
WINDOW_MARGIN_SECONDS = 0.06
RATE_HEADROOM = 0.95
BURST = 3

# Programs that share an account find their shares by backing off (CUT_FACTOR) and recovering: the
# distance to the full rate shrinks by exp(-(RECOVERY * t + RECOVERY_GROWTH * t**2)) in t seconds
# without throttling. A program with less recovers faster, so shares become equal. Linear recovery
# left a program with less than three quarters of a fair share in one simulation of ten.
CUT_FACTOR = 0.75
MIN_RATE_SHARE = 0.05
RECOVERY = 0.008
RECOVERY_GROWTH = 0.00012

OnWait = Callable[[float, int], None]


class RateLimiter:
    """Grants permits for requests: first come, first served, retries before first attempts.

    Clients in any event loop and thread may share one, and a program's own calls to the same
    quota too: ``await limiter.acquire()`` before each.

    Args:
        limit: The rate, the daily budget and the longest wait.
    """

    def __init__(self, limit: RateLimit) -> None:
        self._limit = limit
        self._schedule = PermitSchedule(limit.per_second)
        self._permits_today: deque[float] = deque()
        self._numbers = itertools.count()
        self._queue: list[_Ticket] = []
        self._abandoned: list[_Ticket] = []
        self._lock = threading.Lock()

    @property
    def limit(self) -> RateLimit:
        """The limit that this limiter was made with."""
        return self._limit

    @property
    def rate(self) -> float:
        """Requests per second that it allows now; less than the limit after throttling."""
        with self._lock:
            return self._schedule.rate(self._limit.clock())

    async def acquire(
        self,
        *,
        is_retry: bool = False,
        max_wait: float | None = None,
        on_wait: OnWait | None = None,
    ) -> float:
        """Wait for a permit; then send the request at once.

        A cancelled call leaves its place in the queue to those behind it.

        Args:
            is_retry: Whether the request was sent before and failed: a retry goes before all
                first attempts.
            max_wait: Seconds to wait at most; ``RateLimit.max_wait`` counts too if it is less.
            on_wait: Called once if no permit is free: with the seconds that the wait is expected
                to take at the present rate, and the number of requests in the queue, this one
                included. It must not block.

        Returns:
            The permit: its time by the limit's clock, which is now. Pass it to `throttled`,
            `release` and `renew`.

        Raises:
            RateLimitTimeoutError: The wait would be, or became, too long.
            DailyLimitError: The day's requests are spent.
        """
        bounds = [bound for bound in (max_wait, self._limit.max_wait) if bound is not None]
        rank = _Rank.RETRY if is_retry else _Rank.FIRST_ATTEMPT
        ticket = _Ticket((rank, next(self._numbers)), max_wait=min(bounds, default=inf))
        return await self._wait(ticket, on_wait)

    async def renew(self, permit: float) -> float:
        """Exchange a permit for a current one, because something else took time after `acquire`.

        What counts for the quota is when requests leave. This waits only where permits that
        were granted meanwhile make it necessary, before everybody else, and for as long as it
        takes. It counts no further request of the day.

        Args:
            permit: What `acquire` returned.

        Returns:
            The new permit. If this is cancelled, the old one is still to be released.
        """
        ticket = _Ticket((_Rank.RENEWAL, next(self._numbers)), replaces=permit)
        return await self._wait(ticket)

    def throttled(self, permit: float) -> None:
        """Slow down, because AWS throttled a request.

        Args:
            permit: What `acquire` returned for it. A request that was sent before the last
                slowdown says nothing new.
        """
        with self._lock:
            self._schedule.throttled(permit, self._limit.clock())

    def release(self, permit: float) -> None:
        """Return a permit that was not used.

        Args:
            permit: What `acquire` returned.
        """
        with self._lock:
            self._schedule.release(permit)
            self._remove_from_day(permit)

    async def _wait(self, ticket: _Ticket, on_wait: OnWait | None = None) -> float:
        try:
            while wait := self._poll(ticket):
                if on_wait is not None:
                    on_wait(ticket.expected_wait, ticket.queue_length)
                    on_wait = None
                await self._limit.sleep(wait)
        except BaseException:
            # No lock: the garbage collector may close a forgotten coroutine at any point, also
            # where this thread holds the lock. The next poll removes the ticket.
            self._abandoned.append(ticket)
            raise
        return ticket.polls_at

    def _poll(self, ticket: _Ticket) -> float:
        """Return the seconds after which to poll again; 0 if the permit was granted."""
        # Queued requests sleep and poll by themselves: waking them across event loops would need
        # each loop to be alive. A permit is taken when its request is awake, not when it was due,
        # so that a loop that was blocked does not send everything that is overdue at once.
        with self._lock:
            now = self._limit.clock()
            if ticket.deadline is None:
                ticket.deadline = now + ticket.max_wait
                if ticket.replaces is not None:
                    self._schedule.release(ticket.replaces)
            ticket.polls_at, ticket.late_since = now, None
            position = self._enqueue(ticket)
            # A renewal is of a permit that is counted already.
            if self._limit.per_day is not None and ticket.replaces is None:
                self._check_day(self._limit.per_day, now)
            wait = ticket.expected_wait = self._schedule.next_permit(now, position) - now
            ticket.queue_length = len(self._queue)
            if position == 0 and wait <= TIMER_TOLERANCE_SECONDS:
                del self._queue[0]
                self._schedule.take(now)
                if self._limit.per_day is not None:
                    if ticket.replaces is not None:
                        self._remove_from_day(ticket.replaces)
                    self._permits_today.append(now)
                return 0.0
            left = ticket.deadline - now
            # A rate that throttling has cut recovers: what the full rate allows may still come.
            earliest = self._schedule.next_permit(now, position, at_full_rate=True) - now
            if left <= TIMER_TOLERANCE_SECONDS or earliest > left:
                raise RateLimitTimeoutError(ticket.max_wait, ticket.expected_wait)
            slack = self._schedule.slack(now)
            if position > 0:
                wait = max(wait, slack / 20)
            # Not longer than the burst makes up for: requests before it may leave the queue.
            wait = min(wait, max(slack, SECONDS_BETWEEN_POLLS * len(self._queue)), left)
            ticket.polls_at = now + wait
            return wait

    def _enqueue(self, ticket: _Ticket) -> int:
        """Put a ticket in its place, if it is not there, and return its position."""
        while self._abandoned:
            abandoned = self._abandoned.pop()
            index = bisect_left(self._queue, abandoned.order, key=_ORDER)
            if self._queue[index : index + 1] == [abandoned]:
                del self._queue[index]
        index = bisect_left(self._queue, ticket.order, key=_ORDER)
        if self._queue[index : index + 1] != [ticket]:
            self._queue.insert(index, ticket)
        if index > 0:
            index -= self._pass_stalled_loops(ticket)
        return index

    def _pass_stalled_loops(self, ticket: _Ticket) -> int:
        """Remove requests that have stopped polling from the front; return how many."""
        first, now, passed = self._queue[0], ticket.polls_at, 0
        if first.polls_at >= now:
            return 0
        if first.late_since is None:
            first.late_since = now
        elif now - first.late_since > STALLED_LOOP_TIMEOUT_SECONDS:
            # They are in front again as soon as they poll.
            while self._queue[0] is not ticket and self._queue[0].polls_at <= first.late_since:
                del self._queue[0]
                passed += 1
        return passed

    def _check_day(self, per_day: int, now: float) -> None:
        permits = self._permits_today
        while permits and permits[0] + DAY_SECONDS <= now:
            permits.popleft()
        if len(permits) >= per_day:
            raise DailyLimitError(per_day, permits[len(permits) - per_day] + DAY_SECONDS - now)

    def _remove_from_day(self, permit: float) -> None:
        index = bisect_right(self._permits_today, permit) - 1
        if index >= 0 and self._permits_today[index] == permit:
            del self._permits_today[index]


class _Rank(IntEnum):
    """The order in which kinds of requests are granted permits."""

    RENEWAL = 0
    RETRY = 1
    FIRST_ATTEMPT = 2


@dataclass(slots=True, eq=False)
class _Ticket:
    """A request's place in the queue."""

    order: tuple[_Rank, int]
    max_wait: float = inf
    replaces: float | None = None
    """The permit that is renewed."""
    deadline: float | None = None
    """When its wait becomes too long; None before it has polled."""
    polls_at: float = 0.0
    """When it polls next."""
    late_since: float | None = None
    """When another request first noticed that it had not polled in time."""
    expected_wait: float = 0.0
    queue_length: int = 0


_ORDER = attrgetter("order")


class PermitSchedule:
    """The schedule of permits: a token bucket, a sliding window, and a rate that backs off.

    The bucket alone would allow its burst on top of a second's worth after a rest; the window
    alone would allow a second's worth at once. It has no clock, lock or waiting of its own; all
    times are seconds of one clock.

    Args:
        per_second: The quota: requests in any window of one second (below 1: one request in any
            ``1 / per_second`` seconds).
        margin: Seconds by which the window is longer than the quota's.
        burst: Requests that may go at once after a rest.
    """

    def __init__(
        self, per_second: float, *, margin: float = WINDOW_MARGIN_SECONDS, burst: int = BURST
    ) -> None:
        self._quota = per_second
        self._window_size = max(1, int(per_second))
        self._window = max(1.0, 1.0 / per_second) + margin
        self._burst = min(burst, self._window_size)
        # The last permits, and what each took from the bucket.
        self._permits: deque[float] = deque(maxlen=self._window_size)
        self._costs: deque[float] = deque(maxlen=self._window_size)
        self._paid_until = -inf
        self._full_rate = RATE_HEADROOM * per_second
        self._rate_after_cut = self._full_rate
        self._cut_at = -inf

    def rate(self, now: float) -> float:
        """Return the requests per second at this time."""
        quiet = now - self._cut_at
        distance = self._full_rate - self._rate_after_cut
        return self._full_rate - distance * exp(-quiet * (RECOVERY + RECOVERY_GROWTH * quiet))

    def next_permit(self, now: float, position: int, *, at_full_rate: bool = False) -> float:
        """Return when a request is due that has `position` others before it.

        Exact for the first; for those further back it is an estimate from the present rate, or
        the earliest time that is possible: nothing slows down, and the rate is the full one at
        once.
        """
        spacing = 1.0 / (self._full_rate if at_full_rate else self.rate(now))
        windows, first = divmod(position, self._window_size)
        start = max(self._paid_until, now) - (self._burst - 1) / self.rate(now)
        due = max(now, start + first * spacing)
        index = len(self._permits) - self._window_size + first
        if 0 <= index < len(self._permits):
            due = max(due, self._permits[index] + self._window)
        return max(due + windows * self._window, start + position * spacing)

    def slack(self, now: float) -> float:
        """Return how many seconds late a permit may be taken; the burst makes up for them."""
        return max(self._burst - 1, 0.1) / self.rate(now)

    def take(self, now: float) -> None:
        """Grant a permit."""
        cost = 1.0 / self.rate(now)
        self._permits.append(now)
        self._costs.append(cost)
        self._paid_until = max(self._paid_until, now) + cost

    def release(self, permit: float) -> None:
        """Return a permit that was not used."""
        # Ascending: they were granted one after the other, by a clock that does not go back.
        index = bisect_right(self._permits, permit) - 1
        if index >= 0 and self._permits[index] == permit:
            # What was paid before the last cut is void: a refund would shorten the pause.
            if permit >= self._cut_at:
                self._paid_until -= self._costs[index]
            del self._permits[index]
            del self._costs[index]

    def throttled(self, permit: float, now: float) -> None:
        """Slow down for a throttled request, once for each round trip."""
        if permit < self._cut_at:
            return
        self._rate_after_cut = max(MIN_RATE_SHARE * self._quota, CUT_FACTOR * self.rate(now))
        self._cut_at = now
        # The bucket is emptied too: the next one goes a spacing from now, and no burst after it.
        self._paid_until = max(self._paid_until, now + self._burst / self._rate_after_cut)
