"""What the options ask for: the request's members, how it is paged, and where it starts."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from partnercentral_list.cli._exits import CommandError
from partnercentral_list.cli._moments import moment
from partnercentral_list.cli._shapes import DAY, INTEGER, MOMENT, REQUEST, Member
from partnercentral_list.cli._values import input_value, list_value, structure_value, text_value

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
    return Asked(
        catalog=catalog,
        max_results=members.pop("MaxResults", None),
        next_token=members.pop("NextToken", None),
        filters={argument_of(name): _converted(name, members[name]) for name in members},
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
        return structure_value(option, value)
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


def _converted(name: str, value: Any) -> Any:
    member = REQUEST.get(name)
    if member is None:
        raise _unknown("input", name, REQUEST)
    if member.members is None or not isinstance(value, dict):
        return value
    given = cast("dict[str, Any]", value)
    for inner in given:
        if inner not in member.members:
            raise _unknown(name, inner, member.members)
    return {
        inner: _bound(f"{name}.{inner}", member.members[inner].kind, bound)
        for inner, bound in given.items()
        if bound is not None
    }


def _bound(name: str, kind: str, value: Any) -> Any:
    if kind == MOMENT:
        try:
            return moment(value)
        except ValueError as error:
            raise CommandError(f"Invalid value for parameter {name}: {error}") from None
    return value.strip() if kind == DAY and isinstance(value, str) else value


def _unknown(parent: str, name: str, known: Mapping[str, Member]) -> CommandError:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f" (perhaps {close[0]})" if close else ""
    return CommandError(
        f'Unknown parameter in {parent}: "{name}"{hint}, must be one of: {", ".join(known)}'
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
