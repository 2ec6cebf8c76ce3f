"""The rate limiter: whose turn it is, over every client, event loop and thread that share it."""

from __future__ import annotations

import itertools
import threading
from bisect import bisect_left
from collections import deque
from dataclasses import dataclass

from partnercentral_list._transport.pace import Pace
from partnercentral_list.config import RateLimit
from partnercentral_list.errors import DailyLimitError

DAY = 86_400.0
PATIENCE = 1.0  # How long those behind wait for one whose event loop does not run.
LOOK_COST = 0.001  # Those who wait look at most once per so many seconds, all together.
TOLERANCE = 1e-6  # Timers fire a little early; without it they would be set for nothing again.


class RateLimiter:
    """Lets requests go one after the other, first come, first served.

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
        self._late_since: float | None = None
        self._lock = threading.Lock()

    @property
    def limit(self) -> RateLimit:
        """What it was made with."""
        return self._limit

    @property
    def rate(self) -> float:
        """Requests per second that it allows now; less than the limit after throttling."""
        with self._lock:
            return self._pace.rate(self._limit.clock())

    async def acquire(self) -> float:
        """Wait until a request may go; then send it at once.

        Cancelled, it leaves its place to those behind it.

        Returns:
            When it may go, by the limit's clock: now. `throttled` and `release` ask for it.

        Raises:
            DailyLimitError: The day's requests are spent.
        """
        ticket = _Ticket(next(self._numbers))
        try:
            while wait := self._look(ticket):
                await self._limit.sleep(wait)
        except BaseException:
            # No lock: the garbage collector may close a forgotten coroutine at any point, also
            # where this thread holds the lock. Whoever looks next takes it off the queue.
            self._left.append(ticket)
            raise
        return ticket.looks_at

    def throttled(self, sent_at: float) -> None:
        """AWS throttled a request: everybody slows down.

        Args:
            sent_at: What `acquire` returned for it. One that was sent before the last slowing
                down says nothing new.
        """
        with self._lock:
            self._pace.throttled(sent_at, self._limit.clock())

    def release(self, sent_at: float) -> None:
        """Let another request have a slot that was acquired and not used.

        Args:
            sent_at: What `acquire` returned for it.
        """
        with self._lock:
            self._pace.release(sent_at, self._limit.clock())
            if sent_at in self._sent_today:
                self._sent_today.remove(sent_at)

    def _look(self, ticket: _Ticket) -> float:
        """Give the seconds after which to look again; 0 means go."""
        # Those who wait sleep by themselves and look: waking them across event loops would need
        # each loop to be alive. A slot is taken when its owner is awake, not when it was planned,
        # so that a loop that was blocked does not send everything that is overdue at once.
        with self._lock:
            now = ticket.looks_at = self._limit.clock()
            position = self._position(ticket)
            self._check_day(now)
            wait = self._pace.slot(now, position) - now
            slack = self._pace.slack(now)
            if position == 0 and wait <= TOLERANCE:
                del self._queue[0]
                self._pace.take(now)
                if self._limit.per_day is not None:
                    self._sent_today.append(now)
                return 0.0
            if position > 0:
                wait = max(wait, slack / 20)
            # Not longer than the burst makes up for: those before it may leave meanwhile.
            wait = min(wait, max(slack, LOOK_COST * len(self._queue)))
            ticket.looks_at = now + wait
            return wait

    def _position(self, ticket: _Ticket) -> int:
        while self._left:
            gone = self._left.pop()
            index = self._index(gone)
            if self._queue[index : index + 1] == [gone]:
                del self._queue[index]
        index = self._index(ticket)
        if self._queue[index : index + 1] != [ticket]:
            self._queue.insert(index, ticket)
        if index == 0:
            self._late_since = None
            return 0
        self._pass_over_the_late(ticket)
        return self._index(ticket)

    def _pass_over_the_late(self, ticket: _Ticket) -> None:
        now = ticket.looks_at
        if self._queue[0].looks_at >= now:
            self._late_since = None
        elif self._late_since is None:
            self._late_since = now
        elif now - self._late_since > PATIENCE:
            # They are back in front as soon as they look again.
            while self._queue[0] is not ticket and self._queue[0].looks_at <= self._late_since:
                del self._queue[0]
            self._late_since = None

    def _index(self, ticket: _Ticket) -> int:
        return bisect_left(self._queue, ticket.number, key=_number)

    def _check_day(self, now: float) -> None:
        sent, per_day = self._sent_today, self._limit.per_day
        while sent and sent[0] + DAY <= now:
            sent.popleft()
        if per_day is not None and len(sent) >= per_day:
            raise DailyLimitError(per_day, sent[len(sent) - per_day] + DAY - now)


@dataclass(slots=True, eq=False)
class _Ticket:
    number: int
    looks_at: float = 0.0


def _number(ticket: _Ticket) -> int:
    return ticket.number
