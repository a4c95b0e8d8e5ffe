"""Matching words at related positions: phrases with patterns, near words, words of a name.

Whoosh's own span queries do not support alternatives at a position, require an order, and let one word count twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from itertools import chain
from typing import Any

from whoosh.query import Query
from whoosh.searching import Searcher

from indexer.query.bounds import Deadline
from indexer.query.places import Holds, inside, side_by_side
from indexer.whoosh_engine.matching.scores import Bm25
from indexer.whoosh_engine.matching.sets import Scores
from indexer.whoosh_engine.positions import decode_positions, frequency, has_phrase
from indexer.whoosh_engine.reading import posting_blocks

Words = tuple[bytes, ...]
"""The alternatives for one part."""


class Placed(Query):  # type: ignore[misc]  # Whoosh has no types
    """Documents with a word of each of `parts` in `fieldname`, at positions that `holds` accepts.

    A document scores like its words.
    """

    def __init__(
        self,
        fieldname: str,
        parts: Sequence[Words],
        holds: Holds,
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
        """At most the documents of the rarest part."""
        return min(self._size(reader, part) for part in self._parts)

    def scores(self, searcher: Searcher, candidates: Collection[int] | None) -> Scores:
        """The documents of one segment, or those `candidates` given ones, with scores."""
        if self._section is None and self._holds is side_by_side and all(len(part) == 1 for part in self._parts):
            return self._phrase(searcher, [part[0] for part in self._parts], candidates)
        reader = searcher.reader()
        found: dict[Words, dict[int, list[tuple[bytes, bytes]]]] = {}
        stretches: dict[int, list[int]] | None = None
        if self._section is not None:
            stretches = {
                document: decode_positions(values[0][1])
                for document, values in self._having(reader, "section", (self._section,), candidates).items()
            }
            candidates = stretches.keys()
        for part in sorted(set(self._parts), key=lambda part: self._size(reader, part)):
            found[part] = self._having(reader, self.fieldname, part, candidates)
            candidates = found[part].keys()
        accepted = dict.fromkeys(self._accepted(found, candidates or (), stretches), 0.0)
        for document in reader.segment().deleted_docs():
            accepted.pop(document, None)
        weights: defaultdict[bytes, dict[int, int]] = defaultdict(dict)
        for values in found.values():
            for document in accepted:
                for word, value in values[document]:
                    weights[word][document] = frequency(value)
        for word, of_word in sorted(weights.items()):  # in the same order in each segment, for equal sums
            for document, score in Bm25(searcher, self.fieldname, word).scores(of_word).items():
                accepted[document] += score
        return accepted

    def _phrase(self, searcher: Searcher, words: Sequence[bytes], candidates: Collection[int] | None) -> Scores:
        """The same for single adjacent words, as in most phrases."""
        reader = searcher.reader()
        values: dict[bytes, dict[int, bytes]] = {}
        for word in sorted(set(words), key=lambda word: self._size(reader, (word,))):
            self._deadline.check()
            values[word] = self._values(reader, word, candidates)
            candidates = values[word].keys()
        rarest_first = list(values)
        places = sorted(enumerate(words), key=lambda placed: rarest_first.index(placed[1]))
        columns = [(values[word], place) for place, word in places]
        deleted = set(reader.segment().deleted_docs())
        accepted: dict[int, float] = {}
        for document in self._deadline.watch(candidates or ()):
            if document not in deleted and has_phrase([(column[document], place) for column, place in columns]):
                accepted[document] = 0.0
        for word in sorted(values) if accepted else ():  # in the same order in each segment, for equal sums
            of_word = {document: frequency(values[word][document]) for document in accepted}
            for document, score in Bm25(searcher, self.fieldname, word).scores(of_word).items():
                accepted[document] += score
        return accepted

    def _values(self, reader: Any, word: bytes, candidates: Collection[int] | None) -> dict[int, bytes]:
        """The encoded positions of `word` in each document that contains it."""
        found: dict[int, bytes] = {}
        ascending = None if candidates is None else sorted(candidates)
        for block in posting_blocks(reader, self.fieldname, word, candidates=ascending):
            pairs = zip(block.documents, block.values or (), strict=True)
            found.update(pairs if candidates is None else [pair for pair in pairs if pair[0] in candidates])
        return found

    def _having(
        self, reader: Any, field: str, part: Words, candidates: Collection[int] | None
    ) -> dict[int, list[tuple[bytes, bytes]]]:
        """The documents with a word of `part`: each such word, and its encoded positions."""
        found: dict[int, list[tuple[bytes, bytes]]] = {}
        ascending = None if candidates is None else sorted(candidates)
        for word in self._deadline.watch(part):
            for block in posting_blocks(reader, field, word, candidates=ascending):
                for document, value in zip(block.documents, block.values or (), strict=True):
                    if candidates is None or document in candidates:
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
            stand = [_positions(part) for part in values]
            if stretches is not None:
                stand = [inside(of_part, stretches[document]) for of_part in stand]
            if all(stand) and self._holds(stand):
                yield document

    def _size(self, reader: Any, part: Words) -> int:
        return sum(int(reader.doc_frequency(self.fieldname, word)) for word in part)


def _positions(values: Sequence[bytes]) -> list[int]:
    """The positions of any of some words in a document, ascending."""
    if len(values) == 1:
        return decode_positions(values[0])
    return sorted(chain.from_iterable(map(decode_positions, values)))
