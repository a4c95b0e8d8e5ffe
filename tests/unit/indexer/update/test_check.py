"""The index held against the archive: what is missing, extra, stale or damaged is found, and nothing else is."""

from __future__ import annotations

import contextlib
from datetime import date
from pathlib import Path

import pytest

from archiver.identifiers import AccessionNumber
from archiver.store.archive import Archive
from indexer.entries import entries_of
from indexer.index_folder import open_index
from indexer.submission.submission import parse_submission
from indexer.update.check import check_index
from indexer.update.update import index_archive
from tests.unit.archives import keep, store, tree
from tests.unit.index_entries import add
from tests.unit.submissions import submission_bytes


@pytest.fixture
def archive(archive: Archive) -> Archive:
    """An archive with two submissions, indexed in two commits."""
    for number in (1, 2):
        store(archive, number)
        index_archive(archive)
    return archive


def findings(archive: Archive, *, quick: bool = False) -> list[tuple[str, AccessionNumber | None, str | None]]:
    """Kind, accession number and path of each finding of a check, which changed nothing on disk."""
    before = tree(archive.root)
    found = [(finding.kind, finding.accession, finding.path) for finding in check_index(archive, quick=quick)]
    assert tree(archive.root) == before
    return found


def test_the_check_tells_missing_extra_and_stale_apart(archive: Archive) -> None:
    """Each way in which index and archive can differ has its own kind, and what waits to be indexed is none."""
    kept, changed = (AccessionNumber(f"0001193125-04-00000{number}") for number in (1, 2))
    store(archive, 3)
    extra = AccessionNumber("0000000001-99-000001")
    entries = list(entries_of(parse_submission(submission_bytes(extra)), sha256="0", filing_date=date(2004, 1, 1)))
    with contextlib.closing(open_index(archive.index_path, writable=True)) as index:
        index.delete(kept)
        add(index, extra, entries)
        index.commit()
    keep(archive, changed, submission_bytes(changed).replace(b"zebra", b"quagga"))
    archive.catalogue.mark_indexed([(changed, archive.record(changed).sha256)])
    assert findings(archive) == [
        ("index-missing", kept, None),
        ("index-stale", changed, None),
        ("index-extra", extra, None),
    ]


@pytest.mark.slow
def test_one_flipped_bit_in_any_file_of_the_index_is_found(archive: Archive) -> None:
    """Wherever a bit of a segment or of the table of contents flips, that file is named as damaged."""
    assert findings(archive) == []
    files = sorted(path for path in archive.index_path.iterdir() if path.suffix in {".seg", ".toc"})
    assert len(files) == 3
    for path in files:
        sound = path.read_bytes()
        for offset in range(0, len(sound), max(1, len(sound) // 40)):
            path.write_bytes(sound[:offset] + bytes([sound[offset] ^ 0x10]) + sound[offset + 1 :])
            found = findings(archive)
            assert {(kind, accession) for kind, accession, _ in found} == {("index-damaged", None)}
            if path.suffix == ".seg":  # a table of contents may be unreadable, or name other segments
                assert [named for _, _, named in found] == [f"index/{path.name}"]
        path.write_bytes(sound)
    assert findings(archive) == []


@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.parametrize("suffix", [".seg", ".toc", ".json"])
@pytest.mark.parametrize("left", [None, 0, 1, 20, -1])
@pytest.mark.slow
def test_a_lost_or_cut_file_of_the_index_is_found(
    archive: Archive, suffix: str, left: int | None, *, quick: bool
) -> None:
    """A file of the index that is gone, emptied or cut is found, even when no checksum is computed."""
    path = next(path for path in sorted(archive.index_path.iterdir()) if path.suffix == suffix)
    data = path.read_bytes()
    if left is None:
        path.unlink()
    else:
        path.write_bytes(data[:left])
    if suffix == ".json" and left == -1:  # the last byte is a line end
        assert findings(archive, quick=quick) == []
        return
    kinds = {kind for kind, _, _ in findings(archive, quick=quick)}
    assert kinds == ({"index-missing"} if suffix == ".json" and left is None else {"index-damaged"})


def test_an_index_without_checksums_is_no_proven_one(archive: Archive) -> None:
    """What has no checksum cannot be verified, and is said to be damaged rather than sound."""
    next(archive.index_path.glob("*.sha256")).unlink()
    assert {kind for kind, _, _ in findings(archive)} == {"index-damaged"}
    assert {kind for kind, _, _ in findings(archive, quick=True)} == {"index-damaged"}


def test_no_index_and_nothing_indexed_is_no_finding(tmp_path: Path) -> None:
    """An archive that was never indexed lacks nothing."""
    with Archive.open(tmp_path / "edgar", writable=True, create=True) as archive:
        store(archive, 1)
        assert findings(archive) == []
