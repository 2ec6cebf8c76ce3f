"""Keep a copy of the pipeline current: incremental, and complete under what nobody knows of AWS.

::

    async with PartnerCentralClient("AWS") as client, SQLiteStore("pipeline.db") as store:
        print(await OpportunitySync(client, store).run())
"""

from partnercentral_list.sync.events import (
    InvalidRecordStored,
    PageCommitted,
    SyncEvent,
    SyncFinished,
    SyncStarted,
)
from partnercentral_list.sync.memory import MemoryStore
from partnercentral_list.sync.opportunity_sync import OpportunitySync
from partnercentral_list.sync.reports import (
    ApplyReport,
    ChangeKind,
    OpportunityChange,
    ReconcileReport,
    SyncReport,
)
from partnercentral_list.sync.sqlite import SQLiteStore
from partnercentral_list.sync.store import InvalidRecord, SyncBatch, SyncState, SyncStore

__all__ = [
    "ApplyReport",
    "ChangeKind",
    "InvalidRecord",
    "InvalidRecordStored",
    "MemoryStore",
    "OpportunityChange",
    "OpportunitySync",
    "PageCommitted",
    "ReconcileReport",
    "SQLiteStore",
    "SyncBatch",
    "SyncEvent",
    "SyncFinished",
    "SyncReport",
    "SyncStarted",
    "SyncState",
    "SyncStore",
]
