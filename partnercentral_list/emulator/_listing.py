"""Listings: the page that a request gets, and the token of the next one.

A NextToken is opaque text that stands for a position in one listing and is invalid in any other. It
is sealed with the emulator's seed and the request's parameters, and valid when sealing its position
again gives the same text. Sealing catches clients that mix tokens up; it keeps nothing secret.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import struct
import threading
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Generic, NamedTuple, TypeVar

from partnercentral_list.emulator._behavior import Behavior
from partnercentral_list.emulator._faults import EXPIRED_TOKEN
from partnercentral_list.emulator._messages import PageResponse, ServiceResponse
from partnercentral_list.emulator._records import Record, render
from partnercentral_list.emulator._store import OpportunityStore

_T = TypeVar("_T")

_DEFAULT_PAGE_SIZE = 20
# The parameters that may differ between the requests of one listing.
_PAGING_PARAMETERS = ("MaxResults", "NextToken")
_SORTED_JSON = json.JSONEncoder(sort_keys=True)
_TOKEN_PREFIX = "AAMA-"
_SEAL_SIZE = 32
# Makes tokens as long as the service's, so that whoever stores them finds out how long they are.
_PADDING_SIZE = 64
_POSITION = struct.Struct(">QQQ")


class TokenPosition(NamedTuple):
    """The position that a token stands for.

    Attributes:
        reference: What the offset counts from: 0 for whatever matches, else a number of
            `References`.
        offset: The number of records before the position.
        edition: Distinguishes several tokens of one position.
    """

    reference: int
    offset: int
    edition: int = 0


class PageTokens:
    """Makes and reads the tokens of one emulator; thread-safe."""

    def __init__(self, seed: int, behavior: Behavior, clock: Callable[[], float]) -> None:
        self._seed = f"partnercentral-selling:{seed}".encode()
        self._lifetime_seconds = behavior.token_life_seconds
        self._lifetime_requests = behavior.token_life_requests
        self._clock = clock
        self._lock = threading.Lock()
        self._issued: dict[str, tuple[int, float]] = {}

    def issue(self, listing: str, position: TokenPosition, number: int) -> str:
        """Return the token of a position, always the same one; it expires counted from a request.

        It is bound to a listing: the request's parameters as text.
        """
        token = self._seal(listing, position)
        if self._lifetime_seconds is not None or self._lifetime_requests is not None:
            with self._lock:
                self._issued[token] = (number, self._clock())
        return token

    def read(self, listing: str, token: str, number: int) -> TokenPosition | None:
        """Return the position of a token; None if it is not of this listing, or has expired."""
        try:
            raw = base64.urlsafe_b64decode(token.removeprefix(_TOKEN_PREFIX).encode("ascii"))
            masked = raw[_SEAL_SIZE : _SEAL_SIZE + _POSITION.size]
            position = TokenPosition._make(_POSITION.unpack(_mask(masked, raw[:_SEAL_SIZE])))
        except (ValueError, binascii.Error, struct.error):
            return None
        is_valid = self._seal(listing, position) == token and self._is_alive(token, number)
        return position if is_valid else None

    def _seal(self, listing: str, position: TokenPosition) -> str:
        packed = _POSITION.pack(*position)
        seal = hmac.digest(self._seed, packed + listing.encode(), "sha256")
        padding = hashlib.shake_256(seal).digest(_PADDING_SIZE)
        return (
            _TOKEN_PREFIX + base64.urlsafe_b64encode(seal + _mask(packed, seal) + padding).decode()
        )

    def _is_alive(self, token: str, number: int) -> bool:
        if self._lifetime_seconds is None and self._lifetime_requests is None:
            return True
        with self._lock:
            issued = self._issued.get(token)
        if issued is None:
            return False
        if self._lifetime_requests is not None and number - issued[0] > self._lifetime_requests:
            return False
        return self._lifetime_seconds is None or self._clock() - issued[1] <= self._lifetime_seconds


def _mask(position: bytes, seal: bytes) -> bytes:
    # A text that is too short for a position is refused by struct, like any other invalid token.
    mask = seal[: len(position)]
    return (int.from_bytes(position) ^ int.from_bytes(mask)).to_bytes(len(position))


class References(Generic[_T]):
    """Values that tokens refer to by number, from 1; kept as long as the emulator; thread-safe."""

    def __init__(self) -> None:
        self._values: list[_T] = []
        self._numbers: dict[Hashable, int] = {}
        self._lock = threading.Lock()

    def add(self, value: _T, key: Hashable) -> int:
        """Return the number of a value, always the same one for the same key."""
        with self._lock:
            if key not in self._numbers:
                self._values.append(value)
                self._numbers[key] = len(self._values)
            return self._numbers[key]

    def get(self, number: int) -> _T:
        """Return the value of a number that ``add`` returned."""
        return self._values[number - 1]


@dataclass(frozen=True, slots=True)
class Paginator:
    """Cuts listings into pages."""

    store: OpportunityStore
    tokens: PageTokens
    behavior: Behavior
    seed: int
    anchors: References[Record] = field(default_factory=References[Record])
    snapshots: References[Sequence[Record]] = field(default_factory=References[Sequence[Record]])

    def page(self, known: Mapping[str, Any], number: int) -> ServiceResponse:
        """Return the response to a request of valid parameters, without null and empty ones."""
        parameters = {key: value for key, value in known.items() if key not in _PAGING_PARAMETERS}
        size = int(known.get("MaxResults", _DEFAULT_PAGE_SIZE))
        token: str | None = known.get("NextToken")
        listing = _SORTED_JSON.encode(parameters)
        position = TokenPosition(0, 0)
        if token is not None:
            found = self.tokens.read(listing, token, number)
            if found is None:
                return self.behavior.expired_token.instead or EXPIRED_TOKEN
            position = found
        order, records = self.store.listing(listing, parameters, number)
        start = position.offset
        if self.behavior.tokens == "snapshot" and position.reference:
            records = self.snapshots.get(position.reference)
        elif self.behavior.tokens == "keyset" and position.reference:
            start = order.position_after(self.anchors.get(position.reference), records)
        end = min(len(records), start + self._count(size, number, len(records) - start))

        def issue(offset: int, edition: int) -> str:
            return self.tokens.issue(listing, self._position(records, offset, edition), number)

        has_more = end < len(records) or (self.behavior.token_at_end and end - start == size)
        page = PageResponse(
            records=render(records[start:end], self.behavior),
            # The token of an empty page has the page's own position, and was never sent before.
            next_token=issue(end, number if end == start else 0) if has_more else None,
            offset=start,
            size=size,
            token=token,
            number=number,
            issue=issue,
            end_token=self.behavior.end_token,
        )
        if self.behavior.edits_per_request:
            rng = Random(f"{self.seed}:edits:{number}")
            self.store.touch_some(self.behavior.edits_per_request, rng)
        return page

    def _position(self, records: Sequence[Record], offset: int, edition: int) -> TokenPosition:
        if self.behavior.tokens == "keyset":
            inside = min(offset, len(records))
            if not inside:
                return TokenPosition(0, 0, edition)
            anchor = records[inside - 1]
            reference = self.anchors.add(anchor, (anchor.serial, anchor.data))
            return TokenPosition(reference, 0, edition)
        if self.behavior.tokens == "snapshot":
            # No other listing can get the id of one that is kept.
            return TokenPosition(self.snapshots.add(records, id(records)), offset, edition)
        return TokenPosition(0, offset, edition)

    def _count(self, size: int, number: int, remaining: int) -> int:
        """Return how many records a page has: all that fit, unless the behavior says otherwise."""
        behavior = self.behavior
        full = min(size, remaining)
        if full <= 0 or not (behavior.empty_pages or behavior.short_pages):
            return size
        rng = Random(f"{self.seed}:page:{number}")
        if rng.random() < behavior.empty_pages:
            return 0
        is_short = full > 1 and rng.random() < behavior.short_pages
        return rng.randint(1, full - 1) if is_short else full
