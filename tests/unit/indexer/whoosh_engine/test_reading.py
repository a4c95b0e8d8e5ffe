from __future__ import annotations

from pathlib import Path

import pytest

from indexer.whoosh_engine.engine import WhooshEngine
from indexer.whoosh_engine.positions import decode_positions
from indexer.whoosh_engine.reading import posting_blocks
from tests.unit.index_entries import accession, add, entry


@pytest.mark.slow
def test_postings_come_in_blocks_with_their_values(tmp_path: Path) -> None:
    """Words of many documents, of one and of none: each posting once, in order, with its positions."""
    engine = WhooshEngine.create(tmp_path)
    for number in range(300):
        add(engine, accession(number), [entry(number, "zebra a zebra" if number % 2 else "zebra")])
    add(engine, accession(300), [entry(300, "a once")])
    engine.commit()
    reader = engine._index.reader()
    blocks = list(posting_blocks(reader, "text", b"zebra"))
    assert [document for block in blocks for document in block.documents] == list(range(300))
    assert [weight for block in blocks for weight in block.weights or ()] == [1, 2] * 150
    values = [value for block in blocks for value in block.values or ()]
    assert [decode_positions(value) for value in values] == [[0], [0, 2]] * 150
    (once,) = posting_blocks(reader, "text", b"once")
    assert (list(once.documents), [decode_positions(value) for value in once.values or ()]) == ([300], [[1]])
    assert list(posting_blocks(reader, "text", b"absent")) == []
    assert [len(block.documents) for block in posting_blocks(reader, "form", b"8-k")] == [128, 128, 45]
    reader.close()
    engine.close()
