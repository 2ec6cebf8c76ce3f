"""Interruptions: a listing, scan or sync that ends early writes what was read, and says so."""

from __future__ import annotations

import io
import json
import re
import signal
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from partnercentral_list import ListOpportunitiesResponse
from partnercentral_list.cli import main
from partnercentral_list.emulator import Behavior, Fault, PartnerCentralEmulator
from tests.cli.conftest import Run
from tests.cli.running import signaled_in, where

ENDS = {signal.SIGHUP: 129, signal.SIGINT: 130, signal.SIGTERM: 143}
BY_PAGE = ("jsonl", "csv", "text", "yaml-stream")
AS_ONE = ("json", "yaml", "table")


def ids(text: str) -> list[str]:
    """Identifiers of records, not those in their Arns."""
    return re.findall(r"(?<![\w/])O\d{6,}\b", text)


@pytest.fixture
def short() -> Iterator[PartnerCentralEmulator]:
    """Pages of every length, so that a batch is hardly ever full when something happens."""
    with PartnerCentralEmulator(400, behavior=Behavior(short_pages=1.0)) as emulator:
        yield emulator


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The identifiers of the records that the command takes of its pages, in order."""
    taken: list[str] = []
    raw = ListOpportunitiesResponse.raw_opportunities.fget
    assert raw is not None

    def spy(page: ListOpportunitiesResponse) -> Any:
        records = raw(page)
        taken.extend(record["Id"] for record in records)
        if len(taken) in SIGNALS:
            signal.raise_signal(SIGNALS.pop(len(taken)))
        return records

    SIGNALS.clear()
    # private: nothing else happens between two records, where the signal has to arrive.
    monkeypatch.setattr(ListOpportunitiesResponse, "raw_opportunities", property(spy))
    return taken


#: What `read` raises, by how many records were taken.
SIGNALS: dict[int, int] = {}


@pytest.mark.parametrize("form", BY_PAGE)
@pytest.mark.parametrize("ending", ENDS)
def test_an_interrupted_scan_has_written_every_record_that_it_read(
    form: str,
    ending: int,
    run: Run,
    read: list[str],
    short: PartnerCentralEmulator,
) -> None:
    with signaled_in(short, 6, ending):
        done = run("opportunities", *where(short), "--scan", "--output", form)
    assert done.code == ENDS[ending]
    assert 0 < len(read) < 400
    assert sorted(set(ids(done.out))) == sorted(read)
    assert done.err == (
        f"Interrupted. {len(read)} opportunities were written; a scan cannot be resumed.\n"
    )


@pytest.mark.parametrize("form", BY_PAGE)
def test_a_scan_that_fails_has_written_every_record_that_it_read(
    form: str, run: Run, read: list[str], short: PartnerCentralEmulator
) -> None:
    short.fail("AccessDeniedException", at=6)
    done = run("opportunities", *where(short), "--scan", "--output", form)
    assert done.code == 254
    assert 0 < len(read) < 400
    assert sorted(set(ids(done.out))) == sorted(read)
    assert done.err.endswith(
        f"\n{len(read)} opportunities were written; a scan cannot be resumed.\n"
    )


@pytest.mark.parametrize("form", AS_ONE)
def test_a_part_of_a_scan_is_not_written_as_if_it_were_the_whole(
    form: str, run: Run, read: list[str], short: PartnerCentralEmulator
) -> None:
    said = "{} opportunities were read, and none was written; a scan cannot be resumed. --output"
    with signaled_in(short, 6, signal.SIGINT):
        done = run("opportunities", *where(short), "--scan", "--output", form)
    assert (done.code, done.out) == (130, "")
    assert said.format(len(read)) in done.err
    read.clear()
    short.fail("AccessDeniedException")
    short.fail("AccessDeniedException", at=6)
    assert run("opportunities", *where(short), "--scan", "--output", form).out == ""


def test_a_scan_of_whole_batches_writes_no_empty_one(run: Run) -> None:
    with PartnerCentralEmulator(200) as emulator:
        counts = ("--output", "jsonl", "--query", "length(OpportunitySummaries)")
        assert run("opportunities", *where(emulator), "--scan", *counts).out == "100\n100\n"
        nothing = ("--scan", "--identifier", "O1")
        done = run("opportunities", *where(emulator), *nothing)
        assert json.loads(done.out) == {"OpportunitySummaries": []}


@pytest.mark.parametrize("form", [*BY_PAGE, *AS_ONE])
@pytest.mark.parametrize("ending", ENDS)
def test_a_listing_and_the_rest_of_it_are_the_whole(
    form: str, ending: int, run: Run, emulator: PartnerCentralEmulator
) -> None:
    whole = [record["Id"] for record in emulator.opportunities]
    words = ("--output", form, "--page-size", "60")
    with signaled_in(emulator, 3, ending):
        done = run("opportunities", *where(emulator), *words)
    assert done.code == ENDS[ending]
    token = done.err.split("--starting-token ")[1].strip()
    assert done.err.startswith("Interrupted after 120 opportunities. ")
    rest = run("opportunities", *where(emulator), *words, "--starting-token", token)
    assert (rest.code, rest.err) == (0, "")
    first, second = (set(ids(response.out)) for response in (done, rest))
    assert (len(first), len(second)) == (120, 130)
    assert first | second == set(whole)


@pytest.mark.parametrize("form", BY_PAGE)
def test_a_listing_that_fails_and_the_rest_of_it_are_the_whole(
    form: str, run: Run, emulator: PartnerCentralEmulator
) -> None:
    words = ("--output", form, "--page-size", "60")
    emulator.fail("AccessDeniedException", at=3)
    done = run("opportunities", *where(emulator), *words)
    token = done.err.split("--starting-token ")[1].strip()
    rest = run("opportunities", *where(emulator), *words, "--starting-token", token)
    first, second = (set(ids(response.out)) for response in (done, rest))
    assert (len(first), len(second), len(first | second)) == (120, 130, 250)


class SignalingOutput(io.StringIO):
    """Raises SIGHUP when the first bytes are written."""

    def write(self, text: str, /) -> int:
        if not self.tell():
            signal.raise_signal(signal.SIGHUP)
        return super().write(text)


def test_a_signal_while_json_is_written_cuts_nothing(
    emulator: PartnerCentralEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = SignalingOutput()
    monkeypatch.setattr(sys, "stdout", output)
    assert main(["opportunities", *where(emulator)]) == 0
    assert len(json.loads(output.getvalue())["OpportunitySummaries"]) == 250


def test_a_hangup_that_is_ignored_ends_nothing(
    run: Run, emulator: PartnerCentralEmulator, monkeypatch: pytest.MonkeyPatch, read: list[str]
) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        SIGNALS[100] = signal.SIGHUP
        assert run("opportunities", *where(emulator), "--output", "jsonl").code == 0
    finally:
        signal.signal(signal.SIGHUP, before)
    assert len(read) == 250


@pytest.mark.parametrize("form", [*BY_PAGE, "json"])
def test_an_interruption_behind_the_last_record_comes_too_late(
    form: str,
    run: Run,
    read: list[str],
    emulator: PartnerCentralEmulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    SIGNALS[250] = signal.SIGINT
    done = run("opportunities", *where(emulator), "--output", form)
    assert (done.code, done.err) == (0, "")
    assert len(set(ids(done.out))) == 250


def synced(run: Run, emulator: PartnerCentralEmulator) -> Any:
    return run("sync", *where(emulator), "--store", "copy.db")


def stored() -> int:
    with closing(sqlite3.connect("copy.db")) as database:
        return int(database.execute("select count(*) from opportunities").fetchone()[0])


def broken_off(
    how: Callable[[], Any], run: Run, emulator: PartnerCentralEmulator
) -> tuple[Any, str]:
    """A sync that does not end well, and what the next one says."""
    done = how()
    before = stored()
    assert 0 < before < 250
    assert done.err.endswith("What was stored stays, and the next run resumes there.\n")
    rest = synced(run, emulator)
    assert rest.code == 0
    assert rest.out.startswith(f"{250 - before} created, 0 updated")
    assert stored() == 250
    return done, rest.out


@pytest.mark.parametrize("ending", ENDS)
def test_a_sync_that_is_interrupted_resumes_where_it_stopped(
    ending: int,
    run: Run,
    emulator: PartnerCentralEmulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)

    def interrupted() -> Any:
        with signaled_in(emulator, 4, ending):
            return synced(run, emulator)

    done, _ = broken_off(interrupted, run, emulator)
    assert (done.code, done.out) == (ENDS[ending], "")


def test_a_sync_that_fails_resumes_where_it_stopped(
    run: Run, emulator: PartnerCentralEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    emulator.fail(Fault.error("AccessDeniedException"), at=4)
    done, _ = broken_off(lambda: synced(run, emulator), run, emulator)
    assert (done.code, done.out) == (254, "")
