"""What a page means for the copy: which records are new, which replace others, which are known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from partnercentral_list.models import OpportunitySummary
from partnercentral_list.sync._source import Row
from partnercentral_list.sync.reports import OpportunityChange
from partnercentral_list.sync.store import InvalidRecord


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be written, and told."""

    changes: tuple[OpportunityChange, ...]
    invalid: tuple[InvalidRecord, ...]
    unchanged: frozenset[str]
    outdated: frozenset[str]
    """Opportunities of which AWS sent an older version than the one that is stored."""

    @property
    def valid(self) -> frozenset[str]:
        """The identifiers of the opportunities that are valid, and not invalid again."""
        read = self.unchanged.union(change.after.id for change in self.changes)
        return read.difference(record.key for record in self.invalid)


def identifiers_of(rows: Iterable[Row]) -> list[str]:
    """Give the identifiers of the opportunities that can be read, each once."""
    found = (row.record.id for row in rows if isinstance(row.record, OpportunitySummary))
    return list(dict.fromkeys(found))


def plan(
    rows: Iterable[Row],
    stored: Mapping[str, OpportunitySummary],
    is_final: Callable[[datetime], bool] = lambda date: False,
) -> Plan:
    """Compare what was read with what is stored.

    Of two versions the later one wins, by the dates that AWS gave them; with equal dates the one
    that was read last. AWS may still send a version that it replaced a moment ago, so an older one
    does not replace a later one; unless the later one's date can be no sign of that.

    Args:
        rows: What was read.
        stored: What is stored of it, by identifier.
        is_final: Whether AWS can no longer send what it replaced by a version of that date, or
            never has a version of that date.
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
    return Plan(tuple(changes), tuple(invalid.values()), frozenset(unchanged), frozenset(outdated))
