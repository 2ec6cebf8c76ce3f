"""Read tied records: records with equal sort keys, more of them than a page holds.

No bound on the sort key divides them, so only page tokens lead through them. A token may be a
position in what matches at the moment. A record is then missed where one before it leaves, which
moves it up to a page that was read already, or where the service orders equal records anew for
each page. So tied records are read in passes, each from the first page to the last, until one of
them is proven complete:

- A pass whose records all came in one response is complete: nothing happens within a response.
- A pass in which a record came twice proves nothing: it has taken the place of another one.
- Where records cannot leave, a pass without a repeated record is complete.
- Where they can, such a pass is complete if the next one has each of its records in the same
  version: none of them left meanwhile. One that left and came back was edited.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from partnercentral_list.errors import PaginationError

MAX_PASSES: Final = 5
MAX_RESTARTS: Final = 5


class TiedRecords:
    """The progress of reading tied records, and the proof that it is complete.

    Fetch the page of `token` with a fixed query, pass it to `receive`, and repeat until
    `complete_pass` is set. This class sends nothing itself.

    Args:
        description: What is read, as the subject of an error message: "More opportunities than a
            page holds have one creation date".
        advice: What to do about the error, as a sentence.
        can_leave: Whether a record can cease to match the query, or change its sort key.
    """

    def __init__(self, description: str, advice: str, *, can_leave: bool) -> None:
        self._description = description
        self._advice = advice
        self._can_leave = can_leave
        self._passes = 0
        self._restarts = 0
        self._previous: dict[str, object] | None = None
        self.complete_pass: int | None = None
        """The number of the pass that is proven complete, from 1; None if no pass is yet."""
        self._start_pass()

    def _start_pass(self) -> None:
        self.token: str | None = None
        """The token of the page to fetch next; None for the first page of a pass."""
        self._records: dict[str, object] = {}
        self._has_repeats = False
        self._spans_pages = False
        self._tokens: set[str] = set()

    def receive(self, records: Mapping[str, object], token: str | None) -> None:
        """Process the page that was fetched.

        Args:
            records: The tied records of the page: of each its identifier, and its version, which
                is what an edit changes.
            token: The token of the next page with tied records; None ends the pass.

        Raises:
            PaginationError: This was the last pass and proves nothing, or a token was repeated too
                often.
        """
        self._has_repeats = self._has_repeats or not self._records.keys().isdisjoint(records)
        self._records |= records
        if token is None:
            self._end_pass()
        elif token in self._tokens:
            self.restart()
        else:
            self._spans_pages = self._spans_pages or bool(records)
            self._tokens.add(token)
            self.token = token

    def restart(self) -> None:
        """Begin the pass again, because its token was refused or repeated.

        Raises:
            PaginationError: It has begun again `MAX_RESTARTS` times before.
        """
        self._restarts += 1
        if self._restarts > MAX_RESTARTS:
            raise self._error(
                "AWS refuses or repeats the page tokens that lead through them, again and again"
            )
        self._start_pass()

    def _end_pass(self) -> None:
        self._passes += 1
        self.complete_pass = self._proven_pass()
        if self.complete_pass is None and self._passes == MAX_PASSES:
            raise self._error(
                f"in {MAX_PASSES} passes over them some were edited, or AWS returned them in "
                "another order, so that some may have been missed"
            )
        self._previous = None if self._has_repeats else self._records
        self._start_pass()

    def _proven_pass(self) -> int | None:
        if not self._spans_pages:
            return self._passes
        if not self._can_leave and not self._has_repeats:
            return self._passes
        if self._previous is not None and self._previous.items() <= self._records.items():
            return self._passes - 1
        return None

    def _error(self, problem: str) -> PaginationError:
        return PaginationError(
            f"{self._description}, and {problem}. {self._advice}",
            operation="ListOpportunities",
            retryable=True,
        )
