"""The words of the project: one name for one thing, the field's own, in American spelling.

A word is in `TERMS` if it has no other sense here, so that it is refused wherever it stands: in
names, docstrings, comments, messages and documents.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = [
    *("*.md", "*.py", "*.toml", "docs/**/*.md"),
    *("partnercentral_list/**/*.py", "examples/**/*.py", "tests/**/*.py"),
]

#: Words that are not used, as a regular expression, and the words to use instead.
TERMS = {
    "answers?|answered|answering": "response, respond",
    "asked|asking": "request, requested, sent, called",
    "told|tellers?": "notified, reported, distinguished",
    "reads? ahead|reading ahead": "prefetch",
    "the token that leads on": "page token",
    "the place reached": "resume token",
    "tries again|tried again|asked for again": "retry",
    "refused for going too fast": "throttled",
    "tie walked|beliefs?|owner's note": "tied records, watermark, lease",
    "veiled": "redacted",
    "unreadable|malformed records?|rejected records?|sets? aside": "invalid record",
    "under way": "in flight, concurrent",
    "gives? back|gave back|given back|giving back": "release, return",
    "walks|walked": "pass, sequential listing",
    "laws?": "property",
    "paces?|paced|pacing|slot": "rate limiting, permit",
    "set-up": "configuration",
    "look-ups?": "lookup",
    "misspelt": "misspelled",
    "towards": "toward",
    "canceled|canceling": "cancelled, cancelling: as asyncio spells them",
    "(?:behavi|col|fav|hon|neighb)our[a-z]*": "the spelling with -or",
    "catalogues?": "catalog",
    "whilst": "while",
    "artefacts?": "artifact",
    "licences?": "license",
    "(?:anal|catal)ys(?:e[ds]?|ing)": "-yze",
    "centres?|centred": "center",
    "(?:label|model|signal|travel)l(?:ed|ing)": "the spelling with one l",
    "(?:custom|initial|normal|organ|optim|recogn)is(?:e[ds]?|ing|ation)": "-ize",
    "(?:serial|summar|synchron)is(?:e[ds]?|ing|ation)": "-ize",
}
#: The words of a term may be joined in a name, or stand on two lines of a comment.
BETWEEN = r"[\s_#:-]*"
PATTERNS = {
    re.compile(f"(?<![a-z])(?:{words.replace(' ', BETWEEN)})(?![a-z])", re.IGNORECASE): instead
    for words, instead in TERMS.items()
}
#: The old name of something, where a user looks for it.
EXCEPTIONS = {("CHANGELOG.md", "malformed_record")}

#: A docstring is a sentence about a thing, or an imperative.
NOT_FIRST = re.compile(r"(Gives?|Takes? (?:in|over)|Tells?|Whether|What|How|Where|Why|It is)\b")

SUPPRESSION = re.compile(r"#\s*(?:noqa|type:\s*ignore|pyright:(?!\s*strict))[^#]*$")
#: Inside a name, a word begins with its capital.
WORD_IN_A_NAME = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
#: There every suppression is of an error that a type checker must report.
EXPECTED_ERRORS = "tests/typing/negative.py"


def findings(name: str, text: str) -> Iterator[str]:
    """Yield each wrong word, first word of a docstring, and suppression without a reason."""
    words = WORD_IN_A_NAME.sub("_", text)
    for pattern, instead in PATTERNS.items():
        for match in pattern.finditer(words):
            if (name, match[0]) not in EXCEPTIONS:
                line = words.count("\n", 0, match.start()) + 1
                yield f"{name}:{line}: write {instead!r} instead of {match[0]!r}"
    if not name.endswith(".py"):
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            match = NOT_FIRST.match(ast.get_docstring(node) or "")
            if match:
                line = node.body[0].lineno
                yield f"{name}:{line}: a docstring does not begin with {match[0]!r}"
    for line, code in enumerate(text.splitlines(), 1):
        if SUPPRESSION.search(code) and name != EXPECTED_ERRORS:
            yield f"{name}:{line}: say why beside the suppression, as in '# noqa: S101 # why'"


def test_names_and_texts_use_the_agreed_words() -> None:
    paths = {path for pattern in FILES for path in ROOT.glob(pattern)}
    names = {path.relative_to(ROOT).as_posix(): path for path in paths - {Path(__file__)}}
    found = [f for name, path in sorted(names.items()) for f in findings(name, path.read_text())]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "text",
    [
        '"""Read the answer."""',
        "read_ahead = 1",
        "# It gives\n# back a permit.",
        "class UnderWay: ...",
        "# Its behaviour is serialised.",
        '"""Give a permit."""',
        'class Permit:\n    """Whether it is free."""',
        "import os  # noqa: F401",
        "class LateAnswer: ...",
        "eventTeller = 1",
        "value = read()  # type:ignore",
        "# pyright: basic",
    ],
)
def test_a_wrong_word_is_found(text: str) -> None:
    assert list(findings("module.py", text))


@pytest.mark.parametrize("text", ['"""Return what was given."""', "import os  # noqa: F401 # why"])
def test_a_right_word_is_not_found(text: str) -> None:
    assert not list(findings("module.py", text))
