"""What an option's words mean: lists, structures, JSON and files, in the AWS CLI's syntax."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from partnercentral_list.cli import _shorthand
from partnercentral_list.cli._exits import parameter_error
from partnercentral_list.cli._files import content
from partnercentral_list.cli._json import is_object
from partnercentral_list.cli._kinds import kind_of
from partnercentral_list.cli._shapes import Member


def text_value(option: str, value: str) -> str:
    """Give a value, or the content of the file that it names.

    Raises:
        CommandError: The file cannot be read.
    """
    try:
        found = content(value)
    except ValueError as error:
        raise parameter_error(option, str(error)) from error
    return value if found is None else found


def list_value(option: str, values: Sequence[str]) -> list[object]:
    """Give the values of a list: several words, or one with a JSON list or a file of one.

    Raises:
        CommandError: The JSON or the file cannot be read.
    """
    if len(values) != 1:
        return list(values)
    value = text_value(option, values[0])
    if value.lstrip().startswith("["):
        return cast("list[object]", _json(option, value))
    if value is not values[0]:
        raise parameter_error(option, 'The file must hold a JSON list, such as ["O1111111"].')
    return [value]


def structure_value(option: str, value: str, members: Mapping[str, Member]) -> dict[str, object]:
    """Return the members of a structure, written in shorthand or JSON.

    Args:
        option: The option that has it.
        value: What is written.
        members: The members that the structure may have, for an example of it.

    Raises:
        CommandError: It cannot be read.
    """
    text = text_value(option, value)
    if text.lstrip().startswith(("{", "[")):
        parsed = _json(option, text)
        if not is_object(parsed):
            raise parameter_error(option, "Expected: a JSON object")
        return parsed
    try:
        return dict(_shorthand.parse(text.strip()))
    except ValueError as error:
        example = _example(members, text.strip())
        raise parameter_error(option, f"{error}\nWrite it as {example}.") from error


def _example(members: Mapping[str, Member], text: str) -> str:
    """Return shorthand for a structure, with the text in it where it is a value of a member."""
    if all(member.required for member in members.values()):
        chosen = {
            name: next((choice for choice in member.choices if choice == text), member.choices[0])
            for name, member in members.items()
        }
        return ",".join(f"{name}={choice}" for name, choice in sorted(chosen.items()))
    value = text if re.fullmatch(r"\d{4}-[\d:TZ.+-]*", text, re.ASCII) else "2026-01-31"
    return f"{next(iter(members))}={value}"


def input_value(option: str, value: str, *, is_yaml: bool) -> dict[str, object]:
    """Give the request of ``--cli-input-json`` or ``--cli-input-yaml``.

    Raises:
        CommandError: It cannot be read, or is no map.
    """
    text = text_value(option, value)
    request = _yaml(option, text) if is_yaml else _json(option, text)
    if not is_object(request):
        raise parameter_error(option, f"Invalid type: expecting a map, received {kind_of(request)}")
    return request


def _json(option: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise parameter_error(option, f"Invalid JSON received. {_where(error)}".strip()) from error


def _where(error: Exception) -> str:
    # The text itself stays out: it may hold a customer's name.
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg}: line {error.lineno} column {error.colno}"
    return ""


def _yaml(option: str, text: str) -> Any:
    from partnercentral_list.cli._yaml import load

    try:
        return load(text)
    except ValueError as error:
        raise parameter_error(option, "Invalid YAML received.") from error
