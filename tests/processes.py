"""``edgarchive`` in a process of its own, without the second that its start takes.

Most of a start is imports. So a command is forked from a server that has imported everything (`tests.fork_server`),
where the system can fork safely; elsewhere it is started as a person would. That the start itself works is the subject
of the tests of packaging and of the public API, which start real ones.
"""

from __future__ import annotations

import array
import atexit
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any

from tests.fork_server import set_limits
from tests.paths import ROOT

CAN_FORK = sys.platform == "linux"

_AT_START = ("PYTHON", "LANG", "LC_", "LD_", "MALLOC_")
"""Beginnings of the variables that Python or the loader reads before any of our code: each value has its server."""

_NO_LIMITS: Mapping[int, int] = MappingProxyType({})
_CLIENT = ROOT / "tests" / "fork_client.py"

_servers: dict[frozenset[tuple[str, str]], socket.socket] = {}
_one_at_a_time = threading.Lock()


class EdgarchiveProcess(subprocess.Popen[bytes]):
    """``python -m edgarchive ARGUMENTS`` with the methods of `Popen`; all of its environment is `environment`.

    With `code`, it is ``python -c CODE ARGUMENTS``. `limits` are the most that it may have of each resource, by the
    numbers of `resource`.
    """

    def __init__(
        self,
        *arguments: str,
        environment: Mapping[str, str],
        folder: Path,
        code: str | None = None,
        limits: Mapping[int, int] = _NO_LIMITS,
        stdout: Any = subprocess.PIPE,
        stderr: Any = subprocess.PIPE,
        start_new_session: bool = False,
    ) -> None:
        self._request = json.dumps(
            {
                "arguments": arguments,
                "code": code,
                "environment": dict(environment),
                "folder": str(folder),
                "limits": dict(limits),
                "new_session": start_new_session,
            }
        ).encode()
        self._environment = environment
        self._report: socket.socket | None = None
        super().__init__(
            [sys.executable, *(("-m", "edgarchive") if code is None else ("-c", code)), *arguments],
            env=environment,
            cwd=folder,
            stdout=stdout,
            stderr=stderr,
            start_new_session=start_new_session,
            preexec_fn=(lambda: set_limits(limits)) if limits else None,
        )

    def _execute_child(self, *arguments: Any) -> None:
        """How `Popen` starts the process; from the eleventh argument on come the six ends of its pipes."""
        if not CAN_FORK:
            super()._execute_child(*arguments)  # type: ignore[misc]
            return
        ends = arguments[10:16]
        streams = [number if end == -1 else end for number, end in enumerate((ends[0], ends[3], ends[5]))]
        self._report, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            descriptors = array.array("i", [*streams, theirs.fileno()])
            _server(self._environment).sendmsg([self._request], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)])
        self.pid = self._next_number(self._report)
        self._close_pipe_fds(*ends)  # type: ignore[attr-defined]

    @staticmethod
    def _next_number(report: socket.socket) -> int:
        said = report.recv(100)
        assert said, "the server that forks commands has ended"
        return int(said)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait until it ends; where the test has failed, end it, as what would have ended it never comes."""
        if kind is not None:
            self.kill()
        super().__exit__(kind, error, trace)

    def poll(self) -> int | None:
        """How it has ended, or None."""
        try:
            return self.wait(timeout=0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float | None = None) -> int:
        """How it ends."""
        if self._report is None:
            return super().wait(timeout)
        if self.returncode is None:
            self._report.settimeout(timeout)
            try:
                self.returncode = self._next_number(self._report)
            except (TimeoutError, BlockingIOError):
                raise subprocess.TimeoutExpired(self.args, timeout or 0) from None
            self._report.close()
        return int(self.returncode)


def run_shell(command: str, *, environment: Mapping[str, str], folder: Path) -> subprocess.CompletedProcess[bytes]:
    """Run a command line of bash, whose ``edgarchive`` is a process like `EdgarchiveProcess`; stderr is in stdout."""
    started = '"$PYTHON" -m edgarchive'
    passed = []
    if CAN_FORK:
        passed = [_server(environment).fileno()]
        started = f'FORK_SERVER={passed[0]} "$PYTHON" -I -S "{_CLIENT}"'
    return subprocess.run(
        ["bash", "-c", f'edgarchive() {{ {started} "$@"; }}\n{command}'],  # noqa: S607 — found where the system has it
        env={**environment, "PYTHON": sys.executable},
        cwd=folder,
        pass_fds=passed,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=60,
        check=False,
    )


def _server(environment: Mapping[str, str]) -> socket.socket:
    """Where to ask for a fork with `environment`; the server is started when it is first asked for."""
    at_start = {
        name: value
        for name, value in environment.items()
        if name.startswith(_AT_START) and (name, value) != ("PYTHONPATH", str(ROOT))  # where it is found anyway
    }
    with _one_at_a_time:
        if (key := frozenset(at_start.items())) not in _servers:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                server = subprocess.Popen(
                    [sys.executable, "-m", "tests.fork_server", str(theirs.fileno())],
                    # numpy would begin threads, beside which a fork is not safe
                    env={"PATH": os.environ["PATH"], "OPENBLAS_NUM_THREADS": "1", **at_start},
                    cwd=ROOT,
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                )
            atexit.register(_end, server, ours)
            _servers[key] = ours
        return _servers[key]


def _end(server: subprocess.Popen[bytes], requests: socket.socket) -> None:
    requests.close()
    server.wait()
