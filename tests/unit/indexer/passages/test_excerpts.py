"""Excerpts of documents with sections."""

from __future__ import annotations

from pathlib import Path

import pytest

from archiver.settings.settings import Settings
from edgarchive import Library, import_submissions
from tests.unit.submissions import ACCESSION, submission_bytes

_HEADINGS = (
    "Item 1A.  Risk Factors",
    "ITEM 1A.\n\n                    RISK FACTORS",
    "Item 1A. Risk Factors",
)


@pytest.mark.parametrize("heading", _HEADINGS)
def test_a_passage_begins_after_a_heading_however_it_is_spaced(tmp_path: Path, heading: str) -> None:
    """None of its letters stay, and none of the sentence after it is lost."""
    sentences = " ".join(f"Mills may stop in winter number {number}." for number in range(60))
    text = f"Item 1.  Business\n\nWe mill. {sentences}\n\n{heading}\n\nShipments of gadgets were late. {sentences}\n"
    document = f"<DOCUMENT>\n<TYPE>10-K\n<SEQUENCE>1\n<FILENAME>a.txt\n<TEXT>\n{text}</TEXT>\n</DOCUMENT>\n"
    (tmp_path / f"{ACCESSION}.txt").write_bytes(submission_bytes(form="10-K", documents=document))
    import_submissions([tmp_path / f"{ACCESSION}.txt"], settings=Settings(root=tmp_path / "archive"))
    with Library(tmp_path / "archive") as library:
        (hit,) = library.search("gadgets").hits
    assert hit.section is not None
    assert hit.section.item == "1A"
    assert hit.excerpt is not None
    assert hit.excerpt.text.startswith("Shipments of gadgets were late. Mills")
