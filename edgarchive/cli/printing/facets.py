"""How often each value stands in what was found, as a person reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from edgarchive.cli.output import plural, say, say_styled
from edgarchive.cli.printing.terminal import Style
from edgarchive.formats import clean
from indexer.engine import FacetCount
from indexer.fields import Facet

_SHOWN_VALUES = 20
"""Values of a facet in a table; JSON has all."""


def print_facets(facets: Mapping[Facet, Sequence[FacetCount]]) -> None:
    """Print a table for each facet."""
    style = Style.of_stdout()
    for facet, counts in facets.items():
        say_styled(style.bold(facet))
        for found in counts[:_SHOWN_VALUES]:
            say(f"  {found.count:>9,}  {clean(str(found.value))}")
        if len(counts) > _SHOWN_VALUES:
            say(f"  and {plural(len(counts) - _SHOWN_VALUES, 'more value')}")
