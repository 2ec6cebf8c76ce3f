"""docs/cli.md, made of the parser's table: `python -m tests.cli.document` writes it anew."""

# ruff: noqa: E501 # the lines of the page are as long as those of the other pages.

from __future__ import annotations

import re
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from pathlib import Path

# private: the page says of each option how it compares with the AWS CLI's, which --help does not.
from partnercentral_list.cli._parser import COMMANDS, OPPORTUNITIES, CommandOption
from partnercentral_list.emulator.__main__ import add_arguments

__all__ = ["OPPORTUNITIES", "OURS", "TARGET", "document"]

#: How an option compares with the AWS CLI's.
SAME, OURS = "the same", "not in the AWS CLI"

TARGET = Path(__file__).parents[2] / "docs" / "cli.md"

DIFFERENCES = {
    "values": "A value that is not one of those declared, an identifier that is malformed, too long a "
    "list and a page size out of bounds are refused before anything is sent, with the nearest valid "
    "value: exit code 252. The AWS CLI sends them, and gets an error (254) or an empty list.",
    "empty": "A list without a value (`--life-cycle-stage $STAGES`, and nothing in it) is refused: to "
    "the AWS CLI it means everything.",
    "negative": "A negative `--max-items` is refused; the AWS CLI warns, and cuts from the end.",
    "nothing": "`--max-items 0` sends nothing; the output is that of a listing with more to come, also where nothing matches.",
    "pages": "Where the size of a page can be seen neither in the output nor in its token, pages of 100 are "
    "requested, not of 20.",
    "table": "A table has all that the AWS CLI's holds, in a form that fits the terminal: structures are "
    "flattened (`LifeCycle.Stage`), and nothing runs out of the window.",
    "moments": "A timestamp is ISO 8601 or seconds since 1970. The AWS CLI also takes what it has to "
    "guess at, such as `01/02/2026`.",
    "newer": "A member of a record that the service model does not know yet is shown, behind the others; "
    "the AWS CLI drops it.",
    "terminal": "On a terminal, control characters of a record, which could clear the screen or set its title, "
    "are written as `\\u001b`. A pipe and a file get the AWS CLI's bytes.",
    "words": "Messages on stderr have other words, and name what is valid; a `--query` for a member that no "
    "response has, or that is misspelled in a record, is remarked on there; there is no pager and no prompt.",
}

HEAD = """# The command

`partnercentral-list opportunities` does what `aws partnercentral-selling list-opportunities` does. Its output
is the same, byte for byte, in `json`, `yaml`, `yaml-stream` and `text`. Each can resume from the other's token.
It is compared with 89 recorded command lines of AWS CLI 2.36 and with 320 generated ones of AWS CLI 1
(`nox -s peers`).

```sh
pip install 'partnercentral_list[cli]'
partnercentral-list opportunities --demo --output table --max-items 3
```

`partnercentral-list pipeline` prints the same opportunities as a [table that people read](#pipeline), with totals.
`--demo` reads from an emulator on your machine; with AWS credentials, write `--catalog AWS` instead. The extra
`cli` brings rich for tables, PyYAML for YAML and argcomplete for completion; Parquet needs the extra `arrow`.
Everything else works without them.
`--help` has examples.

This page is generated from the parser's table of options (`python -m tests.cli.document`), and a test compares
the two.
"""

FORMATS = """## Output formats

| `--output` | when it is written | `--query` is applied to |
|---|---|---|
| `json`, `yaml`, `table` | at the end | the whole response |
| `text`, `yaml-stream` | page by page, and memory does not grow | each page |
| `jsonl` | page by page: a record a line | each page; a list's entries are lines |
| `csv` | page by page: the same columns whatever the records are | each page; entries are lines |
| `parquet` | 10,000 opportunities at a time, and memory does not grow | nothing: its columns are fixed |

`AWS_DEFAULT_OUTPUT` and the profile's `output` set the format where the option does not.

What AWS sent is printed as it was sent: amounts, unknown values, numbers with their own digits, members that this
release does not know. The exceptions are the AWS CLI's: null members are left out, timestamps get an offset and
microseconds.

`csv` writes lists as JSON, and members without a column as JSON in its last column. An absent member is an empty
cell. Read as CSV, each cell is what AWS sent. A spreadsheet takes some of them for formulas, though: import them as
text, or write them with `--csv-safe`. It puts `'` before each cell that begins with `=`, `+`, `-`, `@`, the full-width
form of one of these, a tab, a line break or NUL. A cell that is a number, such as `-12.50`, stays a number. What is
written with `--csv-safe` does not read back as what AWS sent. Import it with the comma as the separator: with another
one, a spreadsheet may cut a text in two.

`parquet` has the columns and types of [`partnercentral_list.frames`](frames.md), and needs the extra `arrow`. It is
binary: name a file with `--output-file`, or use a pipe. Members that this release does not know are left out. An
invalid record or an amount that does not fit its column is an error; `jsonl` and `csv` print both.

```sh
partnercentral-list opportunities --demo --output parquet --output-file pipeline.parquet
```

{memory}

On a terminal, a line on stderr shows how many opportunities and pages there are so far, how fast they come, and
what is waited for. AWS does not say how many there will be: a total is shown with `--max-items` and
`--identifier`. If the response goes to a file or a pipe, a closing line stays, with the time that it took.

What a listing writes that ends early:

| it ends by, on stdout | `jsonl`, `csv`, `text`, `yaml-stream` | `json`, `yaml`, `table` |
|---|---|---|
| Ctrl-C, `SIGTERM`, `SIGHUP` | what was read is written; stderr has the token to resume with | the same |
| an error | what was read is written; stderr has the token | nothing is written |
| `--max-items` | the token is on stderr (`jsonl`, `csv`, also `parquet`) or in the output | the token is in the output |

A scan may lack opportunities without a creation date, which AWS may sort where a scan cannot reach them
([Scan](scan.md)); the closing line says when that is possible. A scan has no token. However it ends, the first four have written all that was read, and stderr has the number; the
others write nothing, since a part could not be distinguished from the whole.

Parquet that goes to a pipe ends early without its footer, so that no reader takes a part for the whole.

Tokens are the AWS CLI's, in both directions. `--starting-token` also takes AWS's own, which `--no-paginate` and
`yaml-stream` print. A token that skips more records than a page holds, because the size of a page was changed in
between, is followed over the pages; botocore's paginator then shows some records twice.

## Files

`--output-file PATH` writes to a file, in any format. The file is complete, or it is not there:

- It is written under a temporary name in the same folder, synced to the disk, and renamed at the end. Until then, and
  after an error, Ctrl-C, `SIGTERM` or `SIGHUP`, a file of that name is unchanged, and the temporary one is gone. Only
  `SIGKILL` or a second signal can leave one, `.partnercentral-list-….tmp`.
- After an interruption there is no token: what was read before it is in no file. To keep what was read, write `jsonl`,
  `csv`, `text` or `yaml-stream` to stdout (`> pipeline.csv`).
- `--max-items` is no interruption: the file is written, and the token to resume with is where it is without a file.
- The file's mode is 0600, also where it replaces one of another mode. A symbolic link stays, and the file that it leads
  to is replaced.
- A directory, a device and a pipe are refused, and a folder that does not exist is not created.

| you want | write |
|---|---|
| one file, whole or not at all | `--output csv --output-file pipeline.csv` |
| what there is, also after an interruption | `--output csv > pipeline.csv` |
| to append the rest to it | `--output csv --starting-token TOKEN >> pipeline.csv` |
| the rest as a file of its own | `--output csv --starting-token TOKEN --output-file rest.csv` |

With `--starting-token` or `--next-token`, `csv` on stdout has no line of names, since it continues a file that has one;
`--header` writes it. A file of `--output-file` has one, and `--no-header` leaves it out. `--output-file` does not
replace a file with the rest of a listing: the part before it would be lost.
"""

MEMORY = """A listing of a million opportunities to `jsonl` took {peak} MB at its peak, one of ten thousand
{base} MB (`python tests/benchmarks/command_memory.py`). To `parquet`, a hundred thousand took {parquet_peak} MB and
ten thousand {parquet_base} MB (with `--output parquet --opportunities 100000`)."""

PIPELINE = """It needs no extra. `partnercentral-list pipeline --demo` shows it without an AWS account.

A row is an opportunity. The footer counts the rows and those that are overdue, and adds the monthly spend of each
currency.

| column | what it shows |
|---|---|
| target close | with `!` and in red if it is before `--today` and the stage is neither `Launched` nor `Closed Lost` |
| monthly spend | the sum of the estimates with the frequency `Monthly`, exact, in each currency; empty if there are none |
| last change | in UTC; only the day where there is no room for the time |

- Amounts in different currencies are never added. `?` stands for an amount or a currency that AWS did not send. Such
  estimates, and those that are not monthly, are in no total; the footer says how many there are.
- A record that cannot be parsed is an error, for example one whose amount is not a number. With `--skip-invalid` the
  footer names those that were left out.
- `--columns` takes the names of the table's columns (`id`, `company`, `stage`, `review-status`, `target-close`,
  `monthly-spend`, `last-change`), `spend` (all estimates), and the fields of an opportunity (`next-steps`), also by the
  names of their columns in [tables](frames.md) (`life_cycle_next_steps`).
- `--summary` prints a row for each currency of each stage. The bars of spend compare amounts in the same currency.
- If `--max-items` ends the listing, the totals are those of the rows, and the footer says that there are more.

How it fits:

| stdout | width | colors |
|---|---|---|
| a terminal | the terminal's | yes |
| a pipe or a file | not limited; the variable `COLUMNS` limits it, as `watch` sets it | no |
| either, with `--wide` | not limited, and more columns | |

Where a line is too long, text is shortened to end in `…`, several amounts in a cell get a line each, and then columns
are left out: last change first, of `--columns` those that have no room beside the ones in front of them. The footer
names them. Numbers, dates and identifiers are never shortened: one that has no room at all is only `…`.

`NO_COLOR` turns colors off, and so does `TERM=dumb`; `FORCE_COLOR` and `CLICOLOR_FORCE` turn them on for a pipe;
`--color` wins over all of them.

Widths are those of a terminal's cells: two for Chinese, Japanese and Korean characters, none for accents that combine.
On a terminal, Hebrew and Arabic text is between marks (U+2068 and U+2069) that keep its direction inside its cell.
Control characters, and marks that turn the direction of a line, are written as `\\u001b`. What terminals do not agree on
is left out: the joiner U+200D, skin tones and variants of emoji. `opportunities` prints what AWS sent.

The width of a column depends on all of its cells, so nothing is written before the listing is complete; after an error
or Ctrl-C nothing is. It keeps the cells, and not the records: 100,000 opportunities took 60 MB, with `--summary` 2 MB.
"""

EXITS = """## Exit codes

| code | meaning |
|---|---|
| 0 | done; also when the reader of a pipe has gone |
| 75 | `sync` failed for now, and may succeed when it is run again: another run holds the lease, a network or a server fails |
| 129 | ended by `SIGHUP` |
| 130 | interrupted |
| 143 | ended by `SIGTERM` |
| 252 | bad input, a file that cannot be created; nothing was sent |
| 253 | bad configuration: no credentials, no such profile, a missing extra |
| 254 | AWS refused |
| 255 | any other failure |
"""

SYNC_TEXT = """A run reads what changed since the last one; [sync.md](sync.md) explains it, and
[postgres.md](postgres.md) what a PostgreSQL database needs.

```sh
partnercentral-list sync --catalog AWS --store pipeline.db
partnercentral-list sync --catalog AWS --store postgresql://sync@db.example/sales --account emea --setup
```

Leave the password out of the command line, which other users of the machine can read: use `PGPASSWORD` or `~/.pgpass`.

`--show-changes` prints one line for each change, without values: `created O1`, or `updated O2 life_cycle_stage`. Each
change is printed at least once: after an interruption, those of the last page come again. What `--reconcile` finds is
in its report.

For a scheduler: a run that ends with 75 may be run again; 0 is done, and anything else needs a person. `SIGTERM` ends
a run between two pages; nothing half-written stays, and the next run resumes. Two runs at once do no harm: the second
one ends with 75.
"""

COMPLETION = """## Completion

Options, values, profiles and files, by [argcomplete](https://pypi.org/project/argcomplete/), which is in
the extra `cli`:

```sh
source <(partnercentral-list completion bash)
source <(partnercentral-list completion zsh)
partnercentral-list completion fish | source
```
"""


def document() -> str:
    """Return the page."""
    parts = [
        HEAD,
        "## Options of `opportunities`\n\n"
        "An option may be shortened as long as it stays unique; of one that is repeated the last "
        "counts; `--option=value` is the same as `--option value`. A value of the first group may be "
        "`file://path`. Lists are several words or a JSON list; structures are the AWS CLI's shorthand "
        "(`SortBy=Identifier,SortOrder=ASCENDING`) or JSON.\n",
        *_tables(OPPORTUNITIES),
        "## What is different from AWS CLI v2\n\n"
        + "".join(f"{number}. {text}\n" for number, text in enumerate(DIFFERENCES.values(), 1)),
        FORMATS.format(memory=MEMORY.format(**MEASURED)),
        EXITS,
        *_others(),
        COMPLETION,
    ]
    return "\n".join(parts)


#: What tests/benchmarks/command_memory.py printed.
MEASURED = {"peak": 72, "base": 71, "parquet_peak": 185, "parquet_base": 182}


def _others() -> Iterator[str]:
    for name, (about, options) in COMMANDS.items():
        if name == "emulator":
            yield (
                f"## `{name}`\n\n`partnercentral-list {name}`: {about}. It is the same as "
                f"`python -m partnercentral_list.emulator`.\n\n{_emulator_table()}"
            )
        elif name in ("pipeline", "sync"):
            yield f"## `{name}`\n\n`partnercentral-list {name}`: {about}.\n"
            known = {option.flag for option in OPPORTUNITIES}
            own = [option for option in options if option.flag not in known]
            rest = [f"`{option.flag}`" for option in options if option not in own]
            yield _table(own, with_aws=False)
            if rest:
                yield f"And, as above: {', '.join(rest)}.\n"
            yield PIPELINE if name == "pipeline" else SYNC_TEXT


def _emulator_table() -> str:
    parser = ArgumentParser(add_help=False)
    add_arguments(parser)
    lines = ["| option | what it does |", "|---|---|"]
    for action in parser._actions:
        value = action.metavar or "\\|".join(action.choices or ()) or action.dest.upper()
        usage = action.option_strings[0] + (f" {value}" if action.nargs != 0 else "")
        lines.append(f"| `{usage}` | {action.help} |")
    return "\n".join(lines) + "\n"


def _tables(options: Sequence[CommandOption]) -> Iterator[str]:
    groups: dict[str, list[CommandOption]] = {}
    for option in options:
        groups.setdefault(option.group, []).append(option)
    for name, members in groups.items():
        yield f"### {name}\n\n{_table(members, with_aws=True)}"


def _table(options: Sequence[CommandOption], *, with_aws: bool) -> str:
    head = ("option", "what it does", "in the AWS CLI")[: 3 if with_aws else 2]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for option in options:
        about = _shown(option.about)
        aws = "same" if option.aws == SAME else _shown(option.aws)
        cells = (f"`{_usage(option)}`", about, aws)[: len(head)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _shown(text: str) -> str:
    # Names of values and of variables, such as ASCENDING, as what they are.
    return re.sub(r"\b[A-Z][A-Z_]{4,}\b", r"`\g<0>`", text.replace("|", "\\|"))


def _usage(option: CommandOption) -> str:
    metavar = option.settings.get("metavar", "")
    choices = "\\|".join(option.settings.get("choices", ()))
    repeated = " …" if option.settings.get("nargs") == "*" else ""
    return f"{option.flag} {metavar or choices}{repeated}".strip()


if __name__ == "__main__":
    TARGET.write_text(document(), "utf-8")
