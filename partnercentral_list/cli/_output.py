"""--output, --query and --color: which writer an answer goes to."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Mapping
from functools import partial
from typing import Any

from partnercentral_list.cli._answers import (
    SUMMARIES,
    TOKEN,
    AsText,
    AsYamlStream,
    AtTheEnd,
    Query,
    Writer,
    write_json,
    write_yaml,
)
from partnercentral_list.cli._exits import FAILED, CommandError, perhaps
from partnercentral_list.cli._lines import AsCsv, AsJsonLines
from partnercentral_list.cli._options import FORMATS
from partnercentral_list.cli._setup import Setup
from partnercentral_list.cli._table import write_table
from partnercentral_list.cli._terminal import say, stdout


def query_of(expression: str | None) -> Query | None:
    """Compile a JMESPath expression.

    Raises:
        CommandError: It is none.
    """
    if expression is None:
        return None
    import jmespath
    from jmespath.exceptions import JMESPathError

    try:
        compiled: Any = jmespath.compile(expression)
    except JMESPathError as error:
        raise CommandError(f"Bad value for --query {expression}: {error}") from error

    for name in sorted(_names_asked_of_the_answer(compiled.parsed) - {SUMMARIES, TOKEN}):
        # The AWS CLI prints null and says nothing.
        say(
            f"--query: there is no {name} in the response, which has {SUMMARIES} and {TOKEN}. "
            f"{perhaps(name, (SUMMARIES, TOKEN))}".strip()
        )

    def search(answer: Any) -> Any:
        try:
            return compiled.search(answer)
        except JMESPathError as error:
            # jmespath's own text shows values of records.
            kind = type(error).__name__
        raise CommandError(f"--query {expression} cannot be applied: {kind}.", FAILED)

    return search


def _names_asked_of_the_answer(node: Mapping[str, Any]) -> set[str]:
    """Return the names that an expression looks for in what it is applied to, not further in."""
    kind, children = node["type"], node["children"]
    if kind == "field":
        return {node["value"]}
    if kind in ("subexpression", "index_expression", "pipe") or kind.endswith("projection"):
        # The rest is applied to what the first gives.
        children = children[:1]
    if kind == "expref":
        return set()
    return {name for child in children for name in _names_asked_of_the_answer(child)}


def output_format(options: Namespace, setup: Setup) -> str:
    """Give the form of the answer: the option's, the environment's, the profile's, or JSON.

    Raises:
        CommandError: The environment or the profile names one that there is not.
    """
    of_environment = os.environ.get("AWS_DEFAULT_OUTPUT")
    name: str = options.output or of_environment or setup.output or "json"
    if name not in FORMATS:
        source = "AWS_DEFAULT_OUTPUT" if of_environment else "output of the profile"
        raise CommandError(
            f"Unknown output type: {name} ({source}). There are {', '.join(FORMATS)}. "
            f"{perhaps(name, FORMATS)}".strip()
        )
    return name


def writer_of(form: str, query: Query | None, color: str) -> Writer:
    """Give what writes that form to stdout."""
    out = stdout()
    if form == "jsonl":
        return AsJsonLines(query, out)
    if form == "csv":
        return AsCsv(query, out)
    shown = query or _as_it_is
    if form == "text":
        return AsText(shown, out)
    if form == "yaml-stream":
        return AsYamlStream(shown, out)
    if form == "table":
        return AtTheEnd(shown, partial(write_table, stream=sys.stdout, color=color))
    write = write_yaml if form == "yaml" else write_json
    return AtTheEnd(shown, partial(write, stream=out))


def _as_it_is(answer: Any) -> Any:
    return answer
