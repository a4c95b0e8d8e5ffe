"""Runs each command that it is asked for in a fork of itself, which has imported all of edgarchive already.

Started by `tests.processes`, as ``python -m tests.fork_server FD`` with one end of a Unix socket. A fork differs from
``python -m edgarchive`` in nothing but that its modules are imported already: environment, working folder, standard
streams, limits, signals and exit code are its own.
"""

from __future__ import annotations

import array
import atexit
import contextlib
import gc
import importlib
import json
import os
import pkgutil
import resource
import runpy
import signal
import socket
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any

_FLOORS = ("archiver", "indexer", "edgarchive")
_NOT_IMPORTED = ("edgarchive.__main__", "edgarchive.mcp_server")
"""What is run, and what takes longer to import than it saves."""

_LAZY = ("importlib.metadata", "logging.handlers", "uvloop")
"""What edgarchive imports as late as it can."""

_MESSAGE_BYTES = 1_000_000
_DESCRIPTORS = 4
"""Standard input, output and error of the command, and where to report on it."""


def import_all() -> None:
    """Import every module of edgarchive whose dependencies are installed."""
    for floor in _FLOORS:
        package = importlib.import_module(floor)
        for module in pkgutil.walk_packages(package.__path__, f"{floor}.", onerror=lambda _: None):
            if not module.name.startswith(_NOT_IMPORTED):
                _import(module.name)
    for name in _LAZY:
        _import(name)


def _import(name: str) -> None:
    with contextlib.suppress(ImportError):  # of an extra that is not installed
        importlib.import_module(name)


def next_command(requests: socket.socket) -> dict[str, Any] | None:
    """Serve requests; return in the fork that is to run one, and None in the server when there will be no more."""
    while True:
        message, ancillary, *_ = requests.recvmsg(_MESSAGE_BYTES, socket.CMSG_SPACE(_DESCRIPTORS * 4))
        if not message:
            return None
        descriptors = array.array("i")
        descriptors.frombytes(ancillary[0][2])
        *streams, report = descriptors
        if os.fork() == 0:
            requests.close()
            _fork_and_report(report, streams)
            command: dict[str, Any] = json.loads(message)
            return command
        for descriptor in descriptors:
            os.close(descriptor)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                """Reporters of commands that have ended: their time is counted as this server's."""


def _fork_and_report(report: int, streams: list[int]) -> None:
    """Fork the command, and return in it; its parent stays to report its number and how it ended."""
    command = os.fork()
    if command:
        for descriptor in (0, 1, 2, *streams):
            os.close(descriptor)
        os.write(report, b"%d\n" % command)
        _, status = os.waitpid(command, 0)
        with contextlib.suppress(BrokenPipeError):  # whoever started it no longer wants to know
            os.write(report, b"%d\n" % os.waitstatus_to_exitcode(status))
        os._exit(0)
    os.close(report)
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
        os.close(descriptor)


def become(command: dict[str, Any]) -> None:
    """Take on what a new process would have been started with."""
    if command["new_session"]:
        os.setsid()
    os.environ.clear()
    os.environ.update(command["environment"])
    time.tzset()
    os.chdir(command["folder"])
    sys.path[0] = command["folder"]
    sys.argv = ["edgarchive", *command["arguments"]]
    for name, number, mode in (("stdin", 0, "r"), ("stdout", 1, "w"), ("stderr", 2, "w")):
        was = getattr(sys, f"__{name}__")
        stream = open(  # noqa: SIM115 — as long as the process
            number,
            mode,
            encoding=was.encoding,
            errors=was.errors,
            closefd=False,
            buffering=1 if name == "stderr" or os.isatty(number) else -1,
        )
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    set_limits({int(limit): most for limit, most in command["limits"].items()})


def set_limits(limits: Mapping[int, int]) -> None:
    """Let this process have at most so much of each resource."""
    for limit, most in limits.items():
        resource.setrlimit(limit, (most, most))


def leave(code: int) -> None:
    """End as the interpreter does, but for taking apart what was imported, which would copy it all first.

    Returns where that would not be the same: something cannot be written.
    """
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as requests:
        import_all()
        assert threading.active_count() == 1
        gc.collect()
        gc.freeze()
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the tests and for the commands
        wanted = next_command(requests)
    if wanted is not None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        become(wanted)
        try:
            if wanted["code"] is None:
                runpy.run_module("edgarchive", run_name="__main__", alter_sys=True)
            else:
                exec(compile(wanted["code"], "<string>", "exec"), {"__name__": "__main__"})  # noqa: S102 — a test's own
        except SystemExit as end:
            if isinstance(end.code, int):
                leave(end.code)
            raise
        leave(0)
