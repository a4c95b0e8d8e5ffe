"""``edgarchive status`` of an archive on disk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from archiver.store.archive import Archive
from edgarchive.cli import run
from indexer.update.update import index_archive
from tests.unit.archives import keep
from tests.unit.submissions import ACCESSION, submission_bytes


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An archive with one indexed submission."""
    with Archive.open(tmp_path / "edgar", writable=True, create=True) as archive:
        keep(archive, ACCESSION, submission_bytes())
        index_archive(archive)
    return tmp_path / "edgar"


def test_an_index_that_cannot_be_searched_is_never_called_complete(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a search would say is said, with what to do about it."""
    assert run(["--root", str(root), "status"]) == 0
    assert "all indexed" in capsys.readouterr().out
    (root / "index" / "meta.json").write_text('{"schema": 99, "engine": "whoosh"}')
    assert run(["--root", str(root), "status"]) == 0
    out = capsys.readouterr().out
    assert "all indexed" not in out
    assert "the index cannot be searched: " in out
    assert "run `edgarchive index --rebuild`" in out
    assert run(["--root", str(root), "status", "--json"]) == 0
    assert "--rebuild" in json.loads(capsys.readouterr().out)["index_error"]
