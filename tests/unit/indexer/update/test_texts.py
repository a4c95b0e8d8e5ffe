"""The texts that a run of indexing keeps: which, when, and what is done with them."""

from __future__ import annotations

import pytest

from archiver.identifiers import AccessionNumber
from archiver.store.archive import Archive
from indexer.index_folder import open_index
from indexer.query.build import parse_query
from indexer.texts import parts, store, table, writer
from indexer.texts.reader import TextReader
from indexer.texts.store import TextStore
from indexer.update import run
from indexer.update.check import check_index
from indexer.update.run import IndexOptions
from indexer.update.update import index_archive, repair_index
from tests.unit.archives import keep
from tests.unit.archives import store as add
from tests.unit.submissions import submission_bytes

NO_TEXTS = IndexOptions(keep_texts=False)


def replace_word(archive: Archive, accessions: list[AccessionNumber], word: bytes) -> None:
    """Store `accessions` with other bytes."""
    for accession in accessions:
        keep(archive, accession, submission_bytes(accession).replace(b"zebra", word))


def kept(archive: Archive) -> list[int]:
    """The submissions whose current texts are kept, by the last digits of their number."""
    with TextStore.open(archive.root) as texts:
        return [
            int(record.accession[-6:])
            for record in archive.catalogue.records()
            if texts.submission(record.accession, sha256=record.sha256) is not None
        ]


def total(archive: Archive, query: str) -> int:
    """How many submissions the index finds."""
    index = open_index(archive.index_path)
    try:
        return index.search(parse_query(query)).total
    finally:
        index.close()


def test_texts_are_kept_with_what_is_indexed(archive: Archive) -> None:
    """Each run keeps the texts of what it indexes, and says how many."""
    add(archive, 1)
    assert (index_archive(archive).texts, kept(archive)) == (1, [1])
    add(archive, 2)
    assert (index_archive(archive).texts, kept(archive)) == (1, [1, 2])
    assert index_archive(archive).texts == 0


def test_an_archive_without_texts_works_and_gets_them_by_the_next_run(archive: Archive) -> None:
    """With keep_texts off there are none; the first run with it on adds those of all that is indexed."""
    for number in (1, 2):
        add(archive, number)
    report = index_archive(archive, NO_TEXTS)
    assert (report.indexed, report.texts) == (2, 0)
    assert not (archive.root / "texts").exists()
    reader = TextReader(archive)
    text = reader.submission(AccessionNumber("0001193125-04-000001")).text()
    assert "zebra" in text
    report = index_archive(archive)
    assert (report.indexed, report.texts, kept(archive)) == (0, 2, [1, 2])
    assert reader.submission(AccessionNumber("0001193125-04-000001")).text() == text
    reader.close()


def test_what_was_indexed_without_texts_in_between_is_not_forgotten(archive: Archive) -> None:
    """A run with keep_texts off leaves a gap that the next one with it on fills."""
    add(archive, 1)
    index_archive(archive)
    add(archive, 2)
    index_archive(archive, NO_TEXTS)
    assert kept(archive) == [1]
    assert index_archive(archive).texts == 1
    assert kept(archive) == [1, 2]


def test_changed_bytes_have_new_texts(archive: Archive) -> None:
    """A submission that was fetched again is extracted again; until then its old text is not given."""
    accession = add(archive, 1)
    index_archive(archive)
    keep(archive, accession, submission_bytes(accession).replace(b"zebra", b"quagga"))
    assert kept(archive) == []
    index_archive(archive)
    with TextStore.open(archive.root) as texts:
        found = texts.submission(accession)
        assert found is not None
        assert "quagga" in found.text()


def test_another_version_of_the_extractor_makes_all_texts_again(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Texts of an older version are not used; the next run replaces them and gives their room back."""
    for number in (1, 2):
        add(archive, number)
        index_archive(archive)
    for module in (parts, store, writer):
        monkeypatch.setattr(module, "EXTRACTOR_VERSION", 99)
    assert kept(archive) == []
    assert index_archive(archive).texts == 2
    assert kept(archive) == [1, 2]
    index_archive(archive)
    (pack,) = (archive.root / "texts").glob("*.pack")
    with table.TextTable(archive.root / "texts" / "index.sqlite3") as rows:
        assert [(row.live, row.bytes) for row in rows.packs()] == [(2, pack.stat().st_size)]


def test_a_rebuild_reads_the_kept_texts(archive: Archive) -> None:
    """An index is built again without the submissions; one that has no text is read, and fails alone."""
    for number in (1, 2):
        add(archive, number)
    index_archive(archive)
    add(archive, 3)
    for number in (1, 3):
        archive.layout.submission(AccessionNumber(f"0001193125-04-{number:06d}")).unlink()
    report = index_archive(archive, rebuild=True)
    assert report.indexed == 2
    assert [failure.accession[-1] for failure in report.failed] == ["3"]
    assert total(archive, "zebra") == 2


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.slow
def test_a_rebuilt_index_is_the_same_from_texts_and_from_submissions(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, jobs: int
) -> None:
    """Every stored entry is the same, whichever way and in however many processes it was made."""
    monkeypatch.setattr(run, "WORKERS_FROM_BYTES", 1)
    for number in range(40):
        add(archive, number)
    index_archive(archive, NO_TEXTS)
    without = entries(archive)
    index_archive(archive)
    index_archive(archive, IndexOptions(jobs=jobs), rebuild=True)
    assert entries(archive) == without
    assert kept(archive) == list(range(40))


def entries(archive: Archive) -> list[str]:
    """What is stored of each entry in the index."""
    index = open_index(archive.index_path)
    try:
        return sorted(hit.stored for hit in index.search(None, limit=None, documents=True).hits)
    finally:
        index.close()


@pytest.mark.slow
def test_workers_keep_texts(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts of several processes end in one store."""
    monkeypatch.setattr(run, "WORKERS_FROM_BYTES", 1)
    for number in range(70):
        add(archive, number)
    assert index_archive(archive, IndexOptions(jobs=2)).texts == 70
    assert kept(archive) == list(range(70))
    assert list((archive.root / "texts" / "building").glob("*")) == []


def test_a_damaged_pack_is_found_and_mended(archive: Archive) -> None:
    """A pack that is lost costs no answer: verify names its submissions, and a repair extracts them again."""
    for number in (1, 2):
        add(archive, number)
    index_archive(archive)
    (pack,) = (archive.root / "texts").glob("*.pack")
    pack.unlink()
    found = list(check_index(archive))
    assert [(one.kind, one.accession) for one in found] == [
        ("texts-damaged", f"0001193125-04-00000{number}") for number in (1, 2)
    ]
    assert tuple(found) == repair_index(archive).found
    assert list(check_index(archive)) == []
    assert kept(archive) == [1, 2]


def test_a_rebuild_mends_damaged_texts(archive: Archive) -> None:
    """A rebuild parses again what has a damaged text, and keeps it anew."""
    for number in (1, 2):
        add(archive, number)
    index_archive(archive)
    (pack,) = (archive.root / "texts").glob("*.pack")
    pack.write_bytes(bytes(pack.stat().st_size))
    report = index_archive(archive, rebuild=True)
    assert (report.indexed, report.texts, report.failed) == (2, 2, ())
    assert total(archive, "zebra") == 2
    assert list(check_index(archive)) == []


@pytest.mark.parametrize("place", ["text", "record", "pack"])
def test_damaged_texts_of_a_pack_that_is_rewritten_are_extracted_again(archive: Archive, place: str) -> None:
    """A pack of which little is in use is rewritten; what cannot be read in it neither ends the run nor is lost."""
    accessions = [add(archive, number) for number in range(1, 5)]
    index_archive(archive)
    (pack,) = (archive.root / "texts").glob("*.pack")
    with table.TextTable(archive.root / "texts" / "index.sqlite3") as rows:
        row = rows.get(accessions[3])
    assert row is not None
    assert row.place.frame is not None
    record_at = row.base + row.place.frame.offset
    at = {"text": record_at // 2, "record": (record_at + row.end) // 2, "pack": 0}[place]
    replace_word(archive, accessions[:3], b"quagga")
    index_archive(archive)
    replace_word(archive, accessions[:3], b"onager")
    whole = pack.read_bytes()
    pack.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :] if at else b"")
    assert index_archive(archive).texts == 4
    assert kept(archive) == [1, 2, 3, 4]
    assert list(check_index(archive)) == []
    assert index_archive(archive).texts == 0


def test_a_text_that_could_not_be_extracted_is_tried_again(archive: Archive) -> None:
    """Each run reports it until its stored file is whole again; then its text is added."""
    accession = add(archive, 1)
    add(archive, 2)
    index_archive(archive, NO_TEXTS)
    path = archive.layout.submission(accession)
    whole = path.read_bytes()
    path.write_bytes(whole[:-9])
    for _ in range(2):
        assert [one.accession for one in index_archive(archive).failed] == [accession]
        assert kept(archive) == [2]
    path.write_bytes(whole)
    report = index_archive(archive)
    assert (report.texts, report.failed) == (1, ())
    assert kept(archive) == [1, 2]
