"""How a measurement is taken and printed: in a process of its own, with wall time, CPU time and peak memory."""

from __future__ import annotations

import contextlib
import multiprocessing
import re
import resource
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Generic, Self, TypeVar

from rich.console import Console
from rich.table import Table

Result = TypeVar("Result")
KIB = 1024
"""`ru_maxrss` counts KiB on Linux and bytes on macOS."""
_LOOK_EVERY_S = 0.05


@dataclass(frozen=True, slots=True)
class Measured(Generic[Result]):
    """What one run gave: its result, wall and CPU seconds (children included), and peak resident bytes.

    `own_peak_bytes` leaves out pages of mapped files, which the kernel takes back if it needs memory (Linux only, or
    0). `worker_peak_bytes` is of the largest of the processes that it started, 0 without any.
    """

    result: Result
    wall_s: float
    cpu_s: float
    peak_bytes: int
    own_peak_bytes: int
    worker_peak_bytes: int


def measured(work: Callable[..., Result], *arguments: object) -> Measured[Result]:
    """Run `work(*arguments)` in a fresh process, so that neither memory nor warm caches are another run's.

    `work` is a function of a module and its result can be pickled; RuntimeError when the process dies.
    """
    spawn = multiprocessing.get_context("spawn")
    receiver, sender = spawn.Pipe(duplex=False)
    process = spawn.Process(target=_run, args=(sender, work, arguments))
    process.start()
    sender.close()
    try:
        taken: Measured[Result] = receiver.recv()
    except EOFError:
        process.join()
        raise RuntimeError(f"{work} ended with {process.exitcode}") from None
    process.join()
    return taken


def _run(sender: Connection, work: Callable[..., Result], arguments: Sequence[object]) -> None:
    cpu_s, started = _cpu_s(), time.perf_counter()
    with _Memory() as memory:
        result = work(*arguments)
    wall_s = time.perf_counter() - started
    sender.send(
        Measured(result, wall_s, _cpu_s() - cpu_s, _peak_bytes(), memory.own_peak_bytes, memory.worker_peak_bytes)
    )


class _Memory:
    """Looks every moment at the memory of this process and its children (Linux only)."""

    def __init__(self) -> None:
        self.own_peak_bytes = 0
        self.worker_peak_bytes = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self) -> None:
        while not self._over.wait(_LOOK_EVERY_S):
            with contextlib.suppress(OSError):  # not Linux
                self.own_peak_bytes = max(self.own_peak_bytes, _bytes("RssAnon", Path("/proc/self/status")))
            for listed in Path("/proc/self/task").glob("*/children"):
                with contextlib.suppress(OSError):  # it has ended meanwhile
                    for child in listed.read_text().split():
                        peak = _bytes("VmHWM", Path(f"/proc/{child}/status"))
                        self.worker_peak_bytes = max(self.worker_peak_bytes, peak)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


def _cpu_s() -> float:
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    )


def _peak_bytes() -> int:
    # On Linux `ru_maxrss` starts with what the parent had; the kernel's own mark is of this program alone.
    with contextlib.suppress(OSError):
        return _bytes("VmHWM", Path("/proc/self/status"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * KIB


def _bytes(name: str, status: Path) -> int:
    """A figure of a process's ``status``, in bytes; 0 for a process that has ended."""
    figure = re.search(rf"^{name}:\s*(\d+) kB", status.read_text(), re.MULTILINE)
    return int(figure[1]) * KIB if figure else 0


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table: the first column to the left, figures to the right; floats with three significant digits."""
    table = Table(title=title, title_justify="left", title_style="bold")
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left")
    for row in rows:
        table.add_row(*(f"{cell:,.3g}" if isinstance(cell, float) and cell < 1000 else _cell(cell) for cell in row))
    Console(width=None if sys.stdout.isatty() else 140).print(table)


def _cell(cell: object) -> str:
    return f"{cell:,.0f}" if isinstance(cell, int | float) else str(cell)
