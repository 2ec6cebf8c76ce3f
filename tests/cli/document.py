"""docs/cli.md, made of the parser's table: `python -m tests.cli.document` writes it anew."""

from __future__ import annotations

DIFFERENCES = {
    "values": "x", "empty": "x", "negative": "x", "table": "x", "nothing": "", "pages": "",
}
