"""Search results for people, and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from edgarchive.cli.output import plural, print_json, say, say_styled
from edgarchive.cli.printing.terminal import Style
from edgarchive.formats import clean
from edgarchive.hit_rows import chosen
from indexer.search.diagnosis.model import Diagnosis
from indexer.search.hits import Hit
from indexer.search.results import Results

_SHOWN_ENTITIES = 6
"""Entities of a hit in a table; JSON has all."""
_INDENT = "    "


def print_hits(results: Results, *, explain: bool) -> None:
    """Print results for people."""
    style = Style.of_stdout()
    if explain:
        say(results.explain())
    for hit in results:
        _print_hit(hit, style)
        say()
    say(f"{plural(results.total, 'hit')}, {len(results):,} shown, {results.took_ms:.0f} ms")


def _print_hit(hit: Hit, style: Style) -> None:
    items = f"  items {clean(hit.items_as_text())}" if hit.items else ""
    rest = f"{hit.filing_date}  {clean(hit.form)}{items}"
    first, *more = style.lines(f"{hit.accession}  {rest}", indent=_INDENT, first="")
    say_styled(style.link(style.bold(hit.accession), hit.url) + first[len(hit.accession) :])
    for line in more:
        say_styled(line)
    names = [f"{clean(entity.name)} ({entity.cik})" if entity.cik else clean(entity.name) for entity in hit.entities]
    if more_names := max(0, len(names) - _SHOWN_ENTITIES) + hit.entities_left_out:
        names[_SHOWN_ENTITIES:] = [f"and {more_names:,} more"]
    _print_lines("; ".join(names), style)
    if hit.document is not None:
        about = [hit.document.type, hit.document.filename, hit.document.description]
        _print_lines("  ".join(clean(part) for part in about if part), style)
    if hit.section is not None:
        _print_lines(clean(hit.section.heading), style)
    for passage in (one.with_ellipses() for one in hit.passages or ()):  # each begins like an item of a list
        for line in style.lines(passage.text, passage.spans, indent=f"{_INDENT}  ", first=f"{_INDENT}- "):
            say_styled(line)
    if hit.excerpt is not None and not hit.passages:
        excerpt = hit.excerpt.with_ellipses()
        for line in style.lines(excerpt.text, excerpt.spans, indent=_INDENT):
            say_styled(line)


def _print_lines(text: str, style: Style) -> None:
    for line in style.lines(text, indent=f"{_INDENT}  ", first=_INDENT):
        say_styled(line)


def print_hits_json(
    results: Results,
    facets: Mapping[str, object],
    *,
    explain: bool,
    fields: Sequence[str] | None = None,
    diagnosis: Diagnosis | None = None,
) -> None:
    """Print results as one JSON document; with `fields`, hits are rows with these columns."""
    document = results.to_dict()
    if fields is not None:
        document["hits"] = [chosen(hit, fields) for hit in results]
    if facets:
        document["facets"] = facets
    if explain:
        document["explain"] = results.explain()
    if diagnosis is not None:
        document["diagnosis"] = diagnosis.to_dict()
    print_json(document)
