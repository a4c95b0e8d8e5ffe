"""What people see on a narrow terminal: a process of its own, with a pseudo-terminal for stdout and stderr."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from archiver.settings.settings import Settings
from edgarchive import import_submissions
from edgarchive.cli.printing.terminal import columns
from tests.paths import INVENTED, ROOT

_CODES = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|\]8;[^\x1b]*\x1b\\)")
_VERBS = """
import sys
from edgarchive.cli import run
root = sys.argv[1]
for words in (
    ["show", "0009000900-21-000150"],
    ["show", "0009000900-21-000150", "--document", "1"],
    ["search", "the", "--documents", "--facet", "form", "--facet", "cik"],
    ["log"],
    ["status"],
    ["verify"],
    ["help"],
):
    assert run(["-q", "--root", root, *words]) == 0
"""
_MISTAKES = """
import sys
from edgarchive.cli import run
root = sys.argv[1]
assert run(["--root", root, "search", "!resign"]) == 2
assert run(["--root", root, "show", "0009000900-21-000150", "--document", "brcnlogo.jpg"]) == 2
assert run(["--root", root, "search", "zebra Bramblecorn", "--form", "10K"]) == 0
"""
_LATE = """
import logging, time
from archiver.runtime.progress import ProgressUpdate
from edgarchive.cli.logs import start_logging
from edgarchive.cli.progress import progress_bar
start_logging(0)
with progress_bar("fetching", visible=True) as show:
    show(ProgressUpdate("fetching", 5, 90, bytes=1))
    time.sleep(0.3)
    logging.getLogger("archiver.x").warning("that came late")
"""


def on_a_terminal(width: int, program: str, *arguments: str) -> str:
    """What a Python program shows on a terminal of this width."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
    kept = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "NO_COLOR"}}
    with subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        stdout=theirs,
        stderr=theirs,
        env={**kept, "TERM": "xterm-256color", "PAGER": "cat"},
        cwd=ROOT,
    ) as process:
        os.close(theirs)
        shown = bytearray()
        with contextlib.suppress(OSError):  # how a terminal ends
            while piece := os.read(ours, 65536):
                shown += piece
        assert process.wait(timeout=60) == 0, shown.decode()
    os.close(ours)
    return shown.decode().replace("\r\n", "\n")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of the invented submissions."""
    root = tmp_path_factory.mktemp("terminal") / "a"
    import_submissions([INVENTED], settings=Settings(root=root))
    return root


@pytest.mark.slow
def test_no_result_is_wider_than_the_terminal(root: Path) -> None:
    """The terminal would break such a line inside a word; only a word or path of its own may be as wide."""
    shown = _CODES.sub("", on_a_terminal(60, _VERBS, str(root)))
    assert "BRAMBLECORN FOODS" in shown
    wide = [line for line in shown.split("\n") if columns(line) > 60 and len(line.split()) > 1]
    assert wide == []


@pytest.mark.slow
def test_errors_and_notes_fit_and_their_commands_stay_whole(root: Path) -> None:
    """No word is broken, and a command that is to be copied is not cut, however long it is."""
    shown = on_a_terminal(60, _MISTAKES, str(root))
    command = "`edgarchive show 0009000900-21-000150 --raw --document 3 > brcnlogo.jpg`"
    assert command in shown
    rest = shown.replace(command, "")
    assert [line for line in rest.split("\n") if columns(line) > 60] == []
    assert "-word" in rest.split()


def test_a_line_of_log_does_not_stand_in_the_bar() -> None:
    """It has a line of its own, above the bar."""
    shown = _CODES.sub("\n", on_a_terminal(80, _LATE))
    assert "fetching 5/90" in shown
    assert re.search(r"^edgarchive: WARNING: that came late\s*$", shown, re.MULTILINE), shown
