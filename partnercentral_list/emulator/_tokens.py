"""NextToken: opaque text that holds a position in one listing and is worth nothing elsewhere.

Nothing is stored: a token is sealed with the emulator's seed and the request's parameters, and is
good when sealing its position again gives the same text. Sealing is there to catch clients that
mix tokens up, not to keep anything from anybody.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct

_PREFIX = "AAMA-"
_SEAL_SIZE = 32
# As long as the tokens of the service, so that whoever stores them finds out how long they are.
_PADDING_SIZE = 72
_POSITION = struct.Struct(">QQ")


class TokenBook:
    """Issues and reads the tokens of one emulator."""

    def __init__(self, seed: int) -> None:
        self._seed = f"partnercentral-selling:{seed}".encode()

    def issue(self, listing: str, offset: int, *, edition: int = 0) -> str:
        """Make the token of a position, which is always the same one.

        Args:
            listing: What the token is bound to: the request's parameters as text.
            offset: The number of records before the position.
            edition: Tells apart several tokens of one position.
        """
        position = _POSITION.pack(offset, edition)
        seal = hmac.digest(self._seed, position + listing.encode(), "sha256")
        padding = hashlib.shake_256(seal).digest(_PADDING_SIZE)
        return _PREFIX + base64.urlsafe_b64encode(seal + _veil(position, seal) + padding).decode()

    def read(self, listing: str, token: str) -> int | None:
        """Give a token's offset, or None if it was not issued here, for this listing."""
        try:
            raw = base64.urlsafe_b64decode(token.removeprefix(_PREFIX).encode("ascii"))
            veiled = raw[_SEAL_SIZE : _SEAL_SIZE + _POSITION.size]
            offset, edition = _POSITION.unpack(_veil(veiled, raw[:_SEAL_SIZE]))
        except (ValueError, binascii.Error, struct.error):
            return None
        return int(offset) if self.issue(listing, offset, edition=edition) == token else None


def _veil(position: bytes, seal: bytes) -> bytes:
    # strict=False: what is too short is refused by struct, with all else that is not a token.
    return bytes(left ^ right for left, right in zip(position, seal, strict=False))
