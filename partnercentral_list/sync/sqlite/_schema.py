"""The tables of the database, and their migration from one version to the next."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Final

from partnercentral_list.errors import StoreError

APPLICATION_ID: Final = 0x70636C73
"""Identifies the files of this library: "pcls" in ASCII."""

# A released version is never edited: a change of the tables is a new version.
_FIRST_COLUMNS: Final = (
    "catalog",
    "arn",
    "partner_opportunity_identifier",
    "opportunity_type",
    "last_modified_date",
    "created_date",
    "life_cycle_stage",
    "life_cycle_closed_lost_reason",
    "life_cycle_next_steps",
    "life_cycle_target_close_date",
    "life_cycle_review_status",
    "life_cycle_review_comments",
    "life_cycle_review_status_reason",
    "customer_account_industry",
    "customer_account_other_industry",
    "customer_account_company_name",
    "customer_account_website_url",
    "customer_account_address_city",
    "customer_account_address_postal_code",
    "customer_account_address_state_or_region",
    "customer_account_address_country_code",
    "project_expected_contract_duration_term",
    "project_expected_contract_duration_value",
)
_FIRST: Final = (
    """CREATE TABLE accounts (
        account TEXT PRIMARY KEY,
        catalog TEXT NOT NULL,
        watermark TEXT,
        lease_owner TEXT,
        lease_until REAL
    )""",
    f"""CREATE TABLE opportunities (
        account TEXT NOT NULL,
        id TEXT NOT NULL,
        {", ".join(f"{name} TEXT" for name in _FIRST_COLUMNS)},
        record TEXT NOT NULL,
        PRIMARY KEY (account, id)
    )""",
    "CREATE INDEX opportunities_by_date ON opportunities (account, last_modified_date)",
    """CREATE TABLE invalid (
        account TEXT NOT NULL,
        key TEXT NOT NULL,
        id TEXT,
        reason TEXT NOT NULL,
        raw TEXT NOT NULL,
        PRIMARY KEY (account, key)
    )""",
    """CREATE TABLE pending (
        account TEXT NOT NULL,
        id TEXT NOT NULL,
        PRIMARY KEY (account, id)
    )""",
    """CREATE VIEW spend AS SELECT
        opportunities.account,
        opportunities.id,
        entry.key AS position,
        json_extract(entry.value, '$.Amount') AS amount,
        json_extract(entry.value, '$.CurrencyCode') AS currency_code,
        json_extract(entry.value, '$.Frequency') AS frequency,
        json_extract(entry.value, '$.TargetCompany') AS target_company,
        json_extract(entry.value, '$.EstimationUrl') AS estimation_url
    FROM opportunities, json_each(record, '$.Project.ExpectedCustomerSpend') AS entry""",
)

_SECOND: Final = (
    """CREATE TABLE gone (
        account TEXT NOT NULL,
        id TEXT NOT NULL,
        gone_at TEXT NOT NULL,
        record TEXT NOT NULL,
        PRIMARY KEY (account, id)
    )""",
    """CREATE TABLE changes (
        number INTEGER PRIMARY KEY,
        account TEXT NOT NULL,
        id TEXT NOT NULL,
        kind TEXT NOT NULL,
        seen_at TEXT NOT NULL,
        before TEXT,
        after TEXT
    )""",
    "CREATE INDEX changes_by_date ON changes (account, seen_at)",
)

MIGRATIONS: Final[Sequence[Sequence[str]]] = (_FIRST, _SECOND)
"""The statements that create version 1, 2 and so on, each from the version before."""


def migrate(
    connection: sqlite3.Connection, migrations: Sequence[Sequence[str]] = MIGRATIONS
) -> None:
    """Bring a file to the newest version, in one transaction.

    Raises:
        StoreError: It is another program's, or of a newer release.
    """
    # In a transaction, because what identifies a file is in three places, and another process may
    # be creating the tables right now.
    with transaction(connection, "BEGIN"):
        version = _check_version(connection, len(migrations))
    if version == len(migrations):
        return
    with transaction(connection):
        # Checked again: another process may have migrated it in between.
        version = _check_version(connection, len(migrations))
        for statements in migrations[version:]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(migrations)}")


@contextmanager
def transaction(
    connection: sqlite3.Connection, begin: str = "BEGIN IMMEDIATE"
) -> Generator[None, None, None]:
    """Commit what is done in it; undo it if there is an exception."""
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # A full disk has rolled back already.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _check_version(connection: sqlite3.Connection, newest: int) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if application != APPLICATION_ID and (tables or version or application):
        raise StoreError(
            "The file is a database of another program, and was not changed. Give the store a path "
            "of its own."
        )
    if version > newest:
        raise StoreError(
            f"The file was written by a newer release of this library (schema version {version}; "
            f"this release supports {newest}), and was not changed. Install that release."
        )
    return int(version)
