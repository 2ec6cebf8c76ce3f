"""How an answer is written: at its end and as a whole, or page by page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias

from partnercentral_list.cli._json import write_indented_json
from partnercentral_list.cli._terminal import Output

Query: TypeAlias = Callable[[Any], Any]
"""What an answer is put through; gives it back as it is where there is no ``--query``."""

SUMMARIES = "OpportunitySummaries"
TOKEN = "NextToken"  # noqa: S105 # the name of a member, no secret


class Writer(Protocol):
    """Writes a listing in one form.

    Attributes:
        shows_pages: Whether the size of a page can be seen in what is written.
        shows_token: Whether the place to go on is a part of what is written.
    """

    shows_pages: bool
    shows_token: bool

    def page(self, records: list[Any], token: str | None) -> None:
        """Take a page: its records, and AWS's token of the next one."""
        ...

    def end(self, token: str | None) -> None:
        """Take the end of the listing, and the resume token if it was cut."""
        ...

    def whole(self, answer: dict[str, Any]) -> None:
        """Write an answer that is one page, as AWS gave it."""
        ...


class AtTheEnd:
    """Collects the records and writes one answer: JSON, YAML, a table."""

    shows_pages = False
    shows_token = True

    def __init__(self, query: Query, write: Callable[[Any], None]) -> None:
        self._query = query
        self._write = write
        self._records: list[Any] = []

    def page(self, records: list[Any], token: str | None) -> None:
        """Keep the records."""
        self._records += records

    def end(self, token: str | None) -> None:
        """Write all that was kept."""
        self.whole(answer_of(self._records, token))

    def whole(self, answer: dict[str, Any]) -> None:
        """Write an answer."""
        self._write(self._query(answer))


class AsText:
    """Writes tab-separated lines, page by page."""

    shows_pages = True
    shows_token = True

    def __init__(self, query: Query, stream: Output) -> None:
        self._query = query
        self._stream = stream

    def page(self, records: list[Any], token: str | None) -> None:
        """Write the page's records."""
        self.whole({SUMMARIES: records})

    def end(self, token: str | None) -> None:
        """Write where to go on; put through the query like a page, as the AWS CLI does."""
        if token is not None:
            self.whole({TOKEN: {TOKEN: token}})

    def whole(self, answer: dict[str, Any]) -> None:
        """Write an answer."""
        from partnercentral_list.cli._text import text_lines

        for line in text_lines(self._query(answer)):
            self._stream.write(line + "\n")
        self._stream.flush()


class AsYamlStream:
    """Writes YAML, page by page: each is an entry of one list."""

    shows_pages = True
    shows_token = True

    def __init__(self, query: Query, stream: Output) -> None:
        self._query = query
        self._stream = stream

    def page(self, records: list[Any], token: str | None) -> None:
        """Write the page."""
        self._write(self._query(answer_of(records, token)))

    def end(self, token: str | None) -> None:
        """Write nothing: every page has AWS's own token."""

    def whole(self, answer: dict[str, Any]) -> None:
        """Write an answer."""
        shown = self._query(answer)
        if shown != {}:
            self._write(shown)

    def _write(self, shown: Any) -> None:
        from partnercentral_list.cli._yaml import dump

        dump([shown], self._stream)
        self._stream.flush()


def answer_of(records: Sequence[Any], token: str | None) -> dict[str, Any]:
    """Put an answer together."""
    answer: dict[str, Any] = {SUMMARIES: records}
    if token is not None:
        answer[TOKEN] = token
    return answer


def write_json(value: Any, stream: Output) -> None:
    """Write a value as the AWS CLI does; an empty object is nothing to it."""
    if value != {}:
        write_indented_json(value, stream.write)
        stream.write("\n")
        stream.flush()


def write_yaml(value: Any, stream: Output) -> None:
    """Write a value as YAML; an empty object is nothing."""
    from partnercentral_list.cli._yaml import dump

    if value != {}:
        dump(value, stream)
        stream.flush()
