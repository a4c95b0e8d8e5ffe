"""``edgarchive search``: find submissions by words, CIK, form, item, name, type and date."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from archiver.errors import UsageError
from archiver.events import event
from archiver.startup.dataclass import dataclass
from archiver.store.layout import require_outside
from edgarchive.cli.no_hits import say_why_nothing
from edgarchive.cli.options import AsJson, common
from edgarchive.cli.output import plural
from edgarchive.cli.printing.facets import FacetOptions, facets_as_json, print_facets
from edgarchive.cli.printing.hits import print_hits, print_hits_json
from edgarchive.cli.printing.pager import paged
from edgarchive.cli.search_options import takes_search
from edgarchive.formats import clean, harmless
from edgarchive.hit_rows import RowFormat, columns_named, format_of_file, save_rows, save_table, write_rows
from indexer.fields import FACETS
from indexer.query.language.grammar import operators_as_words
from indexer.search.hits import ROW_COLUMNS
from indexer.search.library import Library
from indexer.search.options import SearchOptions
from indexer.search.pairs import MATCH_COLUMNS, Match, Pair
from indexer.search.results import Results


class Format(StrEnum):
    """How hits are printed."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    XLSX = "xlsx"
    ACCESSIONS = "accessions"


FacetKind = StrEnum("FacetKind", {name.upper(): name for name in FACETS})  # type: ignore[misc]  # mypy wants literals
"""The facets."""

_notes = logging.getLogger("edgarchive.cli.notes")

_PAGE = 10
"""The default limit of hits in a table or in JSON."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """How to show hits: `rows` is the row format, None for a table and JSON."""

    kind: Format
    facets: FacetOptions
    columns: tuple[str, ...] | None
    out: Path | None
    bom: bool
    explain: bool
    passages: bool

    def __post_init__(self) -> None:
        """Reject incompatible options."""
        if self.facets.kinds and self.rows is not None:
            raise UsageError(f"--format {self.kind} cannot show facets", "use --format table or json")
        if not self.facets.kinds and (self.facets.limit is not None or self.facets.by_year):
            raise UsageError("--facet-limit and --by-year need --facet", "add --facet form, for example")
        if self.columns is not None and self.kind in {Format.TABLE, Format.ACCESSIONS}:
            raise UsageError(f"--fields does not go with --format {self.kind}", "use csv, jsonl, json or xlsx")
        if self.passages and self.columns is not None:
            raise UsageError("--fields leaves the passages out", "leave out --fields or --passages")
        if self.passages and self.kind not in {Format.TABLE, Format.JSON, Format.JSONL}:
            raise UsageError(f"--format {self.kind} cannot show passages", "use --format table, json or jsonl")
        if self.bom and self.kind is not Format.CSV:
            raise UsageError("--bom is for --format csv", "leave it out")

    @property
    def rows(self) -> RowFormat | None:
        return None if self.kind in {Format.TABLE, Format.JSON} else RowFormat(self.kind.value)

    @property
    def needs_snippets(self) -> bool:
        return self.kind is not Format.ACCESSIONS and (self.columns is None or "snippet" in self.columns)


@takes_search()
def search(
    context: typer.Context,
    *,
    options: SearchOptions,
    facet: Annotated[
        list[FacetKind] | None, typer.Option(metavar="|".join(FacetKind), help="Also count all hits by this field.")
    ] = None,
    facet_limit: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, help="Maximum number of values per facet.", show_default="20 in a table, else all"
        ),
    ] = None,
    by_year: Annotated[bool, typer.Option("--by-year", help="Also count each facet by filing year.")] = False,
    output: Annotated[
        Format | None,
        typer.Option("--format", metavar="|".join(Format), help="Output format.", show_default="table"),
    ] = None,
    fields: Annotated[
        str | None, typer.Option(metavar="NAME,…", help="Only these columns, in csv, jsonl, json and xlsx.")
    ] = None,
    pairs: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Find filings near the dates in a CSV of CIKs and dates.")
    ] = None,
    within_days: Annotated[
        int, typer.Option(metavar="N", min=0, help="With --pairs: maximum days between date and filing.")
    ] = 30,
    unmatched: Annotated[
        Path | None, typer.Option(metavar="FILE", help="With --pairs: write pairs without a match to a CSV.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--output", "--out", metavar="FILE", help="Write all hits to a .csv, .jsonl or .xlsx file."),
    ] = None,
    bom: Annotated[bool, typer.Option("--bom", help="Start CSV with a byte order mark, for old Excel.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Show how the query was interpreted.")] = False,
    as_json: AsJson = False,
) -> int:
    """Search the stored submissions; without QUERY, list what the filters select, newest first.

    Repeating a filter gives alternatives; different filters must all match.
    """
    facets = FacetOptions(tuple(one.value for one in facet or ()), facet_limit, by_year)
    if pairs is None and unmatched is not None:
        raise UsageError("--unmatched goes with --pairs", "add --pairs FILE")
    kind = _kind(output if pairs is None or output or out else Format.CSV, out, as_json=as_json)
    columns = columns_named(fields, ROW_COLUMNS if pairs is None else MATCH_COLUMNS)
    shown = _Shown(kind, facets, columns, out, bom, explain, passages=options.passages > 0)
    if shown.rows is None and options.limit is None:
        options = options.replace(limit=_PAGE)
    options = options.replace(snippets=options.snippets and shown.needs_snippets)
    settings = common(context).settings()
    for file in (out, unmatched):
        if file is not None:
            require_outside(settings.root, file)
    with Library(settings=settings) as library:
        if pairs is not None:
            _write_matches(library, _Pairs(pairs, within_days, unmatched), options, shown)
            return 0
        results = library.run(options)
        why = None if results.total else results.diagnose()
        if why is not None:
            say_why_nothing(why)
        elif options.query:
            _note_words(options.query)
        if shown.rows is not None:
            _write_rows(results, shown, shown.rows)
            _note_if_cut(results, options)
        elif kind is Format.JSON:
            counts = facets_as_json(results, facets) if facets.kinds else {}
            print_hits_json(results, counts, explain=explain, fields=shown.columns, diagnosis=why)
        else:
            with paged():
                print_hits(results, explain=explain)
                print_facets(results, facets)
    return 0


def _write_rows(results: Results, shown: _Shown, rows: RowFormat) -> None:
    if shown.explain:  # stdout has only one line per hit
        sys.stderr.write(f"{harmless(results.explain())}\n")
    if shown.out is None:
        write_rows(results, rows, fields=shown.columns, bom=shown.bom)
        return
    save_rows(results, shown.out, rows, fields=shown.columns, bom=shown.bom)
    facts = event("hits-written", count=len(results), path=str(shown.out))
    _notes.info("%s written to %s", plural(len(results), "hit"), clean(str(shown.out)), extra=facts)


@dataclass(frozen=True, slots=True)
class _Pairs:
    """The options of ``--pairs``."""

    path: Path
    within_days: int
    unmatched: Path | None


def _write_matches(library: Library, wanted: _Pairs, options: SearchOptions, shown: _Shown) -> None:
    from indexer.search.pairs import match_pairs, read_pairs  # noqa: PLC0415 — for this option alone

    if shown.rows is None or options.limit is not None or options.offset:
        raise UsageError(
            "--pairs writes rows of all matches", "use --format csv or jsonl, without --limit and --offset"
        )
    pairs = read_pairs(wanted.path)
    left: list[Pair] = []
    filings = 0

    def matches() -> Iterator[Match]:
        nonlocal filings
        for one in match_pairs(library, pairs, options, within_days=wanted.within_days):
            if not one.matches:
                left.append(one.pair)
            filings += len(one.matches)
            yield from one.matches

    columns = shown.columns or MATCH_COLUMNS
    if shown.out is None:
        write_rows(matches(), shown.rows, fields=columns, bom=shown.bom)
    else:
        save_rows(matches(), shown.out, shown.rows, fields=columns, bom=shown.bom)
    if wanted.unmatched is not None:
        save_table(wanted.unmatched, ("cik", "date"), ((int(pair.cik), pair.day) for pair in left))
    sys.stdout.flush()  # if both go to one place, the note comes after the rows
    matched = len(pairs) - len(left)
    facts = event("pairs-matched", matched=matched, pairs=len(pairs), filings=filings)
    message = "%d of %s matched, %s within %s"
    words = plural(len(pairs), "pair"), plural(filings, "filing"), plural(wanted.within_days, "day")
    _notes.info(message, matched, *words, extra=facts)


def _kind(output: Format | None, out: Path | None, *, as_json: bool) -> Format:
    """The format given by options and file name. Raises `UsageError` if they contradict each other."""
    if as_json and (output not in {None, Format.JSON} or out is not None):
        raise UsageError("--json prints one JSON document on stdout", "leave --format and -o out, or --json")
    if as_json:
        return Format.JSON
    if out is None:
        if output is Format.XLSX:
            raise UsageError("a workbook cannot go to stdout", "name a file: -o hits.xlsx")
        return output or Format.TABLE
    if output in {Format.TABLE, Format.JSON}:
        raise UsageError(f"--format {output} cannot go to a file", "use csv, jsonl, xlsx or accessions")
    return output or Format(format_of_file(out))


def _note_if_cut(results: Results, options: SearchOptions) -> None:
    """Report on stderr that a limit cut the list, which the rows cannot show."""
    left = results.total - options.offset - len(results)
    if left > 0 and options.limit:
        sys.stdout.flush()
        facts = event("hits-cut", total=results.total, shown=len(results))
        message = "%d of %s written, because of --limit %d; leave it out for all"
        _notes.info(message, len(results), plural(results.total, "hit"), options.limit, extra=facts)


def _note_words(query: str) -> None:
    """Report on stderr that a word of the query, which was found, may be meant as an operator."""
    for word in operators_as_words(query):
        message = "`%s` was searched as a word; write %s in capitals for the operator"
        _notes.info(message, word, word.upper(), extra=event("operator-as-word", word=word))
