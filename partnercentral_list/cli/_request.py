"""What the options ask for: the request's members, how it is paged, and where it starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from partnercentral_list.cli._exits import CommandError, perhaps
from partnercentral_list.cli._json import is_object
from partnercentral_list.cli._kinds import Conversion
from partnercentral_list.cli._shapes import INTEGER, REQUEST, Member
from partnercentral_list.cli._values import input_value, list_value, structure_value, text_value
from partnercentral_list.errors import RequestValidationError

PAGING_OPTIONS = ("starting_token", "page_size", "max_items")
ONE_PAGE_MEMBERS = ("MaxResults", "NextToken")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it is asked for on the command line, read but not yet checked.

    Args:
        catalog: The catalog.
        filters: The other members by their Python names, but for those of a page.
        max_results: The size of the one page that is wanted.
        next_token: AWS's token of the one page that is wanted.
        one_page: Whether one page is wanted, in AWS's own terms.
        starting_token: A resume token.
        page_size: The size of a page of the listing.
        max_items: How many opportunities are wanted.
    """

    catalog: str
    filters: Mapping[str, Any]
    max_results: int | None
    next_token: str | None
    one_page: bool
    starting_token: str | None
    page_size: int | None
    max_items: int | None

    @property
    def limit(self) -> int | None:
        """How many opportunities there can be at most; None if that is not known."""
        identifiers = self.filters.get("identifier")
        known = [len(identifiers)] if identifiers else []
        known += [] if self.max_items is None else [self.max_items]
        return min(known, default=None)


def option_of(member: str) -> str:
    """Give the option for a member of the request: ``LifeCycleStage`` is ``--life-cycle-stage``."""
    return "--" + _separated(member, "-")


def argument_of(member: str) -> str:
    """Give the argument for a member of the request: ``life_cycle_stage``."""
    return _separated(member, "_")


def _separated(name: str, mark: str) -> str:
    words = "".join(f"{mark}{char.lower()}" if char.isupper() else char for char in name)
    return words.removeprefix(mark)


def asked(options: Mapping[str, Any], default_catalog: str | None = None) -> Asked:
    """Put together what is asked for; options win over ``--cli-input-json``.

    Raises:
        CommandError: A value cannot be read, is of no known member, or contradicts another.
        RequestValidationError: A value is of a kind that its member does not take.
    """
    members = _from_options(options)
    for name, value in _from_input(options).items():
        members.setdefault(name, value)
    if members.get("Catalog") is None and default_catalog is not None:
        members["Catalog"] = default_catalog
    catalog = members.pop("Catalog", None)
    if catalog is None:
        raise CommandError(
            "the following arguments are required: --catalog",
            usage="usage: partnercentral-list opportunities --catalog CATALOG [options]",
        )
    one_page = not options["paginate"] or any(name in members for name in ONE_PAGE_MEMBERS)
    if one_page:
        _refuse_paging(options)
    token = options["starting_token"]
    arguments = _converted(members | {"Catalog": catalog})
    return Asked(
        catalog=arguments.pop("catalog"),
        max_results=arguments.pop("max_results", None),
        next_token=arguments.pop("next_token", None),
        filters=arguments,
        one_page=one_page,
        starting_token=None if token is None else text_value("--starting-token", token),
        page_size=options["page_size"],
        max_items=options["max_items"],
    )


def _from_options(options: Mapping[str, Any]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for name, member in REQUEST.items():
        value = options[argument_of(name)]
        if value is not None:
            members[name] = _read(option_of(name), member, value)
    return members


def _read(option: str, member: Member, value: Any) -> Any:
    if member.is_list:
        return list_value(option, value)
    if member.members is not None:
        return structure_value(option, value, member.members)
    return value if member.kind == INTEGER else text_value(option, value)


def _from_input(options: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: options[f"cli_input_{name}"] for name in ("json", "yaml")}
    named = [name for name, value in given.items() if value is not None]
    if len(named) > 1:
        raise CommandError("Only one --cli-input- parameter may be specified.")
    for name in named:
        return input_value(f"cli-input-{name}", given[name], is_yaml=name == "yaml")
    return {}


def _refuse_paging(options: Mapping[str, Any]) -> None:
    given = [name for name in PAGING_OPTIONS if options[name] is not None]
    if given:
        names = ", ".join("--" + name.replace("_", "-") for name in given)
        raise CommandError(f"Cannot specify --no-paginate along with pagination arguments: {names}")


def _converted(members: Mapping[str, Any]) -> dict[str, Any]:
    for name, value in members.items():
        if name not in REQUEST:
            raise _unknown("input", name, REQUEST)
        inner = REQUEST[name].members
        if inner is None or not is_object(value):
            continue
        for stranger in value:
            if stranger not in inner:
                raise _unknown(name, stranger, inner)
    conversion = Conversion()
    arguments = {
        argument_of(name): conversion.value(argument_of(name), REQUEST[name], value)
        for name, value in members.items()
    }
    if conversion.problems:
        raise RequestValidationError(conversion.problems)
    return arguments


def _unknown(parent: str, name: str, known: Mapping[str, Member]) -> CommandError:
    return CommandError(
        f'Unknown parameter in {parent}: "{name}", must be one of: {", ".join(known)}. '
        f"{perhaps(name, known)}".strip()
    )


def refuse_with_scan(wanted: Asked) -> None:
    """Refuse what a scan has no answer to.

    Raises:
        CommandError: An order or a place is asked for.
    """
    if wanted.filters.get("sort") is not None:
        raise CommandError("--scan gives opportunities in no order: leave out --sort.")
    paging = (wanted.starting_token, wanted.page_size, wanted.max_items)
    if wanted.one_page or any(value is not None for value in paging):
        raise CommandError("--scan reads everything that matches: leave out the options of paging.")
