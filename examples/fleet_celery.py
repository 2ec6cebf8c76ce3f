"""The replicas of many accounts, kept current by Celery's workers.

    celery --app fleet_celery worker
    python fleet_celery.py tenants.json --store postgresql://…

The file is a list of accounts, ``[{"name": "emea", "role_arn": "arn:aws:iam::…"}, …]``. Each is one
task. If the process of a task dies, Celery gives the task to another one, which resumes where the
last commit was. Needs ``pip install celery``, and a ``celeryconfig.py`` that names the broker and
the result backend.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from celery import Celery, Task, group

from partnercentral_list import PartnerCentralError
from partnercentral_list.sync import PartnerAccount, sync_account

app = Celery("fleet", config_source="celeryconfig")
# The task of a process that was killed goes back into the queue.
app.conf.update(task_acks_late=True, task_reject_on_worker_lost=True, worker_prefetch_multiplier=1)


# A worker of another machine that died keeps its lease for 5 minutes.
@app.task(name="fleet_celery.sync", bind=True, max_retries=6, default_retry_delay=60)
def sync(task: Task, account: Mapping[str, Any], store_dsn: str) -> str:
    """Sync one account, and return its report as text; wait and retry where that helps."""
    try:
        return str(sync_account(PartnerAccount(**account), store_dsn))
    except PartnerCentralError as error:
        if error.retryable:
            raise task.retry(exc=error) from error
        raise


def main() -> None:
    """Queue the accounts of a file, and print each report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("accounts", type=Path)
    parser.add_argument("--store", required=True)
    options = parser.parse_args()
    accounts = [PartnerAccount(**members) for members in json.loads(options.accounts.read_text())]
    tasks = group(sync.s(asdict(account), options.store) for account in accounts)()
    for account, task in zip(accounts, tasks, strict=True):
        print(f"{account.name}: {task.get()}")


if __name__ == "__main__":
    main()
