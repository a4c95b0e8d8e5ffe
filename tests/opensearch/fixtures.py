"""Fixtures of all tests that need a real OpenSearch: where none can be had they are skipped, and the run says so."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.opensearch.server import NoServerError, Server

NOT_HAD: list[str] = []
"""Why there was no server, for the end of the run."""


@pytest.fixture(scope="session")
def opensearch() -> Iterator[Server]:
    """One node, for the whole run."""
    server = started()
    yield server
    server.stop()


def started(*, nodes: int = 1, extra: str = "") -> Server:
    """A running cluster; the test is skipped where none can be had."""
    try:
        return Server.start(nodes=nodes, extra=extra)
    except NoServerError as error:
        NOT_HAD.append(str(error))
        pytest.skip(f"no OpenSearch: {error}")
