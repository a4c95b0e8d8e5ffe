"""``edgarchive import`` on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgarchive.cli import run
from tests.loopback import FIXTURES
from tests.loopback.pem import wrap
from tests.unit.submissions import submission_bytes

FILING = "0009000900-19-000212"


def test_a_copy_that_differs_is_a_conflict_and_no_failed_submission(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first line counts submissions, and conflicts apart: as many of each as there are lines below."""
    body = (FIXTURES / f"{FILING}.txt").read_bytes()
    (tmp_path / "a.txt").write_bytes(body)
    (tmp_path / "b.txt").write_bytes(body.replace(b"resigned", b"Resigned", 1))
    (tmp_path / "c.txt").write_bytes(body.replace(FILING.encode(), b"0009000900-19-000213").partition(b"</SEC-")[0])
    names = [str(tmp_path / name) for name in ("a.txt", "b.txt", "c.txt")]
    assert run(["--root", str(tmp_path / "edgar"), "import", "--no-index", *names]) == 3
    first, _, *rest = capsys.readouterr().out.splitlines()
    assert first.startswith("2 submissions found: 0 in the archive before, 1 stored (")
    assert first.endswith("), 1 failed, 1 conflict")
    assert sorted(line.partition("  ")[0] for line in rest) == [f"conflict: {FILING}", "failed: 0009000900-19-000213"]


def test_an_imported_file_with_an_invalid_signature_is_not_blamed_on_edgar(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`verify` says that the bytes were imported, and how to accept them after a review."""
    (tmp_path / "copy.txt").write_bytes(wrap(submission_bytes()))
    assert run(["--root", str(tmp_path / "edgar"), "import", str(tmp_path / "copy.txt")]) == 0
    capsys.readouterr()
    assert run(["--root", str(tmp_path / "edgar"), "verify"]) == 5
    finding, *_, hint = capsys.readouterr().out.splitlines()
    assert finding.endswith("does not verify: the bytes, imported, are not the ones it signed")
    assert hint.startswith("`edgarchive verify --acknowledge ACCESSION` accepts")
