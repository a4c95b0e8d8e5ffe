"""Every engine keeps what was committed, and nothing else: commits, replacing, parts, readers, locks."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from archiver.errors import LockedError
from indexer import engine as engines
from indexer.engine import Engine, StoredHits
from indexer.index_folder import create_index, open_index
from indexer.query import bounds
from indexer.query.build import parse_query
from tests.unit.index_entries import accession, add, count, entry


def find(engine: Engine, query: str | None = None, *, documents: bool = False) -> list[int]:
    """The last digits of the accession number of every hit."""
    result = engine.search(
        None if query is None else parse_query(query), limit=None, documents=documents, sort="newest"
    )
    assert result.total == len(result.hits)
    return [int(json.loads(hit.stored)["accession"][-6:]) for hit in result.hits]


def test_an_added_submission_replaces_its_earlier_entries(engine: Engine) -> None:
    """After a commit only the newest entries of a submission are found, also within one batch."""
    add(engine, accession(1), [entry(1, "first")])
    add(engine, accession(2), [entry(2, "other")])
    engine.commit()
    add(engine, accession(1), [entry(1, "second", position=0), entry(1, "second", position=1)])
    add(engine, accession(1), [entry(1, "third")])
    add(engine, accession(1), [entry(1, "fourth")])
    engine.commit()
    assert find(engine, "first OR second OR third") == []
    assert find(engine, "fourth", documents=True) == [1]
    assert sorted(engine.stored()) == [(accession(1), f"{1:064d}", 1), (accession(2), f"{2:064d}", 1)]


def test_a_deleted_submission_is_gone(engine: Engine) -> None:
    """Deleting needs no entries; deleting what is not there does nothing."""
    add(engine, accession(1), [entry(1, "x")])
    add(engine, accession(2), [entry(2, "x")])
    engine.commit()
    engine.delete(accession(1))
    engine.delete(accession(7))
    engine.commit()
    assert find(engine, "x") == find(engine) == find(engine, "filed:2004") == find(engine, "NOT y") == [2]
    assert count(engine) == 1
    assert [one[0] for one in engine.stored()] == [accession(2)]


def test_what_is_not_committed_is_not_found(place: tuple[str, Path]) -> None:
    """Neither before the commit nor after a close without one."""
    name, path = place
    first = create_index(path, engine=name)
    add(first, accession(1), [entry(1, "x")])
    first.commit()
    add(first, accession(2), [entry(2, "x")])
    first.delete(accession(1))
    assert find(first, "x") == [1]
    first.close()
    second = open_index(path, writable=True)
    assert find(second, "x") == [1]
    add(second, accession(3), [entry(3, "x")])
    second.commit()
    assert find(second, "x") == [3, 1]
    second.close()


def test_a_part_is_adopted_as_if_it_had_been_added(engine: Engine) -> None:
    """What a part writer gathered is found after the commit, replaces what was there, and may be without entries."""
    add(engine, accession(1), [entry(1, "old")])
    add(engine, accession(3), [entry(3, "old")])
    engine.commit()
    make = engine.part_writer()
    writer, dropped = make(), make()
    writer.add(accession(1), [entry(1, "new zebra", position=0), entry(1, "new", position=1)])
    writer.add(accession(2), [entry(2, "new", names=("ACME INC",))])
    writer.add(accession(3), [])
    dropped.add(accession(4), [entry(4, "new")])
    dropped.discard()
    engine.adopt(writer.finish())
    assert find(engine, "new") == []
    engine.commit()
    assert find(engine, "new", documents=True) == [2, 1, 1]
    assert find(engine, "old") == []
    assert find(engine, '"new zebra"') == [1]
    assert find(engine, "name:acme") == [2]


def test_two_readers_see_each_commit(place: tuple[str, Path]) -> None:
    """Indexes that were opened earlier find what is committed later, and what is committed after a reopening."""
    name, path = place
    writer = create_index(path, engine=name)
    readers = [open_index(path), open_index(path)]
    for number in (1, 2, 3):
        add(writer, accession(number), [entry(number, "x")])
        writer.commit()
        assert [find(reader, "x") for reader in readers] == [list(range(number, 0, -1))] * 2
    writer.close()
    again = open_index(path, writable=True)
    add(again, accession(4), [entry(4, "x")])
    again.commit()
    assert [find(reader, "x") for reader in readers] == [[4, 3, 2, 1]] * 2
    for one in (*readers, again):
        one.close()


def test_all_hits_of_a_search_are_of_its_commit(place: tuple[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """However late they are read, by how many threads, and whatever happens to the index meanwhile."""
    monkeypatch.setattr(engines, "_READ_AT_ONCE", 10)
    name, path = place
    writer = create_index(path, engine=name)
    for number in range(60):
        add(writer, accession(number), [entry(number, "zebra" + " and" * number)])
        if number in (20, 40):
            writer.commit()
    writer.commit()
    reader = open_index(path)
    query = parse_query("zebra")
    expected = [
        (hit.stored, hit.score) for start in range(0, 60, 10) for hit in reader.search(query, offset=start).hits
    ]
    found = reader.search(query, limit=None)
    newest = reader.search(None, limit=50, offset=10).hits
    assert (found.total, len(found.hits)) == (60, 60)
    assert isinstance(found.hits, StoredHits) == (name != "opensearch")  # whose hits come in one answer
    for number in range(0, 60, 2):
        writer.delete(accession(number))
    writer.commit()
    assert find(reader, "zebra") == list(range(59, 0, -2))
    add(writer, accession(99), [entry(99, "zebra")])
    writer.commit()
    writer.close()
    reader.close()
    if name != "opensearch":
        shutil.rmtree(path)
    with ThreadPoolExecutor(4) as threads:
        several = list(threads.map(lambda place: found.hits[place], range(60)))
    assert [(hit.stored, hit.score) for hit in several] == [(hit.stored, hit.score) for hit in found.hits] == expected
    assert list(found.hits[5:50:7]) == list(found.hits)[5:50:7]
    assert [int(json.loads(hit.stored)["accession"][-6:]) for hit in newest] == list(range(49, -1, -1))
    assert {hit.score for hit in newest} == {None}


def test_a_second_writer_is_told_of_the_first(place: tuple[str, Path]) -> None:
    """Two never write one index at the same time; once the first has closed, the other may."""
    name, path = place
    first = create_index(path, engine=name)
    add(first, accession(1), [entry(1, "x")])
    second = open_index(path, writable=True)
    with pytest.raises(LockedError):
        add(second, accession(2), [entry(2, "x")])
    first.close()
    add(second, accession(2), [entry(2, "x")])
    second.commit()
    assert find(second, "x") == [2]
    second.close()


def test_a_reader_never_writes(place: tuple[str, Path]) -> None:
    """An index that was opened for reading refuses to be written to."""
    create_index(place[1], engine=place[0]).close()
    reader = open_index(place[1])
    with pytest.raises(ValueError, match="reading only"):
        add(reader, accession(1), [entry(1, "x")])
    reader.close()


def test_an_empty_index_answers(engine: Engine) -> None:
    """Nothing is found, nothing fails."""
    assert find(engine) == find(engine, "NOT x") == find(engine, '"a b"~3') == find(engine, "a?c") == []
    assert engine.facet(None, "form") == ()
    assert count(engine) == 0


def test_a_whole_index_has_no_damage(engine: Engine) -> None:
    """What was just committed passes its own check."""
    add(engine, accession(1), [entry(1, "x")])
    engine.commit()
    engine.delete(accession(1))
    add(engine, accession(2), [entry(2, "x")])
    engine.commit()
    assert list(engine.check()) == list(engine.check(quick=True)) == []


def test_a_mistake_of_the_program_is_no_damage(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the index is whole, an AttributeError on the way is not reported as an index to rebuild."""
    add(engine, accession(1), [entry(1, "x")])
    engine.commit()
    monkeypatch.setattr(bounds.Deadline, "check", property(lambda self: self.no_such_attribute))
    with pytest.raises(AttributeError, match="no_such_attribute"):
        engine.search(parse_query("ab*"))
