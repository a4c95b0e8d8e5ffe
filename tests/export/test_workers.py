"""The processes of an export: how much work each gets at a time, and that none waits for another for ever."""

from __future__ import annotations

import signal
from dataclasses import replace
from datetime import date
from multiprocessing import Pipe

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.catalogue.records import CatalogueRecord
from archiver.runtime.worker_process import start_worker
from archiver.settings.settings import Settings
from archiver.store.archive import Archive
from edgarchive import import_submissions
from edgarchive.exporting.files.writers import JsonlEncoder
from edgarchive.exporting.rows import Wanted
from edgarchive.exporting.tables import Table
from edgarchive.exporting.workers import TASK_BYTES, TASK_FILINGS, Job, encode_in_workers, tasks
from tests.unit.submissions import submission_bytes


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of an archive of one submission with a megabyte of text."""
    folder = tmp_path_factory.mktemp("one")
    text = f"<DOCUMENT>\n<TYPE>8-K\n<SEQUENCE>1\n<TEXT>\n{'word ' * 200_000}\n</TEXT>\n</DOCUMENT>\n"
    (folder / "a.txt").write_bytes(submission_bytes(documents=text))
    settings = Settings(root=folder / "archive")
    import_submissions([folder / "a.txt"], settings=settings)
    return settings


@pytest.fixture(scope="module")
def record(mine: Settings) -> CatalogueRecord:
    """Its row."""
    with Archive.open(mine.root) as archive:
        [found] = archive.catalogue.records()
    return found


def _of(record: CatalogueRecord, year: int) -> CatalogueRecord:
    return replace(record, filing_date=date(year, 1, 2))


def test_a_task_larger_than_a_pipe(mine: Settings, record: CatalogueRecord) -> None:
    """Filings of thousands of documents that a search finds, given to workers that are about to send large results."""
    found = tuple((position, 1.0) for position in range(40_000))
    wanted = [Wanted(record.accession, _of(record, year), found) for year in range(2001, 2009)]  # a task for each year
    job = Job(mine.root, ((Table.DOCUMENTS, JsonlEncoder(["text"])),))
    before = signal.signal(signal.SIGALRM, lambda *_: pytest.fail("the processes wait for each other"))
    signal.alarm(60)
    try:
        done = list(encode_in_workers(job, iter(wanted), jobs=2))
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    assert sum(one.rows for some in done for one in some.encoded) == len(wanted)


def test_a_task_that_cannot_be_read(mine: Settings) -> None:
    """As from an edgarchive that was replaced by another version just then: the process ends, which is an error."""
    pipe, theirs = Pipe()
    with pipe, theirs:
        process = start_worker("edgarchive.exporting.workers", theirs.fileno())
        theirs.close()
        pipe.send(Job(mine.root, ((Table.DOCUMENTS, JsonlEncoder(["text"])),)))
        pipe.send_bytes(b"cno_such_module\nTask\n.")  # a pickled name
        try:
            assert process.wait(60) == 0
        finally:
            process.kill()


@given(st.lists(st.tuples(st.integers(0, 2 * TASK_BYTES), st.integers(2001, 2003)), max_size=100))
def test_a_task_has_one_year_and_a_limited_size(record: CatalogueRecord, sizes: list[tuple[int, int]]) -> None:
    """All its rows are in memory at once, so it has few large filings."""
    wanted = [Wanted(record.accession, replace(_of(record, year), size=size)) for size, year in sizes]
    portions = list(tasks(iter(wanted)))
    assert [one for some in portions for one in some] == wanted
    for some in portions:
        assert len({one.year for one in some}) == 1
        assert len(some) == 1 or sum(one.record.size for one in some if one.record) <= TASK_BYTES
        assert len(some) <= TASK_FILINGS
