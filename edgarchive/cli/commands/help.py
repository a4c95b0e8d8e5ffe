"""``edgarchive help``: pages of the documentation on a terminal."""

from __future__ import annotations

import importlib.resources
import re
from pathlib import Path
from typing import Annotated

import typer

from archiver.errors import UsageError
from archiver.patterns import lazy_pattern
from edgarchive.cli.output import say, say_styled
from edgarchive.cli.printing.pager import paged
from edgarchive.cli.printing.terminal import Style
from edgarchive.cli.printing.texts import print_text

DOCUMENTATION = "https://edgarchive.github.io/edgarchive/"
"""The address of all pages, as in the project's metadata."""

TOPICS = {
    "start": ("start", "five minutes from installation to a first search"),
    "query": ("query-language", "the query language: words, phrases, patterns, fields"),
    "commands": ("cli", "every command and its options, exit codes, JSON, columns"),
    "settings": ("settings", "the settings file and the environment"),
    "library": ("library", "edgarchive from Python"),
    "web": ("serve", "the web page, the JSON API and EDGAR's URLs"),
    "alerts": ("howto/alerts", "saved searches, mail and webhooks"),
    "errors": ("errors", "every error, its exit code, and what to do"),
    "logging": ("logging", "the events of the log"),
    "format": ("format", "what stands on the disk"),
    "opensearch": ("opensearch", "an index on a cluster"),
    "security": ("security", "what is protected from whom"),
    "upgrade": ("howto/upgrade", "from version 0.1"),
    "glossary": ("glossary", "words of EDGAR and of this program"),
}
"""By topic: the page of the documentation, and its subject."""

_LINK = lazy_pattern(r"(?<!!)\[([^\]]+)\]\([^)\s]+\)")
_HEADING = lazy_pattern(r"#+ (.+)")
_FENCE = lazy_pattern(r"```\w*\n?")
_COMMENT = lazy_pattern(r"<!--.*?-->\n?", re.DOTALL)


def help(  # noqa: A001 — the verb's name
    context: typer.Context,
    topic: Annotated[str | None, typer.Argument(metavar="TOPIC", help="A topic, or a command.")] = None,
) -> int:
    """Explain a topic, such as the query language; without TOPIC, list the topics."""
    if topic is None:
        say("Topics, as `edgarchive help TOPIC` explains them:")
        for name, (_, about) in TOPICS.items():
            say(f"  {name:<12}{about}")
        say(f"\nA command has its own help: `edgarchive search --help`. All pages: {DOCUMENTATION}")
        return 0
    commands = context.parent.command.commands if context.parent is not None else {}  # type: ignore[attr-defined]
    if topic in commands and topic not in TOPICS:
        with typer.Context(commands[topic], info_name=topic, parent=context.parent) as child:
            say(child.get_help())
        return 0
    if topic not in TOPICS:
        raise UsageError(f"there is no topic {topic!r}", f"choose from: {', '.join(TOPICS)}; or name a command")
    style = Style.of_stdout()
    with paged():
        for line in page_text(topic).split("\n"):
            if heading := _HEADING.fullmatch(line):
                say_styled(style.bold(heading[1]))
            else:
                print_text(line, style)
    return 0


def page_text(topic: str) -> str:
    """The page of a topic for a terminal, without the markup of links, code fences and comments."""
    text = _COMMENT.sub("", _page(TOPICS[topic][0]).read_text(encoding="utf-8"))
    return _FENCE.sub("", _LINK.sub(r"\1", text)).strip("\n")


def _page(name: str) -> Path:
    """The path of a page: beside this package if installed, else in the checkout."""
    package = Path(str(importlib.resources.files("edgarchive")))
    installed = package / "help" / f"{name}.md"
    return installed if installed.is_file() else package.parent / "docs" / f"{name}.md"
