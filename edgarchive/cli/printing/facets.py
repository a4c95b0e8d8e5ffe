"""Facets as tables and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from archiver.startup.dataclass import dataclass
from edgarchive.cli.output import plural, say, say_styled
from edgarchive.cli.printing.counts import Counted, count_lines, crossed_lines, screen_width
from edgarchive.cli.printing.terminal import Style
from edgarchive.formats import clean
from indexer.engine import FacetCount
from indexer.fields import Facet
from indexer.search.results import Results, YearCount

_SHOWN_VALUES = 20
"""The default number of values of a facet in a table; JSON has all."""


@dataclass(frozen=True, slots=True)
class FacetOptions:
    """What to count: `limit` values of each kind, and of each year too."""

    kinds: tuple[Facet, ...]
    limit: int | None = None
    by_year: bool = False


def print_facets(results: Results, options: FacetOptions) -> None:
    """Print a table for each facet."""
    style = Style.of_stdout()
    for kind in options.kinds:
        say_styled(style.bold(kind))
        limit = _SHOWN_VALUES if options.limit is None else options.limit
        if options.by_year and kind != "year":
            cells = [(clean(str(one.value)), one.year, one.count) for one in results.by_year(kind)]
            for line in crossed_lines(cells, width=screen_width(), head=kind, most=limit):
                say(line)
            continue
        everything = results.facets(kind)[kind]
        shown = everything if kind == "year" else results.facets(kind, limit=limit, names=True)[kind]
        counts = [Counted(clean(str(one.value)), one.count, clean(one.name or "")) for one in shown]
        for line in count_lines(counts, width=style.width):
            say(line)
        if len(everything) > len(shown):
            say(f"  and {plural(len(everything) - len(shown), 'more value')}; --facet-limit shows more")


def facets_as_json(results: Results, options: FacetOptions) -> dict[str, list[dict[str, Any]]]:
    """The counts as JSON values; CIKs and SIC codes have names if a limit keeps them few."""
    counts = results.facets(*options.kinds, limit=options.limit, names=options.limit is not None)
    years: dict[Facet, Sequence[YearCount]] = {
        kind: results.by_year(kind) for kind in options.kinds if options.by_year and kind != "year"
    }
    return {kind: [_as_json(one, years.get(kind)) for one in found] for kind, found in counts.items()}


def _as_json(found: FacetCount, years: Sequence[YearCount] | None) -> dict[str, Any]:
    name = {} if found.name is None else {"name": found.name}
    by_year = (
        {} if years is None else {"years": {str(one.year): one.count for one in years if one.value == found.value}}
    )
    return {"value": found.value, "count": found.count, **name, **by_year}
