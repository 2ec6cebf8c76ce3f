"""The recorded responses of AWS CLI v2: the same bytes, but for the listed differences."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.conftest import Run
from tests.cli.document import DIFFERENCES
from tests.cli.recorded_server import RecordedServer, serving

FOLDER = Path(__file__).parent / "recorded"
CASES = [json.loads(line) for line in (FOLDER / "cases.jsonl").read_text("utf-8").splitlines()]

#: The cases that end differently, by the difference that is the reason.
REFUSED = {
    "values": [3, 4, 8, 10, 13, 15, 16, 37],
    "empty": [7],
    "negative": [39],
}
TABLES = [59, 60, 61, 62, 88]
SENDS_NOTHING = [34]


@pytest.fixture(scope="module")
def server() -> Iterator[RecordedServer]:
    lines = (FOLDER / "opportunities.jsonl").read_text("utf-8").splitlines()
    with serving([json.loads(line) for line in lines]) as running:
        yield running


@pytest.fixture(autouse=True)
def where_it_was_recorded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, credentials: None
) -> None:
    (tmp_path / "ids.json").write_text('["O3","O5"]')
    monkeypatch.chdir(tmp_path)


def comparable(text: str) -> str:
    """Tokens by what they are made of: AWS's own are random."""

    def opened(match: re.Match[str]) -> str:
        return base64.b64decode(match[0]).decode()

    return re.sub(r"AWSS-OWN[-\d]*", "AWSS-OWN", re.sub(r"\beyJ[\w+/]+=*", opened, text))


def comparable_sample(printed: str, recorded: str) -> str:
    """Leave out of a sample what the recorded AWS CLI does not know yet."""
    if printed.startswith("{"):
        return json.dumps(known(json.loads(printed), json.loads(recorded)), indent=4) + "\n"
    newer = set(yaml.safe_load(printed)) - set(yaml.safe_load(recorded))
    members = re.split(r"^(?=[A-Z])", printed, flags=re.MULTILINE)
    return "".join(member for member in members if member.partition(":")[0] not in newer)


def known(sample: Any, recorded: Any) -> Any:
    """Return a sample without the members that the recorded one lacks."""
    if isinstance(sample, dict):
        return {name: known(sample[name], recorded[name]) for name in sample if name in recorded}
    if isinstance(sample, list):
        return [known(one, recorded[0]) for one in sample]
    return sample


def comparable_request(request: dict[str, Any], recorded: dict[str, Any]) -> dict[str, Any]:
    # Where the response does not show the pages, they are as large as AWS allows.
    if request.get("MaxResults") == 100 and "MaxResults" not in recorded:
        del request["MaxResults"]
    return request


def ended_differently() -> set[int]:
    return {number for numbers in REFUSED.values() for number in numbers}


def argv_of(number: int) -> str:
    return f"{number} {' '.join(CASES[number]['argv'])}"[:60]


SAME = [n for n in range(len(CASES)) if n not in ended_differently() and n not in TABLES]


@pytest.mark.parametrize("number", SAME, ids=argv_of)
def test_the_response_and_the_exit_code_are_the_aws_clis(
    number: int, run: Run, server: RecordedServer
) -> None:
    case = CASES[number]
    server.requests.clear()
    done = run("opportunities", "--endpoint-url", server.url, *case["argv"])
    assert done.code == case["exit"], done.err
    printed = done.out
    if "--generate-cli-skeleton" in case["argv"]:
        printed = comparable_sample(printed, case["stdout"])
    assert comparable(printed) == comparable(case["stdout"])
    assert bool(done.err) == (done.code != 0 or "NoSuch" in case["argv"])
    if number not in SENDS_NOTHING and server.requests:
        sent = comparable_request(dict(server.requests[0]), case["requests"][0])
        assert sent == case["requests"][0]
    assert bool(server.requests) == bool(case["requests"] and number not in SENDS_NOTHING)


@pytest.mark.parametrize(
    ("number", "newer"), [(76, "Sort"), (77, "Sort"), (78, "ReviewComments")], ids=str
)
def test_a_member_that_the_recorded_aws_cli_does_not_know_is_left_out(
    number: int, newer: str, run: Run
) -> None:
    printed = run("opportunities", *CASES[number]["argv"]).out
    assert newer in printed
    assert comparable_sample(printed, printed) == printed
    without = comparable_sample(printed, printed.replace(newer, "Newer"))
    assert newer not in without
    names = re.findall(r"^ *\W?(\w+)\W*:", printed, re.MULTILINE)
    left = re.findall(r"^ *\W?(\w+)\W*:", without, re.MULTILINE)
    # Sort is left out with its members, SortBy and SortOrder.
    assert left == [name for name in names if not name.startswith(newer)]


@pytest.mark.parametrize("number", TABLES, ids=argv_of)
def test_a_table_holds_all_that_the_aws_clis_holds(
    number: int, run: Run, server: RecordedServer
) -> None:
    case = CASES[number]
    done = run("opportunities", "--endpoint-url", server.url, *case["argv"])
    assert done.code == 0
    ours = set(re.split(r"[│┃.\n]|\[\d+\]", comparable(done.out))) | {done.out}
    words = {word.strip() for part in ours for word in (part, *part.split(","))}
    for cell in cells(comparable(case["stdout"])):
        assert cell in words or any(cell in line for line in done.out.split("\n")), cell
    assert max(map(len, done.out.splitlines())) <= 120


def cells(table: str) -> set[str]:
    lines = [line.strip("|") for line in table.splitlines() if line.startswith("|")]
    found = {cell.strip() for line in lines for cell in line.split("|")}
    # A member that no record has a value for has no line here.
    return {cell for cell in found if cell.strip("+-")} - {"PartnerOpportunityIdentifier"}


@pytest.mark.parametrize("number", sorted(ended_differently()), ids=argv_of)
def test_what_is_refused_is_refused_before_anything_is_sent(
    number: int, run: Run, server: RecordedServer
) -> None:
    server.requests.clear()
    done = run("opportunities", "--endpoint-url", server.url, *CASES[number]["argv"])
    assert (done.code, done.out) == (252, "")
    assert "Nothing was sent" in done.err
    assert not server.requests


def test_the_list_of_differences_is_short_and_complete() -> None:
    assert len(DIFFERENCES) <= 10
    assert set(REFUSED) | {"table", "nothing", "pages"} <= set(DIFFERENCES)
