"""Words that must stand in places of each other: phrases with patterns in them, words near each other, words of a name.

Whoosh's own span queries take no set of alternatives for a place, want an order, and allow one word to count twice.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from whoosh.matching import NullMatcher
from whoosh.query import Query
from whoosh.searching import SearchContext, Searcher

from indexer.query.bounds import Deadline
from indexer.whoosh_engine.fields import NAME_GAP
from indexer.whoosh_engine.matching.phrases import has_phrase
from indexer.whoosh_engine.matching.scores import Bm25
from indexer.whoosh_engine.matching.sets import ScoredMatcher, Scores
from indexer.whoosh_engine.positions import decode_positions, frequency
from indexer.whoosh_engine.reading import posting_blocks

Places = list[list[int]]
"""For each part of the query, the places in one document where a word of it stands, in order."""

Words = tuple[bytes, ...]
"""The alternatives for one part."""


_CHECKED_DOCUMENTS = 1_000
"""Documents between two looks at the time."""


class Placed(Query):  # type: ignore[misc]  # Whoosh has no types
    """Documents that have a word of each of `parts` in `fieldname`, in places that `holds` accepts.

    A document scores what its words score.
    """

    def __init__(
        self,
        fieldname: str,
        parts: Sequence[Words],
        holds: Callable[[Places], bool],
        *,
        deadline: Deadline,
        section: bytes | None = None,
    ) -> None:
        self.fieldname = fieldname
        self._parts = tuple(parts)
        self._holds = holds
        self._deadline = deadline
        self._section = section

    def estimate_size(self, reader: Any) -> int:
        """No more than the rarest part."""
        return min(self._size(reader, part) for part in self._parts)

    def matcher(self, searcher: Searcher, context: SearchContext | None = None) -> Any:  # noqa: ARG002 (Whoosh's own)
        """A matcher over the documents of one segment."""
        found = self.scores(searcher, None)
        ascending = sorted(found)
        return ScoredMatcher(ascending, [found[document] for document in ascending]) if found else NullMatcher()

    def scores(self, searcher: Searcher, among: Collection[int] | None) -> Scores:
        """The documents of one segment, or those of them that are `among`."""
        if self._section is None and self._holds is side_by_side and all(len(part) == 1 for part in self._parts):
            return self._phrase(searcher, [part[0] for part in self._parts], among)
        reader = searcher.reader()
        found: dict[Words, dict[int, list[tuple[bytes, bytes]]]] = {}
        stretches: dict[int, list[int]] | None = None
        if self._section is not None:
            stretches = {
                document: decode_positions(values[0][1])
                for document, values in self._having(reader, "section", (self._section,), among).items()
            }
            among = stretches.keys()
        for part in sorted(set(self._parts), key=lambda part: self._size(reader, part)):
            found[part] = self._having(reader, self.fieldname, part, among)
            among = found[part].keys()
        accepted = dict.fromkeys(self._accepted(found, among or (), stretches), 0.0)
        for document in reader.segment().deleted_docs():
            accepted.pop(document, None)
        weights: defaultdict[bytes, dict[int, int]] = defaultdict(dict)
        for values in found.values():
            for document in accepted:
                for word, value in values[document]:
                    weights[word][document] = frequency(value)
        for word, of_word in sorted(weights.items()):  # in the same order in each segment, to the same sum
            for document, score in Bm25(searcher, self.fieldname, word).scores(of_word).items():
                accepted[document] += score
        return accepted

    def _phrase(self, searcher: Searcher, words: Sequence[bytes], among: Collection[int] | None) -> Scores:
        """The same for single words side by side: most phrases are."""
        reader = searcher.reader()
        values: dict[bytes, dict[int, bytes]] = {}
        for word in sorted(set(words), key=lambda word: self._size(reader, (word,))):
            self._deadline.check()
            values[word] = self._values(reader, word, among)
            among = values[word].keys()
        rarest_first = list(values)
        places = sorted(enumerate(words), key=lambda placed: rarest_first.index(placed[1]))
        columns = [(values[word], place) for place, word in places]
        deleted = set(reader.segment().deleted_docs())
        accepted: dict[int, float] = {}
        for count, document in enumerate(among or ()):
            if not count % _CHECKED_DOCUMENTS:
                self._deadline.check()
            if document not in deleted and has_phrase([(column[document], place) for column, place in columns]):
                accepted[document] = 0.0
        for word in sorted(values) if accepted else ():  # in the same order in each segment, to the same sum
            of_word = {document: frequency(values[word][document]) for document in accepted}
            for document, score in Bm25(searcher, self.fieldname, word).scores(of_word).items():
                accepted[document] += score
        return accepted

    def _values(self, reader: Any, word: bytes, among: Collection[int] | None) -> dict[int, bytes]:
        """The encoded places of `word` in each document that has it."""
        found: dict[int, bytes] = {}
        ascending = None if among is None else sorted(among)
        for block in posting_blocks(reader, self.fieldname, word, among=ascending):
            pairs = zip(block.documents, block.values or (), strict=True)
            found.update(pairs if among is None else [pair for pair in pairs if pair[0] in among])
        return found

    def _having(
        self, reader: Any, field: str, part: Words, among: Collection[int] | None
    ) -> dict[int, list[tuple[bytes, bytes]]]:
        """The documents that have a word of `part`: each such word, and its encoded places."""
        found: dict[int, list[tuple[bytes, bytes]]] = {}
        ascending = None if among is None else sorted(among)
        for word in self._deadline.watch(part):
            for block in posting_blocks(reader, field, word, among=ascending):
                for document, value in zip(block.documents, block.values or (), strict=True):
                    if among is None or document in among:
                        found.setdefault(document, []).append((word, value))
        return found

    def _accepted(
        self,
        found: dict[Words, dict[int, list[tuple[bytes, bytes]]]],
        candidates: Collection[int],
        stretches: dict[int, list[int]] | None,
    ) -> Iterator[int]:
        for document in self._deadline.watch(candidates):
            values = ([value for _, value in found[part][document]] for part in self._parts)
            stand = [sorted(place for value in part for place in decode_positions(value)) for part in values]
            if stretches is not None:
                stand = [inside(of_part, stretches[document]) for of_part in stand]
            if all(stand) and self._holds(stand):
                yield document

    def _size(self, reader: Any, part: Words) -> int:
        return sum(int(reader.doc_frequency(self.fieldname, word)) for word in part)


def inside(places: Sequence[int], stretches: Sequence[int]) -> list[int]:
    """Those of the ascending `places` that are in one of `stretches`, which are beginnings and ends in turn."""
    found: list[int] = []
    for first, end in zip(stretches[::2], stretches[1::2], strict=True):
        found += places[bisect_left(places, first) : bisect_left(places, end)]
    return found


def anywhere(_places: Places) -> bool:
    """Wherever the parts stand."""
    return True


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


def apart(split: int, between: int, *, ordered: bool, deadline: Deadline) -> Callable[[Places], bool]:
    """Whether the first `split` parts and the other ones, each side by side, have at most `between` places between."""

    def holds(places: Places) -> bool:
        deadline.check()
        lefts, rights = _beginnings(places[:split]), _beginnings(places[split:])
        width, other = split, len(places) - split
        return _follows(lefts, rights, width, between) or (not ordered and _follows(rights, lefts, other, between))

    return holds


def _beginnings(places: Places) -> list[int]:
    """Where the parts stand side by side, ascending."""
    starts = set(places[0])
    for number, part in enumerate(places[1:], 1):
        starts &= {place - number for place in part}
    return sorted(starts)


def _follows(firsts: Sequence[int], seconds: Sequence[int], width: int, between: int) -> bool:
    """Whether one of `seconds` begins after one of `firsts`, of so many places, with at most `between` in between."""
    for first in firsts:
        at = bisect_left(seconds, first + width)
        if at < len(seconds) and seconds[at] - first - width <= between:
            return True
    return False


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
