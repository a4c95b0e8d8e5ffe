from __future__ import annotations

from pathlib import Path

import pytest

from archiver.errors import UsageError
from archiver.selection.cik_file import read_ciks


def test_a_file_stands_for_its_ciks(tmp_path: Path) -> None:
    """Empty lines and comments do not count; a relative file is looked for in the folder given."""
    (tmp_path / "watch.txt").write_text("# banks\n0000000019\n\n  320193  # the phone maker\n")
    assert read_ciks([7, "@watch.txt", "8"], folder=tmp_path) == [7, 19, 320193, "8"]
    assert read_ciks([f"@{tmp_path}/watch.txt"]) == [19, 320193]


def test_a_file_may_begin_with_a_mark_of_its_encoding(tmp_path: Path) -> None:
    """Spreadsheets and editors on Windows write one, and CR LF."""
    (tmp_path / "watch.txt").write_bytes(b"\xef\xbb\xbf320193\r\n19\r\n")
    assert read_ciks(["@watch.txt"], folder=tmp_path) == [320193, 19]


def test_a_line_that_is_no_cik_is_named(tmp_path: Path) -> None:
    """By file and line, since the list may be long."""
    (tmp_path / "watch.txt").write_text("320193\n\nAAPL\n")
    with pytest.raises(UsageError, match=r"^watch\.txt, line 3: 'AAPL' is not a CIK"):
        read_ciks(["@watch.txt"], folder=tmp_path)


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    """Missing, or no text."""
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    for name in ("@nothing", "@bytes"):
        with pytest.raises(UsageError, match="cannot read the CIKs"):
            read_ciks([name], folder=tmp_path)


def test_a_file_without_an_end_is_said() -> None:
    """A device would fill the memory."""
    with pytest.raises(UsageError, match="more than 100,000,000 characters"):
        read_ciks(["@/dev/zero"])


@pytest.mark.parametrize("text", ["", "\n\n", "# none yet\n"])
def test_a_file_without_a_cik_is_an_error(tmp_path: Path, text: str) -> None:
    """It would select nothing, and taken for "any" it would select everything."""
    (tmp_path / "empty.txt").write_text(text)
    with pytest.raises(UsageError, match="has no CIK, so"):
        read_ciks(["@empty.txt"], folder=tmp_path)
