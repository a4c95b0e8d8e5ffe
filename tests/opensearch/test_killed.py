"""Three nodes and kills: of a node while documents come in and while searches go on, and of ourselves."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import EdgarchiveProcess

pytest.importorskip("opensearchpy")

from archiver.errors import IndexServerError
from archiver.settings.settings import Settings
from archiver.store.archive import Archive
from indexer.engine import Engine, RemoteEngine
from indexer.index_folder import create_index, open_index
from indexer.query.build import parse_query
from indexer.update.check import check_index
from indexer.update.run import IndexOptions
from indexer.update.update import index_archive
from tests.opensearch.fixtures import started
from tests.opensearch.server import Server
from tests.paths import ROOT
from tests.thorough import only_thorough
from tests.unit.archives import keep
from tests.unit.index_entries import accession, add, count, entry
from tests.unit.submissions import submission_bytes

pytestmark = pytest.mark.timeout(400)

_ZEBRA = parse_query("zebra")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Server]:
    """Three nodes."""
    server = started(nodes=3)
    yield server
    server.stop()


@pytest.fixture
def settings(cluster: Server) -> Settings:
    """Settings that name all three nodes."""
    return Settings(opensearch_url=",".join(cluster.urls), engine="opensearch")


@only_thorough
def test_a_node_killed_while_documents_come_in_loses_nothing(
    cluster: Server, tmp_path: Path, settings: Settings
) -> None:
    """A commit waits while the two nodes that are left find together, and what it returned for is found."""
    first = create_index(tmp_path / "index", engine="opensearch", settings=settings)
    add(first, accession(1), [entry(1, "zebra 1")])
    first.commit()
    assert isinstance(first, RemoteEngine)
    first.replace(tmp_path / "none")  # copies of all shards
    first.close()
    engine = open_index(tmp_path / "index", settings=settings, writable=True)
    killer = threading.Timer(0.5, cluster.kill, [3])
    killer.start()
    try:
        for batch in range(20):
            for number in range(batch * 50 + 1, batch * 50 + 51):
                add(engine, accession(number), [entry(number, f"zebra {number}")])
            engine.commit()
            if batch == 10:
                killer.join()
        engine.close()
    finally:
        killer.join()
        cluster.revive(3)
    reader = open_index(tmp_path / "index", settings=settings)
    found = reader.search(_ZEBRA, limit=None, sort="oldest").hits
    assert [json.loads(hit.stored)["accession"] for hit in found] == [accession(number) for number in range(1, 1001)]
    reader.close()


@only_thorough
def test_a_node_killed_while_searches_go_on_gives_no_wrong_answer(
    cluster: Server, tmp_path: Path, settings: Settings
) -> None:
    """A search gives all that there is or an error, never a part of it, and soon it gives all again."""
    engine = create_index(tmp_path / "index", engine="opensearch", settings=settings)
    for number in range(1, 101):
        add(engine, accession(number), [entry(number, "zebra")])
    engine.commit()
    assert isinstance(engine, RemoteEngine)
    engine.replace(tmp_path / "none")  # copies of all shards
    engine.close()
    reader = open_index(tmp_path / "index", settings=settings)
    cluster.kill(2)
    try:
        answers = [total for _ in range(60) if (total := _total(reader)) is not None]
    finally:
        cluster.revive(2)
    assert set(answers) == {100}
    assert _total(reader) == 100
    reader.close()


def test_a_killed_index_run_is_taken_up_again(tmp_path: Path, opensearch: Server) -> None:
    """However often `index` is killed, the next run goes on, and in the end all is there once."""
    settings = Settings(opensearch_url=opensearch.url)
    numbers = [accession(number) for number in range(1, 121)]
    with Archive.open(tmp_path / "edgar", writable=True, create=True) as archive:
        for number in numbers:
            keep(archive, number, submission_bytes(number))
    for left in (100, 60, 20):
        child = EdgarchiveProcess(
            *(str(tmp_path / "edgar"), settings.opensearch_url),
            code=_INDEX_SLOWLY,
            environment=dict(os.environ),
            folder=ROOT,
            stdout=None,
            stderr=None,
        )
        while child.poll() is None and _unindexed(tmp_path / "edgar") > left:
            time.sleep(0.002)
        child.kill()
        child.wait()
        assert _unindexed(tmp_path / "edgar") > 0
    with Archive.open(tmp_path / "edgar", writable=True) as archive:
        index_archive(archive, IndexOptions(engine="opensearch", settings=settings))
        assert archive.catalogue.count_unindexed() == 0
        assert list(check_index(archive, settings=settings)) == []
        index = open_index(archive.index_path, settings=settings)
        assert index.search(_ZEBRA, limit=0, documents=True).total == 120
        assert count(index) == 240
        index.close()


def _unindexed(root: Path) -> int:
    with Archive.open(root) as archive:
        return archive.catalogue.count_unindexed()


_INDEX_SLOWLY = """
import sys
from pathlib import Path
from archiver.store.archive import Archive
from archiver.settings.settings import Settings
from indexer.update import batches
from indexer.update.run import IndexOptions
from indexer.update.update import index_archive
batches.PART_TEXT_CHARS = batches.YEAR_TEXT_CHARS = 500
with Archive.open(Path(sys.argv[1]), writable=True) as archive:
    index_archive(archive, IndexOptions(engine="opensearch", settings=Settings(opensearch_url=sys.argv[2])))
"""


def _total(index: Engine) -> int | None:
    """How many hits there are, or None for an error."""
    try:
        return index.search(_ZEBRA).total
    except IndexServerError:
        return None
