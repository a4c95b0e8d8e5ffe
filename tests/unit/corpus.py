"""The corpus of real EDGAR files, where it is at hand."""

from __future__ import annotations

import csv
from functools import cache

import pytest

from indexer.submission.submission import Submission, parse_submission
from tests.paths import CORPUS

needs_corpus = pytest.mark.skipif(not (CORPUS / "manifest.tsv").exists(), reason="no corpus of real files here")


@cache
def read(file: str) -> Submission:
    """The submission of a corpus file; each is read once."""
    return parse_submission((CORPUS / file).read_bytes())


def rows(*kinds: str) -> list[dict[str, str]]:
    """The manifest's rows of these kinds; none where there is no corpus."""
    if not (CORPUS / "manifest.tsv").exists():
        return []
    with (CORPUS / "manifest.tsv").open(encoding="utf-8", newline="") as manifest:
        reader = csv.DictReader(manifest, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [row for row in reader if row["kind"] in kinds]
