"""Keeping index and archive together: batches, failures, stops at any moment, rebuilding."""

from __future__ import annotations

import pytest

from archiver.errors import RunCancelledError, UsageError
from archiver.runtime.progress import CancelToken, ProgressUpdate
from archiver.store.archive import Archive
from indexer.index_folder import engine_of, open_index
from indexer.query.build import parse_query
from indexer.update import batches, run
from indexer.update.check import check_index
from indexer.update.run import IndexOptions
from indexer.update.update import index_archive
from tests.unit.archives import store
from tests.unit.submissions import submission_bytes


def count(archive: Archive, query: str, *, documents: bool = False) -> int:
    """How many submissions (or documents) the index finds."""
    index = open_index(archive.index_path)
    try:
        return index.search(parse_query(query), documents=documents).total
    finally:
        index.close()


def test_a_run_indexes_what_is_new_and_a_second_run_nothing(archive: Archive) -> None:
    """Only what is stored and not indexed yet is read; the next run has nothing to do."""
    store(archive, 1)
    assert index_archive(archive).indexed == 1
    store(archive, 2)
    assert index_archive(archive).indexed == 1
    assert index_archive(archive).indexed == 0
    assert count(archive, "zebra") == 2
    assert list(check_index(archive)) == []


def test_parts_are_committed_and_marked_as_they_fill(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that dies in its third part keeps the first two, and progress counts each submission."""
    for number in range(1, 6):
        store(archive, number)
    monkeypatch.setattr(batches, "PART_TEXT_CHARS", 1)
    monkeypatch.setattr(batches, "YEAR_TEXT_CHARS", 1)
    seen: list[tuple[int, int | None]] = []

    def progress(update: ProgressUpdate) -> None:
        seen.append((update.done, update.total))
        if update.done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        index_archive(archive, IndexOptions(progress=progress))
    assert seen == [(1, 5), (2, 5), (3, 5)]
    assert archive.catalogue.count_unindexed() == 3
    assert count(archive, "zebra") == 2
    assert index_archive(archive).indexed == 3
    assert count(archive, "zebra", documents=True) == 5


def test_a_stop_between_commit_and_mark_gives_no_double_hits(archive: Archive) -> None:
    """When the engine has committed and the catalogue was not told, the next run replaces what is there."""
    store(archive, 1)
    index_archive(archive)
    archive.catalogue.clear_index_marks()
    assert index_archive(archive).indexed == 1
    assert count(archive, "rossi", documents=True) == 2


def test_an_unreadable_submission_is_a_failure_and_not_the_end(archive: Archive) -> None:
    """One body that nobody can read is reported, and all others are indexed."""
    bad = store(archive, 1, b"not a submission at all")
    gone = store(archive, 2)
    archive.layout.submission(gone).unlink()
    store(archive, 3)
    report = index_archive(archive)
    assert report.indexed == 1
    assert [(failure.accession, failure.error) for failure in report.failed] == [
        (bad, "UnreadableSubmissionError"),
        (gone, "DamageError"),
    ]
    assert count(archive, "zebra") == 1


def test_changed_bytes_replace_the_earlier_entries(archive: Archive) -> None:
    """A submission whose bytes changed is found by its new text alone."""
    accession = store(archive, 1)
    index_archive(archive)
    store(archive, 1, submission_bytes(accession).replace(b"zebra", b"quagga"))
    assert archive.catalogue.count_unindexed() == 1
    assert index_archive(archive).indexed == 1
    assert (count(archive, "zebra"), count(archive, "quagga")) == (0, 1)


@pytest.mark.parametrize("damage", ["gone", "emptied"])
def test_a_lost_index_is_made_anew(archive: Archive, damage: str) -> None:
    """Without a readable index, the next run indexes everything, whatever the catalogue had noted."""
    store(archive, 1)
    index_archive(archive)
    for file in archive.index_path.iterdir():
        file.unlink()
    if damage == "gone":
        archive.index_path.rmdir()
    assert [(found.kind, found.accession) for found in check_index(archive)] == [("index-missing", None)]
    assert index_archive(archive).indexed == 1
    assert count(archive, "zebra") == 1


def test_a_rebuild_indexes_all_and_leaves_one_index(archive: Archive) -> None:
    """After a rebuild the index is new and whole, the catalogue agrees, and no other folder is left."""
    store(archive, 1)
    index_archive(archive)
    store(archive, 2)
    report = index_archive(archive, rebuild=True)
    assert report.indexed == 2
    assert count(archive, "zebra", documents=True) == 2
    assert archive.catalogue.count_unindexed() == 0
    assert sorted(path.name for path in archive.root.iterdir() if path.name.startswith("index")) == ["index"]


def test_a_cancelled_run_keeps_what_it_committed(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    """The token stops it after the submission at hand; the next run does the rest."""
    for number in range(1, 6):
        store(archive, number)
    monkeypatch.setattr(batches, "PART_TEXT_CHARS", 1)
    monkeypatch.setattr(batches, "YEAR_TEXT_CHARS", 1)
    token = CancelToken()

    def progress(update: ProgressUpdate) -> None:
        if update.done == 3:
            token.cancel()

    with pytest.raises(RunCancelledError):
        index_archive(archive, IndexOptions(progress=progress, cancel=token))
    assert archive.catalogue.count_unindexed() == 3
    assert index_archive(archive).indexed == 3
    assert count(archive, "zebra") == 5


@pytest.mark.slow
def test_worker_processes_make_the_same_index(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    """With several jobs the same submissions are indexed, each once, and failures and progress are told."""
    bad = store(archive, 1, b"not a submission at all")
    for number in range(2, 150):
        store(archive, number)
    monkeypatch.setattr(run, "WORKERS_FROM_BYTES", 1)
    seen: list[ProgressUpdate] = []
    report = index_archive(archive, IndexOptions(jobs=3, progress=seen.append))
    assert report.indexed == 148
    assert [failure.accession for failure in report.failed] == [bad]
    assert [(one.phase, one.done, one.total) for one in seen] == [("indexing", done, 149) for done in range(1, 150)]
    assert seen[-1].failed == 1
    assert count(archive, "zebra") == 148
    assert list(check_index(archive)) == []
    assert index_archive(archive, IndexOptions(jobs=3), rebuild=True).indexed == 148
    assert count(archive, "zebra", documents=True) == 148
    assert list(check_index(archive)) == []


def test_an_unknown_engine_is_refused(archive: Archive) -> None:
    """A mistyped engine is an error that names those there are."""
    with pytest.raises(UsageError, match="whoosh"):
        index_archive(archive, IndexOptions(engine="wosh"))


def test_an_index_that_is_there_keeps_its_engine(archive: Archive) -> None:
    """After a rebuild with another engine, the next run goes on with it, whatever the settings say."""
    pytest.importorskip("tantivy")
    index_archive(archive, IndexOptions(engine="tantivy"), rebuild=True)
    assert index_archive(archive, IndexOptions(engine="whoosh")).failed == ()
    assert engine_of(archive.index_path) == "tantivy"


def test_a_long_text_is_found_by_its_beginning(archive: Archive) -> None:
    """What stands within the limit is found, what stands after it is not, and the rebuilt index has the same limit."""
    store(archive, 1)
    index_archive(archive, IndexOptions(max_text_chars=20))
    assert (count(archive, "rossi"), count(archive, "december")) == (1, 0)
    index_archive(archive, IndexOptions(max_text_chars=20), rebuild=True)
    assert (count(archive, "rossi"), count(archive, "december")) == (1, 0)
    index_archive(archive, rebuild=True)
    assert count(archive, "december") == 1
