"""Mutation tests of the fault matrix: it finds every listing that has one of these defects."""

# ruff: noqa: N801 # a defect is a class, named by what is wrong

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from partnercentral_list import (
    AccessDeniedException,
    InvalidOpportunity,
    MalformedResponseError,
    OpportunitySummary,
    PaginationError,
    PartnerCentralClient,
    PartnerCentralError,
    ServiceError,
    ThrottlingException,
    TokenExpiredError,
    ValidationException,
)
from tests.faults.cases import CASES, Case
from tests.faults.matrix import PAGE_SIZE, Altered, Hit, Listing, broken


def altering(change: Callable[[PartnerCentralError], Exception | None]) -> type[Hit]:
    class Changed(Altered):
        def change(self, error: PartnerCentralError) -> Exception | None:
            return change(error)

    class Defect(Hit):
        def listing(self, client: PartnerCentralClient, **options: object) -> Listing:
            return Changed(super().listing(client, **options))

    return Defect


def _service_error(error: ServiceError) -> ServiceError:
    return ServiceError(error.code, error.message, resume_token=error.resume_token)


@altering
def malformed_responses_are_empty_last_pages(error: PartnerCentralError) -> Exception | None:
    """As botocore parses them."""
    return None if isinstance(error, MalformedResponseError) else error


@altering
def any_error_is_the_end(error: PartnerCentralError) -> Exception | None:
    return None


@altering
def a_refused_token_is_a_bad_request(error: PartnerCentralError) -> Exception | None:
    if isinstance(error, TokenExpiredError):
        return ValidationException(
            "ValidationException", "a bad request", resume_token=error.resume_token
        )
    return error


@altering
def awss_errors_have_no_classes(error: PartnerCentralError) -> Exception | None:
    return _service_error(error) if isinstance(error, AccessDeniedException) else error


@altering
def only_one_code_is_throttling(error: PartnerCentralError) -> Exception | None:
    if isinstance(error, ThrottlingException) and error.code != "ThrottlingException":
        return _service_error(error)
    return error


@altering
def an_odd_error_breaks_the_parser(error: PartnerCentralError) -> Exception | None:
    return AttributeError("'str' object has no attribute 'get'")


@altering
def an_error_does_not_know_its_place(error: PartnerCentralError) -> Exception | None:
    error.resume_token = None
    return error


class nothing_is_retried(Hit):
    attempts = 1


class everything_is_retried(Hit):
    def listing(self, client: PartnerCentralClient, **options: object) -> Listing:
        listing = super().listing

        class Persistent(Altered):
            async def __aiter__(self) -> AsyncIterator[OpportunitySummary]:
                try:
                    async for opportunity in self.listing:
                        yield opportunity
                except PartnerCentralError as error:
                    options["starting_token"] = error.resume_token
                    self.listing = listing(client, **options)
                    async for opportunity in self.listing:
                        yield opportunity

        return Persistent(listing(client, **options))


class an_attempt_has_no_timeout(Hit):
    patience = 1e9


class invalid_records_are_left_out(Hit):
    def listing(self, client: PartnerCentralClient, **options: object) -> Listing:
        def ignore(invalid: InvalidOpportunity) -> None:
            """The record is lost."""

        return super().listing(client, on_invalid=ignore, **options)


def resuming(repeats: int, skips: int) -> type[Hit]:
    """Resume with records of the page before the place repeated, or those behind it skipped."""

    class Displaced(Altered):
        async def __aiter__(self) -> AsyncIterator[OpportunitySummary]:
            number = 0
            async for opportunity in self.listing:
                number += 1
                if number > skips:
                    yield opportunity
                if number <= repeats:
                    yield opportunity

    class Defect(Hit):
        def listing(self, client: PartnerCentralClient, **options: object) -> Listing:
            listing = super().listing(client, **options)
            return Displaced(listing) if options.get("starting_token") else listing

    return Defect


a_resumed_listing_repeats_records = resuming(repeats=4, skips=0)
a_resumed_listing_begins_at_the_next_page = resuming(repeats=0, skips=PAGE_SIZE - 4)
a_resumed_listing_begins_a_record_too_late = resuming(repeats=0, skips=1)


class PageByPage:
    """A listing as a program may write it, token by token, that checks no token."""

    resume_token: str | None = None
    keeps = 0
    """How many tokens it remembers."""
    empty_ends = False
    end_is_followed = False

    def __init__(self, client: PartnerCentralClient) -> None:
        self.client = client

    async def __aiter__(self) -> AsyncIterator[OpportunitySummary]:
        token: str | None = None
        seen: list[str | None] = []
        while True:
            page = await self.client.list_opportunities(max_results=PAGE_SIZE, next_token=token)
            for opportunity in page.opportunity_summaries:
                yield opportunity
            is_end = self.empty_ends and not page.opportunity_summaries
            token = page.next_token
            if is_end or (token is None and not self.end_is_followed):
                return
            if token in seen:
                raise PaginationError("A token came twice.")
            seen = [*seen, token][-self.keeps :] if self.keeps else []


def page_by_page(**settings: object) -> type[Hit]:
    class Defect(Hit):
        def listing(self, client: PartnerCentralClient, **options: object) -> Listing:
            listing = PageByPage(client)
            vars(listing).update(settings)
            return listing

    return Defect


no_token_is_remembered = page_by_page()
only_the_last_token_is_remembered = page_by_page(keeps=1)
an_empty_page_is_the_end = page_by_page(empty_ends=True)
an_empty_token_is_followed = page_by_page(end_is_followed=True)

NOT_COMPLETE = "it ended and is not complete"
ENDLESS = "it never ends"
RAISED = ", not "
RESUMED = "resumed, it is not complete"

# The defect, the case that shows it, and what the matrix says of it.
DEFECTS: dict[str, tuple[type[Hit], str, str]] = {
    "half a response is the end": (
        malformed_responses_are_empty_last_pages,
        "half of the body",
        RAISED,
    ),
    "nothing is the end": (malformed_responses_are_empty_last_pages, "an empty body", RAISED),
    "HTML is the end": (malformed_responses_are_empty_last_pages, "HTML with status 200", RAISED),
    "another encoding is the end": (malformed_responses_are_empty_last_pages, "UTF-16", RAISED),
    "an error is not retried": (nothing_is_retried, "InternalServerException as 500", RAISED),
    "a reset is not retried": (nothing_is_retried, "reset during", RAISED),
    "a malformed response is not retried": (nothing_is_retried, "an empty object", RAISED),
    "everything is retried": (everything_is_retried, "AccessDeniedException as 403", RAISED),
    "no token is remembered": (no_token_is_remembered, "a token repeated at once", ENDLESS),
    "no earlier token is remembered": (
        no_token_is_remembered,
        "a token of an earlier page",
        ENDLESS,
    ),
    "only the last token is remembered": (
        only_the_last_token_is_remembered,
        "a token of an earlier page",
        RAISED,
    ),
    "an empty page is the end": (
        an_empty_page_is_the_end,
        "an empty page with a token",
        NOT_COMPLETE,
    ),
    "an empty token is followed": (
        an_empty_token_is_followed,
        "an empty token at the end",
        ENDLESS,
    ),
    "an expired token is a bad request": (
        a_refused_token_is_a_bad_request,
        "an expired token",
        RAISED,
    ),
    "a refused token is a bad request": (
        a_refused_token_is_a_bad_request,
        "ValidationException",
        RAISED,
    ),
    "errors have no classes": (
        awss_errors_have_no_classes,
        "AccessDeniedException as 400",
        RAISED,
    ),
    "one code is throttling": (
        only_one_code_is_throttling,
        "a throttling code of others",
        RAISED,
    ),
    "a list breaks the parser": (an_odd_error_breaks_the_parser, "a list as 503", "no attribute"),
    "an ErrorList breaks the parser": (
        an_odd_error_breaks_the_parser,
        "an odd ErrorList",
        "no attribute",
    ),
    "invalid records are left out": (invalid_records_are_left_out, "an invalid record", RAISED),
    "records are repeated": (a_resumed_listing_repeats_records, "an invalid record", RESUMED),
    "the rest of a page is skipped": (
        a_resumed_listing_begins_at_the_next_page,
        "an invalid record",
        RESUMED,
    ),
    "a record is skipped": (
        a_resumed_listing_begins_a_record_too_late,
        "an invalid record",
        RESUMED,
    ),
    "an error is the end": (any_error_is_the_end, "AccessDeniedException as 400", RAISED),
    "an attempt has no timeout": (an_attempt_has_no_timeout, "slow drip", ENDLESS),
    "an error does not know its place": (
        an_error_does_not_know_its_place,
        "InternalServerException as 500",
        "it raised without its place",
    ),
}


def case_of(name: str) -> Case:
    (case,) = [case for case in CASES if case.name == name]
    return case


@pytest.mark.parametrize("defect", DEFECTS)
def test_the_matrix_sees_a_defect(defect: str) -> None:
    hit, name, said = DEFECTS[defect]
    found = broken([case_of(name)], hit)
    assert found
    assert all(f"{name} on page" in line for line in found)
    assert any(said in line for line in found), found
