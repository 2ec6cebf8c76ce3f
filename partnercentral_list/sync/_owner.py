"""Who holds a lease, and whether that program is still there: a killed one gives nothing back."""

from __future__ import annotations

import os
import socket
import sys
import uuid

_HERE: set[str] = set()


def new_owner() -> str:
    """Make a name for one run: this machine, this process, and something unique."""
    owner = f"{socket.gethostname()}/{os.getpid()}/{uuid.uuid4().hex}"
    _HERE.add(owner)
    return owner


def forget(owner: str) -> None:
    """Say that a run of this process is over."""
    _HERE.discard(owner)


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
