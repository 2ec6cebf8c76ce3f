"""--starting-token: a resume token, or what AWS itself calls a token, as the AWS CLI takes both."""

from __future__ import annotations

import base64
import binascii
import json
import re

from partnercentral_list._pagination.tokens import Position, decode
from partnercentral_list.cli._exits import CommandError

VALID = "Valid: the NextToken of an answer, ours or the AWS CLI's."


def resume_token(token: str) -> str:
    """Give the resume token that a token means.

    ``--no-paginate`` and yaml-stream print AWS's own token, which the AWS CLI takes too; the form
    ``token___5`` of its early versions skips 5 records.

    Raises:
        CommandError: It is none.
    """
    if not token:
        raise CommandError(f"--starting-token: an empty text. {VALID}")
    if _is_resume_token(token):
        try:
            decode(token)
        except ValueError as error:
            raise CommandError(f"--starting-token: {error}. {VALID}") from None
        return token
    old = re.fullmatch(r"(.*)___(\d{1,4})", token, re.ASCII | re.DOTALL)
    if old:
        start = None if old[1] == "None" else old[1]
        return Position(start, int(old[2])).encode()
    return Position(token, None).encode()


def _is_resume_token(token: str) -> bool:
    try:
        return isinstance(json.loads(base64.b64decode(token.encode("ascii"), validate=True)), dict)
    except (UnicodeError, binascii.Error, ValueError, RecursionError):
        return False
