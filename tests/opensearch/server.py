"""A real OpenSearch for tests: `scripts/opensearch` on ports of its own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

_SCRIPT = Path(__file__).parents[2] / "scripts" / "opensearch"
_ENVIRONMENT = dict(os.environ)
"""As it was before a test changed it: Maven keeps its files at home."""
_TOOLS = ("java", "mvn", "unzip", "curl")


class NoServerError(Exception):
    """A server cannot be had here; the message says why."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running cluster."""

    port: int
    urls: tuple[str, ...]

    @classmethod
    def start(cls, *, nodes: int = 1, extra: str = "", heap: str = "384m") -> Server:
        """Bring one up, `heap` for each node. `extra` goes into its settings. Raises `NoServerError`."""
        missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
        if missing:
            raise NoServerError(f"no {', '.join(missing)} here")
        port = _free_port()
        arguments = ["start", "--nodes", str(nodes)]
        done = _script(port, *arguments, extra=extra, heap=heap)
        if done.returncode:
            _script(port, "stop")
            raise NoServerError(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "it does not start")
        return cls(port, tuple(done.stdout.split()))

    @property
    def url(self) -> str:
        """The address of the first node."""
        return self.urls[0]

    def kill(self, number: int) -> None:
        """End a node as a power cut would; nodes count from 1."""
        os.kill(int(_script(self.port, "pid", str(number)).stdout), signal.SIGKILL)

    def revive(self, number: int) -> None:
        """Start a killed node again, on what it had on disk."""
        _script(self.port, "node", str(number)).check_returncode()

    def stop(self) -> None:
        """End it, and remove its data."""
        _script(self.port, "stop")


def _script(port: int, *arguments: str, extra: str = "", heap: str = "384m") -> subprocess.CompletedProcess[str]:
    environment = _ENVIRONMENT | {"OPENSEARCH_PORT": str(port), "OPENSEARCH_EXTRA": extra, "OPENSEARCH_HEAP": heap}
    return subprocess.run(
        [_SCRIPT, *arguments], env=environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )


def _free_port() -> int:
    """A port that nobody listens at, and most likely the next hundred of them neither."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1]) // 200 * 200 + os.getpid() % 90
