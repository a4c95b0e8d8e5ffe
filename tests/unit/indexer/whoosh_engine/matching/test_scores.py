from __future__ import annotations

from pathlib import Path

from whoosh.query import Term

from indexer.whoosh_engine.engine import WhooshEngine
from indexer.whoosh_engine.matching.scores import Bm25
from tests.unit.index_entries import add_all, entry


def test_scores_are_those_of_whooshs_own_scorer(tmp_path: Path) -> None:
    """For documents of any length, of the shortest as of the longest class, the score is the same number."""
    engine = WhooshEngine.create(tmp_path)
    lengths = enumerate((1, 2, 30, 400, 5_000, 120_000))
    zebras = [entry(number, "zebra " * (number + 1) + "x " * (length - 1)) for number, length in lengths]
    add_all(engine, [*zebras, entry(9, "x")])
    engine.commit()
    with engine._searcher() as searcher:
        matcher = Term("text", "zebra").matcher(searcher, searcher.context(needs_current=True))
        expected = {}
        while matcher.is_active():
            expected[matcher.id()] = matcher.score()
            matcher.next()
        assert Bm25(searcher, "text", b"zebra").scores({number: number + 1 for number in range(6)}) == expected
        assert Bm25(searcher, "form", b"8-k").scores({3: 1}) == {3: 1}
    engine.close()
