"""Translating typer's usage errors to our form: what is wrong, then what to do."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import typer
from typer.exceptions import TyperException

from archiver.startup.patterns import lazy_pattern

_BEFORE_THE_VERB = ("--root", "--config", "-v", "--verbose", "-q", "--quiet", "--log-json", "--version")
_ELSEWHERE: dict[tuple[str, ...], tuple[str, ...]] = {
    ("--company", "--company-name", "--filer", "--issuer"): ("--name",),
    ("--symbol",): ("--ticker",),
    ("--from", "--after", "--start", "--start-date", "--begin"): ("--since",),
    ("--to", "--before", "--end", "--end-date"): ("--until",),
    ("--year", "--years", "--date", "--dates", "--quarter"): ("--since", "--until"),
    ("--max", "--count", "--top", "--head", "--size", "--num"): ("--limit",),
    ("--order", "--order-by", "--orderby"): ("--sort",),
    ("--csv", "--jsonl", "--excel", "--parquet", "--table"): ("--format",),
    ("--doc-type", "--doctype", "--document-type", "--exhibit"): ("--type",),
    ("--document", "--doc"): ("--documents",),
    ("--dir", "--folder", "--dest", "--output-dir", "--outdir", "--path", "--file"): ("--out",),
    ("--threads", "--workers", "--processes", "--parallel"): ("--jobs",),
}
"""Options of other programs, and ours that do the same."""

_OTHER_VERBS: dict[tuple[str, ...], str] = {
    ("find", "query", "grep", "list", "ls", "filter"): "search",
    ("download", "fetch", "get", "mirror", "pull", "update", "add"): "sync",
    ("view", "read", "cat", "print"): "show",
    ("dump", "save", "dataset", "csv"): "export",
    ("web", "server", "http", "api"): "serve",
    ("check", "fsck", "repair", "validate"): "verify",
    ("reindex", "rebuild"): "index",
    ("history", "runs"): "log",
    ("stats", "info", "stat"): "status",
    ("init", "settings", "setup", "configure"): "config",
    ("alert", "alerts", "follow", "monitor"): "watch",
}
"""Commands of other programs, and ours that do the same."""

_EXTRA = {
    "search": "a query is one argument, and '{}' comes after it; put quotes around the whole query",
    "sync": "'{}' belongs to no option; write --ticker, --cik, --name or --form before it",
}
"""What to do with an argument too many, by verb."""

_NOT_IN_EXPORTS = {
    **dict.fromkeys(("--limit", "-n", "--offset", "--sort"), "everything that is found, so narrow the search"),
    **dict.fromkeys(("--fields", "--columns"), "all columns"),
}
"""Options of a search that an export lacks, and what it has instead."""

_QUERY_OPTIONS = frozenset({"--query", "--q", "--text", "--search", "--keyword", "--keywords", "--term", "--terms"})
_SHORT = lazy_pattern(r"-[^-]")
_NO_COMMAND = lazy_pattern(r"No such command '([^']*)'")
_TOO_MANY = lazy_pattern(r"Got unexpected extra arguments?(?:\(s\))? \((.*)\)")


def usage_message(error: TyperException) -> str:
    """One line for `error`, ending with what to do."""
    context: Any = getattr(error, "ctx", None)
    page = context.command_path if context is not None else "edgarchive"
    option = str(getattr(error, "option_name", ""))
    verb = context.info_name if context is not None and context.parent is not None else None
    if verb is not None and option in _BEFORE_THE_VERB:
        return f"{option} goes before the command; write `edgarchive {option} … {page.partition(' ')[2]} …`"
    if answer := _by_another_name(error, context, option):
        return answer
    if option and str(error.message).endswith("requires an argument."):
        return f"{option} needs a value; write {option} VALUE"
    message = str(error.message if hasattr(error, "option_name") else error.format_message()).rstrip(".")
    message = message.replace(": Value error, ", ": ").replace("Input should be ", "it must be ")
    message = message.replace("a valid integer, unable to parse string as an integer", "a whole number")
    message = message[:1].lower() + message[1:]
    if near := getattr(error, "possibilities", None):
        return f"{message}; did you mean {_one_of(_nearest(option, near))}?"
    if extra := _TOO_MANY.fullmatch(str(error.message)):
        message = _EXTRA.get(str(verb), f"{message}; see `{page} --help`").format(extra[1])
        if verb == "search" and extra[1].startswith("-"):
            message = f"what follows -- is the query, and '{extra[1]}' comes after it; put options before --"
    elif message.startswith("missing option") and (missing := getattr(error, "param", None)) is not None:
        name = next((name for name in missing.opts if name.startswith("--")), missing.opts[0])
        message = f"missing option {name}; add {name} {missing.metavar or 'VALUE'}"
    elif re.search(r"Did you mean .*\?$", message):
        start, _, names = message.rstrip("?").partition(". Did you mean ")
        message = f"{start}; did you mean {_one_of(_nearest(start.rpartition(' ')[2], names.split(', ')))}?"
    else:
        message += f"; see `{page} --help`"
    return message


def _nearest(typed: str, names: Iterable[str]) -> list[str]:
    """Those of `names` that are most like what was typed: ``--items`` is like ``--item``, hardly like ``--stem``."""
    import difflib  # noqa: PLC0415 — for a slip alone

    likeness = {name: difflib.SequenceMatcher(None, typed, name).ratio() for name in names}
    return sorted(name for name in likeness if likeness[name] >= max(likeness.values()) - 0.1)


def _one_of(names: Sequence[str]) -> str:
    """``a``, ``a or b``, ``a, b or c``."""
    return " or ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _by_another_name(error: TyperException, context: Any, option: str) -> str | None:
    """What to use for an option or command that other programs have; None for any other error."""
    is_verb = context is None or context.parent is None  # not one of `saved` or `config`
    if is_verb and (verb := _NO_COMMAND.match(str(error.message))):
        ours = next((name for others, name in _OTHER_VERBS.items() if verb[1].lower() in others), None)
        ours = "--version" if verb[1].lower() == "version" else ours
        return None if ours is None else f"there is no command {verb[1]!r}; use `edgarchive {ours}`"
    if not option or not str(error.message).startswith("No such option") or context is None:
        return None
    if context.info_name == "export" and option in _NOT_IN_EXPORTS:
        return f"no such option: {option}; an export has {_NOT_IN_EXPORTS[option]}"
    if context.info_name == "search" and (option in _QUERY_OPTIONS or _SHORT.fullmatch(option)):
        query = "the query is an argument: `edgarchive search 'WORDS'`"
        excluding = "a query that begins with - goes last: `edgarchive search -- -word`"
        return f"no such option: {option}; {query if option in _QUERY_OPTIONS else excluding}"
    known = {name for parameter in context.command.params for name in parameter.opts}
    same = next((names for others, names in _ELSEWHERE.items() if option in others), ())
    there = [name for name in same if name in known]
    return f"no such option: {option}; use {' and '.join(there)}" if there else None


def help_instead(context: typer.Context) -> None:
    """For a group of verbs without a verb: its help page on stderr, and exit code 2."""
    if context.invoked_subcommand is None:
        sys.stderr.write(f"{context.get_help()}\n")
        raise typer.Exit(2)
