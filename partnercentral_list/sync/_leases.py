"""Owners of leases: the machine and process of one, and whether the process is still running."""

from __future__ import annotations

import os
import socket
import sys
import uuid
from typing import Final

from partnercentral_list.errors import StoreError

BUSY: Final = (
    "Another program is syncing into this store. Wait until it ends, or run again later: its lease "
    "expires a few minutes after it stops."
)
BUSY_HERE: Final = (
    "Another call in this program is syncing into this store. Wait until it ends: one call at a "
    "time can use a store."
)
LOST: Final = (
    "Another run has acquired the lease of this store, because this run's lease had expired. "
    "Nothing of this page was stored; run again."
)

_OWNERS_HERE: set[str] = set()


def new_owner() -> str:
    """Return a unique owner for one run, from which the machine and the process can be read."""
    owner = f"{socket.gethostname()}/{os.getpid()}/{uuid.uuid4().hex}"
    _OWNERS_HERE.add(owner)
    return owner


def forget_owner(owner: str) -> None:
    """Record that a run of this process has ended."""
    _OWNERS_HERE.discard(owner)


def busy_error(owner: str) -> StoreError:
    """Return the error for a store whose lease `owner` holds."""
    # A forked process inherits the set, and is another process.
    is_here = owner in _OWNERS_HERE and owner.split("/")[1] == str(os.getpid())
    return StoreError(BUSY_HERE if is_here else BUSY, retryable=True)


def is_dead(owner: str) -> bool:
    """Return whether the run has certainly ended; False where that cannot be known.

    A wrong result is harmless, as between two containers that share a host name: the run that
    loses its lease is refused at its next commit.
    """
    host, _, rest = owner.partition("/")
    process = rest.partition("/")[0]
    if host != socket.gethostname() or not process.isdecimal() or int(process) < 1:
        return False
    if int(process) == os.getpid():
        return owner not in _OWNERS_HERE
    if sys.platform == "win32":
        # There is no signal 0: os.kill would end the process.
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        pass
    return False
