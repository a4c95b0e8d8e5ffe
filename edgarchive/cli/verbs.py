"""The verbs, each loaded when used, so that `--help` and a search need not import what a sync needs."""

from __future__ import annotations

import importlib
import keyword
from collections.abc import Iterator, MutableMapping
from typing import Any

import typer

from edgarchive.cli.arguments.values import PlainCommand, PlainGroup
from edgarchive.cli.examples import epilog

VERBS = {
    "sync": "Mirror the submissions that match and are not on disk yet, then index them.",
    "import": "Import submissions from files, then index them.",
    "index": "Index submissions that are stored but not indexed yet.",
    "search": "Search the stored submissions; without QUERY, list what the filters select, newest first.",
    "show": "Show stored submissions: header and documents, their text, or their exact bytes.",
    "extract": "Write the documents of filings to files as they were filed, including images.",
    "open": "Show a filing in the browser as it was filed, including images.",
    "export": "Write filings, documents, sections or hits as a table in JSON Lines, CSV or Parquet.",
    "verify": "Check every stored file (sha256, closing tag, SEC signature) and the index.",
    "status": "Show submissions by form and year, the last sync, and what is not indexed.",
    "watch": "Watch EDGAR's feed of current filings: fetch and index new filings, and send alerts.",
    "saved": "Save searches under a name, to run them again or to get alerts from `watch`.",
    "log": "List the runs, newest first, or what one run stored.",
    "serve": "Serve the archive: web pages, JSON, and EDGAR's own URLs for programs that read EDGAR.",
    "mcp": "Let a language model search and read the archive over the Model Context Protocol.",
    "config": "Show the settings, or create a settings file.",
    "help": "Explain a topic, such as the query language; without TOPIC, list the topics.",
}
"""The description of each verb: the first line of its help. The module of the same name implements it."""

_PACKAGES = {
    "archive": ("config", "import", "index", "log", "status", "sync", "verify"),
    "filings": ("export", "extract", "open", "saved", "search", "show"),
    "services": ("mcp", "serve", "watch"),
}
"""The packages of `edgarchive.cli.commands` and the verbs in each; any other verb is in none of them."""


class VerbGroup(PlainGroup):
    """The group of all verbs."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = _Loaded()

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 — as typer calls it
        """The names, without loading any."""
        return list(VERBS)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 — as typer calls it
        """The list of verbs in `--help`, without loading any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


class _Loaded(MutableMapping[str, Any]):
    """Commands by verb; accessing one loads its module."""

    def __init__(self) -> None:
        self._added: dict[str, Any] = {}

    def __getitem__(self, verb: str) -> Any:
        if verb not in self._added:
            if verb not in VERBS:
                raise KeyError(verb)
            self._added[verb] = _command(verb)
        return self._added[verb]

    def __setitem__(self, verb: str, command: Any) -> None:
        self._added[verb] = command

    def __delitem__(self, verb: str) -> None:
        del self._added[verb]

    def __iter__(self) -> Iterator[str]:
        return iter(VERBS)

    def __len__(self) -> int:
        return len(VERBS)


def _command(verb: str) -> Any:
    """The command of a verb: the function of its name in its module, or the `app` of a group."""
    name = f"{verb}_" if keyword.iskeyword(verb) else verb
    package = next((f"{package}." for package, verbs in _PACKAGES.items() if verb in verbs), "")
    module = importlib.import_module(f"edgarchive.cli.commands.{package}{name}")
    app = getattr(module, "app", None)
    if app is None:
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        app.command(verb, cls=PlainCommand)(getattr(module, name))
    command = typer.main.get_command(app)
    command.epilog = epilog(verb)
    return command
