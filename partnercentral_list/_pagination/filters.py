"""The filters of a listing as typed keyword arguments."""

from __future__ import annotations

from collections.abc import Sequence

# pydantic refuses `typing.TypedDict` before Python 3.12.
from typing_extensions import TypedDict

from partnercentral_list.models import (
    CreatedDateFilter,
    LastModifiedDateFilter,
    OpportunitySort,
    ReviewStatus,
    ReviewStatusName,
    Stage,
    StageName,
    TargetCloseDateFilter,
)
from partnercentral_list.models._checks import NotAString


class ScanFilters(TypedDict, total=False):
    """The filters of a scan, as keyword arguments.

    Values in one list are alternatives; different filters all apply. None means no filter.
    """

    identifier: NotAString[str] | None
    """Only these opportunities, at most 20, each ``O`` and 1 to 19 digits."""
    life_cycle_stage: Sequence[Stage | StageName] | None
    """Only those in one of these stages, at most 10."""
    life_cycle_review_status: Sequence[ReviewStatus | ReviewStatusName] | None
    """Only those with one of these review statuses, at most 10."""
    customer_company_name: NotAString[str] | None
    """Only those of one of these customers, at most 10 names."""
    last_modified_date: LastModifiedDateFilter | None
    """Only those changed within a span of time."""
    created_date: CreatedDateFilter | None
    """Only those created within a span of time."""
    target_close_date: TargetCloseDateFilter | None
    """Only those expected to close within a span of days."""


class OpportunityFilters(ScanFilters, total=False):
    """The filters and the sort of a listing, as keyword arguments.

    Values in one list are alternatives; different filters all apply. None means no filter.
    """

    sort: OpportunitySort | None
    """The order; AWS's default is LastModifiedDate, DESCENDING."""


FILTER_NAMES = tuple(OpportunityFilters.__annotations__)
