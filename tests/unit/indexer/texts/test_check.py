from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from archiver.errors import DamageError
from archiver.identifiers import AccessionNumber
from archiver.store.archive import Archive
from indexer.texts.check import check_texts, repair_texts
from indexer.texts.reader import TextReader
from indexer.texts.store import TextStore
from indexer.texts.table import TextTable
from indexer.update.update import index_archive
from tests.unit.archives import keep
from tests.unit.indexer.texts.kept import add, extracted, number
from tests.unit.submissions import submission_bytes


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    """An archive with the texts of three submissions."""
    with Archive.open(tmp_path / "edgar", writable=True, create=True) as opened:
        for count in range(3):
            keep(opened, number(count), submission_bytes(number(count)))
        index_archive(opened)
        yield opened


def texts_of(archive: Archive) -> list[str | None]:
    """The texts that the store gives; None for what it does not have, or has damaged."""
    found: list[str | None] = []
    with TextStore.open(archive.root) as store:
        for record in archive.catalogue.records():
            try:
                one = store.submission(record.accession, sha256=record.sha256)
                found.append(None if one is None else one.text())
            except DamageError:
                found.append(None)
    return found


def read_texts(archive: Archive) -> list[str]:
    """The texts that a reader gets, from wherever."""
    reader = TextReader(archive)
    found = [reader.submission(record.accession).text() for record in archive.catalogue.records()]
    reader.close()
    return found


def test_a_whole_store_has_no_findings(archive: Archive) -> None:
    """Nothing is found in a store that is whole, and nothing where there is none."""
    assert list(check_texts(archive)) == []
    assert list(check_texts(archive, quick=True)) == []
    shutil.rmtree(archive.root / "texts")
    assert list(check_texts(archive)) == []


@pytest.mark.slow
def test_a_flipped_bit_anywhere_in_a_pack_is_found(archive: Archive) -> None:
    """Whichever byte of a pack changes, a submission is named, no wrong text is given, and a repair mends it.

    A frame has a few bits that mean nothing; then all texts are as they were.
    """
    (pack,) = (archive.root / "texts").glob("*.pack")
    sound, whole = pack.read_bytes(), texts_of(archive)
    for offset in range(0, len(sound), max(1, len(sound) // 100)):
        pack.write_bytes(sound[:offset] + bytes([sound[offset] ^ 0x10]) + sound[offset + 1 :])
        found = list(check_texts(archive))
        assert {finding.kind for finding in found} == {"texts-damaged"} or texts_of(archive) == whole, offset
        assert all(one in {None, right} for one, right in zip(texts_of(archive), whole, strict=True))
        assert read_texts(archive) == whole
    pack.write_bytes(bytes(len(sound)))
    found = list(check_texts(archive))
    assert len(found) == 3
    repair_texts(archive.root, found)
    assert index_archive(archive).texts == 3
    assert list(check_texts(archive)) == []
    assert texts_of(archive) == whole


@pytest.mark.slow
def test_flipped_bits_in_the_table_never_give_another_text(archive: Archive) -> None:
    """Whichever byte of the table changes, a submission has its own text or none, and a repair mends it."""
    path = archive.root / "texts" / "index.sqlite3"
    sound, whole = path.read_bytes(), texts_of(archive)
    for offset in range(0, len(sound), max(1, len(sound) // 120)):
        path.write_bytes(sound[:offset] + bytes([sound[offset] ^ 0x10]) + sound[offset + 1 :])
        given = texts_of(archive)
        assert all(one in {None, right} for one, right in zip(given, whole, strict=True)), offset
        assert read_texts(archive) == whole
        found = list(check_texts(archive))
        if found:
            repair_texts(archive.root, found)
        index_archive(archive)
        assert set(texts_of(archive)) <= {None, *whole}
        path.write_bytes(sound)


@pytest.mark.parametrize("damage", [b"", b"garbage" * 2000])
def test_a_lost_table_is_made_again(archive: Archive, damage: bytes) -> None:
    """A table that cannot be read is a finding; a run of indexing makes a new store by itself."""
    whole = texts_of(archive)
    (archive.root / "texts" / "index.sqlite3").write_bytes(damage)
    assert [(one.kind, one.accession) for one in check_texts(archive)] == [("texts-damaged", None)]
    assert index_archive(archive).texts == 3
    assert texts_of(archive) == whole
    assert list(check_texts(archive)) == []


def test_a_cut_pack_is_found_by_a_quick_check(archive: Archive) -> None:
    """Presence and size are looked at without reading; what lies before the cut stays."""
    add(archive.root, [extracted(number(9), "more words")])
    (pack,) = (archive.root / "texts").glob("*.pack")
    with pack.open("r+b") as file:
        file.truncate(pack.stat().st_size - 1)
    found = [one for one in check_texts(archive, quick=True) if one.kind == "texts-damaged"]
    assert [one.accession for one in found] == [number(9)]


def test_what_the_archive_does_not_have_is_extra(archive: Archive) -> None:
    """Texts of a submission without a row are named, and removed by a repair."""
    add(archive.root, [extracted(number(9), "words")])
    found = list(check_texts(archive))
    assert [(one.kind, one.accession) for one in found] == [("texts-extra", number(9))]
    repair_texts(archive.root, found)
    assert list(check_texts(archive)) == []


def test_a_folder_in_the_place_of_a_pack_is_mended(archive: Archive) -> None:
    """It is found, and the texts are made again; so is one in the place of the next pack."""
    before = texts_of(archive)
    pack = next((archive.root / "texts").glob("*.pack"))
    pack.unlink()
    for place in (pack, pack.with_name("000002.pack")):
        (place / "inside").mkdir(parents=True)
    findings = list(check_texts(archive))
    assert {finding.kind for finding in findings} == {"texts-damaged"}
    repair_texts(archive.root, findings)
    index_archive(archive)
    assert texts_of(archive) == before
    assert list(check_texts(archive)) == []


@pytest.mark.parametrize("wrong", [-5, 10**18 * 5, 2**63 - 1])
def test_a_number_that_is_no_submission_is_damage(archive: Archive, wrong: int) -> None:
    """SQLite has no checksums: whatever stands in its place, the table is reported, and a repair makes it anew."""
    with contextlib.closing(sqlite3.connect(archive.root / "texts" / "index.sqlite3", isolation_level=None)) as table:
        table.execute("UPDATE text SET accession = ? WHERE accession = (SELECT max(accession) FROM text)", (wrong,))
    findings = list(check_texts(archive))
    assert {(one.kind, one.accession) for one in findings} == {("texts-damaged", None)}
    whole = read_texts(archive)
    repair_texts(archive.root, findings)
    assert read_texts(archive) == whole


@pytest.mark.parametrize("quick", [False, True])
def test_rows_out_of_order_are_damage(archive: Archive, *, quick: bool) -> None:
    """A quick check ends, too, although the pages of a damaged tree may have no last one."""
    path = archive.root / "texts" / "index.sqlite3"
    with contextlib.closing(sqlite3.connect(path)) as table:
        (root,) = table.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'text'").fetchone()
        (size,) = table.execute("PRAGMA page_size").fetchone()
    page = bytearray(path.read_bytes())
    cells = (root - 1) * size + 8  # after the header of a leaf: two bytes for the place of each row
    page[cells : cells + 6] = page[cells + 4 : cells + 6] + page[cells + 2 : cells + 4] + page[cells : cells + 2]
    path.write_bytes(page)
    findings = list(check_texts(archive, quick=quick))
    assert {(one.kind, one.accession) for one in findings} == {("texts-damaged", None)}
    repair_texts(archive.root, findings)
    assert index_archive(archive).texts == 3
    assert list(check_texts(archive)) == []


@pytest.mark.parametrize("value", ["NULL", "-1", "'x'"])
def test_a_size_that_is_none_is_damage(archive: Archive, value: str) -> None:
    """Of packs as of texts; a run of indexing makes a new store."""
    whole = texts_of(archive)
    with contextlib.closing(sqlite3.connect(archive.root / "texts" / "index.sqlite3", isolation_level=None)) as table:
        table.execute("PRAGMA writable_schema = 1")
        table.execute("UPDATE sqlite_schema SET sql = replace(sql, ' NOT NULL', '') WHERE name = 'pack'")
        table.execute("PRAGMA writable_schema = RESET")
        table.execute(f"UPDATE pack SET text_bytes = {value}")
    assert [(one.kind, one.accession) for one in check_texts(archive, quick=True)] == [("texts-damaged", None)]
    assert index_archive(archive).texts == 3
    assert texts_of(archive) == whole


def test_a_pack_is_read_in_the_order_of_its_records(archive: Archive) -> None:
    """By their places, not by accession number; a row that is replaced meanwhile is passed over."""
    add(archive.root, [extracted(number(count), "a text") for count in (0, 9, 4)])
    with TextTable(archive.root / "texts" / "index.sqlite3", writable=True) as table:
        [pack] = table.packs()
        rows = table.in_order(pack.number)
        order = [next(rows)]
        table.remove([AccessionNumber(number(9))])
        order += rows
    assert [row.accession for row in order] == [number(one) for one in (1, 2, 0, 4)]
    assert [(row.end, row.place.start) for row in order] == sorted((row.end, row.place.start) for row in order)
