"""Parquet: opportunities in the columns of `partnercentral_list.frames`, in constant memory."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO, Final

from partnercentral_list import OpportunitySummary
from partnercentral_list.cli._errors import FAILED, CommandError, import_extra
from partnercentral_list.frames import PIECE_SIZE, AmountError, arrow_schema, to_arrow

#: A few megabytes in memory.
ROWS_PER_GROUP: Final = 10_000


class ParquetFile:
    """Writes a Parquet file to a stream, row group by row group.

    Until `finish` it has no footer, without which no reader takes it for a Parquet file.

    Raises:
        CommandError: pyarrow is not installed.
    """

    def __init__(self) -> None:
        self._arrow = import_extra("pyarrow", "--output parquet", "arrow")
        self._parquet = import_extra("pyarrow.parquet", "--output parquet", "arrow")
        self._sink = _Sink()
        self._writer: Any = None
        self._waiting: list[OpportunitySummary] = []
        self._tables: list[Any] = []
        self._rows = 0

    def add(self, opportunities: Sequence[OpportunitySummary], stream: BinaryIO) -> None:
        """Keep opportunities, and write a row group once there are enough for one.

        Raises:
            CommandError: An amount does not fit its column.
            OSError: The stream cannot be written.
        """
        self._waiting += opportunities
        if len(self._waiting) >= PIECE_SIZE:
            self._convert()
        if self._rows >= ROWS_PER_GROUP:
            self._write_group(stream)

    def finish(self, stream: BinaryIO) -> None:
        """Write what is left, and the footer.

        Raises:
            CommandError: An amount does not fit its column.
            OSError: The stream cannot be written.
        """
        self._convert()
        self._write_group(stream)
        with self._sink.sending_to(stream):
            self._writer.close()
        stream.flush()

    def _convert(self) -> None:
        waiting, self._waiting = self._waiting, []
        try:
            table = to_arrow(waiting)
        except AmountError as error:
            raise CommandError(
                f"--output parquet: an expected spend of opportunity {error.opportunity_id} has an "
                "amount of more than 31 digits before the point or more than 2 behind it. --output "
                "jsonl and csv print any amount.",
                FAILED,
            ) from None
        self._tables.append(table)
        self._rows += table.num_rows

    def _write_group(self, stream: BinaryIO) -> None:
        tables, self._tables, self._rows = self._tables, [], 0
        table = self._arrow.concat_tables(tables).unify_dictionaries()
        with self._sink.sending_to(stream):
            if self._writer is None:
                self._writer = self._parquet.ParquetWriter(self._sink, arrow_schema())
            if table.num_rows:
                self._writer.write_table(table)


class _Sink:
    """The stream as pyarrow sees it, which takes nothing but what is written in `sending_to`.

    pyarrow writes the footer also when a writer is garbage-collected after an error.
    """

    closed = False

    def __init__(self) -> None:
        self._stream: BinaryIO | None = None

    @contextmanager
    def sending_to(self, stream: BinaryIO) -> Generator[None]:
        """Pass on to the stream what is written within the block."""
        self._stream = stream
        try:
            yield
        finally:
            self._stream = None

    def write(self, data: Any) -> int:
        """Write some bytes."""
        if self._stream is not None:
            self._stream.write(data)
        return len(data)

    def flush(self) -> None:
        """Do nothing: the stream is flushed at the end."""

    def close(self) -> None:
        """Do nothing: the stream is not ours to close."""
