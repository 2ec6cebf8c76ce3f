"""A store in a PostgreSQL database."""

from partnercentral_list.sync.postgres._store import PostgresStore

__all__ = ["PostgresStore"]
