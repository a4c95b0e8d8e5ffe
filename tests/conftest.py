"""What holds for every test: nothing of the person who runs it is read, and nothing is left behind."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.logs import levels_as_before
from tests.opensearch.fixtures import opensearch

__all__ = ["opensearch"]

settings.register_profile("edgarchive", deadline=None, max_examples=60, database=None, derandomize=True)
settings.register_profile("explore", deadline=None, max_examples=1000, print_blob=True)
settings.load_profile("edgarchive")

_XDG = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME")


def pytest_configure() -> None:
    """Ctrl-C ends a process, also where the tests run behind a shell that ignores it for what it starts."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


@pytest.fixture(autouse=True)
def _log_levels_as_before() -> Iterator[None]:
    """A command that runs in the process of the tests sets them."""
    with levels_as_before():
        yield


@pytest.fixture(autouse=True)
def _no_settings_of_the_person(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No settings by environment, working folder or home: all of them are in `tmp_path`."""
    for name in os.environ:
        if name.startswith(("EDGARCHIVE_", "EDGAR_IDENTITY")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in _XDG:
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    monkeypatch.chdir(tmp_path)
