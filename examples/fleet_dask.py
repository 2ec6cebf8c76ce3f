"""The replicas of many accounts, kept current by the workers of a Dask cluster.

    python examples/fleet_dask.py tenants.json --scheduler tcp://host:8786 --store postgresql://…

The file is a list of accounts, ``[{"name": "emea", "role_arn": "arn:aws:iam::…"}, …]``. Each is one
task. If the worker of a task dies, Dask gives the task to another one, which resumes where the last
commit was. Needs ``pip install distributed``, and this library on every worker.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path

from distributed import Client, as_completed

from partnercentral_list.sync import FleetReport, FleetResult, PartnerAccount, sync_account

# A worker of another machine that died keeps its lease for 5 minutes.
LEASE_WAIT = timedelta(minutes=6)


def sync_all(
    dask: Client, accounts: Iterable[PartnerAccount], store_dsn: str
) -> Iterator[FleetResult]:
    """Sync each account as a task of the cluster, and yield its result as it ends."""
    names = {
        dask.submit(
            sync_account, account, store_dsn, lease_wait=LEASE_WAIT, pure=False
        ): account.name
        for account in accounts
    }
    for task in as_completed(names):
        error = task.exception()
        report = None if error else task.result()
        yield FleetResult(names[task], report, error, 0.0)


def main() -> None:
    """Sync the accounts of a file, and print a summary."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("accounts", type=Path)
    parser.add_argument("--scheduler", required=True)
    parser.add_argument("--store", required=True)
    options = parser.parse_args()
    accounts = [PartnerAccount(**members) for members in json.loads(options.accounts.read_text())]
    with Client(options.scheduler) as dask:
        results = list(sync_all(dask, accounts, options.store))
    print(FleetReport(results))


if __name__ == "__main__":
    main()
