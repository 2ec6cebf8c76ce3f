"""PostgresStore: a store in a PostgreSQL database, which many accounts and workers can share."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from pydantic import ValidationError

from partnercentral_list.config import check_kind
from partnercentral_list.errors import ConfigurationError, StoreError
from partnercentral_list.models import OpportunitySummary
from partnercentral_list.sync._leases import LOST, busy_error, is_dead
from partnercentral_list.sync.postgres import _statements as statements
from partnercentral_list.sync.postgres._schema import check_version, migrate
from partnercentral_list.sync.reports import RecordedChange
from partnercentral_list.sync.store import (
    SyncBatch,
    SyncState,
    check_history,
    check_moment,
)

if TYPE_CHECKING:
    from psycopg_pool import AsyncConnectionPool

    from partnercentral_list.sync.postgres._connection import PostgresConnection, Transaction

# PostgreSQL cuts longer names, in bytes.
_MAX_NAME_BYTES: Final = 63
_TIMEOUT: Final = timedelta(minutes=1)
# Changes that are in memory at a time.
_CHANGES_PER_QUERY: Final = 500

_DAMAGED: Final = (
    "A row is damaged, or another program changed it. Restore the database; or drop the schema, "
    "set it up again and run, which reads everything anew."
)
# In JSON, an escape of U+0000 is preceded by an even number of backslashes.
_NUL: Final = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")
# jsonb writes such a number out: 1e22 becomes an integer, which Python does not round as a float. A
# text may look like one, and is then stored twice.
_EXPONENT: Final = re.compile(r"[:,\[]-?\d[\d.]*[eE][+-]?\d")


class PostgresStore:
    """Holds a replica in a schema of a PostgreSQL database, and commits each page in a transaction.

    The table ``opportunities`` has a column for each scalar field, named by its path in
    snake_case, and the whole record as ``jsonb``; the view ``spend`` has a row for each expected
    spend, the table ``invalid`` one for each invalid record, ``gone`` one for each opportunity that
    AWS no longer has, ``changes`` one for each change, if there is a ``history``. They are those of
    `SQLiteStore`, with PostgreSQL's types. Accounts share the tables, and may share the pool.

    Call `setup` once, as a role that may create tables; nothing else changes the schema. Leases
    expire by the server's clock. Statements are not prepared, so PgBouncer may pool transactions.
    The database holds customers' names: restrict who may read it.

    Use it in ``async with``, or call `aclose` at the end. It belongs to the event loop that first
    used it. PostgreSQL 13 or newer, with the encoding UTF8.

    Args:
        pool: A pool that the program opened, and closes itself. `from_conn_string` has its own.
        account: The name of the replica in the schema: printable characters.
        schema: The schema of the tables, which no other program uses: letters, digits and
            underscores, at most 63 bytes.
        history: How long changes are kept for `changes_since`; None records none. Each change takes
            about as much room as its opportunity, twice.
        timeout: How long a transaction may take, waiting for a connection and for locks included.

    Raises:
        ConfigurationError: An argument is of the wrong type or out of its bounds, or cannot be a
            name; or psycopg is not installed.
    """

    def __init__(
        self,
        pool: AsyncConnectionPool[Any],
        *,
        account: str = "default",
        schema: str = "partner_central",
        history: timedelta | None = None,
        timeout: timedelta = _TIMEOUT,
    ) -> None:
        check_kind("pool", pool, _psycopg().psycopg_pool.AsyncConnectionPool)
        self._set_up(pool, "", account, schema, history, timeout)

    @classmethod
    def from_conn_string(
        cls,
        conn_string: str,
        *,
        account: str = "default",
        schema: str = "partner_central",
        history: timedelta | None = None,
        timeout: timedelta = _TIMEOUT,
    ) -> Self:
        """Return a store with a pool of its own, of at most two connections.

        Args:
            conn_string: ``postgresql://user@host:5432/database``, or any other connection string
                of libpq; its environment variables and ``~/.pgpass`` count, too.
            account: As in the class.
            schema: As in the class.
            history: As in the class.
            timeout: As in the class.

        Raises:
            ConfigurationError: As with the class; or ``conn_string`` cannot be parsed.
        """
        check_kind("conn_string", conn_string, str)
        store = cls.__new__(cls)
        checked: str = _psycopg().check_conn_string(conn_string)
        store._set_up(None, checked, account, schema, history, timeout)
        return store

    def _set_up(
        self,
        pool: AsyncConnectionPool[Any] | None,
        conn_string: str,
        account: str,
        schema: str,
        history: timedelta | None,
        timeout: timedelta,
    ) -> None:
        check_kind("account", account, str)
        check_kind("schema", schema, str)
        check_kind("timeout", timeout, timedelta)
        check_history(history)
        if not account or not account.isprintable():
            raise ConfigurationError("account must be a name of printable characters.")
        if not schema.isidentifier() or len(schema.encode()) > _MAX_NAME_BYTES:
            raise ConfigurationError(
                "schema must be a name of letters, digits and underscores, at most 63 bytes long."
            )
        if schema.startswith("pg_") or schema == "information_schema":
            raise ConfigurationError(f"schema must not be PostgreSQL's own {schema!r}.")
        if timeout <= timedelta(0):
            raise ConfigurationError("timeout must be longer than 0.")
        seconds = timeout.total_seconds()
        self._connection: PostgresConnection = _psycopg().PostgresConnection(
            pool, conn_string, schema, seconds
        )
        self._account = account
        self._history = history
        self._schema = schema

    def __repr__(self) -> str:
        return f"PostgresStore(account={self._account!r}, schema={self._schema!r})"

    async def __aenter__(self) -> Self:
        try:
            await self._connection.open()
        except BaseException:
            await self.aclose()
            raise
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the store, and its own pool; a pool of the program stays open."""
        await self._connection.aclose()

    async def setup(self) -> None:
        """Create the schema and its tables, or bring those of an older release to this one.

        It is safe to call at each start, from any number of processes: an advisory lock lets one
        of them work, in one transaction. Nothing that is stored is lost.

        Raises:
            StoreError: The role may not create tables; the schema has tables of another program or
                is of a newer release; or the database's encoding is not UTF8. Nothing was changed.
        """
        await self._connection.run_transaction(lambda db: migrate(db, self._schema))

    async def acquire_lease(self, owner: str, catalog: str, lease: timedelta) -> SyncState:
        """Acquire the lease, and return the state.

        The lease of a process of this machine that has ended does not count.
        """
        values = {"account": self._account, "catalog": catalog, "owner": owner, "lease": lease}

        async def acquire(db: Transaction) -> SyncState:
            await check_version(db, self._schema)
            rows = await db.fetch(statements.ACQUIRE, {**values, "dead": None})
            if not rows:
                holders = await self._texts(db, "SELECT lease_owner FROM {schema}.accounts")
                holder = next(iter(holders))
                if is_dead(holder):
                    rows = await db.fetch(statements.ACQUIRE, {**values, "dead": holder})
                if not rows:
                    raise busy_error(holder)
            ((stored_catalog, watermark),) = rows
            if self._history is not None:
                await db.execute(statements.PRUNE, (self._account, self._history))
            # Not in the statement above, which may have waited for the last commit of another run
            # and does not see what that wrote to other tables.
            return SyncState(
                stored_catalog,
                None if watermark is None else watermark.replace(tzinfo=UTC),
                await self._texts(db, "SELECT id FROM {schema}.pending"),
                await self._texts(db, "SELECT key FROM {schema}.invalid"),
                await self._texts(db, "SELECT id FROM {schema}.gone"),
            )

        return await self._connection.run_transaction(acquire)

    async def _texts(self, db: Transaction, query: str) -> frozenset[str]:
        rows = await db.fetch(f"{query} WHERE account = %s", (self._account,))
        return frozenset(text for (text,) in rows)

    async def get(self, identifiers: Sequence[str]) -> Mapping[str, OpportunitySummary]:
        """Return those of the opportunities that are stored."""
        query: Final = (
            "SELECT id, coalesce(record_text, record::text) FROM {schema}.opportunities "
            "WHERE account = %s AND id = ANY(%s)"
        )
        values = (self._account, list(identifiers))
        rows = await self._connection.run_transaction(lambda db: db.fetch(query, values))
        return {identifier: _from_row(identifier, record) for identifier, record in rows}

    async def identifiers(self) -> Sequence[str]:
        """Return the identifiers of all stored opportunities."""
        query: Final = "SELECT id FROM {schema}.opportunities"
        return list(await self._connection.run_transaction(lambda db: self._texts(db, query)))

    async def commit(self, owner: str, batch: SyncBatch, lease: timedelta) -> None:
        """Write a batch and renew the lease, in one transaction."""

        async def commit(db: Transaction) -> None:
            # First, because it locks the row: another run waits with acquiring the lease.
            values = (lease, batch.watermark, self._account, owner)
            renewed = await db.fetch(statements.RENEW, values)
            if not renewed:
                raise StoreError(LOST, retryable=True)
            if batch.records:
                records, exact = _to_json(batch.records)
                written = {"account": self._account, "records": records, "exact": exact}
                if self._history is not None:
                    await db.execute(statements.RECORD_CHANGES, written)
                await db.execute(statements.UPSERT, written)
                if renewed == [(True,)]:
                    identifiers = [record.id for record in batch.records]
                    await db.execute(statements.COME_BACK, (self._account, identifiers))
            if batch.gone:
                gone = (self._account, list(batch.gone))
                if self._history is not None:
                    await db.execute(statements.RECORD_GONE, gone)
                await db.execute(statements.MOVE_GONE, gone)
            invalid = [(one.key, one.id, one.reason, one.raw) for one in batch.invalid]
            for statement, columns in (
                (statements.DELETE_INVALID, [batch.remove_invalid]),
                (statements.UPSERT_INVALID, list(zip(*invalid, strict=True))),
                (statements.INSERT_PENDING, [batch.add_pending]),
                (statements.DELETE_PENDING, [batch.remove_pending]),
            ):
                if any(columns):
                    await db.execute(statement, (self._account, *map(list, columns)))

        await self._connection.run_transaction(commit)

    async def changes_since(self, moment: datetime) -> AsyncGenerator[RecordedChange, None]:
        """Yield the recorded changes that were seen at or after a moment, in their order.

        There are only those that a store with a ``history`` recorded. Of a first run, each
        opportunity is ``"created"``.

        Raises:
            ConfigurationError: The moment has no time zone.
            StoreError: The database cannot be used.
        """
        check_moment(moment)
        start = 0

        async def fetch(db: Transaction) -> list[tuple[Any, ...]]:
            values = (self._account, moment, start, _CHANGES_PER_QUERY)
            return await db.fetch(statements.CHANGES, values)

        while rows := await self._connection.run_transaction(fetch):
            for start, identifier, kind, seen_at, before, after in rows:  # noqa: B007 # read by fetch
                yield RecordedChange(
                    identifier,
                    kind,
                    seen_at.replace(tzinfo=UTC),
                    None if before is None else _from_row(identifier, before),
                    None if after is None else _from_row(identifier, after),
                )

    async def release_lease(self, owner: str) -> None:
        """Release the lease."""
        statement: Final = (
            "UPDATE {schema}.accounts SET lease_owner = NULL, lease_until = NULL "
            "WHERE account = %s AND lease_owner = %s"
        )
        values = (self._account, owner)
        await self._connection.run_transaction(lambda db: db.execute(statement, values))


def _to_json(records: Sequence[OpportunitySummary]) -> tuple[str, str]:
    """Return an array of the wire forms, and an object of those that ``jsonb`` does not keep.

    PostgreSQL stores no U+0000: the array has U+FFFD in its place. The object has the exact wire
    form, as text, by identifier.
    """
    stored: list[str] = []
    exact: dict[str, str] = {}
    for record in records:
        wire = record.model_dump_json(by_alias=True, exclude_none=True)
        kept = _NUL.sub("\\1\ufffd", wire) if "\\u0000" in wire else wire
        stored.append(kept)
        if kept != wire or _EXPONENT.search(wire):
            exact[record.id] = wire
    return f"[{','.join(stored)}]", json.dumps(exact)


def _from_row(identifier: str, wire: str) -> OpportunitySummary:
    """Parse the wire form of the opportunity with an identifier; all else is a StoreError."""
    with suppress(ValidationError):
        record = OpportunitySummary.model_validate_json(wire, by_alias=True, by_name=False)
        if record.id == identifier:
            return record
    raise StoreError(_DAMAGED)


def _psycopg() -> ModuleType:
    try:
        from partnercentral_list.sync.postgres import _connection
    except ImportError as error:
        raise ConfigurationError(
            "psycopg or psycopg_pool is not installed: pip install 'partnercentral_list[postgres]'"
        ) from error
    return _connection
