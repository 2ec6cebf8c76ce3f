"""What the command does beyond the AWS CLI with the library's scan and sync."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from partnercentral_list import StoreError
from partnercentral_list.cli import _sync
from partnercentral_list.cli._parser import parse_arguments
from partnercentral_list.emulator import PartnerCentralEmulator
from tests.cli.conftest import Run


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
        where = ("--catalog", "AWS", "--endpoint-url", emulator.url, "--no-sign-request")
        done = run("opportunities", *where, "--scan", "--output", "jsonl")
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


def synced(run: Run, emulator: PartnerCentralEmulator, store: Path, *words: str) -> object:
    where = ("--catalog", "AWS", "--endpoint-url", emulator.url, "--no-sign-request")
    return run("sync", *where, "--store", str(store), *words)


def test_sync_keeps_a_copy_and_says_what_it_did(
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


def test_watch_runs_again_after_its_seconds_and_past_what_may_pass(
    emulator: PartnerCentralEmulator,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            raise asyncio.CancelledError
        if len(slept) == 1:
            emulator.fail("InternalServerException", times=1)

    from tests.cli.test_listing import without_waits

    without_waits(monkeypatch)
    where = ["--catalog", "AWS", "--endpoint-url", emulator.url, "--no-sign-request"]
    options = parse_arguments(["sync", *where, "--store", str(tmp_path / "x.db"), "--watch", "7"])
    assert _sync.run_sync(options, sleep) == 130
    out, err = capsys.readouterr()
    assert slept == [7.0, 7.0, 7.0]
    lines = out.splitlines()
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ 250 created", lines[0])
    assert "0 created, 0 updated" in lines[1]
    assert "failed: InternalServerException" in err
    assert "Interrupted. What was stored stays" in err


def test_watch_ends_when_its_store_is_removed(
    emulator: PartnerCentralEmulator, tmp_path: Path
) -> None:
    store = tmp_path / "x.db"

    async def sleep(seconds: float) -> None:
        store.unlink()
        emulator.add()

    where = ["--catalog", "AWS", "--endpoint-url", emulator.url, "--no-sign-request"]
    options = parse_arguments(["sync", *where, "--store", str(store), "--watch", "7"])
    with pytest.raises(StoreError, match="removed or replaced"):
        _sync.run_sync(options, sleep)


@pytest.mark.parametrize("words", [["--watch", "0"], ["--watch", "nan"], ["--watch", "soon"]])
def test_watch_takes_seconds(
    words: list[str], run: Run, emulator: PartnerCentralEmulator, tmp_path: Path
) -> None:
    assert synced(run, emulator, tmp_path / "x.db", *words).code == 252


def test_a_store_that_cannot_be_used_is_a_bad_set_up(
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
