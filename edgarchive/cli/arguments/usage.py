"""Translating typer's usage errors to our form: what is wrong, then what to do."""

from __future__ import annotations

import re
import sys
from typing import Any

import typer
from typer.exceptions import TyperException

from archiver.patterns import lazy_pattern

_BEFORE_THE_VERB = ("--root", "--config", "-v", "--verbose", "-q", "--quiet", "--log-json", "--version")
_TOO_MANY = lazy_pattern(r"Got unexpected extra arguments?(?:\(s\))? \((.*)\)")


def usage_message(error: TyperException) -> str:
    """One line for `error`, ending with what to do."""
    context: Any = getattr(error, "ctx", None)
    page = context.command_path if context is not None else "edgarchive"
    option = str(getattr(error, "option_name", ""))
    verb = context.info_name if context is not None and context.parent is not None else None
    if verb is not None and option in _BEFORE_THE_VERB:
        return f"{option} stands before the verb; write `edgarchive {option} … {page.partition(' ')[2]} …`"
    message = str(error.message if hasattr(error, "option_name") else error.format_message()).rstrip(".")
    message = message.replace(": Value error, ", ": ").replace("Input should be ", "it must be ")
    message = message[:1].lower() + message[1:]
    if near := getattr(error, "possibilities", None):
        return f"{message}; did you mean {' or '.join(sorted(near))}?"
    if verb == "search" and (extra := _TOO_MANY.fullmatch(str(error.message))):
        return f"a query is one argument, and {extra[1]!r} comes after it; put quotes around the whole query"
    if re.search(r"Did you mean .*\?$", message):
        return message.replace(". Did you mean", "; did you mean")
    return f"{message}; see `{page} --help`"


def help_instead(context: typer.Context) -> None:
    """For a group of verbs without a verb: its help page on stderr, and exit code 2."""
    if context.invoked_subcommand is None:
        sys.stderr.write(f"{context.get_help()}\n")
        raise typer.Exit(2)
