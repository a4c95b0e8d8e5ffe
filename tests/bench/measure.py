"""How a measurement is taken and printed: in a process of its own, with wall time, CPU time and peak memory."""

from __future__ import annotations

import multiprocessing
import re
import resource
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Generic, TypeVar

from rich.console import Console
from rich.table import Table

Result = TypeVar("Result")
KIB = 1024
"""`ru_maxrss` counts KiB on Linux and bytes on macOS."""


@dataclass(frozen=True, slots=True)
class Measured(Generic[Result]):
    """What one run gave: its result, wall and CPU seconds (children included), and peak resident bytes."""

    result: Result
    wall_s: float
    cpu_s: float
    peak_bytes: int


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
    result = work(*arguments)
    wall_s = time.perf_counter() - started
    sender.send(Measured(result, wall_s, _cpu_s() - cpu_s, _peak_bytes()))


def _cpu_s() -> float:
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    )


def _peak_bytes() -> int:
    # On Linux `ru_maxrss` starts with what the parent had; the kernel's own mark is of this program alone.
    status = Path("/proc/self/status")
    if status.exists() and (mark := re.search(r"VmHWM:\s*(\d+) kB", status.read_text())):
        return int(mark[1]) * KIB
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * KIB


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
