"""The tables of a PostgreSQL schema, and their migration from one version to the next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from partnercentral_list.errors import StoreError
from partnercentral_list.models.columns import Kind

if TYPE_CHECKING:
    from partnercentral_list.sync.postgres._connection import Transaction

TYPES: Final[dict[Kind, str]] = {
    "text": "text",
    "enum": "text",
    "timestamp": "timestamptz",
    "date": "date",
    "amount": "numeric",
}
"""The type of a column, by the kind of its values."""

# A released version is never edited: a change of the tables is a new version.
_FIRST_COLUMNS: Final = (
    "catalog text",
    "arn text",
    "partner_opportunity_identifier text",
    "opportunity_type text",
    "last_modified_date timestamptz",
    "created_date timestamptz",
    "life_cycle_stage text",
    "life_cycle_closed_lost_reason text",
    "life_cycle_next_steps text",
    "life_cycle_target_close_date date",
    "life_cycle_review_status text",
    "life_cycle_review_comments text",
    "life_cycle_review_status_reason text",
    "customer_account_industry text",
    "customer_account_other_industry text",
    "customer_account_company_name text",
    "customer_account_website_url text",
    "customer_account_address_city text",
    "customer_account_address_postal_code text",
    "customer_account_address_state_or_region text",
    "customer_account_address_country_code text",
    "project_expected_contract_duration_term text",
    "project_expected_contract_duration_value text",
)
_FIRST: Final = (
    """CREATE TABLE {schema}.accounts (
        account text PRIMARY KEY,
        catalog text NOT NULL,
        watermark timestamptz,
        lease_owner text,
        lease_until timestamptz
    )""",
    f"""CREATE TABLE {{schema}}.opportunities (
        account text NOT NULL,
        id text NOT NULL,
        {", ".join(_FIRST_COLUMNS)},
        record jsonb NOT NULL,
        record_text text,
        PRIMARY KEY (account, id)
    )""",
    "CREATE INDEX opportunities_by_date ON {schema}.opportunities (account, last_modified_date)",
    """CREATE TABLE {schema}.invalid (
        account text NOT NULL,
        key text NOT NULL,
        id text,
        reason text NOT NULL,
        raw text NOT NULL,
        PRIMARY KEY (account, key)
    )""",
    """CREATE TABLE {schema}.pending (
        account text NOT NULL,
        id text NOT NULL,
        PRIMARY KEY (account, id)
    )""",
    """CREATE TABLE {schema}.gone (
        account text NOT NULL,
        id text NOT NULL,
        gone_at timestamptz NOT NULL,
        record json NOT NULL,
        PRIMARY KEY (account, id)
    )""",
    """CREATE TABLE {schema}.changes (
        number bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
        account text NOT NULL,
        id text NOT NULL,
        kind text NOT NULL,
        seen_at timestamptz NOT NULL,
        before json,
        after json
    )""",
    "CREATE INDEX changes_by_date ON {schema}.changes (account, seen_at)",
    """CREATE VIEW {schema}.spend AS SELECT
        opportunities.account,
        opportunities.id,
        entry.ordinality - 1 AS position,
        CASE WHEN entry.value ->> 'Amount' ~ '^-?[0-9.]+(E[+-]?[0-9]{{1,3}})?$'
            AND length(entry.value ->> 'Amount') <= 1000
            THEN (entry.value ->> 'Amount')::numeric
        END AS amount,
        entry.value ->> 'CurrencyCode' AS currency_code,
        entry.value ->> 'Frequency' AS frequency,
        entry.value ->> 'TargetCompany' AS target_company,
        entry.value ->> 'EstimationUrl' AS estimation_url
    FROM {schema}.opportunities, jsonb_array_elements(
        opportunities.record #> '{{Project,ExpectedCustomerSpend}}'
    ) WITH ORDINALITY AS entry""",
)
MIGRATIONS: Final[Sequence[Sequence[str]]] = (_FIRST,)
"""The statements that create version 1, 2 and so on, each from the version before."""

# One number for all schemas: a migration is short and rare.
_ADVISORY_LOCK: Final = 0x70636C73
_NEWEST: Final = len(MIGRATIONS)


async def migrate(db: Transaction, schema: str) -> None:
    """Bring a schema to the newest version, in a transaction.

    Raises:
        StoreError: The schema is another program's or of a newer release, or the database has
            another encoding than UTF-8.
    """
    if await db.fetch("SHOW server_encoding") != [("UTF8",)]:
        raise StoreError(
            "The database must have the encoding UTF8: opportunities have text of every script. "
            "Create one with ENCODING 'UTF8'."
        )
    # Released at the end of the transaction, so it works behind a pooler, too.
    await db.execute("SELECT pg_advisory_xact_lock(%s)", (_ADVISORY_LOCK,))
    version = await _existing_version(db, schema)
    if version == 0:
        # Not IF NOT EXISTS: that needs the right to create a schema even where it exists.
        if not await db.fetch("SELECT 1 FROM pg_namespace WHERE nspname = %s", (schema,)):
            await db.execute("CREATE SCHEMA {schema}")
        await db.execute("CREATE TABLE {schema}.partnercentral_list (version integer)")
        await db.execute("INSERT INTO {schema}.partnercentral_list VALUES (0)")
    for statements in MIGRATIONS[version:]:
        for statement in statements:
            await db.execute(statement)
    if version != _NEWEST:
        await db.execute("UPDATE {schema}.partnercentral_list SET version = %s", (_NEWEST,))


async def check_version(db: Transaction, schema: str) -> None:
    """Check that a schema has the newest version.

    Raises:
        StoreError: It has another one.
    """
    if await _read_version(db, schema) < _NEWEST:
        raise StoreError(
            f"The schema {schema!r} was set up by an older release of this library. Call "
            "`await store.setup()` once; it keeps what is stored."
        )


async def _existing_version(db: Transaction, schema: str) -> int:
    rows = await db.fetch(
        "SELECT relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace "
        "WHERE nspname = %s",
        (schema,),
    )
    if rows and ("partnercentral_list",) not in rows:
        raise StoreError(
            f"The schema {schema!r} has tables of another program, and was not changed. Give the "
            "store a schema of its own."
        )
    return await _read_version(db, schema) if rows else 0


async def _read_version(db: Transaction, schema: str) -> int:
    rows = await db.fetch("SELECT version FROM {schema}.partnercentral_list")
    version = max((version for (version,) in rows), default=0)
    if version > _NEWEST:
        raise StoreError(
            f"The schema {schema!r} was set up by a newer release of this library (version "
            f"{version}; this release supports {_NEWEST}), and was not changed. Install that "
            "release."
        )
    return int(version)
