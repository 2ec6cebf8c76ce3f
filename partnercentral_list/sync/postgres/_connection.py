"""Transactions on a pool of PostgreSQL connections, and the meaning of PostgreSQL's errors.

The only module that imports psycopg, which is in the extra ``postgres``.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, TypeAlias, TypeVar

import psycopg
import psycopg_pool
from psycopg import AsyncCursor
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import tuple_row
from pydantic_core import PydanticSerializationError

from partnercentral_list.errors import ConfigurationError, StoreError

ResultT = TypeVar("ResultT")
Pool: TypeAlias = psycopg_pool.AsyncConnectionPool[Any]
Values: TypeAlias = Sequence[object] | Mapping[str, object]

# A store uses one connection at a time; a second one is for a program that reads meanwhile.
_MAX_CONNECTIONS: Final = 2
# Where a connection string, and the environment that libpq reads, leave it open.
_DEFAULTS: Final = {
    "application_name": os.environ.get("PGAPPNAME", "partnercentral_list"),
    "connect_timeout": os.environ.get("PGCONNECT_TIMEOUT", "10"),
    # A server that vanished is noticed within a minute, not after two hours.
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
}

_KEPT: Final = "What was committed before is kept."
_AGAIN: Final = "Run again."
_REFUSED: Final = "The server refuses this user. Check the user, the password and pg_hba.conf."
_NO_SCHEMA: Final = (
    "The schema is not set up, or was changed. Call `await store.setup()` once, as a role that may "
    "create tables."
)
_LOST: Final = f"The connection to the server was lost. {_AGAIN}"
_MESSAGES: Final = {
    "28": _REFUSED,
    "3D000": "The server has no such database. Create it first.",
    "3F000": _NO_SCHEMA,
    "42P01": _NO_SCHEMA,
    "42703": _NO_SCHEMA,
    "42501": "The role lacks a right. It needs USAGE on the schema, SELECT, INSERT, UPDATE and "
    "DELETE on its tables; setup() needs the right to create them.",
    "25006": "The server or the session is read-only. Connect to the primary server.",
    "53100": "The server's disk is full. Make room and run again.",
    "53200": "The server is out of memory.",
    "54": "A record is larger or deeper than PostgreSQL can store.",
    "22": "A text cannot be stored in this database.",
}
_RETRYABLE_MESSAGES: Final = {
    "08": _LOST,
    "57P": f"The server was stopped or is starting. {_AGAIN}",
    "57014": f"A timeout of the server or its administrator ended the statement. {_AGAIN}",
    "55P03": f"Another program has locked the tables for too long. {_AGAIN}",
    "40": f"Another transaction was in the way. {_AGAIN}",
    "53300": "The server has no free connection. Run again later, or share a pool.",
}


def check_conn_string(conn_string: str) -> str:
    """Return a connection string with this library's defaults.

    Raises:
        ConfigurationError: libpq cannot parse it.
    """
    with suppress(psycopg.Error, UnicodeError, ValueError):
        given = conninfo_to_dict(conn_string)
        settings = {**_DEFAULTS, **given}
        # A piece of a password that is not percent-encoded is taken for one of these, and shown.
        is_cut = any("@" in str(given.get(name, "")) for name in ("host", "dbname"))
        numbers = [str(given.get("port") or 0), str(settings["connect_timeout"])]
        if not is_cut and all(int(number) >= 0 for text in numbers for number in text.split(",")):
            missing = {name: value for name, value in _DEFAULTS.items() if name not in given}
            # Texts of every script are sent, whatever the encoding of the environment.
            return make_conninfo(conn_string, **missing, client_encoding="utf8")
    # Outside of the handler: the exception may show the password.
    raise ConfigurationError(
        "conn_string must be a connection string of PostgreSQL: "
        "'postgresql://user@host:5432/database', or 'host=… dbname=… user=…'. In the first form, "
        "percent-encode what is not a letter or a digit in the password."
    )


class Transaction:
    """A transaction; in its statements, ``{schema}`` is the schema of the store."""

    def __init__(self, cursor: AsyncCursor[tuple[Any, ...]], schema: str) -> None:
        self._cursor = cursor
        self._schema = schema

    async def execute(self, statement: str, values: Values | None = None) -> int:
        """Execute a statement, and return the number of rows that it wrote or found."""
        # An identifier of Python needs no escapes; quoted, it may be a keyword of SQL.
        text = statement.format(schema=f'"{self._schema}"')
        # Not prepared: behind a pooler, the next statement may be on another connection.
        await self._cursor.execute(text.encode(), values, prepare=False)
        return self._cursor.rowcount

    async def fetch(self, query: str, values: Values | None = None) -> list[tuple[Any, ...]]:
        """Execute a query, and return its rows."""
        await self.execute(query, values)
        return await self._cursor.fetchall()


Action: TypeAlias = Callable[[Transaction], Awaitable[ResultT]]


class PostgresConnection:
    """Runs transactions on connections of a pool, which it opens if it is its own."""

    def __init__(
        self, pool: Pool | None, conn_string: str, schema: str, timeout_seconds: float
    ) -> None:
        self._pool = pool
        self._schema = schema
        self._timeout_seconds = timeout_seconds
        self._conn_string = conn_string
        self._opening = asyncio.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_closed = False

    async def open(self) -> None:
        """Open the own pool, after one connection has shown that the server lets this user in."""
        await self._translated(self._open_pool)

    async def _open_pool(self) -> Pool:
        self._check_usable()
        async with self._opening:
            if self._pool is None:
                self._pool = await self._new_pool()
            return self._pool

    async def _new_pool(self) -> Pool:
        # A pool tries on in the background, and only says that it got no connection.
        failure: StoreError | None = None
        try:
            connection = await psycopg.AsyncConnection.connect(self._conn_string)
            await connection.close()
        except psycopg.OperationalError as error:
            failure = _connect_error(error)
        if failure is not None:
            raise failure
        pool: Pool = psycopg_pool.AsyncConnectionPool(
            self._conn_string,
            min_size=0,
            max_size=_MAX_CONNECTIONS,
            open=False,
            # 0 is no limit to libpq; the transaction's own limit counts.
            timeout=int(conninfo_to_dict(self._conn_string)["connect_timeout"] or 0)
            or self._timeout_seconds,
            check=psycopg_pool.AsyncConnectionPool.check_connection,
            name="partnercentral_list",
        )
        await pool.open()
        return pool

    async def aclose(self) -> None:
        """Close the own pool; a second time does nothing."""
        self._is_closed = True
        pool, self._pool = self._pool, None
        if pool is not None and self._conn_string:
            await pool.close()

    async def run_transaction(self, action: Action[ResultT]) -> ResultT:
        """Run an action in a transaction; what it wrote is committed when this returns.

        It runs a second time if the connection was lost: the action must be repeatable.

        Raises:
            StoreError: The database cannot be used; nothing was written.
        """

        async def run() -> ResultT:
            pool = await self._open_pool()
            try:
                return await self._run(pool, action)
            except psycopg.OperationalError as error:
                if not _is_lost(error):
                    raise
            # The server was restarted: replace all idle connections, and not this one alone. The
            # check holds them all; cancelled half-way, it would lose them.
            await asyncio.shield(pool.check())
            return await self._run(pool, action)

        return await self._translated(run)

    async def _run(self, pool: Pool, action: Action[ResultT]) -> ResultT:
        async with (
            pool.connection() as connection,
            connection.transaction(),
            connection.cursor(row_factory=tuple_row) as cursor,
        ):
            return await action(Transaction(cursor, self._schema))

    def _check_usable(self) -> None:
        if self._is_closed:
            raise StoreError("The store is closed. Make a new one.")
        loop = asyncio.get_running_loop()
        if self._loop not in (None, loop):
            raise StoreError(
                "The store was opened in another event loop, or before this process was forked. "
                "Make a new PostgresStore, and a pool, in each event loop."
            )
        self._loop = loop

    async def _translated(self, run: Callable[[], Awaitable[ResultT]]) -> ResultT:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                return await run()
        except StoreError:
            raise
        except Exception as error:
            failure = store_error(error)
        # Outside of the handler: PostgreSQL's exceptions show values.
        raise failure


def _is_lost(error: psycopg.Error) -> bool:
    if isinstance(
        error,
        (psycopg_pool.PoolTimeout, psycopg_pool.PoolClosed, psycopg_pool.TooManyRequests),
    ):
        return False
    return error.sqlstate is None or error.sqlstate.startswith(("08", "57P"))


def _connect_error(error: psycopg.OperationalError) -> StoreError:
    # libpq has no code for it. Its text names the server, the user and the database only.
    reason = " ".join(str(error).split())
    is_refusal = "FATAL" in reason and not re.search("starting up|shutting down|too many", reason)
    return StoreError(
        f"The server cannot be used: {reason}. Check the connection string.",
        retryable=not is_refusal,
    )


def store_error(error: Exception) -> StoreError:
    """Return the error of the library for an exception that psycopg or its pool raised."""
    if isinstance(error, (UnicodeEncodeError, PydanticSerializationError)):
        return StoreError(f"A text with half a surrogate pair cannot be stored. {_KEPT}")
    if isinstance(error, TimeoutError):
        return StoreError(
            f"The database did not finish in time, and the transaction was rolled back. {_AGAIN} "
            f"{_KEPT}",
            retryable=True,
        )
    if isinstance(error, (psycopg_pool.PoolTimeout, psycopg_pool.TooManyRequests)):
        return StoreError(
            "The pool has no connection: the server cannot be reached, or all its connections are "
            f"in use. {_AGAIN} {_KEPT}",
            retryable=True,
        )
    if isinstance(error, psycopg_pool.PoolClosed):
        return StoreError("The pool is closed, or was not opened. Open it before the store.")
    state = getattr(error, "sqlstate", None)
    if state is None:
        if isinstance(error, psycopg.OperationalError):
            return StoreError(f"{_LOST} {_KEPT}", retryable=True)
        return StoreError(f"The database cannot be used ({type(error).__name__}). {_KEPT}")
    for messages in (_RETRYABLE_MESSAGES, _MESSAGES):
        for prefix, message in messages.items():
            if state.startswith(prefix):
                is_retryable = messages is _RETRYABLE_MESSAGES
                text = f"{message} {_KEPT} (SQLSTATE {state})"
                return StoreError(text, retryable=is_retryable)
    name = type(error).__name__
    return StoreError(f"PostgreSQL refused a statement: {name}. {_KEPT} (SQLSTATE {state})")
