"""--query: a JMESPath expression, and which members it reads that no response has."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from partnercentral_list.cli._errors import FAILED, CommandError, suggestion
from partnercentral_list.cli._process import print_message
from partnercentral_list.cli._shapes import OPPORTUNITY, SUMMARIES, TEXT, TOKEN, Shape

QueryFunction: TypeAlias = Callable[[Any], Any]
"""Applies ``--query`` to a response."""

_Node: TypeAlias = Mapping[str, Any]

_RESPONSE: Final[Mapping[str, Shape]] = {SUMMARIES: [OPPORTUNITY], TOKEN: TEXT}


@dataclass(frozen=True, slots=True)
class _Value:
    """The result of a part of an expression: its shape, and the member that it is read from."""

    shape: Shape
    name: str

    @property
    def entry(self) -> _Value | None:
        """An entry of the list; None if this is no list."""
        if isinstance(self.shape, Mapping | str):
            return None
        return _Value(self.shape[0], self.name)


def compile_query(expression: str | None) -> QueryFunction | None:
    """Compile a JMESPath expression; warn on stderr of members that no response has."""
    if expression is None:
        return None
    import jmespath
    from jmespath.exceptions import JMESPathError

    try:
        compiled: Any = jmespath.compile(expression)
    except JMESPathError as error:
        raise CommandError(f"Bad value for --query {expression}: {error}") from error
    reader = _Reader()
    reader.read(compiled.parsed, _Value(_RESPONSE, ""))
    for remark in reader.remarks:
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


class _Reader:
    """Follows an expression through the shapes of a response, and remarks on unknown members.

    A value is None where its shape is not known, such as what a function or a selection returns:
    nothing is remarked on there, since a false alarm is worse than none.
    """

    def __init__(self) -> None:
        self.remarks: dict[str, None] = {}

    def read(self, node: _Node, value: _Value | None) -> _Value | None:
        """Return the result of a node of the expression for a value."""
        kind: str = node["type"]
        children: Sequence[Any] = node["children"]
        if kind == "field":
            return self._field(node["value"], value)
        if kind in ("current", "identity", "slice"):
            return value
        if kind == "index":
            return value and value.entry
        if kind in ("subexpression", "index_expression", "pipe"):
            for child in children:
                value = self.read(child, value)
            return value
        if kind == "flatten":
            return self._flatten(self.read(children[0], value))
        if kind.endswith("projection"):
            return self._projection(kind, children, value)
        if kind == "function_expression":
            return self._function(node["value"], children, value)
        for child in children:
            self.read(child, value)
        return None

    def _field(self, name: str, value: _Value | None) -> _Value | None:
        if value is None or not isinstance(value.shape, Mapping):
            return None
        if name in value.shape:
            return _Value(value.shape[name], name)
        meant = suggestion(name, value.shape)
        if not value.name:
            remark = f"there is no {name} in the response, which has {SUMMARIES} and {TOKEN}."
        elif meant:
            remark = f"this release knows no {name} in {value.name}."
        else:
            # AWS adds members to records, which are printed as they were sent.
            return None
        self.remarks[f"--query: {remark} {meant}".strip()] = None
        return None

    def _flatten(self, value: _Value | None) -> _Value | None:
        entry = value and value.entry
        return value if entry is None or entry.entry is None else entry

    def _projection(
        self, kind: str, children: Sequence[Any], value: _Value | None
    ) -> _Value | None:
        values = self.read(children[0], value)
        # The members of a structure have shapes of their own.
        entry = None if values is None or kind == "value_projection" else values.entry
        for condition in children[2:]:
            self.read(condition, entry)
        projected = self.read(children[1], entry)
        return projected and _Value([projected.shape], projected.name)

    def _function(self, name: str, children: Sequence[Any], value: _Value | None) -> _Value | None:
        values = [self.read(c, value) for c in children if c["type"] != "expref"]
        entry = next((v.entry for v in values if v is not None), None)
        for child in children:
            if child["type"] == "expref":
                self.read(child["children"][0], entry)
        if name in ("sort_by", "sort", "reverse"):
            return values[0] if values else None
        return entry if name in ("max_by", "min_by") else None
