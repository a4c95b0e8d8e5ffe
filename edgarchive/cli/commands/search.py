"""``edgarchive search``: find submissions by words, CIK, form, item, name, type and date."""

from __future__ import annotations

import difflib
import logging
import sys
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

import typer

from archiver.errors import UsageError
from archiver.events import event
from edgarchive.cli.hits import (
    print_accessions,
    print_hits,
    print_hits_csv,
    print_hits_json,
    print_hits_jsonl,
)
from edgarchive.cli.options import AsJson, common
from edgarchive.cli.output import harmless
from indexer.engine import Facet
from indexer.search.library import Library
from indexer.search.results import Results


class Format(StrEnum):
    """How hits are printed."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    ACCESSIONS = "accessions"


class Sort(StrEnum):
    """The order of hits."""

    RELEVANCE = "relevance"
    NEWEST = "newest"
    OLDEST = "oldest"


class FacetKind(StrEnum):
    """What hits are counted by."""

    FORM = "form"
    ITEM = "item"
    CIK = "cik"
    YEAR = "year"
    SIC = "sic"
    STATE = "state"
    TYPE = "type"


_log = logging.getLogger(__name__)

_GLOB = frozenset("*?[")
_SPELLED: dict[str, Facet] = {"form": "form", "item": "item", "type": "type"}
"""Filters whose values have one spelling, and what counts them."""

_LINES = {Format.JSONL: print_hits_jsonl, Format.CSV: print_hits_csv, Format.ACCESSIONS: print_accessions}
"""Formats that have a line a hit, and place for nothing else."""


def search(
    context: typer.Context,
    query: Annotated[
        str | None, typer.Argument(help="Words and phrases; docs/query-language.md.", show_default=False)
    ] = None,
    *,
    cik: Annotated[list[str] | None, typer.Option(metavar="N", help="CIK of any entity of the filing.")] = None,
    form: Annotated[list[str] | None, typer.Option(metavar="F", help="Form type, any case, globs ('8-K*').")] = None,
    item: Annotated[list[str] | None, typer.Option(metavar="I", help="Item code: 5.02, legacy 5, '5.*'.")] = None,
    name: Annotated[
        list[str] | None, typer.Option(metavar="TEXT", help="Words of a name, current or former, any order.")
    ] = None,
    doctype: Annotated[
        list[str] | None, typer.Option("--type", metavar="DOCTYPE", help="Document type, globs ('EX-99*').")
    ] = None,
    since: Annotated[str | None, typer.Option(metavar="DATE", help="First filing date, inclusive.")] = None,
    until: Annotated[str | None, typer.Option(metavar="DATE", help="Last filing date, inclusive.")] = None,
    stem: Annotated[bool, typer.Option("--stem", help="Words stand for all words of their English stem.")] = False,
    sort: Annotated[
        Sort | None, typer.Option(help="Order of the hits.", show_default="relevance; newest without QUERY")
    ] = None,
    limit: Annotated[int, typer.Option("-n", "--limit", min=0, help="At most so many hits; 0 only counts.")] = 10,
    offset: Annotated[int, typer.Option(min=0, help="Skip so many hits.")] = 0,
    documents: Annotated[
        bool, typer.Option("--documents", help="A hit for each document, not for each submission.")
    ] = False,
    facet: Annotated[list[FacetKind] | None, typer.Option(help="Count all hits by this, too.")] = None,
    output: Annotated[Format, typer.Option("--format", help="How hits are printed.")] = Format.TABLE,
    no_snippets: Annotated[bool, typer.Option("--no-snippets", help="Leave the snippets out.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Say in words what was asked for.")] = False,
    as_json: AsJson = False,
) -> int:
    """Search the stored submissions; without QUERY, list what the filters select, newest first.

    Repeated options of one kind are alternatives; different kinds must all hold.
    """
    settings = common(context).settings()
    kind = Format.JSON if as_json else output
    if facet and kind in _LINES:
        raise UsageError(f"--format {kind} has no place for facets", "use --format table or json")
    with Library(settings=settings) as library:
        results = library.search(
            query,
            cik=cik,
            form=form,
            item=item,
            name=name,
            type=doctype,
            since=since,
            until=until,
            sort=sort.value if sort else None,
            limit=limit,
            offset=offset,
            documents=documents,
            snippets=not no_snippets and kind is not Format.ACCESSIONS,
            stem=stem,
        )
        if not results.total:
            _warn_of_unknown(library, {"form": form, "item": item, "type": doctype, "cik": cik, "name": name})
        _print(results, kind, tuple(one.value for one in facet or ()), explain=explain)
    return 0


def _warn_of_unknown(library: Library, named: Mapping[str, list[str] | None]) -> None:
    """Where nothing is found, log the values of filters that no submission here has, with a near one that some has."""
    for kind, values in named.items():
        for value in values or ():
            if not _GLOB.isdisjoint(value) or library.search(None, limit=0, **{kind: value}).total:  # type: ignore[arg-type]
                continue
            near: list[str] = []
            if facet := _SPELLED.get(kind):
                counts = library.search(None, limit=0).facets(facet)[facet]
                near = difflib.get_close_matches(value.upper(), [str(count.value) for count in counts], n=1)
            hint = f"did you mean {near[0]}?" if near else "look at its spelling, or mirror it with `edgarchive sync`"
            facts = event("value-unknown", kind=kind, value=value)
            _log.warning("nothing in this archive has the %s %s; %s", kind, ascii(value)[1:-1], hint, extra=facts)


def _print(results: Results, kind: Format, facets: tuple[Facet, ...], *, explain: bool) -> None:
    counts = results.facets(*facets) if facets else {}
    if kind is Format.JSON:
        print_hits_json(results, counts, explain=explain)
    elif kind is Format.TABLE:
        print_hits(results, counts, explain=explain)
    else:
        if explain:  # stdout has a line a hit, and nothing else
            sys.stderr.write(f"{harmless(results.explain())}\n")
        _LINES[kind](results)
