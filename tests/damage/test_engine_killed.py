"""kill -9 at random moments of indexing, with every engine."""

from __future__ import annotations

import os
import random
import subprocess
import time
from pathlib import Path

import pytest

from archiver.store.archive import Archive
from indexer.index_folder import ENGINES
from indexer.search.library import Library
from indexer.update.check import check_index
from tests.bench.corpus import InventedFilings, store
from tests.opensearch.fixtures import engine_environment
from tests.processes import EdgarchiveProcess
from tests.thorough import rounds

ROUNDS = rounds(2, thorough=30)
_QUERIES = ("form:8-K", "the", '"of the"', "NOT the")


def _answers(root: Path) -> list[tuple[int, list[str]]]:
    with Library(root) as library:
        results = [library.search(query, sort="newest", limit=None, snippets=False) for query in _QUERIES]
        return [(result.total, [hit.accession for hit in result.hits]) for result in results]


def _index(root: Path, engine: str) -> EdgarchiveProcess:
    arguments = ("-q", "--root", str(root), "index", "--engine", engine)
    return EdgarchiveProcess(
        *arguments, environment=dict(os.environ), folder=root.parent, stdout=subprocess.DEVNULL, stderr=None
    )


@pytest.mark.parametrize("engine", ENGINES)
def test_kill_9_during_indexing_loses_and_doubles_nothing(
    tmp_path: Path, engine: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whenever a run is killed, what is called indexed is found, and the next runs come to the same answers."""
    for variable, value in engine_environment(request, engine).items():
        monkeypatch.setenv(variable, value)
    filings = rounds(60 if engine == "opensearch" else 120, thorough=400)
    store(tmp_path / "killed", iter(InventedFilings(filings)))
    store(tmp_path / "whole", iter(InventedFilings(filings)))
    dice = random.Random(9)  # noqa: S311 — the same moments in every run
    for _ in range(ROUNDS):
        with _index(tmp_path / "killed", engine) as process:
            time.sleep(dice.uniform(0.05, rounds(6, thorough=12) / 10))
            process.kill()
        with Archive.open(tmp_path / "killed") as archive:
            assert [found for found in check_index(archive) if found.kind != "index-extra"] == []
    for root in (tmp_path / "killed", tmp_path / "whole"):
        with _index(root, engine) as process:
            assert process.wait() == 0
    assert _answers(tmp_path / "killed") == _answers(tmp_path / "whole")
    with Archive.open(tmp_path / "killed") as archive:
        assert list(check_index(archive)) == []
        assert archive.catalogue.count_unindexed() == 0
