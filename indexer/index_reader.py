"""A reader of an index that lives long: it follows commits, rebuilds, a change of engine and removal."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from archiver.errors import IndexMissingError, UsageError
from archiver.settings import Settings
from indexer.engine import Engine
from indexer.index_folder import index_identity, open_index

T = TypeVar("T")


@dataclass(slots=True)
class _Opened:
    """An open engine, which index it reads, and how many threads ask it just now."""

    engine: Engine
    identity: tuple[int, ...] | None
    users: int = 0


class IndexReader:
    """The engine of the index that is in folder `path` when it is asked. Threads may share it.

    An engine follows its own commits. Where another index has taken the place of the folder, it is opened; the old
    engine is closed once nobody asks it any more.
    """

    def __init__(self, path: Path, *, settings: Settings | None = None) -> None:
        self._path = path
        self._settings = settings
        self._lock = threading.Lock()
        self._opened: _Opened | None = None
        self._closed = False

    def ask(self, question: Callable[[Engine], T]) -> T:
        """What the engine answers. Where its index is replaced meanwhile, the new one is asked.

        Raises what `question` raises, `UsageError` once it is closed, and what `open_index` raises.
        """
        while True:
            opened = self._take()
            try:
                return question(opened.engine)
            except IndexMissingError:
                if opened.identity == index_identity(self._path):
                    raise
            finally:
                self._give_back(opened)

    def close(self) -> None:
        """Close the engine, after the questions that are being asked."""
        with self._lock:
            self._closed = True
            self._retire()

    def _take(self) -> _Opened:
        with self._lock:
            if self._closed:
                raise UsageError("the library is closed", "read before it is closed, or open it again")
            identity = index_identity(self._path)
            if self._opened is None or identity is None or identity != self._opened.identity:
                self._retire()
                self._opened = self._open()
            self._opened.users += 1
            return self._opened

    def _open(self) -> _Opened:
        """The index that is there; where it is replaced while it is opened, the one after it."""
        while True:
            identity = index_identity(self._path)
            engine = open_index(self._path, settings=self._settings)
            if identity == index_identity(self._path):
                return _Opened(engine, identity)
            engine.close()

    def _give_back(self, opened: _Opened) -> None:
        with self._lock:
            opened.users -= 1
            if opened is not self._opened and not opened.users:
                opened.engine.close()

    def _retire(self) -> None:
        old, self._opened = self._opened, None
        if old is not None and not old.users:
            old.engine.close()
