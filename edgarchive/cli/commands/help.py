"""``edgarchive help``: pages of the documentation on a terminal."""

from __future__ import annotations

import importlib.resources
from pathlib import Path
from typing import Annotated, Any

import typer

from archiver.errors import UsageError
from archiver.runtime.paths import is_file
from edgarchive.cli.arguments.values import PlainGroup
from edgarchive.cli.output import say, say_styled
from edgarchive.cli.printing.pager import paged
from edgarchive.cli.printing.pages import page_lines
from edgarchive.cli.printing.terminal import Style

DOCUMENTATION = "https://edgarchive.github.io/edgarchive/"
"""The address of all pages, as in the project's metadata."""

TOPICS = {
    "start": ("start", "five minutes from installation to a first search"),
    "tutorial": ("tutorial", "from a question to a data set, step by step"),
    "query": ("query-language", "the query language: words, phrases, patterns, fields"),
    "commands": ("cli", "every command and its options, exit codes, JSON, columns"),
    "settings": ("settings", "the settings file and the environment"),
    "library": ("library", "edgarchive from Python"),
    "notebooks": ("howto/python", "searching from Python, with data frames"),
    "datasets": ("howto/data-sets", "tables for pandas, polars, DuckDB and edgartools"),
    "nightly": ("howto/nightly-mirror", "mirroring a list of companies every night"),
    "backup": ("howto/backup", "backing up an archive and restoring it"),
    "web": ("serve", "the web page, the JSON API and EDGAR's URLs"),
    "alerts": ("howto/alerts", "saved searches, mail and webhooks"),
    "audit": ("howto/audit", "proving what you had and when, and citing filings"),
    "errors": ("errors", "every error, its exit code, and what to do"),
    "logging": ("logging", "the events of the log"),
    "format": ("format", "the files of an archive"),
    "opensearch": ("opensearch", "an index on a cluster"),
    "security": ("security", "threats, and the protection against them"),
    "upgrade": ("howto/upgrade", "from version 0.1"),
    "glossary": ("glossary", "terms of EDGAR and of edgarchive"),
}
"""By topic: the page of the documentation, and its subject."""


def _complete_topic(incomplete: str) -> list[str]:
    return [topic for topic in TOPICS if topic.startswith(incomplete)]


def help(  # noqa: A001 — the verb's name
    context: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="TOPIC", help="A topic, or a command.", autocompletion=_complete_topic),
    ] = None,
) -> int:
    """Explain a topic, such as the query language; without TOPIC, list the topics."""
    if not words:
        say("Topics for `edgarchive help TOPIC`:")
        for name, (_, about) in TOPICS.items():
            say(f"  {name:<12}{about}")
        say(f"\nFor a command, see its own help, such as `edgarchive search --help`. All pages: {DOCUMENTATION}")
        return 0
    topic = " ".join(words)
    if topic not in TOPICS and (text := _command_help(context, words)) is not None:
        say(text)
        return 0
    if topic not in TOPICS:
        raise UsageError(f"there is no topic {topic!r}", f"choose from: {', '.join(TOPICS)}; or name a command")
    style, page = Style.of_stdout(), TOPICS[topic][0]
    with paged():
        for line in page_lines(_page(page).read_text(encoding="utf-8"), style, page=page, address=_address):
            say_styled(line)
    return 0


def _command_help(context: typer.Context, words: list[str]) -> str | None:
    """The help of the command with these words, such as ``saved add``; None if there is none."""
    above: Any = context.parent
    for word in words:
        command = above.command.get_command(above, word) if isinstance(above.command, PlainGroup) else None
        if command is None:
            return None
        above = typer.Context(command, info_name=word, parent=above)
    return str(above.get_help())


def _address(path: str) -> str:
    """The command that shows the page with this path, or its address on the web."""
    name = path.removesuffix(".md")
    topic = next((topic for topic, (page, _) in TOPICS.items() if page == name), None)
    return f"`edgarchive help {topic}`" if topic else f"{DOCUMENTATION}{name}/"


def _page(name: str) -> Path:
    """The path of a page: beside this package if installed, else in the checkout."""
    package = Path(str(importlib.resources.files("edgarchive")))
    installed = package / "help" / f"{name}.md"
    return installed if is_file(installed) else package.parent / "docs" / f"{name}.md"
