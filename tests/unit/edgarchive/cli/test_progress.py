"""Progress where no terminal is."""

from __future__ import annotations

import logging

import pytest

from archiver.errors import UsageError
from archiver.progress import READING, ProgressUpdate
from edgarchive.cli import progress
from edgarchive.cli.progress import ProgressBar, ProgressLines, described


def test_a_line_says_what_is_counted(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Quarters while a sync plans, submissions afterwards."""
    monkeypatch.setattr(progress, "LINE_S", 0.0)
    caplog.set_level(logging.INFO)
    lines = ProgressLines()
    lines(ProgressUpdate(READING, done=3, total=12, requests=4))
    lines(ProgressUpdate("fetching", done=5, total=90, failed=2, bytes=5_000_000, requests=9))
    first, second = (record.getMessage() for record in caplog.records)
    assert first.startswith("3 of 12 quarters, reading the indexes, 4 requests")
    assert second.startswith("5 of 90 submissions, fetching, 5.0 MB, 9 requests")
    assert second.endswith("2 failed")


def test_a_phase_says_how_fast_it_goes() -> None:
    """Requests per second, once there is something to do."""
    assert (
        described(ProgressUpdate("fetching", done=5, total=90, requests=20), elapsed_s=10)
        == "fetching, 20 requests (2.0/s)"
    )


def test_a_bar_can_be_passed_as_progress() -> None:
    """It is open inside of `with`, and says so elsewhere."""
    bar = ProgressBar()
    with bar as opened:
        opened(ProgressUpdate("fetching", done=1, total=2))
    with pytest.raises(UsageError, match="is not open"):
        bar(ProgressUpdate("fetching"))
