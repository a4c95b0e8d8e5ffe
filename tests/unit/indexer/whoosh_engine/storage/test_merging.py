from __future__ import annotations

from pathlib import Path

import pytest

from indexer.query.build import parse_query
from indexer.whoosh_engine.engine import WhooshEngine
from tests.unit.index_entries import accession, add, add_all, count, entry
from tests.unit.indexer.whoosh_engine.storage.test_segments import entries


@pytest.mark.slow
def test_a_merged_segment_is_the_one_that_would_have_been_written_at_once(tmp_path: Path) -> None:
    """Many small commits, which merge, and one large one give the same hits with the same scores."""
    made = entries()
    small, large = WhooshEngine.create(_new(tmp_path / "small")), WhooshEngine.create(_new(tmp_path / "large"))
    for start in range(0, len(made), 34):
        add_all(small, made[start : start + 34])
        small.commit()
    add_all(large, made)
    large.commit()
    assert len(small._index._segments()) == 1
    for text in ("a w7", '"a b"', "once3", "w1*", "漢", "naive", "name:acme", "description:b", "filed:2004-03"):
        query = parse_query(text)
        assert small.search(query, limit=1000) == large.search(query, limit=1000)
        assert small.search(query).total
    small.close()
    large.close()


def test_a_merge_leaves_deleted_documents_out(tmp_path: Path) -> None:
    """What was deleted before a merge is neither found nor counted after it, and words that only it had are gone."""
    engine = WhooshEngine.create(_new(tmp_path / "index"))
    for number in range(12):
        add(engine, accession(number), [entry(number, f"zebra only{number}")])
        engine.commit()
        engine.delete(accession(3))
        engine.commit()
    assert len(engine._index._segments()) < 8
    assert engine.search(parse_query("zebra")).total == count(engine) == 11
    assert engine.search(parse_query("only3")).total == 0
    reader = engine._index.reader()
    assert ("text", b"only4") in reader
    assert ("text", b"only3") not in reader
    reader.close()
    engine.close()


def _new(path: Path) -> Path:
    path.mkdir()
    return path
