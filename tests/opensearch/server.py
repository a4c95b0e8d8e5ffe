"""A real OpenSearch for tests: `scripts/opensearch` on ports of its own."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
from dataclasses import dataclass

from tests.paths import ROOT

_SCRIPT = ROOT / "scripts" / "opensearch"
_ENVIRONMENT = dict(os.environ)
"""As it was before a test changed it: Maven keeps its files at home."""
_ATTEMPTS = 2
_PORTS = (20_000, 32_000)
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
        for _ in range(_ATTEMPTS):
            port = _free_port(nodes)
            done = _script(port, "start", "--nodes", str(nodes), extra=extra, heap=heap)
            if done.returncode == 0:
                return cls(port, tuple(done.stdout.split()))
            _script(port, "stop")
        raise NoServerError(" ".join(done.stderr.split())[-300:] or "it does not start")

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
    environment = _ENVIRONMENT | {
        "OPENSEARCH_PORT": str(port),
        "OPENSEARCH_EXTRA": extra,
        "OPENSEARCH_HEAP": heap,
        # It lives too short for the better compiler and threads of its own for the collector to pay; and its classes
        # are as they were released, so that they need no verification.
        "OPENSEARCH_JAVA_FLAGS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:ActiveProcessorCount=1"
        " -XX:+UnlockDiagnosticVMOptions -XX:-BytecodeVerificationRemote",
    }
    return subprocess.run(
        [_SCRIPT, *arguments], env=environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )


def _free_port(nodes: int) -> int:
    """A port that is free with all that follow from it: those of the nodes, and a hundred higher those between them.

    They are below those that systems give to connections, of which the tests beside this one make thousands.
    """
    for _ in range(100):
        port = random.randrange(*_PORTS)  # noqa: S311 — no secret
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            for number in (*range(port, port + nodes), *range(port + 100, port + 100 + nodes)):
                stack.enter_context(socket.socket()).bind(("127.0.0.1", number))
            return port
    raise NoServerError("no free ports are found")
