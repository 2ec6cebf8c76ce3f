"""More records created within a second or two than a page holds: walked by token, to its end."""

from __future__ import annotations

from collections.abc import Mapping

from partnercentral_list._pagination.scan_window import (
    ASCENDING,
    ONE_SECOND,
    REACH,
    Chain,
    Query,
    View,
)
from partnercentral_list.models.request import PAGE_SIZE


class Tie:
    """A walk over one second, which no bound on the creation date can divide.

    Args:
        query: What the scan asks for.
        chain: The query that met the second.
        view: The page with which it met the second.
        direction: That query's.
        second: The second.
    """

    def __init__(self, query: Query, chain: Chain, view: View, direction: int, second: int) -> None:
        self._query = query
        self._second = second
        self.direction = direction
        """The order that its pages are in."""
        self.is_busy = False
        self.is_done = False
        # Where one pass is enough, and of full pages, it goes on; else it begins with the second.
        self._goes_on = not query.can_lose_records and query.page_size == PAGE_SIZE.maximum
        self._chain = chain
        if self._goes_on:
            chain.records = query.tied_records(ONE_SECOND)
            chain.records.receive(view.versions, view.token)
        else:
            self._begin()

    def _begin(self) -> None:
        self._goes_on = False
        self.direction = ASCENDING
        self._chain = self._query.around(self._second)

    def request(self) -> Mapping[str, object]:
        """Give the parameters of the page that is next."""
        return self._chain.request()

    def received(self, view: View) -> None:
        """Take in a page.

        Raises:
            PaginationError: The tied records cannot be read completely.
        """
        records = self._chain.records
        is_end = view.token is None or (self._goes_on and self._is_past(view))
        records.receive(view.versions, None if is_end else view.token)
        if records.complete_pass is not None:
            self.is_done = True
        elif is_end and self._goes_on:
            self._begin()

    def restart(self) -> None:
        """Begin again: AWS refused a token."""
        self._chain.records.restart()

    def _is_past(self, view: View) -> bool:
        if not view.seconds or view.ends_undated:
            return False
        return self.direction * (view.seconds[-1] - self._second) >= REACH
