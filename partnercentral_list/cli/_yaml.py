"""YAML as the AWS CLI writes and reads it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from typing import Any, Final, TextIO

from partnercentral_list.cli._exits import missing_extra

#: What a text is quoted for, since it would be read as something else: YAML 1.2's rules, as the
#: AWS CLI's library has them. PyYAML's own are YAML 1.1's, which quote NO, and not 0019.
LOOKS_LIKE: Final = (
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


LINE_ENDS: Final = "\x85\u2028\u2029"


def dump(value: object, stream: TextIO) -> None:
    """Write a value: sorted members, block style; a bare scalar as JSON.

    Raises:
        CommandError: PyYAML is not installed.
    """
    if value is None or isinstance(value, str | int | float):
        # YAML would end a bare scalar with a line of dots.
        stream.write(json.dumps(value, ensure_ascii=False) + "\n")
        return
    yaml = _pyyaml()
    yaml.dump(value, stream, Dumper=_dumper(yaml), default_flow_style=False, allow_unicode=True)


def load(text: str) -> Any:
    """Read a value.

    Raises:
        ValueError: It is not YAML.
        CommandError: PyYAML is not installed.
    """
    yaml = _pyyaml()
    failure: ValueError
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError):
        failure = ValueError("not YAML")
    # Outside the handler: PyYAML's error quotes the text.
    raise failure


def _pyyaml() -> Any:
    try:
        import yaml
    except ImportError as error:
        raise missing_extra(error.name, "YAML") from None
    return yaml


@cache
def _dumper(yaml: Any) -> Any:
    """Give libyaml's dumper where PyYAML was built with it, which is ten times as fast."""
    libyaml: Any = getattr(yaml, "CSafeDumper", None)
    base: Any = libyaml or yaml.SafeDumper
    members: dict[str, Any] = {"yaml_implicit_resolvers": {}, "ignore_aliases": _never}
    dumper: Any = type("Dumper", (base,), members)
    if libyaml is None:
        dumper.analyze_scalar = _as_libyaml_does(base.analyze_scalar)
    for kind, pattern, first in LOOKS_LIKE:
        regexp = re.compile(f"(?:{pattern})\\Z")
        dumper.add_implicit_resolver(f"tag:yaml.org,2002:{kind}", regexp, list(first))
    return dumper


def _never(self: object, data: object) -> bool:
    # What stands in several places is written in full in each.
    return True


def _as_libyaml_does(inherited: Callable[[Any, str], Any]) -> Callable[[Any, str], Any]:
    def analyze_scalar(self: Any, scalar: str) -> Any:
        analysis = inherited(self, scalar)
        if any(char > "\uffff" or char in LINE_ENDS for char in scalar):
            # Not printable, to libyaml: quoted and escaped. The ends of a line would be folded.
            analysis.special_characters = True
            analysis.allow_flow_plain = analysis.allow_block_plain = False
            analysis.allow_single_quoted = analysis.allow_block = False
        return analysis

    return analyze_scalar
