"""Words that must stand in places of each other: phrases with patterns in them, words near each other, words of a name.

Whoosh's own span queries take no set of alternatives for a place, want an order, and allow one word to count twice.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from whoosh.matching import NullMatcher
from whoosh.query import Query
from whoosh.searching import SearchContext, Searcher

from indexer.whoosh_engine.bounds import Deadline
from indexer.whoosh_engine.fields import NAME_GAP
from indexer.whoosh_engine.sets import ScoredMatcher

Places = list[list[int]]
"""For each part of the query, the places in one document where a word of it stands, in order."""

Words = tuple[bytes, ...]
"""The alternatives for one part."""


class Placed(Query):  # type: ignore[misc]  # Whoosh has no types
    """Documents that have a word of each of `parts` in `fieldname`, in places that `holds` accepts.

    A document scores what its words score.
    """

    def __init__(
        self, fieldname: str, parts: Sequence[Words], holds: Callable[[Places], bool], *, deadline: Deadline
    ) -> None:
        self.fieldname = fieldname
        self._parts = tuple(parts)
        self._holds = holds
        self._deadline = deadline

    def estimate_size(self, reader: Any) -> int:
        """No more than the rarest part."""
        return min(self._size(reader, part) for part in self._parts)

    def matcher(self, searcher: Searcher, context: SearchContext | None = None) -> Any:
        """A matcher over the documents of one segment."""
        context = context or searcher.context()
        reader = searcher.reader()
        found: dict[Words, dict[int, list[bytes]]] = {}
        scores: defaultdict[int, float] = defaultdict(float)
        candidates: list[int] | None = None
        for part in sorted(set(self._parts), key=lambda part: self._size(reader, part)):
            found[part] = {}
            for word in self._deadline.watch(part):
                for document, value, score in self._postings(searcher, word, context, candidates):
                    found[part].setdefault(document, []).append(value)
                    scores[document] += score
            candidates = sorted(found[part])
        decode = reader.schema[self.fieldname].format.decode_positions
        accepted = [
            document
            for document in self._deadline.watch(candidates or ())
            if self._holds(
                [sorted(place for value in found[part][document] for place in decode(value)) for part in self._parts]
            )
        ]
        return ScoredMatcher(accepted, [scores[document] for document in accepted]) if accepted else NullMatcher()

    def _size(self, reader: Any, part: Words) -> int:
        return sum(int(reader.doc_frequency(self.fieldname, word)) for word in part)

    def _postings(
        self, searcher: Searcher, word: bytes, context: SearchContext, candidates: list[int] | None
    ) -> Iterator[tuple[int, bytes, float]]:
        """Document, encoded places and score of each posting of `word`, or only those among `candidates`."""
        if (self.fieldname, word) not in searcher.reader():
            return
        matcher = searcher.postings(self.fieldname, word, weighting=context.weighting)
        if candidates is None:
            while matcher.is_active():
                yield matcher.id(), matcher.value(), matcher.score() if context.weighting else 0.0
                matcher.next()
            return
        for candidate in candidates:
            if matcher.is_active() and matcher.id() < candidate:
                matcher.skip_to(candidate)
            if not matcher.is_active():
                return
            if matcher.id() == candidate:
                yield candidate, matcher.value(), matcher.score() if context.weighting else 0.0


def side_by_side(places: Places) -> bool:
    """Whether the parts stand in their order, each in the place after the one before."""
    starts = set(places[0])
    for number, part in enumerate(places[1:], 1):
        starts &= {place - number for place in part}
    return bool(starts)


def in_one_name(places: Places) -> bool:
    """Whether all parts stand in one name; one word of it may be of several parts."""
    names = [{place // NAME_GAP for place in part} for part in places]
    return bool(set.intersection(*names))


def near(distance: int, times: Sequence[int], *, deadline: Deadline) -> Callable[[Places], bool]:
    """Whether all parts stand, each in a place of its own, with fewer than `distance` other places among them.

    `times` says for each part how often it must stand there.
    """
    wanted = [part for part, count in enumerate(times) for _ in range(count)]
    widest = len(wanted) - 1 + distance - 1

    def holds(places: Places) -> bool:
        window: deque[tuple[int, int]] = deque()  # place and part, over at most `widest` places
        missing = list(times)
        for place, part in sorted((place, part) for part, members in enumerate(places) for place in members):
            window.append((place, part))
            missing[part] -= 1
            while place - window[0][0] > widest:
                missing[window.popleft()[1]] += 1
            if max(missing) <= 0:
                deadline.check()
                if _have_own_places(window, wanted):
                    return True
        return False

    return holds


def _have_own_places(window: deque[tuple[int, int]], wanted: Sequence[int]) -> bool:
    """Whether each of the `wanted` parts can be given a place that no other has: a matching, by augmenting paths."""
    options: defaultdict[int, list[int]] = defaultdict(list)
    for place, part in window:
        options[part].append(place)
    if len({place for place, _ in window}) == len(window):
        return True  # no place is of two parts, and there are enough of each
    taken: dict[int, int] = {}

    def give(part: int, seen: set[int]) -> bool:
        for place in options[part]:
            if place not in seen:
                seen.add(place)
                if place not in taken or give(taken[place], seen):
                    taken[place] = part
                    return True
        return False

    return all(give(part, set()) for part in wanted)
