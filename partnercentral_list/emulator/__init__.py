"""A local Partner Central: a real HTTP server on 127.0.0.1 that responds to ListOpportunities.

::

    with PartnerCentralEmulator(1000, faults=["ThrottlingException"]) as emulator:
        client = session.create_client("partnercentral-selling", endpoint_url=emulator.url)

Any client of the service can use it. What it accepts and refuses comes from botocore's installed
service model, its records are generated, and everything it does can be repeated from a seed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from partnercentral_list.emulator._behavior import Behavior
    from partnercentral_list.emulator._emulator import PartnerCentralEmulator
    from partnercentral_list.emulator._faults import Fault, RandomFaults
    from partnercentral_list.emulator._quota import AccountQuota
    from partnercentral_list.emulator._service import RecordedRequest
    from partnercentral_list.emulator._signatures import AcceptedCredentials

__all__ = [
    "AcceptedCredentials",
    "AccountQuota",
    "Behavior",
    "Fault",
    "PartnerCentralEmulator",
    "RandomFaults",
    "RecordedRequest",
]

# Type checkers read the imports above: to them, a name that is not there must stay an error.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        # Late: pytest loads the plugin, and with it this module, wherever the package is installed.
        from partnercentral_list.emulator import _emulator

        value = getattr(_emulator, name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    special = [name for name in globals() if name.startswith("__")]
    return sorted({*__all__, *special})
