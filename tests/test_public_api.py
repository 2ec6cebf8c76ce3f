"""The public names, none of which is public by accident."""

from __future__ import annotations

import inspect
import pkgutil
import subprocess
import sys
from importlib import import_module
from typing import Literal, get_origin

import pytest

import partnercentral_list
from partnercentral_list import models

#: What is public beside the models, which models/__init__.py lists.
OTHERS = [
    "AccessDeniedException",
    "ClientClosedError",
    "ClientConfig",
    "ConfigurationError",
    "Credentials",
    "DailyLimitError",
    "InternalServerException",
    "InvalidOpportunity",
    "InvalidOpportunityError",
    "MalformedResponseError",
    "OnEvent",
    "OnInvalid",
    "OnMissing",
    "OpportunitiesNotFoundError",
    "OpportunityPager",
    "OpportunityScan",
    "PageReceived",
    "PaginationError",
    "PartnerCentralClient",
    "PartnerCentralError",
    "RateLimit",
    "RateLimitTimeoutError",
    "RateLimited",
    "RateLimiter",
    "RequestEvent",
    "RequestFailed",
    "RequestProblem",
    "RequestQueued",
    "RequestSent",
    "RequestTimeoutError",
    "RequestValidationError",
    "ResourceNotFoundException",
    "RetryPolicy",
    "RetryScheduled",
    "ScanFinished",
    "ServiceError",
    "StoreError",
    "ThrottlingException",
    "TokenExpiredError",
    "TransportError",
    "ValidationException",
    "ValidationExceptionError",
    "__version__",
    "run",
]
PUBLIC = sorted([*OTHERS, *models.__all__])


def test_exactly_these_names_are_public() -> None:
    assert partnercentral_list.__all__ == PUBLIC, (
        "__init__.py does not export the models of models/__init__.py and the OTHERS above, sorted"
    )
    assert all(hasattr(partnercentral_list, name) for name in PUBLIC)


@pytest.mark.parametrize("name", PUBLIC)
def test_each_public_class_and_its_public_methods_say_what_they_are(name: str) -> None:
    thing = getattr(partnercentral_list, name)
    if not inspect.isclass(thing):
        return
    assert thing.__doc__
    for attribute, member in vars(thing).items():
        if inspect.isfunction(member) and not attribute.startswith("_"):
            assert member.__doc__, f"{name}.{attribute}"


def run(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_importing_the_client_brings_neither_aiobotocore_nor_aiohttp() -> None:
    loaded = run(
        "import sys\n"
        "from partnercentral_list import PartnerCentralClient, OpportunitySummary, Stage\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    for heavy in ("aiobotocore", "botocore", "aiohttp", "http.server"):
        assert repr(heavy) not in loaded


def test_importing_the_package_or_the_emulator_brings_no_pydantic() -> None:
    loaded = run(
        "import sys\n"
        "import partnercentral_list, partnercentral_list.emulator\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    for heavy in ("aiobotocore", "botocore", "aiohttp", "asyncio", "pydantic", "tenacity"):
        assert repr(heavy) not in loaded


LAZY = [*set(PUBLIC) - {"__version__"}, "client", "config", "errors", "models"]


def test_each_name_is_found_when_it_is_used() -> None:
    # The modules first, which the classes would bring.
    found = run(
        "import partnercentral_list as package\n"
        f"for name in {sorted(LAZY, reverse=True)}:\n"
        "    assert name in dir(package), name\n"
        "    assert getattr(package, name) is getattr(package, name), name\n"
        "print('found')"
    )
    assert found == "found"


def test_dir_lists_what_is_public_and_nothing_else() -> None:
    listed = {name for name in dir(partnercentral_list) if not name.startswith("__")}
    assert listed == set(LAZY)


@pytest.mark.parametrize("name", ["emulator", "eventbridge", "models", "sync", "sync.conformance"])
def test_dir_of_a_public_module_lists_what_is_public(name: str) -> None:
    module = import_module(f"partnercentral_list.{name}")
    # What pytest's rewriting adds is no identifier.
    listed = {entry for entry in dir(module) if entry[0].isalpha()}
    # Python adds the modules of a package that were imported.
    modules = {entry for entry in listed if f"{module.__name__}.{entry}" in sys.modules}
    assert listed - modules == set(module.__all__)


def literal_aliases() -> list[str]:
    """The Literal aliases of the models' modules, which a program annotates its own code with."""
    modules = {found.name for found in pkgutil.iter_modules(models.__path__)}
    # What a column is, is no part of a request or a response.
    modules.remove("columns")
    return sorted(
        {
            name
            for module in modules
            for name, value in vars(import_module(f"{models.__name__}.{module}")).items()
            if get_origin(value) is Literal
        }
    )


@pytest.mark.parametrize("alias", literal_aliases())
def test_a_literal_alias_of_the_models_is_public(alias: str) -> None:
    assert alias in models.__all__, f"{alias} is not exported: add it to models/__init__.py"


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Opportunities'"):
        _ = partnercentral_list.Opportunities


def test_the_models_know_nothing_of_the_rest() -> None:
    loaded = run(
        "import sys\n"
        "from partnercentral_list.models import Stage\n"
        "print(sorted(name for name in sys.modules))"
    )
    assert "aiobotocore" not in loaded


def test_the_package_says_that_it_is_typed() -> None:
    from importlib.resources import files

    assert (files("partnercentral_list") / "py.typed").is_file()
