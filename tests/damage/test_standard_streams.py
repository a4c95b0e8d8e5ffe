"""Standard streams that are closed, and a process that may open few files."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from archiver.settings.settings import Settings
from archiver.store.archive import Archive
from edgarchive.importing import import_submissions
from tests.edgar_fixtures import CommandLine
from tests.loopback import FIXTURES

SYNC = ("sync", "--form", "*", "--since", "2003-01-01")


def shell(cli: CommandLine, before: str, after: str, verb: Sequence[str] = SYNC) -> subprocess.CompletedProcess[bytes]:
    """Run a command by way of a shell."""
    command = shlex.join([sys.executable, "-m", "edgarchive", *verb])
    return subprocess.run(
        ["sh", "-c", f"{before}{command} {after}"],  # noqa: S607
        env=cli.environment,
        cwd=cli.folder,
        capture_output=True,
        timeout=110,
        check=False,
    )


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_ends_no_run(cli: CommandLine, settings: Settings, closed: str) -> None:
    """Cron and service managers start programs so; libuv ends a process that closes a socket with such a number."""
    done = shell(cli, "", closed)
    assert done.returncode == 0, done.stderr
    with Archive.open(settings.root) as archive:
        assert archive.catalogue.count() > 5
        assert archive.catalogue.count_unindexed() == 0


@pytest.mark.parametrize("files", [14, 20, 30])
def test_few_files_end_a_run_in_one_line(cli: CommandLine, files: int) -> None:
    """Said as what it is; with more of them the next run completes."""
    done = shell(cli, f"ulimit -n {files}; ", "")
    assert done.returncode in {0, 4, 7}
    assert done.returncode == 0 or (b"too many open files" in done.stderr.lower() and done.stderr.count(b"\n") == 1)
    assert shell(cli, "", "").returncode == 0


def test_a_full_disk_behind_stdout_is_an_error_of_one_line(cli: CommandLine, settings: Settings) -> None:
    """Whether the output fits into a buffer or not, and whatever buffers it."""
    import_submissions([FIXTURES], settings=settings)
    text = ("show", "--text", "0009000900-04-000101")
    for verb in (("status",), ("search", "the", "--format", "csv"), ("search", "the", "--json"), text, ("--help",)):
        done = shell(cli, "", ">/dev/full", verb)
        assert (done.returncode, done.stderr.count(b"\n")) == (7, 1), (verb, done.stderr)
        assert b"cannot write: no space left on device" in done.stderr


def test_an_interrupt_while_it_starts_is_one_line(cli: CommandLine, tmp_path: Path) -> None:
    """Imports take most of a start."""
    (tmp_path / "first").mkdir()
    (tmp_path / "first" / "typer.py").write_text("raise KeyboardInterrupt")
    done = shell(cli, f"PYTHONPATH={shlex.quote(str(tmp_path / 'first'))} ", "", ("status",))
    assert (done.returncode, done.stderr) == (130, b"edgarchive: interrupted\n")
