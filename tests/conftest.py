"""What holds for every test: nothing of the person who runs it is read, and nothing is left behind."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.logs import levels_as_before
from tests.opensearch.fixtures import opensearch
from tests.thorough import rounds

__all__ = ["opensearch"]

settings.register_profile(
    "edgarchive", deadline=None, max_examples=rounds(30, thorough=300), database=None, derandomize=True
)
settings.register_profile("explore", deadline=None, max_examples=1000, print_blob=True)
settings.load_profile("edgarchive")

_XDG = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME")
_PROXIES = ("http_proxy", "https_proxy", "no_proxy", "all_proxy")


_GARBAGE = 50_000
"""So many new objects come between two looks for unreachable ones, by default 700: the tests make few of those."""


def pytest_configure() -> None:
    """Ctrl-C ends a process, also where the tests run behind a shell that ignores it for what it starts."""
    gc.set_threshold(_GARBAGE)
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


_LONGEST = (
    "conformance/test_answers.py",
    "integration/test_recall.py",
    "damage/test_power_cut.py",
    "unit/project/test_docs.py",
    "opensearch/test_cluster.py",
    "damage/test_engine_killed.py",
    "integration/test_packaging.py",
    "peers/test_peers.py",
    "damage/test_disk_full.py",
    "damage/test_reading_damaged.py",
    "integration/test_environment.py",
    "damage/test_killed_anywhere.py",
    "fuzz/test_fuzz.py",
    "web/test_browser.py",
    "export/test_stopped.py",
    "hostile/test_bombs.py",
    "watching/test_watcher.py",
    "integration/test_command_line.py",
)
"""The files that take longest, which are begun first, so that all processes of a run end at about the same time."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files, and end with the unit tests, which are short; the order within a file stays."""
    here = Path(__file__).parent
    places = {here / name: place for place, name in enumerate(_LONGEST)}
    for path in {item.path for item in items} - places.keys():
        places[path] = len(_LONGEST) + path.is_relative_to(here / "unit")
    items.sort(key=lambda item: places[item.path])


def pytest_collection_finish() -> None:
    """What has been collected stays to the end: the collector of garbage need not look through it again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _no_settings_of_the_person(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No settings or proxies by environment, working folder or home: all of them are in `tmp_path`.

    Log levels are put back: a command that runs in the process of the tests sets them.
    """
    for name in os.environ:
        if name.startswith(("EDGARCHIVE_", "EDGAR_IDENTITY")) or name.lower() in _PROXIES:
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in _XDG:
        monkeypatch.setenv(name, f"{tmp_path}/{name.lower()}")
    monkeypatch.chdir(tmp_path)
    with levels_as_before():
        yield
