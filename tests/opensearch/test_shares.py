"""Several machines index one archive at once, each its share: as many processes here, each with its own way in."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sqlite3
import threading
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from tests.processes import EdgarchiveProcess

pytest.importorskip("opensearchpy")

from opensearchpy import OpenSearch

from archiver.errors import LockedError
from archiver.settings.settings import Settings
from archiver.store.archive import Archive
from indexer.archive.share import Share
from indexer.engine import Engine
from indexer.index_folder import create_index, marks_hold, open_index
from indexer.query.build import parse_query
from indexer.update.check import check_index
from indexer.update.run import IndexOptions
from indexer.update.update import index_archive
from tests.opensearch.server import Server
from tests.paths import ROOT
from tests.unit.archives import keep
from tests.unit.index_entries import accession, add, count, entry
from tests.unit.submissions import submission_bytes

_COUNT = 120


@pytest.fixture
def settings(opensearch: Server) -> Settings:
    """Settings that lead to the server."""
    return Settings(opensearch_url=opensearch.url, engine="opensearch")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An archive of two filing years, nothing of it indexed."""
    with Archive.open(tmp_path / "edgar", writable=True, create=True) as archive:
        for number in range(1, _COUNT + 1):
            row = keep(archive, accession(number), submission_bytes(accession(number)))
            archive.catalogue.add(replace(row, filing_date=date(2003 + number % 2, 1, 2)))
    return tmp_path / "edgar"


def command(root: Path, settings: Settings, *arguments: str) -> EdgarchiveProcess:
    """`edgarchive index` in a process of its own."""
    return EdgarchiveProcess(
        *("--root", str(root), "index", "--engine", "opensearch", *arguments),
        environment=os.environ | {"EDGARCHIVE_OPENSEARCH_URL": settings.opensearch_url},
        folder=ROOT,
    )


def test_shares_indexed_at_once_are_the_whole(root: Path, settings: Settings) -> None:
    """Three at once, the first of which makes the index: all is there once, and the catalogue learns of it."""
    runs = [command(root, settings, "--shard", f"{shard}/3") for shard in (1, 2, 3)]
    printed = [run.communicate() for run in runs]
    assert [(run.returncode, errors) for run, (_, errors) in zip(runs, printed, strict=True)] == [(0, b"")] * 3
    assert sum(int(text.split()[0]) for text, _ in printed) == _COUNT
    with Archive.open(root, writable=True) as archive:
        assert archive.catalogue.count_unindexed() == _COUNT
        assert index_archive(archive, IndexOptions(engine="opensearch", settings=settings)).indexed == 0
        assert archive.catalogue.count_unindexed() == 0
        assert list(check_index(archive, settings=settings)) == []
        with contextlib.closing(open_index(archive.index_path, settings=settings)) as index:
            assert index.search(parse_query("zebra"), limit=0).total == _COUNT
            assert count(index) == 2 * _COUNT


def test_a_killed_share_is_taken_up_again(root: Path, settings: Settings) -> None:
    """What a killed run had committed is not indexed again by the next of the same share."""
    child = EdgarchiveProcess(
        *(str(root), settings.opensearch_url),
        code=_INDEX_SLOWLY,
        environment=dict(os.environ),
        folder=ROOT,
        stdout=None,
        stderr=None,
    )
    notes = root / "index" / "shares" / "2003-2003-1of1.sqlite3"
    while not notes.exists() or _noted(notes) < 5:
        assert child.poll() is None
        time.sleep(0.01)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    noted = _noted(notes)
    with Archive.open(root, shared=True) as archive:
        again = index_archive(archive, IndexOptions(engine="opensearch", settings=settings), share=Share(2003, 2003))
        assert again.indexed == _COUNT // 2 - noted
        late = index_archive(
            archive, IndexOptions(engine="opensearch", settings=settings), share=Share(first_year=2004)
        )
        assert late.indexed == _COUNT // 2
    with Archive.open(root, writable=True) as archive:
        assert index_archive(archive, IndexOptions(engine="opensearch", settings=settings)).indexed == 0
        assert list(check_index(archive, settings=settings)) == []


def test_an_index_that_a_share_makes_has_nothing_of_what_an_earlier_one_had(root: Path, settings: Settings) -> None:
    """Though the catalogue says that all is indexed, all is, and the catalogue is right again in the end."""
    with Archive.open(root, writable=True) as archive:
        assert index_archive(archive).indexed == _COUNT
    shutil.rmtree(root / "index")
    for year in (2003, 2004):
        with Archive.open(root, shared=True) as archive:
            done = index_archive(archive, IndexOptions(engine="opensearch", settings=settings), share=Share(year, year))
            assert done.indexed == _COUNT // 2
            assert not marks_hold(archive.index_path)
            assert list(check_index(archive, settings=settings)) == []
    with Archive.open(root, writable=True) as archive:
        assert index_archive(archive, IndexOptions(engine="opensearch", settings=settings)).indexed == 0
        assert marks_hold(archive.index_path)
        assert list(check_index(archive, settings=settings)) == []
        with contextlib.closing(open_index(archive.index_path, settings=settings)) as index:
            assert index.search(parse_query("zebra"), limit=0).total == _COUNT


def test_a_share_that_found_no_server_hinders_no_later_one(root: Path, settings: Settings) -> None:
    """What it had begun is in nobody's way when there is a server."""
    nobody = settings.replace(opensearch_url="http://127.0.0.1:9")
    for _ in range(2):
        run = command(root, nobody, "--shard", "1/2")
        assert b"there is no OpenSearch" in run.communicate()[1]
        assert run.returncode == 7
    run = command(root, settings, "--shard", "1/1")
    assert run.communicate() == (b"%d submissions indexed\n" % _COUNT, b"")


def test_a_year_that_one_share_begins_hinders_nobody(root: Path, settings: Settings, opensearch: Server) -> None:
    """While the cluster has not started a new index, readers get answers, and other shares commit."""
    index = create_index(root / "index", engine="opensearch", settings=settings)
    add(index, accession(1), [entry(1, "zebra", filing_date=date(2003, 1, 2))])
    index.commit()
    index.close()
    old, new = (open_index(root / "index", settings=settings, writable=True, share=Share(y, y)) for y in (2003, 2004))
    cluster = OpenSearch(opensearch.url).cluster
    cluster.put_settings(body={"transient": {"cluster.routing.allocation.enable": "none"}})
    try:
        add(new, accession(2), [entry(2, "zebra", filing_date=date(2004, 1, 2))])
        beginning = threading.Thread(target=new.commit)
        beginning.start()
        while cluster.health()["unassigned_shards"] == 0:
            time.sleep(0.01)
        add(old, accession(3), [entry(3, "zebra", filing_date=date(2003, 1, 2))])
        old.commit()
        assert old.search(parse_query("zebra")).total == 2
        assert beginning.is_alive()
    finally:
        cluster.put_settings(body={"transient": {"cluster.routing.allocation.enable": None}})
    beginning.join()
    assert old.search(parse_query("zebra")).total == 3
    new.close()
    old.close()


def test_shares_in_common_keep_each_other_out(root: Path, settings: Settings) -> None:
    """Two writers of the same submissions: the second is refused. Of others: both go on."""
    create_index(root / "index", engine="opensearch", settings=settings).close()

    def writer(share: Share | None) -> Engine:
        return open_index(root / "index", settings=settings, writable=True, share=share)

    first = writer(Share(2003, 2010, 1, 2))
    first.part_writer()
    for clashing in (None, Share(2010, 2011, 1, 2), Share(2005, 2005, 2, 3)):
        with contextlib.closing(writer(clashing)) as second, pytest.raises(LockedError, match="writing to"):
            second.part_writer()
    for other in (Share(2003, 2010, 2, 2), Share(2011, 2012), Share(2003, 2010, 4, 4)):
        with contextlib.closing(writer(other)) as second:
            second.part_writer()
    first.close()
    with contextlib.closing(writer(None)) as whole:
        whole.part_writer()


def test_an_engine_of_one_disk_takes_no_shares(root: Path, settings: Settings) -> None:
    """With Whoosh it is a usage error that says what to do; so is a rebuild in shares."""
    with Archive.open(root, writable=True) as archive:
        index_archive(archive)
    run = command(root, settings, "--years", "2003")
    assert b"the index is of engine whoosh" in run.communicate()[1]
    assert run.returncode == 2
    run = command(root, settings, "--years", "2003", "--rebuild")
    assert b"cannot be rebuilt in shares" in run.communicate()[1]
    assert run.returncode == 2


_INDEX_SLOWLY = """
import sys
from pathlib import Path
from archiver.store.archive import Archive
from archiver.settings.settings import Settings
from indexer.update import batches
from indexer.update.run import IndexOptions
from indexer.update.update import index_archive
from indexer.archive.share import Share
batches.PART_TEXT_CHARS = batches.YEAR_TEXT_CHARS = 1
with Archive.open(Path(sys.argv[1]), shared=True) as archive:
    settings = Settings(opensearch_url=sys.argv[2])
    index_archive(archive, IndexOptions(engine="opensearch", settings=settings), share=Share(2003, 2003))
"""


def _noted(notes: Path) -> int:
    try:
        with contextlib.closing(sqlite3.connect(f"file:{notes}?mode=ro", uri=True)) as connection:
            return int(connection.execute("SELECT count(*) FROM indexed").fetchone()[0])
    except sqlite3.OperationalError:  # not made yet, or being written
        return 0
