"""Progress where no terminal is."""

from __future__ import annotations

import logging

import pytest

from archiver.errors import UsageError
from archiver.runtime.progress import READING, ProgressUpdate
from edgarchive.cli import progress
from edgarchive.cli.progress import ProgressBar, ProgressLines, described, summarized


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


@pytest.mark.parametrize(
    ("update", "left_s", "told"),
    [
        (ProgressUpdate(READING), None, "reading the indexes"),
        (
            ProgressUpdate(READING, done=3, total=12, requests=4),
            9.0,
            "reading the indexes 3/12 quarters, 0.4 req/s, 9 s left",
        ),
        (ProgressUpdate("fetching", total=90), None, "fetching 0/90"),
        (ProgressUpdate("fetching", done=90, total=90, bytes=5_000_000), 0.0, "fetching 90/90, 5.0 MB"),
        (ProgressUpdate("exporting", done=7), None, "exporting 7"),
        (
            ProgressUpdate("fetching", 123_456, 2_100_000, failed=12, bytes=12_300_000_000, requests=80),
            280_000.0,
            "fetching 123,456/2,100,000, 12.3 GB, 8.0 req/s, 12 failed, 3.2 days left",
        ),
    ],
)
def test_a_bar_says_all_there_is_to_tell(update: ProgressUpdate, left_s: float | None, told: str) -> None:
    """What is done of what, size, speed, failures and the time left, where they are known, within 80 columns."""
    assert summarized(update, elapsed_s=10, left_s=left_s) == told
    assert len(told) < 80 - 5


def test_a_notebook_draws_the_bar_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """In place, at each phase and at its end, with what is told; nothing of a name is taken for HTML."""
    drawn: list[str] = []

    class Handle:
        def update(self, shown: object) -> None:
            drawn.append(shown._repr_html_())  # type: ignore[attr-defined]

    def display(shown: object, *, display_id: bool) -> Handle:
        assert display_id
        assert "<progress>" in shown._repr_html_()  # type: ignore[attr-defined]
        return Handle()

    monkeypatch.setattr(progress, "notebook_display", lambda: display)
    with ProgressBar() as bar:
        for done in range(101):
            bar(ProgressUpdate("a < b", done=done, total=100))
    assert "a &lt; b 0/100" in drawn[0]
    assert '<progress value="100" max="100"></progress> a &lt; b 100/100' in drawn[-1]
    assert len(drawn) < 50
    with ProgressBar() as bar:
        for done in range(101):
            bar(ProgressUpdate("exporting", done=done))
    assert drawn[-1] == "exporting 100"  # the last step, and no bar that would go on moving


def test_a_bar_can_be_passed_as_progress() -> None:
    """It is open inside of `with`, and says so elsewhere."""
    bar = ProgressBar()
    with bar as opened:
        opened(ProgressUpdate("fetching", done=1, total=2))
    with pytest.raises(UsageError, match="is not open"):
        bar(ProgressUpdate("fetching"))
