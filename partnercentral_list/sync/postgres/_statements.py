"""The statements of `PostgresStore`; ``{schema}`` stands for its schema."""

from __future__ import annotations

from typing import Final

from partnercentral_list.models.columns import COLUMNS
from partnercentral_list.sync.postgres._schema import TYPES

# Recorded before it is written. Sent as in UPSERT; a record that is stored already is no change,
# which it is where a lost connection made the store repeat a commit.
RECORD_CHANGES: Final = """
    INSERT INTO {schema}.changes (account, id, kind, seen_at, before, after)
    SELECT
        %(account)s,
        sent.id,
        CASE WHEN stored.id IS NULL THEN 'created' ELSE 'updated' END,
        clock_timestamp(),
        coalesce(stored.record_text, stored.record::text)::json,
        coalesce(sent.exact, sent.record::text)::json
    FROM (
        SELECT record ->> 'Id' AS id, record, %(exact)s::jsonb ->> (record ->> 'Id') AS exact
        FROM jsonb_array_elements(%(records)s::jsonb) AS record
    ) AS sent
    LEFT JOIN {schema}.opportunities AS stored
        ON stored.account = %(account)s AND stored.id = sent.id
    WHERE (sent.record, sent.exact) IS DISTINCT FROM (stored.record, stored.record_text)
"""
RECORD_GONE: Final = """
    INSERT INTO {schema}.changes (account, id, kind, seen_at, before)
    SELECT account, id, 'gone', clock_timestamp(), coalesce(record_text, record::text)::json
    FROM {schema}.opportunities WHERE account = %s AND id = ANY(%s)
"""
MOVE_GONE: Final = """
    WITH moved AS (
        DELETE FROM {schema}.opportunities WHERE account = %s AND id = ANY(%s) RETURNING *
    )
    INSERT INTO {schema}.gone (account, id, gone_at, record)
    SELECT account, id, clock_timestamp(), coalesce(record_text, record::text)::json FROM moved
"""
COME_BACK: Final = "DELETE FROM {schema}.gone WHERE account = %s AND id = ANY(%s)"
PRUNE: Final = (
    "DELETE FROM {schema}.changes WHERE account = %s AND seen_at < clock_timestamp() - %s"
)
CHANGES: Final = """
    SELECT number, id, kind, seen_at AT TIME ZONE 'UTC', before::text, after::text
    FROM {schema}.changes WHERE account = %s AND seen_at >= %s AND number > %s
    ORDER BY number LIMIT %s
"""

# Compared and written in one statement, by the clock of the server.
ACQUIRE: Final = """
    INSERT INTO {schema}.accounts AS stored (account, catalog, lease_owner, lease_until)
    VALUES (%(account)s, %(catalog)s, %(owner)s, clock_timestamp() + %(lease)s)
    ON CONFLICT (account) DO UPDATE
        SET lease_owner = excluded.lease_owner, lease_until = excluded.lease_until
        WHERE stored.lease_owner IS NULL
            OR stored.lease_owner IN (excluded.lease_owner, %(dead)s)
            OR stored.lease_until <= clock_timestamp()
    RETURNING catalog, watermark AT TIME ZONE 'UTC'
"""
RENEW: Final = """
    UPDATE {schema}.accounts
    SET lease_until = clock_timestamp() + %s, watermark = coalesce(%s, watermark)
    WHERE account = %s AND lease_owner = %s
    RETURNING EXISTS (SELECT FROM {schema}.gone WHERE gone.account = accounts.account)
"""
"""Returns whether any opportunity is gone; no row if another owner has the lease."""
# The server reads the columns from the records: a driver's arrays of them cost four times as much.
VALUES: Final = {
    **{
        column.name: f"(record #>> '{{{{{','.join(column.members)}}}}}')::{TYPES[column.kind]}"
        for column in COLUMNS
    },
    "record": "record",
    "record_text": "%(exact)s::jsonb ->> (record ->> 'Id')",
}
UPSERT: Final = (
    f"INSERT INTO {{schema}}.opportunities (account, {', '.join(VALUES)}) "  # noqa: S608 # names of ours
    f"SELECT %(account)s, {', '.join(VALUES.values())} "
    "FROM jsonb_array_elements(%(records)s::jsonb) AS record "
    "ON CONFLICT (account, id) DO UPDATE SET "
    f"{', '.join(f'{name} = excluded.{name}' for name in VALUES if name != 'id')}"
)
UPSERT_INVALID: Final = """
    INSERT INTO {schema}.invalid (account, key, id, reason, raw)
    SELECT %s, * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[])
    ON CONFLICT (account, key) DO UPDATE
        SET id = excluded.id, reason = excluded.reason, raw = excluded.raw
"""
DELETE_INVALID: Final = "DELETE FROM {schema}.invalid WHERE account = %s AND key = ANY(%s)"
INSERT_PENDING: Final = """
    INSERT INTO {schema}.pending (account, id) SELECT %s, * FROM unnest(%s::text[])
    ON CONFLICT DO NOTHING
"""
DELETE_PENDING: Final = "DELETE FROM {schema}.pending WHERE account = %s AND id = ANY(%s)"
