"""Worker processes, started as plain commands of this interpreter.

A fork is unsafe in a process with threads, and multiprocessing's spawn runs the caller's script again.
"""

from __future__ import annotations

import subprocess
import sys

_COMMAND = """
import importlib, sys
name, count = sys.argv[1], int(sys.argv[2])
descriptors, sys.path[:] = sys.argv[3 : 3 + count], sys.argv[3 + count :]
importlib.import_module(name).work(*map(int, descriptors))
"""


def start_worker(module: str, *descriptors: int, stdout: int | None = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
    """Start a process that calls ``work(*descriptors)`` of `module`; it inherits these and imports as this one does.

    `stdout` is as for `subprocess.Popen`; stdin is empty. Raises OSError.
    """
    command = [sys.executable, "-P", "-c", _COMMAND, module, str(len(descriptors)), *map(str, descriptors), *sys.path]
    return subprocess.Popen(  # noqa: S603 — this interpreter, and our own module
        command, pass_fds=descriptors, stdin=subprocess.DEVNULL, stdout=stdout
    )
