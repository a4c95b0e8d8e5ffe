"""Every engine that can be had here, beside Whoosh, which says what is right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from archiver.errors import UsageError
from archiver.settings import Settings
from indexer.engine import Engine
from indexer.engines import ENGINES, create_index, engine_class
from tests.conformance.cases import fill
from tests.opensearch.fixtures import opensearch
from tests.opensearch.server import Server

__all__ = ["opensearch"]


@pytest.fixture(scope="session", params=[name for name in ENGINES if name != "whoosh"])
def engine_name(request: pytest.FixtureRequest) -> str:
    """The name of each engine but Whoosh; skipped, with the reason, where it cannot be had."""
    return _had(str(request.param))


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A Whoosh index of all cases."""
    made = create_index(tmp_path_factory.mktemp("whoosh") / "index", engine="whoosh")
    fill(made)
    yield made
    made.close()


@pytest.fixture(scope="session")
def other(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, engine_name: str
) -> Iterator[Engine]:
    """An index of all cases by another engine."""
    settings = None
    if engine_name == "opensearch":
        server: Server = request.getfixturevalue("opensearch")
        settings = Settings(opensearch_url=server.url)
    made = create_index(tmp_path_factory.mktemp(engine_name) / "index", engine=engine_name, settings=settings)
    fill(made)
    yield made
    made.close()


@pytest.fixture(params=ENGINES)
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, Path]:
    """Each engine that can be had, Whoosh included, and a folder in which no index is yet."""
    name = _had(str(request.param))
    if name == "opensearch":
        server: Server = request.getfixturevalue("opensearch")
        monkeypatch.setenv("EDGARCHIVE_OPENSEARCH_URL", server.url)
    return name, tmp_path / "index"


@pytest.fixture
def engine(place: tuple[str, Path]) -> Iterator[Engine]:
    """An empty index of each engine."""
    made = create_index(place[1], engine=place[0])
    yield made
    made.close()


def _had(name: str) -> str:
    """`name`, if the package of that engine is installed; else the test is skipped."""
    try:
        engine_class(name)
    except UsageError as error:
        pytest.skip(str(error))
    return name
