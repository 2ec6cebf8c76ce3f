"""The cost of an import: a program waits only for the names that it uses."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

IMPORT = "from partnercentral_list import PartnerCentralClient, OpportunitySummary, Stage"


def modules_after(program: str) -> set[str]:
    """The top-level modules that a fresh interpreter has loaded."""
    dump = "import json, sys; print(json.dumps(sorted({n.partition('.')[0] for n in sys.modules})))"
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\n{dump}"], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout))


def test_the_client_and_the_models_bring_no_aiobotocore_and_no_event_loop() -> None:
    brought = modules_after(IMPORT) - modules_after("import pydantic; pydantic.BaseModel")
    assert not brought & {"aiobotocore", "aiohttp", "botocore", "tenacity", "asyncio"}


def test_a_client_that_was_only_made_brings_no_aiobotocore() -> None:
    made = f"{IMPORT}\nPartnerCentralClient('AWS')"
    assert not modules_after(made) & {"aiobotocore", "aiohttp", "botocore"}


@pytest.mark.parametrize(
    ("name", "absent"), [("Stage", "tenacity"), ("ServiceError", "pydantic_core")]
)
def test_a_name_brings_what_it_needs_only(name: str, absent: str) -> None:
    assert absent not in modules_after(f"from partnercentral_list import {name}")


def test_opening_leaves_the_collector_as_it_was() -> None:
    program = """
import gc
from partnercentral_list import PartnerCentralClient
PartnerCentralClient("AWS").preload()
assert gc.isenabled()
gc.disable()
PartnerCentralClient("AWS").preload()
assert not gc.isenabled()
"""
    assert "aiobotocore" in modules_after(program)


def test_what_cannot_be_opened_leaves_the_collector_as_it_was() -> None:
    program = """
import gc
from partnercentral_list import ConfigurationError, PartnerCentralClient
try:
    PartnerCentralClient("AWS", profile_name="no-such-profile").preload()
except ConfigurationError:
    assert gc.isenabled()
else:
    raise AssertionError("it was opened")
"""
    assert "aiobotocore" in modules_after(program)


def test_what_a_program_has_frozen_stays_frozen() -> None:
    program = """
import gc
gc.freeze()
frozen = gc.get_freeze_count()
from partnercentral_list import PartnerCentralClient
PartnerCentralClient("AWS").preload()
assert gc.get_freeze_count() >= frozen - 100, gc.get_freeze_count()
"""
    assert "aiobotocore" in modules_after(program)


def test_what_is_imported_is_old_to_the_collector_and_not_frozen() -> None:
    program = """
import gc
frozen = gc.get_freeze_count()
from partnercentral_list import PartnerCentralClient
PartnerCentralClient("AWS").preload()
assert gc.get_freeze_count() <= frozen, gc.get_freeze_count()
young = len(gc.get_objects(generation=0)) + len(gc.get_objects(generation=1))
assert young < len(gc.get_objects(generation=2)) / 10, young
"""
    assert "aiobotocore" in modules_after(program)


def test_every_name_is_where_it_is_said_to_be() -> None:
    import partnercentral_list

    for name in partnercentral_list.__all__:
        assert getattr(partnercentral_list, name) is not None
    assert set(partnercentral_list.__all__) <= set(dir(partnercentral_list))


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    import partnercentral_list

    with pytest.raises(AttributeError, match="no attribute 'Oportunity'"):
        _ = partnercentral_list.Oportunity
    with pytest.raises(ImportError):
        from partnercentral_list import Oportunity  # noqa: F401 # it fails


def test_many_threads_may_use_a_model_for_the_first_time_at_once() -> None:
    program = """
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from partnercentral_list import ListOpportunitiesResponse, OpportunitySort
barrier = Barrier(16)
body = '{"OpportunitySummaries": [{"Id": "O1", "Catalog": "AWS"}]}'
def first(number):
    barrier.wait()
    if number % 2:
        return OpportunitySort(sort_by="CreatedDate", sort_order="ASCENDING").sort_by.value
    return ListOpportunitiesResponse.model_validate_json(body).opportunity_summaries[0].id
with ThreadPoolExecutor(16) as pool:
    assert set(pool.map(first, range(16))) == {"O1", "CreatedDate"}
"""
    assert "pydantic" in modules_after(program)
