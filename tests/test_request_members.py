"""Every member of AWS's request is everywhere where it belongs; a test names what lacks it.

A new filter begins here: add it to the request model, run this, and follow what it says.
"""

from __future__ import annotations

import ast
import inspect
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, get_args

import pytest
from botocore.loaders import Loader
from pydantic.alias_generators import to_snake

from partnercentral_list import ListOpportunitiesRequest, OpportunityFilters, ScanFilters, models

# private: no request can be made with a member that its model does not know.
from partnercentral_list._pagination.scan.query import ScanQuery
from partnercentral_list.cli import main
from partnercentral_list.emulator import PartnerCentralEmulator
from partnercentral_list.models import request as request_module
from tests.emulator.calls import calling, newer_model
from tests.expected import FILTERS, NO_FILTERS
from tests.models import drift
from tests.service import Record, Service, records
from tests.virtual_time import run

ROOT = Path(__file__).parents[1]
SHAPES: Mapping[str, Any] = Loader().load_service_model("partnercentral-selling", "service-2")[
    "shapes"
]
MEMBERS: Mapping[str, Any] = SHAPES["ListOpportunitiesRequest"]["members"]

#: Under these no record leaves a listing while it exists; under any other one may.
NO_RECORD_LEAVES = {"Catalog", "CreatedDate", "Identifier"}
#: These choose no records.
PAGING = {"MaxResults", "NextToken"}


#: The generated record that has the most members.
RECORD = max(PartnerCentralEmulator(50).opportunities, key=lambda record: len(str(record)))
EARLY, LATE = "2001-01-01", "2100-01-01"


def texts_in(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for entry in value:
            yield from texts_in(entry)
    elif isinstance(value, str):
        yield value


def values_of(name: str) -> Iterator[Any]:
    """Valid values of a shape, one alternative and one bound at a time.

    Of an enumeration all; of a text those that the record has, and others that it has not.
    """
    shape = SHAPES[name]
    if shape["type"] == "structure":
        for member, at in shape["members"].items():
            yield from ({member: value} for value in values_of(at["shape"]))
    elif shape["type"] == "list":
        yield from ([value] for value in values_of(shape["member"]["shape"]))
    elif shape["type"] == "timestamp":
        yield from (f"{EARLY}T00:00:00Z", f"{LATE}T00:00:00Z")
    else:
        texts = shape.get("enum") or ["Sandbox", "O9", *texts_in(RECORD), EARLY, LATE]
        yield from (text for text in texts if re.fullmatch(shape.get("pattern", ".*"), text))


def init_keywords() -> set[str]:
    """The keywords of the request that type checkers see; pydantic makes none of them."""
    tree = ast.parse(inspect.getsource(request_module))
    (model,) = (
        node
        for node in tree.body
        if isinstance(node, ast.ClassDef) and node.name == ListOpportunitiesRequest.__name__
    )
    inits = [node for node in ast.walk(model) if isinstance(node, ast.FunctionDef)]
    (init,) = (node for node in inits if node.name == "__init__")
    assert init.args.kwarg is not None
    assert ast.unparse(init.args.kwarg.annotation or init) == "Unpack[OpportunityFilters]"
    own = {argument.arg for argument in init.args.kwonlyargs}
    return own | OpportunityFilters.__annotations__.keys()


def is_left_to_the_call(member: str) -> bool:
    return member == "Catalog" or member in PAGING


def chooses_no_records(member: str) -> bool:
    return member == "Sort" or member in PAGING


def text_of(file: str) -> str:
    return (ROOT / file).read_text(encoding="utf-8")


def command_says(*words: str) -> str:
    with redirect_stdout(io.StringIO()) as said:
        assert main(["opportunities", "--catalog", "AWS", *words]) == 0
    return said.getvalue()


def is_known_to_the_command(member: str) -> bool:
    return member in json.loads(command_says("--generate-cli-skeleton", "input"))


def is_option_of_the_command(member: str) -> bool:
    option = f"--{to_snake(member).replace('_', '-')}"
    return re.search(rf"^ +{option}\b", command_says("--help"), re.M) is not None


def is_filtered_by_the_emulator(member: str) -> bool:
    without_values = {"Catalog": "AWS", "Id": "O1"}
    listed: list[list[str]] = []
    with PartnerCentralEmulator([RECORD, without_values]) as emulator, calling(emulator) as caller:
        for value in values_of(MEMBERS[member]["shape"]):
            response = caller.fetch(**{member: value})
            # Its own message says the same, to whoever sends it such a filter.
            if response.status == 400 and "emulator/_matching.py" in response.json["Message"]:
                return False
            listed.append(response.ids)
    # Both are in one catalog.
    return distinguishes_values(listed, RECORD["Id"], *(["O1"] if member == "Catalog" else []))


def distinguishes_values(listed: Iterable[Iterable[str]], *identifiers: str) -> bool:
    """Return whether some values of a filter list just these records, and all others none."""
    return {frozenset(ids) for ids in listed} == {frozenset(identifiers), frozenset()}


class Unfiltered(Service):
    """Takes every record for one that matches a filter, but for the date that a scan divides."""

    def listed(self, parameters: Mapping[str, Any]) -> list[Record]:
        used = ("Catalog", "CreatedDate", "Sort")
        return super().listed({name: parameters[name] for name in used if name in parameters})


def passes_of_a_scan(**parameters: Any) -> int:
    """Return how often a scan with such a member reads what was created in one second."""
    service = Unfiltered(records([1_700_000_000_000] * 250))
    run(service.ids(concurrency=1, **parameters))
    passes = Counter(json.dumps(sent) for sent in service.requests if "NextToken" not in sent)
    return max(passes.values())


def is_scanned_as_what_it_is(member: str) -> bool:
    ours = {"CreatedDate": {"AfterCreatedDate": "2001-01-01T00:00:00Z"}}
    ours |= {"Catalog": "AWS", "LifeCycleStage": ["Qualified"]}
    value = ours.get(member) or next(values_of(MEMBERS[member]["shape"]))
    return passes_of_a_scan(**{member: value}) == (1 if member in NO_RECORD_LEAVES else 2)


def has_literals(member: str) -> bool:
    """Return whether type checkers know the values of a member's enumerations as strings."""
    literals = {frozenset(get_args(getattr(models, name))) for name in models.__all__}
    return all(enum in literals for enum in enums_of(MEMBERS[member]["shape"]))


def enums_of(name: str) -> Iterator[frozenset[str]]:
    shape = SHAPES[name]
    if "enum" in shape:
        yield frozenset(shape["enum"])
    inner = [*shape.get("members", {}).values(), shape.get("member")]
    for at in filter(None, inner):
        yield from enums_of(at["shape"])


PLACES: Mapping[str, Callable[[str], bool]] = {
    "{} is no field of ListOpportunitiesRequest (models/request.py)": lambda member: (
        to_snake(member) in ListOpportunitiesRequest.model_fields
    ),
    "{} is no keyword of a request (ScanFilters in models/request.py)": lambda member: (
        to_snake(member) in init_keywords()
    ),
    "{} is no keyword of iter_opportunities (ScanFilters in models/request.py)": lambda member: (
        is_left_to_the_call(member) or to_snake(member) in OpportunityFilters.__annotations__
    ),
    "{} is no keyword of scan_opportunities (ScanFilters in models/request.py)": lambda member: (
        is_left_to_the_call(member)
        or (to_snake(member) in ScanFilters.__annotations__) != (member == "Sort")
    ),
    "the strings of {} have no Literal in models/enums.py and models/__init__.py": has_literals,
    "{} is taken by a scan for a filter under which no record leaves (scan)": lambda member: (
        chooses_no_records(member) or is_scanned_as_what_it_is(member)
    ),
    "{} is unknown to the command (REQUEST in cli/_shapes.py)": is_known_to_the_command,
    "{} is no option of the command (metavar and help_text in cli/_shapes.py)": (
        is_option_of_the_command
    ),
    "the emulator has no rule of {} in emulator/_records.py or _matching.py, or one that matches "
    "nothing or everything": lambda member: (
        chooses_no_records(member) or is_filtered_by_the_emulator(member)
    ),
    "the oracle of the tests does not know {} (FILTERS in tests/expected.py)": lambda member: (
        member in {*FILTERS, *NO_FILTERS}
    ),
    "the type of the field {} is not stated in tests/typing/api.py": lambda member: (
        f"assert_type(request.{to_snake(member)}, " in text_of("tests/typing/api.py")
    ),
    "the keyword {} of the request is not in tests/typing/api.py": lambda member: (
        f"        {to_snake(member)}=" in text_of("tests/typing/api.py")
    ),
    "{} is not explained in docs/listing.md": lambda member: (
        is_left_to_the_call(member) or f"| `{to_snake(member)}` |" in text_of("docs/listing.md")
    ),
    "{} is no change that a user reads of in CHANGELOG.md": lambda member: (
        is_left_to_the_call(member) or f"`{to_snake(member)}`" in text_of("CHANGELOG.md")
    ),
}


@pytest.mark.parametrize("member", MEMBERS)
@pytest.mark.parametrize("problem", PLACES)
def test_a_member_of_the_request_is_where_it_has_to_be(member: str, problem: str) -> None:
    if drift.INSTALLED > drift.WRITTEN_AGAINST and not is_known_to_the_command(member):
        # A newer botocore may know more.
        return
    assert PLACES[problem](member), problem.format(member)


@pytest.mark.parametrize("problem", [place for place in PLACES if "scan)" not in place])
def test_a_forgotten_member_is_noticed(monkeypatch: pytest.MonkeyPatch, problem: str) -> None:
    # The first one is an enumeration of the response, of which no request has the strings.
    shapes = ("OpportunityType", "ListOpportunitiesRequestIdentifierList")
    shape = shapes["Literal" not in problem]
    monkeypatch.setitem(MEMBERS, "NoSuchFilter", {"shape": shape})
    assert not PLACES[problem]("NoSuchFilter")


def test_a_filter_that_the_emulator_does_not_know_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kinds = {"shape": "ListOpportunitiesRequestIdentifierList"}
    monkeypatch.setitem(MEMBERS, "NoSuchFilter", kinds)
    with newer_model(
        lambda shapes: shapes["ListOpportunitiesRequest"]["members"].update(NoSuchFilter=kinds)
    ):
        assert not is_filtered_by_the_emulator("NoSuchFilter")


def test_a_rule_of_the_emulator_that_matches_no_record_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert is_filtered_by_the_emulator("LifeCycleStage")
    monkeypatch.delitem(RECORD["LifeCycle"], "Stage")
    assert not is_filtered_by_the_emulator("LifeCycleStage")


@pytest.mark.parametrize(
    "listed",
    [[[], []], [["O2"], ["O2"]], [["O2"], [], ["O1"]], [["O1", "O2"], []], [["O1", "O2"], ["O2"]]],
    ids=["nothing", "any value", "also no value", "none of the record's", "everything"],
)
def test_what_a_rule_that_does_not_filter_lists_is_noticed(listed: list[list[str]]) -> None:
    assert not distinguishes_values(listed, "O2")
    assert distinguishes_values([["O2"], []], "O2")


def test_a_member_that_nobody_thought_of_takes_the_careful_path() -> None:
    # Such a request cannot be made: the request model knows its members.
    assert ScanQuery({"Catalog": "AWS", "NoSuchFilter": ["anything"]}).can_lose_records
    assert not ScanQuery({"Catalog": "AWS", "MaxResults": 100}).can_lose_records
