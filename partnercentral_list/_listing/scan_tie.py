"""More records created within a second or two than a page holds: walked by token, to its end."""

from __future__ import annotations

from collections.abc import Mapping

from partnercentral_list._listing.scan_window import ASCENDING, Chain, Query, View
from partnercentral_list.errors import PaginationError

#: How far behind the second in question a walk goes, and the side that met it goes on.
REACH = 2
MAX_PASSES = 5


class Tie:
    """A walk over one second, which no bound on the creation date can divide.

    While it is walked, records may leave what the filters match, and the pages behind them move
    up: something is missed. If that can be, the second is walked again, until a pass holds all
    of the pass before: then none left during that one.

    Args:
        query: What the scan asks for.
        chain: The query that met the second, to be followed on.
        direction: That query's.
        second: The second.
    """

    def __init__(self, query: Query, chain: Chain, direction: int, second: int) -> None:
        self._query = query
        self._chain = chain
        self._direction = direction
        self._second = second
        self._is_verifying = False
        self._passes = 0
        self._keys: set[str] = set()
        self._last_pass: set[str] | None = None
        self.is_busy = False
        self.is_done = False

    @property
    def direction(self) -> int:
        """The order that its pages are in."""
        return self._direction

    def request(self) -> Mapping[str, object]:
        """Give the parameters of the page that is next."""
        return self._chain.request()

    def received(self, view: View) -> None:
        """Take in a page.

        Raises:
            PaginationError: A token was repeated, or no pass was like the one before.
        """
        self._keys |= view.keys
        if view.token is not None and not self._is_past(view):
            self._chain.advance(view.token)
        elif self._is_verifying:
            self._end_of_pass()
        elif self._query.is_mutable:
            self._start_pass()
        else:
            self.is_done = True

    def restart(self) -> None:
        """Begin again: AWS refused a token."""
        self._chain.restart()
        self._keys.clear()

    def _is_past(self, view: View) -> bool:
        if self._is_verifying or not view.seconds or view.ends_undated:
            return False
        return self._direction * (view.seconds[-1] - self._second) >= REACH

    def _start_pass(self) -> None:
        self._is_verifying = True
        self._direction = ASCENDING
        self._keys = set()
        self._chain = self._query.within(ASCENDING, self._second - REACH, self._second + REACH)

    def _end_of_pass(self) -> None:
        self._passes += 1
        if self._last_pass is not None and self._last_pass <= self._keys:
            self.is_done = True
        elif self._passes == MAX_PASSES:
            raise PaginationError(
                f"More opportunities than a page holds were created within a second, and some of "
                f"them left what the filters match in each of {MAX_PASSES} passes over them: the "
                f"scan cannot tell that it missed none. Scan without the filters that edits "
                f"change, and filter what comes.",
                operation="ListOpportunities",
                retryable=True,
            )
        else:
            self._last_pass = self._keys
            self._start_pass()
