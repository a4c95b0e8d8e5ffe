"""`edgarchive serve` as a process of its own."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Self

from tests.paths import ROOT
from tests.processes import EdgarchiveProcess


class ServerProcess:
    """``edgarchive serve`` on a free port of 127.0.0.1, while it is entered; `log` is what it has written to stderr."""

    def __init__(
        self, root: Path, *options: str, limits: Mapping[int, int] = MappingProxyType({}), **environment: str
    ) -> None:
        self._limits = limits
        self._arguments = ["-v", "--root", str(root), "serve", "--port", "0", *options]
        self._environment = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], **environment}
        self._log = root.parent / f"serve-{id(self)}.log"
        self._process: EdgarchiveProcess | None = None
        self.base_url = ""

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self.base_url.rpartition(":")[2])

    @property
    def process(self) -> EdgarchiveProcess:
        """The running process."""
        assert self._process is not None
        return self._process

    @property
    def log(self) -> str:
        """What it has logged so far."""
        return self._log.read_text()

    def start(self) -> None:
        """Start, without waiting until it answers."""
        with self._log.open("wb") as log:
            self._process = EdgarchiveProcess(
                *self._arguments, environment=self._environment, folder=ROOT, stderr=log, limits=self._limits
            )

    def wait(self) -> None:
        """Wait until it answers."""
        assert self.process.stdout is not None
        self.base_url = self.process.stdout.readline().decode().strip().rstrip("/")
        assert self.base_url, self.log

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End it as a service manager does; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(30)
        finally:
            self.process.kill()
            assert self.process.stdout is not None
            self.process.stdout.close()

    def __enter__(self) -> Self:
        self.start()
        self.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
