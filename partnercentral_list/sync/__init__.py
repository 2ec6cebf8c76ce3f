"""A local replica of a catalog, kept current incrementally, in a store of your choice.

::

    async with PartnerCentralClient("AWS") as client, SQLiteStore("pipeline.db") as store:
        print(await OpportunitySync(client, store).run())
"""

from partnercentral_list.sync.account import PartnerAccount, sync_account
from partnercentral_list.sync.events import (
    InvalidRecordStored,
    PageCommitted,
    SyncEvent,
    SyncFinished,
    SyncStarted,
)
from partnercentral_list.sync.fleet import (
    FleetDeadlineError,
    FleetReport,
    FleetResult,
    SyncFleet,
)
from partnercentral_list.sync.memory import MemoryStore
from partnercentral_list.sync.postgres import PostgresStore
from partnercentral_list.sync.reports import (
    ApplyReport,
    ChangeKind,
    OpportunityChange,
    ReconcileReport,
    RecordedChange,
    RecordedKind,
    SyncReport,
)
from partnercentral_list.sync.sqlite import SQLiteStore
from partnercentral_list.sync.store import InvalidRecord, SyncBatch, SyncState, SyncStore
from partnercentral_list.sync.sync import OpportunitySync

__all__ = [
    "ApplyReport",
    "ChangeKind",
    "FleetDeadlineError",
    "FleetReport",
    "FleetResult",
    "InvalidRecord",
    "InvalidRecordStored",
    "MemoryStore",
    "OpportunityChange",
    "OpportunitySync",
    "PageCommitted",
    "PartnerAccount",
    "PostgresStore",
    "ReconcileReport",
    "RecordedChange",
    "RecordedKind",
    "SQLiteStore",
    "SyncBatch",
    "SyncEvent",
    "SyncFinished",
    "SyncFleet",
    "SyncReport",
    "SyncStarted",
    "SyncState",
    "SyncStore",
    "sync_account",
]
