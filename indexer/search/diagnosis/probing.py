"""The searches of a diagnosis, none of which begins once its time is over."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from archiver.errors import UsageError
from indexer.fields import Facet
from indexer.search.hits import Hit
from indexer.search.options import SearchOptions

Count = Callable[[SearchOptions], int]
Values = Callable[[Facet, SearchOptions], Sequence[str]]
Find = Callable[[SearchOptions], Sequence[Hit]]


class Prober:
    """Runs searches until `clock` reaches `ends`. `is_complete` is False once a search was left out."""

    def __init__(
        self,
        count: Count,
        values: Values,
        find: Find,
        last_run: Callable[[], int | None],
        *,
        ends: float,
        clock: Callable[[], float],
    ) -> None:
        self.count_or_raise = count
        self.values = values
        self.last_run = last_run
        self.is_complete = True
        self._find = find
        self._ends = ends
        self._clock = clock

    def count(self, options: SearchOptions) -> int | None:
        """How much a search finds; None if there is no time left or it is invalid."""
        if self.is_over():
            return None
        try:
            return self.count_or_raise(options)
        except UsageError:  # including QueryError: a word of a phrase may be no query by itself
            return None

    def hits(self, options: SearchOptions) -> Sequence[Hit]:
        """The hits of a search; none if there is no time left or it is invalid."""
        if self.is_over():
            return ()
        try:
            return self._find(options)
        except UsageError:
            return ()

    def is_over(self) -> bool:
        """Whether there is no time left; then the diagnosis is not complete."""
        if self._clock() < self._ends:
            return False
        self.is_complete = False
        return True
