"""The tantivy engine: what is its own, beside what tests/conformance holds every engine to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("tantivy")

from archiver.errors import DamageError, IndexMissingError, LockedError, QueryError
from indexer.query import parse_query
from indexer.tantivy_engine.checksums import damaged_files
from indexer.tantivy_engine.engine import TantivyEngine
from indexer.tantivy_engine.parts import TantivyPartWriter
from tests.unit.index_entries import accession, entry


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[TantivyEngine]:
    """An index of three submissions."""
    made = TantivyEngine.create(tmp_path)
    for number in (1, 2, 3):
        made.add(accession(number), [entry(number, "alpha beta gamma delta epsilon zeta")])
    made.commit()
    yield made
    made.close()


def test_words_that_can_stand_in_too_many_ways_are_refused(engine: TantivyEngine) -> None:
    """Near words that would be written out beyond the bound are an error that names it; below it they are found."""
    assert engine.search(parse_query('"gamma alpha beta"~50')).total == 3
    assert engine.search(parse_query('"epsilon delta gamma beta alpha"~5')).total == 3
    with pytest.raises(QueryError, match="5 words with ~6 can stand in more than 10000 ways"):
        engine.search(parse_query('"epsilon delta gamma beta alpha"~6'))


@pytest.mark.parametrize("damage", ["bit", "cut", "gone", "empty"])
def test_each_damaged_file_is_named(engine: TantivyEngine, tmp_path: Path, damage: str) -> None:
    """A flipped bit, a cut, lost or emptied file of the newest commit is found by its own checksum."""
    assert list(engine.check()) == []
    victim = max((tmp_path / "tantivy").glob("*.store"), key=lambda path: path.stat().st_size)
    data = bytearray(victim.read_bytes())
    data[5] ^= 4
    victim.unlink()
    if damage != "gone":
        victim.write_bytes(bytes({"bit": data, "cut": data[:-9], "empty": bytearray()}[damage]))
    assert [name for name, _ in engine.check()] == [f"tantivy/{victim.name}"]
    assert bool(list(engine.check(quick=True))) == (damage != "bit")


def test_the_list_of_files_leaves_out_what_was_joined(engine: TantivyEngine, tmp_path: Path) -> None:
    """Deletes have a file of their own, and it is under a checksum too."""
    engine.delete(accession(2))
    engine.commit()
    assert list(damaged_files(tmp_path / "tantivy", quick=False)) == []
    for deleted in (tmp_path / "tantivy").glob("*.del"):
        deleted.unlink()
        assert [name for name, _ in damaged_files(tmp_path / "tantivy", quick=True)] == [deleted.name]


def test_an_unreadable_index_is_one_error(engine: TantivyEngine, tmp_path: Path) -> None:
    """Whatever tantivy raises over broken files, the error is ours and says to rebuild."""
    engine.close()
    (tmp_path / "tantivy" / "meta.json").write_bytes(b'{"segments": 5}')
    with pytest.raises(IndexMissingError, match="rebuild"):
        TantivyEngine.open(tmp_path)


def test_a_second_writer_is_told_of_the_first(engine: TantivyEngine, tmp_path: Path) -> None:
    """The lock of the library becomes our error."""
    engine.delete(accession(1))
    other = TantivyEngine.open(tmp_path, writable=True)
    with pytest.raises(LockedError):
        other.delete(accession(2))
    other.close()


def test_a_part_that_lost_entries_is_refused(engine: TantivyEngine) -> None:
    """What a worker hands over is counted; with a row too few nothing of it is committed."""
    writer = engine.part_writer()()
    assert isinstance(writer, TantivyPartWriter)
    writer.add(accession(7), [entry(7, "x"), entry(7, "x", position=1)])
    part = writer.finish()
    part.path.write_bytes(part.path.read_bytes().splitlines(keepends=True)[0])
    with pytest.raises(DamageError):
        engine.adopt(part)
    engine.commit()
    assert engine.search(parse_query("x")).total == 0
