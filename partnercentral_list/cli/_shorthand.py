"""The AWS CLI's shorthand for a structure: SortBy=Identifier,SortOrder=ASCENDING."""

from __future__ import annotations

import re

from partnercentral_list.cli._files import content

_KEY = re.compile(r"\s*([A-Za-z0-9_.#/:-]*)\s*(@?)=\s*")
_QUOTED = re.compile(r"""'((?:\\'|[^'])*)'|"((?:\\"|[^"])*)\"""")
_PLAIN = re.compile(r"""(?:\\,|[^,'"\]}])*""")
_COMMA = re.compile(r"\s*(,|$)")


def parse(text: str) -> dict[str, str]:
    r"""Read ``key=value,key=value``.

    A value may be quoted, in either way, and is then taken as it is; ``\,`` is a comma in one that
    is not. ``key@=file://path`` takes the content of a file.

    Raises:
        ValueError: It cannot be read; the message points at the place.
    """
    members: dict[str, str] = {}
    place, is_last = 0, False
    while not is_last:
        key = _KEY.match(text, place)
        if key is None:
            raise ValueError(_pointing(text, place, "Expected: key=value"))
        value, after = _value(text, key.end())
        name = key[1]
        if name in members:
            raise ValueError(_pointing(text, place, f'Second instance of key "{name}"'))
        members[name] = (content(value) or value) if key[2] else value
        comma = _COMMA.match(text, after)
        if comma is None:
            raise ValueError(_pointing(text, after, "Expected: ','"))
        place, is_last = comma.end(), not comma[1]
    return members


def _value(text: str, start: int) -> tuple[str, int]:
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
