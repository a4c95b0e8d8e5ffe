"""Dates and runs of a search in which the archive has nothing at all."""

from __future__ import annotations

from collections.abc import Iterator

from indexer.engine import Sort
from indexer.fields import DATE_FIELDS
from indexer.query.language.grammar import RawNode
from indexer.query.language.written import wanted_leaves, written
from indexer.search.diagnosis.model import EmptySpan
from indexer.search.diagnosis.probing import Prober
from indexer.search.hits import Hit
from indexer.search.options import SearchOptions


def spans_of_filters(options: SearchOptions, prober: Prober) -> Iterator[EmptySpan]:
    """The dates and runs of the filters in which nothing was filed or added."""
    first, last, start = options.first_day, options.last_day, options.added_since
    if (first or last) and prober.count(SearchOptions(since=first, until=last, limit=0)) == 0:
        asked = f"from {first} to {last}" if first and last else f"since {first}" if first else f"until {last}"
        yield _filed(f"was filed {asked}", prober)
    if start is not None and prober.count(SearchOptions(added_since=start, limit=0)) == 0:
        if isinstance(start, str):
            latest = prober.last_run()
            asked = f"was added by {start.replace(':', ' ')} or later"
            yield EmptySpan("run", asked, None, None if latest is None else str(latest))
        else:
            yield _added(f"was added since {start}", prober)


def spans_in_query(raw: RawNode, prober: Prober) -> Iterator[EmptySpan]:
    """The same for the dates of a query."""
    for leaf in wanted_leaves(raw):
        text = written(leaf)
        if leaf.field in DATE_FIELDS and prober.count(SearchOptions(text, limit=0)) == 0:
            if leaf.field == "filed":
                yield _filed(f"matches `{text}`", prober)
            elif leaf.field == "added":
                yield _added(f"matches `{text}`", prober)


def _filed(asked: str, prober: Prober) -> EmptySpan:
    days = [
        None if hit is None else hit.filing_date.isoformat()
        for hit in (_first("oldest", prober), _first("newest", prober))
    ]
    return EmptySpan("filed", asked, *days)


def _added(asked: str, prober: Prober) -> EmptySpan:
    hit = _first("added", prober)
    return EmptySpan("added", asked, None, None if hit is None or hit.added is None else hit.added.date().isoformat())


def _first(order: Sort, prober: Prober) -> Hit | None:
    """The first hit of everything in this order."""
    return next(iter(prober.hits(SearchOptions(sort=order, limit=1, snippets=False))), None)
