"""``edgarchive search``: find submissions by words, CIK, form, item, name, type and date."""

from __future__ import annotations

import csv
import html
import json
import os
import sys
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any

import typer

from edgarchive.cli.options import AsJson, common
from edgarchive.cli.output import clean, plural, print_json, say
from indexer.library import Hit, Library, Results

_CSV_COLUMNS = (
    "accession",
    "form",
    "filing_date",
    "items",
    "cik",
    "name",
    "type",
    "filename",
    "score",
    "url",
    "snippet",
)
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


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


def search(
    context: typer.Context,
    query: Annotated[
        str | None, typer.Argument(help="Words and phrases; docs/query-language.md.", show_default=False)
    ] = None,
    *,
    cik: Annotated[list[str] | None, typer.Option(metavar="N", help="CIK of any entity of the filing.")] = None,
    form: Annotated[list[str] | None, typer.Option(metavar="F", help="Form type, any case, globs ('8-K*').")] = None,
    item: Annotated[list[str] | None, typer.Option(metavar="I", help="Item code: 5.02, legacy 5, '5.*'.")] = None,
    name: Annotated[str | None, typer.Option(metavar="TEXT", help="Words of a name, current or former.")] = None,
    doctype: Annotated[
        list[str] | None, typer.Option("--type", metavar="DOCTYPE", help="Document type, globs ('EX-99*').")
    ] = None,
    since: Annotated[str | None, typer.Option(metavar="DATE", help="First filing date, inclusive.")] = None,
    until: Annotated[str | None, typer.Option(metavar="DATE", help="Last filing date, inclusive.")] = None,
    sort: Annotated[
        Sort | None, typer.Option(help="Order of the hits.", show_default="relevance; newest without QUERY")
    ] = None,
    limit: Annotated[int, typer.Option("-n", "--limit", min=0, help="At most so many hits.")] = 10,
    offset: Annotated[int, typer.Option(min=0, help="Skip so many hits.")] = 0,
    documents: Annotated[
        bool, typer.Option("--documents", help="A hit for each document, not for each submission.")
    ] = False,
    output: Annotated[Format, typer.Option("--format", help="How hits are printed.")] = Format.TABLE,
    no_snippets: Annotated[bool, typer.Option("--no-snippets", help="Leave the snippets out.")] = False,
    as_json: AsJson = False,
) -> int:
    """Search the stored submissions; without QUERY, list what the filters select, newest first.

    Repeated options of one kind are alternatives; different kinds must all hold.
    """
    settings = common(context).settings()
    kind = Format.JSON if as_json else output
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
        )
        _PRINTERS[kind](results)
    return 0


def _print_table(results: Results) -> None:
    bold = "\x1b[1m{}\x1b[0m" if sys.stdout.isatty() and not os.environ.get("NO_COLOR") else "{}"
    for hit in results:
        items = f"  items {', '.join(hit.items)}" if hit.items else ""
        say(f"{bold.format(hit.accession)}  {hit.filing_date or 'no date'}  {hit.form}{items}")
        say(f"    {'; '.join(f'{clean(entity.name)} ({entity.cik})' for entity in hit.entities)}")
        if hit.document is not None:
            about = [hit.document.type, hit.document.filename, hit.document.description]
            say(f"    {'  '.join(clean(part) for part in about if part)}")
        if hit.snippet is not None:
            say(f"    {_marked(hit.snippet, bold)}")
    shown = len(results.hits)
    say(f"{plural(results.total, 'hit')}, {shown:,} shown, {results.took_ms:.0f} ms")


def _marked(snippet: str, bold: str) -> str:
    """A snippet for the terminal: its marks become bold, its entities characters."""
    start, end = bold.split("{}")
    return html.unescape(clean(snippet).replace("<em>", start).replace("</em>", end))


def _print_json(results: Results) -> None:
    print_json(results.to_dict())


def _print_jsonl(results: Results) -> None:
    for hit in results:
        say(json.dumps(hit.to_dict(), ensure_ascii=False))


def _print_csv(results: Results) -> None:
    writer = csv.writer(sys.stdout)
    writer.writerow(_CSV_COLUMNS)
    for hit in results:
        writer.writerow([_cell(value) for value in _csv_row(hit)])


def _csv_row(hit: Hit) -> tuple[Any, ...]:
    document = hit.document
    return (
        hit.accession,
        hit.form,
        hit.filing_date,
        " ".join(hit.items),
        " ".join(str(entity.cik) for entity in hit.entities if entity.cik is not None),
        "; ".join(entity.name for entity in hit.entities),
        document.type if document else None,
        document.filename if document else None,
        hit.score,
        hit.url,
        hit.snippet,
    )


def _cell(value: object) -> str:
    """A cell that no spreadsheet takes for a formula: text that starts like one gets an apostrophe before it."""
    if value is None:
        return ""
    text = clean(str(value))
    return f"'{text}" if text.startswith(_FORMULA_STARTS) and isinstance(value, str) else text


def _print_accessions(results: Results) -> None:
    for hit in results:
        say(hit.accession)


_PRINTERS: dict[Format, Callable[[Results], None]] = {
    Format.TABLE: _print_table,
    Format.JSON: _print_json,
    Format.JSONL: _print_jsonl,
    Format.CSV: _print_csv,
    Format.ACCESSIONS: _print_accessions,
}
