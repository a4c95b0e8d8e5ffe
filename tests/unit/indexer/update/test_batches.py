from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import date

import pytest

from archiver.catalogue.records import CatalogueRecord
from archiver.identifiers import AccessionNumber
from archiver.store.archive import Archive, read_stored
from archiver.store.layout import Layout
from indexer.index_folder import create_index
from indexer.update import batches
from indexer.update.batches import Batch, Event, IndexFailure, Read, Setup, read_here
from tests.unit.archives import catalogue_record, keep
from tests.unit.submissions import submission_bytes


def gather(archive: Archive, records: Sequence[CatalogueRecord]) -> list[Event]:
    """All events of `records`."""
    index = create_index(archive.index_path, engine="whoosh")
    events = list(read_here(records, Setup(archive.layout, index.part_writer())))
    index.close()
    shutil.rmtree(archive.index_path)
    return events


def stored(archive: Archive, number: int, filed: date) -> CatalogueRecord:
    """A stored submission with its row."""
    accession = AccessionNumber(f"0001193125-04-{number:06d}")
    data = submission_bytes(accession)
    keep(archive, accession, data)
    return catalogue_record(accession, data=data, filing_date=filed)


def parts(archive: Archive, records: Sequence[CatalogueRecord]) -> list[list[int]]:
    """The submissions of each part, by the last digits of their number."""
    events = gather(archive, records)
    return [[int(accession[-6:]) for accession, _ in event.pairs] for event in events if isinstance(event, Batch)]


def test_a_part_holds_one_filing_year_where_there_is_enough_text(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another year begins another part once there is some text; until then years share one, and size ends any part."""
    records = [stored(archive, number, date(2001 + number // 3, 1, 1)) for number in range(9)]
    assert parts(archive, records) == [[0, 1, 2, 3, 4, 5, 6, 7, 8]]
    monkeypatch.setattr(batches, "YEAR_TEXT_CHARS", 1)
    assert parts(archive, records) == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
    monkeypatch.setattr(batches, "PART_TEXT_CHARS", 1)
    assert parts(archive, records) == [[number] for number in range(9)]


def test_every_submission_is_an_event(archive: Archive) -> None:
    """One that cannot be read, has changed or is another's is a failure with its reason, and the others go on."""
    good, bad, changed = (stored(archive, number, date(2004, 1, 1)) for number in range(3))
    archive.layout.submission(bad.accession).write_bytes(b"")
    keep(archive, changed.accession, b"other bytes")
    other = keep(archive, "0001193125-04-000009", submission_bytes("0001193125-04-000008"))
    events = gather(archive, [bad, good, changed, other])
    assert [type(event) for event in events] == [IndexFailure, Read, IndexFailure, IndexFailure, Batch]
    assert [event.error for event in events if isinstance(event, IndexFailure)] == [
        "DamageError",
        "DamageError",
        "UnreadableSubmissionError",
    ]
    assert [event.pairs for event in events if isinstance(event, Batch)] == [((good.accession, good.sha256),)]


def test_nothing_to_gather_makes_no_part(archive: Archive) -> None:
    """Without a readable submission there is no empty part."""
    assert gather(archive, []) == []


def test_form_type_and_items_of_all_documents_are_bounded(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    """A submission made up of many items and many documents fails by name, before it takes time or memory."""
    records = [stored(archive, number, date(2004, 1, 1)) for number in range(2)]
    monkeypatch.setattr(batches, "MAX_CHARS", 1)
    events = gather(archive, records)
    assert [event.error for event in events if isinstance(event, IndexFailure)] == ["UnreadableSubmissionError"] * 2
    assert "each of 2 documents" in str(events[0])


def test_a_submission_that_memory_does_not_hold_fails_alone(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    """A MemoryError while one is read costs that one, and the others are gathered."""
    records = [stored(archive, number, date(2004, 1, 1)) for number in range(3)]

    def read(layout: Layout, accession: AccessionNumber, *, sha256: str) -> bytes:
        if accession == records[1].accession:
            raise MemoryError
        return read_stored(layout, accession, sha256=sha256)

    monkeypatch.setattr(batches, "read_stored", read)
    events = gather(archive, records)
    assert [event.error for event in events if isinstance(event, IndexFailure)] == ["MemoryError"]
    assert [len(event.pairs) for event in events if isinstance(event, Batch)] == [2]
