"""Who holds a lease, and whether that program is still there: a killed one gives nothing back."""

from __future__ import annotations

import os
import socket
import sys
import uuid
from typing import Final

from partnercentral_list.errors import StoreError

BUSY: Final = (
    "Another program is at work on this copy. Let it end, or try again later: its lease ends by "
    "itself a few minutes after it stopped working."
)
BUSY_HERE: Final = (
    "Another call in this program is at work on this copy. Wait for its end: one call at a time "
    "works on a store."
)
LOST: Final = (
    "Another run took over this copy, because the lease of this one had ended. Nothing of this "
    "page was stored; run again."
)

_HERE: set[str] = set()


def new_owner() -> str:
    """Make a name for one run: this machine, this process, and something unique."""
    owner = f"{socket.gethostname()}/{os.getpid()}/{uuid.uuid4().hex}"
    _HERE.add(owner)
    return owner


def forget(owner: str) -> None:
    """Say that a run of this process is over."""
    _HERE.discard(owner)


def is_here(owner: str) -> bool:
    """Return whether that run is one of this process and not over."""
    return owner in _HERE and owner.split("/")[1] == str(os.getpid())


def busy(owner: str) -> StoreError:
    """Return the error for a store on which the run of another owner is at work."""
    return StoreError(BUSY_HERE if is_here(owner) else BUSY, retryable=True)


def is_dead(owner: str) -> bool:
    """Tell whether that run is certainly over; False where nobody can know.

    Should it be wrong, as where two containers share a host name, the copy is still right: the
    run that lost the lease is refused at its next commit.
    """
    host, _, rest = owner.partition("/")
    process = rest.partition("/")[0]
    if host != socket.gethostname() or not process.isdecimal() or int(process) < 1:
        return False
    if int(process) == os.getpid():
        return owner not in _HERE
    return not _exists(int(process))


def _exists(process: int) -> bool:
    if sys.platform == "win32":
        # There is no signal 0: asking would end the process.
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
