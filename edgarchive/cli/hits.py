"""Search results as they are printed: for people, for programs, for pipes."""

from __future__ import annotations

import csv
import html
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from edgarchive.cli.output import Style, as_json_text, clean, plural, print_json, say, say_styled
from indexer.engine import Facet, FacetCount
from indexer.search.hits import Hit
from indexer.search.results import Results

CSV_COLUMNS = (
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
_FORMULA = re.compile(r"""(^|[;,|])(["'\s]*)(?=[=+\-@＝＋－＠])""")
"""Where a formula would begin (OWASP, "CSV Injection"): in a cell, or in what a spreadsheet that cuts at another
separator than ours takes for one. Tabs and line ends are blanks by then."""
_SHOWN_VALUES = 20
"""Values of a facet in a table; JSON has all."""

Facets = Mapping[Facet, Sequence[FacetCount]]


def print_hits(results: Results, facets: Facets, *, explain: bool) -> None:
    """Print results for a person to read."""
    style = Style.of_stdout()
    if explain:
        say(results.explain())
    for hit in results:
        _print_hit(hit, style)
    say(f"{plural(results.total, 'hit')}, {len(results):,} shown, {results.took_ms:.0f} ms")
    for facet, counts in facets.items():
        say_styled(style.bold(facet))
        for found in counts[:_SHOWN_VALUES]:
            say(f"  {found.count:>9,}  {clean(str(found.value))}")
        if len(counts) > _SHOWN_VALUES:
            say(f"  and {plural(len(counts) - _SHOWN_VALUES, 'more value')}")


def _print_hit(hit: Hit, style: Style) -> None:
    items = f"  items {clean(', '.join(hit.items))}" if hit.items else ""
    accession = style.link(style.bold(hit.accession), hit.url)
    say_styled(f"{accession}  {hit.filing_date}  {clean(hit.form)}{items}")
    say(f"    {'; '.join(f'{clean(entity.name)} ({entity.cik})' for entity in hit.entities)}")
    if hit.document is not None:
        about = [hit.document.type, hit.document.filename, hit.document.description]
        say(f"    {'  '.join(clean(part) for part in about if part)}")
    if hit.snippet is not None:
        say_styled(f"    {_marked(hit.snippet, style)}")


def _marked(snippet: str, style: Style) -> str:
    """A snippet for the terminal: its marks become colour, its entities characters."""
    pieces = clean(snippet).replace("<em>", "</em>").split("</em>")
    return "".join(
        style.match(html.unescape(piece)) if n % 2 else html.unescape(piece) for n, piece in enumerate(pieces)
    )


def print_hits_json(results: Results, facets: Facets, *, explain: bool) -> None:
    """Print results as one JSON document."""
    document = results.to_dict()
    if facets:
        document["facets"] = facets
    if explain:
        document["explain"] = results.explain()
    print_json(document)


def print_hits_jsonl(results: Results) -> None:
    """Print one JSON document a hit, each on a line."""
    for hit in results:
        say(as_json_text(hit.to_dict()))


def print_hits_csv(results: Results) -> None:
    """Print a header and one row a hit, in Excel's dialect of CSV."""
    writer = csv.writer(sys.stdout)
    writer.writerow(CSV_COLUMNS)
    for hit in results:
        writer.writerow([_cell(value) for value in _csv_row(hit)])


def print_accessions(results: Results) -> None:
    """Print the bare accession number of each hit."""
    for hit in results:
        say(hit.accession)


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
    """A cell that no spreadsheet takes for a formula: text that could begin one gets an apostrophe there."""
    if value is None:
        return ""
    text = clean(str(value))
    return _FORMULA.sub(r"\1'\2", text) if isinstance(value, str) else text
