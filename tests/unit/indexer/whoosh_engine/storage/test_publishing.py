from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from whoosh.index import open_dir

from archiver.errors import DamageError
from indexer.engine import PartWriter
from indexer.whoosh_engine.engine import WhooshEngine
from indexer.whoosh_engine.storage.publishing import BUILDING
from tests.unit.index_entries import accession, add, count, entry


def test_a_part_that_lacks_documents_is_refused(tmp_path: Path) -> None:
    """A part with other documents than its maker counted never becomes part of the index, and what was there stays."""
    engine = WhooshEngine.create(tmp_path)
    add(engine, accession(1), [entry(1, "zebra")])
    engine.commit()
    writer = engine.part_writer()()
    writer.add(accession(2), [entry(2, "zebra"), entry(2, "zebra")])
    part = writer.finish()
    engine.adopt(dataclasses.replace(part, documents=part.documents | {accession(3): 1}))
    with pytest.raises(DamageError):
        engine.commit()
    assert count(engine) == 1
    engine.close()


def test_what_was_being_built_goes_with_the_writer(tmp_path: Path) -> None:
    """Segments that a killed run left are removed by the next writer, and none are left by one that ends."""
    WhooshEngine.create(tmp_path).close()
    left = tmp_path / BUILDING / "left"
    left.mkdir(parents=True)
    (left / "MAIN_x.seg").write_bytes(b"x")
    engine = WhooshEngine.open(tmp_path, writable=True)
    add(engine, accession(1), [entry(1, "zebra")])
    assert not left.exists()
    engine.commit()
    add(engine, accession(2), [entry(2, "zebra")])
    engine.close()
    assert not (tmp_path / BUILDING).exists()
    assert len(list(tmp_path.glob("*.seg"))) == 1


def test_parts_of_several_writers_are_published_together(tmp_path: Path) -> None:
    """Parts made apart become visible with one commit, under one table of contents, and replace what they name."""
    engine = WhooshEngine.create(tmp_path)
    add(engine, accession(1), [entry(1, "old")])
    engine.commit()
    make = engine.part_writer()
    writers: list[PartWriter] = [make(), make()]
    for number, writer in enumerate(writers, 1):
        writer.add(accession(number), [entry(number, "new")])
        engine.adopt(writer.finish())
    assert count(engine) == 1
    engine.commit()
    reader = open_dir(str(tmp_path)).reader()
    assert sorted(reader.field_terms("text")) == ["new"]
    assert (reader.doc_count(), reader.doc_frequency("text", "new")) == (2, 2)
    reader.close()
    engine.close()
