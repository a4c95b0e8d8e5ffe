from __future__ import annotations

import pickle
from collections import defaultdict
from itertools import accumulate
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.whoosh_engine.positions import decode_positions
from indexer.whoosh_engine.storage import packing
from indexer.whoosh_engine.storage.packing import BLOCK_POSTINGS, INLINED_POSTINGS, Block, pack

Postings = list[tuple[int, list[int]]]
"""Document number and positions."""


def packed(documents: list[list[int]], different: int) -> list[list[Block]]:
    """The blocks of each word of `documents`, which are numbers below `different`."""
    ranks = np.array([rank for document in documents for rank in document], dtype=np.uint32)
    lengths = np.array([len(document) for document in documents], dtype=np.uint32)
    return list(pack(ranks, different=different, lengths=lengths))


def unpickled(item: bytes) -> Any:
    """What Whoosh's reader gets out of a pickled item."""
    return pickle.loads(b"\x80\x03" + item + b".")  # noqa: S301 — our own bytes


def postings(block: Block) -> Postings:
    """What a block says, checked against what it says of itself."""
    ids = unpickled(block.ids)
    documents = list(ids if block.postings <= INLINED_POSTINGS else accumulate(ids))
    positions = [decode_positions(value) for value in unpickled(block.values)]
    weights = unpickled(block.weights) or [1] * len(documents)
    assert list(weights) == [len(places) for places in positions]
    assert (block.postings, block.first_document, block.last_document) == (len(documents), documents[0], documents[-1])
    assert (block.occurrences, block.most_occurrences) == (sum(map(len, positions)), max(map(len, positions)))
    return list(zip(documents, positions, strict=True))


def expected(documents: list[list[int]]) -> dict[int, Postings]:
    """The same, found by looking."""
    found: defaultdict[int, Postings] = defaultdict(list)
    for number, document in enumerate(documents):
        for rank in dict.fromkeys(document):
            found[rank].append((number, [place for place, word in enumerate(document) if word == rank]))
    return found


@given(st.lists(st.lists(st.integers(0, 4), max_size=30), min_size=1, max_size=12))
def test_every_word_is_found_in_its_documents_and_places(documents: list[list[int]]) -> None:
    """For any documents, the blocks hold exactly the postings that one finds by looking."""
    used = sorted({rank for document in documents for rank in document})
    renumbered = [[used.index(rank) for rank in document] for document in documents]
    words = packed(renumbered, len(used))
    assert {rank: [pair for block in of_word for pair in postings(block)] for rank, of_word in enumerate(words)} == (
        expected(renumbered)
    )


def test_blocks_are_bounded_and_know_the_lengths_of_their_documents() -> None:
    """A word of many documents stands in several blocks, each with the shortest and longest document in it."""
    documents = [[0] * (1 + number % 7) for number in range(BLOCK_POSTINGS * 2 + 7)]
    (blocks,) = packed(documents, 1)
    assert [block.postings for block in blocks] == [BLOCK_POSTINGS, BLOCK_POSTINGS, 7]
    assert [(block.shortest, block.longest) for block in blocks] == [(1, 7), (1, 7), (1, 7)]
    assert [block.first_document for block in blocks] == [0, BLOCK_POSTINGS, BLOCK_POSTINGS * 2]
    assert [pair for block in blocks for pair in postings(block)] == expected(documents)[0]


def test_far_places_and_frequent_words_keep_their_numbers() -> None:
    """Numbers of every width, and more occurrences than fit a byte, come back exactly."""
    document = [0] * 300 + [1] * 70_000 + [0] + [2]
    ranks = np.array(document, dtype=np.uint32)
    words = list(pack(ranks, different=3, lengths=np.array([0, len(document)], dtype=np.uint32)))
    assert [postings(block) for blocks in words for block in blocks] == [
        [(1, [*range(300), 70_300])],
        [(1, list(range(300, 70_300)))],
        [(1, [70_301])],
    ]


def test_portions_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sorting a few words at a time, to bound the memory, gives the same blocks."""
    documents = [[(number * step) % 11 for step in range(40)] for number in range(1, 9)]
    whole = packed(documents, 11)
    monkeypatch.setattr(packing, "_PORTION_WORDS", 20)
    monkeypatch.setattr(packing, "_PORTION_RANKS", 2)
    assert packed(documents, 11) == whole
