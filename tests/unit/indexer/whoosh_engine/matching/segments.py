"""An index of several segments, with deleted documents."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from indexer.whoosh_engine.engine import WhooshEngine
from indexer.whoosh_engine.matching.searching import EntrySearcher
from tests.unit.index_entries import accession, add_all
from tests.unit.indexer.whoosh_engine.storage.test_segments import entries


@contextlib.contextmanager
def three_segments(folder: Path, *, deleted: Iterable[int]) -> Iterator[EntrySearcher]:
    """A searcher of an index in `folder`: three segments of 100 entries each, without those that are `deleted`."""
    engine = WhooshEngine.create(folder)
    made = entries()
    for start in range(0, len(made), 100):
        add_all(engine, made[start : start + 100])
        engine.commit()
    for number in deleted:
        engine.delete(accession(number))
    engine.commit()
    with engine._searcher() as opened:
        assert len(opened.leaf_searchers()) == 3
        yield opened
    engine.close()
