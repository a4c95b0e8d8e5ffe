"""Fixtures of all tests that need a real OpenSearch: where none can be had they are skipped, and the run says so."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from archiver.errors import UsageError
from indexer.index_folder import REMOTE, engine_class
from tests.opensearch.server import NoServerError, Server


@pytest.fixture(scope="session")
def opensearch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One node for the whole run, of all its processes: its start takes longer than most tests.

    A test that changes settings of a cluster starts one of its own.
    """
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # that of all workers
    with _shared(folder / "opensearch.json") as server:
        yield server


@contextlib.contextmanager
def _shared(note: Path) -> Iterator[Server]:
    """The server that `note` names; the first user starts it, and the last one stops it."""
    with _locked(note):
        known: dict[str, Any] = json.loads(note.read_text()) if note.exists() else {"users": 0}
        if not known["users"]:
            server = started()
            known = {"port": server.port, "urls": server.urls, "users": 0}
        note.write_text(json.dumps(known | {"users": known["users"] + 1}))
    server = Server(known["port"], tuple(known["urls"]))
    try:
        yield server
    finally:
        with _locked(note):
            known = json.loads(note.read_text())
            note.write_text(json.dumps(known | {"users": known["users"] - 1}))
            if known["users"] == 1:
                server.stop()


@contextlib.contextmanager
def _locked(note: Path) -> Iterator[None]:
    with note.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


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
