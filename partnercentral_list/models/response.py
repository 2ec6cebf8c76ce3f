"""The response of ListOpportunities, parsed tolerantly: nothing that AWS sends is lost or guessed.

An unknown value of an enumeration becomes an unknown member, an unknown field is kept in
``model_extra``, null and absent are the same. Timestamps are in UTC. A repr shows identifiers,
enumerations and dates, and says that ``model_dump`` shows the other values.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, Inexact
from typing import Annotated, Any, ClassVar, Final, SupportsIndex, overload

from pydantic import FailFast, Field, PrivateAttr

from partnercentral_list._json import read_entries_exact
from partnercentral_list.models._base import ResponseModel, with_one_hint
from partnercentral_list.models.display import fields_of, table_of
from partnercentral_list.models.enums import (
    Catalog,
    ClosedLostReason,
    CountryCode,
    CurrencyCode,
    DeliveryModel,
    ExpectedContractDurationTerm,
    Industry,
    OpportunityType,
    PaymentFrequency,
    ReviewStatus,
    Stage,
)
from partnercentral_list.models.fields import EmptyIsNone, Tolerant, UtcTimestamp, declared

Timestamp = Annotated[datetime, UtcTimestamp()]

EXACT: Final = Context(prec=100, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=[Inexact])
"""Adds amounts, which have up to 31 digits before the point: Python's default keeps 28 in all."""


# AWS's lists have at most 10 entries. A million would block the event loop for seconds, and so
# would a million errors: the first error of an entry ends the list.
_BOUNDED: Final = Field(max_length=1_000, fail_fast=True)


class AddressSummary(ResponseModel, frozen=True):
    """The customer's address (AWS shape ``AddressSummary``)."""

    city: str | None = None
    """The customer's city."""
    postal_code: str | None = None
    """The customer's postal code."""
    state_or_region: str | None = None
    """The customer's state or region; free text."""
    country_code: Annotated[CountryCode, Tolerant()] | None = None
    """The customer's country, ISO 3166-1 alpha-2."""


class AccountSummary(ResponseModel, frozen=True):
    """The customer's company (AWS shape ``AccountSummary``)."""

    __shown__: ClassVar[frozenset[str]] = frozenset({"industry", "address"})

    industry: Annotated[Industry, Tolerant()] | None = None
    """The customer's industry; ``OTHER`` is explained in `other_industry`."""
    other_industry: str | None = None
    """The industry in words, when `industry` is ``OTHER``."""
    company_name: str | None = None
    """The customer's company name. AWS's model requires it; a response without it is accepted."""
    website_url: str | None = None
    """The customer's website as it was typed in: not always a URL, sometimes ``"null"``."""
    address: AddressSummary | None = None
    """The customer's address."""


class CustomerSummary(ResponseModel, frozen=True):
    """The customer of an opportunity (AWS shape ``CustomerSummary``)."""

    __shown__: ClassVar[frozenset[str]] = frozenset({"account"})

    account: AccountSummary | None = None
    """The customer's company."""


class LifeCycleSummary(ResponseModel, frozen=True):
    """The stage, review and target date of an opportunity (AWS shape ``LifeCycleSummary``)."""

    __shown__: ClassVar[frozenset[str]] = frozenset(
        {"stage", "closed_lost_reason", "target_close_date", "review_status"}
    )

    stage: Annotated[Stage, Tolerant()] | None = None
    """The stage in the sales cycle."""
    closed_lost_reason: Annotated[ClosedLostReason, Tolerant()] | None = None
    """Why it was lost, when `stage` is ``CLOSED_LOST``."""
    next_steps: str | None = None
    """What is to be done next, in words, at most 255 characters."""
    target_close_date: date | None = None
    """The day on which AWS expects to start significant billing."""
    review_status: Annotated[ReviewStatus, Tolerant()] | None = None
    """How far AWS's review is; only for opportunities that a partner referred."""
    review_comments: str | None = None
    """Why AWS sent the opportunity back."""
    review_status_reason: str | None = None
    """Why AWS disqualified it or asks for action."""


class ExpectedCustomerSpend(ResponseModel, frozen=True):
    """One estimate of what the customer will spend (AWS shape ``ExpectedCustomerSpend``)."""

    __shown__: ClassVar[frozenset[str]] = frozenset({"frequency"})

    amount: Annotated[Decimal | None, EmptyIsNone()] = None
    """The amount, in `currency_code`, exact; None where AWS sends none or an empty string."""
    currency_code: Annotated[CurrencyCode, Tolerant()] | None = None
    """The currency, ISO 4217."""
    frequency: Annotated[PaymentFrequency, Tolerant()] | None = None
    """How often it is spent: ``MONTHLY``; AWS also documents ``None``, a one-time value."""
    target_company: str | None = None
    """Whose estimate it is: ``AWS``, ``Self`` (the partner's own) or a company's name."""
    estimation_url: str | None = None
    """The AWS Pricing Calculator estimate behind it, as it was typed in."""


class ExpectedContractDuration(ResponseModel, frozen=True):
    """The expected duration of the contract (AWS shape ``ExpectedContractDuration``)."""

    __shown__: ClassVar[frozenset[str]] = frozenset({"term"})

    term: Annotated[ExpectedContractDurationTerm, Tolerant()] | None = None
    """The unit of `value`."""
    value: str | None = None
    """A whole number as text, 1 to 144."""


class ProjectSummary(ResponseModel, frozen=True):
    """The project of an opportunity (AWS shape ``ProjectSummary``)."""

    __shown__: ClassVar[frozenset[str]] = frozenset(
        {"delivery_models", "expected_customer_spend", "expected_contract_duration"}
    )

    delivery_models: (
        Annotated[tuple[Annotated[DeliveryModel, Tolerant()], ...], _BOUNDED] | None
    ) = None
    """How the solution is deployed or consumed."""
    expected_customer_spend: Annotated[tuple[ExpectedCustomerSpend, ...], _BOUNDED] | None = None
    """Estimates of what the customer will spend, at most 10."""
    expected_contract_duration: ExpectedContractDuration | None = None
    """The expected duration of the contract."""


class OpportunitySummary(ResponseModel, frozen=True):
    """One opportunity, as ListOpportunities returns it (AWS shape ``OpportunitySummary``).

    Only `id` and `catalog` are certain. The properties below reach through the structures,
    each of which may be absent, and are None where one is.
    """

    __shown__: ClassVar[frozenset[str]] = frozenset(
        {
            "catalog",
            "id",
            "arn",
            "opportunity_type",
            "last_modified_date",
            "created_date",
            "life_cycle",
            "customer",
            "project",
        }
    )

    catalog: Annotated[Catalog, Tolerant()]
    """The set of opportunities it belongs to."""
    id: str
    """AWS's identifier: ``O`` and digits."""
    arn: str | None = None
    """The Amazon Resource Name."""
    partner_opportunity_identifier: str | None = None
    """The identifier in the partner's own CRM."""
    opportunity_type: Annotated[OpportunityType, Tolerant()] | None = None
    """New business, a renewal or an expansion."""
    last_modified_date: Timestamp | None = None
    """When it was last changed, in UTC."""
    created_date: Timestamp | None = None
    """When it was created, in UTC; never changes."""
    life_cycle: LifeCycleSummary | None = None
    """How far it is."""
    customer: CustomerSummary | None = None
    """The customer's company."""
    project: ProjectSummary | None = None
    """What is to be built."""

    @property
    def stage(self) -> Stage | None:
        """``life_cycle.stage``."""
        return self.life_cycle.stage if self.life_cycle else None

    @property
    def review_status(self) -> ReviewStatus | None:
        """``life_cycle.review_status``."""
        return self.life_cycle.review_status if self.life_cycle else None

    @property
    def target_close_date(self) -> date | None:
        """``life_cycle.target_close_date``."""
        return self.life_cycle.target_close_date if self.life_cycle else None

    @property
    def company_name(self) -> str | None:
        """``customer.account.company_name``."""
        account = self._account
        return account.company_name if account else None

    @property
    def industry(self) -> Industry | None:
        """``customer.account.industry``."""
        account = self._account
        return account.industry if account else None

    @property
    def country_code(self) -> CountryCode | None:
        """``customer.account.address.country_code``."""
        account = self._account
        return account.address.country_code if account and account.address else None

    @property
    def _account(self) -> AccountSummary | None:
        return self.customer.account if self.customer else None

    def _repr_html_(self) -> str:
        return fields_of(self).html()

    def __rich__(self) -> Any:
        return fields_of(self)

    def monthly_spend(
        self, currency_code: CurrencyCode | str, *, target_company: str | None = None
    ) -> Decimal | None:
        """The sum of the expected monthly amounts in one currency; never a guess.

        Args:
            currency_code: The ISO 4217 code. Amounts in other currencies are left out.
            target_company: Only the estimates of this company (``"AWS"``, ``"Self"``, …).

        Returns:
            None if no estimate matches, if one that does has no amount or is not monthly, or if
            the exact sum has more than 100 digits.

        Raises:
            ValueError: `currency_code` is not a code that AWS knows.
        """
        currency = declared(
            CurrencyCode, currency_code, "currency_code", "a code of ISO 4217, such as 'USD'"
        )
        spends = (self.project.expected_customer_spend if self.project else None) or ()
        total: Decimal | None = None
        for spend in spends:
            if spend.currency_code != currency:
                continue
            if target_company is not None and spend.target_company != target_company:
                continue
            if spend.amount is None or spend.frequency is not PaymentFrequency.MONTHLY:
                return None
            try:
                total = spend.amount if total is None else EXACT.add(total, spend.amount)
            except Inexact:
                return None
        return total


class OpportunityList(list[OpportunitySummary]):
    """A list, as are its slices, that a notebook, or rich, shows as a table of the first 20."""

    @overload
    def __getitem__(self, index: SupportsIndex, /) -> OpportunitySummary: ...
    @overload
    def __getitem__(self, index: slice, /) -> OpportunityList: ...
    def __getitem__(self, index: SupportsIndex | slice, /) -> Any:
        if isinstance(index, slice):
            return OpportunityList(super().__getitem__(index))
        return super().__getitem__(index)

    @overload
    def __add__(self, other: list[OpportunitySummary], /) -> OpportunityList: ...
    @overload
    def __add__(self, other: list[Any], /) -> list[Any]: ...
    def __add__(self, other: list[Any], /) -> Any:
        are_opportunities = all(isinstance(entry, OpportunitySummary) for entry in other)
        return (OpportunityList if are_opportunities else list)(super().__add__(other))

    def __repr__(self) -> str:
        return with_one_hint(super().__repr__())

    def _repr_html_(self) -> str:
        return table_of(self).html()

    def __rich__(self) -> Any:
        return table_of(self)


@dataclass(frozen=True, slots=True)
class ResponseMetadata:
    """Metadata of the response that a page came in."""

    request_id: str | None = None
    """AWS's id of the request (``x-amzn-RequestId``), which AWS support asks for."""
    http_status: int | None = None
    """The HTTP status; None for a response that did not come over the wire."""
    attempts: int = 0
    """Requests sent for it, retries included."""
    elapsed: float = 0.0
    """Seconds from the first of them to the response, waits included."""
    date: datetime | None = None
    """When AWS sent the response by AWS's own clock, in UTC and whole seconds (the ``Date``
    header); None if the response has no such header or it cannot be parsed."""


@dataclass(frozen=True, slots=True)
class ResponseSource:
    """The source of a page: its response, and which of the records are on the page."""

    metadata: ResponseMetadata = field(default_factory=ResponseMetadata)
    body: bytes | None = field(default=None, repr=False)
    """The body of the response; None for a page that was not fetched."""
    places: Sequence[int] | None = None
    """Which of the body's records are the page's; None is all of them."""
    is_too_deep: bool = False
    """Whether a record is nested too deeply to be parsed; in its raw form it is its text."""


class ListOpportunitiesResponse(ResponseModel, frozen=True):
    """One page of opportunities (AWS shape ``ListOpportunitiesResponse``)."""

    __shown__: ClassVar[frozenset[str]] = frozenset({"opportunity_summaries"})

    # A million invalid records would be a million errors.
    opportunity_summaries: Annotated[tuple[OpportunitySummary, ...], FailFast()]
    """The opportunities, in the order requested. An empty page is not the end: see `next_token`."""
    next_token: Annotated[Annotated[str, Field(min_length=1)] | None, EmptyIsNone()] = None
    """The token of the next page. This is the last page only if it is None."""

    _source: ResponseSource = PrivateAttr(default_factory=ResponseSource)

    def model_post_init(self, context: Any, /) -> None:
        """Keep the source of the page, which is passed as the validation context."""
        if isinstance(context, ResponseSource):
            # pydantic lets a private attribute of a frozen model be set; mypy does not know it.
            self._source = context  # type: ignore[misc] # frozen, and being made

    def _repr_html_(self) -> str:
        return table_of(self.opportunity_summaries).html()

    def __rich__(self) -> Any:
        return table_of(self.opportunity_summaries)

    @property
    def response_metadata(self) -> ResponseMetadata:
        """Metadata of the response; ignored by comparison, and absent from the wire form."""
        return self._source.metadata

    @property
    def raw_opportunities(self) -> tuple[Any, ...]:
        """The page's records as AWS sent them, parsed from JSON at each access.

        They are in AWS's order and complete: null members, timestamps in AWS's own digits, and
        invalid records, which `opportunity_summaries` leaves out. Integers are exact, fractions
        are `Decimal`. They contain sensitive values. A page keeps the body of its response for
        them, about a kilobyte a record; of a page that was not fetched it is the wire form of its
        records.
        """
        source = self._source
        if source.body is None:
            return tuple(
                record.model_dump(mode="json", by_alias=True, exclude_none=True)
                for record in self.opportunity_summaries
            )
        records = read_entries_exact(
            source.body, "OpportunitySummaries", one_by_one=source.is_too_deep
        )
        places = range(len(records)) if source.places is None else source.places
        return tuple(records[place] for place in places)


def part_of(
    page: ListOpportunitiesResponse, records: Iterable[OpportunitySummary], places: Sequence[int]
) -> ListOpportunitiesResponse:
    """Return a page that has only some of the records of another one.

    Args:
        page: The whole page.
        records: The valid ones among these records.
        places: The places of all of them in the response, invalid ones included.
    """
    part = page.model_copy(update={"opportunity_summaries": tuple(records)})
    part._source = replace(page._source, places=places)  # type: ignore[misc] # frozen
    return part
