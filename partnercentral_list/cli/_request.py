"""The request that the options describe: its members, its paging, and its start."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, cast

from pydantic.alias_generators import to_snake

from partnercentral_list.cli._errors import VALID_STARTING_POINT, CommandError, suggestion
from partnercentral_list.cli._serialization import is_list, is_object
from partnercentral_list.cli._shapes import (
    DATE,
    INTEGER,
    REQUEST,
    TEXT,
    TIMESTAMP,
    TOKEN,
    RequestMember,
)
from partnercentral_list.cli._values import (
    kind_of,
    list_value,
    parse_date,
    parse_timestamp,
    request_value,
    structure_value,
    text_value,
)
from partnercentral_list.errors import RequestProblem, RequestValidationError
from partnercentral_list.models.request import IDENTIFIERS_PER_REQUEST

_PAGING_OPTIONS: Final = ("starting_token", "page_size", "max_items")
_ONE_PAGE_MEMBERS: Final = ("MaxResults", "NextToken")

#: The member of a resume token, which is the AWS CLI's: JSON in Base64.
_SKIPPED: Final = "boto_truncate_amount"

#: What a value of each kind is called, and what JSON or YAML has for it.
_SCALARS: Final[Mapping[str, tuple[str, tuple[type, ...]]]] = {
    TEXT: ("a text", (str,)),
    INTEGER: ("a whole number", (int,)),
    TIMESTAMP: ("a timestamp", (str, int, float, date)),
    DATE: ("a day", (str, int, float, date)),
}


@dataclass(frozen=True, slots=True)
class CommandRequest:
    """A request of the command line, parsed but not yet validated.

    `filters` has the members that choose and sort, by their Python names. If `one_page`, one page
    is wanted in AWS's own terms, which are `max_results` and `next_token`.
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
    def is_rest(self) -> bool:
        """True if it resumes a listing, so that the response is not the whole."""
        return self.starting_token is not None or self.next_token is not None

    @property
    def limit(self) -> int | None:
        """The largest number of opportunities that there can be; None if it is not known."""
        identifiers = self.filters.get("identifier")
        known = [len(identifiers)] if identifiers else []
        known += [] if self.max_items is None else [self.max_items]
        return min(known, default=None)

    def refuse_scan(self) -> None:
        """Refuse the options that a scan does not have."""
        if self.filters.get("sort") is not None:
            raise CommandError("--scan gives opportunities in no order: leave out --sort.")
        paging = (self.starting_token, self.page_size, self.max_items)
        if self.one_page or any(value is not None for value in paging):
            raise CommandError(
                "--scan reads everything that matches: leave out the options of paging."
            )


def parse_request(options: Mapping[str, Any], default_catalog: str | None = None) -> CommandRequest:
    """Parse the request of the options, which win over ``--cli-input-json``.

    Raises:
        CommandError: A value cannot be parsed, has no known member, or contradicts another.
        RequestValidationError: A value is of a kind that its member does not take.
    """
    members: dict[str, Any] = {}
    for name, member in REQUEST.items():
        if options[to_snake(name)] is not None:
            members[name] = _parse_option(_option(to_snake(name)), member, options[to_snake(name)])
    for name, value in _from_input(options).items():
        members.setdefault(name, value)
    if members.get("Catalog") is None and default_catalog is not None:
        members["Catalog"] = default_catalog
    catalog = members.pop("Catalog", None)
    if catalog is None:
        raise CommandError(
            "the following arguments are required: --catalog",
            usage=f"usage: partnercentral-list {options['command']} --catalog CATALOG [options]",
        )
    one_page = not options["paginate"] or any(name in members for name in _ONE_PAGE_MEMBERS)
    paging = [_option(name) for name in _PAGING_OPTIONS if options[name] is not None]
    if one_page and paging:
        raise CommandError(
            f"Cannot specify --no-paginate along with pagination arguments: {', '.join(paging)}"
        )
    token = options["starting_token"]
    arguments = _converted(members | {"Catalog": catalog})
    return CommandRequest(
        catalog=arguments.pop("catalog"),
        max_results=arguments.pop("max_results", None),
        next_token=arguments.pop("next_token", None),
        filters=arguments,
        one_page=one_page,
        starting_token=None if token is None else text_value("--starting-token", token),
        page_size=options["page_size"],
        max_items=options["max_items"],
    )


def resume_token(token: str) -> str:
    """Return the resume token for a ``--starting-token``.

    ``--no-paginate`` and yaml-stream print AWS's own token, which the AWS CLI takes too; the form
    ``token___5`` of its early versions skips 5 records. What looks like a resume token is returned
    as it is, and validated by the library.
    """
    if not token:
        raise CommandError(f"--starting-token: an empty text. Valid: {VALID_STARTING_POINT}")
    try:
        if is_object(json.loads(base64.b64decode(token.encode("ascii"), validate=True))):
            return token
    except (UnicodeError, binascii.Error, ValueError, RecursionError):
        pass
    old = re.fullmatch(r"(.*)___(\d{1,4})", token, re.ASCII | re.DOTALL)
    if old is None:
        return _encoded({TOKEN: token})
    page_token = None if old[1] == "None" else old[1]
    return _encoded({TOKEN: page_token, _SKIPPED: int(old[2])})


def move_token(token: str | None, records: int) -> str:
    """Return a resume token with some more records of its page to skip; None is the first page."""
    place: dict[str, Any] = {TOKEN: None}
    if token is not None:
        place = json.loads(base64.b64decode(token))
    return _encoded({**place, _SKIPPED: place.get(_SKIPPED, 0) + records})


def _encoded(place: Mapping[str, object]) -> str:
    return base64.b64encode(json.dumps(place).encode()).decode()


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


def _parse_option(option: str, member: RequestMember, value: Any) -> Any:
    if member.is_list:
        return list_value(option, value)
    if member.members is not None:
        return structure_value(option, value, member.members)
    return value if member.kind == INTEGER else text_value(option, value)


def _from_input(options: Mapping[str, Any]) -> dict[str, Any]:
    given = [kind for kind in ("json", "yaml") if options[f"cli_input_{kind}"] is not None]
    if len(given) > 1:
        raise CommandError("Only one --cli-input- parameter may be specified.")
    for kind in given:
        value = options[f"cli_input_{kind}"]
        return request_value(f"cli-input-{kind}", value, is_yaml=kind == "yaml")
    return {}


def _converted(members: Mapping[str, Any]) -> dict[str, Any]:
    for name, value in members.items():
        if name not in REQUEST:
            raise _unknown("input", name, REQUEST)
        inner = REQUEST[name].members
        if inner is None or not is_object(value):
            continue
        for inner_name in value:
            if inner_name not in inner:
                raise _unknown(name, inner_name, inner)
    converter = _RequestConverter()
    arguments = {
        to_snake(name): converter.convert(to_snake(name), REQUEST[name], value)
        for name, value in members.items()
    }
    if converter.problems:
        raise RequestValidationError(converter.problems)
    return arguments


def _unknown(parent: str, name: str, known: Mapping[str, RequestMember]) -> CommandError:
    return CommandError(
        f'Unknown parameter in {parent}: "{name}", must be one of: {", ".join(known)}. '
        f"{suggestion(name, known)}".strip()
    )


class _RequestConverter:
    """Converts values to what the client takes, and collects problems in the words of JSON.

    The client's own messages name Python's types.
    """

    def __init__(self) -> None:
        self.problems: list[RequestProblem] = []

    def convert(self, name: str, member: RequestMember, value: object) -> Any:
        """Return a member's value for the client; None is a member that is not given."""
        if value is None:
            return None
        if member.is_list:
            return self._list(name, value)
        if member.members is not None:
            return self._structure(name, member.members, value)
        return self._scalar(name, member.kind, value)

    def _list(self, name: str, value: object) -> Any:
        if not is_list(value):
            return self._wrong_kind(name, value, "a list")
        if name == "identifier" and len(value) > IDENTIFIERS_PER_REQUEST:
            self._add(name, f"{len(value)} entries, where {IDENTIFIERS_PER_REQUEST} are allowed")
        return [self._scalar(f"{name}[{place}]", TEXT, e) for place, e in enumerate(value)]

    def _structure(self, name: str, members: Mapping[str, RequestMember], value: object) -> Any:
        if not is_object(value):
            return self._wrong_kind(name, value, "a map")
        converted = {
            inner: self._scalar(f"{name}.{inner}", members[inner].kind, found)
            for inner, found in value.items()
            if found is not None
        }
        # "After…" comes before "Before…"; a sort has neither.
        dates = sorted((n, v) for n, v in converted.items() if isinstance(v, date))
        if len(dates) == 2 and dates[0][1] > dates[1][1]:
            shown = [f"{inner} ({bound.isoformat()})" for inner, bound in dates]
            self._add(name, " is later than ".join(shown))
        return converted

    def _scalar(self, name: str, kind: str, value: object) -> Any:
        wanted, types = _SCALARS[kind]
        if isinstance(value, bool) or not isinstance(value, types):
            return self._wrong_kind(name, value, wanted)
        try:
            if kind == TIMESTAMP:
                return parse_timestamp(cast("str | float | date", value))
            return parse_date(value) if kind == DATE else value
        except ValueError as error:
            self._add(name, str(error))
            return None

    def _wrong_kind(self, name: str, value: object, wanted: str) -> Any:
        self._add(name, f"{kind_of(value)} where {wanted} belongs")
        return None

    def _add(self, name: str, problem: str) -> None:
        self.problems.append({"field": name, "problem": problem, "valid": ""})
