"""The diff between the rows of a page and the store: which opportunities are new or replaced."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from partnercentral_list.models import OpportunitySummary
from partnercentral_list.sync._source import SourceRow
from partnercentral_list.sync.reports import OpportunityChange
from partnercentral_list.sync.store import InvalidRecord


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """The change set of a page: the changes of its rows to the store."""

    changes: tuple[OpportunityChange, ...]
    """Opportunities that are new or replace a stored version."""
    invalid: tuple[InvalidRecord, ...]
    """Records that cannot be parsed, one for each key."""
    unchanged: frozenset[str]
    """Identifiers of opportunities that are stored as they are."""
    outdated: frozenset[str]
    """Identifiers of opportunities of which AWS sent an older version than the stored one."""

    @property
    def valid(self) -> frozenset[str]:
        """Identifiers of the opportunities whose last record in the page is valid."""
        read = self.unchanged.union(change.after.id for change in self.changes)
        return read.difference(record.key for record in self.invalid)


def diff(
    rows: Iterable[SourceRow],
    stored: Mapping[str, OpportunitySummary],
    is_final: Callable[[datetime], bool] = lambda date: False,
) -> ChangeSet:
    """Compare the rows of a page with the store.

    The version with the later LastModifiedDate wins; between equal dates, the one that was read
    last. A lagging replica of AWS's may send a version that was replaced a moment ago, so an older
    version does not replace a later one, unless `is_final` says that the later one's date is no
    evidence of lag.

    `rows` come in the order in which they were read, and `stored` has their stored versions.
    `is_final` says whether every replica shows a version of a date by now, or AWS has none of it.
    """

    def is_outdated(record: OpportunitySummary, other: OpportunitySummary) -> bool:
        date, later = record.last_modified_date, other.last_modified_date
        return date is not None and later is not None and date < later and not is_final(later)

    latest: dict[str, OpportunitySummary] = {}
    invalid: dict[str, InvalidRecord] = {}
    for row in rows:
        record = row.record
        if isinstance(record, InvalidRecord):
            invalid[record.key] = record
            continue
        invalid.pop(record.id, None)
        other = latest.get(record.id)
        if other is None or not is_outdated(record, other):
            latest[record.id] = record
    changes: list[OpportunityChange] = []
    unchanged: set[str] = set()
    outdated: set[str] = set()
    for identifier, record in latest.items():
        before = stored.get(identifier)
        if before is None:
            changes.append(OpportunityChange("created", None, record))
        elif before == record:
            unchanged.add(identifier)
        elif is_outdated(record, before):
            outdated.add(identifier)
        else:
            changes.append(OpportunityChange("updated", before, record))
    return ChangeSet(
        tuple(changes), tuple(invalid.values()), frozenset(unchanged), frozenset(outdated)
    )
