"""Every engine that can be had here, beside Whoosh, which says what is right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.engine import Engine
from indexer.index_folder import ENGINES, create_index, remove_index
from tests.conformance.cases import fill
from tests.opensearch.fixtures import engine_environment


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A Whoosh index of all cases."""
    made = create_index(tmp_path_factory.mktemp("whoosh") / "index", engine="whoosh")
    fill(made)
    yield made
    made.close()


@pytest.fixture(scope="session", params=[name for name in ENGINES if name != "whoosh"])
def other(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An index of all cases by each engine but Whoosh that can be had; in OpenSearch, each year in two shards."""
    name = str(request.param)
    with pytest.MonkeyPatch.context() as patch:
        for variable, value in engine_environment(request, name).items():
            patch.setenv(variable, value)
        patch.setenv("EDGARCHIVE_OPENSEARCH_SHARDS", "2")
        made = create_index(tmp_path_factory.mktemp(name) / "index", engine=name)
    fill(made)
    yield made
    made.close()


@pytest.fixture(params=ENGINES)
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, Path]:
    """Each engine that can be had, Whoosh included, and a folder in which no index is yet."""
    name = str(request.param)
    for variable, value in engine_environment(request, name).items():
        monkeypatch.setenv(variable, value)
    return name, tmp_path / "index"


@pytest.fixture
def engine(place: tuple[str, Path]) -> Iterator[Engine]:
    """An empty index of each engine."""
    made = create_index(place[1], engine=place[0])
    yield made
    made.close()
    remove_index(place[1], keep=place[1].parent)  # on a server, fewer of them make the next ones quicker
