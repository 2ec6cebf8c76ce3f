"""More records created within a second or two than a page holds: walked by token, to its end."""

from __future__ import annotations

from collections.abc import Mapping

from partnercentral_list._pagination.scan_window import ASCENDING, Chain, Query, View
from partnercentral_list.errors import PaginationError

#: How far behind the second in question a walk goes, and the side that met it goes on.
REACH = 2
MAX_PASSES = 5


class Passes:
    """Walks by token over the same records, until one proves that nothing left during it.

    Tokens may be positions: where a record leaves what the filters match, those behind it move up,
    and one moves to a page that was read already. A pass that holds all of the pass before as it
    was, date of the last change included, shows that none of that one left meanwhile: what leaves,
    comes back and leaves again is in both passes, but was edited. Where AWS orders equal records
    anew for each page, one comes twice for each that is missed.

    Args:
        what: What is walked, as the error says it.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._number = 0
        self._versions: set[tuple[str, object]] = set()
        self._last: set[tuple[str, object]] | None = None

    def take(self, view: View) -> None:
        """Take in a page of the pass under way."""
        self._versions |= view.versions

    def restart(self) -> None:
        """Forget the pass under way: it begins again."""
        self._versions = set()

    def end(self, *, has_repeats: bool) -> bool:
        """Tell whether the pass that has ended proves it; if not, the next one begins.

        Args:
            has_repeats: Whether a record came twice in it.

        Raises:
            PaginationError: It was the last one.
        """
        self._number += 1
        if not has_repeats and self._last is not None and self._last <= self._versions:
            return True
        if self._number == MAX_PASSES:
            raise PaginationError(
                f"{self._what}, and in each of {MAX_PASSES} passes over them some were edited, "
                f"or AWS gave them in another order: the scan cannot tell that it "
                f"missed none. Scan without the filters that edits change, if there are any, and "
                f"filter what comes.",
                operation="ListOpportunities",
                retryable=True,
            )
        self._last, self._versions = self._versions, set()
        return False


class Tie:
    """A walk over one second, which no bound on the creation date can divide.

    Where records may leave meanwhile, or one came twice, `Passes` over it follow.

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
        self._passes: Passes | None = None
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
        self._chain.received(view.keys)
        has_repeats = self._chain.has_repeats
        if self._passes is not None:
            self._passes.take(view)
        if view.token is not None and not self._is_past(view):
            self._chain.advance(view.token)
        elif self._passes is None and (self._query.is_mutable or has_repeats):
            self._passes = Passes("More opportunities than a page holds were created in a second")
            self._start_pass()
        elif self._passes is None or self._passes.end(has_repeats=has_repeats):
            self.is_done = True
        else:
            self._start_pass()

    def restart(self) -> None:
        """Begin again: AWS refused a token."""
        self._chain.restart()
        if self._passes is not None:
            self._passes.restart()

    def _is_past(self, view: View) -> bool:
        if self._passes is not None or not view.seconds or view.ends_undated:
            return False
        return self._direction * (view.seconds[-1] - self._second) >= REACH

    def _start_pass(self) -> None:
        self._direction = ASCENDING
        self._chain = self._query.within(ASCENDING, self._second - REACH, self._second + REACH)
