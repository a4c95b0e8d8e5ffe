"""``edgarchive show`` of an archive on disk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from archiver.identifiers import AccessionNumber
from archiver.store.archive import Archive
from edgarchive.cli import run
from tests.unit.archives import keep
from tests.unit.submissions import ACCESSION, submission_bytes


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An archive with one submission, not indexed."""
    with Archive.open(tmp_path / "edgar", writable=True, create=True) as archive:
        keep(archive, ACCESSION, submission_bytes())
    return tmp_path / "edgar"


def test_an_invalid_signature_is_said(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The summary warns of it, and of nothing where the signature is valid or there is none."""
    for signature, said in ((None, False), ("valid", False), ("invalid", True)):
        with Archive.open(root, writable=True) as archive:
            archive.catalogue.add(replace(archive.record(AccessionNumber(ACCESSION)), signature=signature))
        assert run(["--root", str(root), "show", ACCESSION]) == 0
        assert ("signature invalid: the SEC's signature does not match" in capsys.readouterr().out) is said
