from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from archiver.errors import LockedError
from indexer.query.build import parse_query
from indexer.whoosh_engine.engine import WhooshEngine
from tests.unit.index_entries import accession, add, count, entry


def test_a_submission_that_comes_twice_replaces_itself(tmp_path: Path) -> None:
    """Added, adopted as a part or deleted: the latest of one submission counts, also without a commit between them."""
    engine = WhooshEngine.create(tmp_path)
    add(engine, accession(1), [entry(1, "first")])
    writer = engine.part_writer()()
    writer.add(accession(1), [entry(1, "second"), entry(1, "second")])
    engine.adopt(writer.finish())
    add(engine, accession(1), [entry(1, "third")])
    engine.commit()
    assert [engine.search(parse_query(word), documents=True).total for word in ("first", "second", "third")] == [
        0,
        0,
        1,
    ]
    engine.delete(accession(1))
    engine.commit()
    assert count(engine) == 0
    engine.close()


def test_a_writer_keeps_others_out_until_it_is_closed(tmp_path: Path) -> None:
    """Segments in the making belong to one writer: a second is refused even between two commits of the first."""
    first = WhooshEngine.create(tmp_path)
    add(first, accession(1), [entry(1, "x")])
    first.commit()
    second = WhooshEngine.open(tmp_path, writable=True)
    with pytest.raises(LockedError):
        second.part_writer()
    first.close()
    add(second, accession(2), [entry(2, "x")])
    second.commit()
    assert second.search(parse_query("x")).total == 2
    second.close()


def test_searching_does_not_load_what_writing_needs() -> None:
    """A search in a fresh process is not kept waiting by numpy."""
    code = "import sys, indexer.search.library, indexer.update.update; sys.exit('numpy' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
