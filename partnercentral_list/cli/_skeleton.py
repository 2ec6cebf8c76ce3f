"""--generate-cli-skeleton: a request to fill in, or the form of an answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from partnercentral_list.cli._shapes import INTEGER, MOMENT, OPPORTUNITY, REQUEST, Member, Shape

DAWN = "1970-01-01T00:00:00"


def input_skeleton(members: Mapping[str, Member] = REQUEST) -> dict[str, Any]:
    """Give a sample request."""
    return {name: _sample(member) for name, member in members.items()}


def _sample(member: Member) -> Any:
    if member.members is not None:
        return input_skeleton(member.members)
    if member.kind == INTEGER:
        return 0
    sample = DAWN if member.kind == MOMENT else _first_choice(member)
    return [sample] if member.is_list else sample


def _first_choice(member: Member) -> str:
    # AWS declares the catalogs in prose only, so that its own sample has none.
    return "" if member is REQUEST["Catalog"] or not member.choices else member.choices[0]


def yaml_input_skeleton() -> str:
    """Give a sample request in YAML, with what each member is for."""
    return "\n".join(_yaml_lines(REQUEST, "")) + "\n"


def _yaml_lines(members: Mapping[str, Member], indent: str) -> Iterator[str]:
    for position, (name, member) in enumerate(members.items()):
        comment = f"# {'[REQUIRED] ' if member.required else ''}{member.about}"
        if member.members is not None:
            yield f"{indent}{name}: {comment}"
            yield from _yaml_lines(member.members, indent + "  ")
            continue
        sample = _yaml_scalar(member)
        if member.is_list:
            yield f"{indent}{name}: {comment}"
            yield f"{indent}- {sample}"
        else:
            if indent and member.choices:
                comment += f" Valid values are: {', '.join(member.choices)}."
            # The AWS CLI writes one more space in front of a structure's first comment.
            gap = "  " if position == 0 else " "
            yield f"{indent}{name}: {sample}{gap}{comment}"


def _yaml_scalar(member: Member) -> str:
    if member.kind == INTEGER:
        return "0"
    if member.kind == MOMENT:
        return DAWN.replace("T", " ")
    return _first_choice(member) or "''"


def output_skeleton() -> dict[str, Any]:
    """Give the form of an answer; its values are the names of its members."""
    return {
        "OpportunitySummaries": [_form(OPPORTUNITY, "")],
        "NextToken": "NextToken",
    }


def _form(shape: Shape, name: str) -> Any:
    if isinstance(shape, Mapping):
        return {member: _form(inner, member) for member, inner in shape.items()}
    if isinstance(shape, list):
        # AWS's name of a list's entries is that of the list without its plural.
        return [_form(shape[0], name.removesuffix("s"))]
    return DAWN if shape == MOMENT else name
