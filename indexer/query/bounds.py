"""What one search may cost. Whatever passes a bound is a `QueryError` that names it."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from archiver.errors import QueryError, QueryTimeoutError

T = TypeVar("T")

MAX_EXPANSIONS = 10_000
"""Words of the index that one pattern, fuzzy word or stem may stand for."""

MAX_ALL_EXPANSIONS = 50_000
"""Words of the index that all patterns, fuzzy words and stems of a search may stand for together."""

MAX_SEARCH_S = 30.0
"""Seconds after which a search is given up: only a hostile query, or an index far beyond this engine, takes as long."""


class Deadline:
    """The end of the time that one search has, counted from the making of this object."""

    def __init__(self, seconds: float = MAX_SEARCH_S) -> None:
        self._seconds = seconds
        self._end = time.monotonic() + seconds

    def check(self) -> None:
        """Raise `QueryTimeoutError` once the time is over."""
        if time.monotonic() > self._end:
            raise too_slow(self._seconds)

    def watch(self, steps: Iterable[T]) -> Iterator[T]:
        """`steps`, given up with `QueryTimeoutError` once the time is over."""
        for step in steps:
            self.check()
            yield step


def too_slow(seconds: float = MAX_SEARCH_S) -> QueryTimeoutError:
    """What to raise where a search has taken longer than that."""
    return QueryTimeoutError(f"the search took more than {seconds:.0f} s", "make the query narrower")


class Expansions:
    """Counts what all patterns, fuzzy words and stems of one search stand for together."""

    def __init__(self) -> None:
        self._left = MAX_ALL_EXPANSIONS

    def take(self, words: Iterable[T], stands_for: str) -> list[T]:
        """`bounded` words. Raises `QueryError` also where those of the whole search are too many."""
        found = bounded(words, stands_for)
        self._left -= len(found)
        if self._left < 0:
            raise QueryError(
                f"the patterns of the query stand for more than {MAX_ALL_EXPANSIONS} words of the index together",
                "use fewer, or add letters to make them narrower",
            )
        return found


def bounded(words: Iterable[T], stands_for: str) -> list[T]:
    """The `words` of the index, found for `stands_for`. Raises `QueryError` for more than `MAX_EXPANSIONS`."""
    found = list(itertools.islice(words, MAX_EXPANSIONS + 1))
    if len(found) > MAX_EXPANSIONS:
        raise QueryError(
            f"{stands_for} stands for more than {MAX_EXPANSIONS} words of the index", "add letters to make it narrower"
        )
    return found
