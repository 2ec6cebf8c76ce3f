"""Records as AWS sent them, for a program that prints them: kept only where that is asked for.

A model normalises: a timestamp's digits, an amount's zeros, a null member. Within `as_sent` every
record of a page is an `OpportunityAsSent`, which holds the parsed JSON it was made of beside the
typed members. Elsewhere nothing is kept, and nothing costs memory.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Self, cast

from pydantic import PrivateAttr, ValidationError

from partnercentral_list._json import JsonText
from partnercentral_list._transport import response
from partnercentral_list._transport.response import InvalidEntry, Page, parse_record_by_record
from partnercentral_list.models import Catalog, OpportunitySummary, ResponseMetadata


class OpportunityAsSent(OpportunitySummary, frozen=True):
    """An opportunity, and the JSON that it was read from."""

    _sent: object = PrivateAttr(default=None)

    @property
    def sent(self) -> object:
        """The record as AWS sent it, parsed from JSON. It may contain sensitive values."""
        return self._sent

    @classmethod
    def read(cls, sent: JsonText) -> Self | None:
        """Read a record; None if it is not an opportunity."""
        try:
            record = cls.model_validate_json(sent.text, by_alias=True, by_name=False)
        except ValidationError:
            return None
        return record._keep(sent.exact())

    @classmethod
    def unread(cls, sent: object, identifier: str | None) -> Self:
        """Wrap a record that is not an opportunity: all that is good for is printing it."""
        return cls.model_construct(id=identifier or "", catalog=Catalog.AWS)._keep(sent)

    def _keep(self, sent: object) -> Self:
        # The model is frozen; what is private to it is not.
        object.__setattr__(self, "_sent", sent)
        return self


@contextmanager
def as_sent(*, invalid_too: bool) -> Generator[None]:
    """Keep what AWS sent of each record that is read within this context and its tasks.

    Args:
        invalid_too: Whether a record that is not an opportunity counts as one: its members are
            then all None. Otherwise it is set aside as in every listing.
    """

    def parse_page(body: bytes, metadata: ResponseMetadata, max_records: int) -> Page:
        return parse_record_by_record(body, metadata, max_records, parse_record)

    def parse_record(sent: JsonText) -> OpportunitySummary | InvalidEntry:
        read = OpportunityAsSent.read(sent)
        if read is not None:
            return read
        invalid = cast("InvalidEntry", response.parse_record(sent))
        return OpportunityAsSent.unread(sent.exact(), invalid.id) if invalid_too else invalid

    token = response.reader.set(parse_page)
    try:
        yield
    finally:
        response.reader.reset(token)
