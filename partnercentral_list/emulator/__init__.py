"""A local Partner Central: a real HTTP server on 127.0.0.1 that answers ListOpportunities.

::

    with PartnerCentralEmulator(1000, faults=["ThrottlingException"]) as emulator:
        client = session.create_client("partnercentral-selling", endpoint_url=emulator.url)

Any client of the service can be pointed at it. What it accepts and refuses comes from botocore's
installed service model, its records are invented, and all it does can be repeated from a seed.
"""

from __future__ import annotations

from partnercentral_list.emulator._auth import AcceptedCredentials
from partnercentral_list.emulator._behaviour import Behaviour
from partnercentral_list.emulator._emulator import PartnerCentralEmulator
from partnercentral_list.emulator._faults import Fault
from partnercentral_list.emulator._plan import RandomFaults
from partnercentral_list.emulator._recording import RecordedRequest
from partnercentral_list.emulator._throttle import AccountQuota

__all__ = [
    "AcceptedCredentials",
    "AccountQuota",
    "Behaviour",
    "Fault",
    "PartnerCentralEmulator",
    "RandomFaults",
    "RecordedRequest",
]
