"""A process is killed at any instant: the copy is sound, and the next run makes it complete."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
KILLS = int(os.environ.get("PARTNERCENTRAL_SYNC_KILLS", "40"))


@pytest.mark.parametrize("seed", range(3))
def test_a_killed_process_loses_nothing(seed: int, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.sync.kills", str(tmp_path), str(seed), str(KILLS)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found == {"killed": KILLS, "unsound": 0, "is_exact": True, "unheard": 0}
