"""Parsing of option values: lists, structures, files and dates, in the AWS CLI's syntax."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from os.path import expandvars
from pathlib import Path
from typing import Any, Final, cast

from partnercentral_list.cli._errors import parameter_error
from partnercentral_list.cli._serialization import is_object, load_yaml
from partnercentral_list.cli._shapes import RequestMember

#: What JSON calls the kinds of values; a bool is an int too, and is looked for first.
_KINDS: Final = {
    bool: "true or false",
    int: "a number",
    float: "a number",
    str: "a text",
    list: "a list",
    dict: "a map",
    date: "a date",
    type(None): "null",
}

_FILE: Final = "file://"
_BINARY_FILE: Final = "fileb://"

_KEY: Final = re.compile(r"\s*([A-Za-z0-9_.#/:-]*)\s*(@?)=\s*")
_QUOTED: Final = re.compile(r"""'((?:\\'|[^'])*)'|"((?:\\"|[^"])*)\"""")
_PLAIN: Final = re.compile(r"""(?:\\,|[^,'"\]}])*""")
_COMMA: Final = re.compile(r"\s*(,|$)")

#: An earlier year is sent with fewer digits, as something else.
_FIRST_YEAR: Final = 1000
_OUT_OF_RANGE: Final = f"outside of the years {_FIRST_YEAR} to 9999"


def kind_of(value: object) -> str:
    """Return JSON's name for the kind of a value."""
    return next((name for kind, name in _KINDS.items() if isinstance(value, kind)), "bytes")


def text_value(option: str, value: str) -> str:
    """Return a value, or the content of the file that it names."""
    try:
        content = _file_content(value)
    except ValueError as error:
        raise parameter_error(option, str(error)) from error
    return value if content is None else content


def list_value(option: str, values: Sequence[str]) -> list[object]:
    """Return the values of a list: several words, or one with a JSON list or a file of one."""
    if len(values) != 1:
        return list(values)
    value = text_value(option, values[0])
    if value.lstrip().startswith("["):
        return cast("list[object]", _json_value(option, value))
    if value is not values[0]:
        raise parameter_error(option, 'The file must hold a JSON list, such as ["O1111111"].')
    return [value]


def structure_value(
    option: str, value: str, members: Mapping[str, RequestMember]
) -> dict[str, object]:
    """Return the members of a structure, written in shorthand or JSON."""
    text = text_value(option, value)
    if text.lstrip().startswith(("{", "[")):
        parsed = _json_value(option, text)
        if not is_object(parsed):
            raise parameter_error(option, "Expected: a JSON object")
        return parsed
    try:
        return dict(parse_shorthand(text.strip()))
    except ValueError as error:
        example = _example(members, text.strip())
        raise parameter_error(option, f"{error}\nWrite it as {example}.") from error


def request_value(option: str, value: str, *, is_yaml: bool) -> dict[str, object]:
    """Return the request of ``--cli-input-json`` or ``--cli-input-yaml``."""
    text = text_value(option, value)
    try:
        request = load_yaml(text) if is_yaml else _json_value(option, text)
    except ValueError as error:
        raise parameter_error(option, "Invalid YAML received.") from error
    if not is_object(request):
        raise parameter_error(option, f"Invalid type: expecting a map, received {kind_of(request)}")
    return request


def _json_value(option: str, text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        # The text itself stays out: it may hold a customer's name.
        place = f"{error.msg}: line {error.lineno} column {error.colno}"
        raise parameter_error(option, f"Invalid JSON received. {place}") from error
    except (ValueError, RecursionError) as error:
        raise parameter_error(option, "Invalid JSON received.") from error


def _file_content(value: str) -> str | None:
    """Return the content of the file that a value names; None if it does not name one."""
    if value.startswith(_BINARY_FILE):
        raise ValueError(f"No option takes bytes: write {_FILE} instead of {_BINARY_FILE}")
    if not value.startswith(_FILE):
        return None
    path = Path(expandvars(value.removeprefix(_FILE))).expanduser()
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ValueError(f"Unable to load paramfile {value}: {reason}") from error


def parse_shorthand(text: str) -> dict[str, str]:
    r"""Parse the AWS CLI's shorthand for a structure, ``key=value,key=value``.

    A value may be quoted, in either way, and is then taken as it is; ``\,`` is a comma in one that
    is not. ``key@=file://path`` takes the content of a file.

    Raises:
        ValueError: It cannot be parsed; the message points at the place.
    """
    members: dict[str, str] = {}
    place, is_last = 0, False
    while not is_last:
        key = _KEY.match(text, place)
        if key is None:
            raise ValueError(_pointing(text, place, "Expected: key=value"))
        value, after = _shorthand_value(text, key.end())
        name = key[1]
        if name in members:
            raise ValueError(_pointing(text, place, f'Second instance of key "{name}"'))
        members[name] = (_file_content(value) or value) if key[2] else value
        comma = _COMMA.match(text, after)
        if comma is None:
            raise ValueError(_pointing(text, after, "Expected: ','"))
        place, is_last = comma.end(), not comma[1]
    return members


def _shorthand_value(text: str, start: int) -> tuple[str, int]:
    quoted = _QUOTED.match(text, start)
    if quoted:
        mark = text[start]
        inner = quoted[1] if mark == "'" else quoted[2]
        return inner.replace(f"\\{mark}", mark).replace("\\\\", "\\"), quoted.end()
    plain = _PLAIN.match(text, start)
    assert plain is not None  # noqa: S101 # it matches the empty text too
    return plain[0].replace("\\,", ",").rstrip(), plain.end()


def _pointing(text: str, place: int, problem: str) -> str:
    return f"{problem}, at ^ in:\n{text[:place]}^{text[place:]}"


def _example(members: Mapping[str, RequestMember], text: str) -> str:
    """Return shorthand for a structure, with the text in it where it is a value of a member."""
    if all(member.required for member in members.values()):
        chosen = {
            name: next((choice for choice in member.choices if choice == text), member.choices[0])
            for name, member in members.items()
        }
        return ",".join(f"{name}={choice}" for name, choice in sorted(chosen.items()))
    value = text if re.fullmatch(r"\d{4}-[\d:TZ.+-]*", text, re.ASCII) else "2026-01-31"
    return f"{next(iter(members))}={value}"


def parse_timestamp(value: str | float | date) -> datetime:
    """Parse ISO 8601 or seconds since 1970, in UTC unless an offset is given.

    What the AWS CLI would have to guess, such as ``01/02/2026``, is refused.

    Raises:
        ValueError: It is neither, or outside of the years 1000 to 9999.
    """
    if isinstance(value, str):
        value = float(value) if _is_number(value) else _parse_iso_8601(value)
    if isinstance(value, int | float):
        try:
            value = datetime.fromtimestamp(value, UTC)
        except (ValueError, OverflowError, OSError):
            raise ValueError(f"a number of seconds {_OUT_OF_RANGE}") from None
    if not isinstance(value, datetime):
        value = datetime.combine(value, time())
    if value.tzinfo is None:
        value = value.replace(tzinfo=UTC)
    try:
        year = value.astimezone(UTC).year
    except OverflowError:
        year = 0
    if year < _FIRST_YEAR:
        raise ValueError(f"a timestamp {_OUT_OF_RANGE}")
    return value


def parse_date(value: object) -> date:
    """Parse a day, ``YYYY-MM-DD``.

    Raises:
        ValueError: It is not one, or outside of the years 1000 to 9999.
    """
    if isinstance(value, datetime):
        raise ValueError("a timestamp, whose day depends on the time zone; write YYYY-MM-DD")
    if isinstance(value, str):
        value = _parse_day(value.strip())
    if not isinstance(value, date):
        raise ValueError("a number, which is no day; write YYYY-MM-DD")
    if value.year < _FIRST_YEAR:
        raise ValueError(f"a day {_OUT_OF_RANGE}")
    return value


def _parse_day(text: str) -> date:
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise ValueError(f"{text[:40]!r} is not a day; write YYYY-MM-DD")


def _is_number(text: str) -> bool:
    if len(text) == 8 and text.isdigit():
        raise ValueError(f"{text!r} could be a day or a number of seconds; write 2026-01-31")
    try:
        float(text)
    except ValueError:
        return False
    return True


def _parse_iso_8601(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(
            f"{text!r} is not ISO 8601, such as 2026-01-31T00:00:00Z or 2026-01-31"
        ) from None
