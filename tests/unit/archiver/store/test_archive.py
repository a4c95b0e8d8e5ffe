from __future__ import annotations

import gzip
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from archiver.errors import ArchiveFormatError, DamageError, LockedError, NotInArchiveError, StorageError
from archiver.identifiers import AccessionNumber
from archiver.store.archive import Archive
from tests.paths import ROOT
from tests.unit.archives import keep, tree
from tests.unit.submissions import ACCESSION, submission_bytes

ONE = AccessionNumber(ACCESSION)

HOLD_THE_LOCK = """
import pathlib, sys, time
from archiver.store.archive import Archive
from tests.paths import ROOT
with Archive.open(pathlib.Path(sys.argv[1]), writable=True):
    print("locked", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An archive with one submission."""
    root = tmp_path / "archive"
    with Archive.open(root, writable=True, create=True) as archive:
        keep(archive, ONE, submission_bytes())
    return root


def test_a_new_archive_is_what_the_format_says(tmp_path: Path) -> None:
    """Folder, format file and catalogue are there; opening it again changes nothing."""
    root = tmp_path / "new" / "archive"
    with Archive.open(root, writable=True, create=True) as archive:
        assert (archive.writable, archive.root, archive.index_path) == (True, root, root / "index")
        assert archive.catalogue.count() == 0
    assert (root / "format.json").read_text() == '{"format": 2}\n'
    assert (root / "submissions").is_dir()
    Archive.open(root, writable=True, create=True).close()
    assert sorted(path.name for path in root.iterdir()) == ["catalogue.sqlite3", "format.json", "submissions"]


def test_what_was_stored_is_read(root: Path) -> None:
    """The decoded bytes, exactly; a reader needs no lock and leaves nothing behind."""
    before = tree(root)
    with Archive.open(root) as archive:
        assert not archive.writable
        assert archive.read(ONE) == submission_bytes()
        assert archive.record(ONE).size == len(submission_bytes())
    assert tree(root) == before


def test_what_is_not_there_is_said(root: Path, tmp_path: Path) -> None:
    """No such submission, no such archive: both say what to do, and neither makes a folder."""
    with Archive.open(root) as archive, pytest.raises(NotInArchiveError, match="edgarchive sync"):
        archive.read(AccessionNumber("0001193125-04-999999"))
    with pytest.raises(NotInArchiveError, match="--root"):
        Archive.open(tmp_path / "nowhere", writable=True)
    assert not (tmp_path / "nowhere").exists()


def test_a_folder_with_other_files_is_not_taken_over(tmp_path: Path) -> None:
    """A slip in --root does not spread an archive over somebody's home."""
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(NotInArchiveError, match="empty or a new folder"):
        Archive.open(tmp_path, writable=True, create=True)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_an_archive_without_its_format_file_is_taken_again(root: Path) -> None:
    """What holds submissions/ is an archive, copied without one file: readers do not say that there is none."""
    (root / "format.json").unlink()
    for writable in (False, True):
        with pytest.raises(DamageError, match="is missing; run `edgarchive verify --repair`"):
            Archive.open(root, writable=writable)
    with Archive.open(root, writable=True, create=True) as archive:
        assert archive.read(ONE) == submission_bytes()
    assert (root / "format.json").read_text() == '{"format": 2}\n'


def test_a_root_that_is_a_file_is_said(tmp_path: Path) -> None:
    """Not a folder, not an archive: an error of ours."""
    (tmp_path / "file").write_text("mine")
    with pytest.raises(StorageError):
        Archive.open(tmp_path / "file", writable=True, create=True)


@pytest.mark.parametrize("number", ["true", '"2"', "2.0", "0", "-1", "[2]", "NaN", "1e400", "{}"])
def test_a_format_that_is_no_number_is_damage(root: Path, number: str) -> None:
    """It is not taken for an older format, which would be migrated, nor for a newer one."""
    (root / "format.json").write_text(f'{{"format": {number}}}')
    _is_damaged_and_mended(root)


@pytest.mark.parametrize("content", [b"{}", b"[]", b"", b"\xff\xfe", b"null", b"{" * 100_000])
def test_a_format_file_without_a_format_is_damage(root: Path, content: bytes) -> None:
    """It is left alone by all but a repair."""
    (root / "format.json").write_bytes(content)
    _is_damaged_and_mended(root)


def _unexpected(error: DamageError) -> None:
    raise error


def _is_damaged_and_mended(root: Path) -> None:
    before = tree(root)
    for writable in (False, True):
        with pytest.raises(DamageError, match="is damaged: it names no format; run `edgarchive verify --repair`"):
            Archive.open(root, writable=writable, create=True)
    assert tree(root) == before
    with Archive.open(root, writable=True, on_damage=_unexpected) as archive:
        assert archive.read(ONE) == submission_bytes()
    assert (root / "format.json").read_text() == '{"format": 2}\n'


def test_an_archive_of_a_newer_format_is_left_alone(root: Path) -> None:
    """It is neither read, nor written, nor repaired."""
    (root / "format.json").write_bytes(b'{"format": 3}')
    before = tree(root)
    for on_damage in (None, _unexpected):
        with pytest.raises(ArchiveFormatError):
            Archive.open(root, writable=True, create=True, on_damage=on_damage)
    with pytest.raises(ArchiveFormatError):
        Archive.open(root)
    assert tree(root) == before


@pytest.mark.parametrize("damage", ["changed", "cut", "missing", "not gzip"])
def test_bytes_that_are_not_the_stored_ones_are_never_handed_out(root: Path, damage: str) -> None:
    """Every read is held against the sha256 of the catalogue."""
    with Archive.open(root) as archive:
        path = archive.layout.submission(ONE)
        if damage == "missing":
            path.unlink()
        else:
            changed = submission_bytes().replace(b"zebra", b"horse")
            path.write_bytes(
                {"changed": gzip.compress(changed), "cut": path.read_bytes()[:-9], "not gzip": changed}[damage]
            )
        with pytest.raises(DamageError, match="edgarchive verify"):
            archive.read(ONE)


def test_there_is_one_writer_at_a_time_and_a_killed_one_holds_nothing(root: Path) -> None:
    """A second writer is told so, readers go on; after kill -9 the lock is free at once."""
    with subprocess.Popen([sys.executable, "-c", HOLD_THE_LOCK, root], stdout=subprocess.PIPE, cwd=ROOT) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == b"locked\n"
            with pytest.raises(LockedError, match="another edgarchive"):
                Archive.open(root, writable=True)
            with Archive.open(root) as archive:
                assert archive.read(ONE) == submission_bytes()
        finally:
            holder.send_signal(signal.SIGKILL)
    Archive.open(root, writable=True).close()


def test_a_writer_that_closes_gives_the_lock_back(root: Path) -> None:
    """The same process can write again."""
    for _ in range(2):
        with Archive.open(root, writable=True), pytest.raises(LockedError):
            Archive.open(root, writable=True)


def test_leftovers_are_swept_by_the_next_writer_alone(root: Path) -> None:
    """A reader does not know whether the file's writer is alive."""
    leftover = root / "incoming" / f"{ONE}.abc.part"
    leftover.parent.mkdir()
    leftover.write_bytes(b"half")
    Archive.open(root).close()
    assert leftover.exists()
    Archive.open(root, writable=True).close()
    assert not leftover.exists()


def test_who_shares_an_archive_keeps_writers_out(root: Path) -> None:
    """Several may share it; a writer is refused meanwhile, and nobody shares what is being written."""
    with Archive.open(root, shared=True) as one, Archive.open(root, shared=True) as other:
        assert ONE in one.catalogue
        assert ONE in other.catalogue
        with pytest.raises(LockedError, match="another edgarchive"):
            Archive.open(root, writable=True)
    with Archive.open(root, writable=True), pytest.raises(LockedError):
        Archive.open(root, shared=True)


def test_who_shares_sees_the_rows_that_a_killed_writer_left_in_the_log(root: Path) -> None:
    """They are brought into the catalogue first, for who shares reads nothing else; no file is left beside it."""
    _leave_a_log(root)
    with Archive.open(root, shared=True) as archive:
        assert archive.catalogue.count() == 2
        assert not (root / "catalogue.sqlite3-wal").exists()


@pytest.mark.slow
def test_many_that_share_after_a_killed_writer_may_come_at_once(root: Path) -> None:
    """One of them brings in what it left, and none is turned away meanwhile."""
    for _ in range(5):
        _leave_a_log(root)
        everybody = threading.Barrier(12, timeout=30)

        def share(everybody: threading.Barrier) -> int:
            everybody.wait()
            with Archive.open(root, shared=True) as archive:
                everybody.wait()
                return archive.catalogue.count()

        with ThreadPoolExecutor(12) as threads:
            assert list(threads.map(share, [everybody] * 12)) == [2] * 12


def test_who_makes_something_alone_keeps_others_waiting(root: Path) -> None:
    """Another that shares the archive gets its turn when the first has ended."""
    order = []
    with Archive.open(root, shared=True) as one, Archive.open(root, shared=True) as other:

        def second() -> None:
            with other.turn():
                order.append("second")

        with one.turn():
            thread = threading.Thread(target=second)
            thread.start()
            thread.join(0.2)
            order.append("first")
        thread.join()
    assert order == ["first", "second"]


def _leave_a_log(root: Path) -> None:
    """Keep a submission in a process that dies at once."""
    code = f"""
import os, pathlib
from archiver.store.archive import Archive
from tests.unit.archives import keep
archive = Archive.open(pathlib.Path({str(root)!r}), writable=True)
keep(archive, "0001193125-04-000009", b"")
os._exit(0)
"""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
    assert (root / "catalogue.sqlite3-wal").stat().st_size
