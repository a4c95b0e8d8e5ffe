"""The verbs, each loaded when used, so that `--help` and a search need not import what a sync needs."""

from __future__ import annotations

import importlib
import keyword
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
        self.commands: Any = dict.fromkeys(VERBS)  # for their names: `get_command` loads them

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 — as typer calls it
        """The command of a verb, from its module; None if there is no such verb."""
        return _command(cmd_name) if cmd_name in VERBS else None

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 — as typer calls it
        """The list of verbs in `--help`, without loading any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


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
