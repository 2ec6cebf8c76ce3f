"""What of a page is believed: its order, and which dates of records that cannot be read."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from partnercentral_list.errors import MalformedResponseError
from partnercentral_list.models import OpportunitySummary
from partnercentral_list.sync._source import SECOND, Key, Query, Row, SourcePage


def in_order(page: SourcePage, query: Query, newest: datetime | None) -> SourcePage:
    """Do not believe the order of a page, nor a date of a record that cannot be read.

    Args:
        page: What AWS answered.
        query: What was asked for.
        newest: The latest date of an opportunity that can be read, if that is known.

    Returns:
        The page; an invalid record has its date there only if that fits what was asked for and
        what stands around it.

    Raises:
        MalformedResponseError: It is sorted in another order than was asked for.
    """
    earliest = query.after - SECOND if query.after is not None else None
    page = _without_dates(page, query.key, earliest, newest)
    if not _is_sorted(page, query):
        page = _without_dates(page, query.key, None, None)
    if _is_sorted(page, query):
        return page
    raise MalformedResponseError(
        f"AWS sent a page that is not sorted by {query.key} as it was asked to. A copy "
        "cannot be kept current by that order.",
        operation="ListOpportunities",
        retryable=True,
    )


def _without_dates(
    page: SourcePage, key: Key, earliest: datetime | None, newest: datetime | None
) -> SourcePage:
    """Take the date from each invalid record that has none between these."""

    def is_believed(row: Row) -> bool:
        date = row.date(key)
        return isinstance(row.record, OpportunitySummary) or (
            date is not None
            and newest is not None
            and date <= newest
            and (earliest is None or earliest <= date)
        )

    rows = [
        row if is_believed(row) else replace(row, modified=None, created=None) for row in page.rows
    ]
    return replace(page, rows=tuple(rows))


def _is_sorted(page: SourcePage, query: Query) -> bool:
    dates = page.dates(query.key)
    return dates == sorted(dates, reverse=query.descending)
