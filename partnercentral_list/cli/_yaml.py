"""YAML as the AWS CLI writes and reads it."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any, Final

from partnercentral_list.cli._exits import missing_extra
from partnercentral_list.cli._json import SentNumber, compact_json
from partnercentral_list.cli._terminal import Output

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


def dump(value: object, stream: Output) -> None:
    """Write a value: sorted members, block style; a bare scalar as JSON.

    Raises:
        CommandError: PyYAML is not installed.
    """
    if value is None or isinstance(value, str | int | float):
        # YAML would end a bare scalar with a line of dots.
        stream.write(compact_json(value) + "\n")
        return
    yaml = _pyyaml()
    try:
        text = _dumped(yaml, value, libyaml=getattr(yaml, "CSafeDumper", None))
    except UnicodeEncodeError:
        # Half a surrogate pair is no UTF-8, which is what libyaml takes: PyYAML's own escapes it.
        text = _dumped(yaml, value, libyaml=None)
    stream.write(text)


def _dumped(yaml: Any, value: object, libyaml: Any) -> str:
    settings = {"default_flow_style": False, "allow_unicode": True}
    return str(yaml.dump(value, Dumper=_dumper(yaml, libyaml), **settings))


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
def _dumper(yaml: Any, libyaml: Any) -> Any:
    # libyaml's, where PyYAML was built with it, is ten times as fast.
    base: Any = libyaml or yaml.SafeDumper
    members: dict[str, Any] = {"yaml_implicit_resolvers": {}, "ignore_aliases": _never}
    dumper: Any = type("Dumper", (base,), members)
    if libyaml is None:
        dumper.analyze_scalar = _as_libyaml_does(base.analyze_scalar)
    for kind, pattern, first in LOOKS_LIKE:
        regexp = re.compile(f"(?:{pattern})\\Z")
        dumper.add_implicit_resolver(f"tag:yaml.org,2002:{kind}", regexp, list(first))
    dumper.add_representer(SentNumber, _represent_number)
    return dumper


def _represent_number(dumper: Any, number: SentNumber) -> Any:
    kind = "int" if number.text.lstrip("-").isdecimal() else "float"
    return dumper.represent_scalar(f"tag:yaml.org,2002:{kind}", number.text)


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
