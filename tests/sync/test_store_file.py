"""The file of a SQLiteStore: what it may be, who may read it, and that it stays the same one."""

from __future__ import annotations

import asyncio
import logging
import os
import stat
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from partnercentral_list import ConfigurationError, OpportunitySummary, StoreError
from partnercentral_list.emulator import PartnerCentralEmulator
from partnercentral_list.sync import OpportunitySync, SQLiteStore, SyncBatch
from tests.conftest import MakeClient

LEASE = timedelta(minutes=5)
RECORD = OpportunitySummary.model_validate({"Id": "O1", "Catalog": "AWS"})


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


FORKS = """
import asyncio, os, sys
from partnercentral_list import StoreError
from partnercentral_list.sync import SQLiteStore

async def use(store):
    return list(await store.identifiers())

async def main(store, path):
    try:
        await asyncio.wait_for(use(store), 20)
    except StoreError as error:
        print(error)
    await asyncio.wait_for(store.aclose(), 20)
    async with SQLiteStore(path) as own:
        print(await use(own))

store = SQLiteStore(sys.argv[1])
loop = asyncio.new_event_loop()
loop.run_until_complete(use(store))
child = os.fork()
if not child:
    asyncio.run(main(store, sys.argv[1]))
    sys.stdout.flush()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
print(loop.run_until_complete(use(store)))
loop.run_until_complete(store.aclose())
loop.close()
"""


def test_a_forked_process_needs_a_store_of_its_own(tmp_path: Path) -> None:
    done = run(FORKS, str(tmp_path / "pipeline.db"))
    assert done.returncode == 0, done.stderr
    refusal, own, parents = done.stdout.splitlines()
    assert "forked" in refusal
    assert own == parents == "[]"


@pytest.mark.parametrize("kind", ["pipe", "device", "directory", "journal"])
async def test_what_is_not_a_file_is_refused_at_once(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "pipeline.db"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "directory":
        path.mkdir()
    elif kind == "journal":
        async with SQLiteStore(path) as whole:
            await whole.identifiers()
        os.mkfifo(tmp_path / "pipeline.db-journal")
    else:
        path = Path(os.devnull)
    store = SQLiteStore(path)
    with pytest.raises(StoreError, match="not a regular file"):
        await asyncio.wait_for(store.identifiers(), 10)
    await store.aclose()


async def test_a_dangling_link_leads_to_a_private_file(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "pipeline.db")
    async with SQLiteStore(tmp_path / "link") as store:
        await store.identifiers()
    assert mode_of(tmp_path / "pipeline.db") == 0o600


def files_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize(
    ("mode", "after"), [(0o644, 0o600), (0o666, 0o600), (0o604, 0o600), (0o640, 0o640)]
)
async def test_a_file_that_all_may_read_is_withdrawn_from_them(
    mode: int, after: int, tmp_path: Path
) -> None:
    path = tmp_path / "pipeline.db"
    async with SQLiteStore(path) as first:
        await first.acquire_lease("me", "AWS", LEASE)
        files = files_in(tmp_path)
        assert len(files) == 3
        for file in files:
            file.chmod(mode)
        async with SQLiteStore(path) as second:
            await second.identifiers()
            assert {mode_of(file) for file in files} == {after}


async def test_a_mode_that_cannot_be_changed_is_warned_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(path: str, mode: int) -> None:
        raise PermissionError(1, "Operation not permitted", path)

    path = tmp_path / "pipeline.db"
    async with SQLiteStore(path) as store:
        await store.identifiers()
    path.chmod(0o644)
    monkeypatch.setattr(os, "chmod", refuse)
    with caplog.at_level(logging.WARNING, "partnercentral_list"):
        async with SQLiteStore(path) as store:
            await store.identifiers()
    assert "readable by every user of this machine" in caplog.text


@pytest.mark.parametrize("how", ["cut", "removed", "replaced", "moved"])
async def test_a_file_that_is_gone_is_no_success(
    how: str, make_client: MakeClient, tmp_path: Path
) -> None:
    path = tmp_path / "pipeline.db"
    with PartnerCentralEmulator(20) as emulator:
        async with SQLiteStore(path) as store:
            sync = OpportunitySync(make_client(emulator), store)
            await sync.run()
            if how == "cut":
                os.truncate(path, 0)
            elif how == "moved":
                path.rename(tmp_path / "elsewhere.db")
            else:
                path.unlink()
            if how == "replaced":
                async with SQLiteStore(path) as other:
                    await other.acquire_lease("me", "AWS", LEASE)
                    await other.release_lease("me")
            emulator.add()
            for _ in range(2):
                with pytest.raises(StoreError, match="removed or replaced") as caught:
                    await sync.run()
                assert not caught.value.retryable
        if how == "cut":
            # A user removes what is damaged, as the error of a new store advises.
            for file in files_in(tmp_path):
                file.unlink()
        async with SQLiteStore(path) as anew:
            assert (await OpportunitySync(make_client(emulator), anew).run()).created == 21


async def test_a_file_stays_the_same_when_the_directory_is_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with SQLiteStore("pipeline.db") as store:
        await store.acquire_lease("me", "AWS", LEASE)
        (tmp_path / "other").mkdir()
        monkeypatch.chdir(tmp_path / "other")
        await store.commit("me", SyncBatch([RECORD]), LEASE)
        assert list(await store.identifiers()) == ["O1"]


# SQLite's lock on a file that is open in WAL mode: the bytes from here on.
HOLDS_A_LOCK = """
import fcntl, sys
with open(sys.argv[1], "r+b") as file:
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 510, 0x40000002)
    except OSError:
        print("locked")
    else:
        print("free")
"""


async def test_another_store_of_the_process_leaves_the_locks_of_the_first(
    tmp_path: Path,
) -> None:
    path = tmp_path / "pipeline.db"
    async with SQLiteStore(path) as first:
        await first.acquire_lease("me", "AWS", LEASE)
        assert run(HOLDS_A_LOCK, str(path)).stdout == "locked\n"
        async with SQLiteStore(path) as second:
            await second.identifiers()
            assert run(HOLDS_A_LOCK, str(path)).stdout == "locked\n"
        assert run(HOLDS_A_LOCK, str(path)).stdout == "locked\n"


class Bytes(os.PathLike[Any]):
    def __fspath__(self) -> Any:
        return b"pipeline.db"


@pytest.mark.parametrize(
    ("path", "options"),
    [
        ("a\0b", {}),
        ("a\ud800b", {}),
        (Bytes(), {}),
        ("pipeline.db", {"account": "\ud800"}),
        ("pipeline.db", {"account": "a\0b"}),
        ("pipeline.db", {"account": "a\nb"}),
    ],
)
def test_a_path_or_an_account_that_is_no_name_is_refused(path: Any, options: Any) -> None:
    with pytest.raises(ConfigurationError):
        SQLiteStore(path, **options)
