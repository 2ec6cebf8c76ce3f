"""--output, --query and --color: what is written of a response, and in which format."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any

from partnercentral_list.cli._errors import FAILED, CommandError, suggestion
from partnercentral_list.cli._formats import (
    CsvWriter,
    DocumentWriter,
    JsonLinesWriter,
    QueryFunction,
    ResponseWriter,
    TextWriter,
    YamlStreamWriter,
    write_json,
    write_yaml,
)
from partnercentral_list.cli._options import FORMATS
from partnercentral_list.cli._process import open_stdout, print_message
from partnercentral_list.cli._query import unknown_members
from partnercentral_list.cli._serialization import SentNumber, is_list, is_object
from partnercentral_list.cli._session import AwsConfiguration
from partnercentral_list.cli._shapes import OPPORTUNITY, TIMESTAMP, Shape
from partnercentral_list.cli._table import write_table


def output_format(options: Namespace, configuration: AwsConfiguration) -> str:
    """Return the format: the option's, the environment's, the profile's, or JSON.

    Raises:
        CommandError: The environment or the profile names one that does not exist.
    """
    in_environment = os.environ.get("AWS_DEFAULT_OUTPUT")
    name: str = options.output or in_environment or configuration.output or "json"
    if name not in FORMATS:
        source = "AWS_DEFAULT_OUTPUT" if in_environment else "output of the profile"
        raise CommandError(
            f"Unknown output type: {name} ({source}). There are {', '.join(FORMATS)}. "
            f"{suggestion(name, FORMATS)}".strip()
        )
    return name


def create_writer(format_name: str, query: QueryFunction | None, color: str) -> ResponseWriter:
    """Return what writes that format to stdout."""
    out = open_stdout()
    if format_name == "jsonl":
        return JsonLinesWriter(query, out)
    if format_name == "csv":
        return CsvWriter(query, out)
    apply = query or _unchanged
    if format_name == "text":
        return TextWriter(apply, out)
    if format_name == "yaml-stream":
        return YamlStreamWriter(apply, out)
    if format_name == "table":
        return DocumentWriter(apply, partial(write_table, stream=sys.stdout, color=color))
    write = write_yaml if format_name == "yaml" else write_json
    return DocumentWriter(apply, partial(write, stream=out))


def _unchanged(response: Any) -> Any:
    return response


def compile_query(expression: str | None) -> QueryFunction | None:
    """Compile a JMESPath expression; what no response has is remarked on, on stderr.

    Raises:
        CommandError: It is not a JMESPath expression.
    """
    if expression is None:
        return None
    import jmespath
    from jmespath.exceptions import JMESPathError

    try:
        compiled: Any = jmespath.compile(expression)
    except JMESPathError as error:
        raise CommandError(f"Bad value for --query {expression}: {error}") from error
    for remark in unknown_members(compiled.parsed):
        # The AWS CLI prints null or an empty list and says nothing.
        print_message(remark)

    def search(response: Any) -> Any:
        try:
            return compiled.search(response)
        except JMESPathError as error:
            # jmespath's own text shows values of records.
            kind = type(error).__name__
        raise CommandError(f"--query {expression} cannot be applied: {kind}.", FAILED)

    return search


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
    if len(known) < len(value):
        known.update(
            (name, _exact(member))
            for name, member in value.items()
            if member is not None and name not in known
        )
    return known


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
