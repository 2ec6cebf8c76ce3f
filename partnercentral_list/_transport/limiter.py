"""The rate limiter: a queue for permits, shared by clients in any event loop and thread."""

from __future__ import annotations

import itertools
import threading
from bisect import bisect_left
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from math import inf

from partnercentral_list._transport.pace import Pace, index_of_recent
from partnercentral_list.config import RateLimit
from partnercentral_list.errors import DailyLimitError, RateLimitTimeoutError

DAY = 86_400.0
PATIENCE = 1.0  # Seconds that the queue waits for a request whose event loop does not run.
LOOK_COST = 0.001  # All waiting requests together look at most once in this many seconds.
TOLERANCE = 1e-6  # Timers fire a little early; without it they would be set again for nothing.

OnWait = Callable[[float, int], None]


class RateLimiter:
    """Gives permits for requests: first come, first served, retries before first attempts.

    Clients in any event loop and thread may share one, and a program's own calls to the same
    quota too: ``await limiter.acquire()`` before each.

    Args:
        limit: How fast.
    """

    def __init__(self, limit: RateLimit) -> None:
        self._limit = limit
        self._pace = Pace(limit.per_second)
        self._sent_today: deque[float] = deque()
        self._numbers = itertools.count()
        self._queue: list[_Ticket] = []
        self._left: list[_Ticket] = []
        self._lock = threading.Lock()

    @property
    def limit(self) -> RateLimit:
        """The limit that it was made with."""
        return self._limit

    @property
    def rate(self) -> float:
        """Requests per second that it allows now; less than the limit after throttling."""
        with self._lock:
            return self._pace.rate(self._limit.clock())

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
            on_wait: Called once if the permit is not free: with the seconds that the wait is
                expected to take at the present rate, and the number of requests in the queue,
                this one included. It must not block.

        Returns:
            The time of the permit by the limit's clock: now. `throttled`, `release` and `renew`
            identify the permit by it.

        Raises:
            RateLimitTimeoutError: The wait would be, or became, too long.
            DailyLimitError: The day's requests are spent.
        """
        bounds = [bound for bound in (max_wait, self._limit.max_wait) if bound is not None]
        turn = _Turn.RETRY if is_retry else _Turn.FIRST_ATTEMPT
        ticket = _Ticket((turn, next(self._numbers)), max_wait=min(bounds, default=inf))
        return await self._wait(ticket, on_wait)

    async def renew(self, acquired_at: float) -> float:
        """Exchange a permit for one of now, because something else took time after `acquire`.

        What counts for the quota is when requests leave. It waits only where the permits that
        others took meanwhile make it necessary, before everybody else, and for as long as it
        takes. The permit stays one of the day's requests.

        Args:
            acquired_at: What `acquire` returned for it.

        Returns:
            The time of the new permit. If the call is cancelled, the old one is still to be
            released.
        """
        ticket = _Ticket((_Turn.RENEWAL, next(self._numbers)), replaces=acquired_at)
        return await self._wait(ticket)

    def throttled(self, acquired_at: float) -> None:
        """AWS throttled a request: slow down.

        Args:
            acquired_at: What `acquire` returned for it. A request that was sent before the last
                slowing down says nothing new.
        """
        with self._lock:
            self._pace.throttled(acquired_at, self._limit.clock())

    def release(self, acquired_at: float) -> None:
        """Give back a permit that was not used.

        Args:
            acquired_at: What `acquire` returned for it.
        """
        with self._lock:
            self._pace.release(acquired_at)
            self._forget(acquired_at)

    async def _wait(self, ticket: _Ticket, on_wait: OnWait | None = None) -> float:
        try:
            while wait := self._look(ticket):
                if on_wait is not None:
                    on_wait(ticket.expected_wait, ticket.queue_length)
                    on_wait = None
                await self._limit.sleep(wait)
        except BaseException:
            # No lock: the garbage collector may close a forgotten coroutine at any point, also
            # where this thread holds the lock. The next request that looks removes the ticket.
            self._left.append(ticket)
            raise
        return ticket.looks_at

    def _look(self, ticket: _Ticket) -> float:
        """Return the seconds after which to look again; 0 means that the permit was taken."""
        # Waiting requests sleep by themselves and look: waking them across event loops would need
        # each loop to be alive. A permit is taken when its owner is awake, not when it was planned,
        # so that a loop that was blocked does not send everything that is overdue at once.
        with self._lock:
            now = self._limit.clock()
            if ticket.deadline is None:
                ticket.deadline = now + ticket.max_wait
                if ticket.replaces is not None:
                    self._pace.release(ticket.replaces)
            ticket.looks_at, ticket.late_since = now, None
            position = self._position(ticket)
            self._check_day(ticket, now)
            wait = ticket.expected_wait = self._pace.slot(now, position) - now
            ticket.queue_length = len(self._queue)
            if position == 0 and wait <= TOLERANCE:
                self._take(ticket, now)
                return 0.0
            left = ticket.deadline - now
            # A rate that throttling has cut grows again: only what the full rate rules out is
            # hopeless already.
            if left <= TOLERANCE or self._pace.earliest(now, position) - now > left:
                raise RateLimitTimeoutError(ticket.max_wait, ticket.expected_wait)
            slack = self._pace.slack(now)
            if position > 0:
                wait = max(wait, slack / 20)
            # Not longer than the burst makes up for: those before it may leave meanwhile.
            wait = min(wait, max(slack, LOOK_COST * len(self._queue)), left)
            ticket.looks_at = now + wait
            return wait

    def _take(self, ticket: _Ticket, now: float) -> None:
        del self._queue[0]
        self._pace.take(now)
        if self._limit.per_day is not None:
            if ticket.replaces is not None:
                self._forget(ticket.replaces)
            self._sent_today.append(now)

    def _forget(self, acquired_at: float) -> None:
        index = index_of_recent(self._sent_today, acquired_at)
        if index is not None:
            del self._sent_today[index]

    def _position(self, ticket: _Ticket) -> int:
        while self._left:
            gone = self._left.pop()
            index = self._index(gone)
            if self._queue[index : index + 1] == [gone]:
                del self._queue[index]
        index = self._index(ticket)
        if self._queue[index : index + 1] != [ticket]:
            self._queue.insert(index, ticket)
        if index > 0:
            self._pass_over_the_late(ticket)
        return self._index(ticket)

    def _pass_over_the_late(self, ticket: _Ticket) -> None:
        first, now = self._queue[0], ticket.looks_at
        if first.looks_at >= now:
            return
        if first.late_since is None:
            first.late_since = now
        elif now - first.late_since > PATIENCE:
            # They are back in front as soon as they look again.
            while self._queue[0] is not ticket and self._queue[0].looks_at <= first.late_since:
                del self._queue[0]

    def _index(self, ticket: _Ticket) -> int:
        return bisect_left(self._queue, ticket.order, key=_order)

    def _check_day(self, ticket: _Ticket, now: float) -> None:
        sent, per_day = self._sent_today, self._limit.per_day
        while sent and sent[0] + DAY <= now:
            sent.popleft()
        if per_day is not None and len(sent) >= per_day and ticket.replaces is None:
            raise DailyLimitError(per_day, sent[len(sent) - per_day] + DAY - now)


class _Turn(IntEnum):
    """The order in which the kinds of requests get permits."""

    RENEWAL = 0
    RETRY = 1
    FIRST_ATTEMPT = 2


@dataclass(slots=True, eq=False)
class _Ticket:
    """A request's place in the queue."""

    order: tuple[_Turn, int]
    max_wait: float = inf
    replaces: float | None = None
    """The permit that is renewed."""
    deadline: float | None = None
    """When its wait becomes too long; None before it has looked."""
    looks_at: float = 0.0
    """When it looks next."""
    late_since: float | None = None
    """When another request first saw that it had not looked in time."""
    expected_wait: float = 0.0
    queue_length: int = 0


def _order(ticket: _Ticket) -> tuple[_Turn, int]:
    return ticket.order
