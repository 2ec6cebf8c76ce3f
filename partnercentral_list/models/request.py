"""The request of ListOpportunities, checked completely before it is sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, Self, TypeVar, get_args

from pydantic import ConfigDict, field_validator, model_validator
from pydantic.fields import FieldInfo

# pydantic refuses `typing.TypedDict` before Python 3.12.
from typing_extensions import TypedDict, Unpack

from partnercentral_list.models._base import WireModel
from partnercentral_list.models.enums import (
    Catalog,
    CatalogName,
    OpportunitySortName,
    ReviewStatus,
    ReviewStatusName,
    SortByName,
    SortOrder,
    SortOrderName,
    Stage,
    StageName,
)
from partnercentral_list.models.fields import (
    Day,
    Declared,
    Identifier,
    Instant,
    ListOf,
    NotAString,
    PageSize,
    Text,
    refuse,
)

IDENTIFIERS_PER_REQUEST = 20


class RequestModel(WireModel, frozen=True):
    """A part of a request; an unknown field is refused."""

    # Instances too: `model_copy` and `model_construct` check nothing.
    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid", revalidate_instances="always", loc_by_alias=False
    )


def nested_model(field: FieldInfo) -> type[RequestModel] | None:
    """Return the structure that a field of a request has as its value; None if it has none."""
    for choice in (field.annotation, *get_args(field.annotation)):
        if isinstance(choice, type) and issubclass(choice, RequestModel):
            return choice
    return None


class _DateRange(RequestModel, frozen=True):
    @model_validator(mode="after")
    def _after_not_later_than_before(self) -> Self:
        after_name, before_name = tuple(type(self).model_fields)[:2]
        after, before = getattr(self, after_name), getattr(self, before_name)
        if after is not None and before is not None and after > before:
            refuse(
                f"{after_name} ({after.isoformat()}) is later than "
                f"{before_name} ({before.isoformat()})",
                "an earlier or the same one",
            )
        return self

    @property
    def is_empty(self) -> bool:
        """True if neither bound is set, so that it filters nothing."""
        return not any(getattr(self, name) is not None for name in type(self).model_fields)


class LastModifiedDateFilter(_DateRange, frozen=True):
    """Opportunities changed within a span of time (AWS shape ``LastModifiedDate``).

    AWS's documentation contradicts itself on whether the bounds are included: allow for both.
    Datetimes must have a time zone; they are kept and sent in UTC, to the microsecond.
    """

    __shown__: ClassVar[frozenset[str]] = frozenset(
        {"after_last_modified_date", "before_last_modified_date"}
    )

    after_last_modified_date: Instant | None = None
    """Changed (on or) after this moment."""
    before_last_modified_date: Instant | None = None
    """Changed (on or) before this moment; not earlier than the other bound."""


class CreatedDateFilter(_DateRange, frozen=True):
    """Opportunities created within a span of time (AWS shape ``CreatedDateFilter``)."""

    __shown__: ClassVar[frozenset[str]] = frozenset({"after_created_date", "before_created_date"})

    after_created_date: Instant | None = None
    """Created (on or) after this moment."""
    before_created_date: Instant | None = None
    """Created (on or) before this moment; not earlier than the other bound."""


class TargetCloseDateFilter(_DateRange, frozen=True):
    """Opportunities expected to close within a span of days (AWS shape of the same name)."""

    __shown__: ClassVar[frozenset[str]] = frozenset(
        {"after_target_close_date", "before_target_close_date"}
    )

    after_target_close_date: Day | None = None
    """Closing (on or) after this day."""
    before_target_close_date: Day | None = None
    """Closing (on or) before this day; not earlier than the other bound."""


class OpportunitySort(RequestModel, frozen=True):
    """The sort of a listing (AWS shape ``OpportunitySort``); AWS requires both halves.

    Without one AWS sorts by LastModifiedDate, DESCENDING, and an opportunity edited while one
    reads can move to a page already read. Sorted by CreatedDate or Identifier it cannot.
    """

    __shown__: ClassVar[frozenset[str]] = frozenset({"sort_order", "sort_by"})

    sort_order: Annotated[SortOrder, Declared()]
    """The direction."""
    sort_by: Annotated[OpportunitySortName, Declared()]
    """The field to sort by."""

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            sort_by: OpportunitySortName | SortByName,
            sort_order: SortOrder | SortOrderName,
        ) -> None: ...


DateRangeT = TypeVar("DateRangeT", bound=_DateRange)


class ListOpportunitiesRequest(RequestModel, frozen=True):
    """A whole request (AWS shape ``ListOpportunitiesRequest``).

    Values in one list are alternatives, different filters all apply. The AWS CLI's
    ``--cli-input-json`` form parses too: ``ListOpportunitiesRequest.model_validate_json(text)``.
    ``model_dump(mode="json", by_alias=True, exclude_none=True)`` is what goes over the wire.

    Raises:
        pydantic.ValidationError: A field is invalid; the message does not contain its value.
    """

    __shown__: ClassVar[frozenset[str]] = frozenset(
        {
            "catalog",
            "max_results",
            "sort",
            "last_modified_date",
            "identifier",
            "life_cycle_stage",
            "life_cycle_review_status",
            "created_date",
            "target_close_date",
        }
    )

    catalog: Annotated[Catalog, Declared()]
    """Which set of opportunities: ``AWS`` (the real ones) or ``Sandbox``."""
    max_results: PageSize | None = None
    """Opportunities in one page, 1 to 100; AWS's default is 20."""
    next_token: Text | None = None
    """The ``next_token`` of the page before; None for the first page."""
    sort: OpportunitySort | None = None
    """The order; AWS's default is LastModifiedDate, DESCENDING."""
    last_modified_date: LastModifiedDateFilter | None = None
    """Only those changed within a span of time."""
    identifier: (
        Annotated[
            tuple[Identifier, ...],
            ListOf(IDENTIFIERS_PER_REQUEST, "; iter_opportunities_by_id takes any number"),
        ]
        | None
    ) = None
    """Only these opportunities, at most 20, each ``O`` and 1 to 19 digits."""
    life_cycle_stage: Annotated[tuple[Annotated[Stage, Declared()], ...], ListOf(10)] | None = None
    """Only those in one of these stages, at most 10."""
    life_cycle_review_status: (
        Annotated[tuple[Annotated[ReviewStatus, Declared()], ...], ListOf(10)] | None
    ) = None
    """Only those with one of these review statuses, at most 10."""
    customer_company_name: Annotated[tuple[Text, ...], ListOf(10)] | None = None
    """Only those of one of these customers, at most 10 names."""
    created_date: CreatedDateFilter | None = None
    """Only those created within a span of time."""
    target_close_date: TargetCloseDateFilter | None = None
    """Only those expected to close within a span of days."""

    @field_validator("last_modified_date", "created_date", "target_close_date", mode="after")
    @classmethod
    def _drop_an_empty_range(cls, value: DateRangeT | None) -> DateRangeT | None:
        return None if value is None or value.is_empty else value

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            catalog: Catalog | CatalogName,
            max_results: int | None = None,
            next_token: str | None = None,
            **filters: Unpack[OpportunityFilters],
        ) -> None: ...


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


FILTER_NAMES: Final = tuple(OpportunityFilters.__annotations__)
