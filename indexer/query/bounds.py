"""Limits of a search. Exceeding one raises a `QueryError` that names it."""

from __future__ import annotations

import contextlib
import itertools
import math
import time
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from typing import TypeVar

from archiver.errors import QueryError, QueryTimeoutError

T = TypeVar("T")

MAX_EXPANSIONS = 10_000
"""Words of the index that one pattern, fuzzy word or stem may match."""

MAX_ALL_EXPANSIONS = 50_000
"""Words of the index that all patterns, fuzzy words and stems of a search may match together."""

MAX_SEARCH_S = 30.0
"""Time limit of a search in seconds; only a hostile query, or an index too large for its engine, takes so long."""


_end_of_search: ContextVar[float] = ContextVar("end_of_search", default=math.inf)


@contextlib.contextmanager
def one_search(seconds: float = MAX_SEARCH_S) -> Iterator[None]:
    """Let all that an index is asked in the body be one search, with one time limit."""
    token = _end_of_search.set(min(_end_of_search.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _end_of_search.reset(token)


class Deadline:
    """The time limit of one search, starting with the creation of this object, or earlier with `one_search`.

    Raises `QueryTimeoutError` if that search has no time left.
    """

    def __init__(self, seconds: float = MAX_SEARCH_S) -> None:
        self._seconds = seconds
        self._end = min(time.monotonic() + seconds, _end_of_search.get())
        if _end_of_search.get() < math.inf:
            self.check()

    def check(self) -> None:
        """Raise `QueryTimeoutError` after the time limit."""
        if time.monotonic() > self._end:
            raise too_slow(self._seconds)

    def left_s(self) -> float:
        """The seconds that are left. Raises `QueryTimeoutError` if there are none."""
        self.check()
        return max(self._end - time.monotonic(), 0.001)

    def watch(self, steps: Iterable[T]) -> Iterator[T]:
        """Iterate over `steps`, raising `QueryTimeoutError` after the time limit."""
        for step in steps:
            self.check()
            yield step


def too_slow(seconds: float = MAX_SEARCH_S) -> QueryTimeoutError:
    """The error for a search that exceeded the time limit."""
    return QueryTimeoutError(f"the search took more than {seconds:.0f} s", "make the query narrower")


class Expansions:
    """Counts the expansions of all patterns, fuzzy words and stems of one search."""

    def __init__(self) -> None:
        self._left = MAX_ALL_EXPANSIONS

    def take(self, words: Iterable[T], stands_for: str) -> list[T]:
        """The `words` of the index that match `stands_for`. Raises `QueryError` for too many, there or in all."""
        found = list(itertools.islice(words, MAX_EXPANSIONS + 1))
        if len(found) > MAX_EXPANSIONS:
            raise QueryError(
                f"{stands_for} matches more than {MAX_EXPANSIONS} words of the index", "add letters to make it narrower"
            )
        self._left -= len(found)
        if self._left < 0:
            raise QueryError(
                f"the patterns of the query match more than {MAX_ALL_EXPANSIONS} words of the index together",
                "use fewer, or add letters to make them narrower",
            )
        return found
