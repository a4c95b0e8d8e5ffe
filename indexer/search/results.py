"""The results of a search: hits, their total, and counts by value."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field, replace
from typing import Any, overload

from archiver.errors import UsageError
from archiver.startup.dataclass import dataclass
from indexer.engine import FacetCount
from indexer.fields import FACETS, Facet
from indexer.notebook import frames
from indexer.notebook.markup import escaped, table
from indexer.query.explain import explain
from indexer.query.nodes import Node
from indexer.query.scopes.filings import Unit
from indexer.search.diagnosis.model import Diagnosis
from indexer.search.hits import HTML_HEAD, ROW_COLUMNS, FromLibrary, Hit

_SHOWN_HITS = 50
"""Hits shown in a notebook; lazy hits are each read from the archive."""


_NAMED: frozenset[Facet] = frozenset({"cik", "sic"})
"""Facets whose values are numbers with names."""


@dataclass(frozen=True, slots=True)
class YearCount:
    """How many hits of a filing year have a value of a facet."""

    value: int | str
    year: int
    count: int


@dataclass(frozen=True, slots=True, repr=False)
class Results:
    """The requested hits, in order. `total` counts all hits; `took_ms` is the time of the search in milliseconds.

    Iterating returns the hits, ``len()`` their number, an index one hit, and a slice results with these hits. Hits are
    created with the search or, without a limit, each when it is reached; the library must then still be open (see
    `materialize`). `tree` and `filters` are the interpreted query and filters, None without; `within` is the scope of
    all words. Results can be pickled: only facets and a diagnosis need the library.
    """

    query: str | None
    total: int
    took_ms: float
    hits: Sequence[Hit]
    tree: Node | None = field(default=None, repr=False, compare=False)
    filters: Node | None = field(default=None, repr=False, compare=False)
    _count: FromLibrary[[Facet, int | None], tuple[FacetCount, ...]] = field(
        default=FromLibrary(lambda _kind, _year: ()), repr=False, compare=False
    )
    _name: FromLibrary[[Facet, int], str | None] = field(
        default=FromLibrary(lambda _kind, _value: None), repr=False, compare=False
    )
    _diagnose: FromLibrary[[], Diagnosis] = field(default=FromLibrary(lambda: Diagnosis(0)), repr=False, compare=False)
    within: Unit = field(default="document", repr=False, compare=False)

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)

    def __len__(self) -> int:
        return len(self.hits)

    def __repr__(self) -> str:
        return f"<Results {self.query!r}: {self._caption(len(self))}>"

    def _repr_html_(self) -> str:
        """A table for a notebook."""
        caption = self._caption(min(len(self), _SHOWN_HITS))
        try:
            rows = [hit.html_cells() for hit in self.hits[:_SHOWN_HITS]]
        except UsageError as error:  # the library is closed, and these hits were not created before
            return escaped(f"{caption}: {error}")
        return table(HTML_HEAD, rows, caption=caption)

    def _caption(self, shown: int) -> str:
        if not self.total:
            return "0 hits; diagnose() says why"
        return f"{self.total:,} {'hit' if self.total == 1 else 'hits'}, {shown:,} shown"

    @overload
    def __getitem__(self, place: int) -> Hit: ...

    @overload
    def __getitem__(self, place: slice) -> Results: ...

    def __getitem__(self, place: int | slice) -> Hit | Results:
        return replace(self, hits=self.hits[place]) if isinstance(place, slice) else self.hits[place]

    def materialize(self) -> Results:
        """The same results with every hit created, so that they can be used without the library."""
        return replace(self, hits=tuple(self.hits))

    def made(self) -> Results:
        """The old name of `materialize`; the next release removes it."""
        warnings.warn("Results.made() is now Results.materialize()", DeprecationWarning, stacklevel=2)
        return self.materialize()

    def facets(
        self, *kinds: Facet, limit: int | None = None, names: bool = False
    ) -> dict[Facet, tuple[FacetCount, ...]]:
        """How many of all that was found (`total`, not only these hits) have each value: `limit` values of each kind.

        `kinds` are names in `FACETS`; without any, all are counted. Years are in order, other values by frequency. A
        hit with several values counts for each, one without any for none. With `names`, each CIK and SIC code is looked
        up to get its name in the latest filing. The index is counted as it is at the time of the call. Raises
        `UsageError` for an unknown kind, or if the library is closed.
        """
        found = {}
        for kind in _known(kinds or FACETS):
            counts = self._count(kind, None)
            counts = tuple(sorted(counts, key=lambda one: int(one.value))) if kind == "year" else counts[:limit]
            if names and kind in _NAMED:
                counts = tuple(replace(one, name=self._name(kind, int(one.value))) for one in counts)
            found[kind] = counts
        return found

    def by_year(self, kind: Facet) -> tuple[YearCount, ...]:
        """How many of all hits have each value of a facet in each filing year. Raises as `facets`."""
        _known([kind])
        years = sorted(int(one.value) for one in self._count("year", None))
        return tuple(YearCount(one.value, year, one.count) for year in years for one in self._count(kind, year))

    def diagnose(self) -> Diagnosis:
        """Why nothing was found: what parts of the query find, which filter excludes everything, and what finds more.

        It runs searches for a few seconds at most. Raises `UsageError` if the library is closed.
        """
        return self._diagnose()

    def explain(self) -> str:
        """How query and filters were interpreted, one condition per line."""
        return explain(self.tree, self.filters, within=self.within)

    def to_dict(self) -> dict[str, Any]:
        """The results as a JSON object."""
        return {
            "query": self.query,
            "total": self.total,
            "took_ms": self.took_ms,
            "hits": [hit.to_dict() for hit in self.hits],
        }

    def to_pandas(self) -> Any:
        """A `pandas.DataFrame` of `to_dicts`, with dates as datetime64. Raises `UsageError` if pandas is missing."""
        return frames.to_pandas((hit.to_row() for hit in self.hits), ROW_COLUMNS)

    def to_polars(self) -> Any:
        """A `polars.DataFrame` of `to_dicts`. Raises `UsageError` if polars is not installed."""
        return frames.to_polars((hit.to_row() for hit in self.hits), ROW_COLUMNS)

    def to_arrow(self) -> Any:
        """A `pyarrow.Table` of `to_dicts`. Raises `UsageError` if pyarrow is not installed."""
        return frames.to_arrow((hit.to_row() for hit in self.hits), ROW_COLUMNS)

    def to_dicts(self) -> list[dict[str, Any]]:
        """A flat row for each hit (`Hit.to_row`), as ``pandas.DataFrame`` and ``polars.DataFrame`` accept them."""
        return [hit.to_row() for hit in self.hits]


def _known(kinds: Iterable[Facet]) -> Iterable[Facet]:
    """`kinds`. Raises `UsageError` for an unknown one."""
    for kind in kinds:
        if kind not in FACETS:
            raise UsageError(f"there is no facet {kind!r}", f"choose from: {', '.join(FACETS)}")
    return kinds
