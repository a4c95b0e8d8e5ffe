"""The pager, in a process of its own whose stdout is a terminal."""

from __future__ import annotations

import contextlib
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from edgarchive.cli.printing.pager import pager
from tests.paths import ROOT

_PROGRAM = """
import sys
from edgarchive.cli.printing.pager import paged
from edgarchive.cli.printing.terminal import Style
with paged():
    assert Style.of_stdout().width == {width}
    for number in range({lines}):
        print("line", number)
print("after")
"""


def on_a_terminal(program: str, **environment: str) -> str:
    """What a Python program prints on a terminal."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=theirs, env={**os.environ, "TERM": "xterm", **environment}, cwd=ROOT
    ) as process:
        os.close(theirs)
        printed = bytearray()
        with contextlib.suppress(OSError):  # how a terminal ends
            while piece := os.read(ours, 65536):
                printed += piece
        assert process.wait(timeout=60) == 0
    os.close(ours)
    return printed.decode().replace("\r\n", "\n")


def test_what_is_printed_goes_through_the_pager(tmp_path: Path) -> None:
    """It gets all lines, with the variables that make less behave, and what comes after it goes to the terminal."""
    script = tmp_path / "pager"
    script.write_text('#!/bin/sh\necho "LESS=$LESS"\nsed "s/^/paged: /"\n')
    script.chmod(0o755)
    program = _PROGRAM.format(width=80, lines=3)
    shown = on_a_terminal(program, EDGARCHIVE_PAGER=str(script), PAGER="false", COLUMNS="80")
    assert shown == "LESS=FRX\npaged: line 0\npaged: line 1\npaged: line 2\nafter\n"
    assert on_a_terminal(program, PAGER=str(script), COLUMNS="80") == shown


def test_who_has_seen_enough_ends_the_pager_and_nothing_else() -> None:
    """A pager that is left early is no error."""
    assert on_a_terminal(_PROGRAM.format(width=80, lines=100_000), PAGER="head -1", COLUMNS="80") == "line 0\nafter\n"


@pytest.mark.parametrize("chosen", ["", "cat", "no-such-pager-anywhere", "'unclosed"])
def test_no_pager_is_no_obstacle(chosen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty, `cat`, and what does not exist: the terminal gets it all."""
    monkeypatch.setenv("EDGARCHIVE_PAGER", chosen)
    assert pager() is None
