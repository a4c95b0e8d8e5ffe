"""Submissions with a note of what they hold: invented ones of the project, and real ones where they are at hand."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import pytest

from indexer.submission.submission import Submission, parse_submission
from tests.paths import CORPUS, ODDITIES

_FOLDERS = (ODDITIES, CORPUS)

needs_corpus = pytest.mark.skipif(not (CORPUS / "manifest.tsv").exists(), reason="no corpus of real files here")


def path_of(file: str) -> Path:
    """Where a file of a manifest is. Raises FileNotFoundError."""
    for folder in _FOLDERS:
        if (folder / file).exists():
            return folder / file
    raise FileNotFoundError(file)


@cache
def read(file: str) -> Submission:
    """The submission of a file; each is read once."""
    return parse_submission(path_of(file).read_bytes())


def rows(*kinds: str) -> list[dict[str, str]]:
    """The rows of these kinds in the manifests that are here."""
    found = []
    for folder in _FOLDERS:
        if (folder / "manifest.tsv").exists():
            with (folder / "manifest.tsv").open(encoding="utf-8", newline="") as manifest:
                reader = csv.DictReader(manifest, delimiter="\t", quoting=csv.QUOTE_NONE)
                found += [row for row in reader if row["kind"] in kinds]
    return found
