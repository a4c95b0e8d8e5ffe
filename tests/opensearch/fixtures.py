"""Fixtures of all tests that need a real OpenSearch: where none can be had they are skipped, and the run says so."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from archiver.errors import UsageError
from indexer.index_folder import REMOTE, engine_class
from tests.opensearch.server import NoServerError, Server


@pytest.fixture(scope="session")
def opensearch() -> Iterator[Server]:
    """One node, for the whole run."""
    server = started()
    yield server
    server.stop()


def engine_environment(request: pytest.FixtureRequest, engine: str) -> dict[str, str]:
    """What must stand in the environment for `engine` to be used; the test is skipped where it cannot be had."""
    try:
        engine_class(engine)
    except UsageError as error:
        pytest.skip(str(error))
    if engine not in REMOTE:
        return {}
    server: Server = request.getfixturevalue("opensearch")
    return {"EDGARCHIVE_OPENSEARCH_URL": server.url}


def started(*, nodes: int = 1, extra: str = "") -> Server:
    """A running cluster; the test is skipped where none can be had."""
    try:
        return Server.start(nodes=nodes, extra=extra)
    except NoServerError as error:
        pytest.skip(f"no OpenSearch: {error}")
