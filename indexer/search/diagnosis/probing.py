"""The searches of a diagnosis, which end with its time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from archiver.errors import QueryTimeoutError, UsageError
from indexer.fields import Facet
from indexer.query.bounds import one_search
from indexer.search.hits import Hit
from indexer.search.options import SearchOptions
from indexer.search.results import Results

Run = Callable[[SearchOptions], Results]
T = TypeVar("T")
U = TypeVar("U")


class Prober:
    """Runs searches until `clock` reaches `ends`. `is_complete` is False once a search was left out or ended."""

    def __init__(
        self,
        run: Run,
        last_run: Callable[[], int | None],
        *,
        ends: float,
        clock: Callable[[], float],
    ) -> None:
        self.run = run
        self.last_run = last_run
        self.is_complete = True
        self._ends = ends
        self._clock = clock

    def count(self, options: SearchOptions) -> int | None:
        """How much a search finds; None if there is no time left or it is invalid."""
        return self._until_end(lambda: self.run(options).total, None)

    def values(self, facet: Facet, options: SearchOptions) -> Sequence[str] | None:
        """The values of a facet among the hits of a search; None if there is no time left."""
        return self._until_end(lambda: [str(one.value) for one in self.run(options).facets(facet)[facet]], None)

    def hits(self, options: SearchOptions) -> Sequence[Hit]:
        """The hits of a search; none if there is no time left or it is invalid."""
        return self._until_end(lambda: self.run(options).hits, ())

    def _until_end(self, search: Callable[[], T], otherwise: U) -> T | U:
        """What `search` returns, or `otherwise`: a word of a phrase, for example, may be no query by itself."""
        if self.is_over():
            return otherwise
        try:
            with one_search(self._ends - self._clock()):
                return search()
        except QueryTimeoutError:
            self.is_complete = False
        except UsageError:
            pass
        return otherwise

    def is_over(self) -> bool:
        """Whether there is no time left; then the diagnosis is not complete."""
        if self._clock() < self._ends:
            return False
        self.is_complete = False
        return True
