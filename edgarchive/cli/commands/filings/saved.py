"""``edgarchive saved``: named searches, for running again and for alerts."""

from __future__ import annotations

import logging
import shlex
from typing import Annotated

import typer

from archiver.events import event
from edgarchive.cli.arguments.completion import complete_saved
from edgarchive.cli.arguments.usage import help_instead
from edgarchive.cli.arguments.values import PlainCommand, PlainGroup
from edgarchive.cli.options import AsJson, common
from edgarchive.cli.output import print_json, say
from edgarchive.cli.printing.hits import print_hits, print_hits_json
from edgarchive.cli.search_options import takes_search
from edgarchive.formats import clean
from edgarchive.watching.searches import NamedSearch, remove_search, run_search, save_search, saved_searches
from indexer.search.options import SearchOptions

_notes = logging.getLogger("edgarchive.cli.notes")

app = typer.Typer(cls=PlainGroup, add_completion=False, rich_markup_mode=None)
Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the saved search.", autocompletion=complete_saved)]


@app.callback(invoke_without_command=True)
def main(context: typer.Context) -> None:
    """Save searches under a name, to run them again or to get alerts from `watch`."""
    help_instead(context)


@app.command(cls=PlainCommand)
@takes_search(pages=False)
def add(context: typer.Context, *, label: Name, options: SearchOptions, as_json: AsJson = False) -> int:
    """Save a search. It replaces one of the same name."""
    values = options.to_dict()
    del values["limit"]  # which belongs to a run of the search
    query = values.pop("query", None)
    settings = common(context).settings()
    before = saved_searches(settings).get(label)
    search = save_search(settings, label, query, values)
    _print([search], as_json=as_json)
    if before is not None and before.options != search.options:
        _notes.info("replaced %s", _line(before), extra=event("saved-search-replaced", search=label))
    return 0


@app.command("list", cls=PlainCommand)
def list_(context: typer.Context, *, as_json: AsJson = False) -> int:
    """List the saved searches, including those of the settings file."""
    found = saved_searches(common(context).settings())
    _print([found[name] for name in sorted(found)], as_json=as_json)
    return 0


@app.command(cls=PlainCommand)
def run(
    context: typer.Context,
    name: Name,
    *,
    limit: Annotated[int, typer.Option("-n", "--limit", metavar="N", min=0, help="Maximum number of hits.")] = 10,
    as_json: AsJson = False,
) -> int:
    """Run a saved search on the whole archive."""
    results = run_search(common(context).settings(), name, limit=limit)
    if as_json:
        print_hits_json(results, {}, explain=False)
    else:
        print_hits(results, explain=False)
    return 0


@app.command(cls=PlainCommand)
def remove(context: typer.Context, name: Name) -> int:
    """Remove a saved search."""
    remove_search(common(context).settings(), name)
    return 0


def _print(searches: list[NamedSearch], *, as_json: bool) -> None:
    if as_json:
        print_json([search.to_dict() for search in searches])
        return
    for search in searches:
        say(_line(search))


def _line(search: NamedSearch) -> str:
    values = search.to_dict()
    query = values.get("query", "")
    filters = [_option(key, value) for key, value in values.items() if key not in {"name", "source", "query"}]
    note = " (settings file)" if search.source == "settings" else ""
    return clean(f"{search.name}{note}: {' '.join([query, *filters]).strip()}")


def _option(key: str, value: object) -> str:
    """A filter as it is given on the command line."""
    option = f"--{key.replace('_', '-')}"
    if isinstance(value, bool):
        return option if value else option.replace("--", "--no-", 1)
    values = value if isinstance(value, list | tuple) else [value]
    return " ".join(f"{option} {shlex.quote(str(one))}" for one in values)
