"""partnercentral-list completion: scripts for shells, made of the table of options."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from partnercentral_list.cli._options import SHELLS, Option
from partnercentral_list.cli._parser import COMMANDS, COMMON, PROG

NAMES: Final = (*COMMANDS, "completion")


def script(shell: str) -> str:
    """Give the script that a shell sources."""
    makers: Mapping[str, Callable[[], Iterator[str]]] = {"bash": _bash, "zsh": _zsh, "fish": _fish}
    return "\n".join(makers[shell]()) + "\n"


def values_of(option: Option) -> Sequence[str]:
    """Give what may follow an option; empty where that is anything."""
    choices: Sequence[str] = option.settings.get("choices", ())
    return choices or option.suggested


def _cases() -> Iterator[tuple[str, Sequence[str]]]:
    for name, (_, options) in COMMANDS.items():
        for option in options:
            if values_of(option):
                yield f"{name} {option.flag}", values_of(option)


def _flags(command: str) -> list[str]:
    options = COMMANDS[command][1] if command in COMMANDS else ()
    return [*(option.flag for option in options), *COMMON]


def _lines(words: Sequence[str]) -> str:
    # In bash's $'...', for which \n ends a word.
    return "$'" + "\\n".join(words) + "'"


def _bash() -> Iterator[str]:
    yield f"# bash completion for {PROG}: source <({PROG} completion bash)"
    yield "_partnercentral_list() {"
    yield "    local IFS=$'\\n' current=${COMP_WORDS[COMP_CWORD]} option= words= index reply"
    yield "    COMPREPLY=()"
    yield "    for ((index = COMP_CWORD - 1; index > 1; index--)); do"
    yield "        if [[ ${COMP_WORDS[index]} == -* ]]; then"
    yield "            option=${COMP_WORDS[index]}; break"
    yield "        fi"
    yield "    done"
    yield "    if ((COMP_CWORD == 1)); then"
    yield f"        words={_lines(NAMES)}"
    yield "    elif [[ $current == -* ]]; then"
    yield "        case ${COMP_WORDS[1]} in"
    for name in NAMES:
        yield f"            {name}) words={_lines(_flags(name))} ;;"
    yield "        esac"
    yield "    else"
    yield '        case "${COMP_WORDS[1]} $option" in'
    for case, values in _cases():
        yield f"            {shlex.quote(case)}) words={_lines(values)} ;;"
    yield f"            'completion ') words={_lines(SHELLS)} ;;"
    yield '            *) COMPREPLY=($(compgen -f -- "$current")); return ;;'
    yield "        esac"
    yield "    fi"
    yield '    for reply in $(compgen -W "$words" -- "$current"); do'
    yield '        printf -v reply %q "$reply"'
    yield '        COMPREPLY+=("$reply")'
    yield "    done"
    yield "    [[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace 2>/dev/null"
    yield "    return 0"
    yield "}"
    yield f"complete -F _partnercentral_list {PROG}"


def _zsh() -> Iterator[str]:
    yield f"#compdef {PROG}"
    yield f"# zsh completion for {PROG}: source <({PROG} completion zsh)"
    yield "_partnercentral_list() {"
    yield "    local option= index"
    yield "    for ((index = CURRENT - 1; index > 2; index--)); do"
    yield "        if [[ $words[index] == -* ]]; then option=$words[index]; break; fi"
    yield "    done"
    yield "    if ((CURRENT == 2)); then"
    yield f"        compadd -- {shlex.join(NAMES)}"
    yield "    elif [[ $words[CURRENT] == -* ]]; then"
    yield "        case $words[2] in"
    for name in NAMES:
        yield f"            {name}) compadd -- {shlex.join(_flags(name))} ;;"
    yield "        esac"
    yield "    else"
    yield '        case "$words[2] $option" in'
    for case, values in _cases():
        yield f"            {shlex.quote(case)}) compadd -- {shlex.join(values)} ;;"
    yield f"            'completion ') compadd -- {shlex.join(SHELLS)} ;;"
    yield "            *) _files ;;"
    yield "        esac"
    yield "    fi"
    yield "}"
    yield f"compdef _partnercentral_list {PROG}"


def _fish() -> Iterator[str]:
    yield f"# fish completion for {PROG}: {PROG} completion fish | source"
    names = " ".join(NAMES)
    unset = f"not __fish_seen_subcommand_from {names}"
    yield f"complete -c {PROG} -f"
    for name in NAMES:
        about = COMMANDS[name][0] if name in COMMANDS else "print a completion script"
        yield f"complete -c {PROG} -n '{unset}' -a {name} -d {_fish_quoted(about)}"
    for name, (_, options) in COMMANDS.items():
        seen = f"complete -c {PROG} -n '__fish_seen_subcommand_from {name}'"
        for option in options:
            values = " ".join(map(_fish_quoted, values_of(option)))
            takes = f" -x -a {_fish_quoted(values)}" if values else _fish_takes(option)
            about = _fish_quoted(option.about)
            yield f"{seen} -l {option.flag.removeprefix('--')}{takes} -d {about}"
    shells = " ".join(SHELLS)
    yield f"complete -c {PROG} -n '__fish_seen_subcommand_from completion' -a '{shells}'"


def _fish_takes(option: Option) -> str:
    is_flag = option.settings.get("action") in ("store_true", "store_false")
    return "" if is_flag else " -r -F"


def _fish_quoted(text: str) -> str:
    inner = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{inner}'"
