"""Mutation tests of the fault matrix: with any one guard off it finds incomplete listings."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from partnercentral_list import ListOpportunitiesResponse, MalformedResponseError
from partnercentral_list._pagination import pager
from partnercentral_list._pagination.prefetch import Prefetcher
from partnercentral_list._pagination.tokens import Position
from partnercentral_list._transport import errors, response, retry
from partnercentral_list._transport.response import Page
from tests.faults.cases import CASES, Case
from tests.faults.matrix import broken

Patch = pytest.MonkeyPatch


def malformed_responses_are_empty_last_pages(patch: Patch) -> None:
    """What botocore makes of them."""
    parse_page = response.parse_page

    def lenient(body: bytes, *how: Any) -> Page:
        try:
            return parse_page(body, *how)
        except MalformedResponseError:
            return Page(ListOpportunitiesResponse(opportunity_summaries=()), ())

    patch.setattr(response, "parse_page", lenient)


def utf_16_is_read_too(patch: Patch) -> None:
    class Lenient(bytes):
        def decode(self, *_: Any) -> str:
            return bytes(self).decode(json.detect_encoding(self))

    parse_page = response.parse_page

    def lenient(body: bytes, *how: Any) -> Page:
        return parse_page(Lenient(body), *how)

    patch.setattr(response, "parse_page", lenient)


def nothing_is_retried(patch: Patch) -> None:
    patch.setattr(retry, "_is_retryable", lambda error: False)


def everything_is_retried(patch: Patch) -> None:
    patch.setattr(retry, "_is_retryable", lambda error: True)


def malformed_responses_are_not_retried(patch: Patch) -> None:
    is_retryable = retry._is_retryable
    patch.setattr(
        retry,
        "_is_retryable",
        lambda error: is_retryable(error) and not isinstance(error, MalformedResponseError),
    )


def no_token_is_remembered(patch: Patch) -> None:
    class Forgetful(set[Any]):
        def __contains__(self, token: object) -> bool:
            return False

    _replace_seen(patch, Forgetful)


def only_the_last_token_is_remembered(patch: Patch) -> None:
    class LastOnly(set[Any]):
        def add(self, token: object) -> None:
            self.clear()
            super().add(token)

    _replace_seen(patch, LastOnly)


def _replace_seen(patch: Patch, kind: type[set[Any]]) -> None:
    original = pager.PageStream.__init__

    def init(self: Any, *arguments: Any) -> None:
        original(self, *arguments)
        self._seen = kind(self._seen)

    patch.setattr(pager.PageStream, "__init__", init)


def an_empty_page_is_the_end(patch: Patch) -> None:
    def ended(body: bytes, *how: Any) -> Page:
        read = parse_page(body, *how)
        if read.records:
            return read
        return Page(read.response.model_copy(update={"next_token": None}), read.records)

    parse_page = response.parse_page
    patch.setattr(response, "parse_page", ended)


def an_empty_token_is_followed(patch: Patch) -> None:
    def kept(body: bytes, *how: Any) -> Page:
        read = response.parse_page(body, *how)
        if b'"NextToken": ""' in body or b'"NextToken":""' in body:
            return Page(read.response.model_copy(update={"next_token": ""}), read.records)
        return read

    patch.setattr(response, "parse_page", kept)


def a_refused_token_is_a_bad_request(patch: Patch) -> None:
    async def plain(fetch: Any, parameters: Any, *, is_first: bool) -> Page:
        read: Page = await fetch(parameters)
        return read

    patch.setattr(pager, "fetch_page", plain)


def awss_errors_have_no_classes(patch: Patch) -> None:
    patch.setattr(errors, "MODELLED", {})


def only_one_code_is_throttling(patch: Patch) -> None:
    patch.setattr(errors, "THROTTLING_CODES", frozenset({"ThrottlingException"}))


def any_error_reaches_botocores_parser(patch: Patch) -> None:
    patch.setattr(
        "partnercentral_list._transport.botocore_hooks._is_error_of_aws", lambda body: True
    )


def invalid_records_are_left_out(patch: Patch) -> None:
    original = response.parse_record_by_record

    def lenient(*arguments: Any) -> Page:
        read = original(*arguments)
        return Page(read.response, read.response.opportunity_summaries)

    patch.setattr(response, "parse_record_by_record", lenient)


def a_resume_token_names_its_page_only(patch: Patch) -> None:
    encode = Position.encode
    patch.setattr(Position, "encode", lambda self: encode(Position(self.page_token, 0)))


def a_resume_token_names_the_next_page(patch: Patch) -> None:
    original = pager.ListedPage.after

    def after(self: Any, done: int) -> Position | None:
        return original(self, len(self.page.records))

    patch.setattr(pager.ListedPage, "after", after)


def an_error_while_reading_ahead_is_the_end(patch: Patch) -> None:
    original = Prefetcher.next

    async def deaf(self: Any) -> Any:
        try:
            return await original(self)
        except Exception:
            return None

    patch.setattr(Prefetcher, "next", deaf)


def an_attempt_has_no_timeout(patch: Patch) -> None:
    patch.setattr(asyncio, "timeout", lambda delay: _Never())


class _Never:
    async def __aenter__(self) -> _Never:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    def expired(self) -> bool:
        return False


def an_error_does_not_know_its_place(patch: Patch) -> None:
    async def bare(self: Any, reader: Prefetcher[Any]) -> Any:
        return await reader.next()

    patch.setattr(pager.ListingIteration, "_next", bare)


def a_record_is_done_with_before_it_is_yielded(patch: Patch) -> None:
    one_more = property(
        lambda self: vars(self)["done"], lambda self, done: vars(self).update(done=done + 1)
    )
    patch.setattr(pager.ListingIteration, "_done", one_more, raising=False)


GUARDS: list[tuple[Callable[[Patch], None], str]] = [
    (malformed_responses_are_empty_last_pages, "half of the body"),
    (malformed_responses_are_empty_last_pages, "an empty body"),
    (malformed_responses_are_empty_last_pages, "HTML with status 200"),
    (utf_16_is_read_too, "UTF-16"),
    (nothing_is_retried, "InternalServerException as 500"),
    (nothing_is_retried, "reset during"),
    (everything_is_retried, "AccessDeniedException as 403"),
    (malformed_responses_are_not_retried, "an empty object"),
    (no_token_is_remembered, "a token repeated at once"),
    (no_token_is_remembered, "a token of an earlier page"),
    (only_the_last_token_is_remembered, "a token of an earlier page"),
    (an_empty_page_is_the_end, "an empty page with a token"),
    (an_empty_token_is_followed, "an empty token at the end"),
    (a_refused_token_is_a_bad_request, "an expired token"),
    (a_refused_token_is_a_bad_request, "ValidationException"),
    (awss_errors_have_no_classes, "AccessDeniedException as 400"),
    (only_one_code_is_throttling, "a throttling code of others"),
    (any_error_reaches_botocores_parser, "a list as 503"),
    (any_error_reaches_botocores_parser, "an odd ErrorList"),
    (invalid_records_are_left_out, "an invalid record"),
    (a_resume_token_names_its_page_only, "an invalid record"),
    (a_resume_token_names_the_next_page, "an invalid record"),
    (an_error_while_reading_ahead_is_the_end, "AccessDeniedException as 400"),
    (an_attempt_has_no_timeout, "slow drip"),
    (an_error_does_not_know_its_place, "InternalServerException as 500"),
    (a_record_is_done_with_before_it_is_yielded, "an invalid record"),
]


def case_of(name: str) -> Case:
    (case,) = [case for case in CASES if case.name == name]
    return case


@pytest.mark.parametrize(
    ("switch_off", "name"), GUARDS, ids=lambda value: getattr(value, "__name__", value)
)
def test_the_matrix_sees_that_a_guard_is_off(
    monkeypatch: pytest.MonkeyPatch, switch_off: Callable[[Patch], None], name: str
) -> None:
    case = case_of(name)
    switch_off(monkeypatch)
    found = broken([case])
    assert found
    assert all(name in line for line in found)
