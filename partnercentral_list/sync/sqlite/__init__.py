"""SQLiteStore: a local replica in an SQLite file."""

from partnercentral_list.sync.sqlite._store import SQLiteStore

__all__ = ["SQLiteStore"]
