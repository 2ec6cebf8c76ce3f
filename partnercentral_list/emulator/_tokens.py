"""NextToken: opaque text that holds a position in one listing and is worth nothing elsewhere.

A token is sealed with the emulator's seed and the request's parameters, and is good when sealing
its position again gives the same text. Sealing is there to catch clients that mix tokens up, not to
keep anything from anybody.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
import threading
from collections.abc import Callable, Hashable
from typing import Generic, NamedTuple, TypeVar

from partnercentral_list.emulator._behavior import Behavior

_T = TypeVar("_T")

_PREFIX = "AAMA-"
_SEAL_SIZE = 32
# As long as the tokens of the service, so that whoever stores them finds out how long they are.
_PADDING_SIZE = 64
_POSITION = struct.Struct(">QQQ")


class Position(NamedTuple):
    """Where a token leads to.

    Attributes:
        place: What the offset counts from: 0 for whatever matches, else a key of the shelf.
        offset: The number of records before the position.
        edition: Tells apart several tokens of one position.
    """

    place: int
    offset: int
    edition: int = 0


class TokenBook:
    """Issues and reads the tokens of one emulator; safe to use from several threads at once."""

    def __init__(self, seed: int, behavior: Behavior, clock: Callable[[], float]) -> None:
        self._seed = f"partnercentral-selling:{seed}".encode()
        self._seconds = behavior.token_life_seconds
        self._requests = behavior.token_life_requests
        self._clock = clock
        self._lock = threading.Lock()
        self._born: dict[str, tuple[int, float]] = {}

    def issue(self, listing: str, position: Position, number: int) -> str:
        """Make the token of a position, which is always the same one.

        Args:
            listing: What the token is bound to: the request's parameters as text.
            position: Where it leads to.
            number: The request whose answer it is sent with: its life starts anew.
        """
        token = self._seal(listing, position)
        if self._seconds is not None or self._requests is not None:
            with self._lock:
                self._born[token] = (number, self._clock())
        return token

    def read(self, listing: str, token: str, number: int) -> Position | None:
        """Give where a token leads to; None if it is not of this listing, or has expired."""
        try:
            raw = base64.urlsafe_b64decode(token.removeprefix(_PREFIX).encode("ascii"))
            veiled = raw[_SEAL_SIZE : _SEAL_SIZE + _POSITION.size]
            position = Position._make(_POSITION.unpack(_veil(veiled, raw[:_SEAL_SIZE])))
        except (ValueError, binascii.Error, struct.error):
            return None
        good = self._seal(listing, position) == token and self._lives(token, number)
        return position if good else None

    def _seal(self, listing: str, position: Position) -> str:
        packed = _POSITION.pack(*position)
        seal = hmac.digest(self._seed, packed + listing.encode(), "sha256")
        padding = hashlib.shake_256(seal).digest(_PADDING_SIZE)
        return _PREFIX + base64.urlsafe_b64encode(seal + _veil(packed, seal) + padding).decode()

    def _lives(self, token: str, number: int) -> bool:
        if self._seconds is None and self._requests is None:
            return True
        with self._lock:
            born = self._born.get(token)
        if born is None:
            return False
        if self._requests is not None and number - born[0] > self._requests:
            return False
        return self._seconds is None or self._clock() - born[1] <= self._seconds


class Shelf(Generic[_T]):
    """Keeps what tokens refer to, each under a number from 1 on, for as long as the emulator."""

    def __init__(self) -> None:
        self._things: list[_T] = []
        self._numbers: dict[Hashable, int] = {}
        self._lock = threading.Lock()

    def put(self, thing: _T, key: Hashable) -> int:
        """Give the number of a thing, always the same one for the same key."""
        with self._lock:
            if key not in self._numbers:
                self._things.append(thing)
                self._numbers[key] = len(self._things)
            return self._numbers[key]

    def get(self, number: int) -> _T:
        """Give the thing of a number that ``put`` gave."""
        return self._things[number - 1]


def _veil(position: bytes, seal: bytes) -> bytes:
    # strict=False: what is too short is refused by struct, with all else that is not a token.
    return bytes(left ^ right for left, right in zip(position, seal, strict=False))
