"""Resume tokens: the AWS CLI's own, byte for byte, so that each can resume from the other's."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import cast

TOKEN_KEY = "NextToken"  # noqa: S105 # the name of a member, no secret
SKIP_KEY = "boto_truncate_amount"
#: It counts records of one page. A larger one would skip, and pay for, page after page.
MAX_SKIP = 100


@dataclass(frozen=True, slots=True)
class Position:
    """A position in a listing: a page, and how many of its records to skip."""

    page_token: str | None
    """AWS's token of the page; None for the first one."""
    skip: int | None = 0
    """Records done with; None on a page boundary, where the AWS CLI leaves the number out."""

    def encode(self) -> str:
        """Return the resume token of this position."""
        token: dict[str, str | int | None] = {TOKEN_KEY: self.page_token}
        if self.skip is not None:
            token[SKIP_KEY] = self.skip
        return base64.b64encode(json.dumps(token).encode()).decode()


START = Position(None)


def decode(token: str) -> Position:
    """Read a resume token.

    Raises:
        ValueError: It is not a resume token; the message says what it seems to be.
    """
    content = _content(token)
    if not isinstance(content, dict):
        raise ValueError(
            "not a resume token of this library, the AWS CLI or boto3 (a token that AWS itself "
            "sent goes into list_opportunities(next_token=...))"
        )
    members = cast("dict[str, object]", content)
    page_token, skip = members.get(TOKEN_KEY), members.get(SKIP_KEY)
    if TOKEN_KEY not in members or not members.keys() <= {TOKEN_KEY, SKIP_KEY}:
        raise ValueError("a resume token of another operation")
    if page_token == "" or not isinstance(page_token, str | None) or _is_torn(page_token):
        raise ValueError("a resume token whose NextToken is not a token")
    if SKIP_KEY in members and (type(skip) is not int or not 0 <= skip <= MAX_SKIP):
        raise ValueError(
            f"a resume token whose {SKIP_KEY} is not a number of records of one page, 0 to "
            f"{MAX_SKIP}"
        )
    return Position(page_token, cast("int | None", skip))


def _is_torn(text: str | None) -> bool:
    return any("\ud800" <= char <= "\udfff" for char in text or "")


def _content(token: str) -> object:
    try:
        return json.loads(base64.b64decode(token.encode("ascii"), validate=True))
    except (UnicodeError, binascii.Error, ValueError, RecursionError):
        return None
