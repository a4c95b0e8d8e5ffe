"""Searches go on while another process commits to the index, and while it puts a rebuilt one in its place."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

from archiver.store.archive import Archive
from indexer.search.library import Library
from indexer.update.update import index_archive
from tests.unit.archives import keep
from tests.unit.submissions import submission_bytes

COMMITS = 25
REBUILDS = 12


def accession(number: int) -> str:
    """A made-up accession number."""
    return f"0001193125-04-{number:06d}"


def test_a_reader_gets_whole_answers_while_another_process_commits_and_rebuilds(tmp_path: Path) -> None:
    """Each search sees some commit in full: never an error, never fewer submissions than before, at the end all."""
    root = tmp_path / "edgar"
    with Archive.open(root, writable=True, create=True) as archive:
        keep(archive, accession(0), submission_bytes(accession(0)))
        index_archive(archive)
    child = multiprocessing.get_context("spawn").Process(target=_commit_and_rebuild, args=(root,))
    totals: list[int] = []
    with Library(root) as library:
        child.start()
        while child.is_alive():
            results = library.search('"press release" zebra', limit=1)
            assert results.facets("form")["form"][0].count >= results.total
            totals.append(results.total)
            with Library(root) as another:
                assert another.search("zebra", limit=0).total >= totals[-1]
        child.join()
        assert child.exitcode == 0
        assert totals == sorted(totals)
        assert library.search("zebra", limit=0).total == COMMITS + 1
        with Archive.open(root, writable=True) as archive:
            keep(archive, accession(99), submission_bytes(accession(99)))
            index_archive(archive)
        assert library.search("zebra", limit=0).total == COMMITS + 2


def _commit_and_rebuild(root: Path) -> None:
    """What the other process does."""
    with Archive.open(root, writable=True) as archive:
        for number in range(1, COMMITS + 1):
            keep(archive, accession(number), submission_bytes(accession(number)))
            index_archive(archive)
        for _ in range(REBUILDS):
            index_archive(archive, rebuild=True)
