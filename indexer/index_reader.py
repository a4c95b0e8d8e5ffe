"""A long-lived reader of an index that follows commits, rebuilds, changes of engine and removal."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from archiver.errors import IndexMissingError, UsageError
from archiver.settings.settings import Settings
from archiver.startup.dataclass import dataclass
from indexer.engine import Engine
from indexer.index_folder import index_identity, is_being_replaced, open_index

T = TypeVar("T")

_REPLACING_S = 2.0
"""How long to wait while a rebuild puts its index in place, by two renames: one that was killed in between stays so."""
_LOOK_AGAIN_S = 0.005


@dataclass(slots=True)
class _Opened:
    """An open engine, the index it reads, and how many threads are using it."""

    engine: Engine
    identity: tuple[int, ...] | None
    users: int = 0


class IndexReader:
    """The engine of the current index in folder `path`. Threads may share it.

    Engines follow their own commits. If another index has replaced the folder, that one is opened, and the old engine
    is closed when no thread uses it.
    """

    def __init__(self, path: Path, *, settings: Settings | None = None) -> None:
        self._path = path
        self._settings = settings
        self._lock = threading.Lock()
        self._opened: _Opened | None = None
        self._closed = False

    def ask(self, question: Callable[[Engine], T]) -> T:
        """The result of `question` for the engine; it is asked again if the index is replaced meanwhile.

        Raises what `question` raises, what `open_index` raises, and `UsageError` once it is closed.
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
        """Close the engine after the current questions."""
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
        """The current index; if it is replaced while being opened, the new one."""
        until_s = time.monotonic() + _REPLACING_S
        while True:
            identity = index_identity(self._path)
            try:
                engine = open_index(self._path, settings=self._settings)
            except IndexMissingError:
                is_final = identity == index_identity(self._path) and not is_being_replaced(self._path)
                if is_final or time.monotonic() > until_s:
                    raise
                time.sleep(_LOOK_AGAIN_S)
                continue
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
