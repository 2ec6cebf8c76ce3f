"""What a page means for the copy: which records are new, which replace others, which are known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

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


def identifiers_of(rows: Iterable[Row]) -> list[str]:
    """Give the identifiers of the opportunities that can be read, each once."""
    found = (row.record.id for row in rows if isinstance(row.record, OpportunitySummary))
    return list(dict.fromkeys(found))


def plan(rows: Iterable[Row], stored: Mapping[str, OpportunitySummary]) -> Plan:
    """Compare what was read with what is stored.

    Of two versions the later one wins, by the dates that AWS gave them; with equal dates the one
    that was read last.
    """
    latest: dict[str, OpportunitySummary] = {}
    invalid: dict[str, InvalidRecord] = {}
    for row in rows:
        if isinstance(row.record, InvalidRecord):
            invalid[row.record.key] = row.record
        elif not _is_older(row.record, latest.get(row.record.id)):
            latest[row.record.id] = row.record
    changes: list[OpportunityChange] = []
    unchanged: set[str] = set()
    for identifier, record in latest.items():
        before = stored.get(identifier)
        if before is None:
            changes.append(OpportunityChange("created", None, record))
        elif before == record or _is_older(record, before):
            unchanged.add(identifier)
        else:
            changes.append(OpportunityChange("updated", before, record))
    return Plan(tuple(changes), tuple(invalid.values()), frozenset(unchanged))


def _is_older(record: OpportunitySummary, other: OpportunitySummary | None) -> bool:
    """Tell whether a copy of AWS's that lags behind sent a version that was replaced already."""
    if other is None or record.last_modified_date is None or other.last_modified_date is None:
        return False
    return record.last_modified_date < other.last_modified_date
