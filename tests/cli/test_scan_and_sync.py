"""The scan and the sync of the command, which the AWS CLI does not have."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from partnercentral_list.emulator import PartnerCentralEmulator
from tests.cli.conftest import Done, Run
from tests.cli.running import where, without_retries


def ids(lines: str) -> list[str]:
    return [json.loads(line)["Id"] for line in lines.splitlines()]


@pytest.mark.parametrize("words", [[], ["--life-cycle-stage", "Qualified", "Launched"]])
def test_a_scan_gives_the_same_records_in_another_order(words: list[str], listed: Run) -> None:
    scanned = listed("--scan", "--output", "jsonl", *words)
    assert (scanned.code, scanned.err) == (0, "")
    whole = listed("--output", "jsonl", *words)
    assert sorted(scanned.out.splitlines()) == sorted(whole.out.splitlines())


def test_a_scan_can_be_written_in_every_form(listed: Run) -> None:
    assert listed("--scan", "--query", "length(OpportunitySummaries)").out == "250\n"
    assert listed("--scan", "--output", "csv").out.count("\n") >= 251
    assert "NextToken" not in json.loads(listed("--scan").out)


def test_a_scan_writes_what_is_no_opportunity_too(run: Run) -> None:
    records = [{"Id": "O1", "Catalog": "AWS", "CreatedDate": "2025-01-01T00:00:00Z"}]
    records.append({"Id": "O2", "Catalog": "AWS", "CreatedDate": "soon"})
    with PartnerCentralEmulator(records) as emulator:
        done = run("opportunities", *where(emulator), "--scan", "--output", "jsonl")
    assert sorted(ids(done.out)) == ["O1", "O2"]


@pytest.mark.parametrize(
    "words",
    [
        ["--sort", "SortBy=Identifier,SortOrder=ASCENDING"],
        ["--max-items", "3"],
        ["--page-size", "3"],
        ["--no-paginate"],
        ["--starting-token", "x"],
    ],
    ids=lambda words: words[0],
)
def test_a_scan_has_neither_an_order_nor_a_place(
    words: list[str], listed: Run, emulator: PartnerCentralEmulator
) -> None:
    done = listed("--scan", *words)
    assert (done.code, done.out) == (252, "")
    assert "leave out" in done.err
    assert not emulator.requests


def synced(run: Run, emulator: PartnerCentralEmulator, store: Path, *words: str) -> Done:
    return run("sync", *where(emulator), "--store", str(store), *words)


def test_sync_keeps_a_replica_and_prints_a_report(
    run: Run, emulator: PartnerCentralEmulator, tmp_path: Path
) -> None:
    store = tmp_path / "pipeline.db"
    first = synced(run, emulator, store)
    assert first.code == 0, first.err
    assert first.out.startswith("250 created, 0 updated")
    emulator.update(emulator.opportunities[0]["Id"], {"LifeCycle": {"Stage": "Launched"}})
    second = synced(run, emulator, store)
    assert second.out.startswith("0 created, 1 updated")
    assert second.out.count("\n") == 1
    with closing(sqlite3.connect(store)) as database:
        assert database.execute("select count(*) from opportunities").fetchone() == (250,)


class Waits:
    """Lets the seconds between two runs pass at once, and ends the watching after some."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, seconds: float, **actions: Any) -> None:
        self.count = 0
        self._seconds, self._actions = seconds, actions
        self._sleep = asyncio.sleep
        monkeypatch.setattr(asyncio, "sleep", self.sleep)

    async def sleep(self, seconds: float) -> None:
        if seconds != self._seconds:
            await self._sleep(seconds)
            return
        self.count += 1
        action = self._actions.get(f"after_{self.count}")
        if action is not None:
            action()


def end() -> None:
    raise asyncio.CancelledError


def test_watch_runs_again_after_its_seconds_and_past_what_may_pass(
    run: Run,
    emulator: PartnerCentralEmulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without_retries(monkeypatch)
    fail = partial(emulator.fail, "InternalServerException", times=1)
    waits = Waits(monkeypatch, 7.0, after_1=fail, after_3=end)
    done = synced(run, emulator, tmp_path / "x.db", "--watch", "7")
    assert (done.code, waits.count) == (130, 3)
    lines = done.out.splitlines()
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ 250 created", lines[0])
    assert "0 created, 0 updated" in lines[1]
    assert "failed: InternalServerException" in done.err
    assert "Interrupted. What was stored stays" in done.err


@pytest.mark.parametrize("how", ["removed", "replaced"])
def test_watch_ends_with_an_error_when_its_file_is_gone(
    how: str,
    run: Run,
    emulator: PartnerCentralEmulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = tmp_path / "x.db"

    def lose() -> None:
        store.unlink()
        if how == "replaced":
            store.write_bytes(b"")

    waits = Waits(monkeypatch, 7.0, after_1=lose, after_2=end)
    done = synced(run, emulator, store, "--watch", "7")
    assert (done.code, waits.count) == (253, 1)
    assert done.out.count("\n") == 1
    assert "removed or replaced while it was open" in done.err
    assert "Run the command again; if the file is gone, " in done.err


@pytest.mark.parametrize("words", [["--watch", "0"], ["--watch", "nan"], ["--watch", "soon"]])
def test_watch_takes_seconds(
    words: list[str], run: Run, emulator: PartnerCentralEmulator, tmp_path: Path
) -> None:
    assert synced(run, emulator, tmp_path / "x.db", *words).code == 252


def test_a_store_that_cannot_be_used_is_a_bad_configuration(
    run: Run, emulator: PartnerCentralEmulator, tmp_path: Path
) -> None:
    done = synced(run, emulator, tmp_path / "no" / "such" / "x.db")
    assert done.code == 253
    assert done.err.startswith("partnercentral-list: [ERROR]: ")


def test_sync_needs_a_catalog_but_for_the_demo(run: Run, tmp_path: Path) -> None:
    assert run("sync", "--store", str(tmp_path / "x.db")).code == 252
    assert run("sync", "--demo", "--store", str(tmp_path / "x.db")).out.startswith("250 created")


def test_another_catalog_can_be_kept_under_another_account(
    run: Run, emulator: PartnerCentralEmulator, tmp_path: Path
) -> None:
    store = tmp_path / "pipeline.db"
    assert synced(run, emulator, store).code == 0
    refused = run("sync", "--demo", "--catalog", "Sandbox", "--store", str(store))
    assert refused.code == 253
    assert "under an account name of its own (--account)." in refused.err
    words = ("--demo", "--catalog", "Sandbox", "--store", str(store), "--account", "sandbox")
    done = run("sync", *words)
    assert (done.code, done.out.split(",")[0]) == (0, "250 created")
    with closing(sqlite3.connect(store)) as database:
        kept = database.execute("select account, count(*) from opportunities group by account")
        assert kept.fetchall() == [("default", 250), ("sandbox", 250)]


def test_an_account_has_a_name(run: Run, tmp_path: Path) -> None:
    done = run("sync", "--demo", "--store", str(tmp_path / "x.db"), "--account", "")
    assert done.code == 252
    assert "--account" in done.err


def test_what_may_pass_ends_with_75_for_a_scheduler(
    run: Run, emulator: PartnerCentralEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_retries(monkeypatch)
    emulator.fail("InternalServerException", times=1)
    done = synced(run, emulator, tmp_path / "x.db")
    assert done.code == 75
    assert "InternalServerException" in done.err
    assert "the next run resumes there" in done.err
    assert synced(run, emulator, tmp_path / "x.db").code == 0


def test_a_lease_of_another_process_ends_with_75(
    run: Run, emulator: PartnerCentralEmulator, tmp_path: Path
) -> None:
    store = tmp_path / "x.db"
    assert synced(run, emulator, store).code == 0
    with closing(sqlite3.connect(store)) as database:
        database.execute("UPDATE accounts SET lease_owner = 'elsewhere', lease_until = 9e15")
        database.commit()
    done = synced(run, emulator, store)
    assert (done.code, done.out) == (75, "")
    assert "Another program is syncing into this store" in done.err


def test_changes_are_shown_without_values(
    run: Run, emulator: PartnerCentralEmulator, tmp_path: Path
) -> None:
    store = tmp_path / "x.db"
    first = synced(run, emulator, store, "--show-changes", "--once").out.splitlines()
    names = {record["Id"] for record in emulator.opportunities}
    assert {line.removeprefix("created ") for line in first[:-1]} == names
    assert first[-1].startswith("250 created")
    changed = emulator.opportunities[0]["Id"]
    emulator.update(
        changed,
        {
            "LifeCycle": {"NextSteps": "call Any Company"},
            "Project": {"ExpectedCustomerSpend": [{"Amount": "7"}]},
        },
    )
    line, report = synced(run, emulator, store, "--show-changes").out.splitlines()
    fields = "last_modified_date life_cycle_next_steps project_expected_customer_spend"
    assert line == f"updated {changed} {fields}"
    assert report.startswith("0 created, 1 updated")


def test_reconcile_reports_what_is_gone_and_the_history_has_it(
    run: Run, emulator: PartnerCentralEmulator, tmp_path: Path
) -> None:
    store = tmp_path / "x.db"
    assert synced(run, emulator, store).code == 0
    gone = emulator.opportunities[4]["Id"]
    emulator.remove(gone)
    done = synced(run, emulator, store, "--reconcile", "--history", "30", "--show-changes")
    assert (done.code, done.err) == (0, "")
    assert f"no longer listed: {gone}" in done.out
    with closing(sqlite3.connect(store)) as database:
        rows = database.execute("SELECT id, kind FROM changes").fetchall()
        assert rows == [(gone, "gone")]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--history", "0"], "--history must be a number of more than 0."),
        (["--history", "inf"], "--history must be"),
        (["--once", "--watch", "5"], "--once and --watch exclude each other."),
        (["--setup"], "--setup is for PostgreSQL"),
    ],
)
def test_options_of_sync_are_checked(
    words: list[str], message: str, run: Run, emulator: PartnerCentralEmulator, tmp_path: Path
) -> None:
    done = synced(run, emulator, tmp_path / "x.db", *words)
    assert done.code == 252
    assert message in done.err
    assert emulator.requests == []
