"""JSON, YAML and text as the AWS CLI writes and reads them, with numbers as AWS sent them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from json.encoder import encode_basestring
from typing import Any, Final, Self, TextIO, TypeGuard

from partnercentral_list.cli._errors import FAILED, CommandError, import_extra
from partnercentral_list.cli._shapes import OPPORTUNITY, TIMESTAMP, Shape

#: What a text is quoted for, since it would be read as something else: YAML 1.2's rules, as the
#: AWS CLI's library has them. PyYAML's own are YAML 1.1's, which quote NO, and not 0019.
_IMPLICIT_TYPES: Final = (
    ("bool", "true|True|TRUE|false|False|FALSE", "tTfF"),
    (
        "float",
        r"[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+"
        r"|[-+]?\.[0-9_]+(?:[eE][-+][0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        "-+0123456789.",
    ),
    ("int", "[-+]?(?:0b[01_]+|0o?[0-7_]+|[0-9_]+|0x[0-9a-fA-F_]+)", "-+0123456789"),
    ("merge", "<<", "<"),
    ("null", "~|null|Null|NULL|", ["~", "n", "N", ""]),
    (
        "timestamp",
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{4}-[0-9][0-9]?-[0-9][0-9]?(?:[Tt]|[ \t]+)[0-9]{1,2}"
        r":[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?",
        "0123456789",
    ),
    ("value", "=", "="),
)
_UNICODE_LINE_ENDS: Final = "\x85\u2028\u2029"


class SentNumber(float):
    """A number that a float would print as another one, such as 1.10 or 1e999.

    A query computes with the float; where the number itself is printed, it is `text`.
    """

    text: str

    def __new__(cls, number: Decimal) -> Self:
        """Create it from the exact number."""
        created = super().__new__(cls, number)
        created.text = str(number)
        return created

    def __str__(self) -> str:
        return self.text


# jmespath's functions take numbers by the name of their class.
SentNumber.__name__ = "float"


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Return whether a value parsed from JSON is a list."""
    return isinstance(value, list)


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    """Return whether a value parsed from JSON is an object."""
    return isinstance(value, dict)


def compact_json(value: object) -> str:
    """Return a value as JSON on one line, without spaces."""
    pieces: list[str] = []
    _write_json(value, pieces.append, "", ":", "", "")
    return "".join(pieces)


def write_indented_json(value: object, write: Callable[[str], object]) -> None:
    """Write a value as JSON with an indent of four, piece by piece."""
    _write_json(value, write, "\n", ": ", "    ", "")


def _write_json(
    value: object, write: Callable[[str], object], newline: str, colon: str, step: str, indent: str
) -> None:
    # json cannot print a number with other digits than those of a float.
    if isinstance(value, str):
        write(encode_basestring(value))
    elif isinstance(value, bool) or value is None:
        write("null" if value is None else str(value).lower())
    elif is_object(value):
        inner, mark = f"{newline}{indent}{step}", "{"
        for name, member in value.items():
            write(f"{mark}{inner}{encode_basestring(name)}{colon}")
            _write_json(member, write, newline, colon, step, indent + step)
            mark = ","
        write(f"{newline}{indent}}}" if value else "{}")
    elif is_list(value):
        inner, mark = f"{newline}{indent}{step}", "["
        for entry in value:
            write(f"{mark}{inner}")
            _write_json(entry, write, newline, colon, step, indent + step)
            mark = ","
        write(f"{newline}{indent}]" if value else "[]")
    elif type(value) is float and not math.isfinite(value):
        raise CommandError("--query gives a number that is too large for JSON.", FAILED)
    else:
        write(str(value))


def dump_yaml(value: object, stream: TextIO) -> None:
    """Write a value as YAML: sorted members, block style; a bare scalar as JSON."""
    if value is None or isinstance(value, str | int | float):
        # YAML would end a bare scalar with a line of dots.
        stream.write(compact_json(value) + "\n")
        return
    yaml = import_extra("yaml", "YAML")
    try:
        text = _dumped(yaml, value, libyaml=getattr(yaml, "CSafeDumper", None))
    except UnicodeEncodeError:
        # Half of a surrogate pair is not UTF-8, which libyaml needs; PyYAML's own code escapes it.
        text = _dumped(yaml, value, libyaml=None)
    stream.write(text)


def load_yaml(text: str) -> Any:
    """Parse YAML.

    Raises:
        ValueError: It is not YAML.
        CommandError: PyYAML is not installed.
    """
    yaml = import_extra("yaml", "YAML")
    failure: ValueError
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError):
        failure = ValueError("not YAML")
    # Outside the handler: PyYAML's error quotes the text.
    raise failure


def _dumped(yaml: Any, value: object, libyaml: Any) -> str:
    dumper = _dumper(yaml, libyaml)
    return str(yaml.dump(value, Dumper=dumper, default_flow_style=False, allow_unicode=True))


@cache
def _dumper(yaml: Any, libyaml: Any) -> Any:
    # libyaml's, where PyYAML was built with it, is ten times as fast.
    base: Any = libyaml or yaml.SafeDumper
    members: dict[str, Any] = {"yaml_implicit_resolvers": {}, "ignore_aliases": _never}
    dumper: Any = type("Dumper", (base,), members)
    if libyaml is None:
        dumper.analyze_scalar = _as_libyaml_does(base.analyze_scalar)
    for kind, pattern, first in _IMPLICIT_TYPES:
        regexp = re.compile(f"(?:{pattern})\\Z")
        dumper.add_implicit_resolver(f"tag:yaml.org,2002:{kind}", regexp, list(first))
    dumper.add_representer(SentNumber, _represent_number)
    return dumper


def _represent_number(dumper: Any, number: SentNumber) -> Any:
    kind = "int" if number.text.lstrip("-").isdecimal() else "float"
    return dumper.represent_scalar(f"tag:yaml.org,2002:{kind}", number.text)


def _never(self: object, data: object) -> bool:
    # A value that occurs several times is written in full each time.
    return True


def _as_libyaml_does(inherited: Callable[[Any, str], Any]) -> Callable[[Any, str], Any]:
    def analyze_scalar(self: Any, scalar: str) -> Any:
        analysis = inherited(self, scalar)
        if any(char > "\uffff" or char in _UNICODE_LINE_ENDS for char in scalar):
            # Not printable, to libyaml: quoted and escaped. The ends of a line would be folded.
            analysis.special_characters = True
            analysis.allow_flow_plain = analysis.allow_block_plain = False
            analysis.allow_single_quoted = analysis.allow_block = False
        return analysis

    return analyze_scalar


def text_lines(value: Any, name: str | None = None) -> Iterator[str]:
    """Yield the lines of a value in the AWS CLI's text format, without their ends.

    A structure is a line of its scalars in the order of their names; what it holds beside them
    follows, each with its name in front. In a list of structures every line has the scalars of all
    of them, so that columns stay columns.
    """
    if is_object(value):
        yield from _structure_lines(value, name, None)
    elif is_list(value):
        yield from _list_lines(value, name)
    else:
        yield str(value)


def _is_scalar(value: object) -> bool:
    return not (is_list(value) or is_object(value))


def _list_lines(values: list[Any], name: str | None) -> Iterator[str]:
    if any(is_object(value) for value in values):
        columns = sorted({column for value in values for column in _scalar_members(value)})
        for value in values:
            if is_object(value):
                yield from _structure_lines(value, name, columns)
            else:
                yield from text_lines(value, name)
        return
    scalars = [value for value in values if _is_scalar(value)]
    if name is not None:
        yield from (f"{name.upper()}\t{value}" for value in scalars)
    elif scalars:
        yield "\t".join(map(str, scalars))
    for value in values:
        if not _is_scalar(value):
            yield from text_lines(value, name)


def _scalar_members(value: object) -> list[str]:
    if not is_object(value):
        return []
    return [name for name, member in value.items() if _is_scalar(member)]


def _structure_lines(
    value: dict[str, Any], name: str | None, columns: Sequence[str] | None
) -> Iterator[str]:
    shown = sorted(_scalar_members(value)) if columns is None else columns
    # A column of the list that is no scalar here is written as Python writes it, as by the AWS CLI.
    cells = [str(value.get(column, "")) for column in shown]
    if cells:
        yield "\t".join(cells if name is None else [name.upper(), *cells])
    for member in sorted(value.keys() - set(shown)):
        yield from text_lines(value[member], member)


def as_printed(record: object) -> Any:
    """Return a record as the AWS CLI prints it.

    Members come in the service model's order, those that it does not know behind them; null members
    are left out; a timestamp is written to the microsecond with its offset. All else stays as it
    was sent.
    """
    return _as_printed(OPPORTUNITY, record)


def _as_printed(shape: Shape, value: object) -> Any:
    if shape == TIMESTAMP:
        return _timestamp(value)
    if isinstance(shape, Mapping) and is_object(value):
        return _structure(shape, value)
    if isinstance(shape, list) and is_list(value):
        return [_as_printed(shape[0], entry) for entry in value]
    return _exact(value)


def _structure(shape: Mapping[str, Shape], value: dict[str, Any]) -> dict[str, Any]:
    known = {
        name: _as_printed(member, value[name])
        for name, member in shape.items()
        if value.get(name) is not None
    }
    unknown = {
        name: _exact(member)
        for name, member in value.items()
        if member is not None and name not in known
    }
    return known | unknown


def _exact(value: object) -> Any:
    if isinstance(value, Decimal):
        return SentNumber(value)
    if is_object(value):
        return {name: _exact(member) for name, member in value.items()}
    if is_list(value):
        return [_exact(entry) for entry in value]
    return value


def _timestamp(value: object) -> object:
    try:
        if isinstance(value, str):
            return datetime.fromisoformat(value).isoformat()
        if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
            return datetime.fromtimestamp(float(value), UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        pass
    return _exact(value)
